package score

import (
	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Kind says what a line of a card is.
type Kind string

const (
	KindSignal     Kind = "signal"      // what one signal is worth today, before its caps
	KindCap        Kind = "cap"         // what a cap a day or a window took from the line before it
	KindGroup      Kind = "group limit" // what the limits of a group took or gave
	KindFunnel     Kind = "funnel"      // for having come to a step of the funnel
	KindEngagement Kind = "engagement limit"
	KindFit        Kind = "fit" // what a profile signal is worth to the persona
	KindFitLimit   Kind = "fit limit"
	KindManual     Kind = "manual" // what people added or took, and still holds
)

// Line is one line of a card.
type Line struct {
	Kind   Kind          `json:"kind"`
	Signal signal.Number `json:"signal,omitempty"`
	// Name of the signal, of the group for its limit, of the funnel step.
	Name  string `json:"name,omitempty"`
	Group string `json:"group,omitempty"`
	// Count is how often the signal was seen, ever; LastDay when last.
	Count   int          `json:"count,omitempty"`
	LastDay activity.Day `json:"lastDay,omitempty"`
	Points  int          `json:"points"`
	// Until is the last day on which a manual line counts; 0 is for ever.
	Until activity.Day `json:"until,omitempty"`
	// Limit is the cap or limit of a cap or limit line; Days its window.
	Limit int `json:"limit,omitempty"`
	Days  int `json:"days,omitempty"`
}

// Card is the score of a lead with its working.
type Card struct {
	Lead     lead.ID      `json:"lead"`
	Day      activity.Day `json:"day"`
	Playbook uint32       `json:"playbook"`
	// Excluded leads (own staff, test, competitor) are kept and not scored.
	Excluded bool `json:"excluded,omitempty"`

	// Total = Fit + Engagement + Manual = the sum of the lines.
	Total      int `json:"total"`
	Fit        int `json:"fit"`
	Engagement int `json:"engagement"`
	Manual     int `json:"manual,omitempty"`

	Persona string `json:"persona,omitempty"`
	Grade   string `json:"grade"` // A1 … D4
	Band    string `json:"band"`
	Stage   string `json:"stage,omitempty"` // as the state has it
	Funnel  string `json:"funnel,omitempty"`
	Part    string `json:"part,omitempty"` // top, middle, bottom
	// Leading is the group with most points, Interest the leading interest.
	Leading  string `json:"leading,omitempty"`
	Interest string `json:"interest,omitempty"`
	// Handover: the hand-over threshold is met today.
	Handover bool `json:"handover,omitempty"`

	Lines []Line `json:"lines"`

	// ReviewDay is the first day on which time alone changes the band, the
	// grade, the stages or audiences that the lead can enter, or a side of the
	// hand-over threshold; 0 is never. NextCrossing is when the band changes.
	ReviewDay    activity.Day `json:"reviewDay,omitempty"`
	NextCrossing *Crossing    `json:"nextCrossing,omitempty"`
	WhyNow       []Why        `json:"whyNow,omitempty"`
	WouldRaise   []Raise      `json:"wouldRaise,omitempty"`

	outcome outcome
}

// Crossing is a change of band by time alone.
type Crossing struct {
	Day   activity.Day `json:"day"`
	From  string       `json:"from"`
	To    string       `json:"to"`
	Total int          `json:"total"` // on that day
}

// Why is a reason to act on a lead today: what it did lately that is worth
// most.
type Why struct {
	Signal  signal.Number `json:"signal"`
	Name    string        `json:"name"`
	Points  int           `json:"points"`
	Count   int           `json:"count"`
	LastDay activity.Day  `json:"lastDay"`
}

// Raise is what would raise the score next: a signal not exhausted, or an
// attribute not yet known.
type Raise struct {
	Signal signal.Number `json:"signal"`
	Name   string        `json:"name"`
	// Attribute is set when asking for it could bring the points.
	Attribute string `json:"attribute,omitempty"`
	Points    int    `json:"points"`
}

// CanEnter tells whether the condition of the stage with this place in the
// playbook's list holds, wherever the lead stands.
func (c *Card) CanEnter(stage int) bool { return c.outcome.stages&(1<<stage) != 0 }

// InAudience tells whether the score and signals put the lead into the
// audience with this place in the list; its stages are not looked at.
func (c *Card) InAudience(audience int) bool { return c.outcome.audiences&(1<<audience) != 0 }

// BelowLower tells that the total is under the lower mark of the hand-over.
func (c *Card) BelowLower() bool { return c.outcome.below }

// outcome is everything that a decision can hang on. Two days with equal
// outcomes need no review between them.
type outcome struct {
	band            int
	letter, number  byte
	handover, below bool
	stages          uint64 // by place in the list: Enter holds
	audiences       uint64
}
