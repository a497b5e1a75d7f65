package ledger

import (
	"errors"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Settled tells whether Points may be asked: the registers stand for the whole
// log under these meters.
func (s *State) Settled(m *Meters) bool {
	return !s.stale && s.print == m.print && len(s.revoking) == 0 && len(s.joining) == 0
}

// Wants names what must be on the shelf before Settle and Finish: nothing, nearly
// always. Call it again with the fuller shelf until it wants no more.
func (s *State) Wants(m *Meters, shelf Shelf) ([]Ref, error) {
	from, due := s.due()
	if !due && s.Settled(m) {
		return nil, nil
	}
	w := wants{shelf: shelf, have: map[Ref]bool{}}
	for _, other := range s.joining {
		if err := s.wantJoin(&w, other); err != nil {
			return nil, err
		}
	}
	for _, by := range s.revoking {
		if err := s.wantRevoked(&w, by); err != nil {
			return nil, err
		}
	}
	if len(w.refs) == 0 && !s.Settled(m) {
		s.wantTally(&w)
		for _, other := range s.joining {
			other.wantTally(&w)
		}
	}
	if due {
		for _, p := range s.pages {
			w.add(p.page())
		}
		for _, p := range s.runs[from:] {
			w.add(p.refs(nil)...)
		}
	}
	return w.refs, nil
}

// wants gathers refs that are not on the shelf, each once.
type wants struct {
	shelf Shelf
	have  map[Ref]bool
	refs  []Ref
}

// add tells whether all of the refs are at hand.
func (w *wants) add(refs ...Ref) bool {
	all := true
	for _, r := range refs {
		if _, ok := w.shelf[r]; ok {
			continue
		}
		all = false
		if !w.have[r] {
			w.have[r] = true
			w.refs = append(w.refs, r)
		}
	}
	return all
}

func (s *State) wantTally(w *wants) {
	for _, p := range s.pages {
		w.add(p.page())
	}
	for _, p := range s.runs {
		w.add(p.run())
	}
}

func (s *State) wantRevoked(w *wants, by uint64) error {
	return s.wantTarget(w, s.tail[s.inTail(by)].Revokes)
}

// wantTarget asks for what a revocation needs: first the records that know
// whether the id was ever seen, then, if it was, the whole log, for only an
// entry knows its hits.
func (s *State) wantTarget(w *wants, key uint64) error {
	if s.inTail(key) >= 0 {
		return nil
	}
	target := Entry{Key: key}
	if !w.add(s.asks(&target)...) {
		return nil
	}
	verdict, err := s.peek(&target, w.shelf)
	if err != nil || verdict == Fresh {
		return err
	}
	refs, err := s.LogRefs(w.shelf)
	w.add(refs...)
	return err
}

// peek is Resolve without counting.
func (s *State) peek(e *Entry, shelf Shelf) (Verdict, error) {
	conflicts := s.conflicts
	v, err := s.Resolve(e, shelf)
	s.conflicts = conflicts
	return v, err
}

func (s *State) inTail(key uint64) int {
	return slices.IndexFunc(s.tail, func(e Entry) bool { return e.Key == key })
}

// Settle makes the registers stand for the whole log: absorbs, applies
// revocations of what left the tail, rebuilds what late entries or other meters
// made stale. It does nothing when nothing of the kind happened.
func (s *State) Settle(m *Meters, shelf Shelf) error {
	for len(s.joining) > 0 {
		if err := s.join(m, s.joining[0], shelf); err != nil {
			return err
		}
		s.joining = s.joining[1:]
	}
	for _, by := range s.revoking {
		if err := s.settleRevoked(by, shelf); err != nil {
			return err
		}
	}
	s.revoking = nil
	if !s.stale && s.print == m.print {
		return nil
	}
	t, err := s.Tally(shelf)
	if err != nil {
		return err
	}
	s.rebuild(m, t)
	return nil
}

func (s *State) settleRevoked(by uint64, shelf Shelf) error {
	i := s.inTail(by)
	key := s.tail[i].Revokes
	if j := s.inTail(key); j >= 0 { // an absorbed lead brought it
		s.tail[j].Revoked = true
		s.stale = true
		s.LookBack = s.LookBack || s.backfilled
		return nil
	}
	verdict, err := s.peek(&Entry{Key: key}, shelf)
	if err != nil {
		return err
	}
	if verdict == Fresh {
		s.await(key)
		return nil
	}
	log, err := s.Log(shelf)
	if err != nil {
		return err
	}
	at := -1
	for j := range log {
		if log[j].Key == key {
			at = j
		}
		if log[j].Revokes == key && log[j].Key != by && log[j].undone() {
			return nil // taken out already
		}
	}
	if at < 0 || log[at].Revoked {
		return nil
	}
	x, e := &log[at], &s.tail[i]
	e.undoHits, e.undoDay, e.undoPoints, e.undoUntil = slices.Clone(x.Hits), x.Day, x.Points, x.Until
	s.stale = true
	s.LookBack = s.LookBack || s.backfilled
	return nil
}

func (e *Entry) undone() bool { return len(e.undoHits) > 0 || e.undoPoints != 0 }

// Tally is the whole tally of the lead: of the tail, the pages and the runs.
func (s *State) Tally(shelf Shelf) (Tally, error) {
	var cells []Cell
	for i := range s.tail {
		cells = cellsOf(&s.tail[i], cells)
	}
	for _, p := range s.pages {
		entries, err := s.page(p, shelf)
		if err != nil {
			return nil, err
		}
		for i := range entries {
			cells = cellsOf(&entries[i], cells)
		}
	}
	for _, p := range s.runs {
		r, err := p.load(shelf, false)
		if err != nil {
			return nil, err
		}
		cells = append(cells, r.tally...)
	}
	return Sum(cells), nil
}

// rebuild makes all registers from the whole tally, by the same steps that make
// them day by day.
func (s *State) rebuild(m *Meters, t Tally) {
	s.registers = s.registers[:0:0]
	s.stale, s.print = false, m.print
	if s.entries == 0 {
		return
	}
	signals := 0
	for i := range t {
		if i == 0 || t[i].Signal != t[i-1].Signal {
			signals++
		}
	}
	// All registers and all their days in two pieces of memory: a preview makes
	// them by the million.
	s.registers = make([]register, 0, signals)
	days := make([]day, 0, len(t))
	for i := 0; i < len(t); {
		n := t[i].Signal
		p, from := m.plan(n), len(days)
		for ; i < len(t) && t[i].Signal == n; i++ {
			if c := t[i]; n == Manual {
				s.adjust(c.Day, c.Count)
			} else if c.Count > 0 {
				days = append(days, day{c.Day, c.Count})
			}
		}
		if n == Manual || p == nil || p.Count != nil || p.Profile || len(days) == from {
			days = days[:from]
			continue
		}
		s.registers = append(s.registers, register{signal: n, cells: days[from:len(days):len(days)]})
	}
	s.advance(m, s.first, s.high)
}

var errUnsettled = errors.New("the ledger state is not settled: read what Wants names and call Settle before it is scored or stored")

// Count is how often the signal was seen in the last days days up to today (on
// how many days, if distinct). Its meter's Keep must reach so far back.
func (s *State) Count(m *Meters, n signal.Number, today activity.Day, days int, distinct bool) int {
	today = max(today, s.high)
	count := 0
	for _, c := range s.openDays(m, n) {
		if c.day > today-activity.Day(days) && c.day <= today {
			if distinct {
				count++
			} else {
				count += c.count
			}
		}
	}
	return count
}

// Adopt takes other meters without reading anything, if it can: when none that
// differs concerns a signal this lead was seen with. Otherwise, and whenever it
// is not called, the next Settle reads the tally once. old must be the meters
// that the state was made with, or nil.
func (s *State) Adopt(old, new *Meters) {
	if s.print == new.print || s.stale || old == nil || old.print != s.print {
		return
	}
	for i := range new.plans {
		p := &new.plans[i]
		was := old.plan(p.Signal)
		if was != nil && (was.print == p.print || s.register(p.Signal) == nil && !s.counted(p)) {
			continue
		}
		if p.Profile || p.Count != nil && p.Count.Absent && was != nil && was.print == p.print {
			continue
		}
		return
	}
	s.registers = slices.DeleteFunc(s.registers, func(r register) bool {
		return r.signal != Manual && new.plan(r.signal) == nil
	})
	s.print = new.print
}

// counted tells whether the signal that a count signal counts was ever seen.
func (s *State) counted(p *plan) bool { return p.Count != nil && s.register(p.Count.Of) != nil }

// Under gives a copy whose registers are made from a tally under other meters:
// what a preview asks. The copy is for Points, not for storing.
func (s *State) Under(m *Meters, t Tally) *State {
	c := *s
	c.rebuild(m, t)
	return &c
}
