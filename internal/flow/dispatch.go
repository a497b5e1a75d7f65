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
//
// A quiet decision goes no further than its record: there is nothing to carry
// out until a person says so, and the record stands on the quiet list.
type Dispatch struct {
	store DecisionStore
	queue Outbox
}

// NewDispatch makes the flow.
func NewDispatch(s DecisionStore, deliveries Outbox) *Dispatch {
	return &Dispatch{store: s, queue: deliveries}
}

// Run queues and records what is pending in images of ledger items and has no
// record yet, in as few calls as can be: those of many leads cost what those of
// one do. It gives the fate of each image. It bears repetition: an item is seen
// with each of its writes.
func (d *Dispatch) Run(ctx context.Context, log *slog.Logger, items []ledger.Item) (handled int, fates []error) {
	fates = make([]error, len(items))
	states := make([]*ledger.State, 0, len(items))
	at := make([]int, 0, len(items))
	for i, it := range items {
		s, err := ledger.Decode(it)
		if err != nil {
			fates[i] = err
			continue
		}
		states, at = append(states, s), append(at, i)
	}
	missing, err := d.missing(ctx, states)
	if err == nil {
		handled, err = len(missing.keys), d.hand(ctx, log, missing)
	}
	for i, s := range states {
		if failed := missing.err(s); err != nil || failed != nil {
			fates[at[i]] = fmt.Errorf("dispatch %s: %w", s.Lead, errors.Join(err, failed))
		}
	}
	return handled, fates
}

// pendings are the decisions of several leads that have no record.
type pendings struct {
	keys     []store.DecisionKey
	records  map[store.DecisionKey]store.Decision
	recorded int // how many have one
	failed   map[store.DecisionKey]error
}

// err is what went wrong with a decision of a lead, nil if nothing did.
func (p *pendings) err(s *ledger.State) error {
	if p == nil || len(p.failed) == 0 {
		return nil
	}
	for _, d := range s.Pending {
		if err := p.failed[KeyOf(s.Lead, d)]; err != nil {
			return err
		}
	}
	return nil
}

// of counts the decisions of a lead without and with a record.
func (p *pendings) of(s *ledger.State) (missing, recorded int) {
	for _, d := range s.Pending {
		if _, is := p.records[KeyOf(s.Lead, d)]; is {
			missing++
		} else {
			recorded++
		}
	}
	return missing, recorded
}

// missing tells which pending decisions have no record. Of two images that hold
// the same one, the first counts.
func (d *Dispatch) missing(ctx context.Context, states []*ledger.State) (*pendings, error) {
	p := &pendings{records: map[store.DecisionKey]store.Decision{}, failed: map[store.DecisionKey]error{}}
	var keys []store.DecisionKey
	for _, s := range states {
		for _, x := range s.Pending {
			keys = append(keys, KeyOf(s.Lead, x))
		}
	}
	if len(keys) == 0 {
		return p, nil
	}
	have, err := d.store.ReadDecisions(ctx, keys)
	if err != nil {
		return p, err
	}
	for _, s := range states {
		for _, x := range s.Pending {
			key := KeyOf(s.Lead, x)
			if _, ok := have[key]; ok {
				p.recorded++
				continue
			}
			if _, twice := p.records[key]; twice {
				continue
			}
			p.keys = append(p.keys, key)
			p.records[key] = recordOf(s, x)
		}
	}
	return p, nil
}

// recordOf is the record of a pending decision. A quiet one is done with, and
// stands on the list.
func recordOf(s *ledger.State, p ledger.Pending) store.Decision {
	r := store.Decision{
		DecisionKey: KeyOf(s.Lead, p), Playbook: s.Playbook, At: p.At, Quiet: p.Quiet, Reason: p.Reason, Body: DeliveryOf(s, p).Encode(),
	}
	if p.Quiet {
		r.Done, r.Rank = map[string]int64{doneQuiet: p.At}, quietRank(s, p)
	}
	return r
}

// hand queues the decisions that somebody is told of, ten a call whosever they
// are, then records all, 25 a call.
func (d *Dispatch) hand(ctx context.Context, log *slog.Logger, p *pendings) error {
	if len(p.keys) == 0 {
		return nil
	}
	var bodies [][]byte
	records := make([]store.Decision, len(p.keys))
	for i, key := range p.keys {
		if records[i] = p.records[key]; !records[i].Quiet {
			bodies = append(bodies, records[i].Body)
		}
	}
	if len(bodies) > 0 {
		if err := d.queue.SendAll(ctx, bodies); err != nil {
			return err
		}
	}
	quiet := 0
	for i, err := range d.store.RecordDecisions(ctx, records) {
		switch {
		case err != nil && !errors.Is(err, store.ErrConflict): // else somebody was as fast
			p.failed[p.keys[i]] = err
		case records[i].Quiet:
			quiet++
		default:
			log.Info("decision queued", "decision", records[i].DecisionKey.String())
		}
	}
	if quiet > 0 {
		log.Info("quiet decisions listed", "decisions", quiet)
	}
	return nil
}
