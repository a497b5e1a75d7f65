package ledger

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Limits of a meter. They keep sums far inside an int64 and the cells of a lead
// inside its item.
const (
	MaxPoints  = 10_000
	MaxDecay   = 3_650 // days
	MaxKeep    = 366   // days of cells, also the longest window or steps decay
	MaxCapDays = 3_660

	// Grace is for how many days back a day stays open: what arrives that late
	// is folded without a read. Later than that, a capped signal reads the
	// tally of its runs.
	Grace = 1
)

// plan is a compiled meter.
type plan struct {
	Meter
	index    int          // in Meters.plans
	depth    activity.Day // days behind the newest one that stay cells
	limit    int64        // size of the points of a day; 0 = none
	cap      int64        // size of the points of a window; 0 = none
	capDays  int32        // 0 = for ever
	table    []int64      // 2^(r/h), see weights
	counting []int        // plans whose Count looks at this signal
	print    uint32
}

// Meters is a compiled, immutable set of meters.
type Meters struct {
	plans   []plan  // ascending by signal
	at      []int16 // signal number → index+1 in plans
	derived []int   // plans with a Count that is not Absent
	print   uint32
}

// NewMeters checks and compiles meters. The error names the signal and what
// would be right.
func NewMeters(meters []Meter) (*Meters, error) {
	m := &Meters{plans: make([]plan, 0, len(meters))}
	for _, x := range meters {
		p, err := compile(x)
		if err != nil {
			return nil, fmt.Errorf("meter of signal %d: %w", x.Signal, err)
		}
		m.plans = append(m.plans, p)
	}
	slices.SortFunc(m.plans, func(a, b plan) int { return int(a.Signal) - int(b.Signal) })
	if n := len(m.plans); n > 0 {
		m.at = make([]int16, int(m.plans[n-1].Signal)+1)
	}
	for i := range m.plans {
		p := &m.plans[i]
		p.index = i
		if m.at[p.Signal] != 0 {
			return nil, fmt.Errorf("meter of signal %d: there are two; one a signal is possible", p.Signal)
		}
		m.at[p.Signal] = int16(i + 1)
	}
	for i := range m.plans {
		p := &m.plans[i]
		if p.Count == nil {
			continue
		}
		of := m.plan(p.Count.Of)
		if of == nil || of.Count != nil || of.Profile {
			return nil, fmt.Errorf("meter of signal %d: counts signal %d, which has no meter of its own among activity signals; give it one, with 0 points if need be", p.Signal, p.Count.Of)
		}
		switch {
		case !p.Count.Absent:
			m.derived = append(m.derived, i)
			of.counting = append(of.counting, i)
			of.depth = max(of.depth, activity.Day(p.Count.Days-1)+p.depth)
		case p.Count.AtLeast > 1:
			of.depth = max(of.depth, activity.Day(p.Count.Days-1))
		}
	}
	sum := fnv.New32a()
	for i := range m.plans {
		p := &m.plans[i]
		own := fnv.New32a()
		count := signal.Count{}
		if p.Count != nil {
			count = *p.Count
		}
		x := p.Meter
		x.Count, x.Keep = nil, 0
		fmt.Fprint(own, x, count, p.depth)
		p.print = own.Sum32()
		fmt.Fprint(sum, p.print, ",")
	}
	m.print = sum.Sum32()
	return m, nil
}

// Fingerprint identifies the set: a state made with another one wants a rebuild.
func (m *Meters) Fingerprint() uint32 { return m.print }

func (m *Meters) plan(n signal.Number) *plan {
	if int(n) >= len(m.at) || m.at[n] == 0 {
		return nil
	}
	return &m.plans[m.at[n]-1]
}

func compile(x Meter) (plan, error) {
	p := plan{Meter: x, depth: Grace}
	size := int64(max(x.Points, -x.Points))
	switch {
	case x.Signal == 0 || x.Signal > signal.MaxNumber:
		return p, fmt.Errorf("number must be 1 to %d", signal.MaxNumber)
	case size > MaxPoints:
		return p, fmt.Errorf("%d points: at most %d in size", x.Points, MaxPoints)
	case x.PerDay < 0 || x.Cap < 0 || x.CapDays < 0 || x.OncePer < 0 || x.Keep < 0:
		return p, fmt.Errorf("a limit is negative: limits are sizes, 0 or more")
	case x.CapDays > MaxCapDays || x.OncePer > MaxCapDays:
		return p, fmt.Errorf("a window of more than %d days: use one without end", MaxCapDays)
	case x.Keep > MaxKeep:
		return p, fmt.Errorf("keeps %d days: at most %d", x.Keep, MaxKeep)
	case x.CapDays > 0 && x.Cap == 0:
		return p, fmt.Errorf("a cap window of %d days without a cap", x.CapDays)
	case x.Cap > 0 && (x.Once || x.OncePer > 1):
		return p, fmt.Errorf("once and a cap together: one of them is possible")
	case x.Profile && x.Count != nil:
		return p, fmt.Errorf("profile and count together: one of them is possible")
	case x.Count != nil && (x.Count.Days < 1 || x.Count.Days > signal.MaxDays || x.Count.AtLeast < 1):
		return p, fmt.Errorf("counts %d in %d days: at least 1, in 1 to %d days", x.Count.AtLeast, x.Count.Days, signal.MaxDays)
	}
	p.limit, p.cap, p.capDays = int64(x.PerDay), int64(x.Cap), int32(x.CapDays)
	if x.Once {
		p.limit, p.cap, p.capDays = size, size, 0
	} else if x.OncePer == 1 {
		p.limit = size
	} else if x.OncePer > 1 {
		p.limit, p.cap, p.capDays = size, size, int32(x.OncePer)
	}
	if x.Keep > 0 {
		p.depth = max(p.depth, activity.Day(x.Keep-1))
	}
	switch d := x.Decay; d.Kind {
	case NoDecay:
	case HalfLife:
		if d.Days < 1 || d.Days > MaxDecay {
			return p, fmt.Errorf("half-life of %d days: 1 to %d", d.Days, MaxDecay)
		}
		p.table = weights(d.Days)
	case Window:
		if d.Days < 1 || d.Days > MaxKeep {
			return p, fmt.Errorf("decay window of %d days: 1 to %d", d.Days, MaxKeep)
		}
		p.depth = max(p.depth, activity.Day(d.Days-1))
	case Steps:
		if len(d.Steps) == 0 || d.Steps[len(d.Steps)-1].Percent != 0 {
			return p, fmt.Errorf("decay in steps must end with a step of 0 percent")
		}
		day := 0
		for _, s := range d.Steps {
			if s.Days <= day || s.Days > MaxKeep || s.Percent < 0 || s.Percent > 100 {
				return p, fmt.Errorf("decay step of %d percent at %d days: days ascend from 1 to %d, percents lie in 0 to 100", s.Percent, s.Days, MaxKeep)
			}
			day = s.Days
		}
		p.depth = max(p.depth, activity.Day(day-1))
	default:
		return p, fmt.Errorf("decay of kind %d: none, half-life, window or steps", d.Kind)
	}
	return p, nil
}

// simple tells that each hit adds its points by itself, so a late one can be
// added to the register without knowing its day's others.
func (p *plan) simple() bool {
	return p.limit == 0 && p.cap == 0 && len(p.counting) == 0
}

// spent tells that a cap without end is reached and nothing fades, so that it
// does not matter on which days the points came.
func (p *plan) spent(r *register) bool {
	return p.cap > 0 && p.capDays == 0 && p.Decay.Kind == NoDecay && r.used >= p.cap && len(p.counting) == 0
}

// left is the percentage of the points left at an age, for window and steps.
func (p *plan) left(age activity.Day) int64 {
	if p.Decay.Kind == Window {
		if int(age) < p.Decay.Days {
			return 100
		}
		return 0
	}
	left := int64(100)
	for _, s := range p.Decay.Steps {
		if int(age) >= s.Days {
			left = int64(s.Percent)
		}
	}
	return left
}
