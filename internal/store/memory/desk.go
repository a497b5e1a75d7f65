package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

// RecordDecisions puts records that are absent.
func (s *Store) RecordDecisions(_ context.Context, ds []store.Decision) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]error, len(ds))
	for i, d := range ds {
		if _, ok := s.decisions[d.DecisionKey]; ok {
			out[i] = fmt.Errorf("record decision %s: %w", d.DecisionKey, store.ErrConflict)
			continue
		}
		d = copyDecision(d)
		d.Version = 1
		s.decisions[d.DecisionKey] = d
	}
	return out
}

// ReadDecision is one record.
func (s *Store) ReadDecision(_ context.Context, key store.DecisionKey) (store.Decision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.decisions[key]
	if !ok {
		return store.Decision{}, fmt.Errorf("read decision %s: %w", key, store.ErrNotFound)
	}
	return copyDecision(d), nil
}

// ReadDecisions reads many.
func (s *Store) ReadDecisions(_ context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[store.DecisionKey]store.Decision{}
	for _, k := range keys {
		if d, ok := s.decisions[k]; ok {
			out[k] = copyDecision(d)
		}
	}
	return out, nil
}

// WriteDecision stores a decision on the condition of its version.
func (s *Store) WriteDecision(_ context.Context, d store.Decision) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writeDecision(d)
}

// WriteDecisions stores each of them as WriteDecision does.
func (s *Store) WriteDecisions(_ context.Context, ds []store.Decision) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]error, len(ds))
	for i, d := range ds {
		out[i] = s.writeDecision(d)
	}
	return out
}

// ListQuiet lists one shard of the quiet list by rank.
func (s *Store) ListQuiet(_ context.Context, shard int, prefix string, limit int, page string) ([]store.QuietRow, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.QuietRow
	for k, d := range s.decisions {
		if d.Rank != "" && d.Waits == "" && strings.HasPrefix(d.Rank, prefix) && store.QuietShard(k.Lead) == shard {
			rows = append(rows, store.QuietRow{DecisionKey: k, Rank: d.Rank})
		}
	}
	return cut(rows, func(r store.QuietRow) string { return r.Rank + "\x00" + r.DecisionKey.String() }, limit, page)
}

// ListAlerts lists the alerts that wait.
func (s *Store) ListAlerts(_ context.Context, limit int, page string) ([]store.DecisionKey, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Decision
	for _, d := range s.decisions {
		if d.Waits != "" {
			rows = append(rows, d)
		}
	}
	rows, next, err := cut(rows, func(d store.Decision) string { return d.Waits + "\x00" + d.DecisionKey.String() }, limit, page)
	out := make([]store.DecisionKey, len(rows))
	for i, d := range rows {
		out[i] = d.DecisionKey
	}
	return out, next, err
}

// ReadBell is what all who tell sales share.
func (s *Store) ReadBell(context.Context) (store.Bell, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return store.Bell{Version: s.bell.Version, Body: bytes.Clone(s.bell.Body)}, nil
}

// WriteBell stores it on the condition of its version.
func (s *Store) WriteBell(_ context.Context, b store.Bell) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.bell.Version == b.Version+1 && bytes.Equal(s.bell.Body, b.Body):
	case s.bell.Version != b.Version:
		return fmt.Errorf("write who of sales was told lately: %w", store.ErrConflict)
	default:
		s.bell = store.Bell{Version: b.Version + 1, Body: bytes.Clone(b.Body)}
	}
	return nil
}

func (s *Store) writeDecision(d store.Decision) error {
	old := s.decisions[d.DecisionKey]
	if old.Version == d.Version+1 && maps.Equal(old.Done, d.Done) && bytes.Equal(old.Body, d.Body) && old.By == d.By {
		return nil
	}
	if old.Version != d.Version {
		return fmt.Errorf("write decision %s: %w", d.DecisionKey, store.ErrConflict)
	}
	d = copyDecision(d)
	d.Version++
	s.decisions[d.DecisionKey] = d
	return nil
}

// ListDecisions lists the decisions of a lead.
func (s *Store) ListDecisions(_ context.Context, id lead.ID, page string) ([]store.Decision, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Decision
	for k, d := range s.decisions {
		if k.Lead == id {
			rows = append(rows, copyDecision(d))
		}
	}
	return cut(rows, func(d store.Decision) string { return d.Key().R }, 0, page)
}

// ReadWork is one work item.
func (s *Store) ReadWork(_ context.Context, id lead.ID) (store.Work, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.work[id]
	if !ok {
		return store.Work{}, fmt.Errorf("read work item %s: %w", id, store.ErrNotFound)
	}
	return copyWork(w), nil
}

// WriteWork stores one work item on the condition of its version.
func (s *Store) WriteWork(_ context.Context, w store.Work) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.work[w.Lead]
	if old.Version == w.Version+1 && old.Rank == w.Rank && bytes.Equal(old.Body, w.Body) {
		return nil
	}
	if old.Version != w.Version {
		return fmt.Errorf("write work item %s: %w", w.Lead, store.ErrConflict)
	}
	w = copyWork(w)
	w.Version++
	s.work[w.Lead] = w
	return nil
}

// ListWork lists one shard of the open list by rank.
func (s *Store) ListWork(_ context.Context, shard, limit int, page string) ([]store.Work, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Work
	for id, w := range s.work {
		if w.Rank != "" && store.WorkShard(id) == shard {
			rows = append(rows, copyWork(w))
		}
	}
	return cut(rows, func(w store.Work) string { return w.Rank + "\x00" + string(w.Lead) }, limit, page)
}

// Park stores a message that was set aside.
func (s *Store) Park(_ context.Context, p store.Parked) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Body, p.At = bytes.Clone(p.Body), p.At.UTC().Truncate(time.Second)
	s.parked[p.Key()] = p
	return nil
}

// ListParked lists the parked messages of a UTC day, oldest first.
func (s *Store) ListParked(_ context.Context, day time.Time, limit int, page string) ([]store.Parked, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Parked
	for k, p := range s.parked {
		if k.K == store.ParkedDay(day) {
			p.Body = bytes.Clone(p.Body)
			rows = append(rows, p)
		}
	}
	return cut(rows, func(p store.Parked) string { return p.Key().R }, limit, page)
}

// Propose stores a proposal unless the pair was proposed before.
func (s *Store) Propose(_ context.Context, p store.Proposal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.proposals[p.Key()]; !ok {
		p.At = p.At.UTC().Truncate(time.Second)
		s.proposals[p.Key()] = p
	}
	return nil
}

// ListProposals lists proposals.
func (s *Store) ListProposals(_ context.Context, limit int, page string) ([]store.Proposal, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := slices.Collect(maps.Values(s.proposals))
	return cut(rows, func(p store.Proposal) string { return p.Key().R }, limit, page)
}

// Publish stores a version and puts it in force.
func (s *Store) Publish(_ context.Context, p store.Playbook, was uint32) error {
	if _, err := store.Pack(&p); err != nil {
		return fmt.Errorf("publish playbook %d: %w", p.Number, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pointer == p.Pointer {
		return nil
	}
	if s.pointer.Number != was {
		return fmt.Errorf("publish playbook %d after %d: %w", p.Number, was, store.ErrConflict)
	}
	p.Compiled, p.Archive = bytes.Clone(p.Compiled), bytes.Clone(p.Archive)
	s.pointer, s.versions[p.Number] = p.Pointer, p
	return nil
}

// ReadPointer says which playbook is in force.
func (s *Store) ReadPointer(context.Context) (store.Pointer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pointer.Number == 0 {
		return store.Pointer{}, fmt.Errorf("read the pointer to the playbook: %w", store.ErrNotFound)
	}
	return s.pointer, nil
}

// ReadPlaybook reads the compiled form of a version.
func (s *Store) ReadPlaybook(_ context.Context, n uint32) (store.Playbook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.versions[n]
	if !ok {
		return store.Playbook{}, fmt.Errorf("read playbook %d: %w", n, store.ErrNotFound)
	}
	return store.Playbook{Pointer: p.Pointer, Compiled: bytes.Clone(p.Compiled)}, nil
}

// ReadArchive reads the source of a version.
func (s *Store) ReadArchive(_ context.Context, n uint32) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.versions[n]
	if !ok || len(p.Archive) == 0 {
		return nil, fmt.Errorf("source of playbook %d: %w", n, store.ErrNotFound)
	}
	return bytes.Clone(p.Archive), nil
}

// ListPlaybooks lists versions, newest first.
func (s *Store) ListPlaybooks(_ context.Context, limit int, page string) ([]store.Pointer, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Pointer
	for _, p := range s.versions {
		rows = append(rows, p.Pointer)
	}
	return cut(rows, func(p store.Pointer) string { return fmt.Sprintf("%010d", ^p.Number) }, limit, page)
}

// SaveProgress notes how far a segment of a job is.
func (s *Store) SaveProgress(_ context.Context, p store.Progress) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress[p.Key()] = p
	return nil
}

// ListProgress reads all segments of a job.
func (s *Store) ListProgress(_ context.Context, job string) ([]store.Progress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Progress
	for _, p := range s.progress {
		if p.Job == job {
			rows = append(rows, p)
		}
	}
	slices.SortFunc(rows, func(a, b store.Progress) int { return strings.Compare(a.Key().R, b.Key().R) })
	return rows, nil
}

// TakeLease holds a name until a time.
func (s *Store) TakeLease(_ context.Context, name, holder string, until, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.leases[name]; ok && l.holder != holder && l.until.After(now) {
		return fmt.Errorf("take lease %s: %w", name, store.ErrConflict)
	}
	s.leases[name] = lease{holder, until.UTC().Truncate(time.Second)}
	return nil
}

// ReadCount reads a counter; one that was never written is 0.
func (s *Store) ReadCount(_ context.Context, name string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[name], nil
}

// AddCount stores was + 1 if the counter is at was.
func (s *Store) AddCount(_ context.Context, name string, was int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[name] != was {
		return fmt.Errorf("add to count %s: %w", name, store.ErrConflict)
	}
	s.counts[name]++
	return nil
}
