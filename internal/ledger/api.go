package ledger

import (
	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

type core struct{}

// Meters is a compiled, immutable set of meters.
type Meters struct{}

// NewMeters checks and compiles meters. The error names the signal and what
// would be right.
func NewMeters(meters []Meter) (*Meters, error) { panic("soon") }

// Fingerprint identifies the set: a state made with another one wants a rebuild.
func (m *Meters) Fingerprint() uint32 { panic("soon") }

// Dictionary is the append-only list of property names that conditions can name.
type Dictionary struct{}

func NewDictionary(names []string) *Dictionary { panic("soon") }

// Pack keeps the properties that the dictionary names. cut tells that a long
// text was shortened (MaxText bytes): its whole lies in a body record.
func (d *Dictionary) Pack(properties []activity.Property) (packed []byte, cut bool) { panic("soon") }
func (d *Dictionary) Unpack(packed []byte) ([]activity.Property, error)             { panic("soon") }

// New makes the state of a lead that has no item yet. Version is 0: insert.
func New(id lead.ID, m *Meters) *State { panic("soon") }

// Decode reads a stored item of any released format.
func Decode(it Item) (*State, error) { panic("soon") }

// Item encodes the state as version Version+1. It fails when the state is not
// settled: a late entry or a changed meter set wants the history first.
func (s *State) Item() (Item, error) { panic("soon") }

// Size is the item's size as DynamoDB counts it, names included; Units is what
// writing so many bytes costs.
func (it Item) Size() int  { panic("soon") }
func Units(bytes int) int  { return max(1, (bytes+1023)/1024) }
func (r Record) Size() int { panic("soon") }

type Verdict uint8

const (
	Fresh    Verdict = iota // append it
	Known                   // had it; nothing to do
	Conflict                // had its id with another payload: counted, the first is kept
	Ask                     // only the Refs know
)

type Answer struct {
	Verdict Verdict
	Refs    []Ref
}

// Seen tells whether the log has the entry's id. Ask: read Refs, then Resolve.
func (s *State) Seen(e *Entry) Answer { panic("soon") }

// Resolve answers Seen with what was read; a ref missing on the shelf is an error.
func (s *State) Resolve(e *Entry, refs []Ref, shelf Shelf) (Verdict, error) { panic("soon") }

// Append logs a fresh entry and folds its hits into the tally.
func (s *State) Append(m *Meters, e Entry) error { panic("soon") }

// Wants names what must be on the shelf before Settle: nothing, nearly always.
// Call it again with the larger shelf until it wants no more.
func (s *State) Wants(m *Meters, shelf Shelf) ([]Ref, error) { panic("soon") }

// Settle brings the state to a form that can be stored: rebuilds what late
// entries, revocations or new meters made stale, compacts, spills.
func (s *State) Settle(m *Meters, shelf Shelf) ([]Record, error) { panic("soon") }

// Settled tells whether Points may be asked.
func (s *State) Settled(m *Meters) bool { panic("soon") }

// Absorb adds another lead's log to this one (a merge): ids of both are
// remembered, the tally is that of the union. Settle afterwards. The other's
// item should be written with MovedTo; its pages stay where they are.
func (s *State) Absorb(m *Meters, other *State) error { panic("soon") }

// Points appends one line a signal of the set that is worth something or was
// ever seen, ascending. today before the newest entry's day reads as that day.
func (s *State) Points(m *Meters, today activity.Day, out []Line) []Line { panic("soon") }

// Count is how often the signal was seen in the last days days up to today (on
// how many days, if distinct). The meter's Keep bounds how far back it can see.
func (s *State) Count(n signal.Number, today activity.Day, days int, distinct bool) int {
	panic("soon")
}

// LastDay is the last day on which the signal was seen.
func (s *State) LastDay(n signal.Number) (activity.Day, bool) { panic("soon") }

// Total number of entries, first and last day of any.
func (s *State) Activities() int                  { panic("soon") }
func (s *State) Days() (first, last activity.Day) { panic("soon") }
func (s *State) Conflicts() int                   { panic("soon") }
func (s *State) Tail() []Entry                    { panic("soon") }

// LogRefs names the records still missing for the whole log; call until empty.
func (s *State) LogRefs(shelf Shelf) ([]Ref, error) { panic("soon") }

// Log gives the whole log by (day, time, key).
func (s *State) Log(shelf Shelf) ([]Entry, error) { panic("soon") }

// Replay makes a state and its records from entries in any order. Records may
// be dropped when only the score is wanted.
func Replay(id lead.ID, m *Meters, entries []Entry) (*State, []Record, error) { panic("soon") }

// Canonical is a byte form of tally, registers and ids that depends on the set of
// entries alone. shelf must hold what LogRefs names.
func (s *State) Canonical(m *Meters, shelf Shelf) ([]byte, error) { panic("soon") }
