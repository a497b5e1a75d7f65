package diff

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// words are those of one language.
type words struct{ locale string }

func (w *words) say(fa, en string) string {
	if w.locale == "en" {
		return en
	}
	return fa
}

func (w *words) number(n int) string {
	if w.locale == "en" {
		return strconv.Itoa(n)
	}
	return persian.Digits(strconv.Itoa(n))
}

func (w *words) title(t score.Title, name string) string {
	if w.locale == "en" {
		return cmp.Or(t.En, t.Fa, name)
	}
	return cmp.Or(t.Fa, t.En, name)
}

// n is a fact that a number says; 0 says nothing.
func (w *words) n(fa, en string, n int, faUnit, enUnit string) fact {
	if n == 0 {
		return fact{w.say(fa, en), ""}
	}
	unit := w.say(faUnit, enUnit)
	if unit != "" {
		unit = " " + unit
	}
	return fact{w.say(fa, en), w.number(n) + unit}
}

func (w *words) yes(fa, en string, yes bool) fact {
	if !yes {
		return fact{w.say(fa, en), ""}
	}
	return fact{w.say(fa, en), w.say("بله", "yes")}
}

func (w *words) limits(l score.Limits) string {
	return w.number(l.Min) + w.say(" تا ", " to ") + w.number(l.Max)
}

// of takes a playbook apart. Both playbooks give the same parts in the same
// order; the last one is all that has no part of its own.
func (w *words) of(p *playbook.Playbook) []part {
	rest := *p
	rest.Number, rest.Fields, rest.Retired = 0, nil, playbook.Retired{}
	rest.Signals, rest.Titles, rest.Score, rest.Nurture.Tracks, rest.Nurture.Caps = nil, nil, score.Config{}, nil, nil
	rest.Forms, rest.Mails, rest.Offers, rest.Attributes, rest.Exclusions = nil, nil, nil, nil, nil
	calendar := doc([]any{rest.Nurture.Calendar, rest.Nurture.Calls})
	rest.Nurture.Calendar, rest.Nurture.Calls = p.Nurture.Calendar, p.Nurture.Calls
	rest.Nurture.Calendar.Closed, rest.Nurture.Calls.Closed = nil, nil
	all := []part{
		w.signals(p), w.groups(p), w.personas(p), w.thresholds(p), w.stages(p), w.audiences(p), w.funnel(p), w.tracks(p), w.pacing(p), w.mails(p), w.forms(p), w.offers(p), w.attributes(p), w.exclusions(p),
		{w.say("تقویم", "calendar"), []thing{{key: "closed", title: w.say("روزهای بسته", "closed days"), doc: calendar,
			facts: []fact{w.n("بازه‌ها", "ranges", max(len(p.Nurture.Calendar.Closed), len(p.Nurture.Calls.Closed)), "", "")}}}},
	}
	return append(all, w.rest(&rest))
}

// rest is what has no words of its own, by its name in the document.
func (w *words) rest(p *playbook.Playbook) part {
	return part{w.say("دیگر", "other"), []thing{
		{key: "business", title: w.say("کسب‌وکار", "business"), doc: doc([]any{p.Name, p.Business, p.Zone})},
		{key: "sales", title: w.say("فروش", "sales"), doc: doc(p.Sales)},
		{key: "fakes", title: w.say("نشانی‌های ساختگی", "obvious fakes"), doc: doc(p.Fakes)},
		{key: "learning", title: w.say("یادگیری", "learning"), doc: doc(p.Learning)},
		{key: "nurture", title: w.say("نامه‌نگاری", "nurture"), doc: doc(p.Nurture)},
	}}
}

func (w *words) signals(p *playbook.Playbook) part {
	points := map[signal.Number]score.Points{}
	for _, x := range p.Score.Points {
		points[x.Signal] = x
	}
	fast := map[signal.Number]bool{}
	for _, n := range p.Score.FastLane {
		fast[n] = true
	}
	groups := map[string]string{}
	for _, g := range p.Score.Groups {
		groups[g.Name] = w.title(g.Title, g.Name)
	}
	out := part{title: w.say("نشانه", "signal")}
	for _, d := range p.Signals {
		x := points[d.Number]
		x.Signal = 0 // of two conditions under one name, only the rest is compared
		facts := []fact{
			w.n("امتیاز", "points", x.Points, "", ""), {w.say("گروه", "group"), groups[x.Group]}, {w.say("علاقه", "interest"), groups[x.Interest]},
			w.n("سقف روز", "cap a day", x.PerDay, "", ""), {w.say("سقف", "cap"), w.cap(x)},
			w.yes("تنها یک بار", "only once", x.Once), w.n("یک بار در هر", "once in", x.OnceDays, "روز", "days"),
			w.n("نیم‌عمر", "half-life", x.HalfLife, "روز", "days"), w.n("کامل تا", "whole for", x.LastDays, "روز", "days"), {w.say("پله‌ها", "steps"), w.steps(x.Steps)},
			w.yes("خط سریع", "fast lane", fast[d.Number]),
		}
		out.things = append(out.things, thing{key: strconv.Itoa(int(d.Number)), alias: d.Name, title: w.title(score.Title(p.Titles[d.Number]), d.Name), facts: facts,
			doc: doc([]any{d.Name, p.Titles[d.Number], x, fast[d.Number]})})
	}
	return out
}

func (w *words) cap(x score.Points) string {
	switch {
	case x.Cap == 0:
		return ""
	case x.WindowDays == 0:
		return w.number(x.Cap)
	}
	return fmt.Sprintf(w.say("%s در %s روز", "%s in %s days"), w.number(x.Cap), w.number(x.WindowDays))
}

func (w *words) steps(steps []score.DecayStep) string {
	var out []string
	for _, s := range steps {
		out = append(out, fmt.Sprintf(w.say("از روز %s، %s٪", "from day %s %s %%"), w.number(s.Day), w.number(s.Percent)))
	}
	return strings.Join(out, w.say("، ", ", "))
}

func (w *words) groups(p *playbook.Playbook) part {
	out := part{title: w.say("گروه", "group")}
	for _, g := range p.Score.Groups {
		t := thing{key: g.Name, title: w.title(g.Title, g.Name), doc: doc(g)}
		if !g.Interest {
			t.facts = []fact{{w.say("حد", "limits"), w.limits(g.Limits)}}
		}
		out.things = append(out.things, t)
	}
	return out
}

func (w *words) personas(p *playbook.Playbook) part {
	out := part{title: w.say("پرسونا", "persona")}
	for _, x := range p.Score.Personas {
		t := thing{key: x.Name, title: w.title(x.Title, x.Name), doc: doc(x)}
		for _, f := range x.Fit {
			t.facts = append(t.facts, fact{p.SignalTitle(f.Signal, w.locale), w.number(f.Points)})
		}
		out.things = append(out.things, t)
	}
	return out
}

// thresholds are the marks on the total.
func (w *words) thresholds(p *playbook.Playbook) part {
	c := &p.Score
	h := c.Handover
	out := part{title: w.say("آستانه", "threshold"), things: []thing{
		{key: "handover", title: w.say("تحویل به فروش", "hand-over to sales"), doc: doc(h), facts: []fact{
			w.n("جمع", "total", h.Total, "", ""), w.n("تناسب", "fit", h.Fit, "", ""), w.n("رفتار", "engagement", h.Engagement, "", ""),
			w.n("دوباره پس از افتادن زیر", "again after falling below", h.Lower, "", ""), w.n("برای", "for", h.Days, "روز", "days"),
		}},
		{key: "limits", title: w.say("حدها", "limits"), doc: doc([]any{c.Engagement, c.Fit}), facts: []fact{
			{w.say("رفتار", "engagement"), w.limits(c.Engagement)}, {w.say("تناسب", "fit"), w.limits(c.Fit)}}},
		{key: "grades", title: w.say("رتبه‌ها", "grades"), doc: doc(c.Grades)},
	}}
	grades := &out.things[2]
	for i, letter := range []string{"A", "B", "C"} {
		grades.facts = append(grades.facts, fact{letter, w.number(c.Grades.Fit[i])})
	}
	for i := range c.Grades.Engagement {
		grades.facts = append(grades.facts, fact{w.number(i + 1), w.number(c.Grades.Engagement[i])})
	}
	for i, b := range c.Bands {
		t := thing{key: "band " + b.Name, title: w.title(b.Title, b.Name), doc: doc(b)}
		if i > 0 {
			t.facts = []fact{{w.say("از", "from"), w.number(b.From)}}
		}
		out.things = append(out.things, t)
	}
	return out
}

func (w *words) stages(p *playbook.Playbook) part {
	out := part{title: w.say("مرحله", "stage")}
	for _, s := range p.Score.Stages {
		s.Number = 0
		out.things = append(out.things, thing{key: s.Name, title: w.title(s.Title, s.Name), doc: doc(s),
			facts: []fact{{w.say("ورود", "entered"), w.needs(p, s.Enter)}, w.yes("بی‌صدا", "silent", s.Silent)}})
	}
	return out
}

func (w *words) audiences(p *playbook.Playbook) part {
	out := part{title: w.say("مخاطبان", "audience")}
	for _, a := range p.Score.Audiences {
		a.Number = 0
		out.things = append(out.things, thing{key: a.Name, title: w.title(a.Title, a.Name), doc: doc(a), facts: []fact{{w.say("شرط", "who"), w.need(p, a.Need)}}})
	}
	return out
}

func (w *words) funnel(p *playbook.Playbook) part {
	out := part{title: w.say("پله‌ی قیف", "funnel step")}
	for _, s := range p.Score.Funnel {
		out.things = append(out.things, thing{key: s.Name, title: w.title(s.Title, s.Name), doc: doc(s),
			facts: []fact{{w.say("نشانه‌ها", "signals"), w.named(p, s.Signals)}, w.n("امتیاز", "points", s.Points, "", "")}})
	}
	return out
}

func (w *words) named(p *playbook.Playbook, ns []signal.Number) string {
	var out []string
	for _, n := range ns {
		out = append(out, p.SignalTitle(n, w.locale))
	}
	return strings.Join(out, w.say("، ", ", "))
}

func (w *words) needs(p *playbook.Playbook, needs []score.Need) string {
	var out []string
	for _, n := range needs {
		out = append(out, w.need(p, n))
	}
	return strings.Join(out, w.say(" یا ", " or "))
}

func (w *words) need(p *playbook.Playbook, n score.Need) string {
	var out []string
	add := func(fa, en string, n *int) {
		if n != nil {
			out = append(out, w.say(fa, en)+" "+w.number(*n))
		}
	}
	list := func(fa, en string, ns []signal.Number) {
		if len(ns) > 0 {
			out = append(out, w.say(fa, en)+" "+w.named(p, ns))
		}
	}
	add("جمع از", "total from", n.Total)
	add("جمع زیر", "total below", n.Below)
	add("تناسب از", "fit from", n.Fit)
	add("رفتار از", "engagement from", n.Engagement)
	if n.Handover {
		out = append(out, w.say("آستانه‌ی تحویل", "the hand-over threshold"))
	}
	if n.Known {
		out = append(out, w.say("شناخته", "known"))
	}
	list("یکی از", "one of", n.Seen)
	if n.Days > 0 {
		out = append(out, fmt.Sprintf(w.say("در %s روز", "in %s days"), w.number(n.Days)))
	}
	list("همه‌ی", "all of", n.All)
	list("هیچ‌یک از", "none of", n.None)
	return strings.Join(out, w.say(" و ", " and "))
}
