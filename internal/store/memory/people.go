package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

// ReadProfile is one profile.
func (s *Store) ReadProfile(_ context.Context, id lead.ID) (store.Profile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.profiles[id]
	if !ok {
		return store.Profile{}, fmt.Errorf("read profile %s: %w", id, store.ErrNotFound)
	}
	return copyProfile(p), nil
}

// WriteProfile stores one profile on the condition of its version.
func (s *Store) WriteProfile(ctx context.Context, p store.Profile) error {
	return s.WriteProfiles(ctx, []store.Profile{p})[0].Err
}

// WriteProfiles stores profiles, each on the condition of its version.
func (s *Store) WriteProfiles(_ context.Context, ps []store.Profile) []store.Written[store.Profile] {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]store.Written[store.Profile], len(ps))
	for i, p := range ps {
		old := s.profiles[p.Lead]
		switch {
		case old.Version == p.Version+1 && bytes.Equal(old.Body, p.Body):
		case old.Version == p.Version:
			p = copyProfile(p)
			p.Version++
			s.profiles[p.Lead] = p
		default:
			out[i].Err, out[i].Current = fmt.Errorf("write profile %s: %w", p.Lead, store.ErrConflict), copyProfile(old)
		}
	}
	return out
}

// ReadRecipient is one recipient.
func (s *Store) ReadRecipient(_ context.Context, id string) (store.Recipient, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.recipients[id]
	if !ok {
		return store.Recipient{}, fmt.Errorf("read recipient %s: %w", id, store.ErrNotFound)
	}
	return copyRecipient(r), nil
}

// WriteRecipient stores one recipient on the condition of its version.
func (s *Store) WriteRecipient(ctx context.Context, r store.Recipient) error {
	return s.WriteRecipients(ctx, []store.Recipient{r})[0].Err
}

// WriteRecipients stores recipients, each on the condition of its version.
func (s *Store) WriteRecipients(_ context.Context, rs []store.Recipient) []store.Written[store.Recipient] {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]store.Written[store.Recipient], len(rs))
	for i, r := range rs {
		old := s.recipients[r.ID]
		switch {
		case old.Version == r.Version+1 && bytes.Equal(old.Body, r.Body) && old.DueAt == r.DueAt && (r.DueAt == 0 || old.Rank == r.Rank):
		case old.Version == r.Version:
			r = copyRecipient(r)
			r.Version++
			s.recipients[r.ID] = r
		default:
			out[i].Err, out[i].Current = fmt.Errorf("write recipient %s: %w", r.ID, store.ErrConflict), copyRecipient(old)
		}
	}
	return out
}

// DueRecipients lists one shard of the due index, oldest first.
func (s *Store) DueRecipients(_ context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Due
	for id, r := range s.recipients {
		if r.DueAt != 0 && r.DueAt <= until.Unix() && store.DueShard(id) == strconv.Itoa(shard) {
			rows = append(rows, store.Due{ID: id, At: r.DueAt, Rank: r.Rank})
		}
	}
	return cut(rows, dueKey, limit, page)
}

// Suppress notes that an address must not be written to.
func (s *Store) Suppress(_ context.Context, sup store.Suppression) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if was, ok := s.suppressed[sup.Hash]; !ok || was.Reason == store.Unsubscribed {
		s.suppressed[sup.Hash] = sup
	}
	return nil
}

// ReadSuppression is one suppressed address.
func (s *Store) ReadSuppression(_ context.Context, hash string) (store.Suppression, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sup, ok := s.suppressed[hash]
	if !ok {
		return store.Suppression{}, fmt.Errorf("read suppression: %w", store.ErrNotFound)
	}
	return sup, nil
}

// ReadSending is what all senders share.
func (s *Store) ReadSending(context.Context) (store.Sending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return store.Sending{Version: s.sending.Version, Body: bytes.Clone(s.sending.Body)}, nil
}

// WriteSending stores it on the condition of its version.
func (s *Store) WriteSending(_ context.Context, x store.Sending) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.sending.Version == x.Version+1 && bytes.Equal(s.sending.Body, x.Body):
	case s.sending.Version == x.Version:
		s.sending = store.Sending{Version: x.Version + 1, Body: bytes.Clone(x.Body)}
	default:
		return fmt.Errorf("write the state of sending: %w", store.ErrConflict)
	}
	return nil
}

// NoteUnknown puts a send on the list of those of unknown fate.
func (s *Store) NoteUnknown(_ context.Context, u store.UnknownSend) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unknown[u.Key()] = u
	return nil
}

// DropUnknown takes it off.
func (s *Store) DropUnknown(_ context.Context, u store.UnknownSend) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.unknown, u.Key())
	return nil
}

// ListUnknown lists them.
func (s *Store) ListUnknown(_ context.Context, limit int, page string) ([]store.UnknownSend, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := slices.Collect(maps.Values(s.unknown))
	return cut(rows, func(u store.UnknownSend) string { return u.Key().R }, limit, page)
}
