package decision

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// tracks begins and ends nurture series.
func (d *deciding) tracks() {
	for i := range d.plan {
		t := &d.plan[i]
		m := d.memory.mark(t.id)
		happened, lasts := d.fired(t.entry)
		lastsSince := lasts != nil && m.state&held == 0
		if lasts != nil {
			m.state |= held
		} else {
			m.state &^= held
		}
		by := happened
		if by == nil && lastsSince {
			by = lasts
		}
		if by != nil && (m.n == 0 || t.reentry > 0 && m.since != 0 && int(d.Today-m.since) >= t.reentry) {
			m.state |= inside
			m.since = d.Today
			d.add(Enroll, t.name, m, by.reason())
			continue
		}
		if m.state&inside == 0 {
			continue
		}
		if gone, ok := d.unfounded(t); ok {
			m.state &^= inside
			n := *m
			n.n--
			d.add(Unenroll, t.name, &n, Reason{By: revokedReason, Signals: []Signal{gone}})
			continue
		}
		if by, goal := d.ends(t); by != nil {
			m.state &^= inside
			n := *m // the end has the number of its entry
			n.n--
			r := by.reason()
			r.Goal = goal
			d.add(Unenroll, t.name, &n, r)
			continue
		}
		if since := m.since; int(d.Today-since) <= t.span {
			d.wakes(t)
		}
	}
}

// ends gives the trigger that takes the lead out of a track, and whether it is
// what the track is for.
func (d *deciding) ends(t *track) (by *trigger, goal bool) {
	for i, triggers := range [][]trigger{t.goals, t.ends} {
		happened, lasts := d.fired(triggers)
		if happened == nil {
			happened = lasts
		}
		if happened != nil {
			return happened, i == 0
		}
	}
	return nil, false
}

// mostWakes bounds what is told of one lead in a day: nobody knows here who
// stands at the step. What is not told is found when the step's time is over.
const mostWakes = 8

// wakes tells the steps of a track that wait for something that it has come.
func (d *deciding) wakes(t *track) {
	for i := range t.awaits {
		g := &t.awaits[i]
		if g.counted && len(d.Arrived) == 0 || !d.meets(g) {
			continue
		}
		if slices.ContainsFunc(t.awaits[:i], func(o trigger) bool { return o.Entry == g.Entry }) {
			continue
		}
		m := d.memory.mark(markWake)
		if m.since != d.Today {
			m.since, m.state = d.Today, 0
		}
		if m.state < mostWakes {
			m.state++
			d.add(Wake, t.name, m, g.reason())
		}
	}
}

// fired gives the first trigger that happened now, and the first that lasts.
func (d *deciding) fired(triggers []trigger) (happened, lasts *trigger) {
	for i := range triggers {
		g := &triggers[i]
		if d.After.Fit < g.MinFit && g.MinFit != 0 || !d.meets(g) {
			continue
		}
		if g.lasting {
			if lasts == nil {
				lasts = g
			}
		} else if happened == nil {
			happened = g
		}
	}
	return happened, lasts
}

func (d *deciding) meets(g *trigger) bool {
	switch {
	case g.Silent > 0:
		last := d.facts.LastActive()
		return last != 0 && int(d.Today-last) >= g.Silent
	case g.Date != "":
		return g.holds(&d.memory, d.Today)
	case g.Audience != "":
		return slices.Contains(d.joined, g.Audience)
	case g.Left != "":
		return slices.Contains(d.left, g.Left)
	case g.Band != "":
		return d.After.Band == g.Band
	case g.Stage != "":
		for _, place := range d.entered {
			if place == g.stage {
				return true
			}
		}
		return false
	case g.counted:
		return d.facts.Seen(g.signal, 1)
	case g.lasting:
		return d.facts.Seen(g.signal, 0)
	}
	for i := range d.Arrived {
		a := &d.Arrived[i]
		switch {
		case g.signal != 0:
			if a.hits(g.signal) {
				return true
			}
		case a.Entry.Flags&(activity.Machine|activity.Held) != 0 || a.Entry.Revoked:
		case g.Form != "":
			if a.Entry.Type == "form.posted" && a.Form == g.Form {
				return true
			}
		case g.Lost != "":
			if (a.Entry.Type == "deal.lost" || a.Entry.Type == "lead.returned") && a.Reason == g.Lost {
				return true
			}
		case g.Activity != "":
			if string(a.Entry.Type) == g.Activity {
				return true
			}
		}
	}
	return false
}

func (g *trigger) reason() Reason {
	switch {
	case g.Silent > 0:
		return Reason{By: "silent", Count: g.Silent}
	case g.Band != "":
		return Reason{By: "band", What: g.Band}
	case g.Stage != "":
		return Reason{By: "stage", What: g.Stage}
	case g.signal != 0:
		return Reason{By: "signal", Signals: []Signal{g.signal}}
	case g.Form != "":
		return Reason{By: "form", What: g.Form}
	case g.Lost != "":
		return Reason{By: "lost", What: g.Lost}
	case g.Audience != "":
		return Reason{By: "audience", What: g.Audience}
	case g.Left != "":
		return Reason{By: "left", What: g.Left}
	case g.Date != "":
		return Reason{By: "date", What: g.Date}
	}
	return Reason{By: "activity", What: g.Activity}
}
