package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/lead"
)

// Absorb adds another lead's log to this one: a merge. Ids of both are
// remembered, the tally is that of the union, whichever absorbs which. It only
// takes note: read what Wants names, then Settle does it, and only then ask
// Seen. other is used up; its
// stored item should be written with MovedTo, keeps what it points to, and so
// the merge can be undone: Release here, the other's item as it was.
func (s *State) Absorb(other *State) error {
	switch {
	case other.Lead == s.Lead:
		return fmt.Errorf("absorb %s: a lead cannot absorb itself", s.Lead)
	case len(other.revoking)+len(other.joining) > 0:
		return fmt.Errorf("absorb %s into %s: settle the first of them first", other.Lead, s.Lead)
	case len(s.revoking)+len(s.joining) > 0:
		return fmt.Errorf("absorb %s into %s: settle the second of them first", other.Lead, s.Lead)
	}
	s.joining = append(s.joining, other)
	return nil
}

// Release takes the entries of absorbed leads out again. The shelf must hold the
// whole log (LogRefs). The log is laid out anew by the next Finish.
func (s *State) Release(m *Meters, shelf Shelf, owners ...lead.ID) error {
	log, err := s.Log(shelf)
	if err != nil {
		return fmt.Errorf("release %v from %s: %w", owners, s.Lead, err)
	}
	own := map[uint64]bool{}
	for i := range log {
		own[log[i].Key] = !slices.Contains(owners, log[i].Owner)
	}
	log = slices.DeleteFunc(log, func(e Entry) bool {
		// What takes back an entry that stays, stays too.
		return !own[e.Key] && !own[e.Revokes]
	})
	return s.relay(m, log)
}

// Regain adds entries that another lead gives back: the other side of Release.
// Those that the log holds are left. The shelf must hold the whole log.
func (s *State) Regain(m *Meters, shelf Shelf, entries []Entry) error {
	log, err := s.Log(shelf)
	if err != nil {
		return fmt.Errorf("regain entries of %s: %w", s.Lead, err)
	}
	have := map[uint64]bool{}
	for i := range log {
		have[log[i].Key] = true
	}
	for _, e := range entries {
		if !have[e.Key] {
			have[e.Key] = true
			log = append(log, e)
		}
	}
	return s.relay(m, log)
}

// Owners are the absorbed leads that the item knows of without a read: those of
// its tail and of the pages and runs that it points to.
func (s *State) Owners() []lead.ID {
	var out []lead.ID
	add := func(id lead.ID) {
		if id != "" && id != s.Lead && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for i := range s.tail {
		add(s.tail[i].Owner)
	}
	for _, p := range s.pages {
		add(p.owner)
	}
	for _, p := range s.runs {
		add(p.owner)
	}
	return out
}

// relay makes the ledger of this lead anew from entries.
func (s *State) relay(m *Meters, log []Entry) error {
	fresh, err := Replay(s.Lead, m, log)
	if err != nil {
		return err
	}
	conflicts, joining, backfilled := s.conflicts, s.joining, s.backfilled
	s.core = fresh.core
	s.conflicts, s.joining = conflicts, joining
	s.LookBack = s.LookBack || backfilled
	return nil
}

// short tells that all of a lead's log is in its tail, as with most visitors.
func (s *State) short() bool { return len(s.pages)+len(s.runs) == 0 }

func (s *State) wantJoin(w *wants, other *State) error {
	if other.short() {
		for i := range other.tail {
			e := &other.tail[i]
			if s.inTail(e.Key) < 0 {
				w.add(s.asks(e)...)
			}
			if e.Revokes == 0 {
				continue
			}
			if err := s.wantTarget(w, e.Revokes); err != nil {
				return err
			}
		}
		return nil
	}
	if !w.add(append(s.AllRefs(), other.AllRefs()...)...) {
		return nil
	}
	apart, err := s.apart(other, w.shelf)
	if err != nil || apart {
		return err
	}
	for _, x := range []*State{s, other} {
		refs, err := x.LogRefs(w.shelf)
		if err != nil {
			return err
		}
		w.add(refs...)
	}
	return nil
}

// apart tells that no entry of one log means anything to the other: no id in
// both, no revocation waiting here for what lies there.
func (s *State) apart(other *State, shelf Shelf) (bool, error) {
	mine, err := s.ids(shelf)
	if err != nil {
		return false, err
	}
	theirs, err := other.ids(shelf)
	if err != nil {
		return false, err
	}
	has := func(ids []id, key uint64) bool {
		_, found := slices.BinarySearchFunc(ids, key, func(x id, key uint64) int { return cmp.Compare(x.key, key) })
		return found
	}
	for _, x := range theirs {
		if has(mine, x.key) {
			return false, nil
		}
	}
	for _, key := range s.revoked {
		if has(theirs, key) {
			return false, nil
		}
	}
	for _, key := range other.revoked {
		if has(mine, key) {
			return false, nil
		}
	}
	return true, nil
}

func (s *State) join(m *Meters, other *State, shelf Shelf) error {
	if other.entries == 0 {
		return nil
	}
	if other.short() {
		return s.joinShort(m, other, shelf)
	}
	apart, err := s.apart(other, shelf)
	if err != nil {
		return err
	}
	if !apart {
		return s.joinLogs(m, other, shelf)
	}
	if s.entries == 0 {
		s.first, s.high = other.first, other.high
	}
	s.first, s.high = min(s.first, other.first), max(s.high, other.high)
	s.entries += other.entries
	s.conflicts += other.conflicts
	for _, e := range other.tail {
		if e.Owner == "" {
			e.Owner = other.Lead
		} else if e.Owner == s.Lead {
			e.Owner = ""
		}
		s.tail = append(s.tail, e)
	}
	slices.SortFunc(s.tail, byTime)
	s.pages = append(s.pages, other.pages...)
	s.runs = append(s.runs, other.runs...)
	slices.SortStableFunc(s.runs, func(a, b runPointer) int { return b.ids - a.ids })
	s.filter = append(s.filter, other.filter...)
	slices.Sort(s.filter)
	s.spilled, s.ran = max(s.spilled, other.spilled), max(s.ran, other.ran)
	for _, key := range other.revoked {
		s.await(key)
	}
	s.backfilled = s.backfilled || other.backfilled
	s.LookBack = s.LookBack || other.LookBack
	s.stale = true
	return nil
}

// joinShort appends what the other's tail holds, as if it came to this lead.
func (s *State) joinShort(m *Meters, other *State, shelf Shelf) error {
	s.conflicts += other.conflicts
	for _, e := range other.tail {
		answer := s.Seen(&e)
		if answer.Verdict == Ask {
			v, err := s.Resolve(&e, shelf)
			if err != nil {
				return err
			}
			answer.Verdict = v
		}
		if answer.Verdict != Fresh {
			continue
		}
		e = plain(e) // what revokes it comes along
		if e.Owner == "" {
			e.Owner = other.Lead
		}
		if err := s.Append(m, e); err != nil {
			return err
		}
	}
	return nil
}

// joinLogs is for two long logs that have ids in common: the union is laid out
// anew, the earlier received of two entries under one id counts.
func (s *State) joinLogs(m *Meters, other *State, shelf Shelf) error {
	log, err := s.Log(shelf)
	if err != nil {
		return err
	}
	theirs, err := other.Log(shelf)
	if err != nil {
		return err
	}
	for _, e := range theirs {
		if e.Owner == "" {
			e.Owner = other.Lead
		}
		log = append(log, e)
	}
	slices.SortStableFunc(log, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Received, b.Received), cmp.Compare(a.PayloadHash, b.PayloadHash))
	})
	log = slices.CompactFunc(log, func(a, b Entry) bool { return a.Key == b.Key })
	s.backfilled = s.backfilled || other.backfilled
	return s.relay(m, log)
}
