package flow

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
)

// moveRecipient gives what one lead permitted, and where they must not be
// written to, to another, and takes the first out of every track. All of it
// bears repetition.
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
	into.Fewer = into.Fewer || from.Fewer
	into.Paused = max(into.Paused, from.Paused)
	for _, e := range from.Enrollments {
		if e.Ended == "" {
			from.End(e.Track, "joined to another lead")
		}
	}
}
