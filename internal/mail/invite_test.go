package mail

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var talk = Event{
	UID: "sarnakh-0123456789abcdef", Sequence: 29_000_000, Made: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
	Start: time.Date(2026, 12, 1, 10, 0, 0, 0, time.FixedZone("", 3*3600+1800)), Length: 30 * time.Minute,
	Title: "Demo", Place: "By phone", From: `"Sara, Daftaryar" <hello@x.example>`,
}

// unfold reads a calendar as RFC 5545 3.1 says.
func unfold(t *testing.T, b []byte) []string {
	t.Helper()
	if !bytes.HasSuffix(b, []byte("\r\n")) {
		t.Fatalf("it ends without a line break: %q", b)
	}
	for _, l := range strings.Split(strings.TrimSuffix(string(b), "\r\n"), "\r\n") {
		if len(l) > 75 || strings.ContainsAny(l, "\r\n") || !utf8.ValidString(l) {
			t.Errorf("a line of %d octets: %q", len(l), l)
		}
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(b), "\r\n ", ""), "\r\n"), "\r\n")
}

func TestAnInviteSaysWhatCalendarsAsk(t *testing.T) {
	a := talk.Calendar()
	want := `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Sarnakh//Sarnakh//EN
METHOD:PUBLISH
BEGIN:VEVENT
UID:sarnakh-0123456789abcdef
SEQUENCE:29000000
DTSTAMP:20261124T090000Z
DTSTART:20261201T063000Z
DTEND:20261201T070000Z
SUMMARY:Demo
LOCATION:By phone
ORGANIZER;CN="Sara, Daftaryar":mailto:hello@x.example
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR`
	if got := strings.Join(unfold(t, a.Data), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if a.Name != "invite.ics" || a.Type != "text/calendar" {
		t.Errorf("%s, %s", a.Name, a.Type)
	}
}

func TestWordsOfAnInviteBreakOutOfNoLine(t *testing.T) {
	e := talk
	e.Title = "a;b,c\\d\r\nATTENDEE:mailto:evil@x.example\n\x00\x1b[31m end\xff"
	e.From = `"A \"b\" ^c" <hello@x.example>`
	lines := unfold(t, e.Calendar().Data)
	if len(lines) != 16 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	if want := `SUMMARY:a\;b\,c\\d\nATTENDEE:mailto:evil@x.example\n[31m end`; lines[10] != want {
		t.Errorf("%q, want %q", lines[10], want)
	}
	if want := `ORGANIZER;CN="A ^'b^' ^^c":mailto:hello@x.example`; lines[12] != want {
		t.Errorf("%q, want %q", lines[12], want)
	}
}

func TestLongWordsAreFoldedBetweenLetters(t *testing.T) {
	for _, word := range []string{"ن", "a", "😀", "نa"} {
		for n := range 160 {
			e := talk
			e.Title = strings.Repeat(word, n)
			if lines := unfold(t, e.Calendar().Data); lines[10] != "SUMMARY:"+e.Title {
				t.Fatalf("%d of %q: %q", n, word, lines[10])
			}
		}
	}
}

func TestTheWordsOfAnInviteAreFilledAsThoseOfAMail(t *testing.T) {
	c, err := Compile(Template{Name: "m", Locale: "en", Subject: "s", Invite: &Invite{At: "demo_at", Minutes: 30,
		Title: `Demo for {{ lead.company | default: "you" }}`, Place: "{% if owner.name %}{{ owner.name }} calls{% endif %}"}})
	if err != nil {
		t.Fatal(err)
	}
	title, place := c.Invitation(func(p string) (string, bool) { return map[string]string{"owner.name": "Sara\n"}[p], true })
	if title != "Demo for you" || place != "Sara calls" {
		t.Errorf("%q, %q", title, place)
	}
	names := Names{Known: func(p string) bool { return p != "lead.shoe" }, Always: func(string) bool { return false }}
	if got := c.Check(names); len(got) != 0 {
		t.Errorf("%q", got)
	}
	bad := c.Template
	bad.Invite = &Invite{At: "demo_at", Title: "{{ lead.shoe }}", Place: "{{ lead.company }}"}
	if c, err = Compile(bad); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Check(names), "\n"); !strings.Contains(got, "invite title: no value is called") || !strings.Contains(got, "invite place: lead.company may be missing") {
		t.Errorf("%q", got)
	}
	bad.Invite = &Invite{Title: "{{ lead.company"}
	if _, err := Compile(bad); err == nil {
		t.Error("a title that does not end is taken")
	}
}
