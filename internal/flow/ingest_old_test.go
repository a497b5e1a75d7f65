package flow

import (
	"context"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// behind is a store whose eventual reads see no ledger as it was last written.
type behind struct {
	*memory.Store
	was map[lead.ID]ledger.Item // nothing where there was none before
}

func (b *behind) Fetch(ctx context.Context, w store.Wanted) (store.Found, error) {
	f, err := b.Store.Fetch(ctx, w)
	if !w.Strong {
		for id := range f.Ledgers {
			if was, ok := b.was[id]; ok {
				f.Ledgers[id] = was
			} else {
				delete(f.Ledgers, id)
			}
		}
	}
	return f, err
}

func (b *behind) WriteLedgers(ctx context.Context, items []ledger.Item) []store.Written[ledger.Item] {
	for _, it := range items {
		if was, err := b.Store.ReadLedger(ctx, it.Lead); err == nil {
			b.was[it.Lead] = was
		}
	}
	return b.Store.WriteLedgers(ctx, items)
}

func TestAnOldReadMakesNoTwoPeopleOfOneBrowserOne(t *testing.T) {
	post := func(id, address string) activity.Activity {
		return act(id, activity.FormPosted, activity.Who{Email: address, Visitor: visitor}, "form", "ebook")
	}
	for _, c := range []struct {
		name   string
		before []activity.Activity
	}{
		{"the second is new", []activity.Activity{post("1", email)}},
		{"the second is known from elsewhere", []activity.Activity{post("1", email), act("2", activity.CallAnswered, activity.Who{Email: other})}},
		{"the second is known, and the first looked around before", []activity.Activity{
			act("2", activity.CallAnswered, activity.Who{Email: other}), act("3", activity.PageViewed, activity.Who{Visitor: visitor}, "path", "/x"), post("1", email)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLine(t)
			l.ingest = l.worker(&behind{Store: l.mem, was: map[lead.ID]ledger.Item{}})
			for _, a := range c.before {
				l.take(a)
			}
			got := l.take(post("4", other))
			a, b := l.leadOf(lead.ByEmail, email), l.leadOf(lead.ByEmail, other)
			if a == b || got.Merges != 0 || l.leadOf(lead.ByVisitor, visitor) != a {
				t.Errorf("%s is %s, %s is %s, the browser belongs to %s: %+v", email, a, other, b, l.leadOf(lead.ByVisitor, visitor), got)
			}
			if s := l.state(b); !s.Known || s.MovedTo != "" {
				t.Errorf("the second is %+v", s)
			}
		})
	}
}
