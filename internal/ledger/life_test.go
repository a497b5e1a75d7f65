package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// shuffled moves entries by up to so many places and repeats some.
func shuffled(r *rand.Rand, log []Entry, places int) []Entry {
	type placed struct {
		Entry
		at int
	}
	var out []placed
	for i, e := range log {
		out = append(out, placed{e, i + r.IntN(places+1)})
		for r.IntN(10) == 0 {
			out = append(out, placed{e, i + r.IntN(20*places+1)})
		}
	}
	slices.SortStableFunc(out, func(a, b placed) int { return a.at - b.at })
	entries := make([]Entry, len(out))
	for i := range out {
		entries[i] = out[i].Entry
	}
	return entries
}

func TestALongLifeEqualsItsReplay(t *testing.T) {
	m := business(t)
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 7))
		log := seeded(r, 1500)
		for i := range log {
			if r.IntN(3) == 0 {
				log[i].Made = 0
			}
			if r.IntN(100) == 0 {
				log[i].Revokes = log[r.IntN(len(log))].Key
			}
		}
		x := newTable()
		late := shuffled(r, log, []int{0, 3, 40, 1500}[seed%4])
		for len(late) > 0 {
			n := min(len(late), 1+r.IntN(12))
			if _, err := x.write(m, anna, late[:n]); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			late = late[n:]
			if size := x.item.Size(); size > MaxItem {
				t.Fatalf("seed %d: item of %d bytes", seed, size)
			}
		}
		want, err := Replay(anna, m, log)
		if err != nil {
			t.Fatal(err)
		}
		got := x.state(t)
		if len(got.runs) == 0 || got.runs[0].blocks == 0 {
			t.Fatalf("seed %d: no run with blocks was made: %v", seed, got.runs)
		}
		if a, b := got.Points(m, 0, nil), want.Points(m, 0, nil); !slices.Equal(a, b) {
			t.Errorf("seed %d: points\n%v\nwant\n%v", seed, a, b)
		}
		if a, b := canonical(t, m, got, x.shelf), canonical(t, m, want, nil); !bytes.Equal(a, b) {
			t.Errorf("seed %d: the canonical bytes differ", seed)
		}
		// The replay laid out at once is the same lead too.
		y := newTable()
		if err := y.store(m, want); err != nil {
			t.Fatal(err)
		}
		if a, b := canonical(t, m, y.state(t), y.shelf), canonical(t, m, got, x.shelf); !bytes.Equal(a, b) {
			t.Errorf("seed %d: the replay that was stored differs", seed)
		}
		for ref, body := range y.shelf {
			if n := (Record{ref, body}).Size(); ref.Key[0] != 'r' && n > 4096 {
				t.Errorf("seed %d: %s of %d bytes costs more than one read", seed, ref.Key, n)
			}
		}
	}
}

func TestAnExportReplaysToTheSameBytes(t *testing.T) {
	m := business(t)
	d := NewDictionary([]string{"path", "price", "vip", "tags"})
	log := seeded(rand.New(rand.NewPCG(3, 3)), 200)
	for i := range log {
		log[i].Packed, _ = d.Pack([]activity.Property{
			{Name: "tags", Value: activity.Value{Kind: activity.List, List: []string{"a", "ب"}}},
			{Name: "path", Value: activity.Value{Kind: activity.Text, Text: fmt.Sprintf("/p/%d", i)}},
			{Name: "price", Value: activity.Value{Kind: activity.Number, Number: float64(i) / 2}},
			{Name: "vip", Value: activity.Value{Kind: activity.Bool, Bool: i%2 == 0}},
			{Name: "unknown", Value: activity.Value{Kind: activity.Text, Text: "is not kept"}},
		})
	}
	log[20].Revokes, log[30].Points, log[31].Points, log[31].Until = log[3].Key, 5, -3, log[190].Day
	x := newTable()
	for _, e := range log {
		if _, err := x.write(m, anna, []Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := x.state(t).Log(x.shelf)
	if err != nil {
		t.Fatal(err)
	}
	var back []Entry
	for i := range got {
		row, err := got[i].Export(d)
		if err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		e, err := ParseRow(line)
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, e)
	}
	s, err := Replay(anna, m, back)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(canonical(t, m, s, nil), canonical(t, m, x.state(t), x.shelf)) {
		t.Error("the export replays to other bytes")
	}
	y := newTable()
	if err := y.store(m, s); err != nil {
		t.Fatal(err)
	}
	again, err := y.state(t).Log(y.shelf)
	if err != nil {
		t.Fatal(err)
	}
	for i := range again {
		if a, b := fmt.Sprint(plain(again[i])), fmt.Sprint(plain(got[i])); a != b {
			t.Fatalf("entry %d is\n%s\nafter export, was\n%s", i, a, b)
		}
	}
}

func TestAMergeCanBeUndone(t *testing.T) {
	m := business(t)
	for _, n := range []int{5, 60, 400} { // of the absorbed lead: tail, pages, runs
		r := rand.New(rand.NewPCG(5, uint64(n)))
		mine, theirs := seeded(r, 300), seeded(r, n)
		x, y := newTable(), newTable()
		x.shelf = y.shelf
		for _, e := range mine[:250] {
			if _, err := x.write(m, anna, []Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range theirs {
			if _, err := y.write(m, bert, []Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := x.write(m, anna, nil, y.state(t)); err != nil {
			t.Fatal(err)
		}
		for _, e := range mine[250:] {
			if _, err := x.write(m, anna, []Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		// Ids of both are remembered.
		before := x.state(t).Activities()
		if _, err := x.write(m, anna, theirs); err != nil {
			t.Fatal(err)
		}
		if after := x.state(t).Activities(); after != before || after != 300+n {
			t.Fatalf("%d activities after the absorbed lead's came again, %d before", after, before)
		}
		s := x.state(t)
		for {
			refs, err := s.LogRefs(x.shelf)
			if err != nil {
				t.Fatal(err)
			}
			if len(refs) == 0 {
				break
			}
		}
		if err := s.Release(m, x.shelf, bert); err != nil {
			t.Fatal(err)
		}
		if err := x.store(m, s); err != nil {
			t.Fatal(err)
		}
		want, err := Replay(anna, m, mine)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(canonical(t, m, x.state(t), x.shelf), canonical(t, m, want, nil)) {
			t.Errorf("n %d: the lead is not what it was without the merge", n)
		}
		their, err := Replay(bert, m, theirs)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(canonical(t, m, y.state(t), x.shelf), canonical(t, m, their, nil)) {
			t.Errorf("n %d: the absorbed lead's item no longer stands for its log", n)
		}
	}
}

func TestARevocationWinsWhicheverComesFirst(t *testing.T) {
	m := business(t)
	log := seeded(rand.New(rand.NewPCG(9, 9)), 60)
	revoking := Entry{Key: 1, Type: "activity.revoked", At: log[59].At, Received: log[59].At, Day: log[59].Day, Revokes: log[7].Key}
	want, err := Replay(anna, m, append(slices.Delete(slices.Clone(log), 7, 8), Entry{Key: 2, Day: log[59].Day}))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 7, 8, 20, 60} { // before it, right after, when it is in a page
		x := newTable()
		for _, e := range slices.Insert(slices.Clone(log), at, revoking, revoking) {
			if _, err := x.write(m, anna, []Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := x.state(t).Points(m, 0, nil), want.Points(m, 0, nil); !slices.Equal(a, b) {
			t.Errorf("revoked at %d: points\n%v\nwant\n%v", at, a, b)
		}
	}
}

func TestAnotherPayloadUnderOneIDIsCountedAndTheFirstKept(t *testing.T) {
	m := business(t)
	log := seeded(rand.New(rand.NewPCG(4, 4)), 500)
	x := newTable()
	for _, e := range log {
		if _, err := x.write(m, anna, []Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	before := x.state(t).Points(m, 0, nil)
	for i, at := range []int{499, 495, 300, 3} { // tail, page, runs
		e := log[at]
		e.PayloadHash++
		e.Hits = []signal.Number{14}
		if _, err := x.write(m, anna, []Entry{e}); err != nil {
			t.Fatal(err)
		}
		if n := x.state(t).Conflicts(); n != i+1 {
			t.Errorf("%d conflicts after entry %d came with another payload, want %d", n, at, i+1)
		}
	}
	if after := x.state(t).Points(m, 0, nil); !slices.Equal(before, after) {
		t.Errorf("points changed from\n%v to\n%v", before, after)
	}
}

func TestOurOwnIDsAreNewWithoutARead(t *testing.T) {
	m := business(t)
	x := newTable()
	for _, e := range seeded(rand.New(rand.NewPCG(6, 6)), 1000) {
		s := New(anna, m)
		if x.item.Version > 0 {
			s = x.state(t)
		}
		if a := s.Seen(&e); a.Verdict != Fresh {
			t.Fatalf("a time-ordered id is %v", a.Verdict)
		}
		if _, err := x.write(m, anna, []Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMissingRecordIsAnErrorNotANewActivity(t *testing.T) {
	m := business(t)
	log := seeded(rand.New(rand.NewPCG(8, 8)), 400)
	x := newTable()
	for _, e := range log {
		if _, err := x.write(m, anna, []Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	s := x.state(t)
	if v, err := s.Resolve(&log[0], Shelf{}); err == nil {
		t.Errorf("an id in a run that was not read is %v", v)
	}
	shelf := x.only(s.AllRefs())
	for ref, body := range shelf {
		if ref.Key[0] != 'i' {
			broken := bytes.Clone(body)
			broken[len(broken)-1] ^= 1
			shelf[ref] = broken
		}
	}
	if _, err := s.Tally(shelf); err == nil {
		t.Error("records with other bytes than were written are taken")
	}
}
