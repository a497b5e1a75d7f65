package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// quietCmd works on what was decided because rules or data changed, not because a lead did something.
type quietCmd struct {
	List quietListCmd `cmd:"" help:"Count who crossed because rules or data changed, and name the best."`
	Tell quietTellCmd `cmd:"" help:"Have those decisions carried out after all, or let them be."`
}

type quietListCmd struct {
	settings
	Playbook uint32 `placeholder:"N" help:"Only what this published playbook decided."`
	Top      int    `default:"5" help:"Name so many leads of each kind."`
	Locale   string `default:"fa" enum:"fa,en" help:"Language: fa or en."`
}

func (c *quietListCmd) Run(ctx context.Context) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	p, err := tool.InForce(ctx, s)
	if err != nil {
		return err
	}
	_, err = tool.ListQuiet(ctx, s, os.Stdout, p, c.Playbook, c.Top, c.Locale)
	return err
}

type quietTellCmd struct {
	settings
	All      bool   `xor:"who" required:"" help:"Tell of all of them."`
	Top      int    `xor:"who" required:"" placeholder:"N" help:"Tell of the N best leads; the others stay on the list."`
	None     bool   `xor:"who" required:"" help:"Tell of none: they leave the list, and nobody ever hears of them."`
	Kind     string `default:"handover" enum:"handover,fastlane,stage,enroll,unenroll,audience,all" help:"What: handover, fastlane, stage, enroll, unenroll, audience, or all."`
	Subject  string `placeholder:"NAME" help:"Only this stage, track or audience."`
	Playbook uint32 `placeholder:"N" help:"Only what this published playbook decided."`
	By       string `placeholder:"NAME" help:"Who says so; the user of this machine without it."`
}

func (c *quietTellCmd) Run(ctx context.Context) error {
	if c.Top < 0 {
		return errors.New("--top: how many, from 1")
	}
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	s, deliveries := w.store(), w.queue("DELIVERIES_QUEUE_URL")
	if err := w.err(); err != nil {
		return err
	}
	t := tool.Telling{Playbook: c.Playbook, Kind: c.Kind, Subject: c.Subject, Top: c.Top, Pass: c.None, By: userOr(c.By), Now: time.Now()}
	if c.Kind == "all" {
		t.Kind = ""
	}
	said, err := tool.TellQuiet(ctx, s, deliveries, t)
	fmt.Printf("told %d, let be %d, said before %d\n", said.Told, said.Passed, said.Before)
	return err
}
