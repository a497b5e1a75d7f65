package decision

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
)

// Withdrawn takes a decision back, since what it rested on was revoked. Name
// says which: "handover", or "fastlane." and the name of the signal; N is the
// number of the last such decision.
const Withdrawn = "withdrawn"

// Was is what a lead met before evidence was taken back: what no longer holds
// after that rested on it.
type Was struct {
	handover bool
	stages   []bool   // by place: can be entered
	seen     []Signal // asked about by the fast lane and by tracks
}

// Before looks at a lead before entries that revoke something are appended. The
// state must be settled.
func (p *Plan) Before(s *ledger.State, today activity.Day) *Was {
	if s.Excluded != 0 {
		return nil
	}
	card := p.rules.Brief(s, today)
	facts := p.rules.Facts(s, today)
	defer facts.Close()
	w := &Was{handover: card.Handover}
	for i := range p.rules.Config().Stages {
		w.stages = append(w.stages, card.CanEnter(i))
	}
	ask := func(n Signal) {
		if n != 0 && facts.Seen(n, 0) {
			w.seen = append(w.seen, n)
		}
	}
	for _, n := range p.rules.Config().FastLane {
		ask(n)
	}
	for i := range p.plan {
		for j := range p.plan[i].entry {
			ask(p.plan[i].entry[j].signal)
		}
	}
	return w
}

// lost tells that a signal was seen and, without what was revoked, never was.
func (d *deciding) lost(n Signal) bool {
	return d.Was != nil && slices.Contains(d.Was.seen, n) && !d.facts.Seen(n, 0)
}

// revokedReason says why something was withdrawn.
const revokedReason = "revoked"

// withdraw takes back what was told and no longer holds. The hand-over is armed
// again: it is told anew when the lead meets it by other deeds.
func (d *deciding) withdraw() {
	if d.Was == nil {
		return
	}
	m := d.memory.mark(markHandover)
	if m.state == told && m.n > 0 && d.Was.handover && !d.After.Handover {
		m.state, m.since = armed, 0
		d.takeBack(Handover, m, nil)
	}
	for _, n := range d.rules.Config().FastLane {
		if m := d.memory.mark(markFastLane); m.n > 0 && d.lost(n) {
			def, _ := d.rules.Signals().Definition(n)
			d.takeBack(FastLane+"."+def.Name, m, []Signal{n})
		}
	}
}

// takeBack makes the decision that takes the last one of a mark back. It has
// the number of that.
func (d *deciding) takeBack(name string, m *mark, did []Signal) {
	n := *m
	n.n--
	d.add(Withdrawn, name, &n, Reason{By: revokedReason, Signals: did})
}

// fallen gives the stage to which a lead goes back whose stage rested on what
// was revoked: the last one before it that it can enter.
func (d *deciding) fallen(was int) (place int, ok bool) {
	if d.Was == nil || was == 0 || was >= len(d.Was.stages) || !d.Was.stages[was] || d.After.CanEnter(was) {
		return was, false
	}
	for k := was - 1; k > 0; k-- {
		if d.After.CanEnter(k) {
			return k, true
		}
	}
	return 0, true
}

// unfounded gives the signal by which a track was entered, if that was revoked
// and nothing else would bring the lead into it.
func (d *deciding) unfounded(t *track) (Signal, bool) {
	if d.Was == nil {
		return 0, false
	}
	gone := Signal(0)
	for i := range t.entry {
		g := &t.entry[i]
		switch {
		case g.signal == 0:
			return 0, false // a form, a stage: whether that stands is not known here
		case d.lost(g.signal):
			gone = g.signal
		case d.facts.Seen(g.signal, 0):
			return 0, false
		}
	}
	return gone, gone != 0
}
