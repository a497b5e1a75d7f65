package signal

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Set is the signals of a playbook, compiled. It is read only and safe to
// share.
type Set struct {
	defs     []Definition // by number, ascending
	byNumber map[Number]int
	byName   map[string]Number

	onActivity *program
	byType     map[activity.Type][]rule
	other      []rule // for a type that no signal names
	onProfile  *program
	profile    []rule
}

// rule is a signal ready to run: every condition in all must hold. allow
// holds the flags that the signal's own condition asks about.
type rule struct {
	number Number
	allow  activity.Flag
	all    []int32
}

// Compile checks the definitions, alone and against each other, and makes
// them ready. Each distinct condition gets one place, whichever signals use
// it.
func Compile(defs []Definition) (*Set, error) {
	s := &Set{
		defs: slices.Clone(defs), byNumber: map[Number]int{}, byName: map[string]Number{},
		onActivity: newProgram(builtins), onProfile: newProgram(nil), byType: map[activity.Type][]rule{},
	}
	slices.SortFunc(s.defs, func(a, b Definition) int { return cmp.Compare(a.Number, b.Number) })
	hashes := map[string]string{}
	for i := range s.defs {
		d := &s.defs[i]
		if err := d.Check(); err != nil {
			return nil, err
		}
		hash := HashOf(*d)
		switch other, twice := hashes[hash]; {
		case d.Hash != "" && d.Hash != hash:
			return nil, fmt.Errorf("signal %q: its hash %s does not belong to its condition (%s): a changed condition is a new signal with a new number", d.Name, clip(d.Hash), hash)
		case twice:
			return nil, fmt.Errorf("signal %q asks the same as %q: keep one of them", d.Name, other)
		}
		d.Hash, hashes[hash] = hash, d.Name
		if _, twice := s.byNumber[d.Number]; twice {
			return nil, fmt.Errorf("signal %q: number %d is taken", d.Name, d.Number)
		}
		if _, twice := s.byName[d.Name]; twice {
			return nil, fmt.Errorf("signal %q stands twice", d.Name)
		}
		s.byNumber[d.Number], s.byName[d.Name] = i, d.Number
	}
	for i := range s.defs {
		if c := s.defs[i].Count; c != nil {
			if of, ok := s.Definition(c.Of); !ok || of.Kind != OnActivity {
				return nil, fmt.Errorf("signal %q counts signal %d: that must be a signal on activities", s.defs[i].Name, c.Of)
			}
		}
		s.add(&s.defs[i])
	}
	s.index()
	if n := len(s.onActivity.tests) + len(s.onProfile.tests); n > MaxTotal {
		return nil, fmt.Errorf("%d distinct conditions: at most %d in a playbook", n, MaxTotal)
	}
	return s, nil
}

// add compiles one definition. Rules are kept by type, "" for every type,
// until index spreads them.
func (s *Set) add(d *Definition) {
	p := s.onActivity
	switch d.Kind {
	case OnCount:
		return
	case OnProfile:
		p = s.onProfile
	}
	r := rule{number: d.Number}
	if d.Where != nil {
		w := normal(*d.Where)
		if w.Op == All {
			for _, c := range w.Of {
				r.all = append(r.all, p.place(c))
			}
		} else {
			r.all = []int32{p.place(w)}
		}
		r.allow = asks(w)
	}
	if d.Kind == OnProfile {
		s.profile = append(s.profile, r)
		return
	}
	types := slices.Compact(slices.Sorted(slices.Values(d.Types)))
	if len(types) == 0 {
		s.other = append(s.other, r)
	}
	for _, t := range types {
		s.byType[t] = append(s.byType[t], r)
	}
}

// index adds the rules for every type to each type, so that a match looks up
// one list, in order of number.
func (s *Set) index() {
	for t, rules := range s.byType {
		rules = append(rules, s.other...)
		slices.SortFunc(rules, func(a, b rule) int { return cmp.Compare(a.number, b.number) })
		s.byType[t] = rules
	}
}

// asks gives the flags that a condition names.
func asks(c Condition) (f activity.Flag) {
	switch c.Field {
	case FieldMachine:
		f = activity.Machine
	case FieldHeld:
		f = activity.Held
	}
	for _, k := range c.Of {
		f |= asks(k)
	}
	return f
}

// Definition finds a signal by number.
func (s *Set) Definition(n Number) (Definition, bool) {
	i, ok := s.byNumber[n]
	if !ok {
		return Definition{}, false
	}
	return s.defs[i], true
}

// Named finds the number of a signal by name.
func (s *Set) Named(name string) (Number, bool) {
	n, ok := s.byName[name]
	return n, ok
}

// Definitions gives all signals by number. The caller must not change them.
func (s *Set) Definitions() []Definition { return s.defs }

// Fields names the properties of an activity that conditions look at: the log
// must keep them, so that a changed signal can be replayed.
func (s *Set) Fields() []string {
	var names []string
	for _, f := range s.onActivity.fields {
		if f.get == nil {
			names = append(names, f.name)
		}
	}
	slices.Sort(names)
	return names
}

// Attributes names the profile attributes that conditions look at.
func (s *Set) Attributes() []string {
	var names []string
	for _, f := range s.onProfile.fields {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

// program is numbered distinct conditions and the fields they look at.
type program struct {
	builtins map[string]builtin
	tests    []func(*scratch) bool
	places   map[string]int32 // condition, encoded → its place
	fields   []fieldRef
	slots    map[string]int32
	spares   [4]atomic.Pointer[scratch]
}

type fieldRef struct {
	name string
	get  func(*activity.Activity) (activity.Value, bool) // nil: a property
}

func newProgram(b map[string]builtin) *program {
	return &program{builtins: b, places: map[string]int32{}, slots: map[string]int32{}}
}

// place numbers a normalised condition, compiling it the first time.
func (p *program) place(c Condition) int32 {
	key := string(encode(c))
	if id, ok := p.places[key]; ok {
		return id
	}
	test := p.compile(c)
	id := int32(len(p.tests))
	p.tests = append(p.tests, test)
	p.places[key] = id
	return id
}

func (p *program) slot(name string) int32 {
	if i, ok := p.slots[name]; ok {
		return i
	}
	i := int32(len(p.fields))
	p.fields = append(p.fields, fieldRef{name: name, get: p.builtins[name].get})
	p.slots[name] = i
	return i
}
