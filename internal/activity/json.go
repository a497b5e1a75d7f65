package activity

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// tree is a JSON value as it was sent. The standard decoder keeps the last of
// two equal keys, matches names in any case and mends broken text in silence;
// a message that decides whom sales calls is read strictly.
type tree struct {
	kind    byte // o a s n b 0
	text    string
	number  float64
	yes     bool
	items   []tree
	names   []string // of an object, beside items
	at      int      // offset in the body
	integer bool     // a number without fraction or exponent
}

const (
	maxNesting = 20
	maxMembers = 200
)

type reader struct {
	src []byte
	pos int
}

// syntax is a fault in the JSON itself.
type syntax struct {
	at   int
	what string
}

func (e *syntax) Error() string { return fmt.Sprintf("byte %d: %s", e.at, e.what) }

func parseJSON(src []byte) (tree, error) {
	r := &reader{src: src}
	t, err := r.value(0)
	if err == nil {
		if r.space(); r.pos < len(src) {
			err = r.fault("more text after the JSON value: one message holds one")
		}
	}
	return t, err
}

func (r *reader) fault(what string) error { return &syntax{r.pos, what} }

func (r *reader) space() {
	for r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

func (r *reader) value(depth int) (t tree, err error) {
	r.space()
	if r.pos >= len(r.src) {
		return t, r.fault("the JSON ends too early")
	}
	if depth > maxNesting {
		return t, r.fault("nested deeper than 20")
	}
	t.at = r.pos
	switch c := r.src[r.pos]; {
	case c == '{':
		t.kind = 'o'
		err = r.list('}', func() error {
			r.space()
			name, err := r.text()
			if err != nil {
				return err
			}
			for _, n := range t.names {
				if n == name {
					return r.fault(fmt.Sprintf("the name %q stands twice", clip(name)))
				}
			}
			if r.space(); r.pos >= len(r.src) || r.src[r.pos] != ':' {
				return r.fault("a colon goes after a name")
			}
			r.pos++
			v, err := r.value(depth + 1)
			t.names, t.items = append(t.names, name), append(t.items, v)
			return err
		}, &t)
	case c == '[':
		t.kind = 'a'
		err = r.list(']', func() error {
			v, err := r.value(depth + 1)
			t.items = append(t.items, v)
			return err
		}, &t)
	case c == '"':
		t.kind = 's'
		t.text, err = r.text()
	case c == 't' && r.word("true"):
		t.kind, t.yes = 'b', true
	case c == 'f' && r.word("false"):
		t.kind = 'b'
	case c == 'n' && r.word("null"):
		t.kind = '0'
	case c == '-' || c >= '0' && c <= '9':
		t.kind = 'n'
		t.text, t.number, t.integer, err = r.number()
	default:
		err = r.fault("this is not JSON")
	}
	return t, err
}

func (r *reader) list(end byte, item func() error, t *tree) error {
	r.pos++
	if r.space(); r.pos < len(r.src) && r.src[r.pos] == end {
		r.pos++
		return nil
	}
	for {
		if len(t.items) >= maxMembers {
			return r.fault("more than 200 members in one object or list")
		}
		if err := item(); err != nil {
			return err
		}
		if r.space(); r.pos >= len(r.src) {
			return r.fault("the JSON ends too early")
		}
		switch r.src[r.pos] {
		case ',':
			r.pos++
		case end:
			r.pos++
			return nil
		default:
			return r.fault("a comma goes between members")
		}
	}
}

func (r *reader) word(w string) bool {
	if !strings.HasPrefix(string(r.src[r.pos:min(len(r.src), r.pos+len(w))]), w) {
		return false
	}
	r.pos += len(w)
	return true
}

func (r *reader) number() (string, float64, bool, error) {
	from := r.pos
	integer := true
	digits := func() int {
		n := 0
		for r.pos < len(r.src) && r.src[r.pos] >= '0' && r.src[r.pos] <= '9' {
			r.pos++
			n++
		}
		return n
	}
	if r.src[r.pos] == '-' {
		r.pos++
	}
	lead := r.pos
	if n := digits(); n == 0 || n > 1 && r.src[lead] == '0' {
		return "", 0, false, r.fault("a number begins with one digit, or with 1 to 9")
	}
	if r.pos < len(r.src) && r.src[r.pos] == '.' {
		r.pos++
		integer = false
		if digits() == 0 {
			return "", 0, false, r.fault("digits go after the point")
		}
	}
	if r.pos < len(r.src) && (r.src[r.pos] == 'e' || r.src[r.pos] == 'E') {
		r.pos++
		integer = false
		if r.pos < len(r.src) && (r.src[r.pos] == '+' || r.src[r.pos] == '-') {
			r.pos++
		}
		if digits() == 0 {
			return "", 0, false, r.fault("digits go after the exponent")
		}
	}
	text := string(r.src[from:r.pos])
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(n, 0) || integer && math.Abs(n) > 1<<53 {
		return "", 0, false, &syntax{from, "a number that cannot be kept exactly: send it as text"}
	}
	if n == 0 {
		n = 0 // no minus zero
	}
	return text, n, integer, nil
}

func (r *reader) text() (string, error) {
	if r.pos >= len(r.src) || r.src[r.pos] != '"' {
		return "", r.fault("a text in quotes goes here")
	}
	r.pos++
	from := r.pos
	for r.pos < len(r.src) && r.src[r.pos] != '"' && r.src[r.pos] != '\\' && r.src[r.pos] >= ' ' {
		r.pos++
	}
	if r.pos < len(r.src) && r.src[r.pos] == '"' {
		s := string(r.src[from:r.pos])
		r.pos++
		return r.checked(s, from)
	}
	b := append([]byte(nil), r.src[from:r.pos]...)
	for {
		if r.pos >= len(r.src) {
			return "", r.fault("a text does not end")
		}
		c := r.src[r.pos]
		switch {
		case c == '"':
			r.pos++
			return r.checked(string(b), from)
		case c < ' ':
			return "", r.fault("a control character inside a text: write it as \\u00…")
		case c != '\\':
			b = append(b, c)
			r.pos++
			continue
		}
		if r.pos+1 >= len(r.src) {
			return "", r.fault("a text does not end")
		}
		e := r.src[r.pos+1]
		r.pos += 2
		switch e {
		case '"', '\\', '/':
			b = append(b, e)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			c, ok := r.hex()
			if ok && utf16.IsSurrogate(c) {
				if r.pos+1 >= len(r.src) || r.src[r.pos] != '\\' || r.src[r.pos+1] != 'u' {
					ok = false
				} else {
					r.pos += 2
					var low rune
					low, ok = r.hex()
					c = utf16.DecodeRune(c, low)
					ok = ok && c != utf8.RuneError
				}
			}
			if !ok {
				return "", r.fault("half of a surrogate pair, or not four hex digits after \\u")
			}
			b = utf8.AppendRune(b, c)
		default:
			return "", r.fault("no such escape")
		}
	}
}

func (r *reader) hex() (rune, bool) {
	if r.pos+4 > len(r.src) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(r.src[r.pos:r.pos+4]), 16, 32)
	r.pos += 4
	return rune(n), err == nil
}

func (r *reader) checked(s string, at int) (string, error) {
	if !utf8.ValidString(s) {
		return "", &syntax{at, "a text that is not UTF-8"}
	}
	if strings.IndexByte(s, 0) >= 0 {
		return "", &syntax{at, "a NUL inside a text"}
	}
	return s, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
