package decision

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Plan is what decisions are made by: the rules of the score, and when each
// track begins and ends. It is read only and safe to share.
type Plan struct {
	rules *score.Rules
	plan  []track
	dates []string // attributes whose day lets somebody into a track
}

// track is when a nurture track begins and ends.
type track struct {
	name    string
	id      uint16 // of its mark: from the name, so that tracks may be reordered
	reentry int
	entry   []trigger
	goals   []trigger
	ends    []trigger
	awaits  []trigger // what a step waits for
	span    int       // days for which somebody may still be inside
	silent  []int
}

// trigger is a nurture.Entry with its names looked up.
type trigger struct {
	nurture.Entry
	signal  Signal
	lasting bool // holds over days, rather than happening at an instant
	counted bool // the signal is a count: it happens on days
	stage   int
	dated   uint16 // of the mark that holds the date
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
		var err error
		if k.entry, err = p.triggers(t.Name, "entry", t.Entry, true); err != nil {
			return nil, err
		}
		for i := range k.entry {
			g := &k.entry[i]
			if g.Silent > 0 {
				k.silent = append(k.silent, g.Silent)
			}
			if g.Date == "" {
				continue
			}
			if other, twice := ids[g.dated]; twice && other != g.Date {
				return nil, fmt.Errorf("track %q and attribute %q cannot be told apart: give one another name", other, g.Date)
			}
			ids[g.dated] = g.Date
			if !slices.Contains(p.dates, g.Date) {
				p.dates = append(p.dates, g.Date)
			}
		}
		goals, ends := t.Goals, t.Ends
		if t.Kind == nurture.Acquisition && !slices.Contains(goals, bought) {
			goals = append(slices.Clone(goals), bought)
		}
		if t.OnReply {
			ends = append(slices.Clone(ends), nurture.Entry{Activity: string(activity.MailReplied)})
		}
		if k.goals, err = p.triggers(t.Name, "goal", goals, false); err != nil {
			return nil, err
		}
		if k.ends, err = p.triggers(t.Name, "end", ends, false); err != nil {
			return nil, err
		}
		k.span = t.LongestDays
		for _, s := range t.Steps {
			if t.LongestDays == 0 {
				k.span += int(s.Wait()/(24*time.Hour)) + 7
			}
			if s.Until == nil {
				continue
			}
			if t.LongestDays == 0 {
				k.span += int(s.Until.Within()/(24*time.Hour)) + 1
			}
			g, err := p.triggers(t.Name, "step "+s.Name, []nurture.Entry{s.Until.For}, false)
			if err != nil {
				return nil, err
			}
			if g[0].lasting && !g[0].counted {
				return nil, fmt.Errorf("track %q, step %s: %q holds for days and does not happen: wait for an audience, or for an activity", t.Name, s.Name, s.Until.For.Signal)
			}
			k.awaits = append(k.awaits, g[0])
		}
		p.plan = append(p.plan, k)
	}
	return p, nil
}

// bought is what ends the tracks for people who have not.
var bought = nurture.Entry{Activity: string(activity.DealWon)}

func (p *Plan) triggers(track, what string, entries []nurture.Entry, dates bool) (out []trigger, err error) {
	for i, e := range entries {
		g, err := p.trigger(e)
		if err == nil && e.Date != "" && !dates {
			err = fmt.Errorf("a date lets people into a track and does nothing else")
		}
		if err != nil {
			return nil, fmt.Errorf("track %q, %s %d: %w", track, what, i+1, err)
		}
		out = append(out, g)
	}
	return out, nil
}

// Rules of the score that the plan rests on.
func (p *Plan) Rules() *score.Rules { return p.rules }

func trackID(name string) uint16 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return firstTrack + uint16(h.Sum32()%(1<<16-firstTrack))
}

func dateID(attribute string) uint16 { return trackID("date of " + attribute) }

func (p *Plan) trigger(e nurture.Entry) (trigger, error) {
	set := 0
	for _, is := range []bool{e.Form != "", e.Signal != "", e.Stage != "", e.Band != "", e.Lost != "", e.Silent != 0, e.Activity != "", e.Audience != "", e.Left != "", e.Date != ""} {
		if is {
			set++
		}
	}
	g := trigger{Entry: e}
	switch {
	case set != 1:
		return g, fmt.Errorf("it names %d triggers: give one of form, signal, stage, band, lost, silent, activity, audience, left, date", set)
	case e.Silent < 0 || e.Silent > 5*366:
		return g, fmt.Errorf("silent for %d days: 1 to %d are possible", e.Silent, 5*366)
	case e.Silent > 0:
		g.lasting = true
	case e.Date != "":
		g.lasting, g.dated = true, dateID(e.Date)
		if e.Yearly != "" && e.Yearly != nurture.Jalali && e.Yearly != nurture.Gregorian || max(e.Days, -e.Days) > 366 {
			return g, fmt.Errorf("date %q, %d days, yearly %q: at most 366 days, and jalali or gregorian, are possible", e.Date, e.Days, e.Yearly)
		}
	case e.Audience+e.Left != "":
		for _, a := range p.rules.Config().Audiences {
			if a.Name == e.Audience+e.Left {
				return g, nil
			}
		}
		return g, fmt.Errorf("there is no audience %q", e.Audience+e.Left)
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
