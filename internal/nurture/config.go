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
	// Caps hold what one person gets of marketing over all tracks.
	Caps []Cap `json:"caps"`
	// GapHours is the least time between two marketing messages to a person,
	// over all channels.
	GapHours int       `json:"gapHours"`
	Channels []Channel `json:"channels,omitempty"`
	Holdout  *Holdout  `json:"holdout,omitempty"`
	// Calendar says when marketing mail may leave; Calls when sales works.
	Calendar Calendar `json:"calendar"`
	Calls    Calendar `json:"calls"`
	// DoubleOptIn demands a confirmed consent before marketing mail.
	DoubleOptIn bool `json:"doubleOptIn,omitempty"`
	// Opens puts a picture into mails that tells when one is looked at.
	Opens bool `json:"opens,omitempty"`
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

// Channels over which people are written to.
const (
	Email = "email"
	SMS   = "sms"
)

// Cap is at most Count marketing messages in any window of Days days: over the
// channel named, or over all of them.
type Cap struct {
	Count   int    `json:"count"`
	Days    int    `json:"days"`
	Channel string `json:"channel,omitempty"`
}

// Channel is what a channel asks beyond what holds for all: a gap between two
// of its own messages, and hours inside those of the calendar. Minutes after
// local midnight; both 0 are the calendar's own.
type Channel struct {
	Name     string `json:"name"`
	GapHours int    `json:"gapHours,omitempty"`
	From     int    `json:"from,omitempty"`
	Until    int    `json:"until,omitempty"`
}

// Holdout keeps some people out of marketing for as long as they are in a
// track, to see what it does: Percent of those who enter a track, All percent
// of everybody over all tracks. It begins with the entry From of a track;
// before, so few would tell nothing.
type Holdout struct {
	Percent int `json:"percent,omitempty"`
	All     int `json:"all,omitempty"`
	From    int `json:"from"`
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
