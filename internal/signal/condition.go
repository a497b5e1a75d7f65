// Package signal names what is worth knowing about a lead: a condition on one
// activity, on the profile, or on counts of another signal. It compiles the
// marketer's conditions once and then answers "which of them does this
// activity meet" without allocating. It knows nothing of points, time or
// stores.
package signal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Op is what a condition asks.
type Op string

// A comparison with a field that is missing does not hold, except Ne, which is
// the negation of Eq. On a list, a comparison holds when it holds for any
// element (Ne: for none).
const (
	Eq       Op = "eq"       // equals the value; several values read as In
	Ne       Op = "ne"       // none of the values
	In       Op = "in"       // one of the values
	Prefix   Op = "prefix"   // text begins with one of the values
	Suffix   Op = "suffix"   // text ends with one of the values
	Contains Op = "contains" // text has one of the values inside
	Range    Op = "range"    // number between two values, both included
	Gt       Op = "gt"
	Gte      Op = "gte"
	Lt       Op = "lt"
	Lte      Op = "lte"
	Exists   Op = "exists" // the field is there and not empty text
	All      Op = "all"    // of the conditions in Of
	Any      Op = "any"
	None     Op = "none"
)

// Built-in fields of an activity. A property that happens to have such a name
// cannot be asked for.
const (
	FieldType    = "type"
	FieldSource  = "source"
	FieldMachine = "flags.machine" // a scanner, not a person; true or false
	FieldHeld    = "flags.held"    // an obvious fake; true or false
	// The identities that came with the activity. They may only be asked with
	// Exists: what they say is personal and is not kept in the log.
	FieldEmail    = "who.email"
	FieldPhone    = "who.phone"
	FieldVisitor  = "who.visitor"
	FieldExternal = "who.external"
)

// Condition is a tree: a leaf has Op, Field and Values, a branch Op and Of.
type Condition struct {
	Op     Op          `json:"op"`
	Field  string      `json:"field,omitempty"`
	Values []Constant  `json:"values,omitempty"`
	Of     []Condition `json:"of,omitempty"`
}

// Constant is a typed value of a condition; in JSON a string, a number or a
// boolean. Text is compared after folding, so «سمت» written with ي or ک or in
// another case is the same.
type Constant struct {
	Kind   activity.Kind
	Text   string
	Number float64
	Bool   bool
}

// TextOf, NumberOf and BoolOf make constants.
func TextOf(s string) Constant    { return Constant{Kind: activity.Text, Text: s} }
func NumberOf(n float64) Constant { return Constant{Kind: activity.Number, Number: n} }
func BoolOf(b bool) Constant      { return Constant{Kind: activity.Bool, Bool: b} }

// Texts makes a list of text constants.
func Texts(values ...string) []Constant {
	out := make([]Constant, len(values))
	for i, v := range values {
		out[i] = TextOf(v)
	}
	return out
}

// MarshalJSON writes the bare value.
func (c Constant) MarshalJSON() ([]byte, error) {
	switch c.Kind {
	case activity.Text:
		return json.Marshal(c.Text)
	case activity.Number:
		return json.Marshal(c.Number)
	case activity.Bool:
		return json.Marshal(c.Bool)
	}
	return nil, fmt.Errorf("constant of kind %d: text, number or boolean is possible", c.Kind)
}

// UnmarshalJSON reads a bare value.
func (c *Constant) UnmarshalJSON(b []byte) error {
	switch b = bytes.TrimSpace(b); {
	case len(b) > 0 && b[0] == '"':
		*c = Constant{Kind: activity.Text}
		return json.Unmarshal(b, &c.Text)
	case bytes.Equal(b, []byte("true")), bytes.Equal(b, []byte("false")):
		*c = BoolOf(b[0] == 't')
		return nil
	}
	var n float64
	if err := json.Unmarshal(b, &n); err != nil || math.IsInf(n, 0) || string(b) == "null" {
		return fmt.Errorf("value %.40s: a text, a number or true/false is possible", b)
	}
	*c = NumberOf(n)
	return nil
}

func (c Constant) String() string {
	b, err := c.MarshalJSON()
	if err != nil {
		return "?"
	}
	return string(b)
}
