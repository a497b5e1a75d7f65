package signal

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Flaw is something in a condition that does nothing.
type Flaw struct {
	// Field is what is compared, "" for the types of the signal.
	Field   string
	Problem string
	// Dead: the whole condition never holds; else a part of it is never needed.
	Dead bool
	// Unless the field is a list: only then can both comparisons hold.
	List bool
}

// Flaws finds what can never hold, and what something beside it hides. It
// finds what is plain to see (values, ranges and texts of one field), not all
// that could be proved.
func (d *Definition) Flaws() []Flaw {
	if d.Where == nil {
		return nil
	}
	f := flaws{types: d.Types}
	w := normal(*d.Where)
	f.dead(w, true)
	f.hidden(w)
	if d.Kind == OnActivity && len(f.out) == 0 {
		f.unmet(w)
	}
	return f.out
}

type flaws struct {
	types []activity.Type
	out   []Flaw
}

func (f *flaws) say(x Flaw) bool {
	f.out = append(f.out, x)
	return true
}

// dead tells that a condition never holds. whole: it is all that the signal
// asks, so that what is found is told; in a part, the part is.
func (f *flaws) dead(c Condition, whole bool) bool {
	switch c.Op {
	case All:
		for _, k := range c.Of {
			if f.dead(k, whole) {
				return true
			}
		}
		if x, found := conflict(c.Of); found {
			if whole {
				f.say(x)
			}
			return true
		}
	case Any:
		none := true
		for _, k := range c.Of {
			if quiet := (&flaws{types: f.types}); quiet.dead(k, true) {
				for _, x := range quiet.out {
					x.Problem, x.Dead = "one of its alternatives never holds: "+x.Problem, false
					f.out = append(f.out, x)
				}
				continue
			}
			none = false
		}
		return none
	case Eq:
		if c.Field == FieldType && len(f.types) > 0 && !slices.ContainsFunc(c.Values, f.named) {
			if whole {
				f.say(Flaw{Field: FieldType, Problem: fmt.Sprintf("it asks for the type %s, and the signal looks at %s only", values(c), types(f.types)), Dead: true})
			}
			return true
		}
	}
	return false
}

func (f *flaws) named(v Constant) bool { return slices.Contains(f.types, activity.Type(v.Text)) }

// unmet finds types that the signal names and its condition leaves out.
func (f *flaws) unmet(w Condition) {
	all := []Condition{w}
	if w.Op == All {
		all = w.Of
	}
	for _, c := range all {
		if c.Op != Eq || c.Field != FieldType {
			continue
		}
		for _, t := range f.types {
			if !slices.ContainsFunc(c.Values, func(v Constant) bool { return v.Text == string(t) }) {
				f.say(Flaw{Problem: fmt.Sprintf("it names the type %s, and its condition leaves it out", t)})
			}
		}
	}
}

// hidden finds texts that a shorter one beside them makes needless.
func (f *flaws) hidden(c Condition) {
	for _, k := range c.Of {
		f.hidden(k)
	}
	test := map[Op]func(s, part string) bool{Prefix: strings.HasPrefix, Suffix: strings.HasSuffix, Contains: strings.Contains}[c.Op]
	if test == nil {
		return
	}
	for _, v := range c.Values {
		for _, o := range c.Values {
			if o != v && test(v.Text, o.Text) {
				f.say(Flaw{Field: c.Field, Problem: fmt.Sprintf("%s %s %s is never needed: %s beside it holds as well", c.Field, c.Op, v, o)})
				break
			}
		}
	}
}

// conflict finds two conditions that cannot hold together.
func conflict(of []Condition) (Flaw, bool) {
	for i := range of {
		for j := range of {
			a, b := &of[i], &of[j]
			if i == j || a.Field == "" {
				continue
			}
			if b.Op == None && len(b.Of) == 1 && b.Of[0].Field == a.Field {
				n := &b.Of[0]
				if n.Op == Exists || n.Op == Eq && a.Op == Eq && !slices.ContainsFunc(a.Values, func(v Constant) bool { return !slices.Contains(n.Values, v) }) {
					return Flaw{Field: a.Field, Problem: fmt.Sprintf("%s and none of %s exclude each other", words(a), words(n)), Dead: true}, true
				}
			}
			if i < j && a.Field == b.Field && apart(a, b) {
				return Flaw{Field: a.Field, Problem: fmt.Sprintf("%s and %s exclude each other", words(a), words(b)), Dead: true, List: true}, true
			}
		}
	}
	return Flaw{}, false
}

// apart tells that no single value meets both.
func apart(a, b *Condition) bool {
	if a.Op != Eq && b.Op == Eq {
		a, b = b, a
	}
	if low, high, ok := reach(a); ok {
		low2, high2, ok := reach(b)
		return ok && (low > high2 || high < low2 || low == high2 && (open(a) || open(b)) || high == low2 && (open(a) || open(b)))
	}
	if a.Op != Eq {
		return false
	}
	for _, v := range a.Values {
		if !excludes(b, v) {
			return false
		}
	}
	return true
}

// excludes tells that a field with this value does not meet b. A number in a
// text is a number too, so kinds are compared with care.
func excludes(b *Condition, v Constant) bool {
	switch b.Op {
	case Eq:
		return !slices.ContainsFunc(b.Values, func(o Constant) bool { return o == v || o.Kind != v.Kind })
	case Prefix, Suffix, Contains:
		test := map[Op]func(s, part string) bool{Prefix: strings.HasPrefix, Suffix: strings.HasSuffix, Contains: strings.Contains}[b.Op]
		return v.Kind == activity.Text && !slices.ContainsFunc(b.Values, func(o Constant) bool { return test(v.Text, o.Text) })
	}
	if low, high, ok := reach(b); ok && v.Kind == activity.Number {
		return v.Number < low || v.Number > high || open(b) && (v.Number == low || v.Number == high)
	}
	return false
}

// reach is between which numbers a field must lie; open says that the ends are
// not in it.
func reach(c *Condition) (low, high float64, ok bool) {
	switch c.Op {
	case Range:
		return c.Values[0].Number, c.Values[1].Number, true
	case Gt, Gte:
		return c.Values[0].Number, math.Inf(1), true
	case Lt, Lte:
		return math.Inf(-1), c.Values[0].Number, true
	}
	return 0, 0, false
}

func open(c *Condition) bool { return c.Op == Gt || c.Op == Lt }

func words(c *Condition) string {
	if c.Op == Exists {
		return c.Field + " exists"
	}
	return c.Field + " " + string(c.Op) + " " + values(*c)
}

func values(c Condition) string {
	var out []string
	for i, v := range c.Values {
		if i == 5 {
			out = append(out, "…")
			break
		}
		out = append(out, clip(v.String()))
	}
	return strings.Join(out, ", ")
}

func types(ts []activity.Type) string {
	var out []string
	for _, t := range ts[:min(len(ts), 5)] {
		out = append(out, string(t))
	}
	return cmp.Or(strings.Join(out, ", "), "every type")
}
