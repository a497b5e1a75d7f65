package nurture

import (
	"fmt"
	"time"
)

// calendar is a Calendar made ready for questions.
type calendar struct {
	open        [7]bool
	from, until time.Duration
	closed      map[string]Text // "2006-01-02" → why
	any         bool
}

func compileCalendar(c Calendar) (calendar, error) {
	k := calendar{from: time.Duration(c.From) * time.Minute, until: time.Duration(c.Until) * time.Minute, closed: map[string]Text{}}
	for _, d := range c.Open {
		if d < time.Sunday || d > time.Saturday {
			return k, fmt.Errorf("weekday %d: 0 is Sunday, 6 Saturday", d)
		}
		k.open[d] = true
	}
	k.any = len(c.Open) > 0
	if k.any && (c.From < 0 || c.Until > 24*60 || c.From >= c.Until) {
		return k, fmt.Errorf("hours from minute %d until %d: from comes before until, within one day", c.From, c.Until)
	}
	for _, r := range c.Closed {
		from, err := time.Parse(time.DateOnly, r.From)
		if err != nil {
			return k, fmt.Errorf("closed %q: a date is written 2026-03-20", r.From)
		}
		until, err := time.Parse(time.DateOnly, r.Until)
		if r.Until == "" {
			until, err = from, nil
		}
		if err != nil || until.Before(from) || until.Sub(from) > 366*24*time.Hour {
			return k, fmt.Errorf("closed %s until %q: the end is a date on or after the start, at most a year later", r.From, r.Until)
		}
		for d := from; !d.After(until); d = d.AddDate(0, 0, 1) {
			k.closed[d.Format(time.DateOnly)] = r.Name
		}
	}
	return k, nil
}

// horizon bounds the search for an open hour: a calendar that is closed for
// longer is a mistake, and the mail is then held for that long and looked at
// again.
const horizon = 400

// next gives the first instant at or after t that is open in zone, and why t
// itself was not: "" when it was. A calendar without open days never closes.
//
// Local days are walked by date and the opening instant is found by stepping
// in UTC: a local time that a clock change skips or repeats cannot be built
// safely from its parts.
func (k calendar) next(t time.Time, zone *time.Location) (time.Time, string) {
	if !k.any {
		return t, ""
	}
	why := ""
	at := t
	for range horizon {
		local := at.In(zone)
		y, m, d := local.Date()
		key := local.Format(time.DateOnly)
		_, holiday := k.closed[key]
		clock := timeOfDay(local)
		switch {
		case holiday:
			why = first(why, because(Holiday, key))
		case !k.open[local.Weekday()]:
			why = first(why, Weekend)
		case clock < k.from:
			why = first(why, QuietHours)
			return k.opening(at, zone), why
		case clock < k.until:
			return at, why
		default:
			why = first(why, QuietHours)
		}
		at = dayStart(y, m, d+1, zone)
	}
	return at, why
}

// opening steps from at, a closed hour of an open day, to the first instant of
// the same day inside the hours.
func (k calendar) opening(at time.Time, zone *time.Location) time.Time {
	day := at.In(zone).Day()
	// A quarter of an hour divides every offset in use; minutes finish.
	for _, step := range []time.Duration{15 * time.Minute, time.Minute, time.Second} {
		for {
			n := at.Add(step).In(zone)
			if n.Day() != day || timeOfDay(n) >= k.from {
				break
			}
			at = n
		}
	}
	if n := at.Add(time.Second); timeOfDay(at.In(zone)) < k.from {
		return n.UTC()
	}
	return at.UTC()
}

// add gives the instant that lies the given open time after at.
func (k calendar) add(at time.Time, d time.Duration, zone *time.Location) time.Time {
	if !k.any {
		return at.Add(d)
	}
	for range horizon {
		at, _ = k.next(at, zone)
		left := k.until - timeOfDay(at.In(zone))
		if d <= left {
			return at.Add(d)
		}
		d -= left
		at = at.Add(left)
	}
	return at
}

func timeOfDay(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}

// dayStart is the first instant of a local date: midnight, or what follows the
// gap where midnight does not exist.
func dayStart(y int, m time.Month, d int, zone *time.Location) time.Time {
	want := time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	for t.In(zone).Day() != want.Day() {
		t = t.Add(15 * time.Minute)
	}
	// Date may have landed after the first instant of a repeated midnight.
	for {
		p := t.Add(-15 * time.Minute)
		if p.In(zone).Day() != want.Day() {
			return t.UTC()
		}
		t = p
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
