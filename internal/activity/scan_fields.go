package activity

import ()

// clean tells that a text has no control characters.
func clean(t string) bool {
	for i := range len(t) {
		if t[i] < ' ' || t[i] == 0x7f {
			return false
		}
	}
	return true
}

func (s *scanner) who(w *Who) bool {
	if !s.next('{') {
		return false
	}
	for n := 0; ; n++ {
		more, ok := s.more(n == 0, '}')
		if !more || !ok {
			return ok
		}
		name, ok := s.name()
		if !ok || !s.fresh(name, n) {
			return false
		}
		var to *string
		switch name {
		case "email":
			to = &w.Email
		case "phone":
			to = &w.Phone
		case "visitor":
			to = &w.Visitor
		case "external":
			to = &w.External
		default:
			return false
		}
		if *to, ok = s.text(320); !ok {
			return false
		}
	}
}

// fresh tells that none of the n names before is this one, and keeps it.
func (s *scanner) fresh(name string, n int) bool {
	if n == maxScanned {
		return false
	}
	for _, other := range s.names[:n] {
		if other == name {
			return false
		}
	}
	s.names[n] = name
	return true
}

func (s *scanner) properties() ([]Property, bool) {
	if !s.next('{') {
		return nil, false
	}
	ps := make([]Property, 0, 6)
	for {
		more, ok := s.more(len(ps) == 0, '}')
		if !more || !ok {
			return ps, ok
		}
		name, ok := s.name()
		if !ok || name == "" || !s.fresh(name, len(ps)) {
			return nil, false
		}
		ps = append(ps, Property{Name: name})
		if !s.value(&ps[len(ps)-1].Value) {
			return nil, false
		}
	}
}

func (s *scanner) value(v *Value) (ok bool) {
	if s.pos == len(s.src) {
		return false
	}
	switch c := s.src[s.pos]; {
	case c == '"':
		v.Kind = Text
		v.Text, ok = s.text(MaxValue)
		return ok
	case c == '-' || c >= '0' && c <= '9':
		v.Kind = Number
		v.Number, ok = s.number()
		return ok
	case c == 't' && s.word("true"):
		v.Kind, v.Bool = Bool, true
		return true
	case c == 'f' && s.word("false"):
		v.Kind = Bool
		return true
	case c == '[':
		v.Kind = List
		v.List, ok = s.texts()
		return ok
	}
	return false
}

func (s *scanner) texts() ([]string, bool) {
	if !s.next('[') {
		return nil, false
	}
	list := []string{}
	for {
		more, ok := s.more(len(list) == 0, ']')
		if !more || !ok {
			return list, ok
		}
		t, ok := s.text(256)
		if !ok || len(list) == MaxList {
			return nil, false
		}
		list = append(list, t)
	}
}

func (s *scanner) consents() ([]Consent, bool) {
	if !s.next('[') {
		return nil, false
	}
	cs := []Consent{}
	for {
		more, ok := s.more(len(cs) == 0, ']')
		if !more || !ok {
			return cs, ok
		}
		if len(cs) == MaxConsents {
			return nil, false
		}
		cs = append(cs, Consent{})
		if !s.consent(&cs[len(cs)-1]) {
			return nil, false
		}
	}
}

func (s *scanner) consent(c *Consent) bool {
	if !s.next('{') {
		return false
	}
	for n := 0; ; n++ {
		more, ok := s.more(n == 0, '}')
		if !ok {
			return false
		}
		if !more {
			return c.Channel != "" && c.Purpose != ""
		}
		name, ok := s.name()
		if !ok || !s.fresh(name, n) {
			return false
		}
		switch name {
		case "channel":
			c.Channel, ok = s.text(20)
			ok = ok && c.Channel != ""
		case "purpose":
			c.Purpose, ok = s.text(40)
			ok = ok && c.Purpose != ""
		case "wording":
			c.Wording, ok = s.text(MaxName)
		case "proof":
			c.Proof, ok = s.text(MaxID)
		case "granted":
			c.Granted = s.word("true")
			ok = c.Granted || s.word("false")
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
}
