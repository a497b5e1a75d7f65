package diff

import (
	"fmt"
	"strings"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// What reaches people: tracks, mails, forms, offers, and who is left out.

func (w *words) tracks(p *playbook.Playbook) part {
	out := part{title: w.say("مسیر", "track")}
	for _, t := range p.Nurture.Tracks {
		x := thing{key: t.Name, title: t.Title.In(w.locale), doc: doc(t), facts: []fact{
			{w.say("آغاز", "begins"), w.entries(p, t.Entry)}, {w.say("هدف", "goal"), w.entries(p, t.Goals)}, {w.say("پایان", "ends"), w.entries(p, t.Ends)},
			w.n("حداکثر", "at most", t.LongestDays, "روز", "days"),
			w.n("دوباره پس از", "again after", t.ReentryDays, "روز", "days"), w.n("پیش‌قدمی", "priority", t.Priority, "", ""),
		}}
		for i, s := range t.Steps {
			what := w.does(&s)
			wait := w.say("همان دم", "at once")
			switch {
			case s.UntilField != "":
				wait = w.say("تا ", "until ") + s.UntilField
			case s.WaitDays > 0:
				wait = fmt.Sprintf(w.say("پس از %s روز", "after %s days"), w.number(s.WaitDays))
			case s.WaitHours > 0:
				wait = fmt.Sprintf(w.say("پس از %s ساعت", "after %s hours"), w.number(s.WaitHours))
			case s.Until != nil:
				wait = w.say("تا ", "until ") + w.entries(p, []nurture.Entry{s.Until.For})
			}
			if s.At != nil {
				wait += fmt.Sprintf(w.say("، ساعت %s", ", at %s"), w.number(s.At.Minute/60)+":"+w.number(s.At.Minute%60/10)+w.number(s.At.Minute%10))
			}
			x.facts = append(x.facts, fact{fmt.Sprintf(w.say("گام %s", "step %s"), w.number(i+1)), what + " " + wait})
		}
		out.things = append(out.things, x)
	}
	return out
}

// does says what a step does.
func (w *words) does(s *nurture.Step) string {
	switch {
	case s.Task != nil:
		return s.Task.Title.In(w.locale)
	case s.Message != nil:
		return s.Message.Channel + " «" + s.Message.Text.In(w.locale) + "»"
	case len(s.Split) > 0:
		var to []string
		for _, b := range s.Split {
			to = append(to, b.Goto)
		}
		return w.say("دوراهی به ", "split to ") + strings.Join(to, w.say("، ", ", "))
	}
	return strings.Join(s.Mails(), w.say(" یا ", " or "))
}

func (w *words) entries(p *playbook.Playbook, entries []nurture.Entry) string {
	var out []string
	for _, e := range entries {
		s := ""
		switch {
		case e.Form != "":
			s = w.say("فرم ", "form ") + e.Form
		case e.Signal != "":
			s = e.Signal
			for _, d := range p.Signals {
				if d.Name == e.Signal {
					s = p.SignalTitle(d.Number, w.locale)
				}
			}
		case e.Stage != "":
			s = w.say("مرحله‌ی ", "stage ") + e.Stage
		case e.Band != "":
			s = w.say("گرمای ", "band ") + e.Band
		case e.Lost != "":
			s = w.say("از دست رفته: ", "lost: ") + e.Lost
		case e.Silent != 0:
			s = fmt.Sprintf(w.say("%s روز بی‌خبری", "%s silent days"), w.number(e.Silent))
		case e.Audience != "":
			s = w.say("ورود به گروه ", "joining ") + e.Audience
		case e.Left != "":
			s = w.say("خروج از گروه ", "leaving ") + e.Left
		case e.Date != "":
			s = fmt.Sprintf(w.say("%s روز از %s", "%s days from %s"), w.number(e.Days), e.Date)
		case e.Activity == "deal.won":
			s = w.say("خرید", "a purchase")
		default:
			s = e.Activity
		}
		if e.MinFit != 0 {
			s += w.say(" با تناسب از ", " with fit from ") + w.number(e.MinFit)
		}
		out = append(out, s)
	}
	return strings.Join(out, w.say(" یا ", " or "))
}

// pacing is how often people are written to.
func (w *words) pacing(p *playbook.Playbook) part {
	n := &p.Nurture
	t := thing{key: "pacing", title: w.say("شمار نامه‌ها", "how many mails"), doc: doc(n.Caps), facts: nil}
	for i, c := range n.Caps {
		t.facts = append(t.facts, fact{fmt.Sprintf(w.say("سقف %s", "cap %s"), w.number(i+1)), fmt.Sprintf(w.say("%s نامه در %s روز", "%s mails in %s days"), w.number(c.Count), w.number(c.Days))})
	}
	return part{w.say("آهنگ", "pacing"), []thing{t}}
}

func (w *words) mails(p *playbook.Playbook) part {
	out := part{title: w.say("نامه", "mail")}
	for _, m := range p.Mails {
		out.things = append(out.things, thing{key: m.Name + "." + m.Locale, title: m.Name + "." + m.Locale, doc: doc(m), facts: []fact{
			{w.say("موضوع", "subject"), "«" + m.Subject + "»"}, {w.say("پیوندها", "links"), w.number(len(m.Links))},
			{w.say("اندازه‌ی متن", "length of the text"), w.number(len([]rune(m.Text)))},
		}})
	}
	return out
}

func (w *words) forms(p *playbook.Playbook) part {
	out := part{title: w.say("فرم", "form")}
	for _, f := range p.Forms {
		x := thing{key: f.Name, title: f.Title.In(w.locale), doc: doc(f)}
		if x.title == "" {
			x.title = f.Name
		}
		var fields []string
		for i := range f.Fields {
			name := f.Fields[i].Name
			if f.Fields[i].Required {
				name += "*"
			}
			fields = append(fields, name)
		}
		x.facts = []fact{{w.say("پرسش‌ها", "fields"), strings.Join(fields, " ")}, w.n("اجازه‌ها", "consents", len(f.Consents), "", "")}
		out.things = append(out.things, x)
	}
	return out
}

func (w *words) offers(p *playbook.Playbook) part {
	out := part{title: w.say("پیشنهاد", "offer")}
	for _, o := range p.Offers {
		out.things = append(out.things, thing{key: o.Name, title: o.Title.In(w.locale), doc: doc(o),
			facts: []fact{w.n("تخفیف", "discount", o.Percent, "٪", "%"), w.n("اعتبار", "good for", o.Hours, "ساعت", "hours")}})
	}
	return out
}

func (w *words) attributes(p *playbook.Playbook) part {
	out := part{title: w.say("ویژگی", "attribute")}
	for _, a := range p.Attributes {
		var options []string
		for _, o := range a.Options {
			options = append(options, o.Title.In(w.locale))
		}
		out.things = append(out.things, thing{key: a.Name, title: a.Title.In(w.locale), doc: doc(a),
			facts: []fact{{w.say("نوع", "type"), string(a.Type)}, {w.say("گزینه‌ها", "options"), strings.Join(options, w.say("، ", ", "))}}})
	}
	return out
}

func (w *words) exclusions(p *playbook.Playbook) part {
	out := part{title: w.say("کنار گذاشته", "left out")}
	for _, e := range p.Exclusions {
		out.things = append(out.things, thing{key: e.Kind.String(), title: e.Kind.String(), doc: doc(e),
			facts: []fact{w.n("شمار", "entries", len(e.Emails)+len(e.Domains)+len(e.Phones)+len(e.Externals), "", "")}})
	}
	return out
}
