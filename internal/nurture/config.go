// Package nurture decides whom to write to, what and when: tracks, pacing,
// the business calendar, consent and the state of one recipient. Every
// decision is a pure function of the recipient, the playbook and a time that
// the caller gives; it knows no clock, no store, and no way to send anything.
package nurture

import "time"

// Config is the nurture part of a compiled playbook, kept as JSON.
type Config struct {
	// Zone is the IANA name of the business's time zone.
	Zone string `json:"zone"`
	// Tracks in the order of the playbook; a higher Priority goes first.
	Tracks []Track `json:"tracks"`
	// Caps hold marketing mail of one person over all tracks.
	Caps []Cap `json:"caps"`
	// GapHours is the least time between two marketing mails to a person.
	GapHours int `json:"gapHours"`
	// Calendar says when marketing mail may leave; Calls when sales works.
	Calendar Calendar `json:"calendar"`
	Calls    Calendar `json:"calls"`
	// DoubleOptIn demands a confirmed consent before marketing mail.
	DoubleOptIn bool `json:"doubleOptIn,omitempty"`
	// HoldStages are the stages in which sales is talking: marketing waits.
	HoldStages []string `json:"holdStages,omitempty"`
	// Topics a person may leave one by one.
	Topics []Topic `json:"topics,omitempty"`
}

// Text is a wording in the two languages of the house.
type Text struct {
	Fa string `json:"fa"`
	En string `json:"en"`
}

// In gives the wording in a locale, Persian where English is missing and the
// other way round.
func (t Text) In(locale string) string {
	if (locale == "en" && t.En != "") || t.Fa == "" {
		return t.En
	}
	return t.Fa
}

// Topic is a subject of mails that a person may switch off.
type Topic struct {
	Name  string `json:"name"`
	Title Text   `json:"title"`
}

// Track is a nurture series.
type Track struct {
	Name     string  `json:"name"`
	Title    Text    `json:"title"`
	Priority int     `json:"priority,omitempty"`
	Topic    string  `json:"topic,omitempty"`
	Entry    []Entry `json:"entry"`
	// Ends lists what ends the track for a person who is inside.
	Ends []Entry `json:"ends,omitempty"`
	// ReentryDays is the least time after the last entry before a person may
	// enter again; 0 means once for ever.
	ReentryDays int    `json:"reentryDays,omitempty"`
	Steps       []Step `json:"steps"`
}

// Entry is one trigger: exactly one of its first fields is set; MinFit
// narrows it.
type Entry struct {
	Form     string `json:"form,omitempty"`     // a form was posted
	Signal   string `json:"signal,omitempty"`   // a signal was seen
	Stage    string `json:"stage,omitempty"`    // a lifecycle stage was entered
	Band     string `json:"band,omitempty"`     // a band was entered
	Lost     string `json:"lost,omitempty"`     // a deal was lost or a lead returned for this reason
	Silent   int    `json:"silent,omitempty"`   // no human activity for so many days
	MinFit   int    `json:"minFit,omitempty"`   // and fit at least this
	Activity string `json:"activity,omitempty"` // an activity of this type
}

// Class says which rules a mail obeys.
type Class string

const (
	// Marketing mail needs consent and obeys caps and the calendar.
	Marketing Class = "marketing"
	// Asked mail answers one request of that person: at once, outside caps;
	// suppression and erasure stop it too.
	Asked Class = "asked"
)

// Step is one mail or call task of a track.
type Step struct {
	Name string `json:"name"`
	// Wait counts from the step before (the entry for the first).
	WaitDays  int `json:"waitDays,omitempty"`
	WaitHours int `json:"waitHours,omitempty"`
	// UntilField names a date attribute of the profile to wait for instead.
	UntilField string `json:"untilField,omitempty"`
	Class      Class  `json:"class,omitempty"`
	// Exactly one of Mail and Task is set.
	Mail string `json:"mail,omitempty"`
	Task *Task  `json:"task,omitempty"`
	// Only and Unless name signals: the step is skipped unless Only was seen
	// since entry, or if Unless was.
	Only   string `json:"only,omitempty"`
	Unless string `json:"unless,omitempty"`
	// NeedsMobile skips the step for whom no mobile is known.
	NeedsMobile bool `json:"needsMobile,omitempty"`
	// Offer names a code to be issued once a lead.
	Offer string `json:"offer,omitempty"`
}

// Wait is the time between the step before and this one.
func (s Step) Wait() time.Duration {
	return time.Duration(s.WaitDays)*24*time.Hour + time.Duration(s.WaitHours)*time.Hour
}

// Task is a call for sales to make.
type Task struct {
	Title Text `json:"title"`
	// WithinHours of working time the call should be made.
	WithinHours int `json:"withinHours,omitempty"`
}

// Cap is at most Count marketing mails in any window of Days days.
type Cap struct {
	Count int `json:"count"`
	Days  int `json:"days"`
}

// Calendar is a week of open hours, with days and ranges that are closed.
type Calendar struct {
	// Open holds the open weekdays, time.Sunday = 0 … time.Saturday = 6.
	Open []time.Weekday `json:"open"`
	// From and Until are minutes after local midnight; Until is exclusive.
	From  int `json:"from"`
	Until int `json:"until"`
	// Closed holds single days and ranges, "2026-03-20" Gregorian, both ends
	// included.
	Closed []Closed `json:"closed,omitempty"`
}

// Closed is a range of local dates on which nothing leaves.
type Closed struct {
	From  string `json:"from"`
	Until string `json:"until"`
	Name  Text   `json:"name"`
}
