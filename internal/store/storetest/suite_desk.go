package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

func decisions(t *testing.T, s Store) {
	id := name(t, 1)
	key := func(n int) store.DecisionKey {
		return store.DecisionKey{Lead: id, Kind: "enroll", Subject: "خوش‌آمد#1/a", N: n}
	}
	first := store.Decision{DecisionKey: key(1), Playbook: 3, At: 9, Quiet: true, Reason: []byte{1, 0, 255}, Body: []byte("message")}
	var batch []store.Decision
	for i := range 30 {
		d := first
		d.N = i + 1
		batch = append(batch, d)
	}
	for _, err := range s.RecordDecisions(t.Context(), batch[:3]) {
		must(t, err)
	}
	for i, err := range s.RecordDecisions(t.Context(), append(batch, batch[29])) {
		if i < 3 || i == 30 {
			wantConflict(t, err, fmt.Sprintf("decision %d a second time", i))
		} else {
			must(t, err)
		}
	}
	got, err := s.ReadDecision(t.Context(), key(1))
	must(t, err)
	if got.DecisionKey != first.DecisionKey || got.Version != 1 || got.Playbook != 3 || got.At != 9 || !got.Quiet ||
		!bytes.Equal(got.Reason, first.Reason) || string(got.Body) != "message" || len(got.Done) != 0 {
		t.Errorf("stored %+v", got)
	}
	if _, err := s.ReadDecision(t.Context(), key(99)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such decision: %v", err)
	}
	stale := got
	got.Done = map[string]int64{"alert": 10}
	must(t, s.WriteDecision(t.Context(), got))
	must(t, s.WriteDecision(t.Context(), got)) // our own, whose answer was lost
	stale.Done = map[string]int64{"webhook": 11}
	wantConflict(t, s.WriteDecision(t.Context(), stale), "a stale decision")
	many, err := s.ReadDecisions(t.Context(), []store.DecisionKey{key(1), key(2), key(2), key(99)})
	must(t, err)
	if len(many) != 2 || many[key(1)].Done["alert"] != 10 || many[key(1)].Version != 2 {
		t.Errorf("read %+v", many)
	}
	count := 0
	drain(t, func(page string) (int, string, error) {
		ds, next, err := s.ListDecisions(t.Context(), id, page)
		count += len(ds)
		return len(ds), next, err
	})
	if count != 30 {
		t.Errorf("%d decisions listed, 30 recorded", count)
	}
}

func quiet(t *testing.T, s Store) {
	mark := string(name(t, 0))
	var ds []store.Decision
	for i := range 30 {
		ds = append(ds, store.Decision{
			DecisionKey: store.DecisionKey{Lead: name(t, i), Kind: "handover", N: 1}, Quiet: true, Body: []byte("message"),
			Rank: fmt.Sprintf("%s#%02d", mark, 29-i), Done: map[string]int64{"quiet": 1},
		})
	}
	loud := store.Decision{DecisionKey: store.DecisionKey{Lead: name(t, 1), Kind: "stage", Subject: "mql", N: 1}}
	for _, err := range s.RecordDecisions(t.Context(), append(ds, loud)) {
		must(t, err)
	}
	list := func(prefix string) map[store.DecisionKey]string {
		rows := map[store.DecisionKey]string{}
		for shard := range store.QuietShards {
			last := ""
			drain(t, func(page string) (int, string, error) {
				some, next, err := s.ListQuiet(t.Context(), shard, prefix, 2, page)
				for _, r := range some {
					if r.Rank < last || store.QuietShard(r.Lead) != shard {
						t.Errorf("%+v after %q in shard %d", r, last, shard)
					}
					last = r.Rank
					rows[r.DecisionKey] = r.Rank
				}
				return len(some), next, err
			})
		}
		return rows
	}
	if got := list(mark); len(got) != 30 || got[ds[3].DecisionKey] != ds[3].Rank {
		t.Errorf("%d on the list, 30 are quiet", len(got))
	}
	if got := list(ds[7].Rank); len(got) != 1 || len(list(mark+"~")) != 0 {
		t.Errorf("one rank gives %v", got)
	}
	for i := range ds {
		ds[i].Version = 1
		ds[i].Done = map[string]int64{"quiet": 1, "told": 2}
		if ds[i].Quiet, ds[i].By = false, "me"; i%2 == 0 {
			ds[i].Rank = ""
		}
	}
	for range 2 { // the second time our own, whose answer was lost
		for _, err := range s.WriteDecisions(t.Context(), ds) {
			must(t, err)
		}
	}
	other := ds[5]
	other.By = "somebody else"
	wantConflict(t, s.WriteDecisions(t.Context(), []store.Decision{other})[0], "somebody else's word")
	now, err := s.ReadDecision(t.Context(), ds[4].DecisionKey)
	if must(t, err); now.Quiet || now.By != "me" || now.Rank != "" || now.Done["told"] != 2 || now.Version != 2 {
		t.Errorf("stored %+v", now)
	}
	if got := list(mark); len(got) != 15 {
		t.Errorf("%d on the list, 15 were taken off", len(got))
	}
	must(t, s.WriteDecision(t.Context(), now)) // one write of the whole keeps it off the list
	last := ds[5]
	last.Version, last.Rank = 2, ""
	must(t, s.WriteDecision(t.Context(), last))
	if got := list(mark); len(got) != 14 {
		t.Errorf("%d on the list, 14 are left", len(got))
	}
}

func alerts(t *testing.T, s Store) {
	// The list may hold what other suites left: only ours are looked at.
	ours := func() (out []store.DecisionKey) {
		drain(t, func(page string) (int, string, error) {
			some, next, err := s.ListAlerts(t.Context(), 2, page)
			for _, k := range some {
				if k.Kind == "handover" && k.Subject == string(name(t, 0)) {
					out = append(out, k)
				}
			}
			return len(some), next, err
		})
		return out
	}
	var ds []store.Decision
	for i := range 5 {
		d := store.Decision{DecisionKey: store.DecisionKey{Lead: name(t, i), Kind: "handover", Subject: string(name(t, 0)), N: 1}, Body: []byte("message")}
		if i == 4 {
			d.Quiet, d.Rank = true, string(name(t, 0))
		}
		ds = append(ds, d)
	}
	for _, err := range s.RecordDecisions(t.Context(), ds) {
		must(t, err)
	}
	if got := ours(); len(got) != 0 {
		t.Errorf("nobody waits, and listed are %v", got)
	}
	for i := range ds {
		ds[i].Version, ds[i].Waits, ds[i].Done = 1, fmt.Sprintf("%011d", 9-i), map[string]int64{"alert.waits": 3}
		must(t, s.WriteDecision(t.Context(), ds[i]))
	}
	must(t, s.WriteDecision(t.Context(), ds[0])) // our own, whose answer was lost
	got, err := s.ReadDecision(t.Context(), ds[4].DecisionKey)
	if must(t, err); got.Waits != ds[4].Waits || got.Version != 2 {
		t.Errorf("stored %+v", got)
	}
	if rows, _, err := s.ListQuiet(t.Context(), store.QuietShard(ds[4].Lead), ds[4].Rank, 0, ""); err != nil || len(rows) != 0 {
		t.Errorf("who waits is on the quiet list: %v, %v", rows, err)
	}
	if got := ours(); len(got) != 5 || got[0] != ds[4].DecisionKey || got[4] != ds[0].DecisionKey {
		t.Errorf("listed are %v", got)
	}
	for i := range ds {
		ds[i].Version, ds[i].Waits, ds[i].Rank, ds[i].Done = 2, "", "", map[string]int64{"alert": 4}
	}
	must(t, s.WriteDecision(t.Context(), ds[0]))
	for _, err := range s.WriteDecisions(t.Context(), ds[1:]) {
		must(t, err)
	}
	if got := ours(); len(got) != 0 {
		t.Errorf("all were told, and listed are %v", got)
	}
	if got, err := s.ReadDecision(t.Context(), ds[1].DecisionKey); err != nil || got.Waits != "" || got.Rank != "" {
		t.Errorf("stored %+v, %v", got, err)
	}
}

func bell(t *testing.T, s Store) {
	was, err := s.ReadBell(t.Context())
	must(t, err)
	b := store.Bell{Version: was.Version, Body: fmt.Append(nil, t.Name(), was.Version)}
	must(t, s.WriteBell(t.Context(), b))
	must(t, s.WriteBell(t.Context(), b)) // our own, whose answer was lost
	wantConflict(t, s.WriteBell(t.Context(), store.Bell{Version: was.Version, Body: []byte("other")}), "a stale bell")
	got, err := s.ReadBell(t.Context())
	must(t, err)
	if got.Version != was.Version+1 || string(got.Body) != string(b.Body) {
		t.Errorf("stored %+v", got)
	}
}

func work(t *testing.T, s Store) {
	mark := string(name(t, 0))
	ranks := rand.Perm(12)
	for i, r := range ranks {
		must(t, s.WriteWork(t.Context(), store.Work{Lead: name(t, i), Rank: fmt.Sprintf("%s%02d", mark, r), Body: []byte{byte(r)}}))
	}
	closed := store.Work{Lead: name(t, 5), Version: 1, Body: []byte("done")}
	must(t, s.WriteWork(t.Context(), closed))
	must(t, s.WriteWork(t.Context(), closed))
	wantConflict(t, s.WriteWork(t.Context(), store.Work{Lead: name(t, 5), Version: 1, Rank: "x", Body: []byte("late")}), "a stale work item")
	got := 0
	for shard := range store.WorkShards {
		last := ""
		drain(t, func(page string) (int, string, error) {
			ws, next, err := s.ListWork(t.Context(), shard, 2, page)
			for _, w := range ws {
				if w.Rank < last {
					t.Errorf("%q after %q", w.Rank, last)
				}
				if last = w.Rank; w.Rank >= mark && w.Rank < mark+"~" {
					got++
				}
			}
			return len(ws), next, err
		})
	}
	if got != 11 {
		t.Errorf("%d open items listed, want 11", got)
	}
	w, err := s.ReadWork(t.Context(), name(t, 5))
	if err != nil || w.Rank != "" || string(w.Body) != "done" || w.Version != 2 {
		t.Errorf("the closed one: %+v, %v", w, err)
	}
	if _, err := s.ReadWork(t.Context(), name(t, 99)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such work item: %v", err)
	}
}

func parked(t *testing.T, s Store) {
	day := start.AddDate(0, 0, rand.IntN(100_000)) // a day of this run's own
	for i := range 7 {
		p := store.Parked{
			At: day.Add(time.Duration(7-i) * time.Minute), ID: fmt.Sprint("m", i), Source: "activities",
			Code: "json", Reason: "not JSON: an activity would be right", Body: []byte{'{', byte(i), 0xff},
		}
		must(t, s.Park(t.Context(), p))
		must(t, s.Park(t.Context(), p))
	}
	var got []store.Parked
	drain(t, func(page string) (int, string, error) {
		ps, next, err := s.ListParked(t.Context(), day, 3, page)
		got = append(got, ps...)
		return len(ps), next, err
	})
	if len(got) != 7 {
		t.Fatalf("%d listed, 7 parked", len(got))
	}
	last := got[6]
	if last.ID != "m0" || !last.At.Equal(day.Add(7*time.Minute)) || last.Source != "activities" || last.Code != "json" ||
		last.Reason == "" || !bytes.Equal(last.Body, []byte{'{', 0, 0xff}) {
		t.Errorf("the newest is %+v", last)
	}
}

func proposals(t *testing.T, s Store) {
	a, b := name(t, 1), name(t, 2)
	must(t, s.Propose(t.Context(), store.Proposal{A: b, B: a, At: start, Reason: "one form named both", By: "1"}))
	must(t, s.Propose(t.Context(), store.Proposal{A: a, B: b, At: start, Reason: "again", By: "2"}))
	var got []store.Proposal
	drain(t, func(page string) (int, string, error) {
		ps, next, err := s.ListProposals(t.Context(), 1, page)
		for _, p := range ps {
			if min(p.A, p.B) == a {
				got = append(got, p)
			}
		}
		return len(ps), next, err
	})
	if len(got) != 1 || got[0].Reason != "one form named both" || got[0].By != "1" || !got[0].At.Equal(start) {
		t.Errorf("stored %+v", got)
	}
}

func playbooks(t *testing.T, s Store) {
	was := uint32(0)
	if p, err := s.ReadPointer(t.Context()); err == nil {
		was = p.Number // a store that other tests use too
	} else if !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	noise := make([]byte, 700<<10) // does not compress: several chunks
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(noise)
	one := store.Playbook{Pointer: store.Pointer{Number: was + 1, Name: "first", By: "me", Why: "a first try", At: 5}, Compiled: noise, Archive: []byte("yaml")}
	must(t, s.Publish(t.Context(), one, was))
	must(t, s.Publish(t.Context(), one, was)) // our own, whose answer was lost
	other := one
	other.Compiled = []byte("another one under the same number")
	wantConflict(t, s.Publish(t.Context(), other, was), "a second publisher")
	p, err := s.ReadPointer(t.Context())
	must(t, err)
	if p.Number != was+1 || p.Name != "first" || p.By != "me" || p.At != 5 || p.Chunks < 2 || p.Hash == "" {
		t.Errorf("pointer %+v", p)
	}
	got, err := s.ReadPlaybook(t.Context(), was+1)
	must(t, err)
	if !bytes.Equal(got.Compiled, noise) || got.Pointer != p {
		t.Errorf("%d bytes came back of %d, pointer %+v", len(got.Compiled), len(noise), got.Pointer)
	}
	if src, err := s.ReadArchive(t.Context(), was+1); err != nil || string(src) != "yaml" {
		t.Errorf("source %q, %v", src, err)
	}
	two := store.Playbook{Pointer: store.Pointer{Number: was + 2, Name: "second"}, Compiled: []byte("small")}
	must(t, s.Publish(t.Context(), two, was+1))
	if _, err := s.ReadArchive(t.Context(), was+2); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a version without source: %v", err)
	}
	if _, err := s.ReadPlaybook(t.Context(), was+9); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
	var list []store.Pointer
	drain(t, func(page string) (int, string, error) {
		ps, next, err := s.ListPlaybooks(t.Context(), 1, page)
		list = append(list, ps...)
		return len(ps), next, err
	})
	if len(list) < 2 || list[0].Number != was+2 || list[1].Number != was+1 {
		t.Errorf("versions %+v", list)
	}
	f, err := s.Fetch(t.Context(), store.Wanted{Playbook: true, Strong: true})
	if err != nil || f.Playbook.Number != was+2 {
		t.Errorf("the pointer in a batch is %+v, %v", f.Playbook, err)
	}
}

func jobs(t *testing.T, s Store) {
	job := string(name(t, 0))
	for _, n := range []int{2, 0, 1} {
		must(t, s.SaveProgress(t.Context(), store.Progress{Job: job, Segment: n, Of: 3, Read: 1, Page: "p", At: 4}))
	}
	done := store.Progress{Job: job, Segment: 1, Of: 3, Read: 10, Changed: 2, Quiet: 1, Done: true, At: 5}
	must(t, s.SaveProgress(t.Context(), done))
	got, err := s.ListProgress(t.Context(), job)
	if err != nil || len(got) != 3 || got[1] != done || got[0].Segment != 0 || got[2].Page != "p" {
		t.Errorf("progress %+v, %v", got, err)
	}
	lease := func(holder string, until, now time.Duration) error {
		return s.TakeLease(t.Context(), job, holder, start.Add(until), start.Add(now))
	}
	must(t, lease("a", time.Minute, 0))
	wantConflict(t, lease("b", 2*time.Minute, 59*time.Second), "a lease that runs")
	must(t, lease("a", 2*time.Minute, 59*time.Second))
	must(t, lease("b", 3*time.Minute, 2*time.Minute))
	wantConflict(t, lease("a", 3*time.Minute, 2*time.Minute), "a lease that moved on")

	for was := range 3 {
		if n, err := s.ReadCount(t.Context(), job); n != was || err != nil {
			t.Errorf("the count is %d, want %d (%v)", n, was, err)
		}
		must(t, s.AddCount(t.Context(), job, was))
		wantConflict(t, s.AddCount(t.Context(), job, was), "a count that moved on")
	}
}

func copies(t *testing.T, s Store) {
	id := name(t, 1)
	it := item(id, 1, "kept")
	write(t, s, it)
	it.Blob[0] = 'X'
	got := read(t, s, id)
	got.Blob[1] = 'X'
	if again := read(t, s, id); string(again.Blob) != "kept" {
		t.Errorf("the ledger was changed from outside: %q", again.Blob)
	}
	w := s.WriteLedgers(t.Context(), []ledger.Item{item(id, 1, "lost")})[0]
	if w.Current.Blob[0] = 'X'; string(read(t, s, id).Blob) != "kept" {
		t.Error("the ledger was changed through what the loser was told")
	}
	r := store.Recipient{ID: string(id), Body: []byte("kept")}
	must(t, s.WriteRecipient(t.Context(), r))
	r.Body[0] = 'X'
	if now, err := s.ReadRecipient(t.Context(), r.ID); err != nil || string(now.Body) != "kept" {
		t.Errorf("the recipient was changed from outside: %q, %v", now.Body, err)
	}
	rec := ledger.Record{Ref: ledger.Ref{Lead: id, Key: "p1"}, Body: []byte("kept")}
	must(t, s.PutHistory(t.Context(), []ledger.Record{rec}))
	rec.Body[0] = 'X'
	shelf, err := s.ReadHistory(t.Context(), []ledger.Ref{rec.Ref})
	must(t, err)
	shelf[rec.Ref][1] = 'X'
	if shelf, err = s.ReadHistory(t.Context(), []ledger.Ref{rec.Ref}); err != nil || string(shelf[rec.Ref]) != "kept" {
		t.Errorf("history was changed from outside: %q, %v", shelf[rec.Ref], err)
	}
	d := store.Decision{DecisionKey: store.DecisionKey{Lead: id, Kind: "stage", N: 1}, Done: map[string]int64{"a": 1}}
	must(t, s.RecordDecisions(t.Context(), []store.Decision{d})[0])
	d.Done["a"] = 2
	if now, err := s.ReadDecision(t.Context(), d.DecisionKey); err != nil || now.Done["a"] != 1 {
		t.Errorf("the decision was changed from outside: %+v, %v", now, err)
	}
}
