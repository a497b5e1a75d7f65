package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
)

// hider keeps a message out of sight for a while.
type hider func(ctx context.Context, receipt string, d time.Duration) error

// handler carries out a batch. A message that failed is hidden until it is
// worth another try.
func handler(p *event.Process, d flow.Deliver, hide hider) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		d := d
		d.Log = p.Begin(ctx)
		b := event.NewBatch(ctx, e)
		d.Attempt = attemptOf(ctx, b.Now())
		b.Each(d.Log, func(m event.Message) error {
			err := d.Handle(ctx, flow.Message{ID: m.ID, Body: m.Body, Received: m.Sent}, b.Now())
			if err == nil {
				return nil
			}
			if hidden := hide(ctx, m.Receipt, flow.Again(err, m.Attempt)); hidden != nil {
				d.Log.Warn("message not hidden, it comes again early", "messageId", m.ID, "error", hidden.Error())
			}
			return err
		})
		return b.Response(), nil
	}
}

// attemptOf names this invocation: it marks the claims that it makes.
func attemptOf(ctx context.Context, now time.Time) string {
	if c, ok := lambdacontext.FromContext(ctx); ok && c.AwsRequestID != "" {
		return c.AwsRequestID
	}
	return now.Format(time.RFC3339Nano)
}
