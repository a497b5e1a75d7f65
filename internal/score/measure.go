package score

import (
	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Measure is the numbers of a card without its working: what a preview over
// many leads asks.
type Measure struct {
	Total, Fit, Engagement, Manual int
	Persona                        int // place in the list, -1 for none
	Band                           int // place in the list
	Grade                          string
	Handover                       bool
}

// Measure gives the numbers of a lead on a day. It does not allocate. The
// state must be settled.
func (r *Rules) Measure(s *ledger.State, day activity.Day) Measure {
	w := r.take()
	defer r.pool.Put(w)
	r.begin(w, s)
	p := w.probe(day)
	m := Measure{Total: p.total, Fit: w.fit, Engagement: p.engagement, Manual: p.manual, Persona: w.persona}
	m.Band, m.Grade, m.Handover = p.outcome.band, p.outcome.grade(), p.outcome.handover
	return m
}

// work is the reused memory of one computation over one lead.
type work struct {
	rules  *Rules
	state  *ledger.State
	probes []*probe
	used   int
	spent  int // on looks at days, in units of rules
	events []activity.Day
	ends   []ledger.Adjustment

	persona, fit, fitRaw int
	funnel               int // step, -1
	groupLow, groupHigh  []int
}

// probe is the lead on one day.
type probe struct {
	day                       activity.Day
	lines                     []ledger.Line // ascending by signal
	absent                    []bool        // by place in rules.absent: holds
	groups                    []int         // raw sums by group, the last one for no group
	engagement, manual, total int
	raw                       int // engagement before its limits
	outcome                   outcome
}

func newWork(r *Rules) *work {
	n := len(r.config.Groups) + 1
	return &work{rules: r, groupLow: make([]int, n), groupHigh: make([]int, n)}
}

func (r *Rules) take() *work {
	w := r.pool.Get().(*work)
	w.used, w.spent = 0, 0
	return w
}

// begin works out what time cannot change: fit and persona.
func (r *Rules) begin(w *work, s *ledger.State) {
	w.state, w.persona, w.fitRaw, w.funnel = s, -1, 0, -1
	for i, rows := range r.fits {
		sum := 0
		for _, row := range rows {
			if s.Profile.Has(row.signal) {
				sum += row.points
			}
		}
		if w.persona < 0 || sum > w.fitRaw {
			w.persona, w.fitRaw = i, sum
		}
	}
	w.fit = r.config.Fit.clamp(w.fitRaw)
}

// probe measures the lead on a day.
func (w *work) probe(day activity.Day) *probe {
	if w.used == len(w.probes) {
		w.probes = append(w.probes, &probe{
			groups: make([]int, len(w.rules.config.Groups)+1),
			absent: make([]bool, len(w.rules.absent)),
		})
	}
	p := w.probes[w.used]
	w.used++
	r := w.rules
	w.spent += r.unit
	p.day = day
	p.lines = w.state.Points(r.meters, day, p.lines[:0])
	clear(p.groups)
	p.manual = 0
	for i := range p.lines {
		l := &p.lines[i]
		if l.Signal == ledger.Manual {
			p.manual = l.Points
			continue
		}
		if place := r.points[l.Signal]; place >= 0 {
			p.groups[r.slotOf(place)] += l.Points
		}
	}
	for i := range r.absent {
		a := &r.absent[i]
		p.absent[i] = w.holdsAbsent(p, a)
		if p.absent[i] && a.points >= 0 {
			p.groups[r.slotOf(a.points)] += r.config.Points[a.points].Points
		}
	}
	w.findFunnel(p)
	p.raw = r.engagement(p.groups, w.funnel)
	p.engagement = r.config.Engagement.clamp(p.raw)
	p.total = w.fit + p.engagement + p.manual
	p.outcome = r.outcome(w, p)
	return p
}

// slotOf is where the points at a place are summed: their group, or the slot
// after all groups.
func (r *Rules) slotOf(place int32) int {
	if g := r.group[place]; g >= 0 {
		return g
	}
	return len(r.config.Groups)
}

// engagement adds the groups, each within its limits. It only ever rises with
// each group, which the search for the review day rests on.
func (r *Rules) engagement(groups []int, funnel int) int {
	sum := groups[len(r.config.Groups)]
	for _, g := range r.channels {
		sum += r.config.Groups[g].Limits.clamp(groups[g])
	}
	if funnel >= 0 {
		sum += r.config.Funnel[funnel].Points
	}
	return sum
}

func (w *work) findFunnel(p *probe) {
	steps := w.rules.config.Funnel
	w.funnel = -1
	for i := len(steps) - 1; i >= 0; i-- {
		for _, n := range steps[i].Signals {
			if w.seen(p, n, 0) {
				w.funnel = i
				return
			}
		}
	}
}

// line finds what the ledger says of a signal, nil if it was never seen.
func (p *probe) line(n signal.Number) *ledger.Line {
	low, high := 0, len(p.lines)
	for low < high {
		mid := (low + high) / 2
		if p.lines[mid].Signal < n {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(p.lines) && p.lines[low].Signal == n && p.lines[low].Count > 0 {
		return &p.lines[low]
	}
	return nil
}

// seen tells whether a signal was seen in the last days days (0: ever), or
// holds.
func (w *work) seen(p *probe, n signal.Number, days int) bool {
	if l := p.line(n); l != nil {
		return days == 0 || int(p.day-l.Last) < days
	}
	if w.state.Profile.Has(n) {
		return true
	}
	if i := w.rules.where[n]; i >= 0 {
		return p.absent[i]
	}
	return false
}

func (w *work) holdsAbsent(p *probe, a *absent) bool {
	l := p.line(a.count.Of)
	if l == nil {
		return false
	}
	if a.count.AtLeast > 1 {
		return w.state.Count(w.rules.meters, a.count.Of, p.day, a.count.Days, a.count.DistinctDays) < a.count.AtLeast
	}
	return int(p.day-l.Last) >= a.count.Days
}

func (w *work) holds(p *probe, n *Need) bool {
	switch {
	case n.Total != nil && p.total < *n.Total,
		n.Fit != nil && w.fit < *n.Fit,
		n.Engagement != nil && p.engagement < *n.Engagement,
		n.Below != nil && p.total >= *n.Below,
		n.Known && !w.state.Known,
		n.Handover && !w.rules.handover(w.fit, p):
		return false
	}
	for _, k := range n.All {
		if !w.seen(p, k, 0) {
			return false
		}
	}
	for _, k := range n.None {
		if w.seen(p, k, 0) {
			return false
		}
	}
	for _, k := range n.Seen {
		if w.seen(p, k, n.Days) {
			return true
		}
	}
	return len(n.Seen) == 0
}

func (r *Rules) handover(fit int, p *probe) bool {
	h := &r.config.Handover
	return h.Total > 0 && p.total >= h.Total && fit >= h.Fit && p.engagement >= h.Engagement
}

func (r *Rules) outcome(w *work, p *probe) outcome {
	c := &r.config
	o := outcome{letter: 'D', number: '4', handover: r.handover(w.fit, p), below: p.total < c.Handover.Lower}
	for i := len(c.Bands) - 1; i > 0 && o.band == 0; i-- {
		if p.total >= c.Bands[i].From {
			o.band = i
		}
	}
	for i := 2; i >= 0; i-- {
		if w.fit >= c.Grades.Fit[i] {
			o.letter = 'A' + byte(i)
		}
		if p.engagement >= c.Grades.Engagement[i] {
			o.number = '1' + byte(i)
		}
	}
	for i := range c.Stages {
		for j := range c.Stages[i].Enter {
			if w.holds(p, &c.Stages[i].Enter[j]) {
				o.stages |= 1 << i
				break
			}
		}
	}
	for i := range c.Audiences {
		if w.holds(p, &c.Audiences[i].Need) {
			o.audiences |= 1 << i
		}
	}
	return o
}
