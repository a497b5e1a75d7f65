package source

import (
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// checkWorth refuses points that no lead can ever have: caps and limits that
// lie under them. Who wrote them expects a score that nobody gets.
func (r *reader) checkWorth() {
	groups := map[string]score.Limits{}
	for _, g := range r.p.Score.Groups {
		groups[g.Name] = g.Limits
	}
	for _, k := range r.order {
		if p := k.points; p != nil && p.Points != 0 {
			r.checkCaps(k, p)
			r.checkRoom(k, p, groups)
		}
	}
	for _, s := range r.p.Score.Funnel {
		if most := r.p.Score.Engagement.Max; s.Points > most {
			r.fault(r.where["funnel "+s.Name], fmt.Sprintf("step %s gives %d points, and the engagement has at most %d", s.Name, s.Points, most), "give less, or raise the limit of the engagement")
		}
	}
	r.checkPersonas()
}

// checkCaps compares what a signal gives once with its own caps.
func (r *reader) checkCaps(k *rule, p *score.Points) {
	size := max(p.Points, -p.Points)
	for _, c := range []struct {
		key string
		cap int
	}{{"cap_per_day", p.PerDay}, {"cap", p.Cap}} {
		if c.cap != 0 && c.cap < size {
			r.fault(k.at0(c.key), fmt.Sprintf("%s of %s is %d, and it gives %d at a time: nobody ever has them", c.key, k.def.Name, c.cap, p.Points),
				fmt.Sprintf("give at most %d points, or a cap of %d or more", c.cap, size))
			return
		}
	}
	if p.PerDay != 0 && p.Cap != 0 && p.WindowDays <= 1 && p.WindowDays > 0 && p.Cap != p.PerDay {
		r.fault(k.at0("cap"), fmt.Sprintf("%s has two caps for one day, %d and %d", k.def.Name, p.PerDay, p.Cap), "keep one of them")
	}
}

// checkRoom compares what a signal gives once with the limits of its group and
// of the engagement, on the side of its points.
func (r *reader) checkRoom(k *rule, p *score.Points, groups map[string]score.Limits) {
	side := func(l score.Limits) int {
		if p.Points < 0 {
			return l.Min
		}
		return l.Max
	}
	for _, of := range []struct {
		what string
		l    score.Limits
		ok   bool
	}{{"group " + p.Group, groups[p.Group], p.Group != ""}, {"the engagement", r.p.Score.Engagement, true}} {
		room := side(of.l)
		switch {
		case !of.ok || max(room, -room) >= max(p.Points, -p.Points):
		case room == 0:
			r.fault(k.at0("points"), fmt.Sprintf("the limit of %s is 0 on this side, so the %+d of %s are worth nothing", of.what, p.Points, k.def.Name), "widen the limits, or leave the points out")
			return
		default:
			r.fault(k.at0("points"), fmt.Sprintf("%s gives %+d at a time, and the limit of %s is %d: nobody ever has them", k.def.Name, p.Points, of.what, room), "give less, or widen the limits")
			return
		}
	}
}

// at0 is the place of a key of the signal, its own where it has none.
func (k *rule) at0(key string) place {
	if v := k.v.get(key); v != nil {
		return v.place
	}
	return k.at
}

// checkPersonas refuses fit that lies beyond the limits, and warns of a persona
// that no lead is ever shown with, since another is at least as good for
// everybody.
func (r *reader) checkPersonas() {
	ps := r.p.Score.Personas
	limits := r.p.Score.Fit
	worth := make([]map[int]int, len(ps)) // signal → points
	for i, p := range ps {
		worth[i] = map[int]int{}
		for _, f := range p.Fit {
			worth[i][int(f.Signal)] = f.Points
			if f.Points > limits.Max || f.Points < limits.Min {
				name := ""
				if d := r.definition(f.Signal); d != nil {
					name = d.Name
				}
				r.fault(r.where["personas "+p.Name], fmt.Sprintf("persona %s gives %+d for %s, and the fit lies from %d to %d: nobody ever has them", p.Name, f.Points, name, limits.Min, limits.Max), "give less, or widen the limits of the fit")
			}
		}
	}
	for i := range ps {
		// An earlier one wins a tie, a later one must be better somewhere and
		// nowhere worse.
		for j := range ps {
			if i != j && dominates(worth[j], worth[i], j < i) {
				r.warn(r.where["personas "+ps[i].Name], fmt.Sprintf("nobody is ever shown as persona %s: %s is at least as good for every lead", ps[i].Name, ps[j].Name), "give it points of its own, or remove it")
				break
			}
		}
	}
}

// dominates tells that a is at least as good as b for every lead. first: a
// stands before b and wins a tie; else it must be better for every lead of whom
// b gives anything, which nothing known makes false, so it never is.
func dominates(a, b map[int]int, first bool) bool {
	if !first {
		return false // of a lead with no known attribute the first persona is shown
	}
	for s, n := range b {
		if a[s] < n {
			return false
		}
	}
	for s, n := range a {
		if _, both := b[s]; !both && n < 0 {
			return false
		}
	}
	return true
}

// checkShadows warns of what something else always hides: bands, stages, needs,
// steps of the funnel that no lead is ever in.
func (r *reader) checkShadows() {
	c := &r.p.Score
	least := c.Engagement.Min + c.Fit.Min
	for i := 0; i+1 < len(c.Bands); i++ {
		if next := c.Bands[i+1]; next.From <= least {
			r.fault(r.where["band "+c.Bands[i].Name], fmt.Sprintf("nobody is ever in band %s: %s begins at %d, and no total lies below %d", c.Bands[i].Name, next.Name, next.From, least), "raise the band after it, or remove it")
		}
	}
	for i, s := range c.Stages {
		at := r.where["lifecycle "+s.Name]
		r.checkNeeds("stage "+s.Name, at, s.Enter)
		for j := i + 1; j < len(c.Stages) && len(s.Enter) > 0; j++ {
			if t := c.Stages[j]; t.From == "" && len(s.Reasons) == 0 && covered(s.Enter, t.Enter) {
				r.warn(at, fmt.Sprintf("nobody ever stays in stage %s: whoever enters it can enter %s, which comes after it", s.Name, t.Name), "ask more of the later stage, or change their order")
				break
			}
		}
	}
	for _, a := range c.Audiences {
		r.contradiction("audience "+a.Name, r.where["audiences "+a.Name], &a.Need)
	}
	for i, s := range c.Funnel {
		hidden := len(s.Signals) > 0
		for _, n := range s.Signals {
			later := slices.ContainsFunc(c.Funnel[i+1:], func(t score.Step) bool { return slices.Contains(t.Signals, n) })
			hidden = hidden && later
		}
		if hidden {
			r.warn(r.where["funnel "+s.Name], fmt.Sprintf("nobody ever stands at step %s: each of its signals belongs to a later step too", s.Name), "name a signal in one step only")
		}
	}
}

func (r *reader) checkNeeds(where string, at place, needs []score.Need) {
	for i := range needs {
		r.contradiction(where, at, &needs[i])
		for j := range needs[:i] {
			if implies(&needs[i], &needs[j]) {
				r.warn(at, fmt.Sprintf("condition %d of %s is never needed: whoever meets it meets condition %d", i+1, where, j+1), "remove it, or ask less")
				break
			}
		}
	}
}

// contradiction refuses a need that asks for a signal to be seen and not seen.
func (r *reader) contradiction(where string, at place, n *score.Need) {
	for _, k := range n.None {
		alone := len(n.Seen) == 1 && n.Seen[0] == k && n.Days == 0
		if alone || slices.Contains(n.All, k) {
			name := ""
			if d := r.definition(k); d != nil {
				name = d.Name
			}
			r.fault(at, fmt.Sprintf("%s asks that %s was seen and was not", where, name), "take it out of one of the lists")
		}
	}
	if n.Below != nil && *n.Below <= r.p.Score.Engagement.Min+r.p.Score.Fit.Min {
		r.fault(at, fmt.Sprintf("%s asks a total below %d, and nobody has less than %d", where, *n.Below, r.p.Score.Engagement.Min+r.p.Score.Fit.Min), "raise it")
	}
}

// covered tells that whoever meets one of a meets one of b.
func covered(a, b []score.Need) bool {
	for i := range a {
		if !slices.ContainsFunc(b, func(n score.Need) bool { return implies(&a[i], &n) }) {
			return false
		}
	}
	return len(b) > 0
}

// implies tells that a lead which meets a meets b: everything that b asks, a
// asks too. It may say no where the truth is yes.
func implies(a, b *score.Need) bool {
	atLeast := func(a, b *int) bool { return b == nil || a != nil && *a >= *b }
	if !atLeast(a.Total, b.Total) || !atLeast(a.Fit, b.Fit) || !atLeast(a.Engagement, b.Engagement) ||
		b.Below != nil && (a.Below == nil || *a.Below > *b.Below) || b.Handover && !a.Handover || b.Known && !a.Known {
		return false
	}
	for _, k := range b.All {
		if !slices.Contains(a.All, k) && !(len(a.Seen) == 1 && a.Seen[0] == k) {
			return false
		}
	}
	for _, k := range b.None {
		if !slices.Contains(a.None, k) {
			return false
		}
	}
	if len(b.Seen) == 0 {
		return true
	}
	if b.Days != 0 && (a.Days == 0 || a.Days > b.Days) {
		return false
	}
	if b.Days == 0 && slices.ContainsFunc(a.All, func(k signal.Number) bool { return slices.Contains(b.Seen, k) }) {
		return true
	}
	if len(a.Seen) == 0 {
		return false
	}
	for _, k := range a.Seen {
		if !slices.Contains(b.Seen, k) {
			return false
		}
	}
	return true
}
