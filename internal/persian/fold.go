// Package persian is what the house knows of Persian text: one form in which
// spellings that look alike are alike, digits, and the Jalali calendar. What a
// person typed is kept as typed; the folded form is only for comparing.
package persian

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold gives the form of a text in which it is compared: lower case, one yeh,
// kaf and heh, plain alef, Latin digits, no diacritics, tatweel, joiners or
// direction marks, single spaces. The rules are those of Lucene's
// PersianNormalizer and ArabicNormalizer, with digits and joiners besides.
func Fold(s string) string { return string(AppendFold(make([]byte, 0, len(s)), s)) }

// AppendFold appends the folded form to b. It allocates only where b grows, or
// where a text has presentation forms (as some PDF readers copy them).
func AppendFold(b []byte, s string) []byte {
	if strings.ContainsFunc(s, composes) {
		s = norm.NFKC.String(s)
	}
	start := len(b)
	space := false
	for _, r := range s {
		r = foldRune(r)
		switch {
		case r < 0:
			continue
		case unicode.IsSpace(r):
			space = len(b) > start
			continue
		case space:
			b = append(b, ' ')
			space = false
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}

// composes tells the runes for whose sake a text is normalized first: marks that
// join the letter before them, presentation forms, full-width letters.
func composes(r rune) bool {
	return r >= 0x0300 && (r <= 0x036F || r >= 0x0653 && r <= 0x0655 || r >= 0xFB00 && r <= 0xFEFC || r >= 0xFF00 && r <= 0xFFEF)
}

// foldRune gives the rune that stands for r, -1 for none.
func foldRune(r rune) rune {
	if r < 0x80 {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return -1
		}
		return r
	}
	switch {
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r >= 0x064B && r <= 0x065F, r == 0x0670, r == 0x0640: // diacritics, superscript alef, tatweel
		return -1
	case r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2069, r == 0xFEFF, r == 0x00AD:
		return -1 // joiners and direction marks
	}
	switch r {
	case 'ي', 'ى', 'ې', 'ۍ', 'ے', 'ئ':
		return 'ی'
	case 'ك', 'ڪ':
		return 'ک'
	case 'ة', 'ۀ', 'ہ', 'ۂ', 'ھ', 'ە':
		return 'ه'
	case 'أ', 'إ', 'ٱ', 'آ':
		return 'ا'
	case 'ؤ':
		return 'و'
	case '٫':
		return '.'
	case '٬', '،':
		return ','
	}
	return unicode.ToLower(r)
}

// Digits writes Latin and Arabic digits as Persian ones.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r - '0' + '۰'
		case r >= '٠' && r <= '٩':
			return r - '٠' + '۰'
		}
		return r
	}, s)
}

// Latin writes Persian and Arabic digits as Latin ones.
func Latin(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		}
		return r
	}, s)
}
