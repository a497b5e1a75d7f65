package source

import (
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// number gives every signal its number: the one its condition had in the
// previous playbook, or had ever; else the next that was never used. So
// renaming keeps a signal's history, and a changed condition begins anew.
func (r *reader) number() {
	had := map[string]signal.Number{} // condition → number
	names := map[signal.Number]string{}
	last := signal.Number(0)
	if p := r.previous; p != nil {
		for _, old := range p.Retired.Signals {
			had[old.Hash], names[old.Number] = old.Number, old.Name
			last = max(last, old.Number)
		}
		for _, d := range p.Signals {
			had[hash(d)], names[d.Number] = d.Number, d.Name
			last = max(last, d.Number)
		}
	}
	taken := map[signal.Number]string{}
	give := func(k *rule) {
		h := signal.HashOf(k.def)
		n, known := had[h]
		if !known {
			last++
			n = last
		}
		if other := taken[n]; other != "" {
			r.fault(k.at, fmt.Sprintf("signal %s asks the same as %s", k.def.Name, other), "keep one of them")
			delete(r.signals, k.def.Name)
			k.def.Number = 0
			return
		}
		k.def.Number, k.def.Hash, had[h] = n, h, n
		taken[n] = k.def.Name
	}
	for _, k := range r.order {
		if k.def.Count == nil {
			give(k)
		}
	}
	for _, k := range r.order {
		if k.def.Count != nil && r.counted(k) {
			give(k)
		}
	}
	if last > signal.MaxNumber {
		r.fault(place{"signals.yaml", 1, 1}, fmt.Sprintf("%d signals were ever numbered", last), fmt.Sprintf("at most %d are possible", signal.MaxNumber))
		return
	}
	r.keep(taken, had, names)
}

func hash(d signal.Definition) string {
	if d.Hash != "" {
		return d.Hash
	}
	return signal.HashOf(d)
}

// counted looks up what a count signal counts.
func (r *reader) counted(k *rule) bool {
	name := r.text(k.of)
	of := r.signals[name]
	switch {
	case name == "":
	case of == nil:
		r.unknown(k.of.place, "signal", name, keysOf(r.signals))
	case of.def.Kind != signal.OnActivity:
		r.fault(k.of.place, fmt.Sprintf("%s cannot be counted", name), "count a signal that has on")
	case of.def.Number != 0:
		r.use("signal", name)
		k.def.Count.Of = of.def.Number
		return true
	}
	delete(r.signals, k.def.Name)
	return false
}

// keep writes the definitions, and what numbers meant that are not used now.
func (r *reader) keep(taken map[signal.Number]string, had map[string]signal.Number, names map[signal.Number]string) {
	p := r.p
	p.Titles = map[signal.Number]playbook.Text{}
	for _, k := range r.order {
		if k.def.Number == 0 {
			continue
		}
		p.Signals = append(p.Signals, k.def)
		if k.title != (playbook.Text{}) {
			p.Titles[k.def.Number] = k.title
		}
	}
	slices.SortFunc(p.Signals, func(a, b signal.Definition) int { return int(a.Number) - int(b.Number) })
	for _, h := range keysOf(had) {
		if n := had[h]; taken[n] == "" {
			p.Retired.Signals = append(p.Retired.Signals, playbook.RetiredSignal{Number: n, Name: names[n], Hash: h})
		}
	}
	slices.SortFunc(p.Retired.Signals, func(a, b playbook.RetiredSignal) int { return int(a.Number) - int(b.Number) })
}

// numberStages gives stages and audiences the numbers they had, by name.
func (r *reader) numberStages() {
	var stages, audiences []*uint8
	var stageNames, audienceNames []string
	for i := range r.p.Score.Stages {
		s := &r.p.Score.Stages[i]
		stages, stageNames = append(stages, &s.Number), append(stageNames, s.Name)
	}
	for i := range r.p.Score.Audiences {
		a := &r.p.Score.Audiences[i]
		audiences, audienceNames = append(audiences, &a.Number), append(audienceNames, a.Name)
	}
	oldStages, oldAudiences := map[string]uint8{}, map[string]uint8{}
	if p := r.previous; p != nil {
		for n, k := range p.Retired.Stages {
			oldStages[n] = k
		}
		for n, k := range p.Retired.Audiences {
			oldAudiences[n] = k
		}
		for i, s := range p.Score.Stages {
			oldStages[s.Name] = orPlace(s.Number, i)
		}
		for i, a := range p.Score.Audiences {
			oldAudiences[a.Name] = orPlace(a.Number, i)
		}
	}
	r.p.Retired.Stages = r.assign("stages", stages, stageNames, oldStages)
	r.p.Retired.Audiences = r.assign("audiences", audiences, audienceNames, oldAudiences)
}

func orPlace(n uint8, i int) uint8 {
	if n == 0 {
		return uint8(i + 1)
	}
	return n
}

// assign fills in the numbers and gives back the ones no longer used.
func (r *reader) assign(what string, numbers []*uint8, names []string, old map[string]uint8) map[string]uint8 {
	last := 0
	for _, n := range old {
		last = max(last, int(n))
	}
	retired := map[string]uint8{}
	for n, k := range old {
		if !slices.Contains(names, n) {
			retired[n] = k
		}
	}
	for i, name := range names {
		if n, ok := old[name]; ok {
			*numbers[i] = n
			continue
		}
		if last++; last > 255 {
			r.fault(place{"playbook.yaml", 1, 1}, fmt.Sprintf("more than 255 %s were ever numbered", what), "use an old name again")
			return retired
		}
		*numbers[i] = uint8(last)
	}
	if len(retired) == 0 {
		return nil
	}
	return retired
}

// keepFields lists the properties that the log must keep: those of before in
// their order, then new ones.
func (r *reader) keepFields(set *signal.Set) {
	if r.previous != nil {
		r.p.Fields = slices.Clone(r.previous.Fields)
	}
	fields := slices.Concat(set.Fields(), decision.Fields())
	for _, a := range set.Attributes() { // past values of the profile: a card of a past day needs them
		fields = append(fields, "profile."+a)
	}
	for _, f := range fields {
		if !slices.Contains(r.p.Fields, f) {
			r.p.Fields = append(r.p.Fields, f)
		}
	}
}
