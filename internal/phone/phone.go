// Package phone gives phone numbers one form. Its tables weigh 6 MB, so only
// the function and the tool that meet raw numbers link it.
package phone

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// The faults of a number.
var (
	ErrNotANumber = errors.New("phone: not a number that can be called")
	// ErrFake is a number of the right shape that nobody has: 09120000000.
	ErrFake = errors.New("phone: an obvious placeholder")
)

// Normalize gives a number in E.164 (+989121234567) and whether it is a mobile.
// Digits may be Persian; region (IR) is taken where no country is written.
func Normalize(raw, region string) (e164 string, mobile bool, err error) {
	if len(raw) > 64 {
		return "", false, ErrNotANumber
	}
	s := strings.TrimSpace(persian.Latin(raw))
	n, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", false, ErrNotANumber
	}
	e164 = phonenumbers.Format(n, phonenumbers.E164)
	if placeholder(e164) {
		return "", false, ErrFake
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		mobile = true
	}
	return e164, mobile, nil
}

// placeholder finds what people type to get past a field: one digit seven
// times at the end.
func placeholder(e164 string) bool {
	tail := e164[max(0, len(e164)-7):]
	return strings.Count(tail, tail[:1]) == len(tail)
}

// For gives the shape that package lead asks for.
func For(region string) func(raw string) (string, bool, error) {
	return func(raw string) (string, bool, error) { return Normalize(raw, region) }
}
