package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
)

// How old a tick may be when it arrives. An older one ends at once: the next
// does its work. The daily one has no next for long, so it is given more.
const (
	dueStale    = 10 * time.Minute
	reviewStale = 12 * time.Hour
	// lastMinute is kept free at the end of an invocation.
	lastMinute = 30 * time.Second
)

// handler tells ticks of the schedules from messages of the jobs queue.
func handler(p *event.Process, rescore *flow.Rescore) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, raw json.RawMessage) (any, error) {
		log := p.Begin(ctx)
		jobs, tick, err := event.Read(raw)
		switch {
		case err != nil:
			return nil, err
		case tick != nil:
			return nil, onTick(ctx, p, log, rescore, *tick)
		}
		return onJobs(ctx, log, rescore, *jobs), nil
	}
}

func onTick(ctx context.Context, p *event.Process, log *slog.Logger, rescore *flow.Rescore, t event.Tick) error {
	now := t.Now()
	switch t.Name {
	case "review":
		if t.Stale(now, reviewStale) {
			log.Warn("a tick came too late and is passed over", "tick", t.Name, "at", t.At)
			return nil
		}
		if err := rescore.Review(ctx, t.At); err != nil {
			return err
		}
		log.Info("review begun", "segments", flow.Segments)
	case "due":
		if t.Stale(now, dueStale) {
			log.Warn("a tick came too late and is passed over", "tick", t.Name, "at", t.At)
			return nil
		}
		rep, err := rescore.Due(ctx, log, now, func() bool {
			end, ok := ctx.Deadline()
			return ok && time.Until(end) < lastMinute
		})
		if err != nil {
			return err
		}
		log.Info("due decisions looked at", "leads", rep.Leads, "cleared", rep.Cleared, "requeued", rep.Requeued)
		begun, err := rescore.Broadcasts(ctx, log, now)
		if err != nil {
			return err
		}
		if begun > 0 {
			log.Info("broadcasts begun", "count", begun)
		}
		lists, err := rescore.Digests(ctx, now)
		if err != nil {
			return err
		}
		if lists > 0 {
			log.Info("work lists queued for sales", "count", lists)
		}
		p.Measure(now, event.Metric{Name: "OldestDueReview", Value: rep.Oldest.Seconds(), Unit: event.Seconds})
	default:
		return fmt.Errorf("tick %q: review and due are known", t.Name)
	}
	return nil
}

func onJobs(ctx context.Context, log *slog.Logger, rescore *flow.Rescore, e events.SQSEvent) events.SQSEventResponse {
	b := event.NewBatch(ctx, e)
	b.Each(log, func(m event.Message) error {
		return rescore.RunJob(ctx, log, flow.Message{ID: m.ID, Body: m.Body, Received: m.Sent, Attempt: m.Attempt}, b.Now(), b.Short)
	})
	return b.Response()
}
