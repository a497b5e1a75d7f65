// Package memory is a store in memory: for tests, simulations and questions
// that need no disk. It passes the same suite as the one on DynamoDB, and
// keeps values: nothing that a caller holds can change what is stored.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Store keeps everything in maps under one lock. It is safe for concurrent use.
type Store struct {
	mu         sync.Mutex
	identities map[store.IdentityKey]lead.ID
	ledgers    map[lead.ID]ledger.Item
	history    map[ledger.Ref][]byte
	profiles   map[lead.ID]store.Profile
	recipients map[string]store.Recipient
	suppressed map[string]store.Suppression
	decisions  map[store.DecisionKey]store.Decision
	work       map[lead.ID]store.Work
	parked     map[store.DeskKey]store.Parked
	proposals  map[store.DeskKey]store.Proposal
	pointer    store.Pointer
	versions   map[uint32]store.Playbook
	progress   map[store.DeskKey]store.Progress
	leases     map[string]lease
	broadcasts map[string]store.Broadcast
	counts     map[string]int
	sending    store.Sending
	bell       store.Bell
	unknown    map[store.DeskKey]store.UnknownSend
	onLedger   func(ledger.Item)
}

type lease struct {
	holder string
	until  time.Time
}

// New makes an empty store.
func New() *Store {
	return &Store{
		identities: map[store.IdentityKey]lead.ID{}, ledgers: map[lead.ID]ledger.Item{}, history: map[ledger.Ref][]byte{},
		profiles: map[lead.ID]store.Profile{}, recipients: map[string]store.Recipient{}, suppressed: map[string]store.Suppression{},
		decisions: map[store.DecisionKey]store.Decision{}, work: map[lead.ID]store.Work{}, parked: map[store.DeskKey]store.Parked{},
		proposals: map[store.DeskKey]store.Proposal{}, versions: map[uint32]store.Playbook{},
		progress: map[store.DeskKey]store.Progress{}, leases: map[string]lease{}, broadcasts: map[string]store.Broadcast{}, counts: map[string]int{},
		unknown: map[store.DeskKey]store.UnknownSend{},
	}
}

// Stream hands every ledger item that is written to f, in order, as the stream
// of the ledger table does. f must not call the store.
func (s *Store) Stream(f func(ledger.Item)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onLedger = f
}

func copyLedger(it ledger.Item) ledger.Item           { it.Blob = bytes.Clone(it.Blob); return it }
func copyProfile(p store.Profile) store.Profile       { p.Body = bytes.Clone(p.Body); return p }
func copyRecipient(r store.Recipient) store.Recipient { r.Body = bytes.Clone(r.Body); return r }
func copyWork(w store.Work) store.Work                { w.Body = bytes.Clone(w.Body); return w }
func copyDecision(d store.Decision) store.Decision {
	d.Reason, d.Body, d.Done = bytes.Clone(d.Reason), bytes.Clone(d.Body), maps.Clone(d.Done)
	if d.Done == nil {
		d.Done = map[string]int64{}
	}
	return d
}

// Fetch reads records of several kinds together.
func (s *Store) Fetch(_ context.Context, w store.Wanted) (store.Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := store.Found{
		Identities: map[store.IdentityKey]lead.ID{}, Ledgers: map[lead.ID]ledger.Item{},
		Profiles: map[lead.ID]store.Profile{}, Recipients: map[string]store.Recipient{},
		Suppressions: map[string]store.Suppression{},
	}
	for _, k := range w.Identities {
		if id, ok := s.identities[k]; ok {
			f.Identities[k] = id
		}
	}
	for _, id := range w.Ledgers {
		if it, ok := s.ledgers[id]; ok {
			f.Ledgers[id] = copyLedger(it)
		}
	}
	for _, id := range w.Profiles {
		if p, ok := s.profiles[id]; ok {
			f.Profiles[id] = copyProfile(p)
		}
	}
	for _, id := range w.Recipients {
		if r, ok := s.recipients[id]; ok {
			f.Recipients[id] = copyRecipient(r)
		}
	}
	for _, h := range w.Suppressions {
		if sup, ok := s.suppressed[h]; ok {
			f.Suppressions[h] = sup
		}
	}
	if w.Playbook {
		f.Playbook = s.pointer
	}
	return f, nil
}

// ClaimIdentities gives each identity to its lead unless it has one.
func (s *Store) ClaimIdentities(_ context.Context, ids []store.Identity) ([]store.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(ids)
	for i, id := range ids {
		if _, ok := s.identities[id.Key]; !ok {
			s.identities[id.Key] = id.Lead
		}
		out[i].Lead = s.identities[id.Key]
	}
	return out, nil
}

// LeadOf is one identity.
func (s *Store) LeadOf(_ context.Context, key store.IdentityKey) (lead.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.identities[key]
	if !ok {
		return "", fmt.Errorf("read identity: %w", store.ErrNotFound)
	}
	return id, nil
}

// ReadLedger is one ledger item.
func (s *Store) ReadLedger(_ context.Context, id lead.ID) (ledger.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, ok := s.ledgers[id]
	if !ok {
		return ledger.Item{}, fmt.Errorf("read ledger %s: %w", id, store.ErrNotFound)
	}
	return copyLedger(it), nil
}

// ledgerFits tells whether it may be written now, or was already.
func (s *Store) ledgerFits(it ledger.Item) (fits, same bool) {
	old, ok := s.ledgers[it.Lead]
	if ok && old.Version == it.Version && old.Playbook == it.Playbook && bytes.Equal(old.Blob, it.Blob) {
		return true, true
	}
	if !ok {
		return it.Version == 1, false
	}
	return old.Version == it.Version-1 && old.Playbook <= it.Playbook, false
}

func (s *Store) keepLedger(it ledger.Item) {
	it = copyLedger(it)
	if it.Band == "" {
		it.Band = s.ledgers[it.Lead].Band
	}
	if it.DueShard == "" {
		it.DueAt = 0
	}
	s.ledgers[it.Lead] = it
	if s.onLedger != nil {
		s.onLedger(copyLedger(it))
	}
}

// WriteLedgers stores each item on the condition of version and playbook.
func (s *Store) WriteLedgers(_ context.Context, items []ledger.Item) []store.Written[ledger.Item] {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]store.Written[ledger.Item], len(items))
	for i, it := range items {
		switch fits, same := s.ledgerFits(it); {
		case same:
		case fits:
			s.keepLedger(it)
		default:
			out[i] = store.Written[ledger.Item]{
				Err: fmt.Errorf("write ledger %s: %w", it.Lead, store.ErrConflict), Current: copyLedger(s.ledgers[it.Lead]),
			}
		}
	}
	return out
}

// MergeLeads writes both ledgers and moves the identities, all or nothing.
func (s *Store) MergeLeads(_ context.Context, m store.Merge) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	into, intoSame := s.ledgerFits(m.Into)
	from, fromSame := s.ledgerFits(m.From)
	if intoSame && fromSame {
		return nil
	}
	fits := into && from && !intoSame && !fromSame
	for _, k := range m.Move {
		fits = fits && s.identities[k] == m.From.Lead
	}
	if !fits {
		return fmt.Errorf("merge %s into %s: %w", m.From.Lead, m.Into.Lead, store.ErrConflict)
	}
	s.keepLedger(m.Into)
	s.keepLedger(m.From)
	for _, k := range m.Move {
		s.identities[k] = m.Into.Lead
	}
	return nil
}

// DueLedgers lists one shard of the due index, oldest first.
func (s *Store) DueLedgers(_ context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Due
	for id, it := range s.ledgers {
		if it.DueShard == strconv.Itoa(shard) && it.DueAt <= until.Unix() {
			rows = append(rows, store.Due{ID: string(id), At: it.DueAt})
		}
	}
	return cut(rows, dueKey, limit, page)
}

func dueKey(d store.Due) string { return fmt.Sprintf("%020d %s", d.At, d.ID) }

// ScanLedgers reads one segment of all ledgers, page by page.
func (s *Store) ScanLedgers(_ context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []ledger.Item
	for id, it := range s.ledgers {
		h := fnv.New32a()
		h.Write([]byte(id))
		if int(h.Sum32()%uint32(of)) == segment {
			rows = append(rows, copyLedger(it))
		}
	}
	return cut(rows, func(it ledger.Item) string { return string(it.Lead) }, limit, page)
}

// LeadsInBand lists leads under an index key.
func (s *Store) LeadsInBand(_ context.Context, key string, limit int, page string) ([]lead.ID, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []lead.ID
	for id, it := range s.ledgers {
		if it.Band == key {
			rows = append(rows, id)
		}
	}
	return cut(rows, func(id lead.ID) string { return string(id) }, limit, page)
}

// PutHistory stores immutable records.
func (s *Store) PutHistory(_ context.Context, records []ledger.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		s.history[r.Ref] = bytes.Clone(r.Body)
	}
	return nil
}

// ReadHistory reads records that something points to.
func (s *Store) ReadHistory(_ context.Context, refs []ledger.Ref) (ledger.Shelf, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shelf := make(ledger.Shelf, len(refs))
	for _, r := range refs {
		b, ok := s.history[r]
		if !ok {
			return nil, fmt.Errorf("read history %s %s: pointed to, and %w", r.Lead, r.Key, store.ErrNotFound)
		}
		shelf[r] = bytes.Clone(b)
	}
	return shelf, nil
}

// ListHistory lists the records that lie under a lead.
func (s *Store) ListHistory(_ context.Context, id lead.ID, page string) ([]ledger.Record, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []ledger.Record
	for r, b := range s.history {
		if r.Lead == id {
			rows = append(rows, ledger.Record{Ref: r, Body: bytes.Clone(b)})
		}
	}
	return cut(rows, func(r ledger.Record) string { return r.Key }, 0, page)
}

// cut sorts rows by key and gives the page after the one that page names.
func cut[T any](rows []T, key func(T) string, limit int, page string) ([]T, string, error) {
	slices.SortFunc(rows, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	if page != "" {
		i, found := slices.BinarySearchFunc(rows, page, func(r T, k string) int { return cmp.Compare(key(r), k) })
		if found {
			i++
		}
		rows = rows[i:]
	}
	if limit > 0 && len(rows) > limit {
		rows = rows[:limit:limit]
		return rows, key(rows[limit-1]), nil
	}
	return rows, "", nil
}
