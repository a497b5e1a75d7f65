package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// sendsCmd is about mails that were claimed.
type sendsCmd struct {
	Unknown sendsUnknownCmd `cmd:"" help:"List the mails of which nobody knows whether they left."`
	Sent    sendsSentCmd    `cmd:"" help:"Note that such a mail left."`
	Never   sendsNeverCmd   `cmd:"" help:"Note that such a mail never left. It is not sent again."`
}

type sendsUnknownCmd struct{ settings }

func (c *sendsUnknownCmd) Run(ctx context.Context) error {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	n, err := tool.UnknownSends(ctx, store, os.Stdout)
	if err == nil {
		fmt.Printf("%d mails of unknown fate\n", n)
	}
	return err
}

type sendsSentCmd struct{ sendsDecide }

func (c *sendsSentCmd) Run(ctx context.Context) error { return c.decide(ctx, true) }

type sendsNeverCmd struct{ sendsDecide }

func (c *sendsNeverCmd) Run(ctx context.Context) error { return c.decide(ctx, false) }

type sendsDecide struct {
	settings
	Send string `arg:"" help:"The id, as sends unknown lists it."`
}

func (c *sendsDecide) decide(ctx context.Context, left bool) error {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	return tool.DecideUnknown(ctx, store, c.Send, left, time.Now())
}
