package signal

import (
	"maps"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// What a condition takes on the largest field that there is, in nanoseconds on
// a slow machine: fifty texts in a list, or two KiB of text that nearly match.
const (
	costOrder   = 50
	costText    = 100  // one text that must be equal
	costSet     = 1000 // texts that are looked up
	costEnd     = 5000 // a prefix or suffix
	costInside  = 9000 // a text inside
	costField   = 9000 // reading and folding one field
	costProfile = "the profile"
)

// MaxCost bounds what the conditions on one type of activity, or on the
// profile, take together, in nanoseconds: half of ten milliseconds.
const MaxCost = 5_000_000

// Heaviest gives the type of activity whose conditions take longest ("the
// profile" for those on attributes), and how long on the largest activity that
// can be sent, in nanoseconds. Each distinct condition counts once, as it is
// evaluated.
func Heaviest(defs []Definition) (of string, cost int) {
	leaves := map[string]map[string]Condition{} // by type: encoded → leaf
	var all []Condition                         // of signals on every type
	add := func(t string, cs []Condition) {
		if leaves[t] == nil {
			leaves[t] = map[string]Condition{}
		}
		for _, c := range cs {
			leaves[t][string(encode(c))] = c
		}
	}
	for i := range defs {
		d := &defs[i]
		if d.Where == nil {
			continue
		}
		var cs []Condition
		leavesOf(normal(*d.Where), &cs)
		switch {
		case d.Kind == OnProfile:
			add(costProfile, cs)
		case len(d.Types) == 0:
			all = append(all, cs...)
		default:
			for _, t := range slices.Compact(slices.Sorted(slices.Values(d.Types))) {
				add(string(t), cs)
			}
		}
	}
	if len(all) > 0 {
		for t := range leaves {
			if t != costProfile {
				add(t, all)
			}
		}
		add("any type", all)
	}
	for _, t := range slices.Sorted(maps.Keys(leaves)) {
		if n := costOf(leaves[t]); n > cost {
			of, cost = t, n
		}
	}
	return of, cost
}

func leavesOf(c Condition, out *[]Condition) {
	if len(c.Of) == 0 {
		*out = append(*out, c)
	}
	for _, k := range c.Of {
		leavesOf(k, out)
	}
}

func costOf(leaves map[string]Condition) (sum int) {
	fields := map[string]bool{}
	for _, c := range leaves {
		fields[c.Field] = true
		texts := 0
		for _, v := range c.Values {
			if v.Kind == activity.Text {
				texts++
			}
		}
		switch c.Op {
		case Prefix, Suffix:
			sum += costEnd * texts
		case Contains:
			sum += costInside * texts
		case Eq:
			sum += costOrder * (len(c.Values) - texts)
			if texts > fewTexts {
				sum += costSet
			} else {
				sum += costText * texts
			}
		default:
			sum += costOrder
		}
	}
	return sum + costField*len(fields)
}
