package ledger

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sarnakh/sarnakh/internal/signal"
)

func TestOtherMetersAreAdoptedOrRebuilt(t *testing.T) {
	old := business(t)
	log := seeded(rand.New(rand.NewPCG(2, 8)), 300)
	x := newTable()
	for _, e := range log {
		if _, err := x.write(old, anna, []Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	change := func(n signal.Number, points int) *Meters {
		var meters []Meter
		for i := range old.plans {
			p := old.plans[i].Meter
			if p.Signal == n {
				p.Points = points
			}
			meters = append(meters, p)
		}
		m, err := NewMeters(meters)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, c := range []struct {
		name  string
		m     *Meters
		reads bool
	}{
		{"a signal it was never seen with", change(11, 40), false},
		{"a profile signal", change(15, 9), false},
		{"a signal it was seen with", change(1, 2), true},
		{"a half-life", func() *Meters {
			m := change(0, 0)
			meters := []Meter{}
			for i := range m.plans {
				p := m.plans[i].Meter
				if p.Signal == 7 {
					p.Decay.Days = 9
				}
				meters = append(meters, p)
			}
			m, _ = NewMeters(meters)
			return m
		}(), true},
	} {
		s := x.state(t)
		s.Adopt(old, c.m)
		refs, err := s.Wants(c.m, nil)
		if err != nil || len(refs) > 0 != c.reads {
			t.Errorf("%s changed: wants %d records, %v", c.name, len(refs), err)
		}
		if _, err := x.gather(c.m, s); err != nil {
			t.Fatal(err)
		}
		want, err := Replay(anna, c.m, log)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := s.Points(c.m, 0, nil), want.Points(c.m, 0, nil); !slices.Equal(a, b) {
			t.Errorf("%s changed: points\n%v\nwant\n%v", c.name, a, b)
		}
		tally, err := want.Tally(nil)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := x.state(t).Under(c.m, tally).Points(c.m, 0, nil), want.Points(c.m, 0, nil); !slices.Equal(a, b) {
			t.Errorf("%s changed: a preview says\n%v\nwant\n%v", c.name, a, b)
		}
	}
}

func TestBackfilledCellsCountFromThenOn(t *testing.T) {
	m := business(t)
	log := seeded(rand.New(rand.NewPCG(2, 9)), 300)
	without := slices.Clone(log)
	var cells []Cell
	for i := range without {
		hits := slices.DeleteFunc(slices.Clone(without[i].Hits), func(n signal.Number) bool { return n == 14 })
		if len(hits) < len(without[i].Hits) {
			cells = append(cells, Cell{14, without[i].Day, 1})
		}
		without[i].Hits = hits
	}
	x := newTable()
	for _, e := range without {
		if _, err := x.write(m, anna, []Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	s := x.state(t)
	for _, e := range log { // what is still in the tail needs no cells
		if s.Relabel(e.Key, e.Hits) {
			for _, c := range cellsOf(&e, nil) {
				if c.Signal == 14 {
					cells = append(cells, Cell{14, c.Day, -1})
				}
			}
		}
	}
	for _, r := range s.Backfill(Sum(cells)) {
		x.shelf[r.Ref] = r.Body
	}
	if err := x.store(m, s); err != nil {
		t.Fatal(err)
	}
	more := log[299]
	more.Key, more.Made, more.At, more.Day = 1, 0, more.At+86400*20, more.Day+20
	if _, err := x.write(m, anna, []Entry{more}); err != nil {
		t.Fatal(err)
	}
	want, err := Replay(anna, m, append(slices.Clone(log), more))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := x.state(t).Points(m, 0, nil), want.Points(m, 0, nil); !slices.Equal(a, b) {
		t.Errorf("points\n%v\nwant\n%v", a, b)
	}
	if x.state(t).LookBack {
		t.Error("a look back is wanted though nothing was revoked")
	}
	if _, err := x.write(m, anna, []Entry{{Key: 2, Day: more.Day, At: more.At, Received: more.At, Revokes: log[4].Key}}); err != nil {
		t.Fatal(err)
	}
	if !x.state(t).LookBack {
		t.Error("an entry with backfilled hits was revoked, and no look back is wanted")
	}
}
