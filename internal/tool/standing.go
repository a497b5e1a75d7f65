package tool

import (
	"fmt"
	"strings"

	"github.com/sarnakh/sarnakh/internal/score"
)

// standing writes where a lead stands: as which persona, at which step of the
// funnel, and what leads.
func (s *sheet) standing(card score.Card) {
	var facts []string
	add := func(what, name string, of []titled) {
		if name != "" {
			facts = append(facts, what+": "+s.title(name, of))
		}
	}
	add(s.w.persona, card.Persona, s.personas())
	add(s.w.funnel, card.Funnel, s.steps())
	if card.Part != "" {
		facts[len(facts)-1] += " (" + s.w.parts[card.Part] + ")"
	}
	add(s.w.leading, card.Leading, s.groups())
	add(s.w.interest, card.Interest, s.groups())
	if card.Handover {
		facts = append(facts, s.w.ready)
	}
	if len(facts) > 0 {
		fmt.Fprintln(s.out, strings.Join(facts, " · "))
	}
}

// byHand says who gave or took points, why and until when.
func (s *sheet) byHand(l score.Line) string {
	text := s.w.manual
	if l.Until != 0 {
		text += " " + fmt.Sprintf(s.w.until, s.w.day(l.Until))
	}
	var notes []string
	for _, a := range s.adjusted {
		if a.Until != l.Until {
			continue
		}
		note := s.w.signed(a.Points)
		if a.By != "" {
			note += " " + fmt.Sprintf(s.w.by, a.By)
		}
		if a.Why != "" {
			note += ": " + a.Why
		}
		notes = append(notes, note)
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, "; ") + ")"
	}
	return text
}

func (s *sheet) groups() (out []titled) {
	for _, g := range s.c.Score.Groups {
		out = append(out, titled{g.Name, g.Title})
	}
	return out
}

func (s *sheet) steps() (out []titled) {
	for _, f := range s.c.Score.Funnel {
		out = append(out, titled{f.Name, f.Title})
	}
	return out
}

func (s *sheet) personas() (out []titled) {
	for _, p := range s.c.Score.Personas {
		out = append(out, titled{p.Name, p.Title})
	}
	return out
}
