package score

import (
	"maps"
	"slices"

	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Meters tells the ledger how to sum: a meter for each signal that is worth
// points, or that a stage, the funnel, the fast lane or an audience must know
// to have been seen. Signals that hold while another is not seen have none:
// they follow from the last day of the other.
func (c Config) Meters(set *signal.Set) []ledger.Meter {
	meters := map[signal.Number]*ledger.Meter{}
	var need func(n signal.Number) *ledger.Meter
	need = func(n signal.Number) *ledger.Meter {
		d, ok := set.Definition(n)
		if !ok || d.Kind == signal.OnProfile || meters[n] != nil {
			return meters[n]
		}
		if d.Count != nil {
			of := need(d.Count.Of)
			if d.Count.Absent {
				if d.Count.AtLeast > 1 && of != nil {
					of.Keep = max(of.Keep, d.Count.Days)
				}
				return nil
			}
		}
		meters[n] = &ledger.Meter{Signal: n, Count: d.Count}
		return meters[n]
	}
	for _, p := range c.Points {
		if m := need(p.Signal); m != nil {
			keep := m.Keep
			*m = p.meter()
			d, _ := set.Definition(p.Signal)
			m.Count, m.Keep = d.Count, keep
		}
	}
	for _, n := range c.named() {
		need(n)
	}
	out := make([]ledger.Meter, 0, len(meters))
	for _, n := range slices.Sorted(maps.Keys(meters)) {
		out = append(out, *meters[n])
	}
	return out
}

// named lists the signals that something other than points hangs on.
func (c Config) named() []signal.Number {
	out := slices.Concat(c.FastLane, c.Watch)
	for _, s := range c.Funnel {
		out = append(out, s.Signals...)
	}
	add := func(n Need) { out = slices.Concat(out, n.Seen, n.All, n.None) }
	for _, s := range c.Stages {
		for _, n := range s.Enter {
			add(n)
		}
	}
	for _, a := range c.Audiences {
		add(a.Need)
	}
	return out
}

func (p Points) meter() ledger.Meter {
	m := ledger.Meter{
		Signal: p.Signal, Points: p.Points, PerDay: p.PerDay, Cap: p.Cap, CapDays: p.WindowDays,
		Once: p.Once, OncePer: p.OnceDays,
	}
	switch {
	case p.HalfLife > 0:
		m.Decay = ledger.Decay{Kind: ledger.HalfLife, Days: p.HalfLife}
	case p.LastDays > 0:
		m.Decay = ledger.Decay{Kind: ledger.Window, Days: p.LastDays}
	case len(p.Steps) > 0:
		m.Decay.Kind = ledger.Steps
		for _, s := range p.Steps {
			m.Decay.Steps = append(m.Decay.Steps, ledger.Step{Days: s.Day, Percent: s.Percent})
		}
	}
	return m
}
