package activity

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The limits of a message.
const (
	MaxBody       = 256 << 10
	MaxActivities = 100
	MaxID         = 128
	MaxProperties = 100
	MaxName       = 64
	MaxValue      = 2 << 10
	MaxList       = 50
	MaxConsents   = 10
)

// past and ahead bound a stated time, counted from when it was received.
const (
	past  = 10 * 365 * 24 * time.Hour
	ahead = 5 * time.Minute
)

// Fault is what is wrong with a message, where, and what would be right. It
// never repeats a value of the message.
type Fault struct {
	Code    string // short, for counting: json, limit, unknown, missing, type, version
	Field   string // such as activities[2].lead.email; "" for the message
	Problem string
	Remedy  string
}

func (f *Fault) Error() string {
	s := f.Problem
	if f.Field != "" {
		s = f.Field + ": " + s
	}
	if f.Remedy != "" {
		s += "; " + f.Remedy
	}
	return s
}

func fault(code, field, problem, remedy string) error {
	return &Fault{Code: code, Field: field, Problem: problem, Remedy: remedy}
}

// Decode reads a message: one activity, or {"v":1,"activities":[…]}. Either all
// of it is read or the error, a *Fault, says what is wrong with the first part
// that is. Stated times are clamped to [received-10 years, received+5 minutes],
// with a flag.
func Decode(body []byte, received time.Time) ([]Activity, error) {
	switch {
	case len(body) > MaxBody:
		return nil, fault("limit", "", fmt.Sprintf("the message has %d bytes", len(body)), "send at most 262144")
	case len(strings.TrimSpace(string(body[:min(len(body), 64)]))) == 0 && len(body) <= 64:
		return nil, fault("json", "", "the message is empty", "send a JSON object")
	}
	received = received.UTC().Truncate(time.Second)
	if list, ok := scan(body, received); ok {
		return list, nil
	}
	return decode(body, received)
}

// decode is the strict reader.
func decode(body []byte, received time.Time) ([]Activity, error) {
	t, err := parseJSON(body)
	if err != nil {
		var s *syntax
		errors.As(err, &s)
		return nil, fault("json", "", fmt.Sprintf("not a JSON message, at byte %d: %s", s.at, s.what), "see docs/activity.schema.json")
	}
	if t.kind != 'o' {
		return nil, fault("type", "", "the message is not a JSON object", "send one activity, or {\"v\":1,\"activities\":[…]}")
	}
	list, envelope := t.member("activities")
	if !envelope {
		a, err := read(t, "", received)
		if err != nil {
			return nil, err
		}
		return []Activity{a}, nil
	}
	if err := version(t, ""); err != nil {
		return nil, err
	}
	for _, n := range t.names {
		if n != "v" && n != "activities" {
			return nil, unknown(n, []string{"v", "activities"})
		}
	}
	if list.kind != 'a' || len(list.items) == 0 || len(list.items) > MaxActivities {
		return nil, fault("limit", "activities", "not a list of 1 to 100 activities", "split it over several messages")
	}
	out := make([]Activity, len(list.items))
	for i, item := range list.items {
		if out[i], err = read(item, fmt.Sprintf("activities[%d].", i), received); err != nil {
			return nil, err
		}
	}
	return out, nil
}

var activityFields = []string{"v", "id", "type", "at", "lead", "properties", "profile", "consent", "source", "revokes", "flags", "points"}

func read(t tree, at string, received time.Time) (Activity, error) {
	a := Activity{Received: received, At: received}
	if t.kind != 'o' {
		return a, fault("type", strings.TrimSuffix(at, "."), "an activity is a JSON object", "")
	}
	if err := version(t, at); err != nil {
		return a, err
	}
	var err error
	for i, name := range t.names {
		v, field := t.items[i], at+name
		switch name {
		case "v":
		case "id":
			var s string
			if s, err = text(v, field, MaxID, true); err == nil && strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				err = fault("type", field, "a control character", "use letters, digits and signs")
			}
			a.ID = ID(s)
		case "type":
			var s string
			if s, err = text(v, field, MaxName, true); err == nil && !isType(s) {
				err = fault("type", field, "not the name of a type", "write it like page.viewed: two or more words of a-z, 0-9, _ with dots between")
			}
			a.Type = Type(s)
		case "at":
			err = stated(&a, v, field)
		case "lead":
			err = who(&a.Who, v, field)
		case "properties":
			a.Properties, err = properties(v, field)
		case "profile":
			a.Profile, err = properties(v, field)
		case "consent":
			a.Consent, err = consents(v, field)
		case "source":
			a.Source, err = text(v, field, MaxName, false)
		case "revokes":
			var s string
			s, err = text(v, field, MaxID, true)
			a.Revokes = ID(s)
		case "flags":
			err = flags(&a, v, field)
		case "points":
			a.Flags |= PointsIgnored
		default:
			err = unknown(field, activityFields)
		}
		if err != nil {
			return a, err
		}
	}
	switch {
	case a.ID == "":
		err = fault("missing", at+"id", "an activity needs an id", "use the key by which the sender knows it: the same activity, the same id")
	case a.Type == "":
		err = fault("missing", at+"type", "an activity needs a type", "such as page.viewed")
	case a.Who.Nobody():
		err = fault("missing", at+"lead", "nobody: no identity of the lead", "give an email, a phone, a visitor or an external id")
	case (a.Type == Revoked) != (a.Revokes != ""):
		err = fault("missing", at+"revokes", "activity.revoked names the id that it revokes, and no other type does", "")
	}
	return a, err
}

func version(t tree, at string) error {
	v, ok := t.member("v")
	if !ok || v.kind == 'n' && v.integer && v.number == 1 {
		return nil
	}
	return fault("version", at+"v", "this version of the message is not known", "send \"v\":1, or leave it out")
}

func (t tree) member(name string) (tree, bool) {
	for i, n := range t.names {
		if n == name {
			return t.items[i], true
		}
	}
	return tree{}, false
}

func unknown(field string, known []string) error {
	return fault("unknown", clip(field), "no such field", "there are "+strings.Join(known, ", "))
}

func text(v tree, field string, most int, need bool) (string, error) {
	if v.kind != 's' {
		return "", fault("type", field, "not a text", "write it in quotes")
	}
	if len(v.text) > most {
		return "", fault("limit", field, fmt.Sprintf("longer than %d bytes", most), "")
	}
	if need && v.text == "" {
		return "", fault("missing", field, "empty", "")
	}
	return v.text, nil
}

func isType(s string) bool {
	words := strings.Split(s, ".")
	for _, w := range words {
		if w == "" {
			return false
		}
		for i := range len(w) {
			if b := w[i]; !(b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '_') {
				return false
			}
		}
	}
	return len(words) > 1
}

func stated(a *Activity, v tree, field string) error {
	s, err := text(v, field, 40, true)
	if err != nil {
		return err
	}
	if err := a.state(s); err != nil {
		return fault("type", field, "not a time", "write it like 2026-11-24T10:30:00Z (RFC 3339)")
	}
	return nil
}

// state sets the stated time, clamped to what can be.
func (a *Activity) state(s string) error {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return err
	}
	a.At = at.UTC().Truncate(time.Second)
	switch {
	case a.At.After(a.Received.Add(ahead)):
		a.At = a.Received
		a.Flags |= ClampedFuture
	case a.At.Before(a.Received.Add(-past)):
		a.At = a.Received.Add(-past)
		a.Flags |= ClampedPast
	}
	return nil
}

func who(w *Who, v tree, field string) error {
	if v.kind != 'o' {
		return fault("type", field, "not an object", `write {"email":"…"}`)
	}
	for i, name := range v.names {
		to, ok := map[string]*string{"email": &w.Email, "phone": &w.Phone, "visitor": &w.Visitor, "external": &w.External}[name]
		if !ok {
			return unknown(field+"."+name, []string{"email", "phone", "visitor", "external"})
		}
		s, err := text(v.items[i], field+"."+name, 320, false)
		if err != nil {
			return err
		}
		*to = s
	}
	return nil
}

func properties(v tree, field string) ([]Property, error) {
	if v.kind != 'o' {
		return nil, fault("type", field, "not an object", `write {"name":"value"}`)
	}
	if len(v.names) > MaxProperties {
		return nil, fault("limit", field, "more than 100 values", "")
	}
	ps := make([]Property, 0, len(v.names))
	for i, name := range v.names {
		at := field + "." + clip(name)
		if name == "" || len(name) > MaxName {
			return nil, fault("limit", at, "a name has 1 to 64 bytes", "")
		}
		item := v.items[i]
		var val Value
		switch item.kind {
		case 's':
			if len(item.text) > MaxValue {
				return nil, fault("limit", at, "longer than 2048 bytes", "")
			}
			val = TextValue(item.text)
		case 'n':
			val = NumberValue(item.number)
		case 'b':
			val = BoolValue(item.yes)
		case 'a':
			if len(item.items) > MaxList {
				return nil, fault("limit", at, "more than 50 elements", "")
			}
			list := make([]string, len(item.items))
			for j, e := range item.items {
				s, err := text(e, fmt.Sprintf("%s[%d]", at, j), 256, false)
				if err != nil {
					return nil, err
				}
				list[j] = s
			}
			val = ListValue(list)
		default:
			return nil, fault("type", at, "null or an object", "a value is a text, a number, true, false or a list of texts")
		}
		ps = append(ps, Property{name, val})
	}
	return ps, nil
}

func consents(v tree, field string) ([]Consent, error) {
	if v.kind != 'a' || len(v.items) > MaxConsents {
		return nil, fault("type", field, "not a list of at most 10 consents", "")
	}
	cs := make([]Consent, len(v.items))
	for i, item := range v.items {
		at := fmt.Sprintf("%s[%d]", field, i)
		if item.kind != 'o' {
			return nil, fault("type", at, "not an object", "")
		}
		c := &cs[i]
		for j, name := range item.names {
			e, f := item.items[j], at+"."+name
			var err error
			switch name {
			case "channel":
				c.Channel, err = text(e, f, 20, true)
			case "purpose":
				c.Purpose, err = text(e, f, 40, true)
			case "wording":
				c.Wording, err = text(e, f, MaxName, false)
			case "proof":
				c.Proof, err = text(e, f, MaxID, false)
			case "granted":
				if c.Granted = e.yes; e.kind != 'b' {
					err = fault("type", f, "neither true nor false", "")
				}
			default:
				err = unknown(f, []string{"channel", "purpose", "granted", "wording", "proof"})
			}
			if err != nil {
				return nil, err
			}
		}
		if c.Channel == "" || c.Purpose == "" {
			return nil, fault("missing", at, "a consent needs a channel and a purpose", `such as {"channel":"email","purpose":"marketing","granted":true}`)
		}
	}
	return cs, nil
}

// flagNames are the flags that a sender may set.
var flagNames = []struct {
	name string
	flag Flag
}{{"machine", Machine}, {"held", Held}, {"backfill", Backfill}}

func flags(a *Activity, v tree, field string) error {
	if v.kind != 'a' {
		return fault("type", field, "not a list", `write ["machine"]`)
	}
next:
	for i, item := range v.items {
		for _, f := range flagNames {
			if item.kind == 's' && item.text == f.name {
				a.Flags |= f.flag
				continue next
			}
		}
		return fault("unknown", fmt.Sprintf("%s[%d]", field, i), "no such flag", "there are machine, held, backfill")
	}
	return nil
}
