package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

const (
	wu = "write units an activity"
	ru = "read units an activity"
)

// doing is what the people of a town do.
type doing func(p *person, at time.Time) activity.Activity

// life is the bills of a town's rounds, by age: after round i each lead has
// k·(i+1) activities.
type life struct {
	people, k int
	rounds    []bill
	decided   bill
}

// live lets people live to an age, in memory, through the real ingest.
func live(ctx context.Context, people, k, age int, perDay float64, calls []activity.Activity, do doing) (*life, error) {
	w, err := newTown(ctx, memory.New(), people, calls)
	if err != nil {
		return nil, err
	}
	l := &life{people: people, k: k}
	for range age / k {
		b, err := w.round(ctx, k, time.Duration(24/perDay*float64(time.Hour)), do)
		if err != nil {
			return nil, err
		}
		l.rounds = append(l.rounds, b)
	}
	l.decided = w.settled
	return l, nil
}

// between is the bill of an activity at the ages from first to last.
func (l *life) between(first, last int) bill {
	var sum bill
	n := 0
	for i, b := range l.rounds {
		if age := (i + 1) * l.k; age > first && age <= last {
			sum = sum.plus(b)
			n += l.people * l.k
		}
	}
	return sum.each(float64(n))
}

// octave is the bill at an age: runs double, so that only from 0.7 to 1.4 times
// the age each kind of merge comes once.
func (l *life) octave(age int) bill { return l.between(age*100/141, age*141/100) }

func business(p *person, at time.Time) activity.Activity { return p.business(at) }
func demo(p *person, at time.Time) activity.Activity     { return p.demo(at) }

// lineFigures are those of the whole line: the real ingest with the example
// business's playbook, on a store in memory whose bill the engine's is compared
// with in engineFigures.
func lineFigures(ctx context.Context, r *report) error {
	calls, err := demoCalls(500)
	if err != nil {
		return err
	}
	r.title("the line: real ingest, playbook of the example business, leads of 100 to 1,000 activities")
	for _, x := range []struct {
		name string
		do   doing
	}{{"business", business}, {"demo calls", demo}} {
		for _, k := range []int{1, 8} {
			must := 1.30
			if k == 8 {
				must = 0.35
			}
			l, err := live(ctx, 100, k, 1000, 2, calls, x.do)
			if err != nil {
				return err
			}
			b := l.between(100, 1000)
			name := fmt.Sprintf("line.write k=%d %s", k, x.name)
			r.most(name, b.write(), wu, must)
			r.note(name+": ledger, index, history, people", b.ledger, fmt.Sprintf("+ %.3f + %.3f + %.3f", b.index, b.history, b.people))
			if k == 1 {
				for _, at := range []struct {
					age  int
					must float64
				}{{10, 1.1}, {100, 1.2}, {1000, 2.5}} {
					r.most(fmt.Sprintf("line.read at %d, %s", at.age, x.name), l.octave(at.age).read, ru, at.must)
				}
			}
		}
	}
	return oldFigures(ctx, r)
}

// oldFigures are those of leads that live long.
func oldFigures(ctx context.Context, r *report) error {
	r.title("the line: leads that grow old")
	l, err := live(ctx, 6, 1, 14_100, 10, nil, business)
	if err != nil {
		return err
	}
	young, year, old := l.octave(100), l.octave(3650), l.octave(10_000)
	r.most("line.write after a year at 10 a day / at 100", year.write()/young.write(), "x", 1.10)
	r.most("line.write at 10,000 / at 100", old.write()/young.write(), "x", 1.10)
	r.most("line.read at 10,000, business", old.read, ru, 3)
	return nil
}
