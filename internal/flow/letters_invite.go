package flow

import (
	"encoding/hex"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// appointment is when what a mail invites to begins. A mail without an invite, a
// time that is not known or cannot be read, and one that is over leave the mail
// without it.
func appointment(c *playbook.Compiled, r *nurture.Recipient, p *lead.Profile, s *nurture.Send, i *mail.Invite) (time.Time, bool) {
	if i == nil {
		return time.Time{}, false
	}
	start, ok := lead.ParseTime(p.Text(i.At), c.Nurture.ZoneOf(r))
	return start, ok && start.Add(length(i)).After(time.Unix(s.Claimed, 0))
}

func length(i *mail.Invite) time.Duration { return time.Duration(i.Minutes) * time.Minute }

// withInvite adds invite.at: the time by the lead's clock, named where that is
// not the business's.
func withInvite(values mail.Lookup, c *playbook.Compiled, r *nurture.Recipient, start time.Time, locale string) mail.Lookup {
	zone := c.Nurture.ZoneOf(r)
	said := moment(start, zone, locale)
	if name := zone.String(); name != c.Zone.String() {
		if locale == "fa" {
			said += " به وقت " + name
		} else {
			said += " (" + name + ")"
		}
	}
	return func(path string) (string, bool) {
		if path == "invite.at" {
			return said, true
		}
		return values(path)
	}
}

// invitation is the file for the person's calendar. Its name there is made of
// the lead and the attribute, so one that is sent again moves the appointment
// instead of adding another. It is of the address of the mail itself, which is
// the one that the mail proves, and which is read.
func invitation(tpl *mail.Compiled, values mail.Lookup, m *mail.Message, r *nurture.Recipient, s *nurture.Send, start time.Time) mail.Attachment {
	uid := link.NonceOf("invite", r.ID, tpl.Invite.At)
	e := mail.Event{
		UID: "sarnakh-" + hex.EncodeToString(uid[:]), Sequence: int(s.Claimed / 60), Made: time.Unix(s.Claimed, 0),
		Start: start, Length: length(tpl.Invite), From: m.From,
	}
	e.Title, e.Place = tpl.Invitation(values)
	return e.Calendar()
}
