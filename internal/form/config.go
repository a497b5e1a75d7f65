// Package form turns what a browser, a script or a form builder posted into
// what a lead said: a body becomes a neutral tree, the tree becomes answers,
// and a form's own rules judge them. It knows no network and no clock; it never
// repeats what was posted in an error.
package form

import (
	"crypto/sha256"
	"encoding/hex"
)

// Config is one form of the playbook, kept as JSON.
type Config struct {
	Name   string  `json:"name"` // as in POST /f/{name}
	Title  Text    `json:"title"`
	Locale string  `json:"locale,omitempty"` // fa where empty; a post says otherwise by _lang
	Fields []Field `json:"fields"`
	// Consents are check boxes of permission. One that is not ticked says
	// nothing: it withdraws nothing.
	Consents []Consent `json:"consents,omitempty"`
	Magnet   *Magnet   `json:"magnet,omitempty"`

	// Thanks is where a browser goes: empty for our own page, else a path or
	// an https URL. ThanksText stands on our own page.
	Thanks     string `json:"thanks,omitempty"`
	ThanksText Text   `json:"thanksText,omitzero"`
	// Hosts may be returned to besides our own (a post's field `return`).
	Hosts []string `json:"hosts,omitempty"`

	Token TokenPolicy `json:"token,omitempty"`
	// TokenHours is how long a form token lives; 24 when 0.
	TokenHours int `json:"tokenHours,omitempty"`
	// Honeypot names a field that people do not see; who fills it is held.
	Honeypot string `json:"honeypot,omitempty"`
	// MinSeconds is the least time a person needs to fill the form; who is
	// faster is held. It is judged only where a token or the script says when
	// the page was opened. 0 switches it off.
	MinSeconds float64 `json:"minSeconds,omitempty"`

	Source Source `json:"source,omitzero"`
}

// Label is what people call a field, its name where nobody said.
func (c *Config) Label(field, locale string) string {
	for _, f := range c.Fields {
		if f.Name == field && f.Label.In(locale) != "" {
			return f.Label.In(locale)
		}
	}
	return field
}

// Text is a wording in the two languages of the house.
type Text struct {
	Fa string `json:"fa,omitempty"`
	En string `json:"en,omitempty"`
}

// In gives the wording in a locale, the other language where it is missing.
func (t Text) In(locale string) string {
	if (locale == "en" && t.En != "") || t.Fa == "" {
		return t.En
	}
	return t.Fa
}

// Type is what a field holds.
type Type string

// The types of fields.
const (
	Email  Type = "email"
	Phone  Type = "phone"
	Line   Type = "text"     // one line; the default
	Long   Type = "textarea" // several lines
	Number Type = "number"
	Choice Type = "choice" // one of Options
	Many   Type = "many"   // some of Options; may be posted several times
	Yes    Type = "yes"    // a check box
	Date   Type = "date"   // YYYY-MM-DD
	Time   Type = "time"   // YYYY-MM-DDTHH:MM as datetime-local says it, or RFC 3339
)

// Identity says that a field names the lead.
type Identity string

// The identities that a form may ask for.
const (
	IdentityEmail    Identity = "email"
	IdentityPhone    Identity = "phone"
	IdentityExternal Identity = "external"
)

// Field is one question.
type Field struct {
	Name     string   `json:"name"`
	Type     Type     `json:"type,omitempty"`
	Label    Text     `json:"label,omitzero"`
	Required bool     `json:"required,omitempty"`
	Options  []Option `json:"options,omitempty"`
	// Max is the most characters; 200 when 0 (1,000 for textarea),
	// and never over the 2 KiB that a property of an activity holds.
	Max int `json:"max,omitempty"`
	// Min and Limit bound a number; both 0 means any.
	Min   float64 `json:"min,omitempty"`
	Limit float64 `json:"limit,omitempty"`

	// Identity makes the answer an identity of the lead, Attribute a value of
	// the profile; else it is a property of the activity under Name.
	Identity  Identity `json:"identity,omitempty"`
	Attribute string   `json:"attribute,omitempty"`

	// Names are the other keys under which the answer comes: numeric keys, ids
	// and labels of a form builder ("q3", "field_7", "data.fields.email").
	Names []string `json:"names,omitempty"`
}

// Option is one choice: what is posted and what is shown.
type Option struct {
	Value string `json:"value"`
	Label Text   `json:"label,omitzero"`
}

// Consent is one check box of permission.
type Consent struct {
	Name     string   `json:"name"`    // the field
	Channel  string   `json:"channel"` // email, phone, sms
	Purpose  string   `json:"purpose"` // marketing
	Wording  string   `json:"wording"` // the version of the words, "v1"
	Text     Text     `json:"text"`    // the words that are shown
	Required bool     `json:"required,omitempty"`
	Names    []string `json:"names,omitempty"`
}

// Shown identifies the words that were shown: version and a hash of the text,
// so that words changed under an old version come to light.
func (c Consent) Shown() string {
	h := sha256.Sum256([]byte(c.Text.Fa + "\x00" + c.Text.En))
	return c.Wording + "#" + hex.EncodeToString(h[:4])
}

// Magnet is the file that a person gets for their address.
type Magnet struct {
	Name  string `json:"name"`
	Title Text   `json:"title"`
	// URL is where the file lies: an https URL, or a path below the public URL.
	URL string `json:"url"`
	// Days is how long a link to it lives; 30 when 0.
	Days int `json:"days,omitempty"`
}

// TokenPolicy says what a form token is good for.
type TokenPolicy string

// A token that is sent is always checked; the policies differ in what a bad or
// missing one does.
const (
	TokenOptional TokenPolicy = ""         // none is fine (plain static HTML), a bad one is refused
	TokenRequired TokenPolicy = "required" // none is refused too
	TokenHold     TokenPolicy = "hold"     // bad or missing: accepted, but held: no mail, no score
)

// Source says how a form builder wraps the answers. The zero value is a post of
// our own pages: names must match exactly.
type Source struct {
	// JSON names a field that holds the answers as JSON text.
	JSON string `json:"json,omitempty"`
	// At is the path to the answers inside the body, "data.fields".
	At string `json:"at,omitempty"`
	// Guess finds identities by the type of an answer, then by its name in any
	// case and language, then by its shape.
	Guess bool `json:"guess,omitempty"`
	// Test is a path; what is truthy there marks a test post, which is held.
	Test string `json:"test,omitempty"`
}
