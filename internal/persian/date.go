package persian

import (
	"fmt"
	"time"

	"github.com/jalaali/go-jalaali"
)

var months = [12]string{"فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"}

// weekdays by time.Weekday, Sunday first; the week itself begins on Saturday.
var weekdays = [7]string{"یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه"}

// Date is a day of the Jalali calendar.
type Date struct{ Year, Month, Day int }

// DateOf is the Jalali date of an instant in a zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	jy, jm, jd, err := jalaali.ToJalaali(y, m, d)
	if err != nil {
		return Date{} // unreachable for any year that a time of ours can have (from -61 to 3177 Jalali)
	}
	return Date{jy, int(jm), jd}
}

// Gregorian is the same day as a time at midnight UTC. The error says that
// there is no such day.
func (d Date) Gregorian() (time.Time, error) {
	y, m, day, err := jalaali.ToGregorian(d.Year, jalaali.Month(d.Month), d.Day)
	t := time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
	if err == nil && DateOf(t, time.UTC) != d {
		err = fmt.Errorf("no such day")
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("jalali date %04d-%02d-%02d: %w", d.Year, d.Month, d.Day, err)
	}
	return t, nil
}

// FormatDate writes a date as people say it: سه‌شنبه ۳ آذر ۱۴۰۵.
func FormatDate(t time.Time, zone *time.Location) string {
	long := Long(t, zone)
	if long == "" {
		return ""
	}
	return Weekday(t, zone) + " " + long
}

// Weekday names the day of the week: سه‌شنبه.
func Weekday(t time.Time, zone *time.Location) string { return weekdays[t.In(zone).Weekday()] }

// Long writes a date without the day of the week: ۳ آذر ۱۴۰۵.
func Long(t time.Time, zone *time.Location) string {
	d := DateOf(t, zone)
	if d.Month == 0 {
		return ""
	}
	return DayMonth(t, zone) + " " + Digits(fmt.Sprint(d.Year))
}

// DayMonth writes day and month alone: ۳ آذر.
func DayMonth(t time.Time, zone *time.Location) string {
	d := DateOf(t, zone)
	if d.Month == 0 {
		return ""
	}
	return Digits(fmt.Sprint(d.Day)) + " " + months[d.Month-1]
}

// FormatTime adds the hour: سه‌شنبه ۳ آذر ۱۴۰۵، ۱۴:۳۰.
func FormatTime(t time.Time, zone *time.Location) string {
	return FormatDate(t, zone) + "، " + Digits(t.In(zone).Format("15:04"))
}

// Short writes a date in digits, year first: ۱۴۰۵/۰۹/۰۳.
func Short(t time.Time, zone *time.Location) string {
	d := DateOf(t, zone)
	return Digits(fmt.Sprintf("%04d/%02d/%02d", d.Year, d.Month, d.Day))
}

// WeekStart is the Saturday on or before the day of t, at midnight in zone.
func WeekStart(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	back := (int(t.In(zone).Weekday()) + 1) % 7
	return time.Date(y, m, d-back, 0, 0, 0, 0, zone)
}
