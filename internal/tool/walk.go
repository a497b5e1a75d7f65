package tool

import (
	"context"
	"fmt"
	"sync"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// WalkStore reads all leads.
type WalkStore interface {
	ScanLedgers(ctx context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error)
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
}

// walkSegments are read side by side, walkPage at a time.
const (
	walkSegments = 4
	walkPage     = 100
)

// WalkPrice says what a walk costs before it begins: a page of 100 ledgers is
// read for about 13 units and its recipients for 50, at 0.125 dollars a million.
const WalkPrice = "this reads every lead: about 0.6 read units each, 8 cents a million leads"

// Walk reads all leads that were not joined to another, in segments side by
// side, with their recipients (nil for who has none), and gives each to the
// caller, one at a time. tell hears how many were read so far.
func Walk(ctx context.Context, s WalkStore, tell func(read int), each func(*ledger.State, *nurture.Recipient) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	read := 0
	var wait sync.WaitGroup
	for segment := range walkSegments {
		wait.Go(func() {
			for page := ""; ; {
				items, next, err := s.ScanLedgers(ctx, segment, walkSegments, walkPage, page)
				if err == nil {
					err = walkOver(ctx, s, items, &mu, each)
				}
				if err != nil {
					stop(err)
					return
				}
				mu.Lock()
				read += len(items)
				if tell != nil {
					tell(read)
				}
				mu.Unlock()
				if page = next; page == "" {
					return
				}
			}
		})
	}
	wait.Wait()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("read all leads: %w", err)
	}
	return nil
}

func walkOver(ctx context.Context, s WalkStore, items []ledger.Item, mu *sync.Mutex, each func(*ledger.State, *nurture.Recipient) error) error {
	var states []*ledger.State
	var want store.Wanted
	for _, it := range items {
		st, err := ledger.Decode(it)
		if err != nil {
			return err
		}
		if st.MovedTo != "" {
			continue
		}
		states = append(states, st)
		if st.Known {
			want.Recipients = append(want.Recipients, string(st.Lead))
		}
	}
	found := map[lead.ID]*nurture.Recipient{}
	if len(want.Recipients) > 0 {
		got, err := s.Fetch(ctx, want)
		if err != nil {
			return err
		}
		for id, item := range got.Recipients {
			r, err := nurture.Decode(id, item.Body)
			if err != nil {
				return err
			}
			found[lead.ID(id)] = r
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, st := range states {
		if err := each(st, found[st.Lead]); err != nil {
			return err
		}
	}
	return nil
}
