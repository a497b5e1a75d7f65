package score

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
)

// The search for the first day on which time alone changes an outcome.
//
// Every line fades toward zero, so between two days it lies between its values
// on them; groups and limits only ever rise with their lines. That gives the
// least and the most that engagement and total can be in between, and where no
// threshold lies among them, no day in between needs a look. What jumps (a
// signal that is no longer recent, an absence that sets in, points by hand that
// end) does so on days
// that are known, and these cut the time into spans.

// horizon bounds how far ahead a review is looked for; a lead with a change
// later than that is looked at on that day, in vain.
const horizon = activity.Day(maxLife)

// maxSpent bounds what is spent on looking ahead, in units of rules: hundreds of
// days for a playbook of hundreds of signals. Where it is used up the search is
// given up, and the day up to which nothing changes is the review: the lead is
// then looked at in vain, and the search goes on from there.
const maxSpent = 60_000

// firstChange gives the first day after base, the only probe in use, on which
// differs holds, 0 for never.
func (w *work) firstChange(base *probe, differs func(*outcome) bool) activity.Day {
	w.findEvents(base)
	end := w.span(base)
	at := base
	for i := 0; i <= len(w.events); i++ {
		if w.spent > maxSpent && (i < len(w.events) || end > at.day) {
			return at.day + 1
		}
		last := end
		if i < len(w.events) {
			last = w.events[i] - 1
		}
		if last > at.day {
			if day := w.search(at, w.probe(last), differs); day != 0 {
				return day
			}
		}
		if i < len(w.events) {
			w.used = 1 // base stays, the rest may be overwritten
			at = w.probe(w.events[i])
			if differs(&at.outcome) {
				return at.day
			}
		}
	}
	return 0
}

// search looks in the days after a up to b. a does not differ.
func (w *work) search(a, b *probe, differs func(*outcome) bool) activity.Day {
	if w.same(a, b) {
		return 0
	}
	if b.day == a.day+1 {
		if differs(&b.outcome) {
			return b.day
		}
		return 0
	}
	if w.spent > maxSpent {
		return a.day + 1
	}
	mark := w.used
	mid := w.probe(a.day + (b.day-a.day)/2)
	day := w.search(a, mid, differs)
	if day == 0 { // mid does not differ either
		day = w.search(mid, b, differs)
	}
	w.used = mark
	return day
}

// same tells that no outcome can change between two days of one span.
func (w *work) same(a, b *probe) bool {
	r := w.rules
	if len(a.lines) != len(b.lines) {
		return false
	}
	none := len(r.config.Groups)
	clear(w.groupLow)
	clear(w.groupHigh)
	manualLow, manualHigh := min(a.manual, b.manual), max(a.manual, b.manual)
	for i := range a.lines {
		p, q := a.lines[i].Points, b.lines[i].Points
		if p == 0 && q == 0 || a.lines[i].Signal == ledger.Manual {
			continue
		}
		place := r.points[a.lines[i].Signal]
		if place < 0 {
			continue
		}
		g := none
		if k := r.group[place]; k >= 0 {
			g = k
		}
		w.groupLow[g] += min(p, q)
		w.groupHigh[g] += max(p, q)
	}
	for i := range r.absent {
		if k := r.absent[i].points; k >= 0 && a.absent[i] {
			w.groupLow[r.slotOf(k)] += r.config.Points[k].Points
			w.groupHigh[r.slotOf(k)] += r.config.Points[k].Points
		}
	}
	low := r.config.Engagement.clamp(r.engagement(w.groupLow, w.funnel))
	high := r.config.Engagement.clamp(r.engagement(w.groupHigh, w.funnel))
	return within(r.engaged, low, high) && within(r.total, w.fit+low+manualLow, w.fit+high+manualHigh)
}

// within tells that low and high are on the same side of every cut.
func within(cuts []int, low, high int) bool {
	i, found := slices.BinarySearch(cuts, low)
	if found {
		i++
	}
	return i == len(cuts) || cuts[i] > high
}

// span gives the last day on which a line may still change.
func (w *work) span(base *probe) activity.Day {
	end := base.day
	for i := range base.lines {
		l := &base.lines[i]
		if l.Signal == ledger.Manual {
			continue // ends on days that are events
		}
		if place := w.rules.points[l.Signal]; place >= 0 && w.rules.life[place] > 0 && (l.Points != 0 || l.Cut != 0) {
			end = max(end, max(base.day, l.Last)+activity.Day(w.rules.fadeDays(place, l.Points)))
		}
	}
	return min(end, base.day+horizon)
}

// findEvents lists the days on which something jumps, ascending.
func (w *work) findEvents(base *probe) {
	w.events = w.events[:0]
	add := func(day activity.Day) {
		if day > base.day && day <= base.day+horizon {
			w.events = append(w.events, day)
		}
	}
	w.ends = w.state.Adjustments(base.day, w.ends[:0])
	for _, a := range w.ends {
		if a.Until != 0 { // however far ahead: a person said so
			w.events = append(w.events, a.Until+1)
		}
	}
	for _, k := range w.rules.recent {
		if l := base.line(k.signal); l != nil {
			add(l.Last + activity.Day(k.days))
		}
	}
	for i := range w.rules.absent {
		a := &w.rules.absent[i]
		l := base.line(a.count.Of)
		if l == nil || base.absent[i] {
			continue
		}
		if a.count.AtLeast == 1 {
			add(l.Last + activity.Day(a.count.Days))
			continue
		}
		for day := base.day + 1; day <= l.Last+activity.Day(a.count.Days); day++ {
			if w.state.Count(w.rules.meters, a.count.Of, day, a.count.Days, a.count.DistinctDays) < a.count.AtLeast {
				add(day)
				break
			}
		}
	}
	slices.Sort(w.events)
	w.events = slices.Compact(w.events)
}
