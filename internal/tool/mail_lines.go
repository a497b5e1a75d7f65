package tool

import (
	"fmt"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

type mailWords struct {
	next, until, will, never, ended, sent, unknown, failed, hand, event, paused, sales string
}

func mailWordsOf(locale string) mailWords {
	if locale == "en" {
		return mailWords{next: "next “%s”", until: "until %s", will: "goes out %s", never: "will not be sent: %s", ended: "over: %s", sent: "sent %s", unknown: "its fate is unknown; not repeated",
			failed: "did not leave: %s", hand: "being sent", event: "waits for an event", paused: "paused until %s", sales: "sales is talking: marketing waits"}
	}
	return mailWords{next: "گام بعد «%s»", until: "تا %s", will: "می‌رود: %s", never: "فرستاده نخواهد شد: %s", ended: "تمام شد: %s", sent: "رفت: %s", unknown: "سرنوشتش نامعلوم است و دوباره فرستاده نمی‌شود",
		failed: "نرفت: %s", hand: "در دست فرستادن", event: "در انتظار یک رویداد", paused: "تا %s صبر می‌کنیم", sales: "فروش در حال گفتگوست: تبلیغ می‌ماند"}
}

// MailLines say, a line each, what is to say about mail to a person: what stands
// in the way of all of it, then for each track why its next step waits, why it
// never comes or why the track is over, then for each mail why it went.
func MailLines(c *playbook.Compiled, r *nurture.Recipient, locale string, now time.Time) []string {
	w, x := wordsOf(locale), mailWordsOf(locale)
	say := func(reason string) string { return c.Why(reason, locale) }
	when := func(t int64) string { return w.moment(time.Unix(t, 0), c.Zone) }
	var out []string
	if why := r.SuppressedFor(r.Email); why != "" {
		out = append(out, say(nurture.Because(nurture.Suppression, why)))
	}
	if r.Held || r.Talk != "" {
		out = append(out, x.sales)
	}
	if r.Paused > now.Unix() {
		out = append(out, fmt.Sprintf(x.paused, when(r.Paused)))
	}
	for _, e := range r.Enrollments {
		head := c.TrackTitle(e.Track, locale) + ": "
		if e.Ended != "" {
			out = append(out, head+fmt.Sprintf(x.ended, say(e.Ended)))
			continue
		}
		parts := []string{fmt.Sprintf(x.next, c.StepTitle(e.Track, e.Step, locale))}
		n, foretold := r.Forecast(c.Nurture, e.Track, now)
		switch {
		case e.Held != "" && e.Due != 0:
			parts = append(parts, say(e.Held)+"، "+fmt.Sprintf(x.until, when(e.Due)))
		case e.Held != "":
			parts = append(parts, say(e.Held))
		case foretold && n.Kind == "skipped":
			parts = append(parts, fmt.Sprintf(x.never, say(n.Reason)), fmt.Sprintf(x.until, when(e.Due)))
		case foretold && n.Kind == "held":
			parts = append(parts, when(e.Due), say(n.Reason))
			if !n.Until.IsZero() {
				parts = append(parts, fmt.Sprintf(x.until, when(n.Until.Unix())))
			}
		case e.Due != 0:
			parts = append(parts, fmt.Sprintf(x.will, when(e.Due)))
		default:
			parts = append(parts, x.event)
		}
		out = append(out, head+strings.Join(parts, "، "))
	}
	for i := len(r.Sends) - 1; i >= 0; i-- {
		s := r.Sends[i]
		track, _ := r.SentFor(c.Nurture, s)
		line := when(s.At) + "  " + c.MailTitle(s.Mail, locale)
		if track != "" {
			line += " (" + c.TrackTitle(track, locale) + ")"
		}
		switch {
		case s.Unknown:
			line += " — " + x.unknown
		case s.Failed != "":
			line += " — " + fmt.Sprintf(x.failed, say(s.Failed))
		}
		out = append(out, line)
	}
	if h := r.Hand; h != nil {
		out = append(out, when(h.Claimed)+"  "+c.MailTitle(h.Mail, locale)+" — "+x.hand)
	}
	if locale == "en" {
		for i := range out {
			out[i] = strings.ReplaceAll(out[i], "، ", ", ")
		}
	}
	return out
}
