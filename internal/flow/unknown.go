package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// UnknownStore keeps the list of sends of unknown fate.
type UnknownStore interface {
	RecipientStore
	ListUnknown(ctx context.Context, limit int, page string) ([]store.UnknownSend, string, error)
	DropUnknown(ctx context.Context, u store.UnknownSend) error
}

// UnknownSends lists the mails of which nobody knows whether they left. Those
// whose fate was learned since leave the list with it; a recipient who is gone,
// or has forgotten a mail so old, leaves none to decide on.
func UnknownSends(ctx context.Context, s UnknownStore, each func(store.UnknownSend) error) error {
	for page := ""; ; {
		some, next, err := s.ListUnknown(ctx, 100, page)
		if err != nil {
			return err
		}
		for _, u := range some {
			open, err := stillUnknown(ctx, s, u)
			if err == nil && open {
				err = each(u)
			} else if err == nil {
				err = s.DropUnknown(ctx, u)
			}
			if err != nil {
				return err
			}
		}
		if page = next; page == "" {
			return nil
		}
	}
}

func stillUnknown(ctx context.Context, s RecipientStore, u store.UnknownSend) (bool, error) {
	item, err := s.ReadRecipient(ctx, u.Recipient)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r, err := nurture.Decode(u.Recipient, item.Body)
	if err != nil {
		return false, err
	}
	if h := r.Hand; h != nil && h.ID == u.Send {
		return true, nil // noted, and about to be given up
	}
	for _, x := range r.Sends {
		if x.ID == u.Send {
			return x.Unknown, nil
		}
	}
	return false, nil
}

// DecideUnknown notes what a person found out about a mail of unknown fate: it
// left, or it never did. Neither sends it again; the track goes on as it did.
func DecideUnknown(ctx context.Context, s UnknownStore, send string, left bool, now time.Time) error {
	var found *store.UnknownSend
	err := UnknownSends(ctx, s, func(u store.UnknownSend) error {
		if u.Send == send {
			found = &u
		}
		return nil
	})
	if err != nil {
		return err
	}
	if found == nil {
		return fmt.Errorf("send %q is not among those of unknown fate: sarnakh sends unknown lists them", send)
	}
	change := func(r *nurture.Recipient) bool {
		if left {
			return r.Left(send, "", now)
		}
		return r.Never(send, "never left, as a person found out")
	}
	if _, err := noteOn(ctx, s, found.Recipient, change); err != nil {
		return err
	}
	return s.DropUnknown(ctx, *found)
}
