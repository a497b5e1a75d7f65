package main

import "testing"

// One lead of each kind; `go run ./internal/ledger/model` prints them all.
func TestALeadCostsNoMoreThanItMust(t *testing.T) {
	year := profile{perDay: 10, signals: 40, size: 50, batch: 1, fields: 16}
	for _, c := range []struct {
		name        string
		p           profile
		first, last int
		write, read float64
	}{
		{"k=1", usual(50, 1), 100, 1000, 1.15, 2.5},
		{"k=8", usual(50, 8), 100, 1000, 0.30, 2.5},
		{"the first ten", usual(50, 1), 0, 10, 1.01, 1.1},
		{"a year of ten a day, 40 signals", year, 3000, 4300, 1.2, 3},
	} {
		u, err := live(c.p, 1, c.first, c.last)
		if err != nil {
			t.Fatal(err)
		}
		if w, r := u.writeEach(), u.readEach(); w > c.write || r > c.read {
			t.Errorf("%s: %.3f write and %.3f read units an activity, at most %g and %g", c.name, w, r, c.write, c.read)
		}
	}
}
