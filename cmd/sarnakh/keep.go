package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// keeping are the settings of verbs that ask for something to be done with a
// lead: it is queued as an activity, as everything else.
type keeping struct {
	settings
	By string `help:"Who asks for it; the user of this machine without it."`
}

func (k keeping) keeper(ctx context.Context) (*tool.Keeper, error) {
	desk, err := k.desk(ctx)
	if err != nil {
		return nil, err
	}
	w, err := k.enter(ctx)
	if err != nil {
		return nil, err
	}
	queue := w.queue("ACTIVITIES_QUEUE_URL")
	if err := w.err(); err != nil {
		return nil, err
	}
	return &tool.Keeper{Desk: desk, Queue: queue, By: userOr(k.By), Now: time.Now()}, nil
}

type leadMergeCmd struct {
	keeping
	Into string `arg:"" help:"The lead that stays: address, phone number, external id or id."`
	From string `arg:"" help:"The lead that goes into it."`
}

func (c *leadMergeCmd) Run(ctx context.Context) error {
	k, err := c.keeper(ctx)
	if err != nil {
		return err
	}
	return k.Merge(ctx, os.Stdout, c.Into, c.From)
}

type leadUnmergeCmd struct {
	keeping
	Into string `arg:"" help:"The lead that absorbed another."`
	From string `arg:"" optional:"" help:"The one that is to be itself again, where several were absorbed."`
}

func (c *leadUnmergeCmd) Run(ctx context.Context) error {
	k, err := c.keeper(ctx)
	if err != nil {
		return err
	}
	return k.Unmerge(ctx, os.Stdout, c.Into, c.From)
}

type leadRevokeCmd struct {
	keeping
	Lead   string   `arg:"" help:"Whose activities they are."`
	IDs    []string `arg:"" name:"id" help:"Ids of activities, as they were sent."`
	Anyway bool     `help:"Also ids that are not in the log: they are taken back should they still come."`
}

func (c *leadRevokeCmd) Run(ctx context.Context) error {
	k, err := c.keeper(ctx)
	if err != nil {
		return err
	}
	return k.Revoke(ctx, os.Stdout, c.Lead, c.IDs, c.Anyway)
}

type leadAdjustCmd struct {
	keeping
	Lead   string `arg:"" help:"Address, phone number, external id or id."`
	Points string `arg:"" help:"So many points: 10, or -10 (write -- before a negative number)."`
	Why    string `required:"" help:"Why: whoever reads the card asks."`
	Until  string `placeholder:"DAY" help:"The last day on which they count, such as 2026-12-01 or 1405-09-10; for ever without it."`
}

func (c *leadAdjustCmd) Run(ctx context.Context) error {
	until := ""
	if c.Until != "" {
		day, err := tool.Day(c.Until)
		if err != nil {
			return err
		}
		until = day.String()
	}
	k, err := c.keeper(ctx)
	if err != nil {
		return err
	}
	return k.Adjust(ctx, os.Stdout, c.Lead, c.Points, until, c.Why)
}

type leadExportCmd struct {
	settings
	Lead  string `arg:"" help:"Address, phone number, external id or id."`
	Out   string `type:"path" placeholder:"FILE" help:"Where to write; the screen without it."`
	Check bool   `help:"Replay what is written and compare it with the ledger, byte by byte."`
}

func (c *leadExportCmd) Run(ctx context.Context) error {
	d, err := c.desk(ctx)
	if err != nil {
		return err
	}
	var out io.Writer = os.Stdout
	if c.Out != "" {
		f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	n, err := d.Export(ctx, out, c.Lead, c.Check)
	if err != nil {
		return err
	}
	checked := ""
	if c.Check {
		checked = "; replayed, it is the ledger to the last byte"
	}
	say(fmt.Sprintf("%d entries written%s", n, checked))
	return nil
}
