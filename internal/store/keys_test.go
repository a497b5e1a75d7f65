package store_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

func TestADecisionKeyIsReadBackFromItsWordAndFromItsRecord(t *testing.T) {
	for _, k := range []store.DecisionKey{
		{Lead: "aaaaaaaaaaaaaaaa", Kind: "handover", N: 1},
		{Lead: "aaaaaaaaaaaaaaaa", Kind: "enroll", Subject: "خوش‌آمد", N: 12},
		{Lead: "aaaaaaaaaaaaaaaa", Kind: "stage", Subject: "a/b#c", N: 3},
	} {
		if got, err := store.ParseDecisionKey(k.String()); err != nil || got != k {
			t.Errorf("%s came back as %+v, %v", k, got, err)
		}
		if got, err := store.DecisionOfKey(k.Key()); err != nil || got != k {
			t.Errorf("%v came back as %+v, %v", k.Key(), got, err)
		}
	}
	for _, s := range []string{"", "a/b", "a/b/c/x", "a/b/c/0", "a/b/c/-1", "a/b/c/"} {
		if k, err := store.ParseDecisionKey(s); err == nil {
			t.Errorf("%q was read as %+v", s, k)
		}
	}
}

func TestTheKeysOfEntitiesDoNotMeet(t *testing.T) {
	people := []string{store.IdentityOf("email", "h").Key(), store.ProfileKey("email#h"), store.RecipientKey("email#h"), store.SuppressionKey("email#h")}
	slices.Sort(people)
	if len(slices.Compact(people)) != 4 {
		t.Errorf("people: %v", people)
	}
	at := time.Date(2026, 11, 24, 23, 59, 59, 0, time.FixedZone("Tehran", 12600))
	if k := (store.Parked{At: at, ID: "x"}).Key(); k.K != "parked#2026-11-24" || k.R != "202959#x" {
		t.Errorf("parked under %v", k)
	}
	if a, b := (store.Proposal{A: "a", B: "b"}).Key(), (store.Proposal{A: "b", B: "a"}).Key(); a != b {
		t.Errorf("a pair has two keys: %v, %v", a, b)
	}
}

func TestShardsAreSpreadAndStay(t *testing.T) {
	counts := map[string]int{}
	for i := range 10_000 {
		id := lead.IDOf(lead.ByEmail, string(rune('a'+i%26))+strings.Repeat("x", i/26))
		counts[store.BandKey("hot", id)]++
		counts["due "+store.DueShard(string(id))]++
		if store.BandKey("hot", id) != store.BandKey("hot", id) || store.BandOf(store.BandKey("hot", id)) != "hot" {
			t.Fatal("a lead changes its shard")
		}
	}
	for shard := range store.BandShards {
		if n := counts[store.BandShardKey("hot", shard)]; n < 700 || n > 1300 {
			t.Errorf("%d of 10,000 in shard %d of %d", n, shard, store.BandShards)
		}
	}
	for _, shard := range []string{"0", "1"} {
		if n := counts["due "+shard]; n < 4500 || n > 5500 {
			t.Errorf("%d of 10,000 in due shard %s", n, shard)
		}
	}
}

func TestAPackedPlaybookIsUnpacked(t *testing.T) {
	body := make([]byte, 900<<10)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(body)
	p := store.Playbook{Pointer: store.Pointer{Number: 7}, Compiled: body, Archive: []byte("source")}
	chunks, err := store.Pack(&p)
	if err != nil || p.Chunks < 3 || p.Pointer.Source != 1 || p.Hash == "" {
		t.Fatalf("%+v, %v", p.Pointer, err)
	}
	var bodies [][]byte
	for _, c := range chunks[:p.Chunks] {
		if len(c.Body) > 380<<10 {
			t.Errorf("a chunk of %d bytes does not fit an item", len(c.Body))
		}
		bodies = append(bodies, c.Body)
	}
	if got, err := store.Unpack(bodies); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if _, err := store.Unpack(bodies[1:]); err == nil {
		t.Error("half a playbook was taken")
	}
	other := store.Playbook{Pointer: store.Pointer{Number: 7}, Compiled: []byte("another")}
	more, err := store.Pack(&other)
	if err != nil || more[0].Key == chunks[0].Key {
		t.Errorf("two contents under one key %v, %v", more[0].Key, err)
	}
	if _, err := store.Pack(&store.Playbook{Pointer: store.Pointer{Number: 1}}); err == nil {
		t.Error("an empty playbook was taken")
	}
	noise := make([]byte, 6<<20)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(noise)
	if _, err := store.Pack(&store.Playbook{Pointer: store.Pointer{Number: 1}, Compiled: noise}); err == nil {
		t.Error("a playbook that is too large was taken")
	}
}
