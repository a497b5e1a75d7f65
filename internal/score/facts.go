package score

import (
	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Facts answers questions about a lead on a day that a card does not show. It
// is good until Close, and not safe for concurrent use.
type Facts struct {
	w *work
	p *probe
}

// Facts of a lead on a day. The state must be settled.
func (r *Rules) Facts(s *ledger.State, day activity.Day) *Facts {
	w := r.take()
	r.begin(w, s)
	return &Facts{w, w.probe(day)}
}

// Close gives the memory back.
func (f *Facts) Close() {
	f.w.state = nil
	f.w.rules.pool.Put(f.w)
	f.w, f.p = nil, nil
}

// Holds tells whether a condition of the playbook holds.
func (f *Facts) Holds(n *Need) bool { return f.w.holds(f.p, n) }

// Seen tells whether a signal was seen in the last days days (0: ever), or
// holds. Of signals on activities and counts it knows those that the rules
// name anywhere.
func (f *Facts) Seen(n signal.Number, days int) bool { return f.w.seen(f.p, n, days) }

// LastActive is the last day on which the lead did something that is worth
// points; 0 is never.
func (f *Facts) LastActive() activity.Day {
	var last activity.Day
	for i := range f.p.lines {
		l := &f.p.lines[i]
		if l.Signal == ledger.Manual || l.Count == 0 {
			continue
		}
		if k := f.w.rules.points[l.Signal]; k >= 0 && f.w.rules.config.Points[k].Points > 0 {
			last = max(last, l.Last)
		}
	}
	return last
}
