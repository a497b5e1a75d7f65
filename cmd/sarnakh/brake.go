package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// brakeCmd looks after the brake of marketing mail.
type brakeCmd struct {
	Show brakeShowCmd `cmd:"" help:"Show the brake, the rate and the quota of mails."`
	Open brakeOpenCmd `cmd:"" help:"Let marketing mail leave again."`
	Shut brakeShutCmd `cmd:"" help:"Stop marketing mail by hand."`
}

type brakeShowCmd struct{ settings }

func (c *brakeShowCmd) Run(ctx context.Context) error {
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	store := w.store()
	if err := w.err(); err != nil {
		return err
	}
	return tool.Brake(ctx, store, os.Stdout, time.Now())
}

type brakeOpenCmd struct {
	settings
	By string `help:"Who opens it; you without it."`
}

func (c *brakeOpenCmd) Run(ctx context.Context) error {
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	store := w.store()
	if err := w.err(); err != nil {
		return err
	}
	if err := tool.OpenBrake(ctx, store, userOr(c.By), time.Now()); err != nil {
		return err
	}
	return tool.Brake(ctx, store, os.Stdout, time.Now())
}

type brakeShutCmd struct {
	settings
	By  string `help:"Who shuts it; you without it."`
	Why string `required:"" help:"The reason, for whoever opens it."`
}

func (c *brakeShutCmd) Run(ctx context.Context) error {
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	store := w.store()
	if err := w.err(); err != nil {
		return err
	}
	if err := tool.ShutBrake(ctx, store, userOr(c.By), c.Why, time.Now()); err != nil {
		return err
	}
	return tool.Brake(ctx, store, os.Stdout, time.Now())
}

// sendsCmd is about mails that were claimed.
type sendsCmd struct {
	Unknown sendsUnknownCmd `cmd:"" help:"List the mails of which nobody knows whether they left."`
	Sent    sendsSentCmd    `cmd:"" help:"Note that such a mail left."`
	Never   sendsNeverCmd   `cmd:"" help:"Note that such a mail never left. It is not sent again."`
}

type sendsUnknownCmd struct{ settings }

func (c *sendsUnknownCmd) Run(ctx context.Context) error {
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	store := w.store()
	if err := w.err(); err != nil {
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
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	store := w.store()
	if err := w.err(); err != nil {
		return err
	}
	return tool.DecideUnknown(ctx, store, c.Send, left, time.Now())
}
