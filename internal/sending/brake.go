package sending

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// Brake counts what bounced for good and what was complained about among the
// last mails, and stops marketing when that is too much. Only a person opens it
// again: somebody has to look at why.
type Brake struct {
	Marks  Marks  `json:"m,omitempty"`  // oldest first
	Opened int64  `json:"o,omitempty"`  // by Sent: only later marks count
	Shut   int64  `json:"x,omitempty"`  // unix seconds, 0 while it is open
	Reason string `json:"xr,omitempty"` // why it was shut
	By     string `json:"b,omitempty"`  // who opened or shut it last; "" for itself
	At     int64  `json:"a,omitempty"`  // when
}

// Mark is one mail that came back: by the count of Sent when it was heard of.
type Mark struct {
	At   int64
	Kind Kind
	Mail uint32 // a hash of its id, so that an event that comes twice counts once
}

// Marks are stored as one text, "b3e8.5f2a c3ea.77" (hexadecimal), so that the
// item stays within a write unit.
type Marks []Mark

// MarshalJSON writes the text.
func (ms Marks) MarshalJSON() ([]byte, error) {
	words := make([]string, len(ms))
	for i, m := range ms {
		words[i] = fmt.Sprintf("%s%x.%x", m.Kind, m.At, m.Mail)
	}
	return json.Marshal(strings.Join(words, " "))
}

// UnmarshalJSON reads it.
func (ms *Marks) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	*ms = nil
	for _, w := range strings.Fields(text) {
		m := Mark{Kind: Kind(w[:1])}
		if _, err := fmt.Sscanf(w[1:], "%x.%x", &m.At, &m.Mail); err != nil {
			return fmt.Errorf("mark %.30q: %w", w, err)
		}
		*ms = append(*ms, m)
	}
	return nil
}

// Kind of a mark.
type Kind string

// The kinds of marks.
const (
	Bounced    Kind = "b"
	Complained Kind = "c"
)

// The limits, of the last window mails: SES looks at an account at 5 % and
// 0.1 %. Before a window is full a share says little, so it takes a few.
const (
	window        = 1000
	mostBounced   = 0.04
	mostComplains = 0.0008
	fewBounced    = 5
	fewComplains  = 2
	maxMarks      = window*mostBounced + 4
)

// Came notes that a mail bounced or was complained about, and shuts the brake
// where that is too much. It tells whether anything changed.
func (s *State) Came(kind Kind, id string, now time.Time) bool {
	h := fnv.New32a()
	h.Write([]byte(id))
	m := Mark{At: s.Sent, Kind: kind, Mail: h.Sum32()}
	if slices.ContainsFunc(s.Marks, func(o Mark) bool { return o.Kind == m.Kind && o.Mail == m.Mail }) {
		return false
	}
	s.Marks = slices.DeleteFunc(s.Marks, func(o Mark) bool { return o.At <= s.Sent-window || o.At < s.Opened })
	// What is counted already shut the brake; the item stays small.
	if len(s.Marks) < maxMarks {
		s.Marks = append(s.Marks, m)
	}
	if s.Shut == 0 {
		if why := s.tooMuch(); why != "" {
			s.Shut, s.Reason, s.By, s.At = now.Unix(), why, "", now.Unix()
		}
	}
	return true
}

// Counts tells how many of the last mails bounced and were complained about,
// and how many those are: a thousand at most.
func (s *State) Counts() (bounced, complained, of int64) {
	of = min(window, s.Sent-s.Opened)
	for _, m := range s.Marks {
		switch {
		case m.At <= s.Sent-window || m.At < s.Opened:
		case m.Kind == Complained:
			complained++
		default:
			bounced++
		}
	}
	return bounced, complained, of
}

func (s *State) tooMuch() string {
	bounced, complained, of := s.Counts()
	over := func(n int64, few int64, most float64) bool {
		return float64(n) >= most*float64(max(of, 1)) && (of >= window || n >= few)
	}
	switch {
	case over(complained, fewComplains, mostComplains):
		return fmt.Sprintf("%d of the last %d mails were complained about", complained, of)
	case over(bounced, fewBounced, mostBounced):
		return fmt.Sprintf("%d of the last %d mails bounced", bounced, of)
	}
	return ""
}

// Open lets marketing leave again; what came until now counts no more.
func (s *State) Open(by string, now time.Time) {
	s.Shut, s.Reason, s.By, s.At, s.Opened, s.Marks = 0, "", by, now.Unix(), s.Sent, nil
}

// Stop shuts the brake by hand.
func (s *State) Stop(by, why string, now time.Time) {
	s.Shut, s.Reason, s.By, s.At = now.Unix(), why, by, now.Unix()
}
