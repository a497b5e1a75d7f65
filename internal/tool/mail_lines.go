package tool

import (
	"cmp"
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
	w, x, titles := wordsOf(locale), mailWordsOf(locale), c.Titles(locale)
	say := func(reason string) string { return nurture.Say(reason, locale, titles) }
	when := func(t int64) string { return w.moment(time.Unix(t, 0), c.Zone) }
	var out []string
	if why := r.SuppressedFor(r.Email); why != "" {
		out = append(out, say("suppressed:"+why))
	}
	if r.Held {
		out = append(out, x.sales)
	}
	if r.Paused > now.Unix() {
		out = append(out, fmt.Sprintf(x.paused, when(r.Paused)))
	}
	for _, e := range r.Enrollments {
		head := cmp.Or(castTitle(e.Track, locale), titles("track", e.Track)) + ": "
		if e.Ended != "" {
			out = append(out, head+fmt.Sprintf(x.ended, say(e.Ended)))
			continue
		}
		parts := []string{fmt.Sprintf(x.next, stepWords(c, e, locale))}
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
			line += " (" + cmp.Or(castTitle(track, locale), titles("track", track)) + ")"
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

// castTitle names the track of a broadcast, "" for one of the playbook.
func castTitle(track, locale string) string {
	id := nurture.BroadcastOf(track)
	if id == "" {
		return ""
	}
	return nurture.Text{Fa: "ارسال گروهی ", En: "broadcast "}.In(locale) + id
}

// stepWords are what the next step is: its mail's subject or its task.
func stepWords(c *playbook.Compiled, e nurture.Enrollment, locale string) string {
	t := c.Nurture.Track(e.Track)
	if t == nil {
		return e.Step
	}
	for _, s := range t.Steps {
		switch {
		case s.Name != e.Step:
		case s.Task != nil:
			return s.Task.Title.In(locale)
		case s.Mail != "":
			return c.MailTitle(s.Mail, locale)
		}
	}
	return e.Step
}
