package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/persian"
)

var weekdayNames = []string{"saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"}

// readCalendar reads the two weeks of open hours, and the days that are closed
// for both or for one of them. Dates may be Jalali (1405-01-13) or Gregorian
// (2026-04-02).
func (r *reader) readCalendar() {
	v := r.sections["calendar"]
	if v == nil || !r.fields(v, "mail", "calls", "closed") {
		return
	}
	n := &r.p.Nurture
	n.Calendar, n.Calls = r.week(v.get("mail")), r.week(v.get("calls"))
	for i, c := range r.list(v.get("closed")) {
		if i >= 500 {
			r.fault(c.place, "more than 500 closed ranges", "remove the past ones")
			return
		}
		if !r.fields(c, "on", "from", "until", "title", "lunar", "only") {
			continue
		}
		k := nurture.Closed{Name: r.titled(c.get("title"))}
		r.yes(c.get("lunar")) // a remark for people: the day depends on the moon
		first := c.get("on")
		if first == nil {
			first = c.get("from")
		}
		if k.From = r.date(first); first == nil {
			r.fault(c.place, "the date is missing", "give on, or from and until")
		}
		if k.Until = k.From; c.get("until") != nil {
			k.Until = r.date(c.get("until"))
		}
		if k.From != "" && k.Until != "" && k.Until < k.From {
			r.fault(c.get("until").place, "it ends before it begins", "until is the last closed day")
			continue
		}
		switch r.choice(c.get("only"), "mail", "calls") {
		case "mail":
			n.Calendar.Closed = append(n.Calendar.Closed, k)
		case "calls":
			n.Calls.Closed = append(n.Calls.Closed, k)
		default:
			n.Calendar.Closed = append(n.Calendar.Closed, k)
			n.Calls.Closed = append(n.Calls.Closed, k)
		}
	}
}

// holidaysAhead is how long before its end a list of holidays is asked for.
const holidaysAhead = 30 * 24 * time.Hour

// checkHolidays warns before the list of closed days runs out: after its end
// every holiday would be a day like others.
func (r *reader) checkHolidays(now time.Time) {
	last := ""
	for _, c := range slices.Concat(r.p.Nurture.Calendar.Closed, r.p.Nurture.Calls.Closed) {
		last = max(last, c.Until) // written 2026-03-21: as text they are in order
	}
	end, err := time.Parse(time.DateOnly, last)
	if err != nil || now.IsZero() || now.Add(holidaysAhead).Before(end.AddDate(0, 0, 1)) {
		return
	}
	r.warn(r.sections["calendar"].get("closed").place, fmt.Sprintf("the list of closed days ends on %s (%s)", last, persian.FormatDate(end, time.UTC)),
		"add the holidays of the next year, or mails and calls will go out on them")
}

func (r *reader) week(v *value) (c nurture.Calendar) {
	if !r.fields(v, "open", "from", "until") {
		return c
	}
	for _, i := range r.list(v.get("open")) {
		if s := r.choice(i, weekdayNames...); s != "" {
			for d, name := range weekdayNames {
				if name == s {
					c.Open = append(c.Open, time.Weekday((d+6)%7))
				}
			}
		}
	}
	c.From, c.Until = r.clock(v.get("from"), 0), r.clock(v.get("until"), 24*60)
	if c.From >= c.Until {
		r.fault(v.place, "it closes before it opens", "from comes before until, within one day")
	}
	return c
}

// clock reads "09:30" as minutes after midnight.
func (r *reader) clock(v *value, without int) int {
	s := r.text(v)
	if s == "" {
		return without
	}
	h, m, ok := strings.Cut(s, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hour < 0 || hour > 24 || minute < 0 || minute > 59 || hour*60+minute > 24*60 {
		r.fault(v.place, fmt.Sprintf("%q is no time of day", clip(s)), `"09:00" is right, in quotes`)
		return without
	}
	return hour*60 + minute
}

// date reads a Jalali or Gregorian date as 2026-03-21.
func (r *reader) date(v *value) string {
	s := persian.Latin(r.text(v))
	if s == "" {
		return ""
	}
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		year, err1 := strconv.Atoi(s[:4])
		month, err2 := strconv.Atoi(s[5:7])
		day, err3 := strconv.Atoi(s[8:])
		if err1 == nil && err2 == nil && err3 == nil {
			if year > 1300 && year < 1500 {
				if t, err := (persian.Date{Year: year, Month: month, Day: day}).Gregorian(); err == nil {
					return t.Format(time.DateOnly)
				}
			} else if t, err := time.Parse(time.DateOnly, s); err == nil && year > 2000 && year < 2200 {
				return t.Format(time.DateOnly)
			}
		}
	}
	r.fault(v.place, fmt.Sprintf("%q is no date", clip(s)), "1405-01-13 (Jalali) or 2026-04-02 is right")
	return ""
}
