package store

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
)

// IdentityKey names an identity without saying what it is: kind and keyed hash.
type IdentityKey string

// IdentityOf makes the key of an identity from its kind (email, phone,
// visitor, external) and its keyed hash.
func IdentityOf(kind, hash string) IdentityKey { return IdentityKey(kind + "#" + hash) }

// Identity says which lead an identity belongs to.
type Identity struct {
	Key  IdentityKey
	Lead lead.ID
}

// Wanted is what one batch read asks for; any part may be empty.
type Wanted struct {
	Identities []IdentityKey
	Ledgers    []lead.ID
	Profiles   []lead.ID
	Recipients []string
	// Suppressions are keyed hashes of addresses.
	Suppressions []string
	Playbook     bool // the pointer to the published playbook
	// Strong sees what was written a moment ago, at twice the price.
	Strong bool
}

// Found is the answer; what is absent from a map was not found.
type Found struct {
	Identities map[IdentityKey]lead.ID
	Ledgers    map[lead.ID]ledger.Item
	Profiles   map[lead.ID]Profile
	Recipients map[string]Recipient
	// Suppressions by hash.
	Suppressions map[string]Suppression
	Playbook     Pointer // Number 0: none was published
}

// Written is the fate of one item of a batch: Err is nil, ErrConflict, or what
// went wrong. After a conflict Current is what is stored instead; its Version
// is 0 when that is nothing.
type Written[T any] struct {
	Err     error
	Current T
}

// Profile is the attributes of a lead: one item under a version. Version is
// that of the stored item; a write is on the condition that it did not move,
// and stores Version+1. 0 is a lead without an item.
type Profile struct {
	Lead    lead.ID
	Version int64
	Body    []byte
}

// Recipient is the item of one person to write to, under a version like
// Profile. DueAt is when it must be looked at, 0 for never; Rank (0 to MaxRank)
// says how urgent that is, beside others that are due.
type Recipient struct {
	ID      string
	Version int64
	Body    []byte
	DueAt   int64
	Rank    int
}

// MaxRank is the highest rank of a recipient.
const MaxRank = 999

// Due is one row of a due index. What it says may be old: read the item.
// Ledgers have no rank.
type Due struct {
	ID   string
	At   int64
	Rank int
}

// Merge joins two leads: both ledgers are written on the condition of their
// versions, and the identities point to Into, all or nothing. Profiles move
// before, idempotently.
type Merge struct {
	Into, From ledger.Item
	Move       []IdentityKey
}

// Decision is the record that a decision was queued, and what of it was
// carried out. There is one under (Lead, Kind, Subject, N), for ever.
type Decision struct {
	DecisionKey
	Version  int64 // of the stored record; writes store Version+1
	Playbook uint32
	At       int64 // when it was decided, unix seconds
	Quiet    bool
	Reason   []byte
	Body     []byte // the delivery message
	// Done holds what was carried out, by name (alert, webhook, task, enroll):
	// unix seconds. Deliver writes it.
	Done map[string]int64
	// Rank is the place of a quiet decision on the quiet list, as text; "" is
	// off the list, where all that are told are from the beginning.
	Rank string
	// Waits is the place of a decision among the alerts that wait to be told in
	// one mail, as text, the longest first; "" where it does not wait. Who waits
	// is not on the quiet list, whatever Rank says.
	Waits string
	// By is who told of a quiet decision, or let it pass.
	By string
}

// QuietRow is a place on the quiet list: what the index alone says, and it may
// be old.
type QuietRow struct {
	DecisionKey
	Rank string
}

// DecisionKey is the key under which a decision cannot come twice.
type DecisionKey struct {
	Lead    lead.ID
	Kind    string
	Subject string // which stage, track or audience; "" for none
	N       int
}

// Work is a lead worth a call: one item a lead, under a version. Rank orders
// the open list (most urgent first, as text); "" takes it off the list.
type Work struct {
	Lead    lead.ID
	Version int64
	Rank    string
	Body    []byte
}

// Parked is a message set aside with its reason. The same message parked twice
// is one record.
type Parked struct {
	At     time.Time
	ID     string // of the message or activity; makes the record unique within its second
	Source string // which queue or route it came by
	Code   string // short, for counting
	Reason string // what is wrong and what would be right; no personal data
	Body   []byte // as it came, cut at 200 KiB
}

// Proposal asks a person whether two leads are one. The pair is unordered:
// proposed twice it is one record, and the first reason stays.
type Proposal struct {
	A, B   lead.ID
	At     time.Time
	Reason string
	By     string // key of the activity that gave rise to it
}

// Pointer says which playbook is in force.
type Pointer struct {
	Number uint32
	Chunks int // of the compiled form
	Source int // chunks of the source; 0 when none was kept
	Hash   string
	Name   string
	By     string
	Why    string // the reason that the author gave
	At     int64
}

// Playbook is one published version. Compiled and Source are stored
// compressed, in chunks; Source is an archive of the YAML files.
type Playbook struct {
	Pointer
	Compiled []byte
	Archive  []byte
}

// Progress of one segment of a job.
type Progress struct {
	Job     string
	Segment int
	Of      int
	Read    int
	Changed int
	Quiet   int    // decisions that nobody is told of
	Page    string // where it goes on; "" at the end
	Done    bool
	At      int64
}

// Sending is the one item that all who send mails share, under a version like
// Profile. It does not exist until somebody sends: Version 0, no Body.
type Sending struct {
	Version int64
	Body    []byte
}

// Bell is the one item that all who tell sales share, under a version like
// Profile. It does not exist until somebody does: Version 0, no Body.
type Bell struct {
	Version int64
	Body    []byte
}

// UnknownSend is a mail of which nobody knows whether it left. The list of them
// is written before the mail is given up, so it may name some whose fate is
// known by now: the recipient tells.
type UnknownSend struct {
	Recipient, Send string
	Mail            string
	Track, Step     string
	At              int64 // when it was claimed, unix seconds
}

// Suppression is an address that must not be written to, by its keyed hash; it
// outlives the lead. The first reason stays, but for Unsubscribed, in whose
// place a later one comes.
type Suppression struct {
	Hash   string
	Reason string
	At     int64
}

// Unsubscribed is the reason that a new consent overcomes.
const Unsubscribed = "unsubscribe"

// Broadcast is one mail to an audience at a chosen time: one item under a
// version like Work. Nothing that a person did with one is ever lost: they are
// few, and stay.
type Broadcast struct {
	ID      string
	Version int64
	Body    []byte
}
