package main

import (
	"context"
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
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	return tool.Brake(ctx, store, os.Stdout, time.Now())
}

type brakeOpenCmd struct {
	settings
	By string `help:"Who opens it; you without it."`
}

func (c *brakeOpenCmd) Run(ctx context.Context) error {
	store, err := c.open(ctx)
	if err != nil {
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
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	if err := tool.ShutBrake(ctx, store, userOr(c.By), c.Why, time.Now()); err != nil {
		return err
	}
	return tool.Brake(ctx, store, os.Stdout, time.Now())
}
