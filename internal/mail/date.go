package mail

import (
	"maps"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/persian"
)

// dateFormats are what the filter date knows, as Go writes them in English.
var dateFormats = map[string]string{
	"full": "Monday 2 January 2006", "long": "2 January 2006", "day": "2 January", "short": time.DateOnly, "weekday": "Monday",
}

func dateFormatNames() []string {
	return slices.Sorted(maps.Keys(dateFormats))
}

// Years that a date of a lead can be of; another is a slip.
const firstYear, lastYear = 1000, 3000

// sayDate writes the day of a value as people of a locale read it: Jalali in fa,
// Gregorian in en. A value is 2026-11-24, or begins so and is a time, whose day
// is the one that is written. What is none gives "", as a missing value does.
func sayDate(v, format, locale string) string {
	if len(v) > len(time.DateOnly) && v[len(time.DateOnly)] == 'T' {
		v = v[:len(time.DateOnly)]
	}
	t, err := time.Parse(time.DateOnly, v)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return ""
	}
	if locale != "fa" {
		return t.Format(dateFormats[format])
	}
	switch format {
	case "long":
		return persian.Long(t, time.UTC)
	case "day":
		return persian.DayMonth(t, time.UTC)
	case "short":
		return persian.Short(t, time.UTC)
	case "weekday":
		return persian.Weekday(t, time.UTC)
	}
	return persian.FormatDate(t, time.UTC)
}
