package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// MaxText is the longest text the log keeps of a property, in bytes. A longer
// one is cut; its whole lies in a body record of the lead.
const MaxText = 120

// maxList is how many elements of a list the log keeps.
const maxList = 16

// Dictionary numbers the names of properties that conditions can name. Names
// are only ever appended, so what an old playbook packed stays readable.
type Dictionary struct {
	names []string
	at    map[string]int
}

// NewDictionary takes the names in the order in which they were first published.
func NewDictionary(names []string) *Dictionary {
	d := &Dictionary{names: slices.Clone(names), at: make(map[string]int, len(names))}
	for i, n := range names {
		if _, twice := d.at[n]; !twice {
			d.at[n] = i
		}
	}
	return d
}

// Names in their order.
func (d *Dictionary) Names() []string { return slices.Clone(d.names) }

// Values in packed form: name's number, then size<<3 | one of these.
const (
	packText = iota
	packInteger
	packFloat
	packBool
	packList
)

// Pack keeps the properties that the dictionary names, in its order, so that
// equal properties give equal bytes. cut tells that a text was shortened.
func (d *Dictionary) Pack(properties []activity.Property) (packed []byte, cut bool) {
	type known struct{ at, i int }
	var keep []known
	for i, p := range properties {
		if at, ok := d.at[p.Name]; ok {
			keep = append(keep, known{at, i})
		}
	}
	slices.SortStableFunc(keep, func(a, b known) int { return a.at - b.at })
	for _, k := range keep {
		packed = binary.AppendUvarint(packed, uint64(k.at))
		v := properties[k.i].Value
		switch v.Kind {
		case activity.Text:
			text := shorten(v.Text)
			cut = cut || len(text) < len(v.Text)
			packed = appendText(packed, text, packText)
		case activity.Number:
			if n := int64(v.Number); float64(n) == v.Number && n > -1<<53 && n < 1<<53 {
				packed = append(packed, packInteger)
				packed = binary.AppendVarint(packed, n)
			} else {
				packed = append(packed, packFloat)
				packed = binary.LittleEndian.AppendUint64(packed, math.Float64bits(v.Number))
			}
		case activity.Bool:
			b := byte(packBool)
			if v.Bool {
				b |= 1 << 3
			}
			packed = append(packed, b)
		case activity.List:
			list := v.List
			if len(list) > maxList {
				list, cut = list[:maxList], true
			}
			packed = binary.AppendUvarint(packed, uint64(len(list))<<3|packList)
			for _, s := range list {
				text := shorten(s)
				cut = cut || len(text) < len(s)
				packed = appendText(packed, text, packText)
			}
		}
	}
	return packed, cut
}

// Unpack reads what Pack made with this dictionary or an earlier one.
func (d *Dictionary) Unpack(packed []byte) ([]activity.Property, error) {
	r := byteReader{in: packed}
	var out []activity.Property
	for len(r.in) > 0 && !r.bad {
		at := r.uint()
		if at >= uint64(len(d.names)) {
			return nil, fmt.Errorf("packed properties name number %d of %d: the dictionary of a newer playbook is needed", at, len(d.names))
		}
		p := activity.Property{Name: d.names[at]}
		head := r.uint()
		switch head & 7 {
		case packText:
			p.Value = activity.Value{Kind: activity.Text, Text: string(r.bytes(head >> 3))}
		case packInteger:
			p.Value = activity.Value{Kind: activity.Number, Number: float64(r.int())}
		case packFloat:
			if b := r.bytes(8); b != nil {
				p.Value = activity.Value{Kind: activity.Number, Number: math.Float64frombits(binary.LittleEndian.Uint64(b))}
			}
		case packBool:
			p.Value = activity.Value{Kind: activity.Bool, Bool: head>>3 == 1}
		case packList:
			p.Value = activity.Value{Kind: activity.List}
			for n := head >> 3; n > 0 && !r.bad; n-- {
				p.Value.List = append(p.Value.List, string(r.bytes(r.uint()>>3)))
			}
		default:
			r.bad = true
		}
		out = append(out, p)
	}
	if r.bad {
		return nil, fmt.Errorf("packed properties of %d bytes: %w", len(packed), errShort)
	}
	return out, nil
}

func appendText(b []byte, s string, kind uint64) []byte {
	b = binary.AppendUvarint(b, uint64(len(s))<<3|kind)
	return append(b, s...)
}

func shorten(s string) string {
	if len(s) <= MaxText {
		return s
	}
	n := MaxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
