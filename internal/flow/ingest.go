package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Message is one message of a queue.
type Message struct {
	ID       string
	Body     []byte
	Received time.Time // when the queue took it: the trusted time
	Attempt  int       // 1 at the first delivery
}

// IngestStore is what ingest needs of a store; storetest says what each does.
type IngestStore interface {
	Parker
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	ClaimIdentities(ctx context.Context, ids []store.Identity) ([]store.Identity, error)
	WriteLedgers(ctx context.Context, items []ledger.Item) []store.Written[ledger.Item]
	MergeLeads(ctx context.Context, m store.Merge) error
	PutHistory(ctx context.Context, records []ledger.Record) error
	ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error)
	WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile]
	WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient]
	Propose(ctx context.Context, p store.Proposal) error
	Suppress(ctx context.Context, s store.Suppression) error
	PlaybookStore
}

// Ingest takes activities into the ledgers of their leads: one conditional
// write a lead and batch. It is safe for concurrent use.
type Ingest struct {
	store  IngestStore
	books  *Books
	secret []byte
	phone  func(region string) lead.Phone
	pause  func(ctx context.Context, attempt int) error

	mu       sync.Mutex
	pointer  store.Pointer
	read     time.Time             // when the pointer was read
	proposed map[[2]lead.ID]bool   // pairs that this process has proposed
	phones   map[string]lead.Phone // by region
}

// NewIngest makes the flow. secret keys the hashes of identities; phone gives
// the normalizer for a region (package phone, which not every function links).
func NewIngest(s IngestStore, secret []byte, phone func(region string) lead.Phone) *Ingest {
	return &Ingest{store: s, books: NewBooks(s), secret: secret, phone: phone, pause: jitter, proposed: map[[2]lead.ID]bool{}, phones: map[string]lead.Phone{}}
}

// Waits replaces how the flow waits before it tries a lead again that others
// were writing: where time is simulated, nobody sleeps.
func (f *Ingest) Waits(wait func(ctx context.Context, attempt int) error) { f.pause = wait }

// maxTries bounds how often a lead that others are writing too is tried before
// its messages go back to the queue.
const maxTries = 5

func jitter(ctx context.Context, attempt int) error {
	most := min(20*time.Millisecond<<attempt, 640*time.Millisecond)
	t := time.NewTimer(rand.N(most))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Taken is what became of a batch.
type Taken struct {
	// Failed messages come again; every other one is in the ledger, was there
	// already, or is parked with its reason.
	Failed map[string]error // by message id

	Activities, Fresh, Repeated, Conflicts, Parked         int
	Leads, Decisions, Merges, Partings, Proposals, Retries int
}

// Run takes a batch in. It fails messages, never a batch: what is wrong with
// one lead is not the others' fault.
func (f *Ingest) Run(ctx context.Context, log *slog.Logger, messages []Message, now time.Time) Taken {
	b := &batch{
		Ingest: f, ctx: ctx, now: now, log: log, taken: Taken{Failed: map[string]error{}},
		owner: map[store.IdentityKey]lead.ID{}, asked: map[store.IdentityKey]bool{}, ledgers: map[lead.ID]*ledger.Item{},
		profiles: map[lead.ID]store.Profile{}, recipients: map[lead.ID]store.Recipient{}, remembered: map[string]store.Suppression{}, fresh: map[lead.ID]bool{}, heads: map[*ledger.Item]head{},
	}
	for i := range messages {
		b.decode(&messages[i])
	}
	if err := b.begin(); err != nil {
		b.failAll(err)
		return b.taken
	}
	if len(b.open) == 0 {
		return b.taken // all of it was parked, and no playbook was needed for that
	}
	for try := 0; ; try++ {
		b.round(try)
		b.open = slices.DeleteFunc(b.open, func(a *arrival) bool { return a.done })
		if len(b.open) == 0 {
			break
		}
		if try+1 == maxTries {
			b.failAll(fmt.Errorf("others were writing the same lead, %d times: %w", maxTries, store.ErrConflict))
			break
		}
		b.taken.Retries++
		if err := f.pause(ctx, try); err != nil {
			b.failAll(err)
			break
		}
	}
	return b.taken
}

// arrival is one activity on its way in.
type arrival struct {
	message *Message
	a       activity.Activity
	party   party
	kind    playbook.ExclusionKind
	entry   ledger.Entry
	body    []byte // a text too long for the log
	lead    lead.ID
	via     lead.ID // the absorbed lead whose identity led here; "" for its own
	zoned   bool    // it says a time zone that there is
	address bool    // its address is to be kept: it is new, or may have been lost
	done    bool
}

// batch is one Run in progress. What was read of a lead stays for the next try;
// what a conflict showed to be old is read again.
type batch struct {
	*Ingest
	ctx   context.Context
	log   *slog.Logger
	now   time.Time
	book  *playbook.Compiled
	open  []*arrival
	taken Taken

	owner      map[store.IdentityKey]lead.ID // "" where asked and nobody's
	asked      map[store.IdentityKey]bool
	ledgers    map[lead.ID]*ledger.Item // nil: looked for, not there
	heads      map[*ledger.Item]head
	fresh      map[lead.ID]bool // read strongly: an absence is one
	profiles   map[lead.ID]store.Profile
	recipients map[lead.ID]store.Recipient
	remembered map[string]store.Suppression // by hash of an address; Reason "" for none
	joins      []join
	parts      []join // merges to be undone
	proposals  []store.Proposal
}

func (b *batch) fail(m *Message, err error) {
	if b.taken.Failed[m.ID] == nil {
		b.taken.Failed[m.ID] = err
	}
}

func (b *batch) failAll(err error) {
	for _, a := range b.open {
		b.fail(a.message, err)
		a.done = true
	}
	b.open = nil
}

// decode reads a message, or parks it.
func (b *batch) decode(m *Message) {
	list, err := activity.Decode(m.Body, m.Received)
	if err != nil {
		b.park(*m, err)
		return
	}
	b.taken.Activities += len(list)
	for i := range list {
		a := &arrival{message: m, a: list[i]}
		b.judgeZone(a)
		b.open = append(b.open, a)
	}
}

func (b *batch) park(m Message, reason error) {
	if err := ParkMessage(b.ctx, b.store, "activities", m, reason); err != nil {
		b.fail(&m, err)
		return
	}
	b.taken.Parked++
}

// parkOne sets one activity of a message aside, in the form in which it can be
// sent again.
func (b *batch) parkOne(a *arrival, code, text string) {
	a.done = true
	m := *a.message
	m.ID += "/" + string(a.a.ID)
	m.Body = activity.Encode([]activity.Activity{a.a})
	if err := ParkMessage(b.ctx, b.store, "activities", m, &parkedFor{code, text}); err != nil {
		b.fail(a.message, err)
		return
	}
	b.taken.Parked++
}

// begin finds out which playbook is in force, together with the identities of
// the batch and the ledgers they most likely lead to.
func (b *batch) begin() error {
	if len(b.open) == 0 {
		return nil
	}
	pointer, known := b.pointerKnown()
	if !known {
		// Identities need the playbook's region: the first batch of a process
		// reads the pointer by itself.
		found, err := b.store.Fetch(b.ctx, store.Wanted{Playbook: true})
		if err != nil {
			return err
		}
		pointer = b.keepPointer(found.Playbook, b.now)
	}
	return b.openBook(pointer.Number)
}

func (b *batch) openBook(number uint32) error {
	book, err := b.books.Open(b.ctx, number)
	if err != nil {
		return err
	}
	b.book = book
	for _, a := range b.open {
		b.identify(a)
	}
	b.open = slices.DeleteFunc(b.open, func(a *arrival) bool { return a.done })
	return nil
}

func (f *Ingest) pointerKnown() (store.Pointer, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pointer, f.pointer.Number != 0
}

func (f *Ingest) keepPointer(p store.Pointer, now time.Time) store.Pointer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = now
	if p.Number > f.pointer.Number { // an eventual read may be older than what is known
		f.pointer = p
	}
	return f.pointer
}

// phoneOf gives the normalizer of the playbook's region.
func (f *Ingest) phoneOf(region string) lead.Phone {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.phones[region]
	if p == nil {
		p = f.phone(region)
		f.phones[region] = p
	}
	return p
}

// round tries everything that is open once. A conflict leaves its activities
// open; any other error fails them.
func (b *batch) round(try int) {
	b.joins, b.parts = nil, nil
	err := b.resolve(try > 0)
	if err == nil && b.stale() {
		err = b.refresh()
		if err == nil {
			err = b.resolve(true)
		}
	}
	if err != nil {
		if !errors.Is(err, store.ErrConflict) {
			b.failAll(err)
		}
		return
	}
	b.join()
	b.part()
	b.write(b.gather())
}

// stale tells that some ledger was written under a newer playbook than ours.
func (b *batch) stale() bool {
	for _, it := range b.ledgers {
		if it != nil && it.Playbook > b.book.Number {
			return true
		}
	}
	return false
}

func (b *batch) refresh() error {
	found, err := b.store.Fetch(b.ctx, store.Wanted{Playbook: true, Strong: true})
	if err != nil {
		return err
	}
	if p := b.keepPointer(found.Playbook, b.now); p.Number != b.book.Number {
		return b.openBook(p.Number)
	}
	return nil
}

// line is the work on one lead in one round.
type line struct {
	id       lead.ID
	arrivals []*arrival
	state    *ledger.State
	shelf    ledger.Shelf
	refs     []ledger.Ref // what is to be read next
	take     []*arrival   // what the ledger does not have
	arrived  []decision.Arrived
	was      *decision.Was // before something was revoked
	upgraded bool          // an older playbook made the stored item

	profile        *lead.Profile
	recipient      *nurture.Recipient
	needProfile    bool
	needRecipient  bool
	profileChanged bool

	records []ledger.Record
	item    ledger.Item
	write   bool
	err     error

	made, fresh, repeated int
}

// gather groups what is open by lead, in the order of arrival.
func (b *batch) gather() []*line {
	byLead := map[lead.ID]*line{}
	var lines []*line
	for _, a := range b.open {
		if a.done || a.lead == "" {
			continue
		}
		l := byLead[a.lead]
		if l == nil {
			l = &line{id: a.lead}
			byLead[a.lead] = l
			lines = append(lines, l)
		}
		l.arrivals = append(l.arrivals, a)
	}
	return lines
}

// close takes note of a line's fate. After a conflict its activities stay open.
func (b *batch) close(l *line) {
	switch {
	case l.err == nil:
		for _, a := range l.arrivals {
			a.done = true
		}
		b.taken.Leads++
		b.taken.Fresh += l.fresh
		b.taken.Repeated += l.repeated
		b.taken.Decisions += l.made
	case errors.Is(l.err, store.ErrConflict):
		delete(b.profiles, l.id)
		delete(b.recipients, l.id)
	default:
		for _, a := range l.arrivals {
			b.fail(a.message, fmt.Errorf("lead %s: %w", l.id, l.err))
			a.done = true
		}
	}
}
