package ledger

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// register is one signal of one lead. Days up to the closed one (the newest day
// of the lead less the plan's depth and one more) are folded into four numbers,
// later days are cells. All of it is a pure function of the tally and the newest
// day: days are closed in their order whatever the order of arrival, and a
// change to a closed day that does not commute makes the state stale until the
// whole tally was read.
//
// The closed day is not stored; used and sum are relative to its window and its
// generation.
type register struct {
	signal signal.Number
	count  int          // of closed days
	last   activity.Day // last closed day on which the signal was seen
	used   int64        // size of the points accepted in the cap window of the closed day
	sum    int64        // points of closed days, weighted; see weights.go
	cells  []day        // open days, ascending
}

type day struct {
	day   activity.Day
	count int
}

func (r *register) empty() bool {
	return r.count == 0 && r.used == 0 && r.sum == 0 && len(r.cells) == 0
}

// roll moves the closed day from a to b, days without points.
func (p *plan) roll(r *register, a, b activity.Day) {
	if p.cap > 0 && p.capDays > 0 && r.used != 0 && p.window(a) != p.window(b) {
		r.used = 0
	}
	if p.table != nil && r.sum != 0 {
		for g := p.generation(b) - p.generation(a); g > 0 && r.sum != 0; g-- {
			r.sum /= 1 << epochBits
		}
	}
}

// limited gives the points of a day before and after its limits, and counts
// what it takes from the window.
func (p *plan) limited(count int, used *int64) (raw, accepted int64) {
	raw = int64(p.Points) * int64(count)
	size := max(raw, -raw)
	if p.limit > 0 {
		size = min(size, p.limit)
	}
	if p.cap > 0 {
		size = max(0, min(size, p.cap-*used))
		*used += size
	}
	if raw < 0 {
		return raw, -size
	}
	return raw, size
}

// add weighs accepted points of a closed day into the sum, which is relative to
// that day's generation.
func (p *plan) add(r *register, d activity.Day, points int64) {
	switch p.Decay.Kind {
	case NoDecay:
		r.sum += points
	case HalfLife:
		r.sum += points * p.weight(d) << (p.epoch(d) - epochBits*p.generation(d))
	}
}

// close folds the days up to b; a is the day closed before.
func (p *plan) close(r *register, a, b activity.Day) {
	n := 0
	for ; n < len(r.cells) && r.cells[n].day <= b; n++ {
		a = p.closeDay(r, a, r.cells[n])
	}
	r.cells = r.cells[n:]
	p.roll(r, a, b)
}

func (p *plan) closeDay(r *register, a activity.Day, c day) activity.Day {
	p.roll(r, a, c.day)
	r.count += c.count
	r.last = c.day
	_, accepted := p.limited(c.count, &r.used)
	p.add(r, c.day, accepted)
	return c.day
}

// closeDerived folds the days up to b of a count signal; of is the register it
// counts, whose cells still reach back far enough.
func (p *plan) closeDerived(r *register, of []day, a, b activity.Day) {
	for i, c := range of {
		if c.day > a && c.day <= b && holdsAt(p.Count, of[:i+1]) {
			a = p.closeDay(r, a, day{c.day, 1})
		}
	}
	p.roll(r, a, b)
}

// holdsAt tells whether a count signal is seen on the day of the last cell.
func holdsAt(c *signal.Count, cells []day) bool {
	last := cells[len(cells)-1].day
	n := 0
	for i := len(cells) - 1; i >= 0 && cells[i].day > last-activity.Day(c.Days); i-- {
		if c.DistinctDays {
			n++
		} else {
			n += cells[i].count
		}
		if n >= c.AtLeast {
			return true
		}
	}
	return false
}

// bump changes the count of an open day.
func (r *register) bump(d activity.Day, by int) {
	i := len(r.cells)
	for i > 0 && r.cells[i-1].day >= d {
		i--
	}
	if i < len(r.cells) && r.cells[i].day == d {
		if r.cells[i].count += by; r.cells[i].count == 0 {
			r.cells = slices.Delete(r.cells, i, i+1)
		}
		return
	}
	r.cells = slices.Insert(r.cells, i, day{d, by})
}

// put writes a register in about six bytes. high is the lead's newest day.
func (r *register) put(w *bitWriter, before signal.Number, high activity.Day) {
	w.golomb(uint64(r.signal-before-1), 0)
	w.golomb(uint64(r.count), 3)
	if r.count != 0 {
		w.golomb(uint64(high-r.last), 3)
	}
	w.golomb(uint64(len(r.cells)), 0)
	at := high + 1
	for i := len(r.cells) - 1; i >= 0; i-- {
		c := r.cells[i]
		if r.signal == Manual { // cells lie in the future, and points may be negative
			w.golomb(zigzag(int64(c.day-high)), 5)
			w.golomb(zigzag(int64(c.count)), 5)
			continue
		}
		w.golomb(uint64(at-c.day-1), 1)
		w.golomb(uint64(c.count-1), 0)
		at = c.day
	}
	if r.used == 0 {
		w.put(0, 1)
	} else {
		w.put(1, 1)
		w.golomb(uint64(r.used-1), 3)
	}
	if r.sum == 0 {
		w.put(0, 1)
	} else {
		w.put(1, 1)
		w.golomb(zigzag(r.sum), 14)
	}
}

func readRegister(b *bitReader, before signal.Number, high activity.Day, cells []day) (register, []day) {
	r := register{}
	step := b.golomb(0) + 1
	if step > uint64(Manual-before) {
		b.bad = true
		return r, cells
	}
	r.signal = before + signal.Number(step)
	if r.count = int(b.golomb(3)); r.count != 0 {
		r.last = high - activity.Day(b.golomb(3)&(2*maxDay-1))
	}
	n := b.golomb(0)
	from := len(cells)
	at := int64(high) + 1
	for ; n > 0 && !b.bad; n-- {
		c := day{}
		if r.signal == Manual {
			at = int64(high) + unzigzag(b.golomb(5))
			c.count = int(unzigzag(b.golomb(5)))
		} else {
			at -= int64(b.golomb(1)) + 1
			c.count = int(b.golomb(0)) + 1
		}
		if at > maxDay || at < -maxDay || c.count == 0 || c.count > 1<<31 || c.count < -1<<31 {
			b.bad = true
			break
		}
		c.day = activity.Day(at)
		cells = append(cells, c)
	}
	slices.Reverse(cells[from:])
	if b.take(1) == 1 {
		r.used = int64(b.golomb(3)) + 1
	}
	if b.take(1) == 1 {
		r.sum = unzigzag(b.golomb(14))
	}
	return r, cells
}
