package ledger

import (
	"maps"
	"slices"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

const (
	compactIDs   = 190 // ids in pages that make a run: just under 2 KiB of ids and cells
	compactPages = 16  // long entries: their pointers would fill the item
	pageKiB      = 4   // largest page, when a whole log is laid out at once
)

// Finish encodes the settled state for writing, as version Version+1. When it would
// pass MaxItem, the oldest entries of the tail leave for pages; when there are
// many pages and their bodies are on the shelf, they become a run. All records
// must be put before the item is written, and the item only where the stored
// version is still s.Version. After that write s goes on as the stored state.
func (s *State) Finish(m *Meters, shelf Shelf) (Item, []Record, error) {
	if !s.Settled(m) {
		return Item{}, nil, errUnsettled
	}
	f := fitting{State: s, shelf: shelf}
	if err := f.compact(); err != nil {
		return Item{}, nil, err
	}
	it := s.item()
	for it.Size() > MaxItem && len(s.tail) > 0 {
		f.spill(it.Size() - len(it.Blob) + s.headSize())
		if err := f.compact(); err != nil {
			return Item{}, nil, err
		}
		it = s.item()
	}
	return it, f.records, nil
}

// Stored tells the state that the item which Finish made was written.
func (s *State) Stored() { s.Version++ }

// fitting is one call of Finish.
type fitting struct {
	*State
	shelf   Shelf
	own     bool // shelf is a copy of the caller's
	records []Record
}

func (f *fitting) put(records ...Record) {
	if !f.own {
		f.shelf, f.own = maps.Clone(f.shelf), true
		if f.shelf == nil {
			f.shelf = Shelf{}
		}
	}
	for _, r := range records {
		f.shelf[r.Ref] = r.Body
	}
	f.records = append(f.records, records...)
}

// headSize is what the blob takes beside the tail.
func (s *State) headSize() int {
	tail := s.tail
	s.tail = nil
	n := len(s.blob())
	s.tail = tail
	return n
}

// spill moves the oldest entries to one page of whole KiBs, or, when the tail
// does not fill one, all of them: a page costs a unit a KiB however full.
func (f *fitting) spill(head int) {
	s := f.State
	ends := pageEnds(s.tail)
	room := func(kib int) int { return kib*1024 - 3 - len(s.Lead) - len("p0123456789") }
	all := ends[len(ends)-1]
	n := len(s.tail)
	if all > room(1) {
		// Full pages only: one KiB more where what stays would not fit the item.
		for kib := min(pageKiB, all/1024); kib <= pageKiB; kib++ {
			for n = 0; n < len(ends) && ends[n] <= room(kib); n++ {
			}
			if n == len(ends) || n > 0 && head+all-ends[n-1] <= MaxItem {
				break
			}
		}
		n = max(n, 1) // an entry larger than a page has one to itself
	}
	p, record := newPage(s.Lead, s.tail[:n])
	for _, e := range s.tail[:n] {
		s.filter.add(e.Key)
		s.spilled = max(s.spilled, e.Made)
	}
	s.tail = slices.Clone(s.tail[n:])
	s.pages = append(s.pages, p)
	f.put(record)
}

// pageEnds is the size of a page that ends with each entry.
func pageEnds(entries []Entry) []int {
	var owners []lead.ID
	for i := range entries {
		owners = withOwner(owners, entries[i].Owner)
	}
	size := 2 + len(appendLeads(nil, owners)) + 2
	ends := make([]int, len(entries))
	var b []byte
	at := int64(0)
	for i := range entries {
		b = appendEntry(b[:0], &entries[i], at, owners)
		at = entries[i].At
		size += len(b)
		ends[i] = size
	}
	return ends
}

// due tells from which run on the pages and runs should become one. Runs of up to
// 2.2 times what is gathered go along, so that nothing is written that would at
// once be merged again; 2.2 and not 1 because each run is asked about each id
// that is not time-ordered.
func (s *State) due() (from int, due bool) {
	from = len(s.runs)
	if len(s.filter) < compactIDs && len(s.pages) < compactPages {
		return from, false
	}
	n := len(s.filter)
	for from > 0 && 5*s.runs[from-1].ids <= 11*n && n+s.runs[from-1].ids <= maxRunIDs {
		from--
		n += s.runs[from].ids
	}
	return from, true
}

// compact makes a run of the pages, if that is due and they are at hand. What is
// not at hand is not read for it: the next write will be asked again.
func (f *fitting) compact() error {
	s := f.State
	from, due := s.due()
	if !due || !f.atHand(from) {
		return nil
	}
	out := run{made: s.spilled}
	var cells []Cell
	for _, p := range s.pages {
		entries, err := s.page(p, f.shelf)
		if err != nil {
			return err
		}
		for i := range entries {
			cells = cellsOf(&entries[i], cells)
			out.ids = append(out.ids, id{entries[i].Key, byte(entries[i].PayloadHash)})
		}
		out.pages = append(out.pages, p)
	}
	for _, p := range s.runs[from:] {
		r, err := p.load(f.shelf, true)
		if err != nil {
			return err
		}
		cells = append(cells, r.tally...)
		out.ids = append(out.ids, r.ids...)
		out.pages = append(out.pages, r.pages...)
		f.forget(p)
	}
	out.tally = Sum(cells)
	p, records := newRun(s.Lead, &out)
	s.runs = append(s.runs[:from:from], p)
	s.pages, s.filter, s.ran = nil, nil, s.spilled
	f.put(records...)
	return nil
}

func (f *fitting) atHand(from int) bool {
	for _, p := range f.pages {
		if _, ok := f.shelf[p.page()]; !ok {
			return false
		}
	}
	for _, p := range f.runs[from:] {
		for _, r := range p.refs(nil) {
			if _, ok := f.shelf[r]; !ok {
				return false
			}
		}
	}
	return true
}

// forget drops a run that was made in this call and is already part of a larger
// one. Runs that were stored before stay: another worker may be reading them.
func (f *fitting) forget(p runPointer) {
	refs := p.refs(nil)
	f.records = slices.DeleteFunc(f.records, func(r Record) bool { return slices.Contains(refs, r.Ref) })
}

// Relabel sets the hits of an entry that is still in the tail, as a match against
// other signals found them; false if it is not there.
func (s *State) Relabel(key uint64, hits []signal.Number) bool {
	i := s.inTail(key)
	if i < 0 {
		return false
	}
	s.tail[i].Hits = slices.Clone(hits)
	s.stale = true
	return true
}

// Backfill adds cells of signals that were not among the hits when entries were
// logged: what a match of the pages against other signals found. The cells go
// into a run of their own, so that a later rebuild finds them.
func (s *State) Backfill(t Tally) []Record {
	if len(t) == 0 {
		return nil
	}
	p, records := newRun(s.Lead, &run{tally: t})
	s.runs = append(s.runs, p)
	s.stale, s.backfilled = true, true
	return records
}
