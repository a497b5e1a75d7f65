package activity

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Encode writes the message that Decode reads: one activity by itself, several
// in an envelope. The received time is not part of it: the queue gives that.
func Encode(as []Activity) []byte {
	var b bytes.Buffer
	if len(as) == 1 {
		encode(&b, &as[0])
		return b.Bytes()
	}
	b.WriteString(`{"v":1,"activities":[`)
	for i := range as {
		if i > 0 {
			b.WriteByte(',')
		}
		encode(&b, &as[i])
	}
	b.WriteString("]}")
	return b.Bytes()
}

func encode(b *bytes.Buffer, a *Activity) {
	b.WriteString(`{"v":1`)
	str(b, "id", string(a.ID))
	str(b, "type", string(a.Type))
	if !a.At.IsZero() {
		str(b, "at", a.At.UTC().Format(time.RFC3339))
	}
	b.WriteString(`,"lead":{`)
	sep := ""
	for _, p := range [][2]string{{"email", a.Who.Email}, {"phone", a.Who.Phone}, {"visitor", a.Who.Visitor}, {"external", a.Who.External}} {
		if p[1] != "" {
			b.WriteString(sep)
			quote(b, p[0])
			b.WriteByte(':')
			quote(b, p[1])
			sep = ","
		}
	}
	b.WriteByte('}')
	members(b, "properties", a.Properties)
	members(b, "profile", a.Profile)
	if len(a.Consent) > 0 {
		b.WriteString(`,"consent":[`)
		for i, c := range a.Consent {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`{"granted":` + strconv.FormatBool(c.Granted))
			str(b, "channel", c.Channel)
			str(b, "purpose", c.Purpose)
			str(b, "wording", c.Wording)
			str(b, "proof", c.Proof)
			b.WriteByte('}')
		}
		b.WriteByte(']')
	}
	str(b, "source", a.Source)
	str(b, "revokes", string(a.Revokes))
	sep = `,"flags":[`
	for _, f := range flagNames {
		if a.Flags&f.flag != 0 {
			b.WriteString(sep)
			quote(b, f.name)
			sep = ","
		}
	}
	if sep == "," {
		b.WriteByte(']')
	}
	b.WriteByte('}')
}

// str writes a member, unless it is empty.
func str(b *bytes.Buffer, name, v string) {
	if v == "" {
		return
	}
	b.WriteByte(',')
	quote(b, name)
	b.WriteByte(':')
	quote(b, v)
}

func members(b *bytes.Buffer, name string, ps []Property) {
	if len(ps) == 0 {
		return
	}
	b.WriteString(`,"` + name + `":{`)
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		quote(b, p.Name)
		b.WriteByte(':')
		switch p.Value.Kind {
		case Number:
			n := p.Value.Number
			if math.IsNaN(n) || math.IsInf(n, 0) {
				n = 0 // no such number can be said; Decode never makes one
			}
			b.WriteString(strconv.FormatFloat(n, 'f', -1, 64))
		case Bool:
			b.WriteString(strconv.FormatBool(p.Value.Bool))
		case List:
			b.WriteByte('[')
			for j, t := range p.Value.List {
				if j > 0 {
					b.WriteByte(',')
				}
				quote(b, t)
			}
			b.WriteByte(']')
		default:
			quote(b, p.Value.Text)
		}
	}
	b.WriteByte('}')
}

func quote(b *bytes.Buffer, s string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("activity: a text cannot be encoded") // unreachable: every string can
	}
	b.Truncate(b.Len() - 1) // its newline
}
