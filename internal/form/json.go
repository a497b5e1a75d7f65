package form

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ParseJSON reads one JSON document strictly. Unlike the standard library it
// refuses keys that come twice, half a surrogate pair, depth over 20, numbers
// that no float64 holds and integers over 2^53, since each of these is read
// differently by different programs.
func ParseJSON(body []byte) (*Node, error) {
	p := &parser{b: body, budget: budget{maxNodes}}
	if len(body) >= 3 && body[0] == 0xef && body[1] == 0xbb && body[2] == 0xbf {
		return nil, fault("json", "the body starts with a byte order mark")
	}
	if !utf8.Valid(body) {
		return nil, fault("encoding", "the body is not UTF-8")
	}
	n, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.i != len(p.b) {
		return nil, fault("json", "there is something after the JSON document")
	}
	return n, nil
}

type parser struct {
	b []byte
	i int
	budget
}

func (p *parser) bad() error {
	return fault("json", "not JSON, at byte "+strconv.Itoa(p.i))
}

func (p *parser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

func (p *parser) value(depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, fault("depth", "the body is nested more than 20 deep")
	}
	if err := p.take(); err != nil {
		return nil, err
	}
	p.space()
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.text()
		return &Node{Kind: Scalar, Text: s}, err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for word, n := range map[string]Node{"null": {}, "true": {Kind: Scalar, Text: "true", Bool: true}, "false": {Kind: Scalar, Text: "false", Bool: true}} {
		if len(p.b)-p.i >= len(word) && string(p.b[p.i:p.i+len(word)]) == word {
			p.i += len(word)
			return &n, nil
		}
	}
	return nil, p.bad()
}

func (p *parser) object(depth int) (*Node, error) {
	n := &Node{Kind: Map}
	p.i++
	for p.space(); p.peek() != '}'; p.space() {
		if len(n.Members) > 0 {
			if p.peek() != ',' {
				return nil, p.bad()
			}
			p.i++
			p.space()
		}
		if p.peek() != '"' {
			return nil, p.bad()
		}
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if _, twice := n.Get(key); twice {
			return nil, &Fault{Status: 400, Code: "duplicate_key", Detail: "a key comes twice", Errors: []FieldError{{visible(key), "repeated"}}}
		}
		if len(n.Members) >= maxKeys {
			return nil, fault("too_many_fields", "an object has more than 100 keys")
		}
		if p.space(); p.peek() != ':' {
			return nil, p.bad()
		}
		p.i++
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.Members = append(n.Members, Member{key, *v})
	}
	p.i++
	return n, nil
}

func (p *parser) array(depth int) (*Node, error) {
	n := &Node{Kind: List}
	p.i++
	for p.space(); p.peek() != ']'; p.space() {
		if len(n.Items) > 0 {
			if p.peek() != ',' {
				return nil, p.bad()
			}
			p.i++
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.Items = append(n.Items, *v)
	}
	p.i++
	return n, nil
}

// number follows the grammar of RFC 8259 and then asks for a meaning.
func (p *parser) number() (*Node, error) {
	start := p.i
	digits := func() bool {
		from := p.i
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			p.i++
		}
		return p.i > from
	}
	if p.peek() == '-' {
		p.i++
	}
	if p.peek() == '0' {
		p.i++
	} else if !digits() {
		return nil, p.bad()
	}
	integer := true
	if p.peek() == '.' {
		integer = false
		p.i++
		if !digits() {
			return nil, p.bad()
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		integer = false
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if !digits() {
			return nil, p.bad()
		}
	}
	text := string(p.b[start:p.i])
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || (f == 0 && text[0] == '-') || (integer && math.Abs(f) > 1<<53) {
		return nil, fault("number", "a number is not one that every program reads alike; send long ids as text")
	}
	return &Node{Kind: Scalar, Text: text, Number: true}, nil
}

// text reads a string; p stands on its first quote.
func (p *parser) text() (string, error) {
	p.i++
	var s []byte
	for p.i < len(p.b) {
		c := p.b[p.i]
		switch {
		case c == '"':
			p.i++
			if bytes.IndexByte(s, 0) >= 0 {
				return "", fault("encoding", "a NUL character in a string")
			}
			return string(s), nil
		case c < ' ':
			return "", p.bad()
		case c != '\\':
			s = append(s, c)
			p.i++
			continue
		}
		if p.i+1 >= len(p.b) {
			break
		}
		c = p.b[p.i+1]
		p.i += 2
		switch c {
		case '"', '\\', '/':
			s = append(s, c)
		case 'b':
			s = append(s, '\b')
		case 'f':
			s = append(s, '\f')
		case 'n':
			s = append(s, '\n')
		case 'r':
			s = append(s, '\r')
		case 't':
			s = append(s, '\t')
		case 'u':
			r, ok := p.hex()
			if ok && utf16.IsSurrogate(r) {
				ok = false
				if p.i+1 < len(p.b) && p.b[p.i] == '\\' && p.b[p.i+1] == 'u' {
					p.i += 2
					if low, is := p.hex(); is {
						r = utf16.DecodeRune(r, low)
						ok = r != utf8.RuneError
					}
				}
				if !ok {
					return "", fault("encoding", "half a surrogate pair in a string")
				}
			}
			if !ok {
				return "", p.bad()
			}
			s = utf8.AppendRune(s, r)
		default:
			return "", p.bad()
		}
	}
	return "", p.bad()
}

func (p *parser) hex() (rune, bool) {
	if p.i+4 > len(p.b) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.b[p.i:p.i+4]), 16, 16)
	p.i += 4
	return rune(n), err == nil && p.b[p.i-4] != '+' && p.b[p.i-4] != '-'
}
