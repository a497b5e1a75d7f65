package main

import (
	"context"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
)

// handler gives a batch of messages to the flow, and back to the queue those
// that failed.
func handler(p *event.Process, ingest *flow.Ingest) event.Queue {
	return func(ctx context.Context, b *event.Batch) {
		log := p.Begin(ctx)
		messages := make([]flow.Message, len(b.Messages))
		for i, m := range b.Messages {
			messages[i] = flow.Message{ID: m.ID, Body: m.Body, Received: m.Sent, Attempt: m.Attempt}
		}
		var t flow.Taken
		if err := event.Safely(func() error { t = ingest.Run(ctx, log, messages, b.Now()); return nil }); err != nil {
			log.Error("batch failed, all of it comes again", "error", err.Error())
			return
		}
		for _, m := range b.Messages {
			if err := t.Failed[m.ID]; err != nil {
				log.Error("message failed, it comes again", "messageId", m.ID, "attempt", m.Attempt, "error", err.Error())
				continue
			}
			b.Done(m)
		}
		log.Info("batch taken in", "messages", len(messages), "failed", b.Failed(), "activities", t.Activities, "fresh", t.Fresh,
			"repeated", t.Repeated, "conflicts", t.Conflicts, "parked", t.Parked, "leads", t.Leads, "decisions", t.Decisions,
			"merges", t.Merges, "proposals", t.Proposals, "retries", t.Retries)
		if t.Parked > 0 {
			p.Measure(b.Now(), event.Metric{Name: "Parked", Value: float64(t.Parked), Unit: event.Count})
		}
	}
}
