package flow

import (
	"encoding/base32"
	"errors"
	"fmt"
	"html"
	"strings"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
)

// tagCode writes a decision's key with the few characters that a tag may have.
var tagCode = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func tag(key string) string { return tagCode.EncodeToString([]byte(key)) }

func untag(s string) string {
	b, err := tagCode.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(b)
}

// headers and tags name the decision, so that what becomes of the mail is noted
// on its record.
func (j *job) headers() []mail.Header {
	return []mail.Header{{Name: "X-Sarnakh-Decision", Value: j.msg.Key}}
}

func (j *job) tags() []mail.Header {
	return []mail.Header{{Name: "decision", Value: tag(j.msg.Key)}, {Name: "class", Value: "sales"}, {Name: "kind", Value: j.msg.Kind}}
}

// alertMail writes what sales needs to call at once: who, how to reach them,
// why now, and the score as it adds up.
func (j *job) alertMail() (mail.Message, error) {
	profile, err := j.profile()
	if err != nil {
		return mail.Message{}, err
	}
	card, err := j.card()
	if err != nil {
		return mail.Message{}, err
	}
	a := alertText{wording: j.wording(), j: j, card: card, profile: profile}
	return mail.Message{
		From: j.From, To: j.Sales, ReplyTo: profile.Text("email"),
		Content: mail.Content{Subject: a.subject(), HTML: a.html(), Text: a.text()},
		Headers: j.headers(), Tags: j.tags(),
	}, nil
}

func (j *job) profile() (*lead.Profile, error) {
	p, err := j.Store.ReadProfile(j.ctx, j.msg.Lead)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return lead.DecodeProfile(p.Body)
}

func (j *job) card() (score.Card, error) {
	item, err := j.Store.ReadLedger(j.ctx, j.msg.Lead)
	if err != nil {
		return score.Card{}, fmt.Errorf("ledger: %w", err)
	}
	s, err := OpenState(j.ctx, j.Store, j.c, item)
	if err != nil {
		return score.Card{}, err
	}
	return j.c.Rules.Card(s, j.c.Day(j.now)), nil
}

// alertText says one alert in a language.
type alertText struct {
	wording
	j       *job
	card    score.Card
	profile *lead.Profile
}

func (a *alertText) name() string { return a.nameOf(a.profile) }

func (a *alertText) subject() string {
	what := a.say("سرنخ داغ", "Hot lead")
	if a.j.msg.Kind == decision.FastLane {
		what = a.say("زنگ بزنید", "Call now")
	}
	return fmt.Sprintf("%s: %s (%s، %s)", what, a.name(), a.digits(a.card.Total), a.card.Grade)
}

// row is a label and a value of the alert.
type row struct {
	label, value string
	ltr          bool // numbers and addresses keep their order in right-to-left text
}

func (a *alertText) rows() []row {
	rows := []row{{label: a.say("نام", "Name"), value: a.name()}}
	add := func(label, value string) {
		if value != "" {
			rows = append(rows, row{label: label, value: value})
		}
	}
	add(a.say("موبایل", "Mobile"), a.profile.Text("phone"))
	add(a.say("ایمیل", "E-mail"), a.profile.Text("email"))
	for i := range rows[1:] {
		rows[i+1].ltr = true
	}
	for _, name := range []string{"company", "role", "employees", "industry", "need"} {
		if at, ok := a.j.c.Attribute(name); ok {
			add(at.Title.In(a.locale), at.ValueTitle(a.profile.Text(name), a.locale))
		}
	}
	add(a.say("چرا اکنون", "Why now"), a.why(a.j.c, a.j.msg))
	add(a.say("امتیاز", "Score"), fmt.Sprintf("%s = %s %s + %s %s", a.digits(a.card.Total), a.digits(a.card.Fit), a.say("تناسب", "fit"), a.digits(a.card.Engagement), a.say("رفتار", "engagement")))
	return rows
}

func (a *alertText) lines() []row {
	var rows []row
	for _, l := range a.card.Lines {
		if l.Points == 0 {
			continue
		}
		name := l.Name
		if l.Signal != 0 {
			name = a.j.c.SignalTitle(l.Signal, a.locale)
		}
		switch l.Kind {
		case score.KindCap, score.KindGroup, score.KindEngagement, score.KindFitLimit:
			name = a.say("سقف: ", "limit: ") + name
		case score.KindManual:
			name = a.say("امتیاز دستی", "given by people")
		}
		rows = append(rows, row{label: name, value: a.digits(l.Points)})
	}
	return rows
}

func (a *alertText) text() string {
	var b strings.Builder
	for _, r := range a.rows() {
		fmt.Fprintf(&b, "%s: %s\n", r.label, r.value)
	}
	b.WriteString("\n")
	for _, r := range a.lines() {
		fmt.Fprintf(&b, "%s  %s\n", r.value, r.label)
	}
	fmt.Fprintf(&b, "\n%s\n", a.j.leadURL())
	return b.String()
}

func (a *alertText) html() string {
	dir, align := a.say("rtl", "ltr"), a.say("right", "left")
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html><html lang="%s" dir="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"></head><body dir="%[2]s" style="font-family:Vazirmatn,Tahoma,Arial,sans-serif;font-size:15px;line-height:1.8;text-align:%[3]s"><h1 style="font-size:20px">%[4]s</h1><table dir="%[2]s" cellpadding="4">`,
		a.locale, dir, align, html.EscapeString(a.subject()))
	for _, r := range a.rows() {
		order := ""
		if r.ltr {
			order = ` dir="ltr"`
		}
		fmt.Fprintf(&b, `<tr><th align="%s" style="font-weight:400;color:#5b6a70">%s</th><td><bdi%s>%s</bdi></td></tr>`, align, html.EscapeString(r.label), order, html.EscapeString(r.value))
	}
	fmt.Fprintf(&b, `</table><p><a href="%s">%s</a></p><table dir="%s" cellpadding="3" style="font-size:13px">`, html.EscapeString(a.j.leadURL()), a.say("پرونده‌ی سرنخ", "Open the lead"), dir)
	for _, r := range a.lines() {
		fmt.Fprintf(&b, `<tr><td>%s</td><td>%s</td></tr>`, html.EscapeString(r.value), html.EscapeString(r.label))
	}
	b.WriteString("</table></body></html>")
	return b.String()
}
