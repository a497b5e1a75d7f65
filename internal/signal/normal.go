package signal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// HashOf is the identity of a signal: its condition, normalised. Names, the
// order of alternatives and the way text was typed do not matter, so renaming
// keeps a signal's history and changing what it asks makes a new signal.
func HashOf(d Definition) string {
	id := struct {
		Kind  Kind            `json:"kind"`
		Types []activity.Type `json:"types,omitempty"`
		Where *Condition      `json:"where,omitempty"`
		Count *Count          `json:"count,omitempty"`
	}{Kind: d.Kind, Types: slices.Compact(slices.Sorted(slices.Values(d.Types))), Count: d.Count}
	if d.Where != nil {
		w := normal(*d.Where)
		id.Where = &w
	}
	sum := sha256.Sum256(encode(id))
	return hex.EncodeToString(sum[:8])
}

// normal rewrites a condition to the form in which equal conditions are equal
// bytes: constants folded and sorted, branches flattened, sorted, without
// repeats.
func normal(c Condition) Condition {
	if c.Op == All || c.Op == Any || c.Op == None {
		return normalBranch(c)
	}
	// A field keeps its case: property names are the sender's keys.
	n := Condition{Op: c.Op, Field: strings.TrimSpace(c.Field), Values: make([]Constant, len(c.Values))}
	for i, v := range c.Values {
		if v.Kind == activity.Text {
			v.Text = persian.Fold(v.Text)
		}
		n.Values[i] = v
	}
	if n.Op != Range {
		slices.SortFunc(n.Values, func(a, b Constant) int { return strings.Compare(a.String(), b.String()) })
		n.Values = slices.CompactFunc(n.Values, equalConstant)
	}
	switch n.Op {
	case In:
		n.Op = Eq
	case Ne:
		n.Op = Eq
		return Condition{Op: None, Of: []Condition{n}}
	}
	return n
}

func normalBranch(c Condition) Condition {
	n := Condition{Op: c.Op}
	for _, child := range c.Of {
		k := normal(child)
		switch {
		case k.Op == c.Op && c.Op != None, k.Op == Any && c.Op == None:
			n.Of = append(n.Of, k.Of...)
		default:
			n.Of = append(n.Of, k)
		}
	}
	slices.SortFunc(n.Of, func(a, b Condition) int { return strings.Compare(string(encode(a)), string(encode(b))) })
	n.Of = slices.CompactFunc(n.Of, func(a, b Condition) bool { return string(encode(a)) == string(encode(b)) })
	if len(n.Of) == 1 {
		if n.Op != None {
			return n.Of[0]
		}
		if k := n.Of[0]; k.Op == None && len(k.Of) == 1 {
			return k.Of[0] // not not
		}
	}
	return n
}

func equalConstant(a, b Constant) bool { return a == b }

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		// unreachable: Check refused what JSON cannot hold
		panic("signal: encode a checked condition: " + err.Error())
	}
	return b
}
