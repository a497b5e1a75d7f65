package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Suppress stops all mail to an address: under its keyed hash, which outlives
// the lead, and on the recipient of the lead who has it now, if there is one.
// In this order: whoever becomes a lead with it in between is told by the hash.
// Repeated it changes nothing.
func Suppress(ctx context.Context, s SuppressStore, secret []byte, address lead.Email, reason string, now time.Time) (known bool, err error) {
	hash := lead.Identity{Kind: lead.ByEmail, Value: address.Address()}.Hash(secret)
	if err := s.Suppress(ctx, store.Suppression{Hash: hash, Reason: reason, At: now.Unix()}); err != nil {
		return false, err
	}
	id, err := s.LeadOf(ctx, store.IdentityOf(string(lead.ByEmail), hash))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("suppress %s: %w", address, err)
	}
	return true, upsert(ctx, s, string(id), func(r *nurture.Recipient) bool {
		if r.Erased != 0 || r.SuppressedFor(address.Address()) != "" {
			return false
		}
		r.Recall(address.Address(), reason, now)
		return true
	})
}

// SuppressStore is what Suppress writes to.
type SuppressStore interface {
	RecipientStore
	Suppress(ctx context.Context, s store.Suppression) error
	LeadOf(ctx context.Context, key store.IdentityKey) (lead.ID, error)
}
