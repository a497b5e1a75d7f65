package source

import (
	"fmt"

	"github.com/sarnakh/sarnakh/internal/signal"
)

// maxLists bounds the named lists of a playbook.
const maxLists = 100

// readLists reads the named lists of values that conditions may match:
//
//	lists:
//	  big_cities: [Tehran, Mashhad, Isfahan]
//
// A list has no life of its own: a condition that names it holds its values, so
// a changed list makes a new signal, as a changed condition does.
func (r *reader) readLists() {
	r.lists = map[string]*value{}
	r.entries("lists", "name", maxLists, func(name string, at place, v *value) {
		if v.kind == mapping { // {name: …, values: […]}
			if !r.fields(v, "name", "values") {
				return
			}
			v = v.get("values")
		}
		switch n := len(r.list(v)); {
		case n == 0:
			r.fault(at, fmt.Sprintf("list %s is empty", name), "give its values")
			return
		case n > signal.MaxValues:
			r.fault(at, fmt.Sprintf("list %s has %d values", name, n), fmt.Sprintf("at most %d are possible", signal.MaxValues))
			return
		}
		r.lists[name] = v
	})
}

// listed gives the values of the list that is named, nil after a fault.
func (r *reader) listed(v *value) *value {
	name := r.text(v)
	if name == "" {
		return nil
	}
	l := r.lists[name]
	if l == nil {
		r.unknown(v.place, "list", name, keysOf(r.lists))
		return nil
	}
	r.use("lists", name)
	return l
}
