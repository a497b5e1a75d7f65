package main

import (
	"context"
	"os"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// reportCmd says how things stand, over all leads.
type reportCmd struct {
	Nurture reportNurtureCmd `cmd:"" help:"Where people stand in tracks and broadcasts, what holds them, how it ended for others, and what hold-outs and arms have shown."`
}

type reportNurtureCmd struct {
	settings
	Locale string `default:"en" enum:"fa,en" help:"Language: fa or en."`
	Track  string `help:"This track only."`
	JSON   bool   `name:"json" help:"For programs."`
}

func (c *reportNurtureCmd) Run(ctx context.Context) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	book, err := flow.NewBooks(s).InForce(ctx)
	if err != nil {
		return err
	}
	say(tool.WalkPrice)
	list, err := tool.NurtureReport(ctx, s, book, c.Track, walking())
	switch {
	case err != nil:
		return err
	case c.JSON:
		return tool.JSONNurtureReport(os.Stdout, list)
	}
	return tool.WriteNurtureReport(os.Stdout, book, list, c.Locale)
}
