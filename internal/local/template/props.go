package template

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// builder makes a Stack and collects what is wrong and what means nothing.
type builder struct {
	*resolver
	stack  *Stack
	faults []error
	unused map[string]*Unused
	order  []string
}

func (b *builder) fault(line int, format string, args ...any) {
	b.faults = append(b.faults, faultf(line, format, args...))
}

func (b *builder) skip(what, why string, line int) {
	u := b.unused[what]
	if u == nil {
		u = &Unused{What: what, Why: why}
		b.unused[what] = u
		b.order = append(b.order, what)
	}
	if !slices.Contains(u.Lines, line) { // Globals have one line for all
		u.Lines = append(u.Lines, line)
	}
}

// props reads the properties of one map, and knows which ones were asked for:
// done reports the others, so that no property is passed over in silence.
type props struct {
	b     *builder
	what  string // "ActivitiesQueue", for faults
	kind  string // "AWS::SQS::Queue", for the list of what means nothing
	line  int
	v     *value
	asked []string
}

func (b *builder) props(what, kind string, line int, v *value) *props {
	p := &props{b: b, what: what, kind: kind, line: line, v: v}
	if v != nil && isIntrinsic(v) {
		w, err := b.resolve(v)
		if err != nil {
			b.faults = append(b.faults, err)
			w = &value{line: line, kind: mapping}
		}
		p.v = w
	}
	if p.v != nil && p.v.kind != mapping && p.v != nothing && p.v.kind != null {
		b.fault(p.v.line, "%s: this should be a map, and is %s", what, p.v.kind)
		p.v = nil
	}
	return p
}

func (p *props) get(name string) *value {
	p.asked = append(p.asked, name)
	v := p.v.field(name)
	if v == nil {
		return nil
	}
	w, err := p.b.resolve(v)
	if err != nil {
		p.b.faults = append(p.b.faults, err)
		return nil
	}
	if w == nothing || w.kind == null {
		return nil
	}
	return w
}

func (p *props) lineOf(name string) int {
	if v := p.v.field(name); v != nil {
		return v.line
	}
	return p.line
}

func (p *props) text(name, otherwise string) string {
	v := p.get(name)
	if v == nil {
		return otherwise
	}
	if v.kind == list || v.kind == mapping {
		p.b.fault(v.line, "%s %s should be text, and is %s", p.what, name, v.kind)
		return otherwise
	}
	return v.text
}

func (p *props) need(name string) string {
	s := p.text(name, "")
	if s == "" {
		p.b.fault(p.line, "%s needs %s", p.what, name)
	}
	return s
}

func (p *props) number(name string, otherwise, least, most int) int {
	v := p.get(name)
	if v == nil {
		return otherwise
	}
	n, err := strconv.Atoi(v.text)
	if err != nil || n < least || n > most {
		p.b.fault(v.line, "%s %s should be a number from %d to %d, and is %q", p.what, name, least, most, v.text)
		return otherwise
	}
	return n
}

func (p *props) seconds(name string, otherwise, least, most int) time.Duration {
	return time.Duration(p.number(name, otherwise, least, most)) * time.Second
}

func (p *props) yes(name string, otherwise bool) bool {
	v := p.get(name)
	if v == nil {
		return otherwise
	}
	yes, err := strconv.ParseBool(v.text)
	if err != nil {
		p.b.fault(v.line, "%s %s should be true or false, and is %q", p.what, name, v.text)
	}
	return yes
}

func (p *props) texts(name string) []string {
	v := p.get(name)
	if v == nil {
		return nil
	}
	if v.kind != list {
		return []string{v.text}
	}
	var out []string
	for _, item := range v.list {
		out = append(out, item.text)
	}
	return out
}

// oneOf is text with the values it may have; the first is the default.
func (p *props) oneOf(name string, values ...string) string {
	s := p.text(name, values[0])
	if !slices.Contains(values, s) {
		p.b.fault(p.lineOf(name), "%s %s may be %q here, and is %q", p.what, name, values, s)
		return values[0]
	}
	return s
}

// sub reads a map below this one; nil when it is not there.
func (p *props) sub(name string) *props {
	p.asked = append(p.asked, name)
	v := p.v.field(name)
	if v == nil || v.kind == null {
		return nil
	}
	if isIntrinsic(v) {
		if w, err := p.b.resolve(v); err == nil && w == nothing {
			return nil
		}
	}
	return p.b.props(p.what+" "+name, p.kind+" "+name, v.line, v)
}

// unused names properties that mean nothing here.
func (p *props) unused(why string, names ...string) {
	for _, name := range names {
		p.asked = append(p.asked, name)
		if v := p.v.field(name); v != nil {
			p.b.skip(p.kind+" "+name, why, p.keyLine(name))
		}
	}
}

// refuse names properties that would change what happens here and are not built.
func (p *props) refuse(why string, names ...string) {
	for _, name := range names {
		p.asked = append(p.asked, name)
		if p.v.field(name) != nil {
			p.b.fault(p.keyLine(name), "%s %s: %s", p.what, name, why)
		}
	}
}

func (p *props) keyLine(name string) int {
	for _, f := range p.v.fields {
		if f.name == name {
			return f.line
		}
	}
	return p.line
}

func (p *props) done() {
	if p == nil || p.v == nil {
		return
	}
	for _, f := range p.v.fields {
		if !slices.Contains(p.asked, f.name) {
			p.b.fault(f.line, "%s: the local run does not know the property %s of %s", p.what, f.name, p.kind)
		}
	}
}

// Resolve gives the stack under these names.
func (t *Template) Resolve(names Names) (*Stack, error) {
	b := &builder{resolver: &resolver{t: t, names: names}, stack: &Stack{}, unused: map[string]*Unused{}}
	var functions []*resource
	for _, res := range t.resources {
		if res.condition != "" {
			ok, err := b.condition(res.condition, res.line)
			if err != nil {
				b.faults = append(b.faults, err)
			}
			if !ok {
				continue
			}
		}
		if res.kind == "AWS::Serverless::Function" {
			functions = append(functions, res) // their routes need the APIs
			continue
		}
		b.resource(res)
	}
	for _, res := range functions {
		b.function(res)
	}
	for _, name := range b.order {
		b.stack.Unused = append(b.stack.Unused, *b.unused[name])
	}
	slices.SortStableFunc(b.faults, func(x, y error) int {
		var a, c *LineError
		if errors.As(x, &a) && errors.As(y, &c) {
			return a.Line - c.Line
		}
		return 0
	})
	if err := errors.Join(b.faults...); err != nil {
		return nil, err
	}
	return b.stack, nil
}
