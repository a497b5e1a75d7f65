package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func (r *reader) readGroups() {
	r.entries("groups", "name", 50, func(name string, at place, v *value) {
		if !r.fields(v, "name", "title", "limits", "interest") {
			return
		}
		g := score.Group{Name: name, Title: r.title(v.get("title")), Interest: r.yes(v.get("interest"))}
		switch l := v.get("limits"); {
		case l != nil && g.Interest:
			r.fault(l.place, "an interest limits nothing", "leave limits out")
		case l != nil:
			g.Limits = r.limits(l)
		case !g.Interest:
			r.fault(at, fmt.Sprintf("group %s has no limits", name), "give them, such as limits: [-10, 20]")
		}
		r.p.Score.Groups = append(r.p.Score.Groups, g)
	})
}

// limits reads [least, most] around 0.
func (r *reader) limits(v *value) score.Limits {
	if !r.isKind(v, list, "[-30, 80]") {
		return score.Limits{}
	}
	if len(v.items) != 2 {
		r.fault(v.place, "limits are two numbers", "such as [-30, 80]")
		return score.Limits{}
	}
	return score.Limits{Min: r.whole(v.items[0], -score.MaxPoints, 0), Max: r.whole(v.items[1], 0, score.MaxPoints)}
}

// fitEntry is what an option of an attribute is worth to a persona; the signal
// is made from it.
type fitEntry struct {
	persona int
	signal  string
	points  int
}

// readPersonas reads the fit tables, making one profile signal for each value
// that is worth something to somebody.
func (r *reader) readPersonas() (rows []fitEntry) {
	r.entries("personas", "name", 32, func(name string, at place, v *value) {
		if !r.fields(v, "name", "title", "fit", "points") {
			return
		}
		i := len(r.p.Score.Personas)
		r.p.Score.Personas = append(r.p.Score.Personas, score.Persona{Name: name, Title: r.title(v.get("title"))})
		if f := v.get("fit"); r.isKind(f, mapping, "role: {owner: 8}") {
			for _, p := range f.pairs {
				a, ok := r.p.Attribute(p.key)
				if !ok {
					r.unknown(p.place, "attribute", p.key, r.attributeNames())
					continue
				}
				r.use("attribute", a.Name)
				if !r.isKind(p.value, mapping, "{owner: 8, employee: 0}") {
					continue
				}
				for _, o := range p.value.pairs {
					n := r.whole(o.value, -score.MaxPoints, score.MaxPoints)
					if s := r.fitSignal(a, o); s != "" && n != 0 {
						rows = append(rows, fitEntry{i, s, n})
					}
				}
			}
		}
		if s := v.get("points"); r.isKind(s, mapping, "outside: -15") {
			for _, p := range s.pairs {
				k := r.signals[p.key]
				switch {
				case k == nil:
					r.unknown(p.place, "signal", p.key, keysOf(r.signals))
				case k.def.Kind != signal.OnProfile:
					r.fault(p.place, fmt.Sprintf("signal %s is no condition on the profile", p.key), "the fit rests on the profile; what people do gives points in signals")
				default:
					r.use("signal", p.key)
					rows = append(rows, fitEntry{i, p.key, r.whole(p.value, -score.MaxPoints, score.MaxPoints)})
				}
			}
		}
	})
	return rows
}

// fitSignal gives the name of the profile signal "attribute is option", making
// it the first time.
func (r *reader) fitSignal(a *playbook.Attribute, o pair) string {
	name := a.Name + "=" + o.key
	if r.signals[name] != nil {
		return name
	}
	c := signal.Condition{Op: signal.Eq, Field: a.Name, Values: signal.Texts(o.key)}
	title := playbook.Text{Fa: a.Title.Fa + ": " + a.ValueTitle(o.key, "fa"), En: a.Title.En + ": " + a.ValueTitle(o.key, "en")}
	switch a.Type {
	case playbook.ChoiceAttribute, playbook.ListAttribute:
		if !slices.ContainsFunc(a.Options, func(p playbook.Option) bool { return p.Value == o.key }) {
			var values []string
			for _, p := range a.Options {
				values = append(values, p.Value)
			}
			r.unknown(o.place, "option of "+a.Name, o.key, values)
			return ""
		}
	case playbook.YesAttribute:
		if o.key != "true" && o.key != "false" {
			r.fault(o.place, a.Name+" is true or false", "write true: 5")
			return ""
		}
		c.Values = []signal.Constant{signal.BoolOf(o.key == "true")}
	case playbook.NumberAttribute:
		low, high, ok := spread(o.key)
		if !ok {
			r.fault(o.place, fmt.Sprintf("%q is no range of numbers", clip(o.key)), "20-50, or 51+ without an end")
			return ""
		}
		c = signal.Condition{Op: signal.Gte, Field: a.Name, Values: []signal.Constant{signal.NumberOf(low)}}
		if high != nil {
			c.Op, c.Values = signal.Range, append(c.Values, signal.NumberOf(*high))
		}
	case playbook.DateAttribute, playbook.TimeAttribute:
		r.fault(o.place, a.Name+" is a "+string(a.Type), "a date gives no fit")
		return ""
	}
	k := &rule{at: o.place, title: title, made: true, def: signal.Definition{Name: name, Kind: signal.OnProfile, Where: &c}}
	// A signal that was declared with the same condition is the one that counts.
	if declared := r.hashes[signal.HashOf(k.def)]; declared != "" {
		r.use("signal", declared)
		return declared
	}
	r.add(k)
	if r.signals[name] == nil {
		return ""
	}
	return name
}

// spread reads 20-50 or 51+.
func spread(s string) (low float64, high *float64, ok bool) {
	if from, ok := strings.CutSuffix(s, "+"); ok {
		n, err := strconv.ParseFloat(from, 64)
		return n, nil, err == nil && n >= 0
	}
	a, b, ok := strings.Cut(s, "-")
	n, err1 := strconv.ParseFloat(a, 64)
	m, err2 := strconv.ParseFloat(b, 64)
	return n, &m, ok && err1 == nil && err2 == nil && n <= m
}

// fillFit writes the fit rows once signals have numbers.
func (r *reader) fillFit(rows []fitEntry) {
	for _, f := range rows {
		if r.signals[f.signal] == nil {
			continue // a fault of its own
		}
		p := &r.p.Score.Personas[f.persona]
		p.Fit = append(p.Fit, score.Fit{Signal: r.signals[f.signal].def.Number, Points: f.points})
	}
}

func (r *reader) readScore() {
	v := r.sections["score"]
	if v == nil {
		r.fault(place{"playbook.yaml", 1, 1}, "no file has the section score", "say limits, bands, grades and the hand-over in it")
		return
	}
	if !r.fields(v, "engagement", "fit", "bands", "grades", "handover", "fast_lane") {
		return
	}
	c := &r.p.Score
	c.Engagement, c.Fit = r.limits(v.get("engagement")), r.limits(v.get("fit"))
	for i, b := range r.list(v.get("bands")) {
		if !r.fields(b, "name", "title", "from") {
			continue
		}
		band := score.Band{Name: r.name(b, "name"), Title: r.title(b.get("title")), From: r.whole(b.get("from"), -2*score.MaxPoints, 2*score.MaxPoints)}
		if i > 0 && len(c.Bands) > 0 && b.get("from") != nil && band.From <= c.Bands[len(c.Bands)-1].From && len(c.Bands) > 1 {
			r.fault(b.get("from").place, fmt.Sprintf("band %s begins at %d, not above the one before it", band.Name, band.From), "list the bands upwards")
		}
		if i == 0 && b.get("from") == nil {
			band.From = c.Engagement.Min + c.Fit.Min
		}
		r.where["band "+band.Name] = b.place
		c.Bands = append(c.Bands, band)
	}
	if len(c.Bands) == 0 {
		r.fault(v.place, "bands are missing", "name at least one: [{name: cold}, {name: warm, from: 20}, {name: hot, from: 50}]")
	}
	if g := v.get("grades"); r.fields(g, "fit", "engagement") {
		c.Grades.Fit = r.grades(g.get("fit"), "A", "B", "C")
		c.Grades.Engagement = r.grades(g.get("engagement"), "1", "2", "3")
	}
	if h := v.get("handover"); r.fields(h, "total", "fit", "engagement", "lower", "days") {
		most := 2 * score.MaxPoints
		c.Handover = score.Handover{Total: r.whole(h.get("total"), -most, most), Fit: r.whole(h.get("fit"), -most, most),
			Engagement: r.whole(h.get("engagement"), -most, most), Lower: r.whole(h.get("lower"), -most, most), Days: r.whole(h.get("days"), 0, 366)}
		r.where["handover"] = h.place
	}
	c.FastLane = r.signalList(v.get("fast_lane"))
}

func (r *reader) grades(v *value, keys ...string) (out [3]int) {
	if !r.fields(v, keys...) {
		return out
	}
	for i, k := range keys {
		out[i] = r.whole(v.get(k), -score.MaxPoints, score.MaxPoints)
		if i > 0 && out[i] >= out[i-1] {
			r.fault(v.place, fmt.Sprintf("%s begins at %d, not below %s", k, out[i], keys[i-1]), "grades go down")
		}
	}
	return out
}

// need reads a condition on a card.
func (r *reader) needs(v *value) (n score.Need, ok bool) {
	if !r.fields(v, "seen", "days", "all", "none", "total", "fit", "engagement", "below", "handover", "known", "title", "name", "stages") {
		return n, false
	}
	most := 2 * score.MaxPoints
	return score.Need{
		Seen: r.signalList(v.get("seen")), Days: r.whole(v.get("days"), 1, 5*366),
		All: r.signalList(v.get("all")), None: r.signalList(v.get("none")),
		Total: r.optional(v.get("total"), -most, most), Fit: r.optional(v.get("fit"), -most, most),
		Engagement: r.optional(v.get("engagement"), -most, most), Below: r.optional(v.get("below"), -most, most),
		Handover: r.yes(v.get("handover")), Known: r.yes(v.get("known")),
	}, true
}

func (r *reader) readLifecycle() {
	r.entries("lifecycle", "name", score.MaxStages, func(name string, at place, v *value) {
		if !r.fields(v, "name", "title", "enter", "from", "reasons", "silent") {
			return
		}
		s := score.Stage{Name: name, Title: r.title(v.get("title")), Silent: r.yes(v.get("silent"))}
		if f := v.get("from"); f != nil {
			s.From = r.text(f)
			r.known(f, "stage before it", s.From, r.stageNames())
		}
		for _, i := range r.list(v.get("reasons")) {
			if n := r.reason(i); n != "" {
				s.Reasons = append(s.Reasons, n)
			}
		}
		for _, i := range r.list(v.get("enter")) {
			if n, ok := r.needs(i); ok {
				s.Enter = append(s.Enter, n)
			}
		}
		r.p.Score.Stages = append(r.p.Score.Stages, s)
	})
}

func (r *reader) stageNames() []string {
	var names []string
	for _, s := range r.p.Score.Stages {
		names = append(names, s.Name)
	}
	return names
}

func (r *reader) readFunnel() {
	r.entries("funnel", "name", 20, func(name string, at place, v *value) {
		if !r.fields(v, "name", "title", "part", "signals", "points") {
			return
		}
		r.p.Score.Funnel = append(r.p.Score.Funnel, score.Step{Name: name, Title: r.title(v.get("title")),
			Part: r.choice(v.get("part"), "top", "middle", "bottom"), Signals: r.signalList(v.get("signals")),
			Points: r.whole(v.get("points"), 0, score.MaxPoints)})
	})
}

func (r *reader) readAudiences() {
	r.entries("audiences", "name", score.MaxStages, func(name string, at place, v *value) {
		n, ok := r.needs(v)
		if !ok {
			return
		}
		a := score.Audience{Name: name, Title: r.title(v.get("title")), Need: n}
		for _, i := range r.list(v.get("stages")) {
			if s := r.text(i); s != "" && r.known(i, "stage", s, r.stageNames()) {
				a.Stages = append(a.Stages, s)
			}
		}
		r.p.Score.Audiences = append(r.p.Score.Audiences, a)
	})
}
