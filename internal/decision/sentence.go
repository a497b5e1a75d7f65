package decision

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/score"
)

// Titles says names of the playbook as people read them, in one locale.
type Titles struct {
	Signal func(Signal) string
	Track  func(string) string
	Form   func(string) string
}

// Sentence tells a person what was decided and why, in Persian or English.
func (p *Plan) Sentence(d ledger.Pending, locale string, titles Titles) string {
	r, err := DecodeReason(d.Reason)
	if err != nil {
		r = Reason{} // what was decided is still worth saying
	}
	w := phrases[0]
	if locale == "en" {
		w = phrases[1]
	}
	name := d.Name
	switch d.Kind {
	case Stage:
		if i, ok := p.rules.StageNamed(d.Name); ok {
			name = in(p.rules.Config().Stages[i].Title, locale, d.Name)
		}
	case Audience:
		for _, a := range p.rules.Config().Audiences {
			if a.Name == d.Name {
				name = in(a.Title, locale, d.Name)
			}
		}
	case Enroll, Unenroll, Wake:
		if titles.Track != nil {
			name = titles.Track(d.Name)
		}
	}
	var did []string
	for _, n := range r.Signals {
		if def, ok := p.rules.Signals().Definition(n); ok && titles.Signal == nil {
			did = append(did, def.Name)
		} else if ok {
			did = append(did, titles.Signal(n))
		}
	}
	s := p.what(d.Kind, name, r, w, did)
	if r.By == "form" && titles.Form != nil {
		r.What = titles.Form(r.What)
	}
	if because := p.because(d.Kind, r, w, did, locale); because != "" {
		s += w.colon + because
	}
	return s
}

// wordings are the pieces of sentences in one locale.
type wordings struct {
	handover, fastLane, times, withdrawn, handedOver, revoked, stage, enroll, unenroll, entered, left string
	wake                                                                                              string
	talk                                                                                              map[string]string
	colon, comma                                                                                      string
	digits                                                                                            func(string) string
	form, silent, reason, person, band, into, total                                                   string
}

// number writes a number in the digits of the locale. Names and grades keep
// theirs.
func (w *wordings) number(n int) string { return w.digits(strconv.Itoa(n)) }

// phrases is a constant table: Persian, English.
var phrases = [2]wordings{
	{
		handover: "آماده‌ی تماس: امتیاز %s (تناسب %s، رفتار %s، رتبه‌ی \u2068%s\u2069)", fastLane: "خودش خواست: %s", times: " (%s بار)",
		withdrawn: "پس گرفته شد: %s", handedOver: "آماده‌ی تماس", revoked: "آنچه پایه‌ی آن بود درست نبود",
		stage: "به مرحله‌ی «%s» رفت", enroll: "به مسیر «%s» وارد شد", unenroll: "از مسیر «%s» بیرون آمد", entered: "به گروه «%s» پیوست", left: "از گروه «%s» رفت",
		digits: persian.Digits, colon: "؛ ", comma: "، ", form: "فرم «%s» را فرستاد", silent: "%s روز خبری نبود", reason: "دلیل: %s", person: "به خواست همکار فروش",
		wake: "گام بعدی مسیر «%s»", talk: map[string]string{"taken": "فروش برداشت: تبلیغ می‌ماند", "deal": "فرصت فروش باز است: تبلیغ می‌ماند", "free": "گفتگوی فروش تمام شد"},
		band: "«%s» شد", into: "به مرحله‌ی «%s» رسید", total: "با امتیاز %s",
	},
	{
		handover: "Ready for a call: %s points (fit %s, engagement %s, grade %s)", fastLane: "Asked for it: %s", times: " (%s times)",
		withdrawn: "Withdrawn: %s", handedOver: "Ready for a call", revoked: "what it rested on was taken back",
		stage: "Moved to stage “%s”", enroll: "Entered the track “%s”", unenroll: "Left the track “%s”", entered: "Joined the audience “%s”", left: "Left the audience “%s”",
		digits: strings.Clone, colon: "; ", comma: ", ", form: "posted the form “%s”", silent: "nothing heard for %s days", reason: "reason: %s", person: "by a person of sales",
		wake: "Next step of the track “%s”", talk: map[string]string{"taken": "Sales took the lead: marketing waits", "deal": "A deal is open: marketing waits", "free": "Sales is no longer talking"},
		band: "became “%s”", into: "reached the stage “%s”", total: "with %s points",
	},
}

func (p *Plan) what(kind, name string, r Reason, w wordings, did []string) string {
	switch kind {
	case Handover:
		return fmt.Sprintf(w.handover, w.number(r.Total), w.number(r.Fit), w.number(r.Engagement), r.Grade)
	case FastLane:
		if len(did) > 0 {
			name = did[0]
		}
		s := fmt.Sprintf(w.fastLane, name)
		if r.Count > 1 {
			s += fmt.Sprintf(w.times, w.number(r.Count))
		}
		return s
	case Withdrawn:
		what := w.handedOver
		if len(did) > 0 {
			what = fmt.Sprintf(w.fastLane, did[0])
		}
		return fmt.Sprintf(w.withdrawn, what)
	case Stage:
		return fmt.Sprintf(w.stage, name)
	case Enroll:
		return fmt.Sprintf(w.enroll, name)
	case Unenroll:
		return fmt.Sprintf(w.unenroll, name)
	case Wake:
		return fmt.Sprintf(w.wake, name)
	case Talk:
		if said := w.talk[name]; said != "" {
			return said
		}
	case Audience:
		if r.Left {
			return fmt.Sprintf(w.left, name)
		}
		return fmt.Sprintf(w.entered, name)
	}
	return kind + " " + name
}

func (p *Plan) because(kind string, r Reason, w wordings, did []string, locale string) string {
	switch {
	case kind == FastLane:
		return ""
	case r.By == revokedReason:
		return w.revoked
	case kind == Handover, r.By == "signal":
		return strings.Join(did, w.comma)
	case r.By == "total":
		return fmt.Sprintf(w.total, w.number(r.Total))
	case r.By == "form":
		return fmt.Sprintf(w.form, r.What)
	case r.By == "silent":
		return fmt.Sprintf(w.silent, w.number(r.Count))
	case (r.By == "reason" || r.By == "lost") && r.What == "":
		return "" // lost, and nobody said why
	case r.By == "reason", r.By == "lost":
		return fmt.Sprintf(w.reason, r.What)
	case r.By == "person":
		return w.person
	case r.By == "band":
		for _, b := range p.rules.Config().Bands {
			if b.Name == r.What {
				return fmt.Sprintf(w.band, in(b.Title, locale, b.Name))
			}
		}
	case r.By == "stage":
		if i, ok := p.rules.StageNamed(r.What); ok {
			return fmt.Sprintf(w.into, in(p.rules.Config().Stages[i].Title, locale, r.What))
		}
	}
	return ""
}

// in gives a title in a locale, the other one or the name where it is missing.
func in(t score.Title, locale, name string) string {
	first, second := t.Fa, t.En
	if locale == "en" {
		first, second = second, first
	}
	switch {
	case first != "":
		return first
	case second != "":
		return second
	}
	return name
}
