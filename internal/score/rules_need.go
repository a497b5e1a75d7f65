package score

import (
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/signal"
)

func (r *Rules) addPersonas() error {
	if len(r.config.Personas) > maxPersons {
		return fmt.Errorf("%d personas: at most %d", len(r.config.Personas), maxPersons)
	}
	for i, p := range r.config.Personas {
		if p.Name == "" || slices.ContainsFunc(r.config.Personas[:i], func(o Persona) bool { return o.Name == p.Name }) {
			return fmt.Errorf("persona %d %q: a persona needs a name of its own", i+1, p.Name)
		}
		var rows []fitRow
		var asks []string
		for _, f := range p.Fit {
			d, err := r.known(f.Signal, "persona "+p.Name)
			switch {
			case err != nil:
				return err
			case d.Kind != signal.OnProfile:
				return fmt.Errorf("persona %q: signal %q is no condition on the profile", p.Name, d.Name)
			case f.Points < -MaxPoints || f.Points > MaxPoints:
				return fmt.Errorf("persona %q, signal %q: %d points, %d to %d are possible", p.Name, d.Name, f.Points, -MaxPoints, MaxPoints)
			case slices.ContainsFunc(rows, func(o fitRow) bool { return o.signal == f.Signal }):
				return fmt.Errorf("persona %q: signal %q stands twice", p.Name, d.Name)
			}
			rows, asks = append(rows, fitRow{f.Signal, f.Points}), append(asks, attribute(d.Where))
		}
		r.fits, r.asks = append(r.fits, rows), append(r.asks, asks)
	}
	return nil
}

// attribute is the one attribute that a profile condition asks about, "" for
// several.
func attribute(c *signal.Condition) string {
	if c == nil || len(c.Of) == 0 {
		if c == nil {
			return ""
		}
		return c.Field
	}
	name := attribute(&c.Of[0])
	for i := range c.Of[1:] {
		if attribute(&c.Of[i+1]) != name {
			return ""
		}
	}
	return name
}

func (r *Rules) addStages() error {
	if n := max(len(r.config.Stages), len(r.config.Audiences)); n > MaxStages {
		return fmt.Errorf("%d stages or audiences: at most %d of each", n, MaxStages)
	}
	for i, s := range r.config.Stages {
		number := numberOf(s.Number, i)
		if _, twice := r.named[s.Name]; twice || s.Name == "" {
			return fmt.Errorf("stage %d %q: a stage needs a name of its own", i+1, s.Name)
		}
		if other, twice := r.stages[number]; twice {
			return fmt.Errorf("stage %q: number %d belongs to %q", s.Name, number, r.config.Stages[other].Name)
		}
		if s.From != "" {
			if _, ok := r.named[s.From]; !ok {
				return fmt.Errorf("stage %q comes from %q: name a stage before it", s.Name, s.From)
			}
		}
		r.named[s.Name], r.stages[number] = i, i
		for j := range s.Enter {
			if err := r.addNeed(&s.Enter[j], "stage "+s.Name); err != nil {
				return err
			}
		}
	}
	bits := map[signal.Number]string{}
	for i, a := range r.config.Audiences {
		other, twice := bits[r.AudienceNumber(i)]
		switch {
		case a.Name == "":
			return fmt.Errorf("audience %d has no name", i+1)
		case twice:
			return fmt.Errorf("audience %q: number %d belongs to %q", a.Name, r.AudienceNumber(i), other)
		}
		bits[r.AudienceNumber(i)] = a.Name
		for _, s := range a.Stages {
			if _, ok := r.named[s]; !ok {
				return fmt.Errorf("audience %q: there is no stage %q", a.Name, s)
			}
		}
		if err := r.addNeed(&a.Need, "audience "+a.Name); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rules) addNeed(n *Need, where string) error {
	if n.empty() {
		return fmt.Errorf("%s: a condition that asks nothing holds for everybody: ask for something", where)
	}
	if n.Days < 0 || n.Days > maxLife || n.Days > 0 && len(n.Seen) == 0 {
		return fmt.Errorf("%s: seen in the last %d days: name signals, and 1 to %d days", where, n.Days, maxLife)
	}
	for _, list := range [][]signal.Number{n.Seen, n.All, n.None} {
		for _, k := range list {
			if _, err := r.known(k, where); err != nil {
				return err
			}
		}
	}
	if n.Days > 0 {
		for _, k := range n.Seen {
			r.recent = append(r.recent, recent{k, n.Days})
		}
	}
	for _, t := range []*int{n.Total, n.Below} {
		if t != nil {
			r.total = append(r.total, *t)
		}
	}
	if n.Engagement != nil {
		r.engaged = append(r.engaged, *n.Engagement)
	}
	return nil
}

func (n *Need) empty() bool {
	return len(n.Seen)+len(n.All)+len(n.None) == 0 && n.Total == nil && n.Fit == nil && n.Engagement == nil && n.Below == nil && !n.Handover && !n.Known
}

func (r *Rules) addFunnel() error {
	for _, s := range r.config.FastLane {
		if d, err := r.known(s, "fast lane"); err != nil {
			return err
		} else if d.Kind != signal.OnActivity {
			return fmt.Errorf("fast lane: signal %q is no condition on an activity", d.Name)
		}
	}
	for i, s := range r.config.Funnel {
		where := fmt.Sprintf("funnel step %d %q", i+1, s.Name)
		if s.Name == "" || len(s.Signals) == 0 {
			return fmt.Errorf("%s: a step needs a name and signals", where)
		}
		if s.Points < 0 || s.Points > MaxPoints {
			return fmt.Errorf("%s: %d points, 0 to %d are possible", where, s.Points, MaxPoints)
		}
		for _, n := range s.Signals {
			if _, err := r.known(n, where); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Rules) addAbsent() {
	r.where = slices.Repeat([]int32{-1}, len(r.points))
	for _, d := range r.set.Definitions() {
		if d.Count != nil && !d.Count.Absent {
			r.unit += d.Count.Days / 2 // it goes over the days of what it counts
		}
		if d.Count != nil && d.Count.Absent {
			r.where[d.Number] = int32(len(r.absent))
			r.absent = append(r.absent, absent{d.Number, *d.Count, r.points[d.Number]})
		}
	}
	r.unit += len(r.config.Points) + 2*len(r.absent) + len(r.config.named())
}
