package main

import (
	"context"
	"time"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/store"
)

// parts is a store that adds up what the calls of a tick cost this process. A
// tick makes one call at a time, so what is left is its own work: decoding,
// deciding, rendering, links.
type parts struct {
	*dynamo.Store
	index, read, claim, mark, leave, send time.Duration
	claimed                               bool // the next write is the mark
}

func (p *parts) reset() { *p = parts{Store: p.Store} }

// add is deferred with the processor time at the start of a call.
func add(to *time.Duration, from time.Duration) { *to += cpu() - from }

func (p *parts) DueRecipients(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	defer add(&p.index, cpu())
	return p.Store.DueRecipients(ctx, shard, until, limit, page)
}

func (p *parts) Fetch(ctx context.Context, w store.Wanted) (store.Found, error) {
	defer add(&p.read, cpu())
	return p.Store.Fetch(ctx, w)
}

func (p *parts) WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient] {
	to := &p.claim
	if p.claimed {
		to = &p.mark
	}
	p.claimed = !p.claimed
	defer add(to, cpu())
	return p.Store.WriteRecipients(ctx, rs)
}

func (p *parts) ReadSending(ctx context.Context) (store.Sending, error) {
	defer add(&p.leave, cpu())
	return p.Store.ReadSending(ctx)
}

func (p *parts) WriteSending(ctx context.Context, s store.Sending) error {
	defer add(&p.leave, cpu())
	return p.Store.WriteSending(ctx, s)
}

// sendBulk wraps the call to the mail service.
func (p *parts) sendBulk(send func(context.Context, []mail.Message) []mail.Handed) func(context.Context, []mail.Message) []mail.Handed {
	return func(ctx context.Context, ms []mail.Message) []mail.Handed {
		defer add(&p.send, cpu())
		return send(ctx, ms)
	}
}
