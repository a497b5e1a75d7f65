package ledger

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

const (
	anna = lead.ID("aaaaaaaaaaaaaaaa")
	bert = lead.ID("bbbbbbbbbbbbbbbb")
)

// business is a set of meters with every kind of limit and decay.
func business(t testing.TB) *Meters {
	t.Helper()
	half := func(days int) Decay { return Decay{Kind: HalfLife, Days: days} }
	m, err := NewMeters([]Meter{
		{Signal: 1, Points: 1, PerDay: 3, Decay: half(7)},
		{Signal: 2, Points: 2, PerDay: 6, Decay: half(10)},
		{Signal: 3, Points: 6, OncePer: 1, Cap: 12, CapDays: 7, Decay: half(10)},
		{Signal: 4, Points: 5, Cap: 5, CapDays: 7, Decay: half(10), Count: &signal.Count{Of: 2, AtLeast: 3, Days: 7}},
		{Signal: 5, Points: -10, OncePer: 90, Decay: half(60)},
		{Signal: 6, Points: 5, Once: true},
		{Signal: 7, Points: 15, Decay: half(3)},
		{Signal: 8, Points: 3},
		{Signal: 9, Points: 12, Cap: 12, CapDays: 14, Decay: half(30), Count: &signal.Count{Of: 8, AtLeast: 3, Days: 7, DistinctDays: true}},
		{Signal: 10, Points: -2, Cap: 9, CapDays: 14, Decay: half(14)},
		{Signal: 11, Points: 4, Decay: Decay{Kind: Window, Days: 12}},
		{Signal: 12, Points: 9, Cap: 20, CapDays: 5, Decay: Decay{Kind: Steps, Steps: []Step{{3, 50}, {20, 10}, {40, 0}}}},
		{Signal: 13, Points: -3, Count: &signal.Count{Of: 1, AtLeast: 1, Days: 30, Absent: true}},
		{Signal: 14, Points: 20, Cap: 50, Decay: half(21)},
		{Signal: 15, Points: 7, Profile: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// entries draws a log: gaps of days, hits, revocations of earlier and of later
// entries, adjustments.
func entries(t *rapid.T) []Entry {
	n := rapid.IntRange(1, 120).Draw(t, "entries")
	span := rapid.SampledFrom([]int{1, 3, 20, 90, 400}).Draw(t, "span")
	out := make([]Entry, n)
	for i := range out {
		d := 20000 + rapid.IntRange(0, span).Draw(t, "day")
		at := int64(d)*86400 + rapid.Int64Range(0, 86399).Draw(t, "second")
		e := Entry{
			Key: uint64(i+1) * 0x9e3779b97f4a7c15, PayloadHash: uint32(i) * 2654435761,
			Type: "page.viewed", At: at, Received: at + rapid.Int64Range(0, 90).Draw(t, "late"), Day: activity.Day(d),
		}
		if rapid.Bool().Draw(t, "ordered") {
			e.Made = e.Received
		}
		for h := signal.Number(1); h <= 16; h++ {
			if h != 4 && h != 9 && h != 13 && h != 15 && rapid.IntRange(0, 5).Draw(t, "hit") == 0 {
				e.Hits = append(e.Hits, h)
			}
		}
		e.Packed = bytes.Repeat([]byte{0}, rapid.SampledFrom([]int{0, 10, 30, 100}).Draw(t, "packed"))
		switch rapid.IntRange(0, 24).Draw(t, "special") {
		case 0:
			e.Revokes = uint64(rapid.IntRange(1, n+2).Draw(t, "revokes")) * 0x9e3779b97f4a7c15
			if e.Revokes == e.Key {
				e.Revokes = 0
			}
		case 1:
			e.Points, e.Until = rapid.SampledFrom([]int{-9, -1, 3, 8}).Draw(t, "points"), activity.Day(d+rapid.IntRange(0, 30).Draw(t, "until"))
		case 2:
			e.Points = 4
		}
		out[i] = e
	}
	return out
}

// repeat gives the log shuffled, with some entries again.
func repeat(t *rapid.T, log []Entry) []Entry {
	out := slices.Clone(log)
	for range rapid.IntRange(0, len(log)/3).Draw(t, "again") {
		out = append(out, log[rapid.IntRange(0, len(log)-1).Draw(t, "which")])
	}
	return rapid.Permutation(out).Draw(t, "order")
}

func batches(t *rapid.T, log []Entry) [][]Entry {
	var out [][]Entry
	for len(log) > 0 {
		n := min(len(log), rapid.SampledFrom([]int{1, 1, 2, 8, 40}).Draw(t, "batch"))
		out, log = append(out, log[:n]), log[n:]
	}
	return out
}

func TestOrderBatchesAndRepeatsDoNotMatter(t *testing.T) {
	m := business(t)
	rapid.Check(t, func(t *rapid.T) {
		log := entries(t)
		want, err := Replay(anna, m, log)
		if err != nil {
			t.Fatal(err)
		}
		x := newTable()
		for _, b := range batches(t, repeat(t, log)) {
			if _, err := x.write(m, anna, b); err != nil {
				t.Fatal(err)
			}
		}
		got := x.state(t)
		sameState(t, m, got, x.shelf, want, nil)
		if got.Activities() != len(log) {
			t.Fatalf("%d activities, want %d", got.Activities(), len(log))
		}
	})
}

func sameState(t *rapid.T, m *Meters, got *State, shelf Shelf, want *State, wantShelf Shelf) {
	_, high := want.Days()
	for _, day := range []activity.Day{high, high + 1, high + 9, high + 40, high + 500} {
		if a, b := got.Points(m, day, nil), want.Points(m, day, nil); !slices.Equal(a, b) {
			t.Fatalf("points on day %d:\n%v\nwant\n%v", day, a, b)
		}
	}
	if a, b := canonical(t, m, got, shelf), canonical(t, m, want, wantShelf); !bytes.Equal(a, b) {
		t.Fatalf("canonical bytes differ:\n%x\n%x", a, b)
	}
}

func TestAMergeIsTheUnionWhicheverAbsorbsWhich(t *testing.T) {
	m := business(t)
	rapid.Check(t, func(t *rapid.T) {
		log := entries(t)
		want, err := Replay(anna, m, log)
		if err != nil {
			t.Fatal(err)
		}
		shared := rapid.Bool().Draw(t, "shared")
		leads := []lead.ID{anna, bert, "cccccccccccccccc"}
		parts := make([][]Entry, len(leads))
		share := rapid.IntRange(1, 9).Draw(t, "share")
		for _, e := range repeat(t, log) {
			i := 0
			if rapid.IntRange(0, 9).Draw(t, "who") >= share {
				i = rapid.IntRange(1, 2).Draw(t, "other")
			}
			parts[i] = append(parts[i], e)
		}
		if !shared { // each id in one lead only
			seen := map[uint64]bool{}
			for i := range parts {
				parts[i] = slices.DeleteFunc(parts[i], func(e Entry) bool {
					twice := seen[e.Key]
					seen[e.Key] = true
					return twice
				})
			}
		}
		// Part of a's log comes after the merge.
		after := rapid.IntRange(0, len(parts[0])).Draw(t, "after")
		x := newTable()
		order := rapid.Permutation([]int{0, 1, 2}).Draw(t, "leads")
		var items []Item
		for _, i := range order {
			x.item = Item{}
			part := parts[i]
			if i == order[0] {
				part = part[:min(after, len(part))]
			}
			for _, b := range batches(t, part) {
				if _, err := x.write(m, leads[i], b); err != nil {
					t.Fatal(err)
				}
			}
			items = append(items, x.item)
		}
		x.item = items[0]
		for _, it := range items[1:] {
			if it.Version == 0 {
				continue
			}
			other, err := Decode(it)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := x.write(m, leads[order[0]], nil, other); err != nil {
				t.Fatal(err)
			}
		}
		for _, b := range batches(t, parts[order[0]][min(after, len(parts[order[0]])):]) {
			if _, err := x.write(m, leads[order[0]], b); err != nil {
				t.Fatal(err)
			}
		}
		got := x.state(t)
		sameState(t, m, got, x.shelf, want, nil)
	})
}

func TestTheWholeLogIsKept(t *testing.T) {
	m := business(t)
	rapid.Check(t, func(t *rapid.T) {
		log := entries(t)
		x := newTable()
		for _, b := range batches(t, repeat(t, log)) {
			if _, err := x.write(m, anna, b); err != nil {
				t.Fatal(err)
			}
		}
		s := x.state(t)
		got, err := s.Log(x.shelf)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(log, byTime)
		if len(got) != len(log) {
			t.Fatalf("%d entries, want %d", len(got), len(log))
		}
		for i := range got {
			a, b := fmt.Sprint(plain(got[i])), fmt.Sprint(plain(log[i]))
			if a != b {
				t.Fatalf("entry %d:\n%s\n%s", i, a, b)
			}
		}
	})
}

func TestTheItemIsOneUnitAtRest(t *testing.T) {
	m := business(t)
	rapid.Check(t, func(t *rapid.T) {
		log := entries(t)
		x := newTable()
		for _, b := range batches(t, log) {
			if _, err := x.write(m, anna, b); err != nil {
				t.Fatal(err)
			}
			if n := x.item.Size(); n > MaxItem {
				t.Fatalf("item of %d bytes", n)
			}
		}
	})
}

// Points by the definition, from whole days, with nothing folded.
func TestPointsAreThoseOfTheDefinition(t *testing.T) {
	m := business(t)
	rapid.Check(t, func(t *rapid.T) {
		log := entries(t)
		s, err := Replay(anna, m, log)
		if err != nil {
			t.Fatal(err)
		}
		_, high := s.Days()
		today := high + activity.Day(rapid.IntRange(0, 60).Draw(t, "later"))
		tally, err := s.Tally(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range s.Points(m, today, nil) {
			p := m.plan(line.Signal)
			if p == nil || p.Profile || p.Count != nil {
				continue
			}
			var exact float64
			used, window := int64(0), int32(0)
			count := 0
			for _, c := range tally {
				if c.Signal != line.Signal {
					continue
				}
				count += c.Count
				if w := p.window(c.Day); w != window {
					used, window = 0, w
				}
				_, accepted := p.limited(c.Count, &used)
				exact += float64(accepted) * fade(p.Decay, int(today-c.Day))
			}
			if diff := exact - float64(line.Points); diff < -1.02 || diff > 1.02 || count != line.Count {
				t.Fatalf("signal %d: %d points of %d hits, by the definition %f of %d", line.Signal, line.Points, line.Count, exact, count)
			}
		}
	})
}

func fade(d Decay, age int) float64 {
	switch d.Kind {
	case HalfLife:
		return math.Exp2(-float64(age) / float64(d.Days))
	case Window:
		if age < d.Days {
			return 1
		}
		return 0
	case Steps:
		left := 1.0
		for _, s := range d.Steps {
			if age >= s.Days {
				left = float64(s.Percent) / 100
			}
		}
		return left
	}
	return 1
}
