package flow

import (
	"cmp"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
)

// movedOn ends an enrollment that goes on under another lead.
const movedOn = "joined to another lead"

// moveRecipient gives what one lead permitted, where they must not be written
// to, what they were sent and the tracks they are in to another, and takes the
// first out of every track. All of it bears repetition. What is decided or
// withdrawn under the old id from now on finds the new one: see follow.
func moveRecipient(into, from *nurture.Recipient) {
	if into.Email == "" {
		into.Email = from.Email
	}
	if into.Mobile == "" {
		into.Mobile = from.Mobile
	}
	if into.Locale == "" {
		into.Locale = from.Locale
	}
	if into.Zone == "" {
		into.Zone = from.Zone
	}
	if from.OwnedAt != 0 {
		into.SetOwner(from.Owner, time.Unix(from.OwnedAt, 0))
	}
	for _, p := range from.Permissions {
		if p.Granted != 0 {
			into.Grant(p.Channel, p.Purpose, time.Unix(p.Granted, 0), p.Wording, p.Proof)
		}
		if p.Withdrawn != 0 {
			into.Withdraw(p.Channel, p.Purpose, time.Unix(p.Withdrawn, 0))
		}
		if p.Confirmed != 0 {
			into.Confirm(p.Channel, p.Purpose, time.Unix(p.Confirmed, 0))
		}
	}
	for _, s := range from.Suppressed {
		into.Suppress(s.Address, s.Reason, time.Unix(s.At, 0))
	}
	into.Held = into.Held || from.Held
	into.Talk = cmp.Or(into.Talk, from.Talk)
	into.Fewer = into.Fewer || from.Fewer
	into.Paused = max(into.Paused, from.Paused)
	into.Prefer(into.Fewer, union(into.TopicsOff, from.TopicsOff))
	for _, o := range from.Issued {
		into.Take(o)
	}
	for _, s := range from.Sends {
		into.Remember(s) // caps are a person's, whichever address was written to
	}
	if h := from.Hand; h != nil {
		into.Remember(nurture.Sent{ID: h.ID, Mail: h.Mail, At: h.Claimed, Class: h.Class, Arm: h.Arm})
	}
	for _, e := range from.Enrollments {
		if e.Ended == movedOn {
			continue
		}
		if !slices.ContainsFunc(into.Enrollments, func(o nurture.Enrollment) bool { return o.Track == e.Track }) {
			into.Enrollments = append(into.Enrollments, e)
		}
		if e.Ended == "" {
			from.End(e.Track, movedOn)
		}
	}
	from.Moved = into.ID
}

// union of two lists, each word once.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
