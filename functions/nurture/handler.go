package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
)

// stale is how old a tick may be: the next one does its work.
const stale = 5 * time.Minute

// handler runs one tick. n is copied, so that two ticks share nothing that
// changes.
func handler(p *event.Process, n flow.Nurture) func(context.Context, json.RawMessage) error {
	return func(ctx context.Context, raw json.RawMessage) error {
		log := p.Begin(ctx)
		tick, err := event.ReadTick(raw)
		if err != nil {
			return err
		}
		now := tick.Now()
		if tick.Stale(now, stale) {
			log.Info("tick too old, the next one does its work", "at", tick.At)
			return nil
		}
		n.Log = log
		n.Short, n.Left = shortOf(ctx), leftOf(ctx)
		began := time.Now()
		n.Elapsed, n.Wait = func() time.Duration { return time.Since(began) }, wait
		rep, err := n.Tick(ctx, now, attemptOf(ctx, now))
		braked := 0.0
		if rep.Braked != "" {
			braked = 1
		}
		p.Measure(now,
			event.Metric{Name: "MarketingHeld", Value: braked, Unit: event.Count},
			event.Metric{Name: "MailsSent", Value: float64(rep.Sent), Unit: event.Count}, event.Metric{Name: "MailsUnknown", Value: float64(rep.Parked), Unit: event.Count},
			event.Metric{Name: "OldestDueSend", Value: rep.OldestDue.Seconds(), Unit: event.Seconds})
		log.Info("tick", "due", rep.Due, "waiting", rep.Waiting, "braked", rep.Braked, "sent", rep.Sent, "later", rep.Later, "refused", rep.Refused, "unknown", rep.Unknown, "parked", rep.Parked,
			"held", rep.Held, "skipped", rep.Skipped, "ended", rep.Ended, "tasks", rep.Tasks, "messages", rep.Messages, "lost", rep.Lost)
		return err
	}
}

// attemptOf names this invocation: it marks the claims that it makes.
func attemptOf(ctx context.Context, now time.Time) string {
	if c, ok := lambdacontext.FromContext(ctx); ok && c.AwsRequestID != "" {
		return c.AwsRequestID
	}
	return now.Format(time.RFC3339Nano)
}

// wait lets time pass, unless the invocation ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// leftOf tells how much time is left.
func leftOf(ctx context.Context) func() time.Duration {
	return func() time.Duration {
		end, ok := ctx.Deadline()
		if !ok {
			return time.Hour
		}
		return time.Until(end)
	}
}

// shortOf tells when less than one send may still take is left.
func shortOf(ctx context.Context) func() bool {
	return func() bool {
		end, ok := ctx.Deadline()
		return ok && time.Until(end) < 5*time.Second
	}
}
