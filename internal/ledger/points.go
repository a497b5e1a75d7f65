package ledger

import (
	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Points appends one line for each metered signal that was ever seen or is worth
// something, ascending, Manual last. today before the newest entry's day reads
// as that day. The state must be settled for these meters.
func (s *State) Points(m *Meters, today activity.Day, out []Line) []Line {
	if !s.Settled(m) {
		panic(errUnsettled)
	}
	if s.entries > 0 {
		today = max(today, s.high)
	}
	at := 0 // registers ascend as plans do
	for i := range m.plans {
		p := &m.plans[i]
		for at < len(s.registers) && s.registers[at].signal < p.Signal {
			at++
		}
		var r *register
		if at < len(s.registers) && s.registers[at].signal == p.Signal {
			r = &s.registers[at]
		}
		var line Line
		switch {
		case p.Profile:
			if !s.Profile.Has(p.Signal) {
				continue
			}
			line = Line{Count: 1, Last: today, Points: p.Points}
		case p.Count != nil && p.Count.Absent:
			if !s.absent(p, today) {
				continue
			}
			line = Line{Count: 1, Last: today, Points: p.Points}
		case r == nil && p.Count == nil:
			continue
		default:
			if line = s.worth(p, r, today); line.Count == 0 {
				continue
			}
		}
		line.Signal = p.Signal
		out = append(out, line)
	}
	if r := s.register(Manual); r != nil {
		line := Line{Signal: Manual, Count: len(r.cells), Last: s.high, Points: int(r.sum)}
		for _, c := range r.cells {
			if c.day >= today {
				line.Points += c.count
			}
		}
		out = append(out, line)
	}
	return out
}

// worth adds up a signal's register and open days.
func (s *State) worth(p *plan, r *register, today activity.Day) Line {
	var zero register
	if r == nil {
		r = &zero
	}
	line := Line{Count: r.count, Last: r.last}
	closed := s.high - p.depth - 1
	used, at := r.used, closed
	sum, uncapped := s.base(p, r, closed, today), int64(0)
	fold := func(c day) {
		line.Count += c.count
		line.Last = c.day
		if p.capDays > 0 && p.window(c.day) != p.window(at) {
			used = 0
		}
		at = c.day
		raw, accepted := p.limited(c.count, &used)
		sum += p.faded(accepted, c.day, today)
		uncapped += p.faded(raw-accepted, c.day, today)
	}
	if p.Count == nil {
		for _, c := range r.cells {
			fold(c)
		}
	} else if of := s.register(p.Count.Of); of != nil {
		for i, c := range of.cells {
			if c.day > closed && holdsAt(p.Count, of.cells[:i+1]) {
				fold(day{c.day, 1})
			}
		}
	}
	line.Points = p.rounded(sum, today)
	line.Cut = p.rounded(sum+uncapped, today) - line.Points
	return line
}

// base is what the closed days are worth, in the unit of faded.
func (s *State) base(p *plan, r *register, closed, today activity.Day) int64 {
	switch p.Decay.Kind {
	case NoDecay:
		return r.sum
	case HalfLife:
		return scaled(r.sum, p.epoch(today)-epochBits*p.generation(closed))
	}
	return 0
}

// faded is what points of a day are worth, in a unit that rounded removes.
func (p *plan) faded(points int64, d, today activity.Day) int64 {
	switch {
	case points == 0:
		return 0
	case p.Decay.Kind == NoDecay:
		return points
	case p.Decay.Kind == HalfLife:
		return scaled(points*p.weight(d), p.epoch(today)-p.epoch(d))
	}
	return points * p.left(today-d)
}

// rounded is the one rounding of a line, toward zero.
func (p *plan) rounded(v int64, today activity.Day) int {
	switch p.Decay.Kind {
	case NoDecay:
		return int(v)
	case HalfLife:
		return int(v / (p.weight(today) << 12))
	}
	return int(v / 100)
}

// absent tells whether a count signal of absence holds: the other signal was
// seen at some time, but not lately.
func (s *State) absent(p *plan, today activity.Day) bool {
	of := s.register(p.Count.Of)
	if of == nil {
		return false
	}
	n, seen := 0, of.count > 0 || len(of.cells) > 0
	from := today - activity.Day(p.Count.Days)
	if of.count > 0 && of.last > from {
		n++ // days so far back are cells unless one activity is enough to decide
	}
	for _, c := range of.cells {
		if c.day > from && p.Count.DistinctDays {
			n++
		} else if c.day > from {
			n += c.count
		}
	}
	return seen && n < p.Count.AtLeast
}

// openDays are the days that a signal was seen on, as far back as cells are kept.
func (s *State) openDays(m *Meters, n signal.Number) []day {
	p := m.plan(n)
	if p == nil || p.Count == nil || p.Count.Absent {
		if r := s.register(n); r != nil {
			return r.cells
		}
		return nil
	}
	of := s.register(p.Count.Of)
	if of == nil {
		return nil
	}
	var out []day
	for i, c := range of.cells {
		if holdsAt(p.Count, of.cells[:i+1]) {
			out = append(out, day{c.day, 1})
		}
	}
	return out
}

// Ever is how often a signal was seen and the last day on which it was.
func (s *State) Ever(m *Meters, n signal.Number) (count int, last activity.Day) {
	p := m.plan(n)
	if r := s.register(n); r != nil {
		count, last = r.count, r.last
	}
	closed := activity.Day(-maxDay)
	if p != nil && p.Count != nil {
		closed = s.high - p.depth - 1
	}
	for _, c := range s.openDays(m, n) {
		if c.day > closed {
			count, last = count+c.count, c.day
		}
	}
	return count, last
}
