package console

import (
	"cmp"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
)

// shownEntries is how much of the log a page shows.
const shownEntries = 20

// shownLine is a line of the card in words.
type shownLine struct {
	score.Line
	Title string `json:"title"`
	Last  string `json:"last,omitempty"`
	// Until and Given are of points by hand: until when, who gave them and why.
	Until string          `json:"untilDay,omitempty"`
	Given []flow.Adjusted `json:"given,omitempty"`
}

// cardView is a card with its lines in words.
func cardView(book *playbook.Compiled, s *ledger.State, card score.Card, adjusted []flow.Adjusted, locale string) map[string]any {
	out := map[string]any{"id": s.Lead, "card": card, "lines": lines(book, card, adjusted, locale), "bandTitle": bandTitle(book, card.Band, locale), "stageTitle": stageTitle(book, card.Stage, locale), "activities": s.Activities()}
	if s.MovedTo != "" {
		out["movedTo"] = s.MovedTo
	}
	if s.Excluded != 0 {
		kind := playbook.ExclusionKind(s.Excluded)
		out["excluded"], out["aside"] = kind.String(), book.Aside(kind, "", "", locale)
	}
	for _, p := range book.Score.Personas {
		if p.Name == card.Persona {
			out["personaTitle"] = title(p.Title.Fa, p.Title.En, p.Name, locale)
		}
	}
	for key, name := range map[string]string{"leadingTitle": card.Leading, "interestTitle": card.Interest} {
		if name != "" {
			out[key] = groupTitle(book, name, locale)
		}
	}
	if card.Funnel != "" {
		out["funnelTitle"] = stepName(book, card.Funnel, locale)
	}
	var why []string
	var raise []map[string]any
	for _, w := range card.WhyNow {
		why = append(why, book.SignalTitle(w.Signal, locale))
	}
	for _, w := range card.WouldRaise {
		raise = append(raise, map[string]any{"title": book.SignalTitle(w.Signal, locale), "points": w.Points})
	}
	out["whyNow"], out["wouldRaise"] = why, raise
	if n := card.NextCrossing; n != nil {
		out["next"] = map[string]any{"day": n.Day.String(), "to": bandTitle(book, n.To, locale), "total": n.Total}
	}
	return out
}

// recent are the latest activities in words, the newest first.
func recent(book *playbook.Compiled, latest []ledger.Entry, locale string) []map[string]any {
	var rows []map[string]any
	for i := len(latest) - 1; i >= 0 && len(rows) < shownEntries; i-- {
		e := &latest[i]
		if e.Type == activity.CTASeen || e.Type == activity.FormSeen {
			continue // what passed before their eyes tells little; the log keeps it
		}
		var hits []string
		for _, h := range e.Hits {
			hits = append(hits, book.SignalTitle(h, locale))
		}
		rows = append(rows, map[string]any{"type": e.Type, "path": pathOf(book, e), "at": time.Unix(e.At, 0).UTC(), "signals": hits, "machine": e.Flags&activity.Machine != 0, "revoked": e.Revoked})
	}
	return rows
}

// pathOf is the page on which something was done, if the log kept it.
func pathOf(book *playbook.Compiled, e *ledger.Entry) string {
	properties, err := book.Dictionary.Unpack(e.Packed)
	if err != nil {
		return "" // packed under a newer playbook, in the minute of its roll-back
	}
	for _, p := range properties {
		if p.Name == "path" {
			return p.Value.Text
		}
	}
	return ""
}

// lines puts the card's lines into words.
func lines(book *playbook.Compiled, card score.Card, adjusted []flow.Adjusted, locale string) []shownLine {
	out := make([]shownLine, 0, len(card.Lines))
	for _, l := range card.Lines {
		shown := shownLine{Line: l, Title: l.Name}
		if l.Signal != 0 {
			shown.Title = cmp.Or(book.SignalTitle(l.Signal, locale), l.Name)
		}
		if l.Kind == score.KindGroup {
			shown.Title = groupTitle(book, l.Name, locale)
		}
		if l.Count > 0 {
			shown.Last = l.LastDay.String()
		}
		if l.Kind == score.KindFunnel {
			shown.Title = stepName(book, l.Name, locale)
		}
		if l.Kind == score.KindManual {
			if l.Until != 0 {
				shown.Until = l.Until.String()
			}
			for _, a := range adjusted {
				if a.Until == l.Until {
					shown.Given = append(shown.Given, a)
				}
			}
		}
		out = append(out, shown)
	}
	return out
}

func stepName(book *playbook.Compiled, name, locale string) string {
	for _, s := range book.Score.Funnel {
		if s.Name == name {
			return title(s.Title.Fa, s.Title.En, name, locale)
		}
	}
	return name
}

func groupTitle(book *playbook.Compiled, name, locale string) string {
	for _, g := range book.Score.Groups {
		if g.Name == name {
			return title(g.Title.Fa, g.Title.En, name, locale)
		}
	}
	return name
}
