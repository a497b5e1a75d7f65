package ledger

import (
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
	Kind    string // handover, fastlane, stage, enroll, audience
	Subject string // which stage, track or audience; "" for none
	N       uint16 // n-th time; the key is (lead, kind, subject, n)
	Reason  []byte // a few bytes of the decision package's own, at most 64
	At      int64  // unix seconds
	Quiet   bool   // listed, told nobody
}

// Mark remembers on which side of a threshold the lead was, for hysteresis, and
// how often it was told.
type Mark struct {
	Threshold uint8
	State     uint8
	N         uint16
	Since     activity.Day
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

	Stage    uint8
	Grade    uint8
	Persona  uint8
	Excluded uint8        // why the lead is not scored; 0 = it is
	Total    int          // of the card at the last write
	Fit      int          //
	Review   activity.Day // first day on which something could differ; 0 = never
	Profile  signal.Bits  // profile signals that hold
	Audience signal.Bits  // audiences the lead is in
	Marks    []Mark
	Pending  []Pending
	MovedTo  lead.ID // set when another lead absorbed this one

	core
}
