package mail

import (
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// Invite says that a mail brings an appointment for the person's calendar,
// where the time is known.
type Invite struct {
	At      string `json:"at"`              // the attribute that says when it begins, of type time
	Minutes int    `json:"minutes"`         // how long it takes, 5 to 1440
	Title   string `json:"title"`           // Liquid, one line
	Place   string `json:"place,omitempty"` // Liquid, one line: a room, or who calls whom
}

// Invitation fills the words of the invite; title is "" where the mail has none.
func (c *Compiled) Invitation(lookup Lookup) (title, place string) {
	fill := func(nodes []node) string {
		var b strings.Builder
		write(&b, nodes, lookup, oneLine)
		return oneLine(b.String())
	}
	return fill(c.inviteTitle), fill(c.invitePlace)
}

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name string // as people see it, ASCII
	Type string // its MIME type, without parameters
	Data []byte
}

// Event is an appointment. One with the same UID and a
// greater Sequence takes the place of an older one, in every calendar.
type Event struct {
	UID          string
	Sequence     int       // 0 to 2147483647
	Made         time.Time // when this was written
	Start        time.Time
	Length       time.Duration
	Title, Place string
	From         string // whose appointment it is: "name <address>", or an address
}

// Calendar writes the event as iCalendar (RFC 5545), published in the sense of
// RFC 5546: it is put into a calendar and asks for no answer, since the time was
// agreed on before. All times are UTC, so no zone has to be told.
func (e Event) Calendar() Attachment {
	var b strings.Builder
	line := func(name, value string) { fold(&b, name+":"+value) }
	line("BEGIN", "VCALENDAR")
	line("VERSION", "2.0")
	line("PRODID", "-//Sarnakh//Sarnakh//EN")
	line("METHOD", "PUBLISH")
	line("BEGIN", "VEVENT")
	line("UID", escapeText(e.UID))
	line("SEQUENCE", fmt.Sprint(e.Sequence))
	line("DTSTAMP", stamp(e.Made))
	line("DTSTART", stamp(e.Start))
	line("DTEND", stamp(e.Start.Add(e.Length)))
	line("SUMMARY", escapeText(e.Title))
	if e.Place != "" {
		line("LOCATION", escapeText(e.Place))
	}
	if a, err := netmail.ParseAddress(e.From); err == nil {
		name := ""
		if a.Name != "" {
			name = `;CN="` + quoted.Replace(oneLine(a.Name)) + `"`
		}
		line("ORGANIZER"+name, "mailto:"+a.Address)
	}
	line("STATUS", "CONFIRMED")
	line("END", "VEVENT")
	line("END", "VCALENDAR")
	return Attachment{Name: "invite.ics", Type: "text/calendar", Data: []byte(b.String())}
}

func stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// quoted holds what a parameter in quotes may not (RFC 6868).
var quoted = strings.NewReplacer("^", "^^", `"`, "^'")

var escapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`)

// escapeText writes a value of type TEXT.
func escapeText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, escapes.Replace(strings.ToValidUTF8(s, "")))
}

// fold writes a line in pieces of at most 75 octets, as RFC 5545 wants it; no
// letter is cut in two.
func fold(b *strings.Builder, s string) {
	const most = 75
	left := most
	for _, r := range s {
		n := utf8.RuneLen(r)
		if n > left {
			b.WriteString("\r\n ")
			left = most - 1
		}
		b.WriteRune(r)
		left -= n
	}
	b.WriteString("\r\n")
}
