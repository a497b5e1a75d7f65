package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// RecipientStore reads and writes single recipients.
type RecipientStore interface {
	ReadRecipient(ctx context.Context, id string) (store.Recipient, error)
	WriteRecipient(ctx context.Context, r store.Recipient) error
}

// pack makes the stored item; version is that of the item it replaces.
func pack(r *nurture.Recipient, version int64) (store.Recipient, error) {
	body, err := r.Encode()
	if err != nil {
		return store.Recipient{}, err
	}
	return store.Recipient{ID: r.ID, Version: version, Body: body, DueAt: r.Due(), Rank: r.Rank}, nil
}

// tries is how often a writer that lost against another begins again.
const tries = 5

// update changes a recipient by one conditional write, beginning again when
// somebody else was first. One that does not exist is store.ErrNotFound. change
// tells whether there is anything to write.
func update(ctx context.Context, s RecipientStore, id string, change func(*nurture.Recipient) bool) error {
	var err error
	for range tries {
		var item store.Recipient
		if item, err = s.ReadRecipient(ctx, id); err != nil {
			return err
		}
		var r *nurture.Recipient
		if r, err = nurture.Decode(id, item.Body); err != nil {
			return err
		}
		if !change(r) {
			return nil
		}
		var next store.Recipient
		if next, err = pack(r, item.Version); err != nil {
			return err
		}
		if err = s.WriteRecipient(ctx, next); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("recipient %s: %d tries: %w", id, tries, err)
}

// follow is update for the person behind an id: who became part of another is
// changed there. Links in old mails, and decisions on their way, name the old one.
func follow(ctx context.Context, s RecipientStore, id string, change func(*nurture.Recipient) bool) error {
	for range hops {
		moved := ""
		err := update(ctx, s, id, func(r *nurture.Recipient) bool {
			moved = r.Moved
			return moved == "" && change(r)
		})
		if err != nil || moved == "" {
			return err
		}
		id = moved
	}
	return fmt.Errorf("recipient %s: it became part of another more than %d times", id, hops)
}

// hops bounds how often a recipient may have become part of another.
const hops = 16

// upsert is follow for a recipient that may not exist yet.
func upsert(ctx context.Context, s RecipientStore, id string, change func(*nurture.Recipient) bool) error {
	for range tries {
		err := follow(ctx, s, id, change)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		r := &nurture.Recipient{ID: id}
		if !change(r) {
			return nil
		}
		item, err := pack(r, 0)
		if err != nil {
			return err
		}
		if err = s.WriteRecipient(ctx, item); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("recipient %s: %w", id, store.ErrConflict)
}

// OnRecipient keeps Permissions on the recipient item: each act is one
// conditional write.
type OnRecipient struct{ Store RecipientStore }

func (p OnRecipient) change(ctx context.Context, id string, change func(*nurture.Recipient) bool) error {
	err := follow(ctx, p.Store, id, func(r *nurture.Recipient) bool { return r.Erased == 0 && change(r) })
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// Withdraw ends a permission; a purpose of "" ends all of the channel.
func (p OnRecipient) Withdraw(ctx context.Context, id, channel, purpose string, at time.Time) error {
	return p.change(ctx, id, func(r *nurture.Recipient) bool {
		r.Withdraw(channel, purpose, at)
		return true
	})
}

// Pause holds marketing until a time.
func (p OnRecipient) Pause(ctx context.Context, id string, until, now time.Time) error {
	return p.change(ctx, id, func(r *nurture.Recipient) bool {
		r.Pause(until, now)
		return true
	})
}

// Prefer sets fewer mails and the topics that are switched off.
func (p OnRecipient) Prefer(ctx context.Context, id string, fewer bool, topicsOff []string, _ time.Time) error {
	return p.change(ctx, id, func(r *nurture.Recipient) bool {
		r.Prefer(fewer, topicsOff)
		return true
	})
}

// Confirm records that the person proved the address (double opt-in).
func (p OnRecipient) Confirm(ctx context.Context, id, channel, purpose string, at time.Time) error {
	return p.change(ctx, id, func(r *nurture.Recipient) bool {
		r.Confirm(channel, purpose, at)
		return true
	})
}

// Preferences is what the person chose.
func (p OnRecipient) Preferences(ctx context.Context, id string) (Preferences, error) {
	var r *nurture.Recipient
	err := follow(ctx, p.Store, id, func(x *nurture.Recipient) bool {
		r = x
		return false
	})
	if errors.Is(err, store.ErrNotFound) {
		return Preferences{}, nil
	}
	if err != nil {
		return Preferences{}, err
	}
	out := Preferences{Fewer: r.Fewer, TopicsOff: r.TopicsOff, Texts: r.Consents(nurture.SMS, "marketing", false)}
	if r.Paused != 0 {
		out.Paused = time.Unix(r.Paused, 0).UTC()
	}
	return out, nil
}
