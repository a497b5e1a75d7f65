package score

import (
	"cmp"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Card gives the score of a lead on a day, line by line. The state must be
// settled; a day before the lead's newest entry reads as that day.
func (r *Rules) Card(s *ledger.State, day activity.Day) Card {
	var c Card
	r.CardInto(&c, s, day)
	return c
}

// CardInto is Card that reuses the slices of an old one.
func (r *Rules) CardInto(c *Card, s *ledger.State, day activity.Day) {
	w, p := r.head(c, s, day)
	if w == nil {
		return
	}
	defer r.pool.Put(w)
	w.engagementLines(c, p)
	w.fitLines(c)
	for _, a := range s.Adjustments(day, nil) {
		c.Lines = append(c.Lines, Line{Kind: KindManual, Points: a.Points, Until: a.Until})
	}
	w.leading(c, p)
	w.whyNow(c, p)
	w.wouldRaise(c, p)
	if w.review(c, p) {
		w.crossing(c, p)
	}
}

// Brief is what decisions hang on: a card without its lines, without what leads
// and would raise it, and without the next crossing. It is what every activity
// pays for.
func (r *Rules) Brief(s *ledger.State, day activity.Day) Card {
	var c Card
	w, p := r.head(&c, s, day)
	if w == nil {
		return c
	}
	defer r.pool.Put(w)
	if c.Handover {
		w.whyNow(&c, p)
	}
	w.review(&c, p)
	return c
}

// head fills in what stands at the top of a card. There is no work, and nothing
// to add, for a lead that is not scored.
func (r *Rules) head(c *Card, s *ledger.State, day activity.Day) (*work, *probe) {
	*c = Card{Lead: s.Lead, Day: day, Playbook: s.Playbook, Lines: c.Lines[:0], WhyNow: c.WhyNow[:0], WouldRaise: c.WouldRaise[:0]}
	if len(r.config.Stages) > 0 {
		c.Stage = r.config.Stages[r.StageOf(s.Stage)].Name
	}
	if s.Excluded != 0 {
		c.Excluded, c.Grade, c.Band = true, "D4", r.config.Bands[0].Name
		return nil, nil
	}
	w := r.take()
	r.begin(w, s)
	p := w.probe(day)
	c.Total, c.Fit, c.Engagement, c.Manual = p.total, w.fit, p.engagement, p.manual
	if w.persona >= 0 {
		c.Persona = r.config.Personas[w.persona].Name
	}
	c.Grade = p.outcome.grade()
	c.Band = r.config.Bands[p.outcome.band].Name
	c.Handover, c.outcome = p.outcome.handover, p.outcome
	if w.funnel >= 0 {
		c.Funnel, c.Part = r.config.Funnel[w.funnel].Name, r.config.Funnel[w.funnel].Part
	}
	return w, p
}

// engagementLines writes the signals group by group, each group's limit after
// its signals, then what belongs to no group, the funnel and the limit of all.
func (w *work) engagementLines(c *Card, p *probe) {
	r := w.rules
	for g := range r.config.Groups {
		if r.config.Groups[g].Interest {
			continue
		}
		w.signalLines(c, p, g)
		limits := r.config.Groups[g].Limits
		c.limit(KindGroup, r.config.Groups[g].Name, p.groups[g], limits)
	}
	w.signalLines(c, p, -1)
	if w.funnel >= 0 && r.config.Funnel[w.funnel].Points != 0 {
		c.Lines = append(c.Lines, Line{Kind: KindFunnel, Name: c.Funnel, Points: r.config.Funnel[w.funnel].Points})
	}
	c.limit(KindEngagement, "", p.raw, r.config.Engagement)
}

func (w *work) signalLines(c *Card, p *probe, group int) {
	r := w.rules
	name := ""
	if group >= 0 {
		name = r.config.Groups[group].Name
	}
	for i := range p.lines {
		l := &p.lines[i]
		if l.Signal == ledger.Manual || r.points[l.Signal] < 0 || l.Count == 0 || r.group[r.points[l.Signal]] != group {
			continue
		}
		line := Line{Kind: KindSignal, Signal: l.Signal, Name: r.name(l.Signal), Group: name, Count: l.Count, LastDay: l.Last, Points: l.Points + l.Cut}
		c.Lines = append(c.Lines, line)
		if l.Cut != 0 {
			line.Kind, line.Points = KindCap, -l.Cut
			line.Limit, line.Days = r.config.Points[r.points[l.Signal]].cap()
			c.Lines = append(c.Lines, line)
		}
	}
	for i := range r.absent {
		if a := &r.absent[i]; p.absent[i] && a.points >= 0 && r.group[a.points] == group {
			c.Lines = append(c.Lines, Line{Kind: KindSignal, Signal: a.number, Name: r.name(a.number), Group: name, Points: r.config.Points[a.points].Points})
		}
	}
}

// cap is the limit to show for what caps took, and its days: 0 is for ever.
func (p *Points) cap() (limit, days int) {
	size := max(p.Points, -p.Points)
	switch {
	case p.Once:
		return size, 0
	case p.OnceDays > 0 && p.Cap == 0:
		return size, p.OnceDays
	case p.Cap > 0:
		return p.Cap, p.WindowDays
	}
	return p.PerDay, 1
}

// limit adds a line for what limits change in a sum.
func (c *Card) limit(kind Kind, name string, sum int, l Limits) {
	if in := l.clamp(sum); in != sum {
		bound := l.Max
		if sum < l.Min {
			bound = l.Min
		}
		c.Lines = append(c.Lines, Line{Kind: kind, Name: name, Group: name, Points: in - sum, Limit: bound})
	}
}

func (w *work) fitLines(c *Card) {
	r := w.rules
	if w.persona < 0 {
		return
	}
	for _, row := range r.fits[w.persona] {
		if row.points != 0 && w.state.Profile.Has(row.signal) {
			c.Lines = append(c.Lines, Line{Kind: KindFit, Signal: row.signal, Name: r.name(row.signal), Points: row.points})
		}
	}
	c.limit(KindFitLimit, "", w.fitRaw, r.config.Fit)
}

// leading names the group and the interest with most points.
func (w *work) leading(c *Card, p *probe) {
	r := w.rules
	most := 0
	for _, g := range r.channels {
		if n := r.config.Groups[g].Limits.clamp(p.groups[g]); n > most {
			most, c.Leading = n, r.config.Groups[g].Name
		}
	}
	if len(r.channels) == len(r.config.Groups) {
		return
	}
	clear(w.groupHigh)
	for i := range p.lines {
		if l := &p.lines[i]; l.Signal != ledger.Manual && r.points[l.Signal] >= 0 {
			if g := r.interest[r.points[l.Signal]]; g >= 0 {
				w.groupHigh[g] += l.Points
			}
		}
	}
	most = 0
	for g, n := range w.groupHigh[:len(r.config.Groups)] {
		if n > most {
			most, c.Interest = n, r.config.Groups[g].Name
		}
	}
}

// few is how many reasons and raises a card names.
const few = 3

// whyNow picks what is worth most among what was seen in the last week; where
// nothing was, among all.
func (w *work) whyNow(c *Card, p *probe) {
	for _, days := range []int{7, maxLife} {
		for i := range p.lines {
			l := &p.lines[i]
			if l.Signal != ledger.Manual && l.Points > 0 && w.rules.points[l.Signal] >= 0 && int(p.day-l.Last) < days {
				c.WhyNow = insert(c.WhyNow, Why{Signal: l.Signal, Points: l.Points, Count: l.Count, LastDay: l.Last},
					func(a, b Why) int { return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(b.LastDay, a.LastDay)) })
			}
		}
		if len(c.WhyNow) > 0 {
			break
		}
	}
	for i := range c.WhyNow {
		c.WhyNow[i].Name = w.rules.name(c.WhyNow[i].Signal)
	}
}

// wouldRaise looks at what each signal could still bring within its caps, its
// group and the limits, and at what is not yet known of the persona.
func (w *work) wouldRaise(c *Card, p *probe) {
	r := w.rules
	order := func(a, b Raise) int { return cmp.Compare(b.Points, a.Points) }
	room := r.config.Engagement.Max - p.raw
	for i := range r.config.Points {
		k := &r.config.Points[i]
		n := min(k.Points, room)
		if g := r.group[i]; g >= 0 {
			n = min(n, r.config.Groups[g].Limits.Max-p.groups[g])
		}
		if n <= 0 {
			continue
		}
		if l := p.line(k.Signal); l != nil {
			n = min(n, k.left(l, p.day))
		}
		if n > 0 && !w.isAbsent(k.Signal) {
			c.WouldRaise = insert(c.WouldRaise, Raise{Signal: k.Signal, Points: n}, order)
		}
	}
	if w.persona >= 0 {
		w.unknown(c, order)
	}
	for i := range c.WouldRaise {
		c.WouldRaise[i].Name = r.name(c.WouldRaise[i].Signal)
	}
}

func (w *work) isAbsent(n signal.Number) bool { return w.rules.where[n] >= 0 }

// left bounds what another hit today may bring within the signal's own caps.
// Where a cap has cut in the running window, nothing is left.
func (k *Points) left(l *ledger.Line, day activity.Day) int {
	limit, days := k.cap()
	switch {
	case k.Once:
		return 0
	case k.OnceDays > 0 && l.Last/activity.Day(k.OnceDays) == day/activity.Day(k.OnceDays):
		return 0
	case limit == 0 || days == 0:
		return k.Points
	case l.Cut > 0 && l.Last/activity.Day(days) == day/activity.Day(days):
		return 0
	case l.Last/activity.Day(days) == day/activity.Day(days):
		return max(0, limit-l.Points)
	}
	return k.Points
}

// unknown adds the attributes of which nothing is known and that could bring
// points to the persona: the best answer of each.
func (w *work) unknown(c *Card, order func(a, b Raise) int) {
	r := w.rules
	room := r.config.Fit.Max - w.fitRaw
	rows, asks := r.fits[w.persona], r.asks[w.persona]
	for i, row := range rows {
		if row.points <= 0 || asks[i] == "" || room <= 0 {
			continue
		}
		best := true
		for j, other := range rows {
			if asks[j] != asks[i] {
				continue
			}
			if w.state.Profile.Has(other.signal) || other.points > row.points || other.points == row.points && j < i {
				best = false
				break
			}
		}
		if best {
			c.WouldRaise = insert(c.WouldRaise, Raise{Signal: row.signal, Attribute: asks[i], Points: min(row.points, room)}, order)
		}
	}
}

// insert keeps the few best, in order, earlier ones first on a tie.
func insert[T any](list []T, v T, order func(a, b T) int) []T {
	i := len(list)
	for i > 0 && order(v, list[i-1]) < 0 {
		i--
	}
	if i == few {
		return list
	}
	if len(list) == few {
		list = list[:few-1]
	}
	return slices.Insert(list, i, v)
}

// review looks ahead: when does time alone change an outcome, if ever?
func (w *work) review(c *Card, p *probe) bool {
	base := p.outcome
	w.used = 1
	c.ReviewDay = w.firstChange(p, func(o *outcome) bool { return *o != base })
	return c.ReviewDay != 0
}

// crossing looks for the first change of the band. It cannot come before the
// review day, so it is looked for from there.
func (w *work) crossing(c *Card, p *probe) {
	base := p.outcome
	w.used = 0
	then := w.probe(c.ReviewDay)
	if then.outcome.band == base.band {
		day := w.firstChange(then, func(o *outcome) bool { return o.band != base.band })
		if day == 0 {
			return
		}
		w.used = 0
		then = w.probe(day)
	}
	if then.outcome.band != base.band { // it is not, where the search was given up
		bands := w.rules.config.Bands
		c.NextCrossing = &Crossing{Day: then.day, From: bands[base.band].Name, To: bands[then.outcome.band].Name, Total: then.total}
	}
}

// allGrades holds every grade, so that naming one takes no memory.
const allGrades = "A1A2A3A4B1B2B3B4C1C2C3C4D1D2D3D4"

func (o *outcome) grade() string {
	i := 8*int(o.letter-'A') + 2*int(o.number-'1')
	return allGrades[i : i+2]
}
