package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func byTime(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.At, b.At), cmp.Compare(a.Key, b.Key))
}

// Append logs an entry that Seen called fresh, and folds its hits into the
// tally. An entry later than the open days, or one that revokes what is no
// longer in the tail, may leave the state unsettled: see Wants.
func (s *State) Append(m *Meters, e Entry) error {
	switch {
	case e.Day > maxDay || e.Day < -maxDay || e.At > maxTime || e.At < -maxTime:
		return fmt.Errorf("append entry %016x: its time %d lies outside what the log can hold", e.Key, e.At)
	case !ascending(e.Hits):
		return fmt.Errorf("append entry %016x: its hits must ascend, each once", e.Key)
	case e.Owner == s.Lead:
		e.Owner = ""
	}
	if s.print != m.print {
		s.stale = true
	}
	s.reach(m, e.Day)
	s.entries++
	if i := slices.Index(s.revoked, e.Key); i >= 0 {
		e.Revoked = true
		s.revoked = slices.Delete(s.revoked, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(s.tail, e, byTime)
	s.tail = slices.Insert(s.tail, i, e)
	if !e.Revoked {
		s.fold(m, &e, 1)
	}
	if e.Revokes != 0 {
		s.revoke(m, e.Key, e.Revokes)
	}
	return nil
}

func ascending(hits []signal.Number) bool {
	var before signal.Number
	for _, h := range hits {
		if h <= before || h == Manual {
			return false
		}
		before = h
	}
	return true
}

// reach takes note of a day, and closes days when it is a new one.
func (s *State) reach(m *Meters, d activity.Day) {
	if s.entries == 0 {
		s.first, s.high = d, d
		return
	}
	s.first = min(s.first, d)
	if d <= s.high {
		return
	}
	if !s.stale {
		s.advance(m, s.high, d)
	}
	s.high = d
}

// advance closes days as the newest one moves. Count signals go first: they
// look at cells that their signals are about to fold.
func (s *State) advance(m *Meters, from, to activity.Day) {
	for _, i := range m.derived {
		p := &m.plans[i]
		r, of := s.register(p.Signal), s.register(p.Count.Of)
		var seen []day
		if of != nil {
			seen = of.cells
		}
		fresh := register{signal: p.Signal}
		if r == nil {
			r = &fresh
		}
		p.closeDerived(r, seen, from-p.depth-1, to-p.depth-1)
		if r == &fresh && !fresh.empty() {
			*s.open(p.Signal) = fresh
		}
	}
	for i := range s.registers {
		r := &s.registers[i]
		if r.signal == Manual {
			for len(r.cells) > 0 && r.cells[0].day < to {
				r.cells = r.cells[1:]
			}
		} else if p := m.plan(r.signal); p != nil && p.Count == nil {
			p.close(r, from-p.depth-1, to-p.depth-1)
		}
	}
	s.registers = slices.DeleteFunc(s.registers, func(r register) bool { return r.empty() })
}

// fold adds an entry's hits to the tally, or takes them out (by = -1).
func (s *State) fold(m *Meters, e *Entry, by int) {
	if s.stale {
		return
	}
	for _, h := range e.Hits {
		p := m.plan(h)
		if p == nil || p.Count != nil || p.Profile {
			continue
		}
		if len(p.counting) > 0 && e.Day < s.high-Grace {
			s.stale = true // a day of a count signal that is closed may hold now
		}
		r := s.open(h)
		closed := s.high - p.depth - 1
		switch {
		case e.Day > closed:
			r.bump(e.Day, by)
		case by > 0 && p.simple() && (p.table == nil || p.generation(e.Day) == p.generation(closed)):
			if r.count == 0 || e.Day > r.last {
				r.last = e.Day
			}
			r.count++
			p.add(r, e.Day, int64(p.Points))
		case by > 0 && p.spent(r):
			r.last = max(r.last, e.Day)
			r.count++
		default:
			s.stale = true
		}
		if r.empty() {
			i, _ := s.find(h)
			s.registers = slices.Delete(s.registers, i, i+1)
		}
	}
	if e.Points != 0 {
		s.adjust(e.Until, by*e.Points)
	}
}

// adjust adds manual points that hold up to and with a day, 0 for ever.
func (s *State) adjust(until activity.Day, points int) {
	if until != 0 && until < s.high {
		return
	}
	r := s.open(Manual)
	if until == 0 {
		r.sum += int64(points)
	} else {
		r.bump(until, points)
	}
	if r.empty() {
		s.registers = s.registers[:len(s.registers)-1]
	}
}

// revoke takes the entry under a key out of the tally, or remembers the key
// until the entry comes. by is the key of the entry that says so.
func (s *State) revoke(m *Meters, by, key uint64) {
	for i := range s.tail {
		if e := &s.tail[i]; e.Key == key {
			if !e.Revoked {
				e.Revoked = true
				s.fold(m, e, -1)
				s.LookBack = s.LookBack || s.backfilled
			}
			return
		}
	}
	if len(s.pages)+len(s.runs) > 0 {
		s.revoking = append(s.revoking, by)
		return
	}
	s.await(key)
}

func (s *State) await(key uint64) {
	if i, found := slices.BinarySearch(s.revoked, key); !found {
		s.revoked = slices.Insert(s.revoked, i, key)
	}
}
