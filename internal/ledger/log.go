package ledger

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/lead"
)

// LogRefs names the records still missing for the whole log; read them and call
// it again until there are none.
func (s *State) LogRefs(shelf Shelf) ([]Ref, error) {
	w := wants{shelf: shelf, have: map[Ref]bool{}}
	for _, p := range s.pages {
		w.add(p.page())
	}
	for _, p := range s.runs {
		if _, ok := shelf[p.run()]; !ok {
			w.add(p.run())
			continue
		}
		r, err := p.load(shelf, false)
		if err != nil {
			return nil, err
		}
		for _, x := range r.pages {
			w.add(x.page())
		}
	}
	return w.refs, nil
}

// Log gives the whole log by (day, time, key).
func (s *State) Log(shelf Shelf) ([]Entry, error) {
	log := slices.Clone(s.tail)
	pages := slices.Clone(s.pages)
	for _, p := range s.runs {
		r, err := p.load(shelf, false)
		if err != nil {
			return nil, err
		}
		pages = append(pages, r.pages...)
	}
	for _, p := range pages {
		entries, err := s.page(p, shelf)
		if err != nil {
			return nil, err
		}
		log = append(log, entries...)
	}
	slices.SortFunc(log, byTime)
	return log, nil
}

// Replay makes a state from entries in any order; the first of each id counts.
// The whole log is its tail until Finish lays it out.
func Replay(id lead.ID, m *Meters, entries []Entry) (*State, error) {
	s := New(id, m)
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, byTime)
	seen := make(map[uint64]bool, len(entries))
	for _, e := range entries {
		if seen[e.Key] {
			continue
		}
		seen[e.Key] = true
		if err := s.Append(m, plain(e)); err != nil {
			return nil, err
		}
	}
	return s, s.Settle(m, nil)
}

// plain is an entry as it came, without what the log has since learned.
func plain(e Entry) Entry {
	e.Revoked = false
	e.undoHits, e.undoDay, e.undoPoints, e.undoUntil = nil, 0, 0, 0
	return e
}

// Canonical is a byte form of ids, tally and registers that depends on the set
// of entries and the meters alone: not on order, batches, pages, runs or merges.
// shelf must hold the pages and runs with their blocks (AllRefs).
func (s *State) Canonical(m *Meters, shelf Shelf) ([]byte, error) {
	if !s.Settled(m) {
		return nil, errUnsettled
	}
	ids, err := s.ids(shelf)
	if err != nil {
		return nil, err
	}
	t, err := s.Tally(shelf)
	if err != nil {
		return nil, err
	}
	b := binary.AppendUvarint(nil, uint64(s.entries))
	b = binary.AppendVarint(b, int64(s.first))
	b = binary.AppendVarint(b, int64(s.high))
	if len(ids) != s.entries {
		return nil, fmt.Errorf("ledger of %s counts %d entries and remembers %d ids", s.Lead, s.entries, len(ids))
	}
	for _, x := range ids {
		b = binary.LittleEndian.AppendUint64(b, x.key)
		b = append(b, x.check)
	}
	for _, k := range s.revoked {
		b = binary.LittleEndian.AppendUint64(b, k)
	}
	w := bitWriter{out: b}
	putTally(&w, t)
	before := s.registers[:0:0]
	for i := range s.registers {
		r := &s.registers[i]
		if len(before) == 0 {
			r.put(&w, 0, s.high)
		} else {
			r.put(&w, before[0].signal, s.high)
		}
		before = s.registers[i : i+1]
	}
	return w.flush(), nil
}

// AllRefs names the records of pages, runs and id blocks that the state points
// to: what a merge of two long logs and a check want.
func (s *State) AllRefs() []Ref {
	var refs []Ref
	for _, p := range s.pages {
		refs = append(refs, p.page())
	}
	for _, p := range s.runs {
		refs = p.refs(refs)
	}
	return refs
}

// ids are all that the log remembers, ascending.
func (s *State) ids(shelf Shelf) ([]id, error) {
	var ids []id
	add := func(entries []Entry) {
		for i := range entries {
			ids = append(ids, id{entries[i].Key, byte(entries[i].PayloadHash)})
		}
	}
	add(s.tail)
	for _, p := range s.pages {
		entries, err := s.page(p, shelf)
		if err != nil {
			return nil, err
		}
		add(entries)
	}
	for _, p := range s.runs {
		r, err := p.load(shelf, true)
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.ids...)
	}
	slices.SortFunc(ids, func(a, b id) int { return cmp.Compare(a.key, b.key) })
	return ids, nil
}
