package signal

import (
	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// Match appends to out the numbers of the activity signals that the activity
// meets, ascending. It does not allocate beyond out. An activity that is
// flagged machine or held meets no signal, but for those whose condition names
// that flag.
func (s *Set) Match(a *activity.Activity, out []Number) []Number {
	rules, ok := s.byType[a.Type]
	if !ok {
		rules = s.other
	}
	if len(rules) == 0 {
		return out
	}
	c := s.onActivity.take()
	c.activity, c.properties = a, a.Properties
	shut := a.Flags & (activity.Machine | activity.Held)
next:
	for i := range rules {
		r := &rules[i]
		if shut&^r.allow != 0 {
			continue
		}
		for _, id := range r.all {
			if !c.holds(id) {
				continue next
			}
		}
		out = append(out, r.number)
	}
	c.release()
	return out
}

// Profile gives the profile signals that hold for a lead.
func (s *Set) Profile(p *lead.Profile) Bits {
	if len(s.profile) == 0 {
		return nil
	}
	var b Bits
	c := s.onProfile.take()
	c.profile = p
next:
	for i := range s.profile {
		for _, id := range s.profile[i].all {
			if !c.holds(id) {
				continue next
			}
		}
		b = b.With(s.profile[i].number)
	}
	c.release()
	return b
}

// scratch is what one evaluation remembers. It is reused: a memo or a field
// counts only if it carries the epoch of this evaluation.
type scratch struct {
	program    *program
	activity   *activity.Activity
	properties []activity.Property
	profile    *lead.Profile

	epoch  uint32
	memo   []uint32 // epoch<<1, and 1 if the condition holds
	fields []resolved
	buf    []byte // folded text of this evaluation
	spans  []span // of buf
}

// resolved is one field of the activity or profile, looked up and folded.
type resolved struct {
	epoch    uint32
	exists   bool
	isNumber bool
	isBool   bool
	yes      bool
	number   float64
	from, to int32 // spans: one for a text, one for each element of a list
}

type span struct{ from, to int32 }

// take gives a scratch that nobody uses. A few are kept, which is enough for
// the workers of a process; sync.Pool would forget them at each collection.
func (p *program) take() *scratch {
	var s *scratch
	for i := range p.spares {
		if s = p.spares[i].Swap(nil); s != nil {
			break
		}
	}
	if s == nil {
		s = &scratch{program: p, memo: make([]uint32, len(p.tests)), fields: make([]resolved, len(p.fields))}
	}
	if s.epoch++; s.epoch >= 1<<31 {
		clear(s.memo)
		clear(s.fields)
		s.epoch = 1
	}
	s.buf, s.spans = s.buf[:0], s.spans[:0]
	return s
}

func (s *scratch) release() {
	s.activity, s.properties, s.profile = nil, nil, nil
	for i := range s.program.spares {
		if s.program.spares[i].CompareAndSwap(nil, s) {
			return
		}
	}
}

// holds answers a condition, from memory when it was asked before.
func (s *scratch) holds(id int32) bool {
	if m := s.memo[id]; m>>1 == s.epoch {
		return m&1 == 1
	}
	m := s.epoch << 1
	if s.program.tests[id](s) {
		m |= 1
	}
	s.memo[id] = m
	return m&1 == 1
}

// field looks a field up and folds it, once an evaluation.
func (s *scratch) field(slot int32) *resolved {
	f := &s.fields[slot]
	if f.epoch != s.epoch {
		s.resolve(f, &s.program.fields[slot])
	}
	return f
}

func (s *scratch) resolve(f *resolved, ref *fieldRef) {
	*f = resolved{epoch: s.epoch, from: int32(len(s.spans)), to: int32(len(s.spans))}
	v, ok := s.look(ref)
	if !ok {
		return
	}
	f.exists = true
	switch v.Kind {
	case activity.Number:
		f.isNumber, f.number = true, v.Number
	case activity.Bool:
		f.isBool, f.yes = true, v.Bool
	case activity.List:
		f.exists = len(v.List) > 0
		for from, i := len(s.buf), 0; i < len(v.List) && len(s.buf)-from < maxListed; i++ {
			s.fold(v.List[i])
		}
	default:
		text := s.fold(v.Text)
		f.exists = len(text) > 0
		f.number, f.isNumber = parse(text)
		f.yes = string(text) == "true"
		f.isBool = f.yes || string(text) == "false"
	}
	f.to = int32(len(s.spans))
}

// maxListed bounds how much text of a list is compared: what lies beyond is more
// than any text has, and would make rules slow that a list of words does not.
const maxListed = 2 << 10

func (s *scratch) look(ref *fieldRef) (activity.Value, bool) {
	switch {
	case ref.get != nil:
		return ref.get(s.activity)
	case s.profile != nil:
		return s.profile.Value(ref.name)
	}
	for i := range s.properties {
		if s.properties[i].Name == ref.name {
			return s.properties[i].Value, true
		}
	}
	return activity.Value{}, false
}

// fold appends the folded text to the buffer. The result is good until the
// next fold.
func (s *scratch) fold(text string) []byte {
	from := len(s.buf)
	if plain(text) {
		s.buf = append(s.buf, text...)
	} else {
		s.buf = persian.AppendFold(s.buf, text)
	}
	s.spans = append(s.spans, span{int32(from), int32(len(s.buf))})
	return s.buf[from:]
}

// plain tells at a glance that a text is its own folded form: paths, names of
// forms and most of what machines send.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// parse reads a plain decimal number. Forms send numbers as text; strconv
// would allocate its error for every word that is none.
func parse(b []byte) (float64, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n, digits int64
	scale, dot := 1.0, false
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0')
			digits++
			if dot {
				scale *= 10
			}
		case c == '.' && !dot:
			dot = true
		default:
			return 0, false
		}
	}
	if digits == 0 {
		return 0, false
	}
	f := float64(n) / scale
	if neg {
		f = -f
	}
	return f, true
}

// builtin is a field that every activity has. only is the one comparison that
// it may be asked with, "" for all.
type builtin struct {
	get  func(*activity.Activity) (activity.Value, bool)
	only Op
}

// builtins is a constant table.
var builtins = map[string]builtin{
	FieldType:     {get: func(a *activity.Activity) (activity.Value, bool) { return text(string(a.Type)) }},
	FieldSource:   {get: func(a *activity.Activity) (activity.Value, bool) { return text(a.Source) }},
	FieldMachine:  {get: func(a *activity.Activity) (activity.Value, bool) { return flag(a, activity.Machine) }},
	FieldHeld:     {get: func(a *activity.Activity) (activity.Value, bool) { return flag(a, activity.Held) }},
	FieldEmail:    {get: func(a *activity.Activity) (activity.Value, bool) { return text(a.Who.Email) }, only: Exists},
	FieldPhone:    {get: func(a *activity.Activity) (activity.Value, bool) { return text(a.Who.Phone) }, only: Exists},
	FieldVisitor:  {get: func(a *activity.Activity) (activity.Value, bool) { return text(a.Who.Visitor) }, only: Exists},
	FieldExternal: {get: func(a *activity.Activity) (activity.Value, bool) { return text(a.Who.External) }, only: Exists},
}

func text(s string) (activity.Value, bool) {
	return activity.Value{Kind: activity.Text, Text: s}, s != ""
}

func flag(a *activity.Activity, f activity.Flag) (activity.Value, bool) {
	return activity.Value{Kind: activity.Bool, Bool: a.Flags&f != 0}, true
}
