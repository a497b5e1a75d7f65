package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

func history(t *testing.T, s Store) {
	id := name(t, 1)
	var records []ledger.Record
	var refs []ledger.Ref
	for i := range 120 {
		r := ledger.Record{Ref: ledger.Ref{Lead: id, Key: fmt.Sprintf("p%03d", i)}, Body: bytes.Repeat([]byte{byte(i)}, 100)}
		records, refs = append(records, r), append(refs, r.Ref)
	}
	must(t, s.PutHistory(t.Context(), records))
	must(t, s.PutHistory(t.Context(), append(records[:1:1], records[0])))
	must(t, s.PutHistory(t.Context(), nil))
	shelf, err := s.ReadHistory(t.Context(), append(refs, refs[0]))
	must(t, err)
	for _, r := range records {
		if !bytes.Equal(shelf[r.Ref], r.Body) {
			t.Fatalf("%s came back as %v", r.Key, shelf[r.Ref])
		}
	}
	_, err = s.ReadHistory(t.Context(), []ledger.Ref{refs[0], {Lead: id, Key: "missing"}})
	if !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a missing record: %v", err)
	}
	count := 0
	drain(t, func(page string) (int, string, error) {
		rs, next, err := s.ListHistory(t.Context(), id, page)
		count += len(rs)
		return len(rs), next, err
	})
	if count != len(records) {
		t.Errorf("%d records listed, %d put", count, len(records))
	}
}

func profiles(t *testing.T, s Store) {
	p := store.Profile{Lead: name(t, 1), Body: []byte("one")}
	if _, err := s.ReadProfile(t.Context(), p.Lead); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("no profile: %v", err)
	}
	must(t, s.WriteProfile(t.Context(), p))
	must(t, s.WriteProfile(t.Context(), p)) // our own, whose answer was lost
	wantConflict(t, s.WriteProfile(t.Context(), store.Profile{Lead: p.Lead, Body: []byte("other")}), "a second first profile")
	batch := []store.Profile{{Lead: p.Lead, Version: 1, Body: []byte("two")}, {Lead: name(t, 2), Body: []byte("b")}, {Lead: name(t, 3), Version: 4, Body: []byte("c")}}
	w := s.WriteProfiles(t.Context(), batch)
	must(t, w[0].Err)
	must(t, w[1].Err)
	wantConflict(t, w[2].Err, "version 4 of nothing")
	again := s.WriteProfiles(t.Context(), []store.Profile{batch[0], {Lead: p.Lead, Version: 1, Body: []byte("late")}}[:1])
	must(t, again[0].Err)
	late := s.WriteProfiles(t.Context(), []store.Profile{{Lead: p.Lead, Version: 1, Body: []byte("late")}})[0]
	wantConflict(t, late.Err, "version 1 over 2")
	if late.Current.Version != 2 || string(late.Current.Body) != "two" {
		t.Errorf("the loser was told %+v", late.Current)
	}
	got, err := s.ReadProfile(t.Context(), p.Lead)
	must(t, err)
	if got.Version != 2 || string(got.Body) != "two" || got.Lead != p.Lead {
		t.Errorf("stored %+v", got)
	}
}

func recipients(t *testing.T, s Store) {
	id := string(name(t, 1))
	if _, err := s.ReadRecipient(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("no recipient: %v", err)
	}
	due := start.Add(time.Hour).Unix()
	for v, r := range []store.Recipient{
		{ID: id, Body: []byte("0"), DueAt: due},
		{ID: id, Version: 1, Body: []byte("1")},             // waits for nothing
		{ID: id, Version: 2, Body: []byte("2"), DueAt: due}, // and again
	} {
		must(t, s.WriteRecipient(t.Context(), r))
		must(t, s.WriteRecipient(t.Context(), r)) // our own, whose answer was lost
		wantConflict(t, s.WriteRecipient(t.Context(), store.Recipient{ID: id, Version: r.Version, Body: []byte("other")}), "a stale recipient")
		got, err := s.ReadRecipient(t.Context(), id)
		must(t, err)
		if got.Version != int64(v)+1 || !bytes.Equal(got.Body, r.Body) || got.DueAt != r.DueAt || got.ID != id {
			t.Errorf("stored %+v, wrote %+v", got, r)
		}
	}
	var batch []store.Recipient
	for i := range 30 {
		batch = append(batch, store.Recipient{ID: string(name(t, 10+i)), Body: []byte("x"), DueAt: due + int64(i)})
	}
	for _, w := range s.WriteRecipients(t.Context(), batch) {
		must(t, w.Err)
	}
	for i := range batch {
		batch[i].Version, batch[i].Body = 1, []byte("y")
		if i%2 == 0 {
			batch[i].DueAt = 0
		}
	}
	batch[3].Version = 5
	for i, w := range s.WriteRecipients(t.Context(), batch) {
		if i == 3 {
			wantConflict(t, w.Err, "one stale of thirty")
			if string(w.Current.Body) != "x" || w.Current.Version != 1 {
				t.Errorf("the loser was told %+v", w.Current)
			}
			continue
		}
		must(t, w.Err)
	}
	found := map[string]int{}
	for shard := range store.DueShards {
		drain(t, func(page string) (int, string, error) {
			rows, next, err := s.DueRecipients(t.Context(), shard, time.Unix(due+29, 0), 4, page)
			for _, d := range rows {
				found[d.ID]++
			}
			return len(rows), next, err
		})
	}
	for i, r := range batch {
		if want := i % 2; found[r.ID] != want {
			t.Errorf("recipient %d was given %d times, want %d", i, found[r.ID], want)
		}
	}
	if found[id] != 1 {
		t.Errorf("the one that came back was given %d times", found[id])
	}
}

func recipientRace(t *testing.T, s Store) {
	id := string(name(t, 1))
	must(t, s.WriteRecipient(t.Context(), store.Recipient{ID: id, Body: []byte("idle"), DueAt: 5}))
	won := race(8, func(i int) error {
		r := store.Recipient{ID: id, Version: 1, Body: fmt.Appendf(nil, "claimed by %d", i), DueAt: 5}
		if i%2 == 0 {
			return s.WriteRecipient(context.Background(), r)
		}
		return s.WriteRecipients(context.Background(), []store.Recipient{r})[0].Err
	})
	got, err := s.ReadRecipient(t.Context(), id)
	must(t, err)
	if len(won) != 1 || string(got.Body) != fmt.Sprintf("claimed by %d", won[0]) {
		t.Errorf("winners %v, stored %q", won, got.Body)
	}
}

func suppression(t *testing.T, s Store) {
	hash := string(name(t, 1))
	if _, err := s.ReadSuppression(t.Context(), hash); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("not suppressed: %v", err)
	}
	must(t, s.Suppress(t.Context(), store.Suppression{Hash: hash, Reason: "bounce", At: 5}))
	must(t, s.Suppress(t.Context(), store.Suppression{Hash: hash, Reason: "complaint", At: 6}))
	got, err := s.ReadSuppression(t.Context(), hash)
	must(t, err)
	if got != (store.Suppression{Hash: hash, Reason: "bounce", At: 5}) {
		t.Errorf("stored %+v", got)
	}
	left, none := string(name(t, 2)), string(name(t, 3))
	must(t, s.Suppress(t.Context(), store.Suppression{Hash: left, Reason: store.Unsubscribed, At: 5}))
	must(t, s.Suppress(t.Context(), store.Suppression{Hash: left, Reason: store.Unsubscribed, At: 7}))
	f, err := s.Fetch(t.Context(), store.Wanted{Suppressions: []string{hash, left, none, left}, Strong: true})
	must(t, err)
	if len(f.Suppressions) != 2 || f.Suppressions[hash] != got || f.Suppressions[left] != (store.Suppression{Hash: left, Reason: store.Unsubscribed, At: 7}) {
		t.Errorf("fetched %+v", f.Suppressions)
	}
	must(t, s.Suppress(t.Context(), store.Suppression{Hash: left, Reason: "bounce", At: 8}))
	if got, err := s.ReadSuppression(t.Context(), left); err != nil || got.Reason != "bounce" {
		t.Errorf("a bounce after an unsubscribe: %+v, %v", got, err)
	}
}
