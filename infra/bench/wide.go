package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// Playbooks with many rules: a business with a thousand pages has a rule for
// each, and a lead meets those of the ten that it reads.

const pagesRead = 10

// wide is the example playbook with so many rules instead of its own, each with
// points, a cap and a half-life.
func wide(rules int) (*playbook.Playbook, error) {
	p, err := example()
	if err != nil {
		return nil, err
	}
	out := &playbook.Playbook{
		Format: p.Format, Number: 1, Name: "wide", Zone: p.Zone, Business: p.Business, Fields: append([]string{"path"}, decision.Fields()...),
		Score: score.Config{
			Bands: []score.Band{{Name: "cold"}, {Name: "warm", From: 20}, {Name: "hot", From: 50}}, Engagement: score.Limits{Min: -30, Max: 80},
			Fit: score.Limits{Min: -40, Max: 40}, Grades: p.Score.Grades,
		},
	}
	out.Nurture.Zone = p.Zone
	for i := range rules {
		n := signal.Number(i + 1)
		out.Signals = append(out.Signals, signal.Definition{
			Number: n, Name: fmt.Sprint("page_", i), Kind: signal.OnActivity, Types: []activity.Type{activity.PageViewed},
			Where: &signal.Condition{Op: signal.Prefix, Field: "path", Values: signal.Texts(fmt.Sprintf("/page-%d/", i))},
		})
		out.Score.Points = append(out.Score.Points, score.Points{Signal: n, Points: 1 + i%7, PerDay: 7 + i%7, HalfLife: []int{7, 10, 14, 21}[i%4]})
	}
	return out, nil
}

// wideFigures compare what a lead of a usual age costs under ten rules and
// under a thousand.
func wideFigures(ctx context.Context, r *report) error {
	r.title("a playbook of many rules: a lead meets ten of them")
	const people, age = 40, 200
	units := map[int]float64{}
	for _, rules := range []int{pagesRead, 1000} {
		p, err := wide(rules)
		if err != nil {
			return err
		}
		w, err := newTownOf(ctx, p, memory.New(), people, nil)
		if err != nil {
			return err
		}
		reads := func(p *person, at time.Time) activity.Activity {
			page := (p.n*37 + p.random.IntN(pagesRead)) % rules
			return p.act(activity.PageViewed, at, text("path", fmt.Sprintf("/page-%d/x", page)), text("utm_source", "google"))
		}
		var sum bill
		for done := range age {
			b, err := w.round(ctx, 1, 12*time.Hour, reads)
			if err != nil {
				return err
			}
			if done >= age/2 { // from 100 to 200: each kind of merge comes once
				sum = sum.plus(b)
			}
		}
		units[rules] = sum.each(people * age / 2).write()
		r.note(fmt.Sprintf("wide.write %d rules", rules), units[rules], wu)
	}
	r.most("wide.write 1,000 rules / 10", units[1000]/units[pagesRead], "x", 1.10)
	return nil
}
