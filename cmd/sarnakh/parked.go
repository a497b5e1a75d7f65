package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// parkedCmd lists messages that were set aside.
type parkedCmd struct {
	settings
	Day  string `placeholder:"2026-11-24" help:"Day, in UTC; today without it."`
	Body bool   `help:"Show the messages too: they may hold personal data."`
}

func (c *parkedCmd) Run(ctx context.Context) error {
	day := time.Now().UTC()
	if c.Day != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, c.Day); err != nil {
			return fmt.Errorf("--day %s: write it like 2026-11-24", c.Day)
		}
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	n, err := tool.Parked(ctx, store, os.Stdout, day, c.Body)
	if err == nil {
		fmt.Printf("%d parked on %s (UTC)\n", n, day.Format(time.DateOnly))
	}
	return err
}
