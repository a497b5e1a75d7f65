package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// cond reads a condition. A mapping holds when all of its entries hold; an
// entry is a field with what it must be, or all, any or none of a list of
// mappings.
//
//	form: ebook                       equals
//	industry: [services, education]   one of these
//	path: {prefix: /blog}             another comparison
//	who.email: {exists: true}
//	any: [{form: demo}, {path: /demo}]
func (r *reader) cond(v *value, kind signal.Kind) *signal.Condition {
	left := signal.MaxConditions
	c := r.condition(v, kind, 1, &left)
	return c
}

func (r *reader) condition(v *value, kind signal.Kind, depth int, left *int) *signal.Condition {
	r.noted(v).condition = true
	if !r.isKind(v, mapping, "form: ebook") {
		if v != nil && v.kind == null {
			r.fault(v.place, "the condition is empty", "name a field and what it must be, such as form: ebook")
		}
		return nil
	}
	if depth > signal.MaxDepth {
		r.fault(v.place, fmt.Sprintf("conditions nest deeper than %d", signal.MaxDepth), "split the signal")
		return nil
	}
	var of []signal.Condition
	for _, p := range v.pairs {
		if *left--; *left < 0 {
			if *left == -1 {
				r.fault(p.place, fmt.Sprintf("more than %d conditions in one signal", signal.MaxConditions), "split the signal")
			}
			return nil
		}
		var c *signal.Condition
		switch p.key {
		case "all", "any", "none":
			c = r.branch(p, kind, depth, left)
		default:
			c = r.leaf(p, kind)
		}
		if c != nil {
			of = append(of, *c)
		}
	}
	switch len(of) {
	case 0:
		return nil
	case 1:
		return &of[0]
	}
	return &signal.Condition{Op: signal.All, Of: of}
}

func (r *reader) branch(p pair, kind signal.Kind, depth int, left *int) *signal.Condition {
	c := &signal.Condition{Op: signal.Op(p.key)}
	if !r.isKind(p.value, list, "a list of conditions") {
		return nil
	}
	for _, i := range p.value.items {
		if child := r.condition(i, kind, depth+1, left); child != nil {
			c.Of = append(c.Of, *child)
		}
	}
	if len(c.Of) == 0 {
		if len(p.value.items) == 0 {
			r.fault(p.place, p.key+" has no conditions", "give a list of them")
		}
		return nil
	}
	return c
}

// ops are the comparisons by the words that a playbook uses for them.
var ops = map[string]signal.Op{
	"is": signal.Eq, "eq": signal.Eq, "not": signal.Ne, "ne": signal.Ne, "in": signal.In,
	"prefix": signal.Prefix, "suffix": signal.Suffix, "contains": signal.Contains,
	"range": signal.Range, "gt": signal.Gt, "gte": signal.Gte, "lt": signal.Lt, "lte": signal.Lte, "exists": signal.Exists,
}

func (r *reader) leaf(p pair, kind signal.Kind) *signal.Condition {
	attribute := r.checkField(p, kind)
	c := signal.Condition{Op: signal.Eq, Field: p.key}
	v := p.value
	if v.kind == mapping {
		if len(v.pairs) != 1 {
			r.fault(v.place, fmt.Sprintf("%d comparisons of one field", len(v.pairs)), "give one; several go under all")
			return nil
		}
		if v.pairs[0].key == "list" {
			if c.Op, v = signal.In, r.listed(v.pairs[0].value); v == nil {
				return nil
			}
		} else if op, ok := ops[v.pairs[0].key]; ok {
			c.Op, v = op, v.pairs[0].value
		} else {
			r.unknown(v.pairs[0].place, "comparison", v.pairs[0].key, append(keysOf(ops), "list"))
			return nil
		}
	}
	if c.Op == signal.Exists {
		if !r.isKind(v, yesNo, "true") {
			r.absentValue(v, p)
			return nil
		}
		if !v.yes {
			return &signal.Condition{Op: signal.None, Of: []signal.Condition{c}}
		}
		return &c
	}
	if v.kind == null || v.kind == list && len(v.items) == 0 {
		r.absentValue(v, p)
		return nil
	}
	if len(r.list(v)) > signal.MaxValues {
		r.fault(v.place, fmt.Sprintf("%d values for one field", len(r.list(v))), fmt.Sprintf("at most %d are possible: make them an attribute", signal.MaxValues))
		return nil
	}
	for _, i := range r.list(v) {
		switch i.kind {
		case text:
			c.Values = append(c.Values, signal.TextOf(strings.TrimSpace(i.text)))
		case number:
			if attribute != nil && attribute.Type == playbook.ChoiceAttribute {
				c.Values = append(c.Values, signal.TextOf(i.text))
			} else {
				c.Values = append(c.Values, signal.NumberOf(i.number))
			}
		case yesNo:
			c.Values = append(c.Values, signal.BoolOf(i.yes))
		default:
			r.fault(i.place, fmt.Sprintf("here stands %s", i.kind), "a value is a text, a number, true or false")
			return nil
		}
		r.checkOption(i, attribute, c.Op)
	}
	if len(c.Values) > 1 && c.Op == signal.Eq {
		c.Op = signal.In
	}
	if kind == signal.OnActivity && p.key == "form" && c.Op != signal.Prefix && c.Op != signal.Contains && c.Op != signal.Suffix {
		r.checkForms(v)
	}
	return &c
}

func (r *reader) absentValue(v *value, p pair) {
	at := p.place
	if v != nil {
		at = v.place
	}
	if v == nil || v.kind == null || v.kind == list {
		r.fault(at, fmt.Sprintf("%s is compared with nothing", p.key), "give a value, or {exists: true}")
	}
}

// checkField looks the field up: an attribute of the profile must be declared,
// properties of activities are the senders' own.
func (r *reader) checkField(p pair, kind signal.Kind) *playbook.Attribute {
	if kind == signal.OnProfile {
		a, ok := r.p.Attribute(p.key)
		if !ok {
			r.unknown(p.place, "attribute", p.key, r.attributeNames())
			return nil
		}
		r.use("attribute", p.key)
		return a
	}
	builtin := []string{signal.FieldType, signal.FieldSource, signal.FieldMachine, signal.FieldHeld,
		signal.FieldEmail, signal.FieldPhone, signal.FieldVisitor, signal.FieldExternal}
	if (strings.HasPrefix(p.key, "who.") || strings.HasPrefix(p.key, "flags.")) && !slices.Contains(builtin, p.key) {
		r.unknown(p.place, "field", p.key, builtin)
	}
	return nil
}

func (r *reader) attributeNames() []string {
	var names []string
	for i := range r.p.Attributes {
		names = append(names, r.p.Attributes[i].Name)
	}
	return names
}

// checkOption refuses a comparison that can never hold: an option that the
// attribute does not have.
func (r *reader) checkOption(v *value, a *playbook.Attribute, op signal.Op) {
	if a == nil || op != signal.Eq && op != signal.In && op != signal.Ne {
		return
	}
	switch a.Type {
	case playbook.ChoiceAttribute, playbook.ListAttribute:
		var options []string
		for _, o := range a.Options {
			options = append(options, o.Value)
		}
		if len(options) > 0 && !slices.Contains(options, strings.TrimSpace(v.text)) {
			r.unknown(v.place, "option of "+a.Name, v.text, options)
		}
	case playbook.NumberAttribute:
		if v.kind != number {
			r.fault(v.place, fmt.Sprintf("%s is a number", a.Name), "compare it with a number")
		}
	case playbook.YesAttribute:
		if v.kind != yesNo {
			r.fault(v.place, fmt.Sprintf("%s is true or false", a.Name), "compare it with true or false")
		}
	}
}

// checkForms looks up forms that conditions name.
func (r *reader) checkForms(v *value) {
	names := r.names("forms", "name")
	if len(names) == 0 {
		return
	}
	for _, i := range r.list(v) {
		if i.kind == text && !slices.Contains(names, strings.TrimSpace(i.text)) {
			r.unknown(i.place, "form", i.text, names)
		}
	}
}

// names lists the names that a section declares, before it is read.
func (r *reader) names(section, key string) []string {
	s := r.sections[section]
	if s == nil {
		return nil
	}
	var out []string
	for _, p := range s.pairs {
		out = append(out, p.key)
	}
	for _, i := range s.items {
		if n := i.get(key); n != nil && n.kind == text {
			out = append(out, strings.TrimSpace(n.text))
		}
	}
	return out
}
