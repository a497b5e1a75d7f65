package signal

import "github.com/sarnakh/sarnakh/internal/activity"

// Number is the short name of a signal in the ledger: given once, in order of
// publishing, never used again for another condition. 0 is no signal.
type Number uint16

// Kind says what a signal is a condition on.
type Kind string

const (
	OnActivity Kind = "activity" // one activity of the listed types
	OnProfile  Kind = "profile"  // the attributes of the lead
	OnCount    Kind = "count"    // how often another signal was seen
)

// Definition is one signal of the playbook, compiled to data.
type Definition struct {
	Number Number `json:"n"`
	Name   string `json:"name"`
	// Hash is the identity of the condition: see HashOf. Compile refuses a
	// hash that is set and wrong.
	Hash string `json:"hash,omitempty"`
	Kind Kind   `json:"kind"`
	// Types that an activity signal looks at; none means every type.
	Types []activity.Type `json:"types,omitempty"`
	// Where is nil when every activity of the types counts.
	Where *Condition `json:"where,omitempty"`
	Count *Count     `json:"count,omitempty"`
}

// Count is a condition on the tally of another activity signal, over days of
// the business's calendar that end with the day in question.
//
// A count signal that is not Absent is *seen* on each day on which Of was seen
// and the Days days ending there hold AtLeast activities (with DistinctDays:
// AtLeast days with an activity). It is a function of the tally, so order of
// arrival cannot matter.
//
// An Absent signal *holds* on a day when Of was seen at some time, but fewer
// than AtLeast (usually 1) times in the Days days that end there.
type Count struct {
	Of           Number `json:"of"`
	AtLeast      int    `json:"atLeast"`
	Days         int    `json:"days"`
	DistinctDays bool   `json:"distinctDays,omitempty"`
	Absent       bool   `json:"absent,omitempty"`
}

// Limits of a playbook's conditions. A rule beyond them is refused when the
// playbook is checked, so that one that was accepted runs fast for ever.
const (
	MaxNumber     = 4096 // signals of one playbook, ever
	MaxConditions = 64   // leaves and branches of one signal
	MaxTotal      = 8192 // distinct conditions of a playbook
	MaxDepth      = 6    // branches inside branches
	MaxValues     = 256  // values of one condition
	MaxText       = 256  // bytes of one text value, folded
	MaxField      = 64   // bytes of a field name
	MaxName       = 64   // bytes of a signal's name
	MaxTypes      = 64   // activity types of one signal
	MaxDays       = 92   // days that a count looks back
	MaxAtLeast    = 100
)

// Bits is a set of signals, one bit a number, trailing zero bytes cut: the
// profile signals that hold for a lead.
type Bits []byte

// Has tells whether the signal is in the set.
func (b Bits) Has(n Number) bool {
	i := int(n >> 3)
	return i < len(b) && b[i]&(1<<(n&7)) != 0
}

// With gives the set with a signal added; it may change b.
func (b Bits) With(n Number) Bits {
	for int(n>>3) >= len(b) {
		b = append(b, 0)
	}
	b[n>>3] |= 1 << (n & 7)
	return b
}

// Equal compares two sets.
func (b Bits) Equal(c Bits) bool {
	if len(b) < len(c) {
		b, c = c, b
	}
	for i := range b {
		if i < len(c) && b[i] != c[i] || i >= len(c) && b[i] != 0 {
			return false
		}
	}
	return true
}

// Without gives the set with a signal taken out; it may change b.
func (b Bits) Without(n Number) Bits {
	if i := int(n >> 3); i < len(b) {
		b[i] &^= 1 << (n & 7)
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}
