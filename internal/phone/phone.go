// Package phone gives phone numbers one form. Only the function and the tool
// that meet raw numbers link its tables.
package phone

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/sarnakh/sarnakh/internal/persian"
)

// The faults of a number.
var (
	ErrNotANumber = errors.New("phone: not a number that can be called")
	// ErrFake is a number of the right shape that nobody has: 09120000000.
	ErrFake = errors.New("phone: an obvious placeholder")
)

// Normalize gives a number in E.164 (+989121234567) and whether it is a mobile.
// Digits may be Persian; region (IR) is taken where no country is written. An
// extension is left out; letters that stand for digits are not read.
func Normalize(raw, region string) (e164 string, mobile bool, err error) {
	if len(raw) > 64 {
		return "", false, ErrNotANumber
	}
	digits, plus, ok := dialed(persian.Latin(raw))
	if !ok {
		return "", false, ErrNotANumber
	}
	code, national, ok := all().locate(digits, plus, region)
	if !ok {
		return "", false, ErrNotANumber
	}
	valid, mobile := all().sort(code, national)
	if !valid {
		return "", false, ErrNotANumber
	}
	if e164 = "+" + code + national; placeholder(e164) {
		return "", false, ErrFake
	}
	return e164, mobile, nil
}

// extension is what may follow a number.
var extension = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(?:;ext=|(?:e?xt(?:ensi[oó]n)?n?|x|#|~|int|anexo|доб|داخلی|,+|;)[:.]?[ \t,-]*)[0-9]{1,15}#?$`)
})

// dialed gives the digits of a text and whether a plus goes before them.
func dialed(text string) (digits string, plus, ok bool) {
	isPlus := func(r rune) bool { return r == '+' || r == '＋' }
	start := strings.IndexFunc(text, func(r rune) bool { return isPlus(r) || unicode.IsDigit(r) })
	if start < 0 {
		return "", false, false
	}
	text = strings.TrimRightFunc(text[start:], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '#' })
	var b strings.Builder
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '０' && r <= '９':
			b.WriteRune('0' + r - '０')
		case isPlus(r) && b.Len() == 0 && (i == 0 || plus):
			plus = true
		case strings.ContainsRune("-‐‑‒–—―−ー－．／ \u00a0\u00ad\u200b\u2060\u3000()（）［］.[]/*\t", r):
		default:
			if b.Len() < 3 || !extension().MatchString(text[i:]) {
				return "", false, false
			}
			return b.String(), plus, true
		}
	}
	return b.String(), plus, b.Len() >= 2
}

// Bounds of a national number.
const (
	shortest = 2
	longest  = 17 // 15 by the rule; there are longer ones
)

// locate finds the calling code and the national number in what is dialed from
// a region.
func (t *plans) locate(digits string, plus bool, region string) (code, national string, ok bool) {
	home := t.of(region)
	code, national, ok = t.coded(digits, plus, home)
	if plus && !ok && len(digits) > shortest { // a plus before a number that is not international
		code, national, ok = t.coded(digits, false, home)
		ok = ok && code != ""
	}
	if !ok || code == "" && home == nil {
		return "", "", false
	}
	at := home // whose plan the number follows
	if code == "" {
		code, national = home.code, digits
	} else if main := t.byCode[code][0]; main != region {
		at = t.of(main)
	}
	if len(national) < shortest {
		return "", "", false
	}
	if short := at.withoutTrunk(national); at.length(short) != impossible {
		national = short
	}
	return code, national, len(national) >= shortest && len(national) <= longest
}

// coded takes the calling code off a number that has one: after a plus, after
// what is dialed to call abroad, or with neither where it makes good what was
// no number at home. Without a code, code is "".
func (t *plans) coded(digits string, plus bool, home *plan) (code, national string, ok bool) {
	abroad, rest := plus, digits
	if !plus && home != nil && home.abroad != nil {
		if at := home.abroad.FindStringIndex(digits); at != nil && (at[1] == len(digits) || digits[at[1]] != '0') {
			abroad, rest = true, digits[at[1]:]
		}
	}
	if abroad {
		if len(rest) <= shortest {
			return "", "", false
		}
		code, national = t.split(rest)
		return code, national, code != ""
	}
	if home == nil || !strings.HasPrefix(digits, home.code) {
		return "", "", true
	}
	inside := home.withoutTrunk(digits[len(home.code):])
	if !home.good(digits) && home.good(inside) || home.length(digits) == tooLong {
		return home.code, inside, true
	}
	return "", "", true
}

// split takes the calling code off an international number.
func (t *plans) split(number string) (code, national string) {
	for n := 1; n <= 3 && n <= len(number); n++ {
		if _, ok := t.byCode[number[:n]]; ok {
			return number[:n], number[n:]
		}
	}
	return "", ""
}

// sort tells whether a national number under a code is one, and a mobile's.
func (t *plans) sort(code, national string) (valid, mobile bool) {
	regions := t.byCode[code]
	for _, r := range regions {
		p := t.of(r)
		if len(regions) > 1 && p.leading != nil {
			if !p.leading.MatchString(national) {
				continue
			}
			return p.sort(national)
		}
		if valid, mobile = p.sort(national); valid {
			return valid, mobile
		}
	}
	return false, false
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
