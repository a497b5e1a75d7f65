package storetest

import (
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

func dueLedgers(t *testing.T, s Store) {
	const n = 23
	want := map[string]bool{}
	for i := range n {
		it := item(name(t, i), 1, "x")
		it.DueShard, it.DueAt = store.DueShard(string(it.Lead)), start.Add(time.Duration(i)*time.Minute).Unix()
		write(t, s, it)
		if i < 20 {
			want[string(it.Lead)] = true
		}
	}
	cleared := item(name(t, 0), 2, "settled")
	write(t, s, cleared)
	delete(want, string(cleared.Lead))
	if got := read(t, s, cleared.Lead); got.DueShard != "" || got.DueAt != 0 {
		t.Errorf("a settled ledger is still due: %+v", got)
	}
	for shard := range store.DueShards {
		var last int64
		drain(t, func(page string) (int, string, error) {
			rows, next, err := s.DueLedgers(t.Context(), shard, start.Add(19*time.Minute), 3, page)
			for _, d := range rows {
				if d.At < last || d.At > start.Add(19*time.Minute).Unix() {
					t.Errorf("due %d after %d", d.At, last)
				}
				last = d.At
				if lead.ID(d.ID) >= name(t, 0) && lead.ID(d.ID) <= name(t, n) { // others' tests share the shard
					if !want[d.ID] {
						t.Errorf("%s was given twice, or is not due", d.ID)
					}
					delete(want, d.ID)
				}
			}
			return len(rows), next, err
		})
	}
	if len(want) != 0 {
		t.Errorf("not found: %v", want)
	}
}

// drain reads all pages, and fails when they do not end.
func drain(t *testing.T, read func(page string) (n int, next string, err error)) {
	t.Helper()
	page := ""
	for range 10_000 {
		_, next, err := read(page)
		must(t, err)
		if next == "" {
			return
		}
		page = next
	}
	t.Fatal("the pages do not end")
}

func segments(t *testing.T, s Store) {
	const n, of = 40, 4
	seen := map[lead.ID]int{}
	for i := range n {
		write(t, s, item(name(t, i), 1, "x"))
	}
	for segment := range of {
		drain(t, func(page string) (int, string, error) {
			items, next, err := s.ScanLedgers(t.Context(), segment, of, 3, page)
			for _, it := range items {
				seen[it.Lead]++
				if it.Version == 0 || len(it.Blob) == 0 {
					t.Errorf("read %+v", it)
				}
			}
			return len(items), next, err
		})
	}
	for i := range n {
		if seen[name(t, i)] != 1 {
			t.Errorf("ledger %d was given %d times", i, seen[name(t, i)])
		}
	}
}

func bands(t *testing.T, s Store) {
	a, b := "warm"+string(name(t, 0))+"#01", "hot"+string(name(t, 0))+"#01"
	for i := range 7 {
		it := item(name(t, i), 1, "x")
		it.Band = a
		write(t, s, it)
	}
	up, still := item(name(t, 3), 2, "hot"), item(name(t, 4), 2, "says nothing of its band")
	up.Band = b
	write(t, s, up, still)
	list := func(key string) map[lead.ID]bool {
		got := map[lead.ID]bool{}
		drain(t, func(page string) (int, string, error) {
			ids, next, err := s.LeadsInBand(t.Context(), key, 2, page)
			for _, id := range ids {
				if got[id] {
					t.Errorf("%s was given twice", id)
				}
				got[id] = true
			}
			return len(ids), next, err
		})
		return got
	}
	if warm, hot := list(a), list(b); len(warm) != 6 || warm[up.Lead] || !warm[still.Lead] || len(hot) != 1 || !hot[up.Lead] {
		t.Errorf("warm %v, hot %v", warm, hot)
	}
	if got := read(t, s, still.Lead); got.Band != a {
		t.Errorf("a write that says nothing of the band moved it to %q", got.Band)
	}
}
