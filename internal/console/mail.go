package console

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// mailView says how a person may be written to; for each track what comes next,
// why it waits and until when, or why it never comes; for each mail why it went.
func mailView(book *playbook.Compiled, r *nurture.Recipient, locale string, now time.Time) map[string]any {
	var tracks, sends []map[string]any
	for _, e := range r.Enrollments {
		t := map[string]any{
			"track": e.Track, "title": book.TrackTitle(e.Track, locale), "step": book.StepTitle(e.Track, e.Step, locale),
			"held": book.Why(e.Held, locale), "ended": book.Why(e.Ended, locale), "heldOut": e.Out != "",
		}
		if e.Due != 0 {
			t["due"] = time.Unix(e.Due, 0).UTC()
		}
		if n, ok := r.Forecast(book.Nurture, e.Track, now); ok && e.Held == "" {
			switch n.Kind {
			case "skipped":
				t["never"] = book.Why(n.Reason, locale)
			case "held":
				t["willWait"] = book.Why(n.Reason, locale)
				if !n.Until.IsZero() {
					t["until"] = n.Until.UTC()
				}
			}
		}
		tracks = append(tracks, t)
	}
	for i := len(r.Sends) - 1; i >= 0; i-- {
		s := r.Sends[i]
		sent := map[string]any{
			"mail": book.MailTitle(s.Mail, locale), "at": time.Unix(s.At, 0).UTC(), "class": s.Class, "channel": s.Channel, "arm": s.Arm,
			"open": s.Open, "unknown": s.Unknown, "failed": book.Why(s.Failed, locale),
		}
		if track, _ := r.SentFor(book.Nurture, s); track != "" {
			sent["for"] = book.TrackTitle(track, locale)
		}
		sends = append(sends, sent)
	}
	v := map[string]any{
		"consent": r.Consents("email", "marketing", book.Nurture.DoubleOptIn), "suppressed": r.SuppressedFor(r.Email),
		"salesTalking": r.Held || r.Talk != "", "tracks": tracks, "sends": sends,
	}
	if why := r.SuppressedFor(r.Email); why != "" {
		v["suppressedWhy"] = book.Why(nurture.Because(nurture.Suppression, why), locale)
	}
	if r.Paused > now.Unix() {
		v["paused"] = time.Unix(r.Paused, 0).UTC()
	}
	return v
}
