package ledger

import "slices"

// Verdict is whether the log has an id.
type Verdict uint8

const (
	Fresh    Verdict = iota // append it
	Known                   // had it; nothing to do
	Conflict                // had its id with another payload: counted, the first is kept
	Ask                     // only the records named know
)

func (v Verdict) String() string {
	return [...]string{"fresh", "known", "conflict", "ask"}[v&3]
}

// Answer to Seen.
type Answer struct {
	Verdict Verdict
	Refs    []Ref // to read, when the verdict is Ask
}

// Seen tells whether the log has the entry's id, whenever it came. Mostly it
// knows: from the tail; because the id is newer than every spilled one; because
// the filter and the absence of runs say so. Ask: read Refs, then Resolve.
func (s *State) Seen(e *Entry) Answer {
	for i := range s.tail {
		if t := &s.tail[i]; t.Key == e.Key {
			return Answer{Verdict: s.repeated(t.PayloadHash == e.PayloadHash)}
		}
	}
	if refs := s.asks(e); len(refs) > 0 {
		return Answer{Ask, refs}
	}
	return Answer{}
}

// asks names the records outside the tail that may have the id.
func (s *State) asks(e *Entry) []Ref {
	if e.Made != 0 && e.Made > s.spilled {
		return nil
	}
	var refs []Ref
	if s.filter.has(e.Key) {
		for _, p := range s.pages {
			refs = append(refs, p.page())
		}
	}
	if e.Made == 0 || e.Made <= s.ran {
		for _, p := range s.runs {
			refs = append(refs, p.asks(e.Key))
		}
	}
	return refs
}

func (s *State) repeated(same bool) Verdict {
	if same {
		return Known
	}
	s.conflicts++
	return Conflict
}

// Resolve answers what Seen asked with what was read. A ref that is missing on
// the shelf is an error: it is pointed to, so it exists.
func (s *State) Resolve(e *Entry, shelf Shelf) (Verdict, error) {
	if s.filter.has(e.Key) && (e.Made == 0 || e.Made <= s.spilled) {
		for _, p := range s.pages {
			entries, err := s.page(p, shelf)
			if err != nil {
				return Ask, err
			}
			if i := slices.IndexFunc(entries, func(x Entry) bool { return x.Key == e.Key }); i >= 0 {
				return s.repeated(entries[i].PayloadHash == e.PayloadHash), nil
			}
		}
	}
	if e.Made != 0 && e.Made > s.ran {
		return Fresh, nil
	}
	for _, p := range s.runs {
		ids, err := p.around(e.Key, shelf)
		if err != nil {
			return Ask, err
		}
		if i := slices.IndexFunc(ids, func(x id) bool { return x.key == e.Key }); i >= 0 {
			return s.repeated(ids[i].check == byte(e.PayloadHash)), nil
		}
	}
	return Fresh, nil
}

// around gives the run's ids in the hash range of a key.
func (p runPointer) around(key uint64, shelf Shelf) ([]id, error) {
	if p.blocks == 0 {
		r, err := p.load(shelf, false)
		if err != nil {
			return nil, err
		}
		return r.ids, nil
	}
	body, err := p.body(p.asks(key), shelf)
	if err != nil {
		return nil, err
	}
	return readBlock(body)
}
