package flow

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// DueReport is what a due tick found.
type DueReport struct {
	Leads, Cleared, Requeued int
	// Oldest is how long the one who waited longest was overdue.
	Oldest time.Duration
}

// Due looks at leads whose pending decisions have waited long enough: those
// with a record are taken out of the ledger, those without were lost on the way
// and are queued again. It bears repetition, and being run twice at once.
func (r *Rescore) Due(ctx context.Context, log *slog.Logger, now time.Time, short func() bool) (DueReport, error) {
	var rep DueReport
	for shard := range store.DueShards {
		for page := ""; ; {
			due, next, err := r.store.DueLedgers(ctx, shard, now, scanPage, page)
			if err != nil {
				return rep, err
			}
			if err := r.clear(ctx, log, due, now, &rep); err != nil {
				return rep, err
			}
			if page = next; page == "" {
				break
			}
			if short() {
				log.Warn("out of time: the next tick goes on", "done", rep.Leads)
				return rep, nil
			}
		}
	}
	return rep, nil
}

// clear settles the pending decisions of one page of leads.
func (r *Rescore) clear(ctx context.Context, log *slog.Logger, due []store.Due, now time.Time, rep *DueReport) error {
	if len(due) == 0 {
		return nil
	}
	w := store.Wanted{Strong: true}
	for _, d := range due {
		rep.Oldest = max(rep.Oldest, now.Sub(time.Unix(d.At, 0)))
		w.Ledgers = append(w.Ledgers, lead.ID(d.ID))
	}
	found, err := r.store.Fetch(ctx, w)
	if err != nil {
		return err
	}
	var states []*ledger.State
	seen := map[lead.ID]bool{}
	for _, d := range due {
		it, ok := found.Ledgers[lead.ID(d.ID)]
		if !ok || seen[it.Lead] || it.DueShard == "" || it.DueAt > now.Unix() {
			continue // the index lags behind
		}
		seen[it.Lead] = true
		s, err := ledger.Decode(it)
		if err != nil {
			log.Error("pending decisions stay", "lead", it.Lead, "error", err.Error())
			continue
		}
		states = append(states, s)
	}
	missing, err := r.dispatch.missing(ctx, states)
	if err != nil {
		return err
	}
	if err := r.dispatch.hand(ctx, log, missing); err != nil {
		return err
	}
	var items []ledger.Item
	for _, s := range states {
		lost, recorded := missing.of(s)
		item, err := ledger.Item{}, missing.err(s)
		if err == nil {
			item, err = r.cleared(ctx, s)
		}
		if err != nil {
			log.Error("pending decisions stay", "lead", s.Lead, "error", err.Error())
			continue
		}
		rep.Leads++
		rep.Cleared += recorded
		rep.Requeued += lost
		items = append(items, item)
	}
	if len(items) == 0 {
		return nil
	}
	for i, res := range r.store.WriteLedgers(ctx, items) {
		if res.Err != nil && !errors.Is(res.Err, store.ErrConflict) { // a conflict: the next tick looks again
			log.Error("pending decisions stay", "lead", items[i].Lead, "error", res.Err.Error())
		}
	}
	return nil
}

// cleared is the item of a lead without its pending decisions: all have a record.
func (r *Rescore) cleared(ctx context.Context, s *ledger.State) (ledger.Item, error) {
	s.Pending, s.DueShard, s.DueAt = nil, "", 0
	// Nothing is scored here, so the item stays with the playbook that made it.
	c, err := r.books.Open(ctx, s.Playbook)
	if err != nil {
		return ledger.Item{}, err
	}
	m, shelf := c.Rules.Meters(), ledger.Shelf{}
	if err := settleNow(m, s, shelf, readFrom(ctx, r.store)); err != nil {
		return ledger.Item{}, err
	}
	item, records, err := s.Finish(m, shelf)
	if err != nil || len(records) == 0 {
		return item, err
	}
	return item, r.store.PutHistory(ctx, records)
}
