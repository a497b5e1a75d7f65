package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// readRefs puts records on a shelf.
type readRefs func(refs []ledger.Ref, shelf ledger.Shelf) error

// readFrom reads history from a store.
func readFrom(ctx context.Context, s interface {
	ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error)
}) readRefs {
	return func(refs []ledger.Ref, shelf ledger.Shelf) error {
		got, err := s.ReadHistory(ctx, refs)
		for r, body := range got {
			shelf[r] = body
		}
		return err
	}
}

// settleNow reads what a ledger wants, and settles it.
func settleNow(m *ledger.Meters, s *ledger.State, shelf ledger.Shelf, read readRefs) error {
	for range maxWants {
		refs, err := s.Wants(m, shelf)
		if err != nil {
			return err
		}
		if len(refs) == 0 {
			return s.Settle(m, shelf)
		}
		if err := read(refs, shelf); err != nil {
			return err
		}
	}
	return fmt.Errorf("ledger of %s wants more after %d readings", s.Lead, maxWants)
}

// upgrade brings a ledger that an older playbook made under c: signals that are
// new are looked for in the log, registers follow other caps and half-lives,
// and what comes of it is decided quietly: nobody is told that rules changed.
// The records it gives must be put before the ledger.
func upgrade(ctx context.Context, books *Books, c *playbook.Compiled, s *ledger.State, p *lead.Profile, shelf ledger.Shelf, read readRefs, now time.Time) ([]ledger.Record, error) {
	news, err := newSignals(ctx, books, c, s.Playbook)
	if err != nil {
		return nil, err
	}
	var records []ledger.Record
	if len(news) > 0 {
		if records, err = lookBack(c, s, news, shelf, read); err != nil {
			return nil, err
		}
	}
	if err := settleNow(c.Rules.Meters(), s, shelf, read); err != nil {
		return nil, err
	}
	s.Profile = c.Set.Profile(p)
	conclude(c, s, nil, now, true)
	return records, nil
}

// newSignals are the activity signals that the older playbook did not have.
func newSignals(ctx context.Context, books *Books, c *playbook.Compiled, older uint32) ([]signal.Number, error) {
	old, err := books.Open(ctx, older)
	if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, ErrNoPlaybook) {
		return nil, err
	}
	var out []signal.Number
	for _, d := range c.Set.Definitions() {
		if d.Kind != signal.OnActivity {
			continue
		}
		if old != nil {
			if _, had := old.Set.Definition(d.Number); had {
				continue
			}
		}
		out = append(out, d.Number)
	}
	slices.Sort(out)
	return out, nil
}

// lookBack finds signals in the log of a lead and adds what the tally does not
// have of them yet. Done twice it adds nothing.
func lookBack(c *playbook.Compiled, s *ledger.State, news []signal.Number, shelf ledger.Shelf, read readRefs) ([]ledger.Record, error) {
	for {
		refs, err := s.LogRefs(shelf)
		if err != nil {
			return nil, err
		}
		if len(refs) == 0 {
			break
		}
		if err := read(refs, shelf); err != nil {
			return nil, err
		}
	}
	log, err := s.Log(shelf)
	if err != nil {
		return nil, err
	}
	have, err := s.Tally(shelf)
	if err != nil {
		return nil, err
	}
	cells, err := hitsOf(c, log, news)
	if err != nil {
		return nil, fmt.Errorf("look back at %s: %w", s.Lead, err)
	}
	for _, cell := range have {
		if _, is := slices.BinarySearch(news, cell.Signal); is {
			cell.Count = -cell.Count
			cells = append(cells, cell)
		}
	}
	records := s.Backfill(ledger.Sum(cells))
	for _, r := range records {
		shelf[r.Ref] = r.Body
	}
	return records, nil
}

// hitsOf matches the entries of a log against some signals.
func hitsOf(c *playbook.Compiled, log []ledger.Entry, only []signal.Number) ([]ledger.Cell, error) {
	revoked := map[uint64]bool{}
	for i := range log {
		if log[i].Revokes != 0 {
			revoked[log[i].Revokes] = true
		}
	}
	var cells []ledger.Cell
	var hits []signal.Number
	for i := range log {
		e := &log[i]
		if e.Revoked || revoked[e.Key] {
			continue
		}
		a, err := activityOf(c, e)
		if err != nil {
			return nil, err
		}
		hits = c.Set.Match(&a, hits[:0])
		for _, h := range hits {
			if _, is := slices.BinarySearch(only, h); is {
				cells = append(cells, ledger.Cell{Signal: h, Day: e.Day, Count: 1})
			}
		}
	}
	return cells, nil
}

// activityOf is what the log kept of an activity: all that conditions can name,
// but for source and identities, which are not kept.
func activityOf(c *playbook.Compiled, e *ledger.Entry) (activity.Activity, error) {
	properties, err := c.Dictionary.Unpack(e.Packed)
	if err != nil {
		return activity.Activity{}, err
	}
	return activity.Activity{
		Type: e.Type, At: time.Unix(e.At, 0).UTC(), Received: time.Unix(e.Received, 0).UTC(), Flags: e.Flags, Properties: properties,
	}, nil
}
