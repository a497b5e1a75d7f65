package ledger

import (
	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// DecayKind is how points fade.
type DecayKind uint8

const (
	NoDecay  DecayKind = iota
	HalfLife           // half after Days days, by an integer table
	Window             // all of it while the age in days is under Days, then nothing
	Steps              // the percentage of the last step whose Days the age has reached; 100 before the first
)

// Decay of one signal. Ages are whole days of the business's calendar.
type Decay struct {
	Kind  DecayKind
	Days  int
	Steps []Step // ascending by Days; the last one has Percent 0
}

// Step says that from the age of Days on Percent of the points are left.
type Step struct{ Days, Percent int }

// Meter says how the days of one signal become points. The order of limits is:
// points of a day (Points x count, at most PerDay), then what is left of Cap in
// the fixed window of CapDays days, allotted in the order of days, then decay.
// Limits are sizes: for a penalty they bound how far it goes down.
type Meter struct {
	Signal signal.Number
	Points int
	// PerDay is the most points of one day; 0 is no limit. "Once a day" is
	// PerDay = size of Points.
	PerDay int
	// Cap is the most points in a fixed window of CapDays days (windows are
	// counted from day 0); Cap 0 is no limit, CapDays 0 with a Cap is for ever.
	Cap, CapDays int
	// Once counts the first day only: Points once, for ever. OncePer counts once
	// in each fixed window of so many days. Neither goes with Cap, except
	// OncePer 1, which is "once a day".
	Once    bool
	OncePer int
	Decay   Decay
	// Count makes this a count signal: its hits follow from the tally of another.
	Count *signal.Count
	// Profile makes this a profile signal: Points while its bit is set.
	Profile bool
	// Keep asks that State.Count can answer over so many days.
	Keep int
}

// Manual is the signal number of the line that sums manual adjustments.
const Manual signal.Number = 0xFFFF

// Line is what one signal is worth today.
type Line struct {
	Signal signal.Number
	// Count is how often it was seen, ever; Last the last day on which it was.
	Count int
	Last  activity.Day
	// Points after caps and decay, rounded toward zero.
	Points int
	// Cut is what caps took away from the days still open, decayed like Points:
	// Points + Cut is the line before the cap.
	Cut int
}
