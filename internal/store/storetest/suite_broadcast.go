package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/store"
)

func broadcasts(t *testing.T, s Store) {
	mark := string(name(t, 0))
	id := func(i int) string { return fmt.Sprintf("%s-%02d", mark, i) }
	if _, err := s.ReadBroadcast(t.Context(), id(1)); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("no such broadcast: %v", err)
	}
	for i := range 12 {
		must(t, s.WriteBroadcast(t.Context(), store.Broadcast{ID: id(i), Body: []byte("planned")}))
	}
	wantConflict(t, s.WriteBroadcast(t.Context(), store.Broadcast{ID: id(1), Body: []byte("another of that name")}), "a broadcast planned twice")
	must(t, s.WriteBroadcast(t.Context(), store.Broadcast{ID: id(1), Body: []byte("planned")})) // our own, whose answer was lost
	got, err := s.ReadBroadcast(t.Context(), id(1))
	must(t, err)
	if got.ID != id(1) || got.Version != 1 || string(got.Body) != "planned" {
		t.Fatalf("stored %+v", got)
	}
	cancelled, frozen := got, got
	cancelled.Body, frozen.Body = []byte("cancelled"), []byte("frozen")
	must(t, s.WriteBroadcast(t.Context(), cancelled))
	wantConflict(t, s.WriteBroadcast(t.Context(), frozen), "the freezing of one that was cancelled meanwhile")
	seen := map[string]string{}
	drain(t, func(page string) (int, string, error) {
		some, next, err := s.ListBroadcasts(t.Context(), 5, page)
		for _, b := range some {
			if strings.HasPrefix(b.ID, mark) {
				if seen[b.ID] != "" {
					t.Errorf("%s is listed twice", b.ID)
				}
				seen[b.ID] = string(b.Body)
			}
		}
		return len(some), next, err
	})
	if len(seen) != 12 || seen[id(1)] != "cancelled" || seen[id(2)] != "planned" {
		t.Errorf("listed %v", seen)
	}
}
