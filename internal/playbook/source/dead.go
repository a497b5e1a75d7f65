package source

import (
	"fmt"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// checkConditions refuses signals that no activity and no lead can ever meet,
// and warns of parts that do nothing. Made signals are the reader's own.
func (r *reader) checkConditions() {
	for _, k := range r.order {
		if k.made {
			continue
		}
		at := k.at0("where")
		if k.def.Kind == signal.OnProfile {
			at = k.at0("profile")
		}
		for _, f := range k.def.Flaws() {
			switch {
			case f.List && k.def.Kind == signal.OnActivity && !single(f.Field):
				// What senders put into a property may be a list.
				r.warn(at, fmt.Sprintf("signal %s holds only where %s is a list: %s", k.def.Name, f.Field, f.Problem), "put alternatives under any, or in one list of values")
			case f.List && r.isList(f.Field) && k.def.Kind == signal.OnProfile:
			case f.Dead:
				r.fault(at, fmt.Sprintf("signal %s never holds: %s", k.def.Name, f.Problem), "put alternatives under any, or in one list of values")
			default:
				r.warn(at, fmt.Sprintf("signal %s: %s", k.def.Name, f.Problem), "remove it, or mend it")
			}
		}
		if c := k.def.Count; c != nil && !c.Absent && !c.DistinctDays && c.AtLeast == 1 {
			r.warn(k.at, fmt.Sprintf("signal %s counts to 1: it is seen whenever what it counts is", k.def.Name), "ask for at_least 2, or use the counted signal itself")
		}
	}
	for _, name := range keysOf(r.lists) {
		if !r.used["lists "+name] {
			r.warn(r.where["lists "+name], fmt.Sprintf("no condition names list %s", name), "name it, or remove it")
		}
	}
	r.checkSpreads()
	r.checkCost()
}

// checkCost refuses conditions that together would take too long on the largest
// activity or profile: a playbook that was accepted runs fast for ever.
func (r *reader) checkCost() {
	var defs []signal.Definition
	for _, k := range r.order {
		defs = append(defs, k.def)
	}
	if of, cost := signal.Heaviest(defs); cost > signal.MaxCost {
		r.fault(r.section("signals"), fmt.Sprintf("the conditions on %s would take %.1f ms where texts are long, and at most %d are possible", of, float64(cost)/1e6, signal.MaxCost/1_000_000),
			"ask with fewer contains, prefix and suffix, or with in and a list")
	}
}

// single are the fields of an activity that hold one value, whoever sends them.
func single(field string) bool {
	switch field {
	case signal.FieldType, signal.FieldSource, signal.FieldMachine, signal.FieldHeld, "form", "path":
		return true
	}
	return false
}

func (r *reader) isList(attribute string) bool {
	a, ok := r.p.Attribute(attribute)
	return ok && a.Type == playbook.ListAttribute
}

// checkSpreads warns of ranges of one attribute that overlap in the fit of one
// persona: a lead in both gets the points of both.
func (r *reader) checkSpreads() {
	for _, p := range r.p.Score.Personas {
		for i, f := range p.Fit {
			a := r.definition(f.Signal)
			for _, g := range p.Fit[:i] {
				b := r.definition(g.Signal)
				if a == nil || b == nil || a.Where == nil || b.Where == nil || a.Where.Field != b.Where.Field || a.Where.Field == "" || r.isList(a.Where.Field) {
					continue
				}
				both := signal.Definition{Kind: signal.OnProfile, Where: &signal.Condition{Op: signal.All, Of: []signal.Condition{*a.Where, *b.Where}}}
				if attribute, ok := r.p.Attribute(a.Where.Field); ok && attribute.Type == playbook.NumberAttribute && len(both.Flaws()) == 0 {
					r.warn(r.where["personas "+p.Name], fmt.Sprintf("persona %s gives the points of %s and of %s to the same lead", p.Name, b.Name, a.Name), "let ranges end before the next begins")
				}
			}
		}
	}
}
