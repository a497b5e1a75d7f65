package source

import (
	"fmt"
	"math"

	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// checkReach refuses thresholds that nobody can reach, whatever they do: a
// playbook that hands nobody over should say so here, not after a month.
func (r *reader) checkReach() {
	engagement := r.mostEngagement()
	fit := 0
	for _, p := range r.p.Score.Personas {
		fit = max(fit, r.mostFit(p))
	}
	c := r.p.Score
	total := engagement + fit
	reach := func(where string, at place, what string, wants, most int) {
		if wants > most {
			r.fault(at, fmt.Sprintf("%s asks %s %d, and nobody can have more than %d", where, what, wants, most),
				"lower it, or raise points and limits")
		}
	}
	h := r.where["handover"]
	reach("the hand-over", h, "a total of", c.Handover.Total, total)
	reach("the hand-over", h, "a fit of", c.Handover.Fit, fit)
	reach("the hand-over", h, "an engagement of", c.Handover.Engagement, engagement)
	for i, b := range c.Bands {
		if i > 0 {
			reach("band "+b.Name, r.where["band "+b.Name], "a total of", b.From, total)
		}
	}
	if v := r.sections["score"].get("grades"); v != nil {
		reach("grade A", v.place, "a fit of", c.Grades.Fit[0], fit)
		reach("grade 1", v.place, "an engagement of", c.Grades.Engagement[0], engagement)
	}
	need := func(where string, at place, n score.Need) {
		for _, k := range []struct {
			wants *int
			what  string
			most  int
		}{{n.Total, "a total of", total}, {n.Fit, "a fit of", fit}, {n.Engagement, "an engagement of", engagement}} {
			if k.wants != nil {
				reach(where, at, k.what, *k.wants, k.most)
			}
		}
		if n.Below != nil && n.Total != nil && *n.Below <= *n.Total {
			r.fault(at, fmt.Sprintf("%s asks a total of %d and below %d", where, *n.Total, *n.Below), "below lies above total")
		}
	}
	for _, s := range c.Stages {
		for _, n := range s.Enter {
			need("stage "+s.Name, r.where["lifecycle "+s.Name], n)
		}
	}
	for _, a := range c.Audiences {
		need("audience "+a.Name, r.where["audiences "+a.Name], a.Need)
	}
	for _, t := range r.p.Nurture.Tracks {
		for _, e := range t.Entry {
			reach("track "+t.Name, r.where["tracks "+t.Name], "a fit of", e.MinFit, fit)
		}
	}
}

// mostEngagement is the most that all signals together can bring at once.
func (r *reader) mostEngagement() int {
	c := r.p.Score
	groups := map[string]int{}
	for _, p := range c.Points {
		groups[p.Group] = add(groups[p.Group], mostPoints(p))
	}
	sum := groups[""]
	for _, g := range c.Groups {
		if !g.Interest {
			sum = add(sum, min(groups[g.Name], g.Limits.Max))
		}
	}
	step := 0
	for _, f := range c.Funnel {
		step = max(step, f.Points)
	}
	return min(add(sum, step), c.Engagement.Max)
}

// endless stands for points without a cap.
const endless = math.MaxInt32

func add(a, b int) int { return min(a+b, endless) }

func mostPoints(p score.Points) int {
	switch {
	case p.Points <= 0:
		return 0
	case p.Once, p.OnceDays > 1 && p.HalfLife == 0 && p.LastDays > 0 && p.LastDays <= p.OnceDays:
		return p.Points
	case p.Cap > 0 && p.WindowDays == 0:
		return p.Cap
	}
	// A cap for a window bounds that window only; what comes later adds to what
	// has not faded yet, so only the group's limit bounds the sum.
	return endless
}

// mostFit is the best that one lead can be for a persona: options of one
// attribute exclude each other.
func (r *reader) mostFit(p score.Persona) int {
	best := map[string]int{}
	sum := 0
	for _, f := range p.Fit {
		d := r.definition(f.Signal)
		if f.Points <= 0 || d == nil {
			continue
		}
		if w := d.Where; w != nil && len(w.Of) == 0 && w.Field != "" {
			best[w.Field] = max(best[w.Field], f.Points)
			continue
		}
		sum += f.Points
	}
	for _, n := range best {
		sum += n
	}
	return min(sum, r.p.Score.Fit.Max)
}

func (r *reader) definition(n signal.Number) *signal.Definition {
	for i := range r.p.Signals {
		if r.p.Signals[i].Number == n {
			return &r.p.Signals[i]
		}
	}
	return nil
}

// checkUse warns of what nothing names. It is no fault: a signal may be kept
// for reports.
func (r *reader) checkUse() {
	for _, k := range r.order {
		if k.made || k.points != nil || r.used["signal "+k.def.Name] {
			continue
		}
		r.warn(k.at, fmt.Sprintf("signal %s gives no points and nothing names it", k.def.Name), "give it points, name it, or remove it")
	}
	for i := range r.p.Attributes {
		if a := &r.p.Attributes[i]; !r.used["attribute "+a.Name] && !a.Personal {
			r.warn(r.where["attributes "+a.Name], fmt.Sprintf("no rule, form or mail uses attribute %s", a.Name), "use it, or remove it")
		}
	}
	for _, g := range r.p.Score.Groups {
		used := false
		for _, p := range r.p.Score.Points {
			used = used || p.Group == g.Name || p.Interest == g.Name
		}
		if !used {
			r.warn(r.where["groups "+g.Name], fmt.Sprintf("no signal is in group %s", g.Name), "name it in a signal, or remove it")
		}
	}
	for _, o := range r.p.Offers {
		if !r.used["offers "+o.Name] {
			r.warn(r.where["offers "+o.Name], fmt.Sprintf("no step makes offer %s", o.Name), "name it in a step, or remove it")
		}
	}
}
