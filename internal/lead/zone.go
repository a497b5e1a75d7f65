package lead

import (
	"errors"
	"time"
)

// Timezone is the attribute that says where a lead's clock stands, by the name
// of the IANA database: hours of mails are hours of that clock.
const Timezone = "timezone"

// maxZone is more than the longest name of the database has.
const maxZone = 64

// CheckZone tells what is wrong with the name of a time zone. It never repeats
// the name: strangers send it.
func CheckZone(name string) error {
	wrong := errors.New("not the name of a time zone; IANA names are right, such as Asia/Tehran")
	if name == "" || name == "Local" || len(name) > maxZone {
		return wrong // Go reads the first two as UTC and as the machine's own
	}
	if _, err := time.LoadLocation(name); err != nil {
		return wrong
	}
	return nil
}

// ParseTime reads a value of an attribute that is a time: RFC 3339, or a day
// and a time of day without a zone, which are then of the clock in zone.
func ParseTime(s string, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, t.Year() > 0
		}
	}
	return time.Time{}, false
}
