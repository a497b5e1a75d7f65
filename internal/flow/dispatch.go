package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Outbox is a queue that messages go to, several at once. An error names none
// of them: all are sent again, and their keys make that harmless.
type Outbox interface {
	SendAll(ctx context.Context, bodies [][]byte) error
}

// DecisionStore keeps the records of decisions.
type DecisionStore interface {
	// ReadDecisions reads many, strongly; what is not found is absent.
	ReadDecisions(ctx context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error)
	// RecordDecisions puts records that are absent: nil or ErrConflict for each.
	RecordDecisions(ctx context.Context, ds []store.Decision) []error
}

// Dispatch takes pending decisions from ledger items to the deliveries queue:
// once under their key, as far as can be, and their record says that it was
// done. The queue comes first: a record without a message would be a decision
// that nobody carries out, a message twice is one that deliver does once.
type Dispatch struct {
	store DecisionStore
	queue Outbox
}

// NewDispatch makes the flow.
func NewDispatch(s DecisionStore, deliveries Outbox) *Dispatch {
	return &Dispatch{store: s, queue: deliveries}
}

// Run queues what is pending in one image of a ledger item and has no record
// yet. It bears repetition: an item is seen with each of its writes.
func (d *Dispatch) Run(ctx context.Context, log *slog.Logger, item ledger.Item) (queued int, err error) {
	s, err := ledger.Decode(item)
	if err != nil {
		return 0, err
	}
	missing, _, err := d.sort(ctx, s)
	if err != nil {
		return 0, fmt.Errorf("dispatch %s: %w", item.Lead, err)
	}
	if err := d.send(ctx, log, s, missing); err != nil {
		return 0, fmt.Errorf("dispatch %s: %w", item.Lead, err)
	}
	return len(missing), nil
}

// sort tells the pending decisions without a record from those with one.
func (d *Dispatch) sort(ctx context.Context, s *ledger.State) (missing, recorded []ledger.Pending, err error) {
	if len(s.Pending) == 0 {
		return nil, nil, nil
	}
	keys := make([]store.DecisionKey, len(s.Pending))
	for i, p := range s.Pending {
		keys[i] = KeyOf(s.Lead, p)
	}
	have, err := d.store.ReadDecisions(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	for i, p := range s.Pending {
		if _, ok := have[keys[i]]; ok {
			recorded = append(recorded, p)
		} else {
			missing = append(missing, p)
		}
	}
	return missing, recorded, nil
}

// send queues decisions, then records them.
func (d *Dispatch) send(ctx context.Context, log *slog.Logger, s *ledger.State, pending []ledger.Pending) error {
	if len(pending) == 0 {
		return nil
	}
	bodies := make([][]byte, len(pending))
	records := make([]store.Decision, len(pending))
	for i, p := range pending {
		bodies[i] = DeliveryOf(s, p).Encode()
		records[i] = store.Decision{
			DecisionKey: KeyOf(s.Lead, p), Playbook: s.Playbook, At: p.At, Quiet: p.Quiet, Reason: p.Reason, Body: bodies[i],
		}
	}
	if err := d.queue.SendAll(ctx, bodies); err != nil {
		return err
	}
	for i, err := range d.store.RecordDecisions(ctx, records) {
		if err != nil && !errors.Is(err, store.ErrConflict) { // somebody was as fast
			return err
		}
		log.Info("decision queued", "decision", records[i].DecisionKey.String(), "quiet", records[i].Quiet)
	}
	return nil
}
