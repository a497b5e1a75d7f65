package activity

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// scan reads a message without building a tree. It knows the shape that nearly
// all messages have and gives up (ok is false) at the first byte that it did
// not expect: the strict reader then says what is wrong, or reads what is only
// unusual. What scan does read it reads as the strict reader does; a fuzz test
// holds the two together.
func scan(body []byte, received time.Time) (list []Activity, ok bool) {
	if !utf8.Valid(body) {
		return nil, false
	}
	// Texts are parts of one copy of the body: one allocation, not one each.
	s := scanner{src: string(body), received: received}
	list, ok = s.message()
	if s.space(); s.pos != len(s.src) {
		return nil, false
	}
	return list, ok
}

type scanner struct {
	src      string
	pos      int
	received time.Time
	names    [maxScanned]string // of the object being read
}

// maxScanned bounds the members of an object: each is compared with those
// before it, since a name that stands twice is a fault.
const maxScanned = 24

func (s *scanner) space() {
	for s.pos < len(s.src) && (s.src[s.pos] == ' ' || s.src[s.pos] == '\n' || s.src[s.pos] == '\t' || s.src[s.pos] == '\r') {
		s.pos++
	}
}

// next takes one byte of structure, with the white space around it.
func (s *scanner) next(b byte) bool {
	s.space()
	if s.pos == len(s.src) || s.src[s.pos] != b {
		return false
	}
	s.pos++
	s.space()
	return true
}

func (s *scanner) word(w string) bool {
	if len(s.src)-s.pos < len(w) || s.src[s.pos:s.pos+len(w)] != w {
		return false
	}
	s.pos += len(w)
	return true
}

// more steps to the next member of an object or list: done at its end.
func (s *scanner) more(first bool, end byte) (more, ok bool) {
	if s.next(end) {
		return false, true
	}
	return true, first || s.next(',')
}

// name reads a member's name and its colon.
func (s *scanner) name() (string, bool) {
	n, ok := s.text(MaxName)
	return n, ok && s.next(':')
}

// text reads a text of at most that many bytes.
func (s *scanner) text(most int) (string, bool) {
	if s.pos == len(s.src) || s.src[s.pos] != '"' {
		return "", false
	}
	s.pos++
	from := s.pos
	for ; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case c == '"':
			t := s.src[from:s.pos]
			s.pos++
			return t, len(t) <= most
		case c == '\\':
			return s.escaped(from, most)
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// escapes are those that are one byte; \u is left to the strict reader.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (s *scanner) escaped(from, most int) (string, bool) {
	b := append(make([]byte, 0, 2*(s.pos-from)+32), s.src[from:s.pos]...)
	for ; s.pos < len(s.src); s.pos++ {
		c := s.src[s.pos]
		switch {
		case c == '"':
			s.pos++
			return string(b), len(b) <= most
		case c < ' ':
			return "", false
		case c == '\\':
			if s.pos++; s.pos == len(s.src) {
				return "", false
			}
			if c = escapes[s.src[s.pos]]; c == 0 {
				return "", false
			}
		}
		b = append(b, c)
	}
	return "", false
}

func (s *scanner) message() ([]Activity, bool) {
	s.space()
	start := s.pos
	// An envelope begins with its version or with its list.
	if s.next('{') {
		name, ok := s.name()
		if ok && name == "v" {
			ok = s.one()
			if more, fine := s.more(false, '}'); ok && more && fine {
				name, ok = s.name()
			}
		}
		if ok && name == "activities" {
			return s.list()
		}
	}
	s.pos = start
	a := Activity{}
	if !s.activity(&a) {
		return nil, false
	}
	return []Activity{a}, true
}

// list reads the activities of an envelope, to its end.
func (s *scanner) list() ([]Activity, bool) {
	if !s.next('[') {
		return nil, false
	}
	out := make([]Activity, 0, 8)
	for {
		more, ok := s.more(len(out) == 0, ']')
		if !more || !ok {
			return out, ok && len(out) > 0 && s.next('}')
		}
		if len(out) == MaxActivities {
			return nil, false
		}
		out = append(out, Activity{})
		if !s.activity(&out[len(out)-1]) {
			return nil, false
		}
	}
}

// one reads the version.
func (s *scanner) one() bool { return s.word("1") }

// The members of an activity, as bits: none may stand twice.
const (
	hasV = 1 << iota
	hasID
	hasType
	hasAt
	hasLead
	hasProperties
	hasProfile
	hasConsent
	hasSource
	hasRevokes
)

func (s *scanner) activity(a *Activity) bool {
	a.Received, a.At = s.received, s.received
	if !s.next('{') {
		return false
	}
	had := 0
	for {
		more, ok := s.more(had == 0, '}')
		if !ok {
			return false
		}
		if !more {
			break
		}
		name, ok := s.name()
		if !ok {
			return false
		}
		bit := 0
		switch name {
		case "v":
			bit, ok = hasV, s.one()
		case "id":
			bit = hasID
			var t string
			t, ok = s.text(MaxID)
			ok = ok && t != "" && clean(t)
			a.ID = ID(t)
		case "type":
			bit = hasType
			var t string
			t, ok = s.text(MaxName)
			ok = ok && isType(t)
			a.Type = Type(t)
		case "at":
			bit = hasAt
			var t string
			if t, ok = s.text(40); ok {
				ok = t != "" && a.state(t) == nil
			}
		case "lead":
			bit, ok = hasLead, s.who(&a.Who)
		case "properties":
			bit = hasProperties
			a.Properties, ok = s.properties()
		case "profile":
			bit = hasProfile
			a.Profile, ok = s.properties()
		case "consent":
			bit = hasConsent
			a.Consent, ok = s.consents()
		case "source":
			bit = hasSource
			a.Source, ok = s.text(MaxName)
		case "revokes":
			bit = hasRevokes
			var t string
			t, ok = s.text(MaxID)
			a.Revokes = ID(t)
		}
		if !ok || bit == 0 || had&bit != 0 {
			return false
		}
		had |= bit
	}
	return a.ID != "" && a.Type != "" && !a.Who.Nobody() && (a.Type == Revoked) == (a.Revokes != "")
}

// number reads up to 15 digits, with a point among them perhaps; the strict
// reader has the others.
func (s *scanner) number() (float64, bool) {
	from := s.pos
	if s.src[s.pos] == '-' {
		s.pos++
	}
	first, n, point := s.pos, int64(0), false
	for ; s.pos < len(s.src); s.pos++ {
		c := s.src[s.pos]
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0')
		case c == '.' && !point && s.pos > first:
			point = true
		default:
			goto end
		}
		if s.pos-first == 15 {
			return 0, false
		}
	}
end:
	digits := s.pos - first
	switch {
	case digits == 0, s.src[s.pos-1] == '.', s.pos < len(s.src) && (s.src[s.pos] == 'e' || s.src[s.pos] == 'E'):
		return 0, false
	case digits > 1 && s.src[first] == '0' && s.src[first+1] != '.':
		return 0, false
	case point:
		f, err := strconv.ParseFloat(s.src[from:s.pos], 64)
		if f == 0 {
			f = 0 // no minus zero
		}
		return f, err == nil
	case first > from:
		n = -n
	}
	return float64(n), true
}
