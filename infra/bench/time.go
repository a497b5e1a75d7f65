package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// What time alone writes: points fade, bands, grades and audiences are left,
// silence becomes an answer. A nightly rescan would write every lead every
// night; the review writes those on whose day something follows.

const (
	leadsAYear  = 4000 // come alive in 365 days
	counted     = 30   // days
	ofAMillion  = 1_000_000.0
	comesAgain  = 5 // of so many leads, one comes back for another while
	whileInDays = 10
)

// A visit is one activity of one lead on its day.
type visit struct {
	who int
	at  time.Time
}

// lives gives what happens on each day of a year and thirty days: leads come
// at any time; half of them leave after a look or two, few stay long.
func lives(random *rand.Rand) (days [][]visit) {
	const all = 365 + counted
	days = make([][]visit, all)
	for who := range leadsAYear * all / 365 {
		born := random.Float64() * all
		for again := true; again; again = random.IntN(comesAgain) == 0 {
			size := 1 + random.IntN(3)
			switch n := random.IntN(100); {
			case n < 50:
			case n < 85:
				size = 4 + random.IntN(12)
			case n < 98:
				size = 16 + random.IntN(50)
			default:
				size = 66 + random.IntN(200)
			}
			for range size {
				day := born + random.ExpFloat64()*whileInDays
				if day < all {
					days[int(day)] = append(days[int(day)], visit{who, start.Add(time.Duration(day * 24 * float64(time.Hour)))})
				}
			}
			born += 30 + random.Float64()*90
		}
	}
	return days
}

// timeFigures count what the daily look writes in a month, in a town that went
// on for a year and goes on meanwhile.
func timeFigures(ctx context.Context, r *report) error {
	r.title("what time alone writes, example playbook")
	days := lives(rand.New(rand.NewPCG(11, 12)))
	w, err := newTown(ctx, memory.New(), leadsAYear*len(days)/365, nil)
	if err != nil {
		return err
	}
	var spent bill
	written, looked := 0.0, 0.0
	for day, visits := range days {
		var some []activity.Activity
		for _, v := range visits {
			some = append(some, w.people[v.who].business(v.at))
		}
		w.now = start.Add(time.Duration(day+1) * 24 * time.Hour)
		if err := w.takeIn(ctx, some); err != nil {
			return err
		}
		if err := w.settle(ctx); err != nil {
			return err
		}
		before := w.store.bill
		if err := w.review(ctx); err != nil {
			return err
		}
		if err := w.settle(ctx); err != nil {
			return err
		}
		if day >= len(days)-counted {
			x := w.store.bill.minus(before)
			spent = spent.plus(x)
			written += x.ledger
			looked += float64(w.leads())
		}
	}
	scale := ofAMillion / (looked / counted)
	r.note("time.leads simulated, alive in the last thirty days or before", looked/counted, fmt.Sprintf("(the figures are for 1,000,000: times %.0f)", scale))
	r.note("time.ledgers written in 30 days by a nightly rescan", ofAMillion*counted, "write units")
	r.note("time.ledgers written in 30 days by the review", written*scale, "write units, the clearing of what it decided included")
	r.note("time.all that follows: indexes, records of decisions", (spent.write()-written)*scale, "write units more, which a rescan would write too")
	r.most("time.written by time alone / nightly rescan", written/looked*100, "%", 5)
	return nil
}

// leads is how many there are.
func (w *town) leads() int {
	n := 0
	for _, p := range w.people {
		if p.done > 0 {
			n++
		}
	}
	return n
}
