package ledger

import (
	"bytes"
	"fmt"

	"github.com/sarnakh/sarnakh/internal/lead"
)

// table is a lead's storage.
type table struct {
	item  Item
	shelf Shelf
	reads int
}

func newTable() *table { return &table{shelf: Shelf{}} }

// write is what ingest does with a batch, in the order of doc.go.
func (x *table) write(m *Meters, id lead.ID, batch []Entry, join ...*State) (*State, error) {
	s := New(id, m)
	if x.item.Version > 0 {
		var err error
		if s, err = Decode(x.item); err != nil {
			return nil, err
		}
	}
	for _, other := range join {
		if err := s.Absorb(other); err != nil {
			return nil, err
		}
	}
	if err := x.settle(m, s); err != nil {
		return nil, err
	}
	for i := range batch {
		e := batch[i]
		v := s.Seen(&e)
		if v.Verdict == Ask {
			x.reads += len(v.Refs)
			var err error
			if v.Verdict, err = s.Resolve(&e, x.only(v.Refs)); err != nil {
				return nil, err
			}
		}
		if v.Verdict == Fresh {
			if err := s.Append(m, e); err != nil {
				return nil, err
			}
		}
	}
	return s, x.store(m, s)
}

// only hides what was not asked for: a caller reads what it is told to.
func (x *table) only(refs []Ref) Shelf {
	out := Shelf{}
	for _, r := range refs {
		if body, ok := x.shelf[r]; ok {
			out[r] = body
		}
	}
	return out
}

func (x *table) settle(m *Meters, s *State) error { _, err := x.gather(m, s); return err }

func (x *table) gather(m *Meters, s *State) (Shelf, error) {
	var read []Ref
	for {
		shelf := x.only(read)
		refs, err := s.Wants(m, shelf)
		if err != nil {
			return nil, err
		}
		if len(refs) == 0 {
			return shelf, s.Settle(m, shelf)
		}
		for _, r := range refs {
			if _, ok := x.shelf[r]; !ok {
				return nil, fmt.Errorf("wants %v, which was never written", r)
			}
		}
		read = append(read, refs...)
		x.reads += len(refs)
	}
}

func (x *table) store(m *Meters, s *State) error {
	shelf, err := x.gather(m, s)
	if err != nil {
		return err
	}
	it, records, err := s.Finish(m, shelf)
	if err != nil {
		return err
	}
	for _, r := range records {
		x.shelf[r.Ref] = bytes.Clone(r.Body)
	}
	it.Blob = bytes.Clone(it.Blob)
	x.item = it
	s.Stored()
	return nil
}

func (x *table) state(t interface{ Fatal(...any) }) *State {
	s, err := Decode(x.item)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func canonical(t interface{ Fatal(...any) }, m *Meters, s *State, shelf Shelf) []byte {
	b, err := s.Canonical(m, shelf)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
