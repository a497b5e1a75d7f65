package flow

import (
	"fmt"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// Letters makes the mail of a claimed send.
type Letters struct {
	Keys      *link.Keys
	PublicURL string // without a slash at the end
	From      string // the address mails come from, a mailbox that is read
}

// write renders the mail of a send for one person.
func (l *Letters) write(c *playbook.Compiled, r *nurture.Recipient, p *lead.Profile, s *nurture.Send) (mail.Message, error) {
	locale := r.Locale
	if locale == "" {
		locale = "fa"
	}
	tpl, ok, err := c.Mail(s.Mail, locale)
	switch {
	case err != nil:
		return mail.Message{}, err
	case !ok:
		return mail.Message{}, fmt.Errorf("mail %q is not in playbook %d", s.Mail, c.Number)
	}
	at := time.Unix(s.Claimed, 0).UTC()
	leave := l.PublicURL + "/u/" + l.Keys.Person(link.ForUnsubscribe, l.person(r, s, tpl.Locale), at)
	links := make([]string, len(tpl.Links))
	for i, k := range tpl.Links {
		switch k.Target {
		case "unsubscribe":
			links[i] = leave
		case "preferences":
			links[i] = l.PublicURL + "/p/" + l.Keys.Person(link.ForPreferences, l.person(r, s, tpl.Locale), at)
		case "confirm":
			links[i] = l.PublicURL + "/confirm/" + l.Keys.Person(link.ForConfirm, l.person(r, s, tpl.Locale), at)
		case "magnet":
			links[i] = l.PublicURL + "/d/" + l.Keys.Download(link.Download{Lead: r.ID, Form: magnetOf(c, s.Track), Send: s.ID, Mail: s.Mail}, at, link.NonceOf(s.ID))
		case "pixel":
			links[i] = l.PublicURL + "/o/" + l.Keys.Pixel(link.Pixel{Lead: r.ID, Send: s.ID, Mail: s.Mail, Track: s.Track}, at)
		default:
			links[i] = l.PublicURL + "/c/" + l.Keys.Click(link.Click{Lead: r.ID, Send: s.ID, Mail: s.Mail, Target: k.Target, Kind: k.Kind, Track: s.Track}, at, "l"+strconv.Itoa(i))
		}
	}
	values := l.values(c, r, p, s, tpl.Locale)
	start, invited := appointment(c, r, p, s, tpl.Invite)
	if invited {
		values = withInvite(values, c, r, start, tpl.Locale)
	}
	sheet, err := tpl.Fill(values, links)
	if err != nil {
		return mail.Message{}, fmt.Errorf("write mail %s: %w", s.ID, err)
	}
	m := mail.Message{
		From: l.from(c, r, tpl.Locale), ReplyTo: replyTo(c, r), To: r.Email, Sheet: &sheet,
		Tags: []mail.Header{{Name: "send_id", Value: s.ID}, {Name: "recipient", Value: r.ID}, {Name: "mail", Value: s.Mail}, {Name: "class", Value: string(s.Class)}},
	}
	if s.Class == nurture.Marketing {
		m.Headers = mail.Leave(leave)
	}
	if invited {
		m.Attachments = []mail.Attachment{invitation(tpl, values, &m, r, s, start)}
	}
	return m, nil
}

// TrialClass marks mails that people of the business send to themselves.
const TrialClass = "trial"

// Preview writes a mail as a person would get it at a time, from the first step
// that sends it. Its links are signed with the keys at hand: give it keys that
// open nothing.
func (l *Letters) Preview(c *playbook.Compiled, r *nurture.Recipient, p *lead.Profile, name string, at time.Time) (mail.Message, error) {
	s := &nurture.Send{ID: "preview", Mail: name, Round: 1, Claimed: at.Unix(), Class: nurture.Asked}
	for _, t := range c.Nurture.Tracks {
		for _, step := range t.Steps {
			if slices.Contains(step.Mails(), name) && s.Track == "" {
				s.Track, s.Step, s.Class = t.Name, step.Name, step.Class
			}
		}
	}
	return l.write(c, r, p, s)
}

func (l *Letters) person(r *nurture.Recipient, s *nurture.Send, locale string) link.Person {
	return link.Person{Lead: r.ID, Channel: "email", Purpose: "marketing", Send: s.ID, Mail: s.Mail, Locale: locale}
}

// magnetOf names the form whose magnet the mails of a track bring: the one by
// which the track is entered.
func magnetOf(c *playbook.Compiled, track string) string {
	t := c.Nurture.Track(track)
	if t == nil {
		return ""
	}
	for _, e := range t.Entry {
		if f, ok := c.Form(e.Form); ok && f.Magnet != nil {
			return e.Form
		}
	}
	return ""
}

// values are the names that a mail may use.
func (l *Letters) values(c *playbook.Compiled, r *nurture.Recipient, p *lead.Profile, s *nurture.Send, locale string) mail.Lookup {
	return func(path string) (string, bool) {
		switch path {
		case "business.name":
			return c.Business.Name.In(locale), true
		case "offer.code", "offer.until":
			offer := offerOf(c, s)
			if offer == nil {
				return "", false
			}
			if path == "offer.code" {
				return offerCode(offer, r.ID, s), true
			}
			return moment(time.Unix(s.Claimed, 0).Add(time.Duration(offer.Hours)*time.Hour), c.Zone, locale), true
		}
		if path == "owner.name" {
			o := ownerOf(c, r)
			if o == nil {
				return "", false
			}
			return o.Title.In(locale), true
		}
		if name, ok := strings.CutPrefix(path, "lead."); ok {
			if bare, ok := strings.CutSuffix(name, ".title"); ok {
				if a, known := c.Attribute(bare); known {
					v := a.ValueTitle(p.Text(bare), locale)
					return v, v != ""
				}
			}
			v := p.Text(name)
			return v, v != ""
		}
		return "", false
	}
}

// offerOf is the offer that a step makes, nil where it makes none.
func offerOf(c *playbook.Compiled, s *nurture.Send) *playbook.Offer {
	if o, ok := c.Offer(c.Nurture.OfferOf(s)); ok {
		return o
	}
	return nil
}

// issuedBy is the code that a claimed send gives away, nil where it gives none.
// It is kept on the recipient by the write that claims the send.
func issuedBy(c *playbook.Compiled, id string, s *nurture.Send) *nurture.Issued {
	if s == nil {
		return nil
	}
	o := offerOf(c, s)
	if o == nil {
		return nil
	}
	return &nurture.Issued{Offer: o.Name, Code: offerCode(o, id, s), Until: s.Claimed + int64(o.Hours)*3600}
}

// offerCode is the same for the same lead and step, however often it is made.
func offerCode(o *playbook.Offer, id string, s *nurture.Send) string {
	n := link.NonceOf("offer", o.Name, id, s.Track, s.Step, fmt.Sprint(s.Round))
	const letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	code := make([]byte, len(n))
	for i, b := range n {
		code[i] = letters[int(b)%len(letters)]
	}
	return o.Prefix + string(code[:4]) + "-" + string(code[4:])
}

// moment says a time as people read it.
func moment(t time.Time, zone *time.Location, locale string) string {
	if locale == "fa" {
		return persian.FormatTime(t, zone)
	}
	return t.In(zone).Format("Monday 2 January 2006, 15:04")
}

// ownerOf is the sales person who took the lead, nil where nobody did or the
// playbook does not know them.
func ownerOf(c *playbook.Compiled, r *nurture.Recipient) *playbook.Contact {
	if r.Owner == "" {
		return nil
	}
	for i, k := range c.Sales.Contacts {
		if strings.EqualFold(k.Name, r.Owner) || strings.EqualFold(k.Email, r.Owner) {
			return &c.Sales.Contacts[i]
		}
	}
	return nil
}

// from is the house's address under the owner's name: another address would
// need an identity of its own at the mail service, and be refused without it.
func (l *Letters) from(c *playbook.Compiled, r *nurture.Recipient, locale string) string {
	address := l.From
	if i := strings.LastIndexByte(address, '<'); i >= 0 {
		address = strings.TrimSuffix(address[i+1:], ">")
	}
	name := c.Business.Name.In(locale)
	if o := ownerOf(c, r); o != nil {
		if locale == "fa" {
			name = o.Title.In(locale) + "، " + name
		} else {
			name = o.Title.In(locale) + ", " + name
		}
	}
	return (&netmail.Address{Name: name, Address: address}).String()
}

// replyTo is a mailbox that somebody reads, the owner's where there is one: an
// answer is the best of signals.
func replyTo(c *playbook.Compiled, r *nurture.Recipient) string {
	if o := ownerOf(c, r); o != nil && o.Email != "" {
		return o.Email
	}
	if len(c.Sales.Contacts) > 0 {
		return c.Sales.Contacts[0].Email
	}
	return ""
}
