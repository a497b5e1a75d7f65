// Package storetest is the suite that every store passes, so that what is
// proved on memory holds on a real engine.
package storetest

import (
	"context"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Store is every act of a store. Only the suite needs them all: a function
// declares the few that it calls.
type Store interface {
	// Fetch reads many records of several kinds together, in as few calls as
	// can be. What is not found is absent.
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)

	// ClaimIdentities gives each identity to its lead unless it has one, and
	// tells for each, in order, which lead has it.
	ClaimIdentities(ctx context.Context, ids []store.Identity) ([]store.Identity, error)
	// LeadOf is one identity; ErrNotFound when it belongs to nobody.
	LeadOf(ctx context.Context, key store.IdentityKey) (lead.ID, error)

	// ReadLedger is one ledger item as written last.
	ReadLedger(ctx context.Context, id lead.ID) (ledger.Item, error)
	// WriteLedgers stores each item if the stored version is its Version-1 (0:
	// there is none) and the stored playbook number is not above its own. The
	// answers are in order.
	WriteLedgers(ctx context.Context, items []ledger.Item) []store.Written[ledger.Item]
	// MergeLeads writes both ledgers and moves the identities, all or nothing.
	MergeLeads(ctx context.Context, m store.Merge) error
	// DueLedgers lists leads with pending decisions due until a time, oldest first.
	DueLedgers(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error)
	// ScanLedgers reads one of so many segments of all ledgers, page by page.
	// It may give less than limit, even nothing, before the last page.
	ScanLedgers(ctx context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error)
	// LeadsInBand lists leads under an index key (store.BandShardKey).
	LeadsInBand(ctx context.Context, key string, limit int, page string) ([]lead.ID, string, error)

	// PutHistory stores immutable records; storing one twice is harmless.
	PutHistory(ctx context.Context, records []ledger.Record) error
	// ReadHistory reads records that something points to. One that is missing
	// is read again strongly; then it is ErrNotFound.
	ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error)
	// ListHistory lists the records that lie under a lead, orphans too.
	ListHistory(ctx context.Context, id lead.ID, page string) ([]ledger.Record, string, error)

	ReadProfile(ctx context.Context, id lead.ID) (store.Profile, error)
	WriteProfile(ctx context.Context, p store.Profile) error
	WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile]

	// ReadRecipient reads strongly: a mail may hang on it.
	ReadRecipient(ctx context.Context, id string) (store.Recipient, error)
	// WriteRecipient is one conditional write (UpdateItem); WriteRecipients are
	// up to 25 a call (PartiQL; new ones are inserted).
	WriteRecipient(ctx context.Context, r store.Recipient) error
	WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient]
	// DueRecipients lists recipients due until a time, oldest first.
	DueRecipients(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error)

	// ReadSending reads strongly what all senders share; its zero value where
	// nobody has sent yet.
	ReadSending(ctx context.Context) (store.Sending, error)
	WriteSending(ctx context.Context, s store.Sending) error
	// NoteUnknown puts a send on the list of those of unknown fate; once more
	// changes nothing. DropUnknown takes it off, also one that is not on it.
	NoteUnknown(ctx context.Context, u store.UnknownSend) error
	DropUnknown(ctx context.Context, u store.UnknownSend) error
	ListUnknown(ctx context.Context, limit int, page string) ([]store.UnknownSend, string, error)
	Suppress(ctx context.Context, s store.Suppression) error
	ReadSuppression(ctx context.Context, hash string) (store.Suppression, error)

	// RecordDecisions puts records that are absent, and tells for each, in
	// order, nil or ErrConflict (there was one already).
	RecordDecisions(ctx context.Context, ds []store.Decision) []error
	ReadDecision(ctx context.Context, key store.DecisionKey) (store.Decision, error)
	// ReadDecisions reads many, strongly; what is not found is absent.
	ReadDecisions(ctx context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error)
	// WriteDecision stores a decision if the stored version is its Version.
	WriteDecision(ctx context.Context, d store.Decision) error
	// WriteDecisions does the same for many that are there, up to 25 a call: nil
	// or what went wrong for each.
	WriteDecisions(ctx context.Context, ds []store.Decision) []error
	// ListQuiet lists one shard of the quiet list by rank, those whose rank
	// begins so. It reads the index alone, which may be old.
	ListQuiet(ctx context.Context, shard int, prefix string, limit int, page string) ([]store.QuietRow, string, error)
	// ListAlerts lists the alerts that wait to be told together, the longest
	// first. It reads the index alone, which may be old.
	ListAlerts(ctx context.Context, limit int, page string) ([]store.DecisionKey, string, error)
	// ReadBell reads strongly what all who tell sales share; its zero value where
	// nobody wrote it yet. WriteBell is one conditional write.
	ReadBell(ctx context.Context) (store.Bell, error)
	WriteBell(ctx context.Context, b store.Bell) error
	// ListDecisions lists the decisions of a lead.
	ListDecisions(ctx context.Context, id lead.ID, page string) ([]store.Decision, string, error)

	ReadWork(ctx context.Context, id lead.ID) (store.Work, error)
	WriteWork(ctx context.Context, w store.Work) error
	// ListWork lists one shard of the open list by rank.
	ListWork(ctx context.Context, shard, limit int, page string) ([]store.Work, string, error)

	// ReadBroadcast reads strongly; WriteBroadcast is one conditional write.
	ReadBroadcast(ctx context.Context, id string) (store.Broadcast, error)
	WriteBroadcast(ctx context.Context, b store.Broadcast) error
	// ListBroadcasts lists broadcasts by id.
	ListBroadcasts(ctx context.Context, limit int, page string) ([]store.Broadcast, string, error)

	// Park stores a parked message; ListParked lists those of a UTC day.
	Park(ctx context.Context, p store.Parked) error
	ListParked(ctx context.Context, day time.Time, limit int, page string) ([]store.Parked, string, error)

	Propose(ctx context.Context, p store.Proposal) error
	ListProposals(ctx context.Context, limit int, page string) ([]store.Proposal, string, error)

	// Publish stores a version and makes it the one in force if was is the
	// number in force (0: none); otherwise ErrConflict.
	Publish(ctx context.Context, p store.Playbook, was uint32) error
	ReadPointer(ctx context.Context) (store.Pointer, error)
	// ReadPlaybook reads a version's compiled form, ReadArchive its source.
	ReadPlaybook(ctx context.Context, number uint32) (store.Playbook, error)
	ReadArchive(ctx context.Context, number uint32) ([]byte, error)
	// ListPlaybooks lists versions, newest first.
	ListPlaybooks(ctx context.Context, limit int, page string) ([]store.Pointer, string, error)

	// SaveProgress notes how far a segment of a job is.
	SaveProgress(ctx context.Context, p store.Progress) error
	ListProgress(ctx context.Context, job string) ([]store.Progress, error)

	// TakeLease holds a name until a time, unless another holder has it at now
	// (ErrConflict). The same holder may take it again.
	TakeLease(ctx context.Context, name, holder string, until, now time.Time) error

	// ReadCount reads a counter, 0 where there is none; AddCount stores was + 1
	// if it is at was, otherwise ErrConflict.
	ReadCount(ctx context.Context, name string) (int, error)
	AddCount(ctx context.Context, name string, was int) error
}
