package playbook

import (
	"cmp"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score"
)

// Titles are what people call the things of the playbook, for reasons in words.
func (c *Compiled) Titles(locale string) nurture.Titles {
	return func(kind, name string) string {
		title := ""
		switch kind {
		case "signal":
			for _, d := range c.Signals {
				if d.Name == name {
					title = c.SignalTitle(d.Number, locale)
				}
			}
		case "stage":
			for _, s := range c.Score.Stages {
				if s.Name == name {
					title = in(s.Title, locale)
				}
			}
		case "band":
			for _, b := range c.Score.Bands {
				if b.Name == name {
					title = in(b.Title, locale)
				}
			}
		case "audience":
			for _, a := range c.Score.Audiences {
				if a.Name == name {
					title = in(a.Title, locale)
				}
			}
			if title == "" && name == nurture.Everybody {
				title = nurture.Text{Fa: "همه", En: "everybody"}.In(locale)
			}
		case "topic":
			for _, t := range c.Nurture.Topics {
				if t.Name == name {
					title = t.Title.In(locale)
				}
			}
		case "track":
			if t := c.Nurture.Track(name); t != nil {
				title = t.Title.In(locale)
			}
		case "form":
			if f, ok := c.Form(name); ok {
				title = nurture.Text{Fa: f.Title.Fa, En: f.Title.En}.In(locale)
			}
		case "attribute":
			if a, ok := c.Attribute(name); ok {
				title = a.Title.In(locale)
			}
		}
		return cmp.Or(title, name)
	}
}

func in(t score.Title, locale string) string { return nurture.Text{Fa: t.Fa, En: t.En}.In(locale) }

// MailTitle is the subject of a mail as somebody without a name reads it.
func (c *Compiled) MailTitle(name, locale string) string {
	m, ok, err := c.Mail(name, locale)
	if !ok || err != nil {
		return name
	}
	content, err := m.Render(func(string) (string, bool) { return "", false }, make([]string, len(m.Links)))
	if err != nil {
		return name
	}
	return cmp.Or(content.Subject, name)
}
