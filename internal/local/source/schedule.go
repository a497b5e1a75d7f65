package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schedule is a schedule expression of EventBridge Scheduler.
type Schedule struct {
	every time.Duration // rate
	at    time.Time     // at
	cron  *cron
	where *time.Location
}

// ParseSchedule reads rate(…), cron(…) and at(…).
func ParseSchedule(expression, timezone string) (Schedule, error) {
	where, err := time.LoadLocation(timezone)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule %s: %w", expression, err)
	}
	s := Schedule{where: where}
	kind, rest, ok := strings.Cut(strings.TrimSpace(expression), "(")
	body, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return s, fmt.Errorf("schedule %q is none of rate(…), cron(…), at(…)", expression)
	}
	switch kind {
	case "rate":
		n, unit, _ := strings.Cut(strings.TrimSpace(body), " ")
		count, err := strconv.Atoi(n)
		one, known := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.TrimSuffix(strings.TrimSpace(unit), "s")]
		if err != nil || count < 1 || !known {
			return s, fmt.Errorf("schedule %q: a rate is a number and minutes, hours or days", expression)
		}
		s.every = time.Duration(count) * one
	case "cron":
		if s.cron, err = parseCron(body); err != nil {
			return s, fmt.Errorf("schedule %q: %w", expression, err)
		}
	case "at":
		if s.at, err = time.ParseInLocation("2006-01-02T15:04:05", body, where); err != nil {
			return s, fmt.Errorf("schedule %q: %w", expression, err)
		}
	default:
		return s, fmt.Errorf("schedule %q is none of rate(…), cron(…), at(…)", expression)
	}
	return s, nil
}

// Every is the period of a rate, and 0 for others.
func (s Schedule) Every() time.Duration { return s.every }

// Next is the first tick after t; the zero time when there is none. A rate
// ticks at whole multiples of itself, so that it does so at the same times in
// each run. An hour that a change of the clocks skips has no tick.
func (s Schedule) Next(t time.Time) time.Time {
	switch {
	case s.every > 0:
		return t.UTC().Truncate(s.every).Add(s.every)
	case s.cron != nil:
		return s.cron.next(t.In(s.where))
	case s.at.After(t):
		return s.at
	}
	return time.Time{}
}

// cron is minute, hour, day of month, month, day of week, year; the days of the
// week are 1 (Sunday) to 7.
type cron struct {
	minutes, hours, months, years set
	days                          set
	lastDay                       bool
	weekdays                      set
	lastWeekday                   int    // "6L": the last Friday
	nth                           [2]int // "6#3": the third Friday
}

type set map[int]bool // nil: any

func (s set) has(n int) bool { return s == nil || s[n] }

func parseCron(body string) (*cron, error) {
	f := strings.Fields(body)
	if len(f) != 6 {
		return nil, fmt.Errorf("a cron has 6 fields, this has %d", len(f))
	}
	if (f[2] == "?") == (f[4] == "?") {
		return nil, fmt.Errorf("exactly one of day of month and day of week is ?")
	}
	c := &cron{}
	var err error
	read := func(field string, low, high int, names ...string) set {
		s, e := parseField(field, low, high, names)
		if e != nil && err == nil {
			err = e
		}
		return s
	}
	c.minutes, c.hours = read(f[0], 0, 59), read(f[1], 0, 23)
	if f[2] == "L" {
		c.lastDay = true
	} else {
		c.days = read(f[2], 1, 31)
	}
	c.months = read(f[3], 1, 12, "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
	week := []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	if day, ok := strings.CutSuffix(f[4], "L"); ok && day != "" {
		for n := range read(day, 1, 7, week...) {
			c.lastWeekday = n
		}
	} else if day, n, ok := strings.Cut(f[4], "#"); ok {
		count, e := strconv.Atoi(n)
		if e != nil || count < 1 || count > 5 {
			return nil, fmt.Errorf("%s: the number after # is 1 to 5", f[4])
		}
		for d := range read(day, 1, 7, week...) {
			c.nth = [2]int{d, count}
		}
	} else {
		c.weekdays = read(f[4], 1, 7, week...)
	}
	c.years = read(f[5], 1970, 2199)
	return c, err
}

func parseField(field string, low, high int, names []string) (set, error) {
	if field == "*" || field == "?" {
		return nil, nil
	}
	number := func(s string) (int, error) {
		if i := slices.Index(names, strings.ToUpper(s)); i >= 0 {
			return i + low, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, fmt.Errorf("%q is not from %d to %d", s, low, high)
		}
		return n, nil
	}
	out := set{}
	for _, part := range strings.Split(field, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("%q: after / comes a number", part)
			}
			step = n
		}
		from, to := low, high
		if first, last, ranged := strings.Cut(span, "-"); span != "*" {
			var err error
			if from, err = number(first); err != nil {
				return nil, err
			}
			if ranged {
				if to, err = number(last); err != nil {
					return nil, err
				}
			} else if !stepped {
				to = from
			}
		}
		for n := from; n <= to; n += step {
			out[n] = true
		}
	}
	return out, nil
}

func (c *cron) next(t time.Time) time.Time {
	year, month, day := t.Date()
	for range 366 * 10 { // days to look at
		at := time.Date(year, month, day, 12, 0, 0, 0, t.Location())
		if c.on(at) {
			for hour := range 24 {
				if !c.hours.has(hour) {
					continue
				}
				for minute := range 60 {
					tick := time.Date(year, month, day, hour, minute, 0, 0, t.Location())
					if c.minutes.has(minute) && tick.After(t) && tick.Hour() == hour && tick.Minute() == minute {
						return tick
					}
				}
			}
		}
		year, month, day = at.AddDate(0, 0, 1).Date()
	}
	return time.Time{}
}

func (c *cron) on(day time.Time) bool {
	if !c.years.has(day.Year()) || !c.months.has(int(day.Month())) || !c.days.has(day.Day()) {
		return false
	}
	inLastWeek := day.AddDate(0, 0, 7).Month() != day.Month()
	weekday := int(day.Weekday()) + 1
	switch {
	case c.lastDay:
		return day.AddDate(0, 0, 1).Month() != day.Month()
	case c.lastWeekday > 0:
		return weekday == c.lastWeekday && inLastWeek
	case c.nth[0] > 0:
		return weekday == c.nth[0] && (day.Day()-1)/7+1 == c.nth[1]
	}
	return c.weekdays.has(weekday)
}

// Input is what a schedule gives its function, with the placeholders of
// EventBridge Scheduler filled in.
func Input(input, arn, id string, at time.Time, attempt int) []byte {
	if input == "" {
		input = "{}"
	}
	return []byte(strings.NewReplacer(
		"<aws.scheduler.scheduled-time>", at.UTC().Format("2006-01-02T15:04:05Z"),
		"<aws.scheduler.schedule-arn>", arn,
		"<aws.scheduler.execution-id>", id,
		"<aws.scheduler.attempt-number>", strconv.Itoa(attempt),
	).Replace(input))
}
