package flow

import (
	"fmt"
	"html"
	"strings"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// wording is the language of mails to sales: the business's first.
type wording struct{ locale string }

func (j *job) wording() wording {
	if len(j.c.Business.Locales) > 0 {
		return wording{j.c.Business.Locales[0]}
	}
	return wording{"fa"}
}

func (w wording) say(fa, en string) string {
	if w.locale == "fa" {
		return fa
	}
	return en
}

func (w wording) digits(n int) string {
	s := fmt.Sprint(n)
	if w.locale != "fa" {
		return s
	}
	if n < 0 {
		s = "\u200e−" + s[1:] // the sign stays before its number in right-to-left text
	}
	return persian.Digits(s)
}

func (w wording) nameOf(p *lead.Profile) string {
	var parts []string
	for _, n := range []string{"first_name", "last_name", "name", "full_name"} {
		if v := p.Text(n); v != "" {
			parts = append(parts, v)
		}
	}
	if len(parts) == 0 {
		return w.say("بی‌نام", "No name yet")
	}
	return strings.Join(parts, " ")
}

// why names the signals that a decision rests on.
func (w wording) why(c *playbook.Compiled, d Delivery) string {
	reason, err := decision.DecodeReason(d.ReasonBytes())
	if err != nil {
		return ""
	}
	var why []string
	for _, s := range reason.Signals {
		why = append(why, c.SignalTitle(s, w.locale))
	}
	return strings.Join(why, w.say("، ", ", "))
}

// saleLine is one lead of a mail that lists several.
type saleLine struct {
	name, reach, url string   // reach: a mobile number, or an address
	notes            []string // each on a line of its own
	late             bool     // the first note is a date that has passed
}

// saleList is a mail to sales that lists leads.
type saleList struct {
	wording
	title string
	parts []salePart
	foot  string // "" for none
	url   string // of the work list
}

// salePart is some lines under a heading; "" for none.
type salePart struct {
	title string
	lines []saleLine
}

func (l *saleList) text() string {
	var b strings.Builder
	for _, p := range l.parts {
		if p.title != "" {
			fmt.Fprintf(&b, "%s\n\n", p.title)
		}
		for _, x := range p.lines {
			b.WriteString(x.name)
			if x.reach != "" {
				b.WriteString("  " + x.reach)
			}
			for _, n := range x.notes {
				b.WriteString("\n  " + n)
			}
			fmt.Fprintf(&b, "\n  %s\n\n", x.url)
		}
	}
	if l.foot != "" {
		b.WriteString(l.foot + "\n")
	}
	fmt.Fprintf(&b, "%s: %s\n", l.say("فهرست کار", "Work list"), l.url)
	return b.String()
}

func (l *saleList) html() string {
	dir, align := l.say("rtl", "ltr"), l.say("right", "left")
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html><html lang="%s" dir="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>%[4]s</title></head><body dir="%[2]s" style="font-family:Vazirmatn,Tahoma,Arial,sans-serif;font-size:15px;line-height:1.8;text-align:%[3]s"><h1 style="font-size:20px">%[4]s</h1>`,
		l.locale, dir, align, html.EscapeString(l.title))
	for _, p := range l.parts {
		if p.title != "" {
			fmt.Fprintf(&b, `<h2 style="font-size:16px;margin:24px 0 8px">%s</h2>`, html.EscapeString(p.title))
		}
		for _, x := range p.lines {
			fmt.Fprintf(&b, `<p style="margin:0 0 14px"><a href="%s"><b>%s</b></a>`, html.EscapeString(x.url), html.EscapeString(x.name))
			if x.reach != "" {
				fmt.Fprintf(&b, ` <bdi dir="ltr">%s</bdi>`, html.EscapeString(x.reach))
			}
			for i, n := range x.notes {
				color := "#5b6a70"
				if i == 0 && x.late {
					color = "#b3261e"
				}
				fmt.Fprintf(&b, `<br><span style="color:%s">%s</span>`, color, html.EscapeString(n))
			}
			b.WriteString("</p>")
		}
	}
	if l.foot != "" {
		fmt.Fprintf(&b, `<p>%s</p>`, html.EscapeString(l.foot))
	}
	fmt.Fprintf(&b, `<p><a href="%s">%s</a></p></body></html>`, html.EscapeString(l.url), l.say("فهرست کار", "Work list"))
	return b.String()
}
