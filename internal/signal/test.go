package signal

import (
	"bytes"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// compile turns a normalised condition into a closure. Branches ask their
// children through the scratch, so that a condition that several signals
// share is evaluated once an activity.
func (p *program) compile(c Condition) func(*scratch) bool {
	switch c.Op {
	case All, Any, None:
		return p.compileBranch(c)
	case Exists:
		slot := p.slot(c.Field)
		return func(s *scratch) bool { return s.field(slot).exists }
	case Range, Gt, Gte, Lt, Lte:
		return p.compileOrder(c)
	}
	slot := p.slot(c.Field)
	var texts [][]byte
	for _, v := range c.Values {
		if v.Kind == activity.Text {
			texts = append(texts, []byte(v.Text))
		}
	}
	switch c.Op {
	case Prefix:
		return textTest(slot, texts, bytes.HasPrefix)
	case Suffix:
		return textTest(slot, texts, bytes.HasSuffix)
	case Contains:
		return textTest(slot, texts, bytes.Contains)
	}
	return equalTest(slot, c.Values, texts)
}

func (p *program) compileBranch(c Condition) func(*scratch) bool {
	ids := make([]int32, len(c.Of))
	for i, k := range c.Of {
		ids[i] = p.place(k)
	}
	if c.Op == All {
		return func(s *scratch) bool {
			for _, id := range ids {
				if !s.holds(id) {
					return false
				}
			}
			return true
		}
	}
	want := c.Op == Any
	return func(s *scratch) bool {
		for _, id := range ids {
			if s.holds(id) {
				return want
			}
		}
		return !want
	}
}

func (p *program) compileOrder(c Condition) func(*scratch) bool {
	slot, v := p.slot(c.Field), c.Values[0].Number
	switch c.Op {
	case Gt:
		return func(s *scratch) bool { f := s.field(slot); return f.isNumber && f.number > v }
	case Gte:
		return func(s *scratch) bool { f := s.field(slot); return f.isNumber && f.number >= v }
	case Lt:
		return func(s *scratch) bool { f := s.field(slot); return f.isNumber && f.number < v }
	case Lte:
		return func(s *scratch) bool { f := s.field(slot); return f.isNumber && f.number <= v }
	}
	high := c.Values[1].Number
	return func(s *scratch) bool {
		f := s.field(slot)
		return f.isNumber && f.number >= v && f.number <= high
	}
}

func textTest(slot int32, texts [][]byte, match func(b, part []byte) bool) func(*scratch) bool {
	return func(s *scratch) bool {
		f := s.field(slot)
		for _, span := range s.spans[f.from:f.to] {
			b := s.buf[span.from:span.to]
			for _, t := range texts {
				if match(b, t) {
					return true
				}
			}
		}
		return false
	}
}

// fewTexts is up to where looking at each text is faster than a map.
const fewTexts = 6

func equalTest(slot int32, values []Constant, texts [][]byte) func(*scratch) bool {
	var numbers []float64
	var yes, no bool
	for _, v := range values {
		switch v.Kind {
		case activity.Number:
			numbers = append(numbers, v.Number)
		case activity.Bool:
			yes, no = yes || v.Bool, no || !v.Bool
		}
	}
	hasText := textSet(texts)
	if len(numbers) == 0 && !yes && !no {
		return func(s *scratch) bool { return hasText(s, s.field(slot)) }
	}
	return func(s *scratch) bool {
		f := s.field(slot)
		if f.isBool && (f.yes && yes || !f.yes && no) {
			return true
		}
		if f.isNumber {
			for _, n := range numbers {
				if n == f.number {
					return true
				}
			}
		}
		return hasText(s, f)
	}
}

func textSet(texts [][]byte) func(*scratch, *resolved) bool {
	if len(texts) == 1 {
		t := texts[0]
		return func(s *scratch, f *resolved) bool {
			for _, span := range s.spans[f.from:f.to] {
				if bytes.Equal(s.buf[span.from:span.to], t) {
					return true
				}
			}
			return false
		}
	}
	if len(texts) <= fewTexts {
		return func(s *scratch, f *resolved) bool {
			for _, span := range s.spans[f.from:f.to] {
				for _, t := range texts {
					if bytes.Equal(s.buf[span.from:span.to], t) {
						return true
					}
				}
			}
			return false
		}
	}
	set := make(map[string]struct{}, len(texts))
	for _, t := range texts {
		set[string(t)] = struct{}{}
	}
	return func(s *scratch, f *resolved) bool {
		for _, span := range s.spans[f.from:f.to] {
			if _, ok := set[string(s.buf[span.from:span.to])]; ok {
				return true
			}
		}
		return false
	}
}
