package source

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
)

// reader gathers the sections of all files and every fault on the way.
type reader struct {
	faults   Faults
	warnings Faults
	sections map[string]*value
	p        *playbook.Playbook
	previous *playbook.Playbook
	before   bool // the files were in force before
	noting   bool // notes what it asks of values: see Schema

	signals  map[string]*rule // by name, as declared
	order    []*rule
	hashes   map[string]string // condition on the profile → signal
	lists    map[string]*value // named lists of values
	consents map[string]*value
	used     map[string]bool // "signal x", "mail y": named by something
	where    map[string]place
	mails    map[string][]string // name → locales
}

func (r *reader) fault(at place, problem, remedy string) {
	r.faults = append(r.faults, Fault{at.file, at.line, at.col, problem, remedy})
}

func (r *reader) warn(at place, problem, remedy string) {
	r.warnings = append(r.warnings, Fault{at.file, at.line, at.col, problem, remedy})
}

func (r *reader) unknown(at place, what, name string, known []string) {
	r.fault(at, fmt.Sprintf("there is no %s %q", what, clip(name)), suggest(name, known))
}

// isKind tells whether a value is there and of a kind; a wrong kind is a fault.
func (r *reader) isKind(v *value, k kind, example string) bool {
	if v == nil || v.kind == null {
		return false
	}
	if v.kind != k {
		r.fault(v.place, fmt.Sprintf("here stands %s", v.kind), fmt.Sprintf("%s is right, such as %s", k, example))
		return false
	}
	return true
}

// fields checks the keys of a mapping. It gives false when v is no mapping.
func (r *reader) fields(v *value, known ...string) bool {
	if v == nil || v.kind == null {
		return false
	}
	r.noted(v).keys = union(r.noted(v).keys, known)
	if v.kind != mapping {
		r.fault(v.place, fmt.Sprintf("here stands %s", v.kind), "a mapping is right, with "+listed(known))
		return false
	}
	for _, p := range v.pairs {
		if !slices.Contains(known, p.key) {
			r.unknown(p.place, "key", p.key, known)
		}
	}
	return true
}

func (r *reader) text(v *value) string {
	r.noted(v).texts = true
	if v != nil && v.kind == number {
		return v.text // 5 as a word: an option, a code
	}
	if !r.isKind(v, text, `"متن"`) {
		return ""
	}
	return strings.TrimSpace(v.text)
}

// need is text that must be there.
func (r *reader) need(of *value, key string) string {
	v := of.get(key)
	s := r.text(v)
	if s == "" && of != nil && (v == nil || v.kind == null || v.kind == text) {
		r.fault(of.place, fmt.Sprintf("%s is missing", key), "give it")
	}
	return s
}

// name is an identifier of the playbook: short, plain, fit for keys and links.
func (r *reader) name(of *value, key string) string {
	s := r.need(of, key)
	if s != "" && !isName(s) {
		r.fault(of.get(key).place, fmt.Sprintf("%q is no name", clip(s)), "a name has 1 to 40 of a-z, 0-9, _ and -, and begins with a letter")
	}
	return s
}

func isName(s string) bool {
	if s == "" || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		if c != '_' && c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// whole reads a whole number between two ends.
func (r *reader) whole(v *value, least, most int) int {
	r.noted(v).whole = true
	r.between(v, float64(least), float64(most))
	if !r.isKind(v, number, "5") {
		return 0
	}
	if v.number != math.Trunc(v.number) || v.number < float64(least) || v.number > float64(most) {
		r.fault(v.place, fmt.Sprintf("%s is not possible here", v.text), fmt.Sprintf("a whole number from %d to %d is", least, most))
		return 0
	}
	return int(v.number)
}

func (r *reader) optional(v *value, least, most int) *int {
	if v == nil || v.kind == null {
		return nil
	}
	n := r.whole(v, least, most)
	return &n
}

func (r *reader) decimal(v *value, least, most float64) float64 {
	r.between(v, least, most)
	if !r.isKind(v, number, "2.5") {
		return 0
	}
	if v.number < least || v.number > most {
		r.fault(v.place, fmt.Sprintf("%s is not possible here", v.text), fmt.Sprintf("%g to %g is", least, most))
		return 0
	}
	return v.number
}

// between notes the ends of a number.
func (r *reader) between(v *value, least, most float64) {
	n := r.noted(v)
	n.add(&note{ranged: true, least: least, most: most})
}

func (r *reader) yes(v *value) bool {
	return r.isKind(v, yesNo, "true") && v.yes
}

// titled reads a wording: {fa: …, en: …}, or one text for Persian.
func (r *reader) titled(v *value) playbook.Text {
	r.noted(v).wording = true
	if v != nil && v.kind == text {
		return playbook.Text{Fa: strings.TrimSpace(v.text)}
	}
	if !r.fields(v, "fa", "en") {
		return playbook.Text{}
	}
	return playbook.Text{Fa: r.text(v.get("fa")), En: r.text(v.get("en"))}
}

func (r *reader) title(v *value) score.Title {
	t := r.titled(v)
	return score.Title{Fa: t.Fa, En: t.En}
}

// list gives the items; a single value stands for a list of one.
func (r *reader) list(v *value) []*value {
	r.noted(v).single = true
	switch {
	case v == nil || v.kind == null:
		return nil
	case v.kind == list:
		return v.items
	}
	return []*value{v}
}

func (r *reader) texts(v *value) []string {
	var out []string
	for _, i := range r.list(v) {
		if s := r.text(i); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// choice reads one word of a few.
func (r *reader) choice(v *value, known ...string) string {
	r.noted(v).words = union(r.noted(v).words, known)
	s := r.text(v)
	if s != "" && !slices.Contains(known, s) {
		r.unknown(v.place, "choice", s, known)
		return ""
	}
	return s
}

// entries reads a list of mappings that each have a name, or a mapping from
// names to mappings; each gets its name and its value.
func (r *reader) entries(section, key string, most int, each func(name string, at place, v *value)) {
	s := r.sections[section]
	if s == nil || s.kind == null {
		return
	}
	r.noted(s).named = true
	seen := map[string]place{}
	count := 0
	one := func(name string, at place, v *value) {
		if count++; count > most {
			if count == most+1 {
				r.fault(at, fmt.Sprintf("more than %d entries in %s", most, section), "remove some")
			}
			return
		}
		if first, twice := seen[name]; twice && name != "" {
			r.fault(at, fmt.Sprintf("%s stands twice in %s", clip(name), section), fmt.Sprintf("the first is in line %d", first.line))
			return
		}
		seen[name] = at
		r.where[section+" "+name] = at
		each(name, at, v)
	}
	switch s.kind {
	case mapping:
		for _, p := range s.pairs {
			if !isName(p.key) {
				r.fault(p.place, fmt.Sprintf("%q is no name", clip(p.key)), "a name has 1 to 40 of a-z, 0-9, _ and -, and begins with a letter")
				continue
			}
			one(p.key, p.place, p.value)
		}
	case list:
		for _, i := range s.items {
			if i.kind != mapping {
				r.fault(i.place, fmt.Sprintf("here stands %s", i.kind), fmt.Sprintf("a mapping with %s is right", key))
				continue
			}
			if n := r.name(i, key); n != "" {
				one(n, i.place, i)
			}
		}
	default:
		r.fault(s.place, fmt.Sprintf("here stands %s", s.kind), "a list or a mapping is right")
	}
}

// use notes that something is named, so that what nobody names can be told.
func (r *reader) use(what, name string) { r.used[what+" "+name] = true }

// days reads a span such as 2d, 36h or 0; in days and hours.
func (r *reader) span(v *value) (days, hours int) {
	s := r.text(v)
	if s == "" || s == "0" {
		return 0, 0
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	switch {
	case err == nil && n >= 0 && s[len(s)-1] == 'd' && n <= 3*366:
		return n, 0
	case err == nil && n >= 0 && s[len(s)-1] == 'h' && n <= 24*92:
		return 0, n
	}
	r.fault(v.place, fmt.Sprintf("%q is no span of time", clip(s)), "write 2d for days, 36h for hours, 0 for at once")
	return 0, 0
}

func keysOf[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
