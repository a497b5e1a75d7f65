package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// firstFigures are those of things that come once.
func firstFigures(ctx context.Context, r *report) error {
	r.title("what comes once (units written)")
	anonymous := func(p *person, at time.Time) activity.Activity {
		return p.act(activity.PageViewed, at, text("path", "/"), text("utm_source", "google"))
	}
	for _, x := range []struct {
		name string
		must float64
		do   doing
	}{
		{"line.first activity of an anonymous visitor", 3, anonymous},
		{"line.first activity of a form", 8, business},
	} {
		l, err := live(ctx, 200, 1, 1, 2, nil, x.do)
		if err != nil {
			return err
		}
		b := l.rounds[0].each(200)
		r.most(x.name, b.write(), "write units", x.must)
		r.note(x.name+": ledger, index, people", b.ledger, fmt.Sprintf("+ %.2f + %.2f", b.index, b.people))
	}
	return followFigures(ctx, r)
}

// followFigures are those of what follows from activities: decisions and their
// way through the indexes, and the daily look at leads that only time changed.
func followFigures(ctx context.Context, r *report) error {
	const people = 200
	w, err := newTown(ctx, memory.New(), people, nil)
	if err != nil {
		return err
	}
	half := 12 * time.Hour
	for range 20 {
		if _, err := w.round(ctx, 1, half, business); err != nil {
			return err
		}
	}
	sent := w.deliveries.sent
	w.settled = bill{}
	spent, err := w.round(ctx, 1, half, func(p *person, at time.Time) activity.Activity { return p.form("demo", at) })
	if err != nil {
		return err
	}
	n := float64(w.deliveries.sent - sent)
	r.note("line.decision: written for it by ingest, dispatch and rescore", (spent.index+w.settled.write())/n,
		fmt.Sprintf("write units (%.2f decisions a lead that asks for a demo)", n/people))
	if spent.moves > 0 {
		r.note("line.index move", (spent.index+w.settled.index)/float64(spent.moves+w.settled.moves), "write units (a key comes or goes 1, moves 2)")
	}

	w.now = w.now.Add(60 * 24 * time.Hour)
	before := w.store.bill
	if err := w.review(ctx); err != nil {
		return err
	}
	b := w.store.bill.minus(before)
	r.note("line.review: looking at a lead", b.read/people, "read units")
	r.note("line.review: leads that 60 days of silence changed", b.ledger/people*100, "%")
	r.note("line.review: written for such a lead", b.write()/b.ledger, "write units (decisions included)")
	return nil
}
