package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/store"
)

// word is what a person says of decisions on the quiet list: that they be told,
// or passed over. Who gets an error says it again.
type word struct {
	keys  []store.DecisionKey
	pass  bool
	tries int
}

// listening lets people look at the quiet list now and then. Two may speak of
// the same decisions at once.
func (w *World) listening() {
	w.add(&function{name: "desk", timeout: 60 * time.Second, cold: func(*process) {}, ready: func() bool { return len(w.words) > 0 }, take: w.takeWord}, 2)
	span := w.end.Sub(w.now)
	for i := range 5 {
		w.at(w.now.Add(span*time.Duration(i+1)/5), w.look)
	}
}

func (w *World) look() {
	list, err := flow.NewQuiet(w.mem, nil).List(context.Background(), 0)
	if err != nil {
		w.broken("%v", err)
		return
	}
	for range 2 {
		var keys []store.DecisionKey
		for _, e := range list {
			if w.dice.IntN(3) == 0 {
				keys = append(keys, e.DecisionKey)
			}
		}
		if len(keys) > 0 {
			w.words = append(w.words, &word{keys: keys, pass: w.dice.IntN(3) == 0})
		}
	}
}

func (w *World) takeWord(p *process) (func(context.Context), func(bool)) {
	x := w.words[0]
	w.words = w.words[1:]
	now, err := w.now, error(nil)
	return func(ctx context.Context) {
			q := flow.NewQuiet(shop{p}, outbox{p, w.deliveries})
			say := q.Tell
			if x.pass {
				say = q.Pass
			}
			_, err = say(ctx, x.keys, "a person", now)
		}, func(ok bool) {
			if ok && err == nil {
				for _, key := range x.keys {
					w.said[key] = true
				}
				return
			}
			for _, key := range x.keys { // it may have been said
				if !w.said[key] {
					w.said[key] = false
				}
			}
			w.note("failed", p.name, err)
			x.tries++
			w.at(w.now.Add(time.Duration(1+w.dice.IntN(600))*time.Second), func() { w.words = append(w.words, x) })
		}
}

// spoken holds that what people said of a decision is what became of it, and
// tells whether nobody may have heard of it.
func (w *World) spoken(d store.Decision) (quiet bool) {
	key := d.DecisionKey.String()
	_, asked := w.said[d.DecisionKey]
	told, passed := d.Done["told"] != 0, d.Done["passed"] != 0
	switch {
	case (told || passed) && (!asked || d.By == "" || d.Rank != ""):
		w.broken("decision %s was told or passed over, and %s", key, map[bool]string{true: "it is on the list still, or does not say by whom", false: "nobody asked"}[asked])
	case told && passed, told && d.Quiet, passed && !d.Quiet:
		w.broken("decision %s was told and passed over: %s", key, fmt.Sprint(d.Done))
	case w.said[d.DecisionKey] && !told && !passed:
		w.broken("what a person said of decision %s came to nothing", key)
	case d.Quiet != (d.Rank != "") && !passed && !told:
		w.broken("decision %s is quiet: %v, its place on the list: %q", key, d.Quiet, d.Rank)
	}
	if told {
		w.report.Told++
	}
	return d.Quiet
}
