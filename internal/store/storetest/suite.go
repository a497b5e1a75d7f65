package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Run proves that a store keeps its promises. open gives an empty store; the
// suite uses many names, so one store may serve all tests.
func Run(t *testing.T, open func(t *testing.T) Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s Store)
	}{
		{"what is read together is what was written apart", fetch},
		{"a ledger written twice is written once", ledgerTwice},
		{"a stale ledger is a conflict, and saves nothing", ledgerStale},
		{"a ledger of an older playbook is refused", ledgerPlaybook},
		{"in a batch each ledger has its own fate", ledgerBatch},
		{"of concurrent ledger writes one wins", ledgerRace},
		{"an identity has one winner, and everybody learns who", identityRace},
		{"a merge happens whole or not at all", merge},
		{"pending decisions are found when due, page by page, each once", dueLedgers},
		{"all segments together give each ledger once", segments},
		{"a band lists its leads, and a lead moves between bands", bands},
		{"history is found, and what is pointed to and missing is an error", history},
		{"a profile is written on its version", profiles},
		{"a recipient is written on its version, and is due when it says", recipients},
		{"of concurrent claims of one recipient one wins", recipientRace},
		{"a rank comes with what is due, and changes nothing about when", ranks},
		{"what senders share is written on its version", sendingState},
		{"a send of unknown fate is listed once, until it is dropped", unknownSends},
		{"a suppressed address keeps its first reason", suppression},
		{"a decision is recorded once, and carried out on its version", decisions},
		{"a quiet decision is listed until a person has said what becomes of it", quiet},
		{"an alert that waits is listed until it was told", alerts},
		{"what all who tell sales share is written on its version", bell},
		{"the work list is ordered by rank and closed items leave it", work},
		{"a message parked twice is one record", parked},
		{"a pair is proposed once", proposals},
		{"a playbook is published by one, and read whole", playbooks},
		{"progress and leases are kept", jobs},
		{"a broadcast is planned once, changed on its version, and listed", broadcasts},
		{"records are copies", copies},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open(t)) })
	}
}

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// name makes ids of this test that no other test uses, in the alphabet of leads.
func name(t *testing.T, i int) lead.ID {
	h := uint32(2166136261)
	for _, c := range t.Name() {
		h = (h ^ uint32(c)) * 16777619
	}
	return lead.ID(fmt.Sprintf("t%08x%06d", h, i))
}

func item(id lead.ID, version uint64, body string) ledger.Item {
	return ledger.Item{Lead: id, Version: version, Playbook: 3, Blob: []byte(body)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantConflict(t *testing.T, err error, what string) {
	t.Helper()
	if !errors.Is(err, store.ErrConflict) {
		t.Fatalf("%s: %v, want a conflict", what, err)
	}
}

func write(t *testing.T, s Store, items ...ledger.Item) {
	t.Helper()
	for _, w := range s.WriteLedgers(t.Context(), items) {
		must(t, w.Err)
	}
}

func read(t *testing.T, s Store, id lead.ID) ledger.Item {
	t.Helper()
	it, err := s.ReadLedger(t.Context(), id)
	must(t, err)
	return it
}

func sameItem(a, b ledger.Item) bool {
	return a.Lead == b.Lead && a.Version == b.Version && a.Playbook == b.Playbook && bytes.Equal(a.Blob, b.Blob) &&
		a.Band == b.Band && a.DueShard == b.DueShard && a.DueAt == b.DueAt
}

func fetch(t *testing.T, s Store) {
	a, b := name(t, 1), name(t, 2)
	ia, ib := store.IdentityOf("email", string(a)), store.IdentityOf("visitor", string(b))
	_, err := s.ClaimIdentities(t.Context(), []store.Identity{{Key: ia, Lead: a}, {Key: ib, Lead: b}})
	must(t, err)
	full := ledger.Item{Lead: a, Version: 1, Playbook: 7, Blob: []byte{0, 1, 255}, Band: "hot#07", DueShard: "1", DueAt: 77}
	write(t, s, full)
	must(t, s.WriteProfile(t.Context(), store.Profile{Lead: a, Body: []byte("profile")}))
	must(t, s.WriteRecipient(t.Context(), store.Recipient{ID: string(a), Body: []byte("recipient"), DueAt: 9}))

	w := store.Wanted{
		Identities: []store.IdentityKey{ia, ib, ia, store.IdentityOf("email", "nobody")}, Ledgers: []lead.ID{a, b, a},
		Profiles: []lead.ID{a, b}, Recipients: []string{string(a), string(b)}, Playbook: true, Strong: true,
	}
	for i := range 230 { // more than two calls hold
		w.Identities = append(w.Identities, store.IdentityOf("phone", fmt.Sprint(i)))
	}
	f, err := s.Fetch(t.Context(), w)
	must(t, err)
	if len(f.Identities) != 2 || f.Identities[ia] != a || f.Identities[ib] != b {
		t.Errorf("identities %v", f.Identities)
	}
	if len(f.Ledgers) != 1 || !sameItem(f.Ledgers[a], full) {
		t.Errorf("ledgers %v", f.Ledgers)
	}
	if p := f.Profiles[a]; len(f.Profiles) != 1 || string(p.Body) != "profile" || p.Version != 1 || p.Lead != a {
		t.Errorf("profiles %v", f.Profiles)
	}
	if r := f.Recipients[string(a)]; len(f.Recipients) != 1 || string(r.Body) != "recipient" || r.DueAt != 9 || r.ID != string(a) {
		t.Errorf("recipients %v", f.Recipients)
	}
	if _, err := s.ReadLedger(t.Context(), b); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a ledger that is not there: %v", err)
	}
	if _, err := s.LeadOf(t.Context(), store.IdentityOf("email", "nobody")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an identity that is not there: %v", err)
	}
	if id, err := s.LeadOf(t.Context(), ia); err != nil || id != a {
		t.Errorf("LeadOf = %v, %v", id, err)
	}
}

func ledgerTwice(t *testing.T, s Store) {
	id := name(t, 1)
	for _, it := range []ledger.Item{item(id, 1, "one"), item(id, 1, "one"), item(id, 2, "two"), item(id, 2, "two")} {
		write(t, s, it) // the repeated one is our own write, whose answer was lost
	}
	if got := read(t, s, id); !sameItem(got, item(id, 2, "two")) {
		t.Errorf("stored %+v", got)
	}
}

func ledgerStale(t *testing.T, s Store) {
	id := name(t, 1)
	write(t, s, item(id, 1, "one"))
	write(t, s, item(id, 2, "two"))
	for _, stale := range []ledger.Item{item(id, 1, "other"), item(id, 2, "other"), item(id, 4, "other")} {
		w := s.WriteLedgers(t.Context(), []ledger.Item{stale})[0]
		wantConflict(t, w.Err, fmt.Sprintf("version %d over 2", stale.Version))
		if !sameItem(w.Current, item(id, 2, "two")) {
			t.Errorf("the loser was told %+v", w.Current)
		}
	}
	gone := name(t, 2)
	w := s.WriteLedgers(t.Context(), []ledger.Item{item(gone, 2, "update of nothing")})[0]
	wantConflict(t, w.Err, "version 2 of nothing")
	if w.Current.Version != 0 {
		t.Errorf("the loser was told %+v of nothing", w.Current)
	}
	if got := read(t, s, id); !sameItem(got, item(id, 2, "two")) {
		t.Errorf("stored %+v", got)
	}
}

func ledgerPlaybook(t *testing.T, s Store) {
	id := name(t, 1)
	write(t, s, item(id, 1, "one"))
	old := item(id, 2, "old process")
	old.Playbook = 2
	wantConflict(t, s.WriteLedgers(t.Context(), []ledger.Item{old})[0].Err, "playbook 2 over 3")
	young := item(id, 2, "new process")
	young.Playbook = 4
	write(t, s, young)
	if got := read(t, s, id); !sameItem(got, young) {
		t.Errorf("stored %+v", got)
	}
}

func ledgerBatch(t *testing.T, s Store) {
	const n = 60
	var items []ledger.Item
	for i := range n {
		items = append(items, item(name(t, i), 1, "first"))
	}
	write(t, s, items[:n/2]...)
	for i := range items {
		items[i] = item(items[i].Lead, 2, "second")
	}
	for i, w := range s.WriteLedgers(t.Context(), items) {
		if i < n/2 {
			must(t, w.Err)
		} else {
			wantConflict(t, w.Err, "an update of nothing")
		}
	}
	for i := range n / 2 {
		if got := read(t, s, items[i].Lead); got.Version != 2 {
			t.Fatalf("ledger %d: %+v", i, got)
		}
	}
}

func ledgerRace(t *testing.T, s Store) {
	id := name(t, 1)
	write(t, s, item(id, 1, "one"))
	won := race(8, func(i int) error {
		return s.WriteLedgers(context.Background(), []ledger.Item{item(id, 2, fmt.Sprint("writer ", i))})[0].Err
	})
	if got := read(t, s, id); len(won) != 1 || string(got.Blob) != fmt.Sprint("writer ", won[0]) {
		t.Errorf("winners %v, stored %q", won, got.Blob)
	}
}

// race runs n at once and gives those that met no conflict; any other error is
// a winner, and so found.
func race(n int, act func(i int) error) []int {
	var mu sync.Mutex
	var won []int
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := act(i); !errors.Is(err, store.ErrConflict) {
				mu.Lock()
				defer mu.Unlock()
				if won = append(won, i); err != nil {
					won = append(won, -1)
				}
			}
		})
	}
	wg.Wait()
	return won
}

func identityRace(t *testing.T, s Store) {
	key, other := store.IdentityOf("email", string(name(t, 0))), store.IdentityOf("phone", string(name(t, 0)))
	owners := make([]lead.ID, 8)
	race(len(owners), func(i int) error {
		me := name(t, i+1)
		got, err := s.ClaimIdentities(context.Background(), []store.Identity{{Key: key, Lead: me}, {Key: key, Lead: me}, {Key: other, Lead: me}})
		if err == nil {
			owners[i] = got[0].Lead
			if got[1] != got[0] || got[0].Key != key || got[2].Key != other {
				owners[i] = "mixed up"
			}
		}
		return err
	})
	id, err := s.LeadOf(t.Context(), key)
	must(t, err)
	for i, o := range owners {
		if o != id {
			t.Errorf("claimer %d was told %q, stored is %q", i, o, id)
		}
	}
}

func merge(t *testing.T, s Store) {
	into, from := name(t, 1), name(t, 2)
	key := store.IdentityOf("visitor", string(from))
	_, err := s.ClaimIdentities(t.Context(), []store.Identity{{Key: key, Lead: from}})
	must(t, err)
	write(t, s, item(into, 1, "into"), item(from, 1, "from"))

	stale := store.Merge{Into: item(into, 2, "merged"), From: item(from, 3, "stale"), Move: []store.IdentityKey{key}}
	wantConflict(t, s.MergeLeads(t.Context(), stale), "a merge with a stale half")
	if got := read(t, s, into); got.Version != 1 {
		t.Fatalf("half a merge was stored: %+v", got)
	}
	taken := store.Merge{Into: item(into, 2, "merged"), From: item(from, 2, "moved"), Move: []store.IdentityKey{store.IdentityOf("visitor", "elsewhere")}}
	wantConflict(t, s.MergeLeads(t.Context(), taken), "a merge of an identity that is not theirs")

	m := store.Merge{Into: item(into, 2, "merged"), From: item(from, 2, "moved"), Move: []store.IdentityKey{key}}
	must(t, s.MergeLeads(t.Context(), m))
	must(t, s.MergeLeads(t.Context(), m)) // our own, whose answer was lost
	if a, b := read(t, s, into), read(t, s, from); string(a.Blob) != "merged" || string(b.Blob) != "moved" {
		t.Errorf("stored %q and %q", a.Blob, b.Blob)
	}
	if id, err := s.LeadOf(t.Context(), key); err != nil || id != into {
		t.Errorf("the identity belongs to %v, %v", id, err)
	}
	first := store.Merge{Into: item(name(t, 3), 1, "new"), From: item(from, 3, "moved on")}
	must(t, s.MergeLeads(t.Context(), first))
}
