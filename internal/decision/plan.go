package decision

import (
	"fmt"
	"hash/fnv"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Plan is what decisions are made by: the rules of the score, and when each
// track begins and ends. It is read only and safe to share.
type Plan struct {
	rules *score.Rules
	plan  []track
}

// track is when a nurture track begins and ends.
type track struct {
	name    string
	id      uint16 // of its mark: from the name, so that tracks may be reordered
	reentry int
	entry   []trigger
	ends    []trigger
	silent  []int
}

// trigger is a nurture.Entry with its names looked up.
type trigger struct {
	nurture.Entry
	signal  Signal
	lasting bool // holds over days, rather than happening at an instant
	counted bool // the signal is a count: it happens on days
	stage   int
}

// Compile looks up the names that tracks use.
func Compile(rules *score.Rules, tracks []nurture.Track) (*Plan, error) {
	p := &Plan{rules: rules}
	ids := map[uint16]string{}
	for _, t := range tracks {
		k := track{name: t.Name, id: trackID(t.Name), reentry: t.ReentryDays}
		if other, twice := ids[k.id]; twice {
			return nil, fmt.Errorf("tracks %q and %q cannot be told apart: give one another name", other, t.Name)
		}
		ids[k.id] = t.Name
		for i, e := range t.Entry {
			g, err := p.trigger(e)
			if err != nil {
				return nil, fmt.Errorf("track %q, entry %d: %w", t.Name, i+1, err)
			}
			k.entry = append(k.entry, g)
			if e.Silent > 0 {
				k.silent = append(k.silent, e.Silent)
			}
		}
		for i, e := range t.Ends {
			g, err := p.trigger(e)
			if err != nil {
				return nil, fmt.Errorf("track %q, end %d: %w", t.Name, i+1, err)
			}
			k.ends = append(k.ends, g)
		}
		p.plan = append(p.plan, k)
	}
	return p, nil
}

// Rules of the score that the plan rests on.
func (p *Plan) Rules() *score.Rules { return p.rules }

func trackID(name string) uint16 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return firstTrack + uint16(h.Sum32()%(1<<16-firstTrack))
}

func (p *Plan) trigger(e nurture.Entry) (trigger, error) {
	set := 0
	for _, is := range []bool{e.Form != "", e.Signal != "", e.Stage != "", e.Band != "", e.Lost != "", e.Silent != 0, e.Activity != ""} {
		if is {
			set++
		}
	}
	g := trigger{Entry: e}
	switch {
	case set != 1:
		return g, fmt.Errorf("it names %d triggers: give one of form, signal, stage, band, lost, silent, activity", set)
	case e.Silent < 0 || e.Silent > 5*366:
		return g, fmt.Errorf("silent for %d days: 1 to %d are possible", e.Silent, 5*366)
	case e.Silent > 0:
		g.lasting = true
	case e.Band != "":
		g.lasting = true
		for _, b := range p.rules.Config().Bands {
			if b.Name == e.Band {
				return g, nil
			}
		}
		return g, fmt.Errorf("there is no band %q", e.Band)
	case e.Stage != "":
		place, ok := p.rules.StageNamed(e.Stage)
		if !ok {
			return g, fmt.Errorf("there is no stage %q", e.Stage)
		}
		g.stage = place
	case e.Signal != "":
		n, ok := p.rules.Signals().Named(e.Signal)
		if !ok {
			return g, fmt.Errorf("there is no signal %q", e.Signal)
		}
		d, _ := p.rules.Signals().Definition(n)
		g.signal = n
		g.lasting = d.Kind != signal.OnActivity
		g.counted = d.Kind == signal.OnCount && !d.Count.Absent
	}
	return g, nil
}
