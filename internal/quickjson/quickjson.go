// Package quickjson reads and writes JSON of a shape that the caller knows,
// without reflection: one list of a type's members serves both directions. What
// it writes is what encoding/json writes for the same tags. It reads what it
// would have written itself, and at anything else it gives up: the caller then
// asks encoding/json, which stays the judge. Fuzz tests of the callers hold the
// two together.
//
// It knows no shape itself and reports no errors.
package quickjson

import (
	"strconv"
	"unicode/utf8"
)

// Codec writes or reads one value. Members are named in the order in which they
// are written.
type Codec struct {
	out     []byte
	writing bool
	members int // of the object that is being written

	src    string
	pos    int
	failed bool
	name   string // of the member whose value comes next, "" at the end of the object
}

// Writer makes a codec that appends to b.
func Writer(b []byte) *Codec { return &Codec{out: b, writing: true} }

// Bytes is what was written.
func (c *Codec) Bytes() []byte { return c.out }

// Reader makes a codec that reads. Texts are parts of one copy of b.
func Reader(b []byte) *Codec { return &Codec{src: string(b), failed: !utf8.Valid(b)} }

// Done tells whether all was read, and as it was expected. Otherwise what was
// read counts for nothing.
func (c *Codec) Done() bool { return !c.failed && c.pos == len(c.src) }

// Fail gives up.
func (c *Codec) Fail() { c.failed = true }

// Object takes an object, whose members are named by calls in members.
func Object[T any](c *Codec, v *T, members func(*Codec, *T)) {
	if c.writing {
		outer := c.members
		c.out, c.members = append(c.out, '{'), 0
		members(c, v)
		c.out, c.members = append(c.out, '}'), outer
		return
	}
	outer := c.name
	c.take('{')
	if c.name = ""; c.Next() == '"' {
		c.name = c.label()
	}
	members(c, v)
	if c.name != "" {
		c.failed = true // one that we do not know, or not where we write it
	}
	c.take('}')
	c.name = outer
}

// label reads the name of a member and its colon.
func (c *Codec) label() string {
	name := c.ReadText()
	c.take(':')
	if name == "" {
		c.failed = true // we have none without a name
	}
	return name
}

// Member tells whether this member comes now; when writing it writes its name.
// Whoever got true takes the value, and calls After.
func (c *Codec) Member(name string) bool {
	if !c.writing {
		return !c.failed && c.name == name
	}
	if c.members++; c.members > 1 {
		c.out = append(c.out, ',')
	}
	c.out = append(append(append(c.out, '"'), name...), '"', ':')
	return true
}

// After ends the value of a member that is read.
func (c *Codec) After() {
	if c.writing {
		return
	}
	if c.name = ""; c.Next() == ',' {
		c.pos++
		c.name = c.label()
	}
}

// Text is a member that is a text. An empty one is written too; MayText leaves
// it out.
func Text[S ~string](c *Codec, name string, v *S) {
	if c.Member(name) {
		if c.writing {
			c.out = AppendText(c.out, string(*v))
			return
		}
		*v = S(c.ReadText())
		c.After()
	}
}

// MayText is Text for tags with omitempty.
func MayText[S ~string](c *Codec, name string, v *S) {
	if !c.writing || *v != "" {
		Text(c, name, v)
	}
}

// Int is a member that is a whole number. Zero is written too; MayInt leaves it
// out.
func Int[N ~int | ~int64](c *Codec, name string, v *N) {
	if c.Member(name) {
		if c.writing {
			c.out = strconv.AppendInt(c.out, int64(*v), 10)
			return
		}
		*v = N(c.ReadInt())
		c.After()
	}
}

// MayInt is Int for tags with omitempty.
func MayInt[N ~int | ~int64](c *Codec, name string, v *N) {
	if !c.writing || *v != 0 {
		Int(c, name, v)
	}
}

// MayUint is a member that is a number without sign; zero is not written.
func MayUint(c *Codec, name string, v *uint64) {
	if c.writing && *v == 0 || !c.Member(name) {
		return
	}
	if c.writing {
		c.out = strconv.AppendUint(c.out, *v, 10)
		return
	}
	n := c.ReadInt()
	if n < 0 {
		c.failed = true
	}
	*v = uint64(n)
	c.After()
}

// MayBool is a member that is true, or not written.
func MayBool(c *Codec, name string, v *bool) {
	if c.writing && !*v || !c.Member(name) {
		return
	}
	if c.writing {
		c.out = strconv.AppendBool(c.out, *v)
		return
	}
	*v = c.ReadBool()
	c.After()
}

// MayList is a member that is a list, or not written where it is empty. item
// takes one value of it.
func MayList[T any](c *Codec, name string, v *[]T, item func(*Codec, *T)) {
	if c.writing && len(*v) == 0 || !c.Member(name) {
		return
	}
	List(c, v, item)
	c.After()
}

// MayObjects is MayList of objects.
func MayObjects[T any](c *Codec, name string, v *[]T, members func(*Codec, *T)) {
	MayList(c, name, v, func(c *Codec, x *T) { Object(c, x, members) })
}

// List takes a list.
func List[T any](c *Codec, v *[]T, item func(*Codec, *T)) {
	if c.writing {
		c.out = append(c.out, '[')
		for i := range *v {
			if i > 0 {
				c.out = append(c.out, ',')
			}
			item(c, &(*v)[i])
		}
		c.out = append(c.out, ']')
		return
	}
	c.take('[')
	list := make([]T, 0, 4)
	for n := 0; !c.failed && c.Next() != ']'; n++ {
		if n > 0 {
			c.take(',')
		}
		list = append(list, *new(T))
		item(c, &list[n])
	}
	c.take(']')
	*v = list
}

// MayPointer is a member that is an object, or not written where it is nil.
func MayPointer[T any](c *Codec, name string, v **T, members func(*Codec, *T)) {
	if c.writing && *v == nil || !c.Member(name) {
		return
	}
	if !c.writing {
		*v = new(T)
	}
	Object(c, *v, members)
	c.After()
}

// TextItem is a text of a list.
func TextItem(c *Codec, v *string) {
	if c.writing {
		c.out = AppendText(c.out, *v)
		return
	}
	*v = c.ReadText()
}

// IntItem is a whole number of a list.
func IntItem(c *Codec, v *int64) {
	if c.writing {
		c.out = strconv.AppendInt(c.out, *v, 10)
		return
	}
	*v = c.ReadInt()
}
