package nurture

import (
	"slices"
	"time"
)

// marketingFrom gives the first instant at or after now at which a marketing
// message may leave for this person over a channel, and the first rule that
// stands in the way of now: "" when none does. A zero instant means: until an
// event changes it.
//
// Rules push the time forward one after another until none does: a cap may end
// in the night, and the night on a holiday.
func (r *Recipient) marketingFrom(p *Plan, channel string, now time.Time) (time.Time, string) {
	if r.talking() {
		return time.Time{}, SalesTalks
	}
	at, why := now, ""
	push := func(to time.Time, rule string) {
		if to.After(at) {
			at, why = to, first(why, rule)
		}
	}
	zone := p.ZoneOf(r)
	for range 64 {
		before := at
		push(time.Unix(r.Paused, 0).UTC(), Paused)
		for _, g := range p.gaps {
			if last := r.lastMarketing(g.Channel); last != 0 && g.covers(channel) {
				push(time.Unix(last, 0).UTC().Add(time.Duration(g.GapHours)*time.Hour), because(Gap, g.GapHours, g.Channel))
			}
		}
		for _, c := range p.Caps {
			if c.Channel != "" && c.Channel != channel {
				continue
			}
			to, full := r.capFrom(c, at)
			if full {
				push(to, because(CapFull, c.Count, c.Days, c.Channel))
			}
		}
		to, rule := p.hours(channel).next(at, zone)
		push(to, rule)
		if at.Equal(before) {
			break
		}
	}
	return at, why
}

// gap is the least time between two messages, over one channel or over all.
type gap struct {
	Channel  string
	GapHours int
}

func (g gap) covers(channel string) bool { return g.Channel == "" || g.Channel == channel }

// capFrom tells whether a cap is full at an instant, and when it is not any
// more.
func (r *Recipient) capFrom(c Cap, at time.Time) (time.Time, bool) {
	count := c.Count
	if r.Fewer {
		count = max(1, count/2)
	}
	window := int64(c.Days) * 24 * 3600
	var inside []int64
	for i := range r.Sends {
		if s := &r.Sends[i]; s.counts(c.Channel) && s.At > at.Unix()-window {
			inside = append(inside, s.At)
		}
	}
	if len(inside) < count {
		return at, false
	}
	// The window is free again when the count-th newest has left it.
	return time.Unix(inside[len(inside)-count]+window, 0).UTC(), true
}

func (r *Recipient) lastMarketing(channel string) int64 {
	for i := len(r.Sends) - 1; i >= 0; i-- {
		if s := &r.Sends[i]; s.counts(channel) {
			return s.At
		}
	}
	return 0
}

// What a recipient remembers of its sends. Caps count marketing over at most
// maxWindowDays and at most maxCount of it; the rest is for people to look at,
// and for evidence that comes late.
const (
	keepMarketing = 2 * maxCount
	keepOthers    = 6
	keepShown     = 2 // beyond what caps count, once the plan has said what they do
)

// Remember takes over what was sent under another id of the person.
func (r *Recipient) Remember(s Sent) {
	if !slices.ContainsFunc(r.Sends, func(o Sent) bool { return o.ID == s.ID }) {
		r.remember(s)
	}
}

// remember adds a send to the history, in order of time.
func (r *Recipient) remember(s Sent) {
	i := len(r.Sends)
	for i > 0 && r.Sends[i-1].At > s.At {
		i--
	}
	r.Sends = slices.Insert(r.Sends, i, s)
	marketing, others := 0, 0
	r.keep(func(s *Sent) bool {
		if s.Class == Marketing {
			marketing++
			return marketing <= keepMarketing
		}
		others++
		return others <= keepOthers || s.Unknown && others <= keepMarketing
	})
}

// forget drops what neither a cap of the plan nor anybody will ask for. Old
// enrollments that ended go too: the lead's own memory of decisions says
// whether it may enter again.
func (r *Recipient) forget(p *Plan, now time.Time) {
	shown := 0
	r.keep(func(s *Sent) bool {
		// Who does not know whether a mail left is asked until they say so.
		if s.counts("") && s.At > now.Add(-p.window).Unix() || s.Open || s.Unknown {
			return true
		}
		shown++
		return shown <= keepShown
	})
	ended := 0
	for i := len(r.Enrollments) - 1; i >= 0; i-- {
		e := &r.Enrollments[i]
		if e.Ended == "" {
			continue
		}
		if ended++; ended > keepEnded && now.Sub(time.Unix(e.Since, 0)) > forgetEnded {
			r.Enrollments = slices.Delete(r.Enrollments, i, i+1)
		}
	}
}

// Ended enrollments: so many are kept whatever their age, and all that are
// younger than a decision may still be on its way.
const (
	keepEnded   = 4
	forgetEnded = 60 * 24 * time.Hour
)

// keep drops sends from the oldest on; which says of each, the newest first.
func (r *Recipient) keep(which func(*Sent) bool) {
	kept := len(r.Sends)
	for i := len(r.Sends) - 1; i >= 0; i-- {
		if which(&r.Sends[i]) {
			kept--
			r.Sends[kept] = r.Sends[i]
		}
	}
	r.Sends = slices.Delete(r.Sends, 0, kept)
}
