package quickjson

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// AppendText writes a text as json.Marshal does: safe in a page, too.
func AppendText(b []byte, s string) []byte {
	if simple(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	return appendSlow(b, s, true)
}

// AppendPlain writes a text and leaves <, > and & as they are.
func AppendPlain(b []byte, s string) []byte {
	start, from, high := len(b), 0, byte(0)
	b = append(b, '"')
	for i := range len(s) {
		c := s[i]
		high |= c
		switch how := escapes[c]; how {
		case none, page:
		case long:
			if c < utf8.RuneSelf || separator(s[i:]) {
				return appendSlow(b[:start], s, false)
			}
		default:
			b = append(append(b, s[from:i]...), '\\', how)
			from = i + 1
		}
	}
	if high >= utf8.RuneSelf && !utf8.ValidString(s) {
		return appendSlow(b[:start], s, false)
	}
	return append(append(b, s[from:]...), '"')
}

// escapes tells for each byte how it is escaped: not, in pages only, in a long
// way (of 0xE2 some of what it begins), or by this letter.
var escapes = [256]byte{
	0: long, 1: long, 2: long, 3: long, 4: long, 5: long, 6: long, 7: long, 8: long, 11: long, 12: long, 14: long, 15: long, 16: long, 17: long, 18: long,
	19: long, 20: long, 21: long, 22: long, 23: long, 24: long, 25: long, 26: long, 27: long, 28: long, 29: long, 30: long, 31: long,
	'"': '"', '\\': '\\', '\n': 'n', '\r': 'r', '\t': 't', '<': page, '>': page, '&': page, 0xe2: long,
}

const (
	none = iota
	page
	long
)

// separator tells that a text begins with one of the two separators that are
// escaped for the sake of JavaScript. The joiners of Persian begin alike.
func separator(s string) bool { return len(s) > 2 && s[1] == 0x80 && s[2]&^1 == 0xa8 }

// simple tells that nothing of a text has to be escaped in a page.
func simple(s string) bool {
	high := byte(0)
	for i := range len(s) {
		c := s[i]
		if high |= c; escapes[c] != none && (c < utf8.RuneSelf || separator(s[i:])) {
			return false
		}
	}
	return high < utf8.RuneSelf || utf8.ValidString(s)
}

func appendSlow(b []byte, s string, inPage bool) []byte {
	out := bytes.NewBuffer(b)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(inPage)
	if err := e.Encode(s); err != nil {
		return b // unreachable: every text can be encoded
	}
	return out.Bytes()[:out.Len()-1] // without the line break at the end
}
