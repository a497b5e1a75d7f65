// Package diff tells a marketer what is different between two playbooks, in
// their own words: which signal is worth how much now, who is handed over, what
// is mailed to whom. Whatever differs is told: what has no words of its own is
// named by its part.
package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/playbook"
)

// Change is one line of a comparison.
type Change struct {
	Sign rune   // + new, - gone, ~ different
	Part string // of the playbook, in words: signals, tracks
	What string // which one
	How  string // "points 6 → 8; half-life 10 days → 14 days"; "" says all
}

func (c Change) String() string {
	s := fmt.Sprintf("%c %s: %s", c.Sign, c.Part, c.What)
	if c.How != "" {
		s += ": " + c.How
	}
	return s
}

// Of lists what changed from old to new, in the order of the parts. Signals are
// the same where they have the same number, so new should have been read with
// old before it.
func Of(old, new *playbook.Playbook, locale string) []Change {
	w := words{locale: locale}
	a, b := w.of(old), w.of(new)
	var out []Change
	for i := range b {
		out = append(out, w.part(a[i], b[i])...)
	}
	return out
}

// part is one part of a playbook.
type part struct {
	title  string
	things []thing
}

// thing is one entry of a part: a signal, a band, a mail.
type thing struct {
	key   string // the same in both playbooks
	alias string // where only this is the same, it is another one under an old name
	title string
	facts []fact
	doc   string // all of it, for what has no words
}

type fact struct{ name, value string }

func (w *words) part(a, b part) []Change {
	var out []Change
	find := func(in []thing, key string) *thing {
		for i := range in {
			if in[i].key == key {
				return &in[i]
			}
		}
		return nil
	}
	replaced := map[string]bool{}
	for i := range b.things {
		x := &b.things[i]
		old := find(a.things, x.key)
		if old != nil {
			if how := w.compare(old, x); how != "" {
				out = append(out, Change{'~', b.title, x.title, how})
			}
			continue
		}
		how := w.all(x)
		if k := slices.IndexFunc(a.things, func(t thing) bool { return t.alias != "" && t.alias == x.alias && find(b.things, t.key) == nil }); k >= 0 {
			replaced[a.things[k].key] = true
			how = join(w.say("چیز دیگری را می‌جوید: از نو شمرده و در کارنامه‌ها جستجو می‌شود", "it looks for something else now: begins anew, and is looked for in the logs"), w.compare(&a.things[k], x))
			out = append(out, Change{'~', b.title, x.title, how})
			continue
		}
		out = append(out, Change{'+', b.title, x.title, how})
	}
	for i := range a.things {
		if x := &a.things[i]; find(b.things, x.key) == nil && !replaced[x.key] {
			out = append(out, Change{'-', b.title, x.title, ""})
		}
	}
	return out
}

// compare says what is different about one thing, "" for nothing.
func (w *words) compare(a, b *thing) string {
	if a.doc == b.doc {
		return ""
	}
	var hows []string
	value := func(fs []fact, name string) string {
		for _, f := range fs {
			if f.name == name {
				return f.value
			}
		}
		return ""
	}
	none := w.say("ندارد", "none")
	if a.title != b.title {
		hows = append(hows, fmt.Sprintf("%s %s → %s", w.say("نام", "name"), a.title, b.title))
	}
	seen := map[string]bool{}
	for _, f := range slices.Concat(b.facts, a.facts) {
		if seen[f.name] {
			continue
		}
		seen[f.name] = true
		from, to := value(a.facts, f.name), value(b.facts, f.name)
		if from == to {
			continue
		}
		if from == "" {
			from = none
		}
		if to == "" {
			to = none
		}
		hows = append(hows, fmt.Sprintf("%s %s → %s", f.name, from, to))
	}
	if len(hows) == 0 {
		return w.say("جزئیاتش تغییر کرد", "its details changed")
	}
	return strings.Join(hows, w.say("؛ ", "; "))
}

// all says what a new thing is.
func (w *words) all(t *thing) string {
	var hows []string
	for _, f := range t.facts {
		if f.value != "" {
			hows = append(hows, f.name+" "+f.value)
		}
	}
	return strings.Join(hows, w.say("، ", ", "))
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

// doc is a thing as text, to see that something about it differs.
func doc(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		// unreachable: the parts of a playbook are plain data
		panic("diff: " + err.Error())
	}
	return string(b)
}
