package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/phone"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/store"
)

// town is people whose activities go through the real ingest, whose decisions
// are recorded, and whose store is billed.
type town struct {
	store   *billed
	ingest  *flow.Ingest
	rescore *flow.Rescore
	// What is queued for others is counted, and jobs are kept.
	jobs, deliveries *nowhere
	people           []*person
	now              time.Time
	log              *slog.Logger
	next             int // message id
	// settled is the bill of what happens beside ingest: records of decisions.
	settled bill
}

// example compiles the playbook of the example business.
func example() (*playbook.Playbook, error) {
	p, err := source.Read(os.DirFS("playbook"), nil)
	if err != nil {
		return nil, fmt.Errorf("the example playbook: %w", err)
	}
	p.Number = 1
	return p, nil
}

func newTown(ctx context.Context, t tables, people int, calls []activity.Activity) (*town, error) {
	p, err := example()
	if err != nil {
		return nil, err
	}
	return newTownOf(ctx, p, t, people, calls)
}

// newTownOf is a town with a playbook of its own.
func newTownOf(ctx context.Context, p *playbook.Playbook, t tables, people int, calls []activity.Activity) (*town, error) {
	if err := t.Publish(ctx, store.Playbook{Pointer: store.Pointer{Number: 1, Name: p.Name}, Compiled: p.JSON()}, 0); err != nil {
		return nil, err
	}
	b := newBilled(t)
	w := &town{store: b, now: start, log: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))}
	w.ingest = flow.NewIngest(b, []byte("a secret of the bench, long enough for anybody"), func(region string) lead.Phone { return phone.For(region) })
	w.jobs, w.deliveries = &nowhere{}, &nowhere{}
	w.rescore = flow.NewRescore(b, w.jobs, w.deliveries)
	for i := range people {
		w.people = append(w.people, newPerson(i, calls))
	}
	return w, nil
}

// nowhere is a queue whose messages nobody reads: what deliver does has figures
// of its own.
type nowhere struct {
	mu     sync.Mutex
	sent   int
	bodies [][]byte
}

func (n *nowhere) SendAll(_ context.Context, bodies [][]byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent += len(bodies)
	n.bodies = bodies
	return nil
}

// round is ingestOnly, and after it what follows from decisions.
func (w *town) round(ctx context.Context, k int, step time.Duration, do doing) (bill, error) {
	spent, err := w.ingestOnly(ctx, k, step, do)
	if err != nil {
		return bill{}, err
	}
	return spent, w.settle(ctx)
}

// ingestOnly lets each person do k things, a step apart, takes them in in
// batches of 100, and says what that cost.
func (w *town) ingestOnly(ctx context.Context, k int, step time.Duration, do doing) (bill, error) {
	before := w.store.bill
	var batch []flow.Message
	send := func() error {
		err := w.run(ctx, batch)
		batch = batch[:0]
		return err
	}
	w.now = w.now.Add(step * time.Duration(k))
	perBatch := max(1, 100/k)
	for i, p := range w.people {
		for j := range k {
			a := do(p, w.now.Add(-step*time.Duration(k-1-j)))
			batch = append(batch, w.message(a))
		}
		if (i+1)%perBatch == 0 {
			if err := send(); err != nil {
				return bill{}, err
			}
		}
	}
	if err := send(); err != nil {
		return bill{}, err
	}
	return w.store.bill.minus(before), nil
}

// takeIn takes in what happened, in batches of 100.
func (w *town) takeIn(ctx context.Context, as []activity.Activity) error {
	for some := range slices.Chunk(as, 100) {
		var batch []flow.Message
		for _, a := range some {
			batch = append(batch, w.message(a))
		}
		if err := w.run(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

func (w *town) message(a activity.Activity) flow.Message {
	w.next++
	return flow.Message{ID: fmt.Sprint("m", w.next), Body: activity.Encode([]activity.Activity{a}), Received: w.now.Add(time.Second), Attempt: 1}
}

// run gives a batch to ingest; all of it must be new and usable.
func (w *town) run(ctx context.Context, batch []flow.Message) error {
	if len(batch) == 0 {
		return nil
	}
	taken := w.ingest.Run(ctx, w.log, batch, w.now)
	for id, err := range taken.Failed {
		return fmt.Errorf("message %s: %w", id, err)
	}
	if taken.Fresh != len(batch) || taken.Parked > 0 {
		return fmt.Errorf("a batch of %d: %+v", len(batch), taken)
	}
	return nil
}

// settle records pending decisions and clears them, as dispatch and rescore do.
func (w *town) settle(ctx context.Context) error {
	before := w.store.bill
	_, err := w.rescore.Due(ctx, w.log, w.now.Add(time.Hour), func() bool { return false })
	x := w.store.bill.minus(before)
	w.settled = w.settled.plus(x)
	return err
}

// review is the daily look at all leads.
func (w *town) review(ctx context.Context) error {
	if err := w.rescore.Review(ctx, w.now); err != nil {
		return err
	}
	for i, body := range w.jobs.bodies {
		m := flow.Message{ID: fmt.Sprint("job", i), Body: body, Received: w.now, Attempt: 1}
		if err := w.rescore.RunJob(ctx, w.log, m, w.now, func() bool { return false }); err != nil {
			return err
		}
	}
	return nil
}

func (b bill) plus(o bill) bill { return b.minus(bill{}.minus(o)) }

// each divides a bill by activities.
func (b bill) each(n float64) bill {
	return bill{b.ledger / n, b.index / n, b.history / n, b.people / n, b.desk / n, b.read / n, b.moves}
}
