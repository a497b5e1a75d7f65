package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
)

// PastStore is what a look at a past day reads.
type PastStore interface {
	HistoryReader
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	ListPlaybooks(ctx context.Context, limit int, page string) ([]store.Pointer, string, error)
	ListDecisions(ctx context.Context, id lead.ID, page string) ([]store.Decision, string, error)
}

// Past is a lead as of a day.
type Past struct {
	Book  *playbook.Compiled
	State *ledger.State // for looking at, not for storing
	Card  score.Card
	Log   []ledger.Entry // what counts, the oldest first
}

// AsOf gives the card of a lead that was shown on a day: made of what had been
// received by its end, under the playbook of then. With hindsight it is what is
// known today about that day: everything that was done by its end, whenever it
// came, without what was revoked since, under the playbook of today.
//
// The stage of a lead is moved by decisions, so its life is told again from the
// first entry, with each publish in its place; where decisions were recorded,
// the stage is the one they say, since the log does not hold since when a lead
// was known. An absorbed lead counts from when it was joined.
func AsOf(ctx context.Context, st PastStore, open func(ctx context.Context, number uint32) (*playbook.Compiled, error), item ledger.Item, day activity.Day, hindsight bool) (Past, error) {
	versions, err := versionsOf(ctx, st)
	if err != nil {
		return Past{}, err
	}
	if len(versions) == 0 {
		return Past{}, ErrNoPlaybook
	}
	newest, err := open(ctx, versions[len(versions)-1].Number)
	if err != nil {
		return Past{}, err
	}
	now, err := ledger.Decode(item)
	if err != nil {
		return Past{}, err
	}
	log, err := wholeLog(ctx, st, now)
	if err != nil {
		return Past{}, err
	}
	p := &retelling{ctx: ctx, open: open, versions: versions, newest: newest, now: now, end: startOf(day+1, newest.Zone)}
	all := map[uint64]bool{}
	for i := range log {
		all[log[i].Key] = true
	}
	if hindsight {
		p.versions = versions[len(versions)-1:]
		log = known(log, day)
	} else {
		noted, err := mergesOf(ctx, st, now.Lead, log)
		if err != nil {
			return Past{}, err
		}
		log = arrived(log, p.end, noted)
	}
	if err := p.lookUp(st, log, all); err != nil {
		return Past{}, err
	}
	if err := p.tell(log); err != nil {
		return Past{}, fmt.Errorf("lead %s as of %s: %w", now.Lead, day, err)
	}
	if !hindsight {
		if err := p.standAs(st); err != nil {
			return Past{}, err
		}
	}
	out := Past{Book: p.c, State: p.s, Card: p.c.Rules.Card(p.s, day)}
	revoked := map[uint64]bool{} // by then
	for i := range p.done {
		revoked[p.done[i].Revokes] = true
	}
	for i := range p.done {
		e := p.done[i].Entry
		e.Revoked = revoked[e.Key]
		out.Log = append(out.Log, e)
	}
	slices.SortStableFunc(out.Log, func(a, b ledger.Entry) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Key, b.Key)) })
	return out, nil
}

// startOf is the first instant of a day of the business's calendar.
func startOf(day activity.Day, zone *time.Location) time.Time {
	d := day.Date()
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, zone)
}

// versionsOf lists what was published, the oldest first.
func versionsOf(ctx context.Context, st PastStore) ([]store.Pointer, error) {
	var all []store.Pointer
	for page := ""; ; {
		some, next, err := st.ListPlaybooks(ctx, 100, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if page = next; page == "" {
			slices.Reverse(all)
			return all, nil
		}
	}
}
