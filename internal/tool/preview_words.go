package tool

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/preview"
	"github.com/sarnakh/sarnakh/internal/score"
)

// lifeWords are the words of previews and of the quiet list. They are data.
type lifeWords struct {
	leads, moves, bands, grades, handover, decisions, nothing, top, made string
	kinds                                                                map[string]string
	joins, leaves, line                                                  string
	causes                                                               map[decision.Cause]string
	listed, empty                                                        string
}

func lifeWordsOf(locale string) lifeWords {
	if locale == "en" {
		return lifeWords{
			leads: "%s leads as of %s, %s of them not scored; playbook %s is in force", moves: "more points: %s; fewer: %s",
			bands: "bands", grades: "grades", handover: "hand-over (from %s): %s reach it, %s leave it", nothing: "nobody moves",
			decisions: "publishing would decide, quietly:", top: "who moves most:",
			made:  "made from registers: %s, from tallies: %s, replayed from the log: %s; records of histories read: %s",
			kinds: map[string]string{decision.Handover: "hand-over to sales", decision.FastLane: "asked for a person", decision.Stage: "stage “%s”", decision.Enroll: "begins the track “%s”", decision.Unenroll: "ends the track “%s”", decision.Audience: "audience “%s”"},
			joins: "joins", leaves: "leaves", line: "%s: %s → %s",
			causes: map[decision.Cause]string{decision.Rules: "rules changed", decision.Import: "history was imported", decision.Merge: "two leads became one", "": "rules or data changed"},
			listed: "%s wait for a word, playbook %s, because %s: %s", empty: "nothing is on the quiet list",
		}
	}
	return lifeWords{
		leads: "%s سرنخ در %s، %s تای آن‌ها بی‌امتیاز؛ دستور کار %s برقرار است", moves: "امتیاز بیشتر: %s؛ کمتر: %s",
		bands: "دما", grades: "رتبه", handover: "آستانه‌ی تحویل به فروش (از %s): %s نفر می‌رسند، %s نفر پایین می‌آیند", nothing: "کسی جابه‌جا نمی‌شود",
		decisions: "با انتشار، بی‌خبر تصمیم گرفته می‌شود:", top: "بیشترین جابه‌جایی:",
		made:  "از ثبت‌ها: %s، از شمارش‌ها: %s، بازپخش از کارنامه: %s؛ تکه‌های خوانده‌ی تاریخچه: %s",
		kinds: map[string]string{decision.Handover: "تحویل به فروش", decision.FastLane: "خودش خواست", decision.Stage: "مرحله‌ی «%s»", decision.Enroll: "آغاز مسیر پرورش «%s»", decision.Unenroll: "پایان مسیر پرورش «%s»", decision.Audience: "گروه مخاطب «%s»"},
		joins: "می‌پیوندند", leaves: "می‌روند", line: "%s: %s ← %s",
		causes: map[decision.Cause]string{decision.Rules: "قاعده‌ها عوض شد", decision.Import: "گذشته وارد شد", decision.Merge: "دو سرنخ یکی شدند", "": "قاعده‌ها یا داده‌ها عوض شد"},
		listed: "%s در انتظار تصمیم، دستور کار %s، چون %s: %s", empty: "فهرست بی‌خبرها خالی است",
	}
}

// what names a kind of decision, with its subject as people know it.
func (l *lifeWords) what(p *playbook.Playbook, kind, subject, locale string) string {
	title := subject
	switch kind {
	case decision.Stage:
		for _, s := range p.Score.Stages {
			if s.Name == subject {
				title = inWords(s.Title, locale, subject)
			}
		}
	case decision.Audience:
		for _, a := range p.Score.Audiences {
			if a.Name == subject {
				title = inWords(a.Title, locale, subject)
			}
		}
	case decision.Enroll, decision.Unenroll:
		for _, t := range p.Nurture.Tracks {
			if t.Name == subject {
				title = cmp.Or(t.Title.In(locale), subject)
			}
		}
	}
	words := cmp.Or(l.kinds[kind], kind)
	if strings.Contains(words, "%s") {
		return fmt.Sprintf(words, title)
	}
	return words
}

func inWords(t score.Title, locale, name string) string {
	if locale == "en" {
		return cmp.Or(t.En, t.Fa, name)
	}
	return cmp.Or(t.Fa, t.En, name)
}

// WritePreview says in words what a preview found.
func WritePreview(out io.Writer, p Previewed, next *playbook.Playbook, locale string) error {
	w, l := wordsOf(locale), lifeWordsOf(locale)
	var b strings.Builder
	fmt.Fprintf(&b, l.leads+"\n", w.number(p.Leads), w.digits(p.Day), w.number(p.Excluded), w.number(int(p.Playbook)))
	fmt.Fprintf(&b, l.made+"\n", w.number(p.FromRegisters), w.number(p.FromTallies), w.number(p.Replayed), w.number(p.Records))
	if p.Up+p.Down+len(p.Bands)+len(p.Grades)+len(p.Decisions) == 0 {
		b.WriteString(l.nothing + "\n")
	} else {
		fmt.Fprintf(&b, l.moves+"\n", w.number(p.Up), w.number(p.Down))
	}
	band := func(name string) string {
		for _, x := range next.Score.Bands {
			if x.Name == name {
				return inWords(x.Title, locale, name)
			}
		}
		return name
	}
	moves(&b, w, l.bands, p.Bands, band, "\n  ")
	moves(&b, w, l.grades, p.Grades, func(s string) string { return s }, "، ")
	if h := next.Score.Handover.Total; h != 0 && p.Reach+p.Leave > 0 {
		fmt.Fprintf(&b, l.handover+"\n", w.number(h), w.number(p.Reach), w.number(p.Leave))
	}
	if len(p.Decisions) > 0 {
		b.WriteString(l.decisions + "\n")
	}
	for _, d := range p.Decisions {
		side := ""
		if d.Kind == decision.Audience && d.Left {
			side = " " + l.leaves
		} else if d.Kind == decision.Audience {
			side = " " + l.joins
		}
		fmt.Fprintf(&b, "%7s  %s%s\n", w.number(d.Leads), l.what(next, d.Kind, d.Subject, locale), side)
	}
	if len(p.Movers) > 0 {
		b.WriteString(l.top + "\n")
	}
	for _, m := range p.Movers {
		title := m.Line.Line.Name
		if m.Line.Line.Signal != 0 {
			title = cmp.Or(next.SignalTitle(m.Line.Line.Signal, locale), title)
		}
		if m.Line.Line.Kind != score.KindSignal && m.Line.Line.Kind != score.KindFit {
			title = strings.TrimSpace(string(m.Line.Line.Kind) + " " + title)
		}
		bands := band(m.To)
		if m.From != m.To {
			bands = fmt.Sprintf(l.line, "", band(m.From), band(m.To))[2:]
		}
		fmt.Fprintf(&b, "  %s %s → %s  %s  %s\n", m.Lead, w.number(m.Before), w.number(m.After), bands,
			fmt.Sprintf(l.line, title, w.number(m.Line.Before), w.number(m.Line.After)))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// moves writes how many go from where to where.
func moves(b *strings.Builder, w words, what string, list []preview.Move, name func(string) string, between string) {
	if len(list) == 0 {
		return
	}
	if !w.persian && between == "، " {
		between = ", "
	}
	b.WriteString(what + ":")
	for i, m := range list {
		if i > 0 || between[0] == '\n' {
			b.WriteString(between)
		} else {
			b.WriteString(" ")
		}
		fmt.Fprintf(b, "%s → %s %s", name(m.From), name(m.To), w.number(m.Leads))
	}
	b.WriteString("\n")
}
