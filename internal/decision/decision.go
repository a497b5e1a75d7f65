// Package decision says what follows from a score: to whom a lead is handed,
// which stage, track and audience it enters. A decision is made once: it has a
// key that cannot come twice, carries its reason, and what was decided is
// remembered in the lead's own state, written together with the activities it
// follows from. The package acts on nothing and knows no clock.
package decision

import (
	"cmp"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/score"
)

// Kinds of decision.
const (
	Handover = "handover" // the threshold was crossed: tell sales
	FastLane = "fastlane" // the lead asked for a person: tell sales, at any score
	Stage    = "stage"    // a stage of the lifecycle was entered; Name is the stage
	Enroll   = "enroll"   // a track begins; Name is the track
	Unenroll = "unenroll" // a track has reached its end; Name is the track
	Audience = "audience" // an audience was entered or, by its reason, left; Name is the audience
	Wake     = "wake"     // what a step of a track waits for has come; Name is the track
	Talk     = "talk"     // sales took the lead or opened a deal, or it is over; Name is taken, deal or free
)

// Properties of activities that decisions look at.
const (
	PropertyForm   = "form"   // of form.posted
	PropertyReason = "reason" // of lead.returned and deal.lost
	PropertyStage  = "stage"  // of lead.adjusted: a person moves the lead there
)

// Fields lists the properties that the log must keep for decisions.
func Fields() []string { return []string{PropertyForm, PropertyReason, PropertyStage} }

// Arrived is one activity that was just appended.
type Arrived struct {
	Entry  *ledger.Entry
	Form   string
	Reason string
	Stage  string
}

// ArrivedOf reads what decisions need from an activity and its entry.
func ArrivedOf(e *ledger.Entry, a *activity.Activity) Arrived {
	text := func(name string) string {
		v, _ := a.Property(name)
		return v.Text
	}
	return Arrived{Entry: e, Form: text(PropertyForm), Reason: text(PropertyReason), Stage: text(PropertyStage)}
}

// Input is what a decision rests on.
type Input struct {
	// State is settled, with the arrived entries in it.
	State *ledger.State
	// After is the card of State for Today.
	After *score.Card
	// Arrived holds the entries appended since State was last decided on; none
	// when only time, the profile or the playbook changed.
	Arrived []Arrived
	// Was is what the lead met before the arrived entries, where one of them
	// takes evidence back; nil where none does.
	Was   *Was
	Today activity.Day
	Now   time.Time
	// Quiet says that something else changed than what the lead does. Decisions
	// are listed, and nobody is told or mailed by itself.
	Quiet Cause
}

// Cause is why decisions are quiet; "" for those that are told.
type Cause string

// The causes, as short as the ledger item asks.
const (
	Rules  Cause = "r" // another playbook came into force
	Import Cause = "i" // all that arrived is history
	Merge  Cause = "m" // a person said that two leads are one
)

// Decide appends to the state's pending decisions what follows from the input
// and gives the new ones. It also brings the rest of what the state remembers
// up to date: stage, audiences, memory, total, fit, grade, persona and review
// day. Asked again with the same state it decides nothing.
func (p *Plan) Decide(in Input) []ledger.Pending {
	s := in.State
	before := len(s.Pending)
	if in.After.Excluded {
		p.note(in, 0)
		return nil
	}
	d := &deciding{Plan: p, Input: in, memory: decodeMemory(s.Memory), facts: p.rules.Facts(s, in.Today)}
	defer d.facts.Close()
	slices.SortStableFunc(d.Arrived, func(a, b Arrived) int { return cmp.Compare(a.Entry.At, b.Entry.At) })
	if in.Quiet == "" && len(in.Arrived) > 0 && !slices.ContainsFunc(in.Arrived, func(a Arrived) bool { return a.Entry.Flags&activity.Backfill == 0 }) {
		d.Quiet = Import
	}
	if s.Known {
		d.withdraw()
		d.handover()
		d.fastLane()
	}
	d.stage()
	if s.Known { // nobody can be told of a visitor, nor write to one
		d.talk()
		d.audiences()
		d.tracks()
	}
	s.Memory = d.memory.encode()
	p.note(in, d.review())
	return s.Pending[before:]
}

// note keeps the numbers of the card in the state.
func (p *Plan) note(in Input, review activity.Day) {
	s, c := in.State, in.After
	s.Total, s.Fit, s.Review = c.Total, c.Fit, review
	s.Grade = 0
	if len(c.Grade) == 2 {
		s.Grade = (c.Grade[0]-'A')<<4 | (c.Grade[1] - '0')
	}
	s.Persona = 0
	for i := range p.rules.Config().Personas {
		if p.rules.Config().Personas[i].Name == c.Persona {
			s.Persona = uint8(i + 1)
		}
	}
}

// deciding is one Decide in progress.
type deciding struct {
	*Plan
	Input
	memory  memory
	facts   *score.Facts
	told    bool  // the hand-over was told just now
	entered []int // stages entered just now, by place
	// Audiences entered and left just now.
	joined, left []string
}

// add makes a decision. n counts in the mark.
func (d *deciding) add(kind, name string, m *mark, r Reason) {
	m.n++
	r.Total, r.Fit, r.Engagement, r.Quiet = d.After.Total, d.After.Fit, d.After.Engagement, d.Quiet
	d.State.Pending = append(d.State.Pending, ledger.Pending{
		Kind: kind, Name: name, N: m.n, Reason: r.encode(), At: d.Now.Unix(), Quiet: d.Quiet != "",
	})
}

// handover tells sales of a lead that meets the threshold. It is told again
// only after the total was below the lower mark for the days on end that the
// playbook asks: each change of side is seen, since a review is due on it.
func (d *deciding) handover() {
	h := d.rules.Config().Handover
	m := d.memory.mark(markHandover)
	if m.state == told {
		switch {
		case m.since != 0 && int(d.Today-m.since) >= h.Days:
			m.state, m.since = armed, 0
		case !d.After.BelowLower():
			m.since = 0
		case m.since == 0:
			m.since = d.Today
		}
	}
	if m.state != told && d.After.Handover {
		m.state, m.since, d.told = told, 0, true
		r := Reason{Grade: d.After.Grade, By: "total", Asked: slices.ContainsFunc(d.rules.Config().FastLane, func(n Signal) bool { return d.requests(n) > 0 })}
		for _, w := range d.After.WhyNow {
			r.Signals = append(r.Signals, w.Signal)
		}
		d.add(Handover, "", m, r)
	}
}

// fastLane tells sales of each request, whatever the score. Requests of one
// signal that arrived together are told together.
func (d *deciding) fastLane() {
	m := d.memory.mark(markFastLane)
	for _, n := range d.rules.Config().FastLane {
		if count := d.requests(n); count > 0 {
			def, _ := d.rules.Signals().Definition(n)
			d.add(FastLane, def.Name, m, Reason{Grade: d.After.Grade, By: "signal", Signals: []Signal{n}, Count: count})
		}
	}
}

// requests counts what arrived that met a signal.
func (d *deciding) requests(n Signal) (count int) {
	for i := range d.Arrived {
		if d.Arrived[i].hits(n) {
			count++
		}
	}
	return count
}

// audiences follows the live segments.
func (d *deciding) audiences() {
	c := d.rules.Config()
	m := d.memory.mark(markAudience)
	for i := range c.Audiences {
		a := &c.Audiences[i]
		in := d.After.InAudience(i)
		if in && len(a.Stages) > 0 {
			in = slices.Contains(a.Stages, c.Stages[d.rules.StageOf(d.State.Stage)].Name)
		}
		bit := d.rules.AudienceNumber(i)
		if in == d.State.Audience.Has(bit) {
			continue
		}
		if in {
			d.State.Audience = d.State.Audience.With(bit)
			d.joined = append(d.joined, a.Name)
		} else {
			d.State.Audience = d.State.Audience.Without(bit)
			d.left = append(d.left, a.Name)
		}
		d.add(Audience, a.Name, m, Reason{Left: !in})
	}
}

// review is the first day after today on which time alone could bring another
// decision.
func (d *deciding) review() activity.Day {
	day := d.After.ReviewDay
	last := d.facts.LastActive()
	for i := range d.plan {
		for _, n := range d.plan[i].silent {
			if due := last + activity.Day(n); last != 0 && due > d.Today && (day == 0 || due < day) {
				day = due
			}
		}
		for j := range d.plan[i].entry {
			if due := d.plan[i].entry[j].change(&d.memory, d.Today); due != 0 && (day == 0 || due < day) {
				day = due
			}
		}
	}
	return day
}

func (a *Arrived) hits(n Signal) bool {
	_, ok := slices.BinarySearch(a.Entry.Hits, n)
	return ok && !a.Entry.Revoked
}
