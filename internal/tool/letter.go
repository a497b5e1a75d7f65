package tool

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Letter asks for mails of a playbook in a folder, as somebody would get them.
type Letter struct {
	Folder    fs.FS
	Name      string // of the mail; all of them where empty
	Locale    string // fa or en; every one there is where empty, or the lead's own
	Lead      string // whose values to use: an address, a phone number, an id; nobody's where empty
	Set       map[string]string
	PublicURL string
	From      string
	Now       time.Time
}

// Written is a mail as somebody would get it.
type Written struct {
	Name, Locale string
	mail.Message
}

// Write makes the mails. Their links are signed with a key that nobody has: a
// look at a mail must not unsubscribe anybody, nor count as their click. d may
// be nil where no lead is named.
func (l Letter) Write(ctx context.Context, d *Desk) ([]Written, error) {
	p, err := source.Read(l.Folder, nil)
	if err != nil {
		return nil, err
	}
	c, err := p.Compile()
	if err != nil {
		return nil, err
	}
	r, profile := &nurture.Recipient{ID: "nobody", Email: "somebody@example.com"}, &lead.Profile{}
	if l.Lead != "" {
		if r, profile, err = d.person(ctx, l.Lead); err != nil {
			return nil, err
		}
		l.Locale = cmp.Or(l.Locale, r.Locale, p.Business.Locales[0])
	}
	var set []activity.Property
	for name, v := range l.Set {
		bare, ok := strings.CutPrefix(name, "lead.")
		if !ok {
			return nil, fmt.Errorf("--set %s: only what is known of a lead can be set, such as lead.first_name", name)
		}
		set = append(set, activity.Property{Name: bare, Value: activity.TextValue(v)})
	}
	profile.Apply(set, l.Now, 1)
	keys, err := link.NewKeys(rand.Text())
	if err != nil {
		return nil, err
	}
	letters := flow.Letters{Keys: keys, PublicURL: cmp.Or(l.PublicURL, "https://links.example"), From: cmp.Or(l.From, "mail@links.example")}
	var out []Written
	for _, t := range p.Mails {
		if l.Name != "" && t.Name != l.Name || l.Locale != "" && t.Locale != l.Locale {
			continue
		}
		r.Locale = t.Locale
		m, err := letters.Preview(c, r, profile, t.Name, l.Now)
		if err != nil {
			return nil, err
		}
		m.Content, m.Sheet = m.Whole(), nil
		out = append(out, Written{t.Name, t.Locale, m})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no mail is called %q%s: mails are files mails/<name>.<fa|en>.md of the playbook", l.Name, map[bool]string{true: " in " + l.Locale}[l.Locale != ""])
	}
	return out, nil
}

// person reads whom a mail would go to.
func (d *Desk) person(ctx context.Context, name string) (*nurture.Recipient, *lead.Profile, error) {
	c, err := d.shelf().InForce(ctx)
	if err != nil {
		return nil, nil, err
	}
	id, err := d.Find(ctx, c, name)
	if err != nil {
		return nil, nil, err
	}
	s, err := d.open(ctx, c, id)
	if err != nil {
		return nil, nil, err
	}
	found, err := d.Store.Fetch(ctx, store.Wanted{Profiles: []lead.ID{s.Lead}, Recipients: []string{string(s.Lead)}})
	if err != nil {
		return nil, nil, err
	}
	profile, err := lead.DecodeProfile(found.Profiles[s.Lead].Body)
	if err != nil {
		return nil, nil, err
	}
	stored, ok := found.Recipients[string(s.Lead)]
	if !ok {
		return nil, nil, errors.New("nothing can be written to this lead: there is neither an address nor a permission")
	}
	r, err := nurture.Decode(stored.ID, stored.Body)
	return r, profile, err
}

// Trial makes of a mail one to a person of the business who wants to see it.
func (w Written) Trial(to lead.Email) mail.Message {
	m := w.Message
	m.To = to.Address()
	mark := "[test] "
	if w.Locale == "fa" {
		mark = "[آزمایشی] "
	}
	m.Subject = mark + m.Subject
	m.Tags = []mail.Header{{Name: "class", Value: flow.TrialClass}, {Name: "mail", Value: w.Name}}
	return m
}
