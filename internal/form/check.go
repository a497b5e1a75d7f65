package form

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// Post is what a good post says.
type Post struct {
	Who        activity.Who
	Properties []activity.Property
	Profile    []activity.Property
	Consent    []activity.Consent

	Locale string        // fa or en
	Token  string        // as sent, not checked here
	Return string        // as sent, not checked here
	Filled time.Duration // how long filling took, by the script's word; negative: not said
	// Held is why the post is taken and not believed: no mail, no score.
	Held string

	zone string // of the browser, as sent
}

// Check judges a body by the form's rules. The error is a *Fault.
func (c *Config) Check(root *Node) (*Post, error) {
	p := &Post{Locale: c.Locale, Filled: -1}
	if p.Locale == "" {
		p.Locale = "fa"
	}
	body := root
	if c.Source.Test != "" {
		if n := dig(root, c.Source.Test); n != nil && truthy(n.Text) {
			p.Held = "test"
		}
	}
	if c.Source.JSON != "" {
		if n, ok := root.Get(c.Source.JSON); ok && n.Kind == Scalar {
			inner, err := ParseJSON([]byte(n.Text))
			if err != nil {
				return nil, err
			}
			body = inner
		}
	}
	if c.Source.At != "" {
		if body = dig(body, c.Source.At); body == nil {
			return nil, fault("shape", "there are no answers where the form's source says")
		}
	}
	if body.Kind != Map && body.Kind != List {
		return nil, fault("shape", "the body is one value; want fields")
	}
	all := answers(body)
	if body != root {
		all = append(all, reserved(root)...)
	}
	return p, c.judge(p, all)
}

// reserved are the fields of our own script beside a form builder's envelope.
func reserved(root *Node) []answer {
	var out []answer
	for _, a := range answers(root) {
		if strings.HasPrefix(a.names[0], "_") || a.names[0] == "return" {
			out = append(out, a)
		}
	}
	return out
}

func (c *Config) judge(p *Post, all []answer) error {
	f := fault("fields", "some fields are not right")
	wrong := func(field, code string) { f.Errors = append(f.Errors, FieldError{field, code}) }
	for i := range all {
		for _, v := range all[i].values {
			if utf8.RuneCountInString(v) > maxValue {
				wrong(visible(all[i].names[0]), "too_long")
			}
		}
	}
	ours(p, all, wrong)
	for i := range c.Fields {
		field := &c.Fields[i]
		a := c.find(field, all)
		if a == nil {
			if field.Required {
				wrong(field.Name, "required")
			}
			continue
		}
		a.used = true
		values, code := field.read(a)
		if code != "" {
			wrong(field.Name, code)
			continue
		}
		field.give(p, values)
	}
	// The zone of the browser, unless the form asks for it. Ingest knows which
	// zones there are.
	if p.zone != "" && !slices.ContainsFunc(p.Profile, func(x activity.Property) bool { return x.Name == lead.Timezone }) {
		p.Profile = append(p.Profile, text(lead.Timezone, p.zone))
	}
	for _, consent := range c.Consents {
		a := byName(all, append([]string{consent.Name}, consent.Names...))
		if a == nil || a.null || len(a.values) == 0 || !truthy(a.values[len(a.values)-1]) {
			if consent.Required {
				wrong(consent.Name, "required")
			}
			continue
		}
		a.used = true
		p.Consent = append(p.Consent, activity.Consent{
			Channel: consent.Channel, Purpose: consent.Purpose, Granted: true,
			Wording: consent.Shown(), Proof: "form:" + c.Name,
		})
	}
	if c.Honeypot != "" {
		if a := byName(all, []string{c.Honeypot}); a != nil {
			a.used = true
			if strings.TrimSpace(strings.Join(a.values, "")) != "" {
				p.Held = "honeypot"
			}
		}
	}
	if len(f.Errors) > 0 {
		// A field that nobody knows is named when the post fails: it may be the
		// missing one under another name (EMAIL for email).
		for i := range all {
			if a := &all[i]; !a.used && !a.group && len(f.Errors) < 20 {
				wrong(visible(a.names[0]), "unknown")
			}
		}
		f.Errors = f.Errors[:min(len(f.Errors), 20)]
		return f
	}
	if p.Who.Email == "" && p.Who.Phone == "" && p.Who.External == "" && c.asksIdentity() {
		f.Errors = []FieldError{{c.firstIdentity(), "required"}}
		return f
	}
	return nil
}

// find gives the answer to a field: by its names exactly; where the form says
// so, by type, by a known name, by shape.
func (c *Config) find(field *Field, all []answer) *answer {
	if a := byName(all, append([]string{field.Name}, field.Names...)); a != nil || !c.Source.Guess {
		return a
	}
	types, names, shape := guesses(field.Identity)
	for i := range all {
		if a := &all[i]; !a.used && slices.Contains(types, strings.ToLower(a.kind)) && len(a.values) > 0 {
			return a
		}
	}
	for i := range all {
		for _, n := range all[i].names {
			if a := &all[i]; !a.used && len(a.values) > 0 && slices.Contains(names, foldName(n)) {
				return a
			}
		}
	}
	if shape == nil {
		return nil
	}
	for i := range all {
		if a := &all[i]; !a.used && len(a.values) == 1 && shape(a.values[0]) {
			return a
		}
	}
	return nil
}

func byName(all []answer, names []string) *answer {
	for _, name := range names {
		for i := range all {
			if a := &all[i]; !a.group && slices.Contains(a.names, name) {
				return a
			}
		}
	}
	return nil
}

func guesses(id Identity) (types, names []string, shape func(string) bool) {
	switch id {
	case IdentityEmail:
		return []string{"email", "input_email", "control_email", "user_email"},
			[]string{"email", "emailaddress", "mail", "workemail", "youremail", "useremail", "ایمیل", "پستالکترونیک", "رایانامه"},
			func(s string) bool { _, code := checkEmail(s); return code == "" }
	case IdentityPhone:
		return []string{"phone", "phone_number", "input_phone_number", "tel", "control_phone", "user_phone"},
			[]string{"phone", "phonenumber", "mobile", "mobilephone", "mobilenumber", "tel", "telephone", "whatsapp", "موبایل", "تلفن", "تلفنهمراه", "شمارهتماس", "شمارهموبایل"},
			func(s string) bool { return phoneShape(s) && len(persian.Latin(s)) >= 10 }
	}
	return nil, nil, nil
}

// foldName takes letter case, the ways to type Persian and all that separates
// words out of a name.
func foldName(s string) string {
	return strings.NewReplacer(" ", "", "_", "", "-", "", ".", "").Replace(persian.Fold(s))
}

func (c *Config) asksIdentity() bool { return c.firstIdentity() != "" }

func (c *Config) firstIdentity() string {
	for _, f := range c.Fields {
		if f.Identity != "" {
			return f.Name
		}
	}
	return ""
}

// read gives a field's values, cleaned, or the code of what is wrong. No value
// and no code: it was left empty.
func (f *Field) read(a *answer) ([]string, string) {
	if a.repeated && f.Type != Many {
		return nil, "repeated"
	}
	if len(a.values) > 1 && f.Type != Many {
		return nil, "type"
	}
	if a.boolean && f.Type != Yes || a.number && f.Type != Number && f.Type != Choice && f.Type != Many && f.Type != Phone && f.Type != Yes && f.Identity != IdentityExternal {
		return nil, "type"
	}
	var values []string
	for _, raw := range a.values {
		v, code := f.one(raw)
		if code != "" {
			return nil, code
		}
		if v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 && f.Required {
		return nil, "required"
	}
	return values, ""
}

func (f *Field) one(raw string) (value, code string) {
	limit := f.Max
	switch {
	case limit == 0 && f.Type == Long:
		limit = 1000
	case limit == 0:
		limit = 200
	}
	v := clean(raw, f.Type == Long)
	if utf8.RuneCountInString(v) > min(limit, maxValue) || len(v) > activity.MaxValue {
		return "", "too_long"
	}
	if v == "" {
		return "", ""
	}
	if f.Identity == IdentityExternal {
		// "lead:…" names a lead by our own id, which a stranger must not do.
		if strings.HasPrefix(v, "lead:") {
			return "", "type"
		}
	}
	switch f.Type {
	case Email:
		// Judged as typed, but for spaces at the ends: a line break inside is
		// an attempt, not a slip.
		return checkEmail(strings.Trim(raw, " \t"))
	case Phone:
		if !phoneShape(v) {
			return "", "phone"
		}
	case Number:
		n, err := strconv.ParseFloat(strings.NewReplacer(",", "", "٬", "", "٫", ".").Replace(persian.Latin(v)), 64)
		if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
			return "", "number"
		}
		if f.Min != f.Limit && (n < f.Min || n > f.Limit) {
			return "", "range"
		}
		return strconv.FormatFloat(n, 'f', -1, 64), ""
	case Choice, Many:
		return f.option(v)
	case Yes:
		return strconv.FormatBool(truthy(v)), ""
	case Date:
		if _, err := time.Parse(time.DateOnly, persian.Latin(v)); err != nil {
			return "", "date"
		}
		return persian.Latin(v), ""
	case Time:
		if _, ok := lead.ParseTime(persian.Latin(v), time.UTC); !ok {
			return "", "time"
		}
		return persian.Latin(v), ""
	}
	return v, ""
}

// option finds a choice by its value, or by a label: form builders post what
// was shown.
func (f *Field) option(v string) (string, string) {
	for _, o := range f.Options {
		if o.Value == v {
			return v, ""
		}
	}
	for _, o := range f.Options {
		if o.Label.Fa == v || o.Label.En == v {
			return o.Value, ""
		}
	}
	if len(f.Options) == 0 {
		return v, ""
	}
	return "", "option"
}

// give puts a field's values where they belong.
func (f *Field) give(p *Post, values []string) {
	if len(values) == 0 {
		return
	}
	switch f.Identity {
	case IdentityEmail:
		p.Who.Email = values[0]
		return
	case IdentityPhone:
		p.Who.Phone = values[0]
		return
	case IdentityExternal:
		p.Who.External = values[0]
		return
	}
	v := f.value(values)
	if f.Attribute != "" {
		p.Profile = append(p.Profile, activity.Property{Name: f.Attribute, Value: v})
		return
	}
	p.Properties = append(p.Properties, activity.Property{Name: f.Name, Value: v})
}

func (f *Field) value(values []string) activity.Value {
	switch f.Type {
	case Many:
		return activity.Value{Kind: activity.List, List: values}
	case Yes:
		return activity.Value{Kind: activity.Bool, Bool: values[0] == "true"}
	case Number:
		n, err := strconv.ParseFloat(values[0], 64)
		if err == nil {
			return activity.Value{Kind: activity.Number, Number: n}
		}
	}
	return activity.Value{Kind: activity.Text, Text: values[0]}
}

func truthy(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "0", "false", "no", "off", "n", "null", "خیر", "نه":
		return false
	}
	return true
}
