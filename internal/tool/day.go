package tool

import (
	"fmt"
	"strconv"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// Day reads a day as people write it: 2026-11-01, or 1405-08-10 of the Jalali
// calendar, in digits of either language. "" is 0: no day.
func Day(s string) (activity.Day, error) {
	if s == "" {
		return 0, nil
	}
	wrong := fmt.Errorf("%.20q is no day: 2026-11-01 is right, or 1405-08-10 (Jalali)", s)
	text := persian.Latin(s)
	if len(text) != 10 || (text[4] != '-' && text[4] != '/') || text[7] != text[4] {
		return 0, wrong
	}
	var n [3]int
	for i, part := range []string{text[:4], text[5:7], text[8:]} {
		v, err := strconv.Atoi(part)
		if err != nil {
			return 0, wrong
		}
		n[i] = v
	}
	if n[0] > 1300 && n[0] < 1500 {
		t, err := (persian.Date{Year: n[0], Month: n[1], Day: n[2]}).Gregorian()
		if err != nil {
			return 0, wrong
		}
		return activity.DayOf(t, time.UTC), nil
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, time.UTC)
	if n[0] < 1970 || n[0] > 2200 || int(t.Month()) != n[1] || t.Day() != n[2] {
		return 0, wrong
	}
	return activity.DayOf(t, time.UTC), nil
}
