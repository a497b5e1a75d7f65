// Package score turns what a lead did into what the lead is worth, line by
// line. The same playbook, tally, profile and day always give the same card, and
// the lines of a card always add up to its total. It knows no clock and no store.
package score

import "github.com/sarnakh/sarnakh/internal/signal"

// Config is the scoring part of a compiled playbook, kept as JSON. Signals are
// named by number; Compile gets the definitions beside it.
type Config struct {
	Points   []Points  `json:"points"`
	Groups   []Group   `json:"groups,omitempty"`
	Personas []Persona `json:"personas,omitempty"`
	// Engagement and Fit are the limits of the two halves of the total.
	Engagement Limits   `json:"engagement"`
	Fit        Limits   `json:"fit"`
	Bands      []Band   `json:"bands"`
	Grades     Grades   `json:"grades"`
	Handover   Handover `json:"handover"`
	Stages     []Stage  `json:"stages,omitempty"`
	Funnel     []Step   `json:"funnel,omitempty"`
	// FastLane signals go to sales at once, at any score.
	FastLane []signal.Number `json:"fastLane,omitempty"`
	// Audiences are live segments by score and signals.
	Audiences []Audience `json:"audiences,omitempty"`
	// Watch lists signals that tracks ask about: counted, whether or not they
	// are worth points.
	Watch []signal.Number `json:"watch,omitempty"`
}

// Title is a wording in the two languages of the house.
type Title struct {
	Fa string `json:"fa,omitempty"`
	En string `json:"en,omitempty"`
}

// Points says what one activity or count signal is worth in the engagement.
// Zero values mean: no cap, every time, no decay.
type Points struct {
	Signal signal.Number `json:"signal"`
	Points int           `json:"points"` // a hit, may be negative
	Group  string        `json:"group,omitempty"`
	// Interest is a second group, of kind interest: it gathers the same points
	// only to say what the lead cares for, and limits nothing.
	Interest string `json:"interest,omitempty"`
	// PerDay is the most points (the least, for a negative signal: give the
	// size) that one day can bring. Cap is the same for each fixed window of
	// WindowDays days of the calendar.
	PerDay     int `json:"perDay,omitempty"`
	Cap        int `json:"cap,omitempty"`
	WindowDays int `json:"windowDays,omitempty"`
	// Once counts the first hit only; OnceDays one hit in each fixed window of
	// so many days (1: once a day).
	Once     bool `json:"once,omitempty"`
	OnceDays int  `json:"onceDays,omitempty"`
	// At most one way to fade.
	HalfLife int         `json:"halfLife,omitempty"` // days
	LastDays int         `json:"lastDays,omitempty"` // whole for so many days, then nothing
	Steps    []DecayStep `json:"steps,omitempty"`
}

// DecayStep leaves Percent of the points from the age of Day days on.
type DecayStep struct {
	Day     int `json:"day"`
	Percent int `json:"percent"`
}

// Limits bounds a sum, both ends included.
type Limits struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Group gathers the points of one channel under limits of its own, so that
// one channel cannot make anybody hot. An interest says what a lead cares for.
type Group struct {
	Name     string `json:"name"`
	Title    Title  `json:"title"`
	Limits   Limits `json:"limits"`
	Interest bool   `json:"interest,omitempty"`
}

// Persona is an ideal customer with fit points of its own. A lead is shown
// with the persona that fits best; on a tie, the first of the playbook.
type Persona struct {
	Name  string `json:"name"`
	Title Title  `json:"title"`
	// Fit lists profile signals and their points.
	Fit []Fit `json:"fit"`
}

// Fit is what a profile signal is worth to a persona. The attribute is shown
// with the line.
type Fit struct {
	Signal signal.Number `json:"signal"`
	Points int           `json:"points"`
}

// Band names a range of the total that begins at From; the first begins
// anywhere below.
type Band struct {
	Name  string `json:"name"`
	Title Title  `json:"title"`
	From  int    `json:"from"`
}

// Grades turns fit into a letter and engagement into a number: A1 … D4. Fit
// holds the least fit of A, B, C; Engagement the least engagement of 1, 2, 3.
type Grades struct {
	Fit        [3]int `json:"fit"`
	Engagement [3]int `json:"engagement"`
}

// Handover is the threshold at which a lead goes to sales. It is told again
// only after the total was below Lower for Days days on end.
type Handover struct {
	Total      int `json:"total"`
	Fit        int `json:"fit"`
	Engagement int `json:"engagement"`
	Lower      int `json:"lower"`
	Days       int `json:"days"`
}

// Stage is one step of the lifecycle, in order. A lead moves forward by itself
// to the last stage that it can enter; back only by a person or a reason.
type Stage struct {
	// Number is what the ledger keeps for the stage: given once, never used
	// again for another, so that stages can be put in between. 0 is the place
	// in the list, from 1.
	Number uint8  `json:"n,omitempty"`
	Name   string `json:"name"`
	Title  Title  `json:"title"`
	// Enter holds conditions of which one must hold; none: the stage is
	// entered only by a person, or for a reason.
	Enter []Need `json:"enter,omitempty"`
	// From is the earliest stage that may step here; "" any earlier one.
	From string `json:"from,omitempty"`
	// Reasons of a returned lead or a lost deal that put it here, backwards or
	// forwards; "*" is any reason that no stage names.
	Reasons []string `json:"reasons,omitempty"`
	// Silent stages are entered without a decision: nobody outside is told.
	Silent bool `json:"silent,omitempty"`
}

// Need is a condition on a card: everything set in it must hold.
type Need struct {
	// Seen: one of these signals was seen (activity, count: ever, or within
	// the last Days days) or holds (profile, absence).
	Seen []signal.Number `json:"seen,omitempty"`
	Days int             `json:"days,omitempty"`
	// All of these, too.
	All []signal.Number `json:"all,omitempty"`
	// None of these was seen or holds, ever.
	None []signal.Number `json:"none,omitempty"`
	// At least so much of each; nil asks nothing.
	Total      *int `json:"total,omitempty"`
	Fit        *int `json:"fit,omitempty"`
	Engagement *int `json:"engagement,omitempty"`
	// Below: the total is less than this.
	Below *int `json:"below,omitempty"`
	// Handover: the hand-over threshold is met.
	Handover bool `json:"handover,omitempty"`
	// Known: an identity other than a visitor's is known.
	Known bool `json:"known,omitempty"`
}

// Step is a place in the funnel (AIDA); the lead stands at the last step of
// which a signal was seen. Part is top, middle or bottom.
type Step struct {
	Name    string          `json:"name"`
	Title   Title           `json:"title"`
	Part    string          `json:"part"`
	Signals []signal.Number `json:"signals"`
	// Points for having come so far, counted in the engagement where the
	// playbook says so; only the highest step counts.
	Points int `json:"points,omitempty"`
}

// Audience is a live segment: entering and leaving are decisions.
type Audience struct {
	// Number as for Stage.
	Number uint8  `json:"n,omitempty"`
	Name   string `json:"name"`
	Title  Title  `json:"title"`
	Need   Need   `json:"need"`
	// Stages the lead may stand in; none: any.
	Stages []string `json:"stages,omitempty"`
}
