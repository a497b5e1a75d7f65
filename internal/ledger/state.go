package ledger

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Item is the ledger item as it is stored: attribute l Lead, v Version,
// p Playbook, x Blob, b Band (absent when ""), ds DueShard and da DueAt (absent
// when DueShard is "").
type Item struct {
	Lead     lead.ID
	Version  uint64
	Playbook uint32
	Blob     []byte
	Band     string
	DueShard string
	DueAt    int64
}

// Ref names an immutable record in the history of a lead.
type Ref struct {
	Lead lead.ID // hash key h
	Key  string  // range key r: p… page, r… run, i…#n id block
}

// Record is a record to put before the state that points to it is written. Its
// key is made from its content, so putting it twice is harmless, and one whose
// state write failed is an orphan that nothing counts.
type Record struct {
	Ref
	Body []byte
}

// Shelf holds the bodies that were read.
type Shelf map[Ref][]byte

// Pending is a decision whose record does not exist yet.
type Pending struct {
	Kind   string // handover, fastlane, stage, enroll, audience
	Name   string // which stage, track or audience; "" for none
	N      uint16 // n-th time; the key is (lead, kind, name, n)
	Reason []byte // the decision package's own, a few dozen bytes
	At     int64  // unix seconds
	Quiet  bool   // listed, told nobody
}

// State is a decoded ledger item. The exported fields are the caller's: the
// ledger keeps them and does not read them. A State is not safe for concurrent
// use, and aliases the blob it was decoded from.
type State struct {
	Lead     lead.ID
	Version  uint64 // of the stored item; 0 when there is none yet
	Playbook uint32

	Band     string // index key; "" = not listed
	DueShard string // index key; only while decisions are pending
	DueAt    int64

	Known    bool // an identity other than a visitor's is known
	Stage    uint8
	Grade    uint8
	Persona  uint8
	Excluded uint8        // why the lead is not scored; 0 = it is
	Total    int          // of the card at the last write
	Fit      int          //
	Review   activity.Day // first day on which something could differ; 0 = never
	Profile  signal.Bits  // profile signals that hold
	Audience signal.Bits  // audiences the lead is in
	Memory   []byte       // the decision package's own: counters, sides of thresholds
	Pending  []Pending
	MovedTo  lead.ID // set when another lead absorbed this one

	// LookBack is set by the ledger when hits that were backfilled may no longer
	// be right: something was revoked, or the log laid out anew. The caller
	// matches the log against all its signals again (Relabel, Backfill), as when
	// they are new, and clears it.
	LookBack bool

	core
}

// core is what the ledger owns.
type core struct {
	print       uint32       // of the meters that made the registers
	entries     int          // all of the log
	conflicts   int          // ids that came again with another payload
	first, high activity.Day // of all entries; meaningless while there are none
	tail        []Entry      // by (day, time, key)
	registers   []register   // by signal, count signals too; Manual last
	filter      filter
	pages       []pointer    // not yet in a run, oldest first
	runs        []runPointer // largest first
	spilled     int64        // newest time-ordered id outside the tail
	ran         int64        // newest time-ordered id in a run
	revoked     []uint64     // keys revoked before they came

	backfilled bool // some hits are in runs only, not with their entries

	stale    bool     // registers wait for the whole tally
	revoking []uint64 // keys of tail entries that revoke something not in the tail
	joining  []*State // leads to absorb
}

// New makes the state of a lead that has no item yet. Version is 0: insert.
func New(id lead.ID, m *Meters) *State {
	return &State{Lead: id, core: core{print: m.print}}
}

// Activities is how many the log holds; those that were revoked count too.
func (s *State) Activities() int { return s.entries }

// Days are the first and the last day of any activity.
func (s *State) Days() (first, last activity.Day) { return s.first, s.high }

// Conflicts counts ids that came again with another payload.
func (s *State) Conflicts() int { return s.conflicts }

// Tail is the newest part of the log, by (day, time, key). It must not be changed.
func (s *State) Tail() []Entry { return s.tail }

func (s *State) register(n signal.Number) *register {
	i, found := s.find(n)
	if !found {
		return nil
	}
	return &s.registers[i]
}

// open gives the register of a signal, made if there is none.
func (s *State) open(n signal.Number) *register {
	i, found := s.find(n)
	if !found {
		s.registers = slices.Insert(s.registers, i, register{signal: n})
	}
	return &s.registers[i]
}

func (s *State) find(n signal.Number) (int, bool) {
	return slices.BinarySearchFunc(s.registers, n, func(r register, n signal.Number) int { return int(r.signal) - int(n) })
}
