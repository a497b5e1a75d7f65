package ledger

import (
	"maps"
	"math/rand/v2"
	"testing"
)

func TestRecentGivesTheNewestOfALongLogWithFewReads(t *testing.T) {
	m := business(t)
	x := newTable()
	log := seeded(rand.New(rand.NewPCG(3, 9)), 800)
	for rest := log; len(rest) > 0; {
		n := min(len(rest), 5)
		if _, err := x.write(m, anna, rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	s := x.state(t)
	all, err := s.Log(x.shelf)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, len(s.Tail()), 30, len(log), len(log) + 5} {
		shelf, reads := Shelf{}, 0
		var got []Entry
		for {
			entries, missing, err := s.Recent(n, shelf)
			if err != nil {
				t.Fatal(err)
			}
			if missing == nil {
				got = entries
				break
			}
			maps.Copy(shelf, x.only(missing))
			reads++
		}
		if len(got) < min(n, len(log)) {
			t.Errorf("asked for %d, got %d of %d", n, len(got), len(log))
		}
		for i, e := range got {
			if want := all[len(all)-len(got)+i]; e.Key != want.Key {
				t.Fatalf("asked for %d: entry %d is not the one that the log has there", n, i)
			}
		}
		if n <= 30 && reads > 6 {
			t.Errorf("%d entries took %d reads", n, reads)
		}
	}
}
