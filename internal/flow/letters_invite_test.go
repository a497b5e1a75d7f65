package flow

import (
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// booked is an activity by which a time is agreed on.
var booked = nurture.Entry{Activity: "demo.booked"}

// newBookings is an office whose playbook confirms demos, as the example does.
func newBookings(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	p := *o.book.Playbook
	p.Nurture.Tracks = []nurture.Track{{Name: "demo", Entry: []nurture.Entry{booked}, ReentryDays: 1, Steps: []nurture.Step{
		{Name: "booked", Class: nurture.Asked, Mail: "demo"},
		{Name: "moved", Class: nurture.Asked, Mail: "demo", Until: &nurture.Until{For: booked, Days: 30, Otherwise: "settled"}, Then: "moved"},
		{Name: "settled", Split: []nurture.Branch{{Weight: 1, Goto: nurture.End}}},
	}}}
	invite := &mail.Invite{At: "demo_at", Minutes: 30, Title: "دموی {{ business.name }}", Place: "تلفنی"}
	text := "{% if invite.at %}{{ invite.at }}{% else %}-{% endif %}"
	p.Mails = append(p.Mails, mail.Template{Name: "demo", Locale: "fa", Subject: "دمو", HTML: text, Text: text, Invite: invite},
		mail.Template{Name: "demo", Locale: "en", Subject: "Demo", HTML: text, Text: text, Invite: invite})
	c, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	o.book = c
	return o
}

// book says that a demo was agreed on, as the profile and the decision do.
func (o *office) demoAt(at string) {
	o.t.Helper()
	stored, err := o.store.ReadProfile(o.t.Context(), maryam)
	if err != nil {
		o.t.Fatal(err)
	}
	p, err := lead.DecodeProfile(stored.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	p.Apply([]activity.Property{{Name: "demo_at", Value: activity.TextValue(at)}}, o.now, uint64(o.now.Unix()))
	if err := o.store.WriteProfile(o.t.Context(), store.Profile{Lead: maryam, Version: stored.Version, Body: p.Encode()}); err != nil {
		o.t.Fatal(err)
	}
	if err := update(o.t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool {
		return r.Enroll(o.book.Nurture, "demo", nurture.Entering{}, o.now) == "" || r.Happened(o.book.Nurture, "demo", booked, o.now, o.now)
	}); err != nil {
		o.t.Fatal(err)
	}
	o.tick()
}

// lineOf gives a line of a calendar by its name.
func lineOf(a mail.Attachment, name string) string {
	for l := range strings.SplitSeq(strings.ReplaceAll(string(a.Data), "\r\n ", ""), "\r\n") {
		if v, ok := strings.CutPrefix(l, name+":"); ok {
			return v
		}
	}
	return ""
}

func TestATimeThatIsMovedMovesTheAppointmentInsteadOfAddingAnother(t *testing.T) {
	o := newBookings(t)
	var uid, sequence string
	for i, at := range []string{"2026-12-01T10:00", "2026-12-02T11:30:00+03:30", "2026-12-02T16:00:00Z"} {
		o.demoAt(at)
		if len(o.sent) != i+1 {
			t.Fatalf("booking %d: %d mails", i+1, len(o.sent))
		}
		m := o.sent[i]
		if len(m.Attachments) != 1 {
			t.Fatalf("booking %d: %d files", i+1, len(m.Attachments))
		}
		a := m.Attachments[0]
		start := []string{"20261201T063000Z", "20261202T080000Z", "20261202T160000Z"}[i]
		if lineOf(a, "DTSTART") != start || lineOf(a, "SUMMARY") != "دموی دفتریار" || lineOf(a, `ORGANIZER;CN="دفتریار"`) != "mailto:hello@x.example" {
			t.Errorf("booking %d: %s", i+1, a.Data)
		}
		said := []string{"سه‌شنبه ۱۰ آذر ۱۴۰۵، ۱۰:۰۰", "چهارشنبه ۱۱ آذر ۱۴۰۵، ۱۱:۳۰", "چهارشنبه ۱۱ آذر ۱۴۰۵، ۱۹:۳۰"}[i]
		if m.Text != said {
			t.Errorf("booking %d: %q, want %q", i+1, m.Text, said)
		}
		if i > 0 && (lineOf(a, "UID") != uid || lineOf(a, "SEQUENCE") <= sequence) {
			t.Errorf("booking %d: UID %s after %s, SEQUENCE %s after %s", i+1, lineOf(a, "UID"), uid, lineOf(a, "SEQUENCE"), sequence)
		}
		uid, sequence = lineOf(a, "UID"), lineOf(a, "SEQUENCE")
		o.now = o.now.Add(2 * time.Minute)
		o.tick() // the step begins to wait
	}
	if uid == "" || len(sequence) != 8 {
		t.Errorf("UID %q, SEQUENCE %q", uid, sequence)
	}
}

func TestATimeThatIsMissingOverOrUnreadableLeavesTheMailWithoutAnInvitation(t *testing.T) {
	for name, at := range map[string]string{
		"missing": "", "no time": "tomorrow at ten", "a day only": "2026-12-01", "over": "2026-11-24T11:20", "the year nothing": "0000-01-01T00:00", "in Persian words": "سه‌شنبه",
	} {
		o := newBookings(t)
		o.demoAt(at)
		if len(o.sent) != 1 || len(o.sent[0].Attachments) != 0 || o.sent[0].Text != "-" {
			t.Errorf("%s: %+v", name, o.sent)
		}
	}
	o := newBookings(t)
	o.demoAt("2026-11-24T11:50") // it runs: noon is within its half hour
	if len(o.sent) != 1 || len(o.sent[0].Attachments) != 1 {
		t.Errorf("one that has begun: %+v", o.sent)
	}
}

func TestAnInvitationSpeaksOfTheLeadsClockAndNamesItWhereItIsAnother(t *testing.T) {
	for _, c := range []struct{ locale, zone, want, start string }{
		{"en", "Europe/Berlin", "Monday 29 March 2027, 10:00 (Europe/Berlin)", "20270329T080000Z"},
		{"en", "Asia/Tehran", "Monday 29 March 2027, 10:00", "20270329T063000Z"},
		{"fa", "Europe/Berlin", "دوشنبه ۹ فروردین ۱۴۰۶، ۱۰:۰۰ به وقت Europe/Berlin", "20270329T080000Z"},
	} {
		o := newBookings(t)
		if err := update(t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool {
			r.Locale, r.Zone = c.locale, c.zone
			return true
		}); err != nil {
			t.Fatal(err)
		}
		o.demoAt("2027-03-29T10:00") // the clock went forward in Berlin the day before
		if m := o.sent[0]; m.Text != c.want || lineOf(m.Attachments[0], "DTSTART") != c.start {
			t.Errorf("%q, want %q: %s", m.Text, c.want, m.Attachments[0].Data)
		}
	}
}
