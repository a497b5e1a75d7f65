package main

import (
	"context"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// tracksCmd says where people stand in tracks.
type tracksCmd struct {
	settings
	Locale string `default:"fa" enum:"fa,en" help:"Language: fa or en."`
}

func (c *tracksCmd) Run(ctx context.Context) error {
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	s := w.store()
	if err := w.err(); err != nil {
		return err
	}
	p, err := tool.InForce(ctx, s)
	if err != nil {
		return err
	}
	return tool.Tracks(ctx, s, os.Stdout, p, c.Locale, time.Now())
}
