package lead

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/quickjson"
)

// Profile is what is known of a lead: a register for each attribute, in which
// the change with the latest stated time stands; of the same second, the one
// with the greater key. Changes may come in any order, any number of times.
type Profile struct {
	Registers []Register // by name
}

// Register is one attribute.
type Register struct {
	Name  string
	Value activity.Value
	At    int64  // stated, unix seconds
	By    uint64 // key of the activity that said it
}

// Value gives an attribute.
func (p *Profile) Value(name string) (activity.Value, bool) {
	if i, ok := p.find(name); ok {
		return p.Registers[i].Value, true
	}
	return activity.Value{}, false
}

// Text gives an attribute as a person reads it, "" where it is missing.
func (p *Profile) Text(name string) string {
	v, _ := p.Value(name)
	return Words(v)
}

// Words says a value in words.
func Words(v activity.Value) string {
	switch v.Kind {
	case activity.Number:
		return strings.TrimSuffix(fmt.Sprintf("%.2f", v.Number), ".00")
	case activity.Bool:
		return fmt.Sprint(v.Bool)
	case activity.List:
		return strings.Join(v.List, "، ")
	}
	return v.Text
}

// Apply takes the attributes that an activity changed and tells whether
// anything did change. An empty text says nothing and changes nothing.
func (p *Profile) Apply(changes []activity.Property, at time.Time, by uint64) bool {
	changed := false
	for _, c := range changes {
		if c.Value.Kind == activity.Text && strings.TrimSpace(c.Value.Text) == "" {
			continue
		}
		changed = p.set(Register{c.Name, c.Value, at.Unix(), by}) || changed
	}
	return changed
}

// Merge takes the registers of another profile, by the same rule.
func (p *Profile) Merge(q *Profile) bool {
	changed := false
	for _, r := range q.Registers {
		changed = p.set(r) || changed
	}
	return changed
}

func (p *Profile) set(r Register) bool {
	i, ok := p.find(r.Name)
	if !ok {
		p.Registers = slices.Insert(p.Registers, i, r)
		return true
	}
	old := &p.Registers[i]
	if r.At < old.At || r.At == old.At && r.By <= old.By {
		return false
	}
	*old = r
	return true
}

func (p *Profile) find(name string) (int, bool) {
	return slices.BinarySearchFunc(p.Registers, name, func(r Register, name string) int { return strings.Compare(r.Name, name) })
}

// stored is a register as the item keeps it.
type stored struct {
	Name  string `json:"n"`
	Value any    `json:"v"`
	At    int64  `json:"t"`
	By    uint64 `json:"b,string"`
}

// Encode gives the bytes of the profile item.
func (p *Profile) Encode() []byte {
	out := make([]stored, len(p.Registers))
	for i, r := range p.Registers {
		out[i] = stored{r.Name, plain(r.Value), r.At, r.By}
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic("lead: a profile cannot be encoded: " + err.Error()) // unreachable: texts, finite numbers, bools
	}
	return b
}

// DecodeProfile reads the bytes of a profile item; no bytes are an empty one.
func DecodeProfile(b []byte) (*Profile, error) {
	p := &Profile{}
	if len(b) == 0 {
		return p, nil
	}
	c := quickjson.Reader(b)
	if quickjson.List(c, &p.Registers, readRegister); c.Done() && slices.IsSortedFunc(p.Registers, byName) {
		return p, nil
	}
	return decodeSlowly(b)
}

// decodeSlowly reads any bytes of a profile item.
func decodeSlowly(b []byte) (*Profile, error) {
	p := &Profile{}
	var in []stored
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	for _, s := range in {
		v, err := value(s.Value)
		if err != nil {
			return nil, fmt.Errorf("read profile, %s: %w", s.Name, err)
		}
		p.Registers = append(p.Registers, Register{s.Name, v, s.At, s.By})
	}
	slices.SortFunc(p.Registers, byName)
	return p, nil
}

func byName(a, b Register) int { return strings.Compare(a.Name, b.Name) }

// readRegister reads what stored writes, where the value is a text or a
// truth; the rest is left to encoding/json.
func readRegister(c *quickjson.Codec, r *Register) {
	quickjson.Object(c, r, func(c *quickjson.Codec, r *Register) {
		quickjson.Text(c, "n", &r.Name)
		if !c.Member("v") {
			c.Fail()
		} else {
			switch c.Next() {
			case '"':
				r.Value = activity.TextValue(c.ReadText())
			case 't', 'f':
				r.Value = activity.BoolValue(c.ReadBool())
			default:
				c.Fail()
			}
			c.After()
		}
		quickjson.Int(c, "t", &r.At)
		if c.Member("b") {
			by, err := strconv.ParseUint(c.ReadText(), 10, 64)
			if r.By = by; err != nil {
				c.Fail()
			}
			c.After()
		}
	})
}

func plain(v activity.Value) any {
	switch v.Kind {
	case activity.Number:
		return v.Number
	case activity.Bool:
		return v.Bool
	case activity.List:
		return v.List
	}
	return v.Text
}

func value(v any) (activity.Value, error) {
	switch x := v.(type) {
	case string:
		return activity.TextValue(x), nil
	case float64:
		return activity.NumberValue(x), nil
	case bool:
		return activity.BoolValue(x), nil
	case []any:
		list := make([]string, len(x))
		for i := range x {
			s, ok := x[i].(string)
			if !ok {
				return activity.Value{}, fmt.Errorf("a list holds texts")
			}
			list[i] = s
		}
		return activity.ListValue(list), nil
	case nil:
		return activity.ListValue(nil), nil
	}
	return activity.Value{}, fmt.Errorf("a value is a text, number, bool or list")
}
