package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
)

// handler takes a batch of events.
func handler(p *event.Process, f flow.Feedback) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		f := f
		f.Log = p.Begin(ctx)
		b := event.NewBatch(ctx, e)
		b.Each(f.Log, func(m event.Message) error { return f.Handle(ctx, m.ID, m.Body, b.Now()) })
		return b.Response(), nil
	}
}
