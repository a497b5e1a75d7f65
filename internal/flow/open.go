package flow

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// HistoryReader reads immutable records of ledgers.
type HistoryReader interface {
	ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error)
}

// OpenState reads a ledger item for looking at it under a playbook: settled,
// with what that needs of the history.
func OpenState(ctx context.Context, h HistoryReader, c *playbook.Compiled, item ledger.Item) (*ledger.State, error) {
	s, err := ledger.Decode(item)
	if err != nil {
		return nil, err
	}
	m := c.Rules.Meters()
	shelf := ledger.Shelf{}
	for {
		refs, err := s.Wants(m, shelf)
		if err != nil {
			return nil, fmt.Errorf("ledger of %s: %w", item.Lead, err)
		}
		if len(refs) == 0 {
			break
		}
		more, err := h.ReadHistory(ctx, refs)
		if err != nil {
			return nil, fmt.Errorf("history of %s: %w", item.Lead, err)
		}
		for ref, body := range more {
			shelf[ref] = body
		}
	}
	if err := s.Settle(m, shelf); err != nil {
		return nil, fmt.Errorf("ledger of %s: %w", item.Lead, err)
	}
	return s, nil
}

// Recent reads the newest entries of a lead's log, at least n where it has as
// many.
func Recent(ctx context.Context, h HistoryReader, s *ledger.State, n int) ([]ledger.Entry, error) {
	shelf := ledger.Shelf{}
	for {
		entries, missing, err := s.Recent(n, shelf)
		if err != nil {
			return nil, fmt.Errorf("log of %s: %w", s.Lead, err)
		}
		if len(missing) == 0 {
			return entries, nil
		}
		more, err := h.ReadHistory(ctx, missing)
		if err != nil {
			return nil, fmt.Errorf("log of %s: %w", s.Lead, err)
		}
		for _, ref := range missing {
			if more[ref] == nil {
				return nil, fmt.Errorf("log of %s: %v is pointed to and not there", s.Lead, ref)
			}
		}
		maps.Copy(shelf, more)
	}
}

// factsOf fills in what a step may ask of a lead's ledger.
func factsOf(ctx context.Context, h HistoryReader, c *playbook.Compiled, item ledger.Item, now time.Time, facts *nurture.Facts) error {
	s, err := OpenState(ctx, h, c, item)
	if err != nil {
		return err
	}
	today := c.Day(now)
	facts.Seen = func(name string, since time.Time) bool {
		for _, d := range c.Signals {
			if d.Name == name {
				f := c.Rules.Facts(s, today)
				defer f.Close()
				return f.Seen(d.Number, days(c.Day(since), today))
			}
		}
		return false
	}
	facts.InAudience = func(name string) bool {
		for i, a := range c.Rules.Config().Audiences {
			if a.Name == name {
				return s.Audience.Has(c.Rules.AudienceNumber(i))
			}
		}
		return false
	}
	facts.Persona = func() string { return c.Rules.Brief(s, today).Persona }
	return nil
}

// days counts from one day to another, both included.
func days(from, to activity.Day) int { return max(1, int(to-from)+1) }
