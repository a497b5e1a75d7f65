package ledger

import "slices"

// Recent gives the newest entries of the log, at least n where the log has as
// many, by (day, time, key). Where it must read for that, it names the record it
// needs next: read it and ask again. It reads pages whole and the newest first,
// so a few are enough for what people look at.
func (s *State) Recent(n int, shelf Shelf) ([]Entry, []Ref, error) {
	log := slices.Clone(s.tail)
	add := func(pages []pointer) ([]Ref, error) {
		for i := len(pages) - 1; i >= 0 && len(log) < n; i-- {
			if _, ok := shelf[pages[i].page()]; !ok {
				return []Ref{pages[i].page()}, nil
			}
			entries, err := s.page(pages[i], shelf)
			if err != nil {
				return nil, err
			}
			log = append(log, entries...)
		}
		return nil, nil
	}
	missing, err := add(s.pages)
	for i := len(s.runs) - 1; i >= 0 && len(log) < n && missing == nil && err == nil; i-- {
		if _, ok := shelf[s.runs[i].run()]; !ok {
			missing = []Ref{s.runs[i].run()}
			break
		}
		r, wrong := s.runs[i].load(shelf, false)
		if wrong != nil {
			return nil, nil, wrong
		}
		missing, err = add(r.pages)
	}
	if missing != nil || err != nil {
		return nil, missing, err
	}
	slices.SortFunc(log, byTime)
	return log, nil, nil
}
