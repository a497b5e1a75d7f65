package ledger

import (
	"cmp"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Cell counts how often a signal was seen on a day. For Manual, Day is the last
// day on which the points hold (0 for ever) and Count is the points.
type Cell struct {
	Signal signal.Number
	Day    activity.Day
	Count  int
}

// Tally is a commutative monoid: cells ascending by (signal, day), no cell of 0.
type Tally []Cell

func byPlace(a, b Cell) int {
	return cmp.Or(cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.Day, b.Day))
}

// Sum adds cells in any order.
func Sum(cells []Cell) Tally {
	slices.SortFunc(cells, byPlace)
	out := cells[:0]
	for _, c := range cells {
		if n := len(out); n > 0 && byPlace(out[n-1], c) == 0 {
			out[n-1].Count += c.Count
		} else {
			out = append(out, c)
		}
	}
	return slices.DeleteFunc(out, func(c Cell) bool { return c.Count == 0 })
}

// cellsOf appends what an entry adds to the tally, and what it takes out.
func cellsOf(e *Entry, out []Cell) []Cell {
	if !e.Revoked {
		for _, h := range e.Hits {
			out = append(out, Cell{h, e.Day, 1})
		}
		if e.Points != 0 {
			out = append(out, Cell{Manual, e.Until, e.Points})
		}
	}
	for _, h := range e.undoHits {
		out = append(out, Cell{h, e.undoDay, -1})
	}
	if e.undoPoints != 0 {
		out = append(out, Cell{Manual, e.undoUntil, -e.undoPoints})
	}
	return out
}

// TallyOf is the tally of entries.
func TallyOf(entries []Entry) Tally {
	var cells []Cell
	for i := range entries {
		cells = cellsOf(&entries[i], cells)
	}
	return Sum(cells)
}

// putTally writes about half a byte a cell where days are dense.
func putTally(w *bitWriter, t Tally) {
	for i := 0; i < len(t); {
		n := i
		for n < len(t) && t[n].Signal == t[i].Signal {
			n++
		}
		var before signal.Number
		if i > 0 {
			before = t[i-1].Signal
		}
		w.golomb(uint64(t[i].Signal-before), 0)
		w.golomb(uint64(n-i), 2)
		day := activity.Day(0)
		for j := i; j < n; j++ {
			if j == i {
				w.golomb(zigzag(int64(t[j].Day)), 14)
			} else {
				w.golomb(uint64(t[j].Day-day-1), 1)
			}
			day = t[j].Day
			w.golomb(zigzag(int64(t[j].Count)-1), 0)
		}
		i = n
	}
	w.golomb(0, 0) // no signal: the end
}

func readTally(r *bitReader) Tally {
	var t Tally
	number := uint64(0)
	for {
		step := r.golomb(0)
		if r.bad || step == 0 {
			return t
		}
		if number += step; number > uint64(Manual) {
			r.bad = true
			return t
		}
		n := r.golomb(2)
		day := int64(0)
		for j := uint64(0); j < n && !r.bad; j++ {
			if j == 0 {
				day = unzigzag(r.golomb(14))
			} else {
				day += int64(r.golomb(1)) + 1
			}
			count := unzigzag(r.golomb(0)) + 1
			if day > maxDay || day < -maxDay || count == 0 || count > 1<<31 || count < -1<<31 {
				r.bad = true
				return t
			}
			t = append(t, Cell{signal.Number(number), activity.Day(day), int(count)})
		}
	}
}

const maxDay = 1 << 22 // the year 13,000: far enough, and day arithmetic cannot wrap
