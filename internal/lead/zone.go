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
