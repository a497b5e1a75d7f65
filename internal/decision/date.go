package decision

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// grace is for how many days after its own a date still lets somebody in: a
// review may come late, and so may the date itself.
const grace = 3

// Dates keeps the dates of a profile that let people into tracks in the lead's
// memory, and gives it back. Which day will come next is then known without
// the profile.
func (p *Plan) Dates(memory []byte, date func(attribute string) (activity.Day, bool)) []byte {
	if len(p.dates) == 0 {
		return memory
	}
	m := decodeMemory(memory)
	for _, name := range p.dates {
		k := m.mark(dateID(name))
		k.state, k.since = 0, 0
		if day, ok := date(name); ok {
			k.state, k.since = 1, day // a mark that says so also holds day 0
		}
	}
	return m.encode()
}

// holds tells whether the day of a date has come, and not long ago.
func (g *trigger) holds(m *memory, today activity.Day) bool {
	day, ok := g.last(m, today)
	return ok && today <= day+grace
}

// change is the next day on which holds may say something else; 0 is never.
func (g *trigger) change(m *memory, today activity.Day) activity.Day {
	if g.Date == "" {
		return 0
	}
	if day, ok := g.last(m, today); ok && today <= day+grace {
		return day + grace + 1
	}
	k := m.look(g.dated)
	if k.state == 0 {
		return 0
	}
	if g.Yearly == "" {
		if day := k.since + activity.Day(g.Days); day > today {
			return day
		}
		return 0
	}
	for year := -1; year <= 2; year++ {
		if day := g.in(k.since, today, year); day > today {
			return day
		}
	}
	return 0
}

// last is the newest day at or before today to which the date comes.
func (g *trigger) last(m *memory, today activity.Day) (activity.Day, bool) {
	k := m.look(g.dated)
	if k.state == 0 {
		return 0, false
	}
	if g.Yearly == "" {
		day := k.since + activity.Day(g.Days)
		return day, day <= today
	}
	for year := 2; year >= -2; year-- {
		if day := g.in(k.since, today, year); day <= today {
			return day, true
		}
	}
	return 0, false
}

// in is the day of a yearly date, moved as the trigger says, so many years
// after that of today. A date that a year does not have, such as the last of
// Esfand in most, is the last day of its month or the first of the next.
func (g *trigger) in(date, today activity.Day, years int) activity.Day {
	days := activity.Day(g.Days)
	if g.Yearly == nurture.Gregorian {
		d, now := date.Date(), today.Date()
		return activity.Day(time.Date(now.Year()+years, d.Month(), d.Day(), 0, 0, 0, 0, time.UTC).Unix()/86400) + days
	}
	d := persian.DateOf(date.Date(), time.UTC)
	d.Year = persian.DateOf(today.Date(), time.UTC).Year + years
	t, err := d.Gregorian()
	if err != nil {
		d.Day--
		if t, err = d.Gregorian(); err != nil {
			return 0 // no year of the calendar
		}
	}
	return activity.DayOf(t, time.UTC) + days
}
