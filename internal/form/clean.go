package form

import (
	"strings"
	"unicode"

	"github.com/sarnakh/sarnakh/internal/persian"
)

// clean makes a text safe to show and to store without changing what it says:
// marks that turn text around are taken out, heaps of combining marks are cut,
// control characters become spaces. The zero-width non-joiner stays: Persian is
// written with it. lines keeps line breaks.
func clean(s string, lines bool) string {
	var b strings.Builder
	marks := 0
	s = strings.ReplaceAll(s, "\r\n", "\n")
	for _, r := range s {
		switch {
		case r == '\n' && lines:
		case unicode.IsControl(r) || r == 0x2028 || r == 0x2029:
			r = ' '
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c, r == 0xfeff:
			continue
		}
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if marks++; marks > 3 {
				continue
			}
		} else {
			marks = 0
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// phoneShape tells whether a text can be a phone number at all; ingest knows
// numbering plans, this does not.
func phoneShape(s string) bool {
	digits := 0
	for i, r := range persian.Latin(s) {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' && i == 0, r == ' ', r == '-', r == '(', r == ')', r == '.', r == '/':
		default:
			return false
		}
	}
	return digits >= 7 && digits <= 15
}
