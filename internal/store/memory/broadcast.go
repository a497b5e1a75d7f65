package memory

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sarnakh/sarnakh/internal/store"
)

func copyBroadcast(b store.Broadcast) store.Broadcast {
	b.Body = bytes.Clone(b.Body)
	return b
}

// ReadBroadcast is one broadcast.
func (s *Store) ReadBroadcast(_ context.Context, id string) (store.Broadcast, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.broadcasts[id]
	if !ok {
		return store.Broadcast{}, fmt.Errorf("read broadcast %s: %w", id, store.ErrNotFound)
	}
	return copyBroadcast(b), nil
}

// WriteBroadcast stores one broadcast on the condition of its version.
func (s *Store) WriteBroadcast(_ context.Context, b store.Broadcast) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.broadcasts[b.ID]
	if old.Version == b.Version+1 && bytes.Equal(old.Body, b.Body) {
		return nil
	}
	if old.Version != b.Version {
		return fmt.Errorf("write broadcast %s: %w", b.ID, store.ErrConflict)
	}
	b = copyBroadcast(b)
	b.Version++
	s.broadcasts[b.ID] = b
	return nil
}

// ListBroadcasts lists broadcasts by id.
func (s *Store) ListBroadcasts(_ context.Context, limit int, page string) ([]store.Broadcast, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []store.Broadcast
	for _, b := range s.broadcasts {
		rows = append(rows, copyBroadcast(b))
	}
	return cut(rows, func(b store.Broadcast) string { return b.ID }, limit, page)
}
