package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

// hostileFigures hold the promise that a playbook which check accepted runs
// fast for ever: the heaviest playbooks that it accepts, on the largest
// activity and the largest lead.
func hostileFigures(r *report) error {
	r.title("the heaviest playbooks that check accepts, on the largest activity and lead")
	for _, h := range hostiles() {
		if err := h.measure(r); err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
	}
	return nil
}

// hostile is a kind of playbook that is heavier the more there is of it.
type hostile struct {
	name  string
	most  int // where its size begins; halved until check accepts it
	write func(n int) string
}

func hostiles() []hostile {
	texts := func(n int, text func(i int) string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(text(i))
		}
		return b.String()
	}
	long := strings.Repeat("a", 200)
	leaf := func(op string, values int) func(n int) string {
		return func(n int) string { // n conditions, 60 a signal, of so many values each
			var b strings.Builder
			for s := 0; s*60 < n; s++ {
				fmt.Fprintf(&b, "  s%d: {on: page.viewed, points: 1, group: web, half_life: 9, where: {any: [", s)
				b.WriteString(texts(min(60, n-s*60), func(i int) string {
					return fmt.Sprintf("{tags: {%s: [%s]}}", op, texts(values, func(k int) string { return fmt.Sprintf("%sb%dx%d", long[:40], s*60+i, k) }))
				}))
				b.WriteString("]}}\n")
			}
			return b.String()
		}
	}
	return []hostile{
		{"equal to one of two texts", 8000, leaf("in", 2)},
		{"in lists of 7 texts", 8000, leaf("in", 7)},
		{"prefixes, 7 a condition", 8000, leaf("prefix", 7)},
		{"contains, 7 a condition", 8000, leaf("contains", 7)},
		{"points of 1,000 signals that fade, counts of half of them", 1000, func(n int) string {
			var b strings.Builder
			for i := range n / 2 {
				fmt.Fprintf(&b, "  s%d: {on: page.viewed, points: %d, group: web, half_life: %d, cap: 20, cap_days: 7, where: {tags: t%d}}\n", i, 1+i%7, 1+i%90, i)
			}
			for i := range n / 2 {
				fmt.Fprintf(&b, "  c%d: {count: {of: s%d, at_least: 2, days: 92}, points: 1, group: web, half_life: %d}\n", i, i, 2+i%90)
			}
			return b.String()
		}},
		{"absences of different lengths", 1000, func(n int) string {
			var b strings.Builder
			for i := range n / 2 {
				fmt.Fprintf(&b, "  s%d: {on: page.viewed, points: %d, group: web, half_life: %d, where: {tags: t%d}}\n", i, 1+i%7, 1+i%90, i)
			}
			for i := range n / 2 {
				fmt.Fprintf(&b, "  c%d: {absent: {of: s%d, days: %d}, points: 1, group: web}\n", i, i, 2+i*3)
			}
			return b.String()
		}},
	}
}

func (h *hostile) folder(n int) (string, error) {
	dir, err := os.MkdirTemp("", "hostile")
	if err != nil {
		return "", err
	}
	files := map[string]string{
		"business.yaml": `business: {name: hostile, title: {fa: ه, en: h}, zone: Asia/Tehran}
score:
  engagement: [-1000, 1000]
  fit: [-20, 20]
  bands: [{name: cold}, {name: warm, from: 20}, {name: hot, from: 50}]
  grades: {fit: {A: 15, B: 10, C: 5}, engagement: {1: 30, 2: 20, 3: 10}}
  handover: {total: 30, fit: 5, engagement: 10, lower: 20, days: 7}
attributes: {role: {type: choice, title: سمت, options: {owner: مالک, staff: کارمند}}}
groups: {web: {title: وب, limits: [-1000, 1000]}}
personas: [{name: owner, fit: {role: {owner: 20, staff: -5}}}]
lifecycle: [{name: lead}, {name: ready, enter: [{handover: true}]}]
`,
		"signals.yaml": "signals:\n" + h.write(n),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// measure finds the largest playbook of the kind that check accepts, and takes
// the time of one activity and of one card and decision.
func (h *hostile) measure(r *report) error {
	for n := h.most; n > 0; n = n * 3 / 4 {
		dir, err := h.folder(n)
		if err != nil {
			return err
		}
		p, faults, _ := source.Check(os.DirFS(dir), nil, time.Time{})
		os.RemoveAll(dir)
		if len(faults) > 0 {
			continue
		}
		c, err := p.Compile()
		if err != nil {
			return err
		}
		// The largest activity: 50 texts in a list, each near a match.
		a := &activity.Activity{ID: "x", Type: activity.PageViewed, At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		var tags []string
		for range activity.MaxList {
			tags = append(tags, strings.Repeat("a", activity.MaxValue))
		}
		a.Properties = []activity.Property{{Name: "tags", Value: activity.ListValue(tags)}}
		match := best(func() { c.Set.Match(a, nil) })
		for i := range tags { // many short texts are another largest activity
			tags[i] = strings.Repeat("a", 40)
		}
		match = max(match, best(func() { c.Set.Match(a, nil) }))
		// The largest lead: every signal seen on many days.
		m := c.Rules.Meters()
		s := ledger.New(lead.ID("hostilehostileho"), m)
		s.Known = true
		for day := range 100 {
			e := ledger.Entry{Key: uint64(day + 1), Type: activity.PageViewed, Day: c.Day(a.At) + activity.Day(day), At: a.At.Unix() + int64(day)*86400}
			for _, d := range c.Signals {
				if d.Kind == "activity" {
					e.Hits = append(e.Hits, d.Number)
				}
			}
			if err := s.Append(m, e); err != nil {
				return err
			}
		}
		if err := s.Settle(m, nil); err != nil {
			return err
		}
		_, today := s.Days()
		whole := best(func() { c.Rules.Card(s, today) })
		decide := best(func() {
			card := c.Rules.Brief(s, today)
			c.Decisions.Decide(decision.Input{State: s, After: &card, Today: today, Now: a.At})
		})
		r.note(fmt.Sprintf("hostile.accepted %s", h.name), float64(n), "conditions or signals")
		r.most(fmt.Sprintf("hostile.match %s", h.name), match, "ms", 10)
		r.most(fmt.Sprintf("hostile.card %s", h.name), whole, "ms", 10)
		r.most(fmt.Sprintf("hostile.decide %s", h.name), decide, "ms", 10)
		return nil
	}
	return fmt.Errorf("check accepts none of any size")
}

// best is the shortest of some runs, in milliseconds: what the work takes when
// nobody else wants the machine.
func best(do func()) float64 {
	least := time.Hour
	for range 7 {
		begun := time.Now()
		do()
		least = min(least, time.Since(begun))
	}
	return float64(least.Microseconds()) / 1000
}
