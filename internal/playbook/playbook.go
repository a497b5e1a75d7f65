// Package playbook is the marketer's rules, compiled: one JSON document that
// every function loads once and makes ready. It knows nothing of the YAML it
// was written in (playbook/source reads and checks that), of stores or of time.
package playbook

import (
	"cmp"
	"time"

	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Format is the version of the document; Load refuses any other.
const Format = 1

// Text is a wording in the two languages of the house.
type Text = nurture.Text

// Playbook is one published set of rules. Numbers in it (of signals, stages,
// audiences) are given once and never used again for something else, because
// ledgers refer to them.
type Playbook struct {
	Format int `json:"format"`
	// Number rises with each publish; 0 is not published yet.
	Number   uint32   `json:"number,omitempty"`
	Name     string   `json:"name"`
	Business Business `json:"business"`
	// Zone is the IANA name of the time zone whose days the score counts.
	Zone string `json:"zone"`

	Attributes []Attribute `json:"attributes,omitempty"`
	// Fields are the properties of activities that the log keeps. New ones are
	// only ever appended: the log writes their places.
	Fields  []string            `json:"fields,omitempty"`
	Signals []signal.Definition `json:"signals"`
	// Titles are the words for signals on screens, by number.
	Titles map[signal.Number]Text `json:"titles,omitempty"`
	// Retired lists what numbers once meant.
	Retired Retired `json:"retired,omitzero"`

	Score   score.Config    `json:"score"`
	Nurture nurture.Config  `json:"nurture"`
	Sending sending.Plan    `json:"sending,omitzero"`
	Forms   []form.Config   `json:"forms,omitempty"`
	Mails   []mail.Template `json:"mails,omitempty"`
	Offers  []Offer         `json:"offers,omitempty"`

	Exclusions []Exclusion `json:"exclusions,omitempty"`
	Fakes      Fakes       `json:"fakes,omitzero"`
	Sales      Sales       `json:"sales,omitzero"`
	Learning   Learning    `json:"learning,omitzero"`
}

// Business is who writes to people.
type Business struct {
	Name    Text   `json:"name"`
	Address Text   `json:"address,omitzero"` // postal, in the footer of mails
	Site    string `json:"site,omitempty"`
	// Region is the country whose phone numbers need no prefix, such as IR.
	Region string `json:"region,omitempty"`
	// Currency is what amounts are kept in; ShownAs and ShownPer what people
	// see: rial are kept, toman shown, 10 rial each.
	Currency string `json:"currency,omitempty"`
	ShownAs  Text   `json:"shownAs,omitzero"`
	ShownPer int    `json:"shownPer,omitempty"`
	// Locales in which pages and mails exist, the usual one first.
	Locales []string `json:"locales"`
}

// AttributeType is what an attribute of a profile holds.
type AttributeType string

// The types of attributes.
const (
	TextAttribute   AttributeType = "text"
	ChoiceAttribute AttributeType = "choice"
	NumberAttribute AttributeType = "number"
	YesAttribute    AttributeType = "yes"
	DateAttribute   AttributeType = "date" // 2026-11-24
	TimeAttribute   AttributeType = "time" // RFC 3339, or 2026-11-24T10:30 by the lead's clock
	ListAttribute   AttributeType = "list"
)

// Attribute is one thing that may be known of a lead.
type Attribute struct {
	Name    string        `json:"name"`
	Type    AttributeType `json:"type"`
	Title   Text          `json:"title"`
	Options []Option      `json:"options,omitempty"`
	// Personal attributes are erased with the lead and never shown in reports.
	Personal bool `json:"personal,omitempty"`
	// Source says where it comes from: form, call, product, other.
	Source string `json:"source,omitempty"`
}

// Option is one value of a choice.
type Option struct {
	Value string `json:"value"`
	Title Text   `json:"title"`
}

// Retired is what numbers meant that no rule uses now: a number of a signal,
// stage or audience is never given twice.
type Retired struct {
	Signals   []RetiredSignal  `json:"signals,omitempty"`
	Stages    map[string]uint8 `json:"stages,omitempty"`
	Audiences map[string]uint8 `json:"audiences,omitempty"`
}

// RetiredSignal is a signal that was; if its condition comes back, so does its
// number, with its history.
type RetiredSignal struct {
	Number signal.Number `json:"n"`
	Name   string        `json:"name"`
	Hash   string        `json:"hash"`
}

// Offer is a code that is issued once a lead.
type Offer struct {
	Name    string `json:"name"`
	Title   Text   `json:"title"`
	Percent int    `json:"percent,omitempty"`
	Hours   int    `json:"hours"` // how long it is good for, from when it is issued
	Prefix  string `json:"prefix,omitempty"`
}

// Exclusion names people who are kept, but not scored, mailed or counted.
type Exclusion struct {
	Kind      ExclusionKind `json:"kind"`
	Emails    []string      `json:"emails,omitempty"` // normalized
	Domains   []string      `json:"domains,omitempty"`
	Phones    []string      `json:"phones,omitempty"` // E.164
	Externals []string      `json:"externals,omitempty"`
}

// ExclusionKind says why somebody is excluded; the ledger keeps it.
type ExclusionKind uint8

// The kinds of exclusions.
const (
	NotExcluded ExclusionKind = iota
	Staff
	Test
	Supplier
	Competitor
)

// exclusionKinds are the words for the kinds, by number.
var exclusionKinds = [...]string{"", "staff", "test", "supplier", "competitor"}

func (k ExclusionKind) String() string {
	if int(k) < len(exclusionKinds) {
		return exclusionKinds[k]
	}
	return "excluded"
}

// ExclusionKindOf reads the word for a kind.
func ExclusionKindOf(word string) (ExclusionKind, bool) {
	for i, w := range exclusionKinds {
		if i > 0 && w == word {
			return ExclusionKind(i), true
		}
	}
	return NotExcluded, false
}

// Fakes names addresses that nobody reads: who gives one is held.
type Fakes struct {
	Domains []string `json:"domains,omitempty"` // disposable mail
	Phones  []string `json:"phones,omitempty"`  // E.164
	// Disposable adds the built-in list of disposable domains, but for those
	// under Except.
	Disposable bool     `json:"disposable,omitempty"`
	Except     []string `json:"except,omitempty"`
}

// Sales is how leads are handed over.
type Sales struct {
	Contacts []Contact `json:"contacts,omitempty"`
	// FastMinutes and HandoverHours are working time until the first call.
	FastMinutes   int `json:"fastMinutes,omitempty"`
	HandoverHours int `json:"handoverHours,omitempty"`
	// Alerts says when hot leads are told together.
	Alerts Alerts `json:"alerts,omitzero"`
	// Digest says when sales gets the work list by mail; nil is never.
	Digest *Digest `json:"digest,omitempty"`
	// Retries are the waits after a call that nobody answered.
	Retries []Retry `json:"retries,omitempty"`
	// WeeklyNew is how many new hot leads each contact can take in a week.
	WeeklyNew int      `json:"weeklyNew,omitempty"`
	Reasons   []Reason `json:"reasons,omitempty"`
}

// Alerts bounds the mails that tell of one hot lead: AtOnce of them leave at
// once within Minutes; those that come then wait so long and are told in one
// mail. Who asked for a person is told at once in any case. 0 is the default.
type Alerts struct {
	AtOnce  int `json:"atOnce,omitempty"`
	Minutes int `json:"minutes,omitempty"`
}

// Digest is when each working day the work list leaves: At is a minute of the
// day, in the business's zone.
type Digest struct {
	At int `json:"at"`
}

// Without a word on it, five leave at once in a quarter of an hour.
const (
	alertsAtOnce  = 5
	alertsMinutes = 15
)

// AlertLimits is how many alerts leave at once within which time.
func (s *Sales) AlertLimits() (atOnce int, within time.Duration) {
	return cmp.Or(s.Alerts.AtOnce, alertsAtOnce), time.Duration(cmp.Or(s.Alerts.Minutes, alertsMinutes)) * time.Minute
}

// Contact is a sales person.
type Contact struct {
	Name  string `json:"name"`
	Title Text   `json:"title"`
	Email string `json:"email"`
	Phone string `json:"phone,omitempty"`
}

// Retry waits hours of working time, or until the start of a later working day.
type Retry struct {
	Hours int `json:"hours,omitempty"`
	Days  int `json:"days,omitempty"`
}

// Reason is why a lead is returned or a deal lost.
type Reason struct {
	Name  string `json:"name"`
	Title Text   `json:"title"`
}

// Learning is what a later comparison with outcomes may assume.
type Learning struct {
	MaturityDays    int     `json:"maturityDays,omitempty"`
	BaseRatePercent float64 `json:"baseRatePercent,omitempty"`
	MinWon          int     `json:"minWon,omitempty"`
	MinLeads        int     `json:"minLeads,omitempty"`
	ForecastMonths  []int   `json:"forecastMonths,omitempty"`
}
