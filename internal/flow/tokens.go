package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
)

// SendingStore keeps what all senders share.
type SendingStore interface {
	ReadSending(ctx context.Context) (store.Sending, error)
	WriteSending(ctx context.Context, s store.Sending) error
}

// ChangeSending changes it by one conditional write, beginning again when
// somebody else was first. change tells whether there is anything to write.
func ChangeSending(ctx context.Context, s SendingStore, change func(*sending.State) bool) error {
	t := tokens{store: s}
	return t.change(ctx, change)
}

// tokens hands out leave to send. It keeps what it read and wrote last: as long
// as nobody else writes, a reservation is one write.
type tokens struct {
	store SendingStore
	quota func(ctx context.Context) (sending.Quota, error)
	log   *slog.Logger

	state   *sending.State
	version int64
}

func (t *tokens) change(ctx context.Context, change func(*sending.State) bool) error {
	var err error
	for range tries {
		if t.state == nil {
			var x store.Sending
			if x, err = t.store.ReadSending(ctx); err != nil {
				return err
			}
			if t.state, err = sending.Decode(x.Body); err != nil {
				return err
			}
			t.version = x.Version
		}
		if !change(t.state) {
			return nil
		}
		err = t.store.WriteSending(ctx, store.Sending{Version: t.version, Body: t.state.Encode()})
		if err == nil {
			t.version++
			return nil
		}
		if t.state = nil; !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("state of sending: %d tries: %w", tries, err)
}

// unasked is what an account may send for sure: a new one has a mail a second.
var unasked = sending.Quota{PerSecond: 1, PerDay: -1}

// reserve gives leave for so many mails.
func (t *tokens) reserve(ctx context.Context, asked, marketing int, c *playbook.Compiled, now time.Time, within time.Duration) (sending.Grant, error) {
	var g sending.Grant
	err := t.change(ctx, func(s *sending.State) bool {
		if t.quota != nil && !s.Fresh(now) {
			switch q, err := t.quota(ctx); {
			case err == nil:
				s.Learn(q, now)
			case s.QuotaAt == 0:
				s.Learn(unasked, now)
				fallthrough
			default:
				t.log.Warn("the mail quota could not be asked", "error", err.Error())
			}
		}
		g = s.Reserve(asked, marketing, c.Sending, c.Nurture.BusinessZone(), now, within)
		return g.Total() > 0
	})
	if err != nil {
		return sending.Grant{}, fmt.Errorf("nurture: %w", err)
	}
	return g, nil
}

// trouble makes all senders pause; well ends that. Neither is worth failing for.
func (t *tokens) trouble(ctx context.Context, now time.Time) {
	t.try(ctx, func(s *sending.State) bool { s.Trouble(now); return true })
}

func (t *tokens) well(ctx context.Context) {
	if t.state != nil && t.state.Down == 0 {
		return
	}
	t.try(ctx, (*sending.State).Well)
}

func (t *tokens) try(ctx context.Context, change func(*sending.State) bool) {
	if err := t.change(ctx, change); err != nil {
		t.log.Warn("the state of sending could not be written", "error", err.Error())
	}
}
