package playbook

import (
	"cmp"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// TrackTitle is what people call a track; a broadcast's is its own name.
func (c *Compiled) TrackTitle(name, locale string) string {
	if id := nurture.BroadcastOf(name); id != "" {
		return nurture.Text{Fa: "نامه‌ی همگانی ", En: "broadcast "}.In(locale) + id
	}
	if t := c.Nurture.Track(name); t != nil {
		return cmp.Or(t.Title.In(locale), name)
	}
	return name
}

// DecisionTitles are what people call the things that decisions name.
func (c *Compiled) DecisionTitles(locale string) decision.Titles {
	return decision.Titles{
		Signal: func(n signal.Number) string { return c.SignalTitle(n, locale) },
		Track:  func(name string) string { return c.TrackTitle(name, locale) },
		Form: func(name string) string {
			if f, ok := c.Form(name); ok {
				return cmp.Or(nurture.Text{Fa: f.Title.Fa, En: f.Title.En}.In(locale), name)
			}
			return name
		},
	}
}

// AudienceTitle is what people call an audience.
func (c *Compiled) AudienceTitle(name, locale string) string {
	if title := (wording{p: c.Playbook, locale: locale}).audience(name); title != name || name != nurture.Everybody {
		return title
	}
	return nurture.Text{Fa: "همه", En: "everybody"}.In(locale)
}

// MailTitle is the subject of a mail as somebody without a name reads it; of a
// message, which is named by track and step, the text.
func (c *Compiled) MailTitle(name, locale string) string {
	if s := c.Nurture.StepOf(name); s != nil && s.Message != nil {
		return s.Message.Text.In(locale)
	}
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

// StepTitle is what the step is that somebody stands at: a call, a text or the
// subject of a mail.
func (c *Compiled) StepTitle(track, step, locale string) string {
	t := c.Nurture.Track(track)
	if t == nil {
		return step
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		switch {
		case s.Name != step:
		case s.Task != nil:
			return s.Task.Title.In(locale)
		case s.Message != nil:
			return s.Message.Text.In(locale)
		case len(s.Mails()) > 0:
			return c.MailTitle(s.Mails()[0], locale)
		}
	}
	return step
}
