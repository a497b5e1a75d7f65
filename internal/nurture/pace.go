package nurture

import (
	"fmt"
	"slices"
	"time"
)

// marketingFrom gives the first instant at or after now at which a marketing
// mail may leave for this person, and the first rule that stands in the way of
// now: "" when none does. A zero instant means: until an event changes it.
//
// Rules push the time forward one after another until none does: a cap may end
// in the night, and the night on a holiday.
func (r *Recipient) marketingFrom(p *Plan, now time.Time) (time.Time, string) {
	if r.Held {
		return time.Time{}, "sales is talking with this person"
	}
	at, why := now, ""
	push := func(to time.Time, rule string) {
		if to.After(at) {
			at, why = to, first(why, rule)
		}
	}
	zone := p.zone
	if r.Zone != "" {
		if z, err := time.LoadLocation(r.Zone); err == nil {
			zone = z
		}
	}
	for range 64 {
		before := at
		push(time.Unix(r.Paused, 0).UTC(), "paused by the person")
		if last := r.lastMarketing(); last != 0 && p.GapHours > 0 {
			push(time.Unix(last, 0).UTC().Add(time.Duration(p.GapHours)*time.Hour), fmt.Sprintf("%d hours between two mails", p.GapHours))
		}
		for _, c := range p.Caps {
			to, full := r.capFrom(c, at)
			if full {
				push(to, fmt.Sprintf("at most %d mails in %d days", c.Count, c.Days))
			}
		}
		to, rule := p.mail.next(at, zone)
		push(to, rule)
		if at.Equal(before) {
			break
		}
	}
	return at, why
}

// capFrom tells whether a cap is full at an instant, and when it is not any
// more. Mails of unknown fate count: they may have left.
func (r *Recipient) capFrom(c Cap, at time.Time) (time.Time, bool) {
	count := c.Count
	if r.Fewer {
		count = max(1, count/2)
	}
	window := int64(c.Days) * 24 * 3600
	var inside []int64
	for _, s := range r.Sends {
		if s.Class == Marketing && s.Failed == "" && s.At > at.Unix()-window {
			inside = append(inside, s.At)
		}
	}
	if len(inside) < count {
		return at, false
	}
	// The window is free again when the count-th newest has left it.
	return time.Unix(inside[len(inside)-count]+window, 0).UTC(), true
}

func (r *Recipient) lastMarketing() int64 {
	for i := len(r.Sends) - 1; i >= 0; i-- {
		if s := r.Sends[i]; s.Class == Marketing && s.Failed == "" {
			return s.At
		}
	}
	return 0
}

// keepSends bounds the memory of sends: all that a cap may count, and a few
// more to show.
const keepSends = 12

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
	r.Sends = append(r.Sends, Sent{})
	copy(r.Sends[i+1:], r.Sends[i:])
	r.Sends[i] = s
	if len(r.Sends) > keepSends {
		r.Sends = r.Sends[len(r.Sends)-keepSends:]
	}
}
