package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
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
	records, _, err := bring(ctx, books, c, s, shelf, read)
	if err != nil {
		return nil, err
	}
	c.Know(s, p)
	conclude(c, s, nil, now, decision.Rules)
	return records, nil
}

// bring makes the registers of a ledger follow c, and says what they were made
// of: as they were where no changed rule concerns this lead.
func bring(ctx context.Context, books *Books, c *playbook.Compiled, s *ledger.State, shelf ledger.Shelf, read readRefs) ([]ledger.Record, How, error) {
	old, err := books.Open(ctx, s.Playbook)
	if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, ErrNoPlaybook) {
		return nil, 0, err
	}
	if s.LookBack { // what was found in the log before may no longer be true
		old = nil
	}
	var records []ledger.Record
	how := FromRegisters
	if news := newSignals(c, old); len(news) > 0 {
		if records, err = lookBack(c, s, news, shelf, read); err != nil {
			return nil, 0, err
		}
		s.LookBack, how = false, FromLog
	} else if old != nil {
		s.Adopt(old.Rules.Meters(), c.Rules.Meters())
	}
	if how == FromRegisters && !s.Settled(c.Rules.Meters()) {
		how = FromTally
	}
	return records, how, settleNow(c.Rules.Meters(), s, shelf, read)
}

// newSignals are the activity signals that the older playbook did not have.
func newSignals(c, old *playbook.Compiled) []signal.Number {
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
	return out
}

// lookBack finds signals in the log of a lead and adds what the tally does not
// have of them yet. Done twice it adds nothing. Entries in the tail are given
// their hits; what lies in pages gets a record of its own.
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
	revoked := map[uint64]bool{}
	for i := range log {
		if log[i].Revokes != 0 {
			revoked[log[i].Revokes] = true
		}
	}
	var cells []ledger.Cell
	for i := range log {
		e := &log[i]
		hits, err := hitsOf(c, e, news)
		if err != nil {
			return nil, fmt.Errorf("look back at %s: %w", s.Lead, err)
		}
		if len(hits) > len(e.Hits) {
			s.Relabel(e.Key, hits)
		}
		if e.Revoked || revoked[e.Key] {
			continue
		}
		for _, h := range hits {
			if _, is := slices.BinarySearch(news, h); is {
				cells = append(cells, ledger.Cell{Signal: h, Day: e.Day, Count: 1})
			}
		}
	}
	have, err := s.Tally(shelf)
	if err != nil {
		return nil, err
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

// hitsOf are the hits of an entry together with those of only that its
// properties meet now.
func hitsOf(c *playbook.Compiled, e *ledger.Entry, only []signal.Number) ([]signal.Number, error) {
	a, err := activityOf(c, e)
	if err != nil {
		return nil, err
	}
	hits := slices.Clone(e.Hits)
	for _, h := range c.Set.Match(&a, nil) {
		if _, is := slices.BinarySearch(only, h); is {
			hits = append(hits, h)
		}
	}
	slices.Sort(hits)
	return slices.Compact(hits), nil
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
