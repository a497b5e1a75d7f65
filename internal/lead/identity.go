package lead

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Phone normalizes a phone number; package phone has it. It is passed in,
// since its tables are 6 MB that few programs need.
type Phone func(raw string) (e164 string, mobile bool, err error)

// Identify gives the identities of an activity, normalized: the surest first
// (external, email, phone, visitor). Faults lists those that were given and are
// no identity; the others stand.
func Identify(w activity.Who, phone Phone) (ids []Identity, faults []error) {
	if w.External != "" {
		if v, err := external(w.External); err != nil {
			faults = append(faults, err)
		} else {
			ids = append(ids, Identity{ByExternal, v})
		}
	}
	if w.Email != "" {
		if v, err := NormalizeEmail(w.Email); err != nil {
			faults = append(faults, err)
		} else {
			ids = append(ids, Identity{ByEmail, string(v)})
		}
	}
	if w.Phone != "" {
		if v, _, err := phone(w.Phone); err != nil {
			faults = append(faults, err)
		} else {
			ids = append(ids, Identity{ByPhone, v})
		}
	}
	if w.Visitor != "" {
		if v, err := visitor(w.Visitor); err != nil {
			faults = append(faults, err)
		} else {
			ids = append(ids, Identity{ByVisitor, v})
		}
	}
	return ids, faults
}

// external takes an id of another system as it is.
func external(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 128 || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("external id: 1 to 128 bytes without control characters")
	}
	return s, nil
}

// visitor takes the id that the page script made: 16 to 40 of a-z, 0-9.
func visitor(s string) (string, error) {
	if len(s) < 16 || len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return "", fmt.Errorf("visitor id: 16 to 40 characters of a-z and 0-9")
	}
	return s, nil
}
