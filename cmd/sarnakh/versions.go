package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/tool"
)

type playbookVersionsCmd struct {
	settings
	Locale string `default:"en" enum:"fa,en" help:"Language: fa or en."`
}

func (c *playbookVersionsCmd) Run(ctx context.Context) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	p, err := tool.InForce(ctx, s)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return err
	}
	return tool.ListVersions(ctx, s, os.Stdout, c.Locale, zone)
}

type playbookDiffCmd struct {
	settings
	Playbooks []string `arg:"" name:"old-new" help:"[OLD] NEW: folders, or numbers of published playbooks. Without OLD: the one in force."`
	Locale    string   `default:"fa" enum:"fa,en" help:"Language: fa or en."`
	ExitCode  bool     `help:"Exit 1 if something is different."`
}

func (c *playbookDiffCmd) Run(ctx context.Context) error {
	if len(c.Playbooks) > 2 {
		return errors.New("give one or two playbooks: [OLD] NEW")
	}
	var shelf tool.Shelf
	open := func() (tool.Shelf, error) {
		if shelf != nil {
			return shelf, nil
		}
		w, err := c.enter(ctx)
		if err != nil {
			return nil, err
		}
		s := w.store()
		if err := w.err(); err != nil {
			return nil, err
		}
		shelf = s
		return s, nil
	}
	read := func(name string, previous *playbook.Playbook) (*playbook.Playbook, error) {
		n, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			return tool.ReadFolder(name, previous, time.Now())
		}
		s, err := open()
		if err != nil {
			return nil, err
		}
		return tool.ReadVersion(ctx, s, uint32(n))
	}
	var old *playbook.Playbook
	var err error
	if len(c.Playbooks) == 2 {
		old, err = read(c.Playbooks[0], nil)
	} else {
		s, openErr := open()
		if openErr != nil {
			return openErr
		}
		old, err = tool.InForce(ctx, s)
	}
	if err != nil {
		return err
	}
	next, err := read(c.Playbooks[len(c.Playbooks)-1], old)
	if err != nil {
		return err
	}
	n, err := tool.Compare(os.Stdout, old, next, c.Locale)
	switch {
	case err != nil:
		return err
	case n == 0:
		say("nothing is different")
	case c.ExitCode:
		return exitCode(1)
	}
	return nil
}

type playbookRollbackCmd struct {
	publishing
	Number uint32 `arg:"" help:"The published playbook to go back to; sarnakh playbook versions lists them."`
}

func (c *playbookRollbackCmd) Run(ctx context.Context) error {
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	s, jobs := w.store(), w.queue("JOBS_QUEUE_URL")
	if err := w.err(); err != nil {
		return err
	}
	done, err := tool.RollBack(ctx, s, jobs, c.Number, tool.Publishing{By: userOr(c.By), Why: c.Why, Now: time.Now()})
	if err != nil {
		return tool.InFolder(fmt.Sprintf("playbook %d", c.Number), err)
	}
	return c.finish(ctx, s, done)
}
