package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// meeting is a store in which something happens right before the first write
// of a decision.
type meeting struct {
	*memory.Store
	before func() error
}

func (m *meeting) WriteDecision(ctx context.Context, d store.Decision) error {
	if do := m.before; do != nil {
		m.before = nil
		if err := do(); err != nil {
			return err
		}
	}
	return m.Store.WriteDecision(ctx, d)
}

// worker is one invocation of deliver, and the message of a hand-over.
func (o *office) worker(attempt string, m *meeting) (*Deliver, Message) {
	o.t.Helper()
	key := store.DecisionKey{Lead: maryam, Kind: decision.Handover, N: 1}
	o.store.RecordDecisions(o.t.Context(), []store.Decision{{DecisionKey: key, At: o.now.Unix()}})
	body := Delivery{Format: 1, Key: key.String(), Lead: maryam, Kind: decision.Handover, N: 1, At: o.now}.Encode()
	return &Deliver{Store: m, Playbook: o.playbook, Send: o.send, Attempt: attempt, Log: slog.New(slog.DiscardHandler)}, Message{ID: "m", Body: body, Received: o.now}
}

func TestTwoWorkersInTheSameSecondMakeOneAlert(t *testing.T) {
	o := newOffice(t)
	m := &meeting{Store: o.store}
	first, msg := o.worker("one", m)
	second, _ := o.worker("two", m)
	m.before = func() error { return second.Handle(t.Context(), msg, o.now) }
	if err := first.Handle(t.Context(), msg, o.now); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the one who came later: %v", err)
	}
	if len(o.sent) != 1 {
		t.Errorf("%d alerts left", len(o.sent))
	}
}

func TestAnAlertThatCouldNotBeClaimedWasNotBegun(t *testing.T) {
	o := newOffice(t)
	m := &meeting{Store: o.store, before: func() error { return errors.New("the network") }}
	d, msg := o.worker("one", m)
	if err := d.Handle(t.Context(), msg, o.now); err == nil || len(o.sent) != 0 {
		t.Fatalf("%v, %d sent", err, len(o.sent))
	}
	if err := d.Handle(t.Context(), msg, o.now); err != nil || len(o.sent) != 1 {
		t.Errorf("again at once: %v, %d sent", err, len(o.sent))
	}
}

func TestAnAlertOfUnknownFateIsBegunOnceMoreAndThenShown(t *testing.T) {
	o := newOffice(t)
	d, msg := o.worker("one", &meeting{Store: o.store})
	o.fates = []mail.Fate{mail.Unknown, mail.Unknown, mail.Unknown}
	for range 5 {
		_ = d.Handle(t.Context(), msg, o.now)
		o.now = o.now.Add(alertUnknown + 1e9)
	}
	if len(o.sent) != 2 {
		t.Errorf("%d alerts left", len(o.sent))
	}
	rec, err := o.store.ReadDecision(t.Context(), store.DecisionKey{Lead: maryam, Kind: decision.Handover, N: 1})
	if err != nil || rec.Done[doneDoubt] == 0 || rec.Done[doneAlert] == 0 {
		t.Errorf("the record says %v (%v)", rec.Done, err)
	}
}

func TestADeliveryThatANeighborForestalledComesAgainInSeconds(t *testing.T) {
	conflict := fmt.Errorf("write it: %w", store.ErrConflict)
	for attempt, want := range map[int]time.Duration{1: 2 * time.Second, 3: 2 * time.Second, 4: wait(4)} {
		if got := Again(conflict, attempt); got != want {
			t.Errorf("after try %d it comes again in %s, want %s", attempt, got, want)
		}
	}
}
