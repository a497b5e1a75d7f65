package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// What becomes of a quiet decision, as its record keeps it.
const (
	doneTold   = "told"   // a person had it carried out after all
	donePassed = "passed" // a person let it be
)

// QuietStore keeps the list of quiet decisions.
type QuietStore interface {
	ListQuiet(ctx context.Context, shard int, prefix string, limit int, page string) ([]store.QuietRow, string, error)
	ReadDecisions(ctx context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error)
	// WriteDecisions stores each if the stored version is its Version: nil,
	// ErrConflict or what went wrong for each.
	WriteDecisions(ctx context.Context, ds []store.Decision) []error
}

// Quiet is what was decided because rules or data changed, and who says what
// becomes of it.
type Quiet struct {
	store QuietStore
	queue Outbox // deliveries
}

// NewQuiet makes the flow. deliveries may be nil for one that only lists.
func NewQuiet(s QuietStore, deliveries Outbox) *Quiet { return &Quiet{store: s, queue: deliveries} }

// QuietEntry is one place on the list.
type QuietEntry struct {
	store.DecisionKey
	Playbook uint32
	Cause    decision.Cause
	Total    int // of the card at the time
}

// quietRank orders the list: the playbook, why, what, and the best leads first.
func quietRank(s *ledger.State, p ledger.Pending) string {
	r, err := decision.DecodeReason(p.Reason)
	if err != nil {
		r = decision.Reason{Total: s.Total} // it is listed in any case
	}
	return fmt.Sprintf("%s%s#%s#%06d#%s", quietOf(s.Playbook), r.Quiet, p.Kind, topTotal-r.Total, p.Name)
}

// topTotal is more than any total, so that differences from it are written with
// six digits and ascend.
const topTotal = 500_000

func quietOf(number uint32) string { return fmt.Sprintf("%010d#", number) }

func readRank(row store.QuietRow) (QuietEntry, error) {
	parts := strings.SplitN(row.Rank, "#", 5)
	if len(parts) != 5 {
		return QuietEntry{}, fmt.Errorf("quiet list: rank %q of %s is not one of ours", row.Rank, row.DecisionKey)
	}
	number, err := strconv.ParseUint(parts[0], 10, 32)
	rest, err2 := strconv.Atoi(parts[3])
	if err := errors.Join(err, err2); err != nil {
		return QuietEntry{}, fmt.Errorf("quiet list: rank %q of %s: %w", row.Rank, row.DecisionKey, err)
	}
	return QuietEntry{DecisionKey: row.DecisionKey, Playbook: uint32(number), Cause: decision.Cause(parts[1]), Total: topTotal - rest}, nil
}

// List gives what is on the list, of one playbook or, with 0, of all: the newest
// playbook first, by what it is, the best leads first. It reads an index, about
// 8,000 places a call, and it may be a moment behind.
func (q *Quiet) List(ctx context.Context, number uint32) ([]QuietEntry, error) {
	prefix := ""
	if number != 0 {
		prefix = quietOf(number)
	}
	var out []QuietEntry
	for shard := range store.QuietShards {
		for page := ""; ; {
			rows, next, err := q.store.ListQuiet(ctx, shard, prefix, 0, page) // as many as a call gives
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				e, err := readRank(row)
				if err != nil {
					return nil, err
				}
				out = append(out, e)
			}
			if page = next; page == "" {
				break
			}
		}
	}
	slices.SortFunc(out, func(a, b QuietEntry) int {
		return cmp.Or(cmp.Compare(b.Playbook, a.Playbook), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(b.Total, a.Total), cmp.Compare(a.Lead, b.Lead), cmp.Compare(a.N, b.N))
	})
	return out, nil
}

// Said is what became of quiet decisions.
type Said struct {
	Told, Passed int
	// Before had been told or passed already, by another call or by one of ours
	// that ended in the middle; what was told is queued again, which is harmless.
	Before int
}

// Tell carries out decisions of the list after all: each record becomes one that
// is told, by who and when, on the condition that nobody has said anything yet;
// then its message is queued, and deliver takes it off the list. Where it ends in
// between, it may be called again.
func (q *Quiet) Tell(ctx context.Context, keys []store.DecisionKey, by string, now time.Time) (Said, error) {
	return q.say(ctx, keys, func(d *store.Decision) error {
		m, err := DecodeDelivery(d.Body)
		if err != nil {
			return err
		}
		m.Quiet = false
		d.Quiet, d.Body, d.By = false, m.Encode(), by
		d.Done = with(d.Done, doneTold, now.Unix())
		return nil
	})
}

// Pass takes decisions off the list: nobody is ever told of them.
func (q *Quiet) Pass(ctx context.Context, keys []store.DecisionKey, by string, now time.Time) (Said, error) {
	return q.say(ctx, keys, func(d *store.Decision) error {
		d.Rank, d.By, d.Done = "", by, with(d.Done, donePassed, now.Unix())
		return nil
	})
}

// Open gives those of the decisions, in their order and at most so many, of
// which nobody has said anything yet.
func (q *Quiet) Open(ctx context.Context, keys []store.DecisionKey, most int) ([]store.DecisionKey, error) {
	var out []store.DecisionKey
	for part := range slices.Chunk(keys, scanPage) {
		have, err := q.store.ReadDecisions(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, key := range part {
			if d := have[key]; d.Rank != "" && d.Done[doneTold] == 0 {
				out = append(out, key)
			}
			if len(out) == most {
				return out, nil
			}
		}
	}
	return out, nil
}

func (q *Quiet) say(ctx context.Context, keys []store.DecisionKey, change func(*store.Decision) error) (Said, error) {
	var said Said
	for part := range slices.Chunk(keys, scanPage) {
		for try := 0; len(part) > 0; try++ {
			if try == tries {
				return said, fmt.Errorf("%d decisions were written by others %d times over, call it again: %w", len(part), tries, store.ErrConflict)
			}
			var err error
			if part, err = q.sayOnce(ctx, part, change, &said); err != nil {
				return said, fmt.Errorf("call it again, what was done is not done twice: %w", err)
			}
		}
	}
	return said, nil
}

// sayOnce changes what can be changed and gives the decisions that somebody else
// wrote meanwhile. That need not have been a word on them, so they are looked at
// again.
func (q *Quiet) sayOnce(ctx context.Context, keys []store.DecisionKey, change func(*store.Decision) error, said *Said) (again []store.DecisionKey, err error) {
	have, err := q.store.ReadDecisions(ctx, keys)
	if err != nil {
		return nil, err
	}
	var write []store.Decision
	var bodies [][]byte
	for _, key := range slices.SortedFunc(maps.Keys(have), func(a, b store.DecisionKey) int { return cmp.Compare(a.String(), b.String()) }) {
		d := have[key]
		switch {
		case d.Rank == "":
			said.Before++
		case d.Done[doneTold] != 0: // and on its way: or its message was never queued
			said.Before++
			bodies = append(bodies, d.Body)
		default:
			if err := change(&d); err != nil {
				return nil, fmt.Errorf("decision %s: %w", key, err)
			}
			write = append(write, d)
		}
	}
	var errs []error
	for i, err := range q.store.WriteDecisions(ctx, write) {
		switch {
		case err == nil && write[i].Rank == "":
			said.Passed++
		case err == nil:
			said.Told++
			bodies = append(bodies, write[i].Body)
		case errors.Is(err, store.ErrConflict):
			again = append(again, write[i].DecisionKey)
		default:
			errs = append(errs, err)
		}
	}
	if len(bodies) > 0 {
		if err := q.queue.SendAll(ctx, bodies); err != nil {
			errs = append(errs, err)
		}
	}
	return again, errors.Join(errs...)
}
