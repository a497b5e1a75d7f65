package form

import (
	"errors"
	"strings"

	"github.com/sarnakh/sarnakh/internal/lead"
)

// checkEmail gives an address in the one form in which leads are known, or the
// code of what is wrong. A line break is an attempt on somebody's headers, not
// a slip: it is refused even at the end, where trimming would hide it.
func checkEmail(s string) (address, code string) {
	if strings.ContainsAny(s, "\r\n") {
		return "", "email"
	}
	e, err := lead.NormalizeEmail(s)
	if err != nil {
		var a *lead.AddressError
		if errors.As(err, &a) && a.Code == "smtputf8_unsupported" {
			return "", a.Code
		}
		return "", "email"
	}
	return e.Address(), ""
}
