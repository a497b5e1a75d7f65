package nurture

import (
	"testing"
	"time"
	_ "time/tzdata"
)

var zones = []string{"Asia/Tehran", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "Asia/Beirut", "America/Santiago", "Pacific/Apia", "UTC", "America/St_Johns"}

// open is the calendar's rule said again, minute by minute, without search.
func open(c Calendar, t time.Time, zone *time.Location) bool {
	l := t.In(zone)
	day := l.Format(time.DateOnly)
	for _, r := range c.Closed {
		if day >= r.From && day <= r.Until {
			return false
		}
	}
	minute := l.Hour()*60 + l.Minute()
	for _, d := range c.Open {
		if d == l.Weekday() {
			return minute >= c.From && minute < c.Until
		}
	}
	return false
}

var irWeek = []time.Weekday{time.Saturday, time.Sunday, time.Monday, time.Tuesday, time.Wednesday}

func TestTheNextOpenInstantIsTheFirstOneThatTheRuleAllowsAcrossClockChanges(t *testing.T) {
	configs := []Calendar{
		{Open: irWeek, From: 9 * 60, Until: 19 * 60, Closed: []Closed{{From: "2026-03-20", Until: "2026-04-02"}}},
		{Open: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, From: 0, Until: 90},
		{Open: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, From: 2*60 + 30, Until: 4 * 60},
	}
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range configs {
			k, err := compileCalendar(c)
			if err != nil {
				t.Fatal(err)
			}
			for at := time.Date(2026, 1, 1, 0, 7, 0, 0, time.UTC); at.Year() == 2026; at = at.Add(31*time.Hour + 13*time.Minute) {
				got, why := k.next(at, zone)
				if !open(c, got, zone) {
					t.Fatalf("%s: from %s the mail would leave at %s, which is closed", name, at, got.In(zone))
				}
				if (why == "") != open(c, at, zone) {
					t.Fatalf("%s: at %s the reason is %q, open %v", name, at, why, open(c, at, zone))
				}
				if got.Sub(at) > 72*time.Hour && at.Month() > 4 {
					t.Fatalf("%s: from %s to %s is longer than a weekend", name, at, got)
				}
				for m := at.Truncate(time.Minute).Add(time.Minute); m.Before(got.Truncate(time.Minute)); m = m.Add(time.Minute) {
					if open(c, m, zone) {
						t.Fatalf("%s: from %s the first open minute is %s, not %s", name, at, m.In(zone), got.In(zone))
					}
				}
			}
		}
	}
}

func TestWorkingTimeSkipsNightsWeekendsAndHolidays(t *testing.T) {
	tehran, _ := time.LoadLocation("Asia/Tehran")
	k, err := compileCalendar(Calendar{Open: irWeek, From: 9 * 60, Until: 18 * 60, Closed: []Closed{{From: "2026-11-28", Until: "2026-11-28"}}})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 25, 17, 30, 0, 0, tehran) // Wednesday
	want := time.Date(2026, 11, 29, 10, 30, 0, 0, tehran)
	if got := k.add(at, 2*time.Hour, tehran); !got.Equal(want) {
		t.Fatalf("two working hours after %s are %s, want %s", at, got.In(tehran), want)
	}
}

func TestABrokenCalendarIsRefusedInWords(t *testing.T) {
	for _, c := range []Calendar{
		{Open: irWeek, From: 600, Until: 500},
		{Open: []time.Weekday{9}, From: 0, Until: 60},
		{Closed: []Closed{{From: "1405-01-01"}, {From: "yesterday"}}},
		{Closed: []Closed{{From: "2026-05-05", Until: "2026-05-01"}}},
	} {
		if _, err := compileCalendar(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}
