package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/store"
)

func ranks(t *testing.T, s Store) {
	due := start.Add(2 * time.Hour).Unix()
	want := map[string]int{}
	for i, rank := range []int{0, 1, 9, 10, 120, 500, store.MaxRank} {
		r := store.Recipient{ID: string(name(t, i)), Body: []byte("x"), DueAt: due, Rank: rank}
		want[r.ID] = rank
		if i%2 == 0 {
			must(t, s.WriteRecipient(t.Context(), r))
		} else {
			must(t, s.WriteRecipients(t.Context(), []store.Recipient{r})[0].Err)
		}
		if got, err := s.ReadRecipient(t.Context(), r.ID); err != nil || got.Rank != rank || got.DueAt != due {
			t.Errorf("stored %+v, %v; wrote rank %d", got, err, rank)
		}
	}
	for _, at := range []int64{due - 1, due} {
		found := 0
		for shard := range store.DueShards {
			drain(t, func(page string) (int, string, error) {
				rows, next, err := s.DueRecipients(t.Context(), shard, time.Unix(at, 0), 3, page)
				for _, d := range rows {
					if rank, mine := want[d.ID]; mine {
						found++
						if d.Rank != rank || d.At != due {
							t.Errorf("the index says %+v, wrote rank %d at %d", d, rank, due)
						}
					}
				}
				return len(rows), next, err
			})
		}
		if want := map[bool]int{true: len(want)}[at == due]; found != want {
			t.Errorf("at %d seconds before it is due: %d found, want %d", due-at, found, want)
		}
	}
	id := string(name(t, 4))
	must(t, s.WriteRecipient(t.Context(), store.Recipient{ID: id, Version: 1, Body: []byte("x"), DueAt: due}))
	if got, err := s.ReadRecipient(t.Context(), id); err != nil || got.Rank != 0 || got.DueAt != due {
		t.Errorf("without a rank again: %+v, %v", got, err)
	}
}

func sendingState(t *testing.T, s Store) {
	was, err := s.ReadSending(t.Context())
	must(t, err)
	x := store.Sending{Version: was.Version, Body: fmt.Append(nil, t.Name(), was.Version)}
	must(t, s.WriteSending(t.Context(), x))
	must(t, s.WriteSending(t.Context(), x)) // our own, whose answer was lost
	wantConflict(t, s.WriteSending(t.Context(), store.Sending{Version: was.Version, Body: []byte("other")}), "a stale state")
	got, err := s.ReadSending(t.Context())
	must(t, err)
	if got.Version != was.Version+1 || string(got.Body) != string(x.Body) {
		t.Errorf("stored %+v, wrote %+v", got, x)
	}
}

func unknownSends(t *testing.T, s Store) {
	mine := map[store.UnknownSend]int{}
	for i := range 7 {
		u := store.UnknownSend{Recipient: string(name(t, i)), Send: "abc", Mail: "tips", Track: "welcome", Step: "second", At: start.Unix()}
		mine[u] = 0
		must(t, s.NoteUnknown(t.Context(), u))
		must(t, s.NoteUnknown(t.Context(), u))
	}
	list := func() {
		drain(t, func(page string) (int, string, error) {
			rows, next, err := s.ListUnknown(t.Context(), 3, page)
			for _, u := range rows {
				if _, ok := mine[u]; ok {
					mine[u]++
				}
			}
			return len(rows), next, err
		})
	}
	list()
	for u, n := range mine {
		if n != 1 {
			t.Errorf("%+v is listed %d times", u, n)
		}
		must(t, s.DropUnknown(t.Context(), u))
		must(t, s.DropUnknown(t.Context(), u))
	}
	list()
	for u, n := range mine {
		if n != 1 {
			t.Errorf("%+v is listed after it was dropped", u)
		}
	}
}
