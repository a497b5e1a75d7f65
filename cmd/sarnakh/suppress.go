package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// stoppedCmd works on the addresses that must not be written to.
type stoppedCmd struct {
	Import stoppedImportCmd `cmd:"" help:"Stop all mail to the addresses of a file: one a line, perhaps with the reason after a comma."`
}

type stoppedImportCmd struct {
	settings
	File string `arg:"" type:"existingfile" help:"The list, such as that of the mail service you used before."`
}

func (c *stoppedImportCmd) Run(ctx context.Context) error {
	s, err := c.suppressing(ctx)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	s.Refuse = func(line int, reason string) { fmt.Fprintf(os.Stderr, "%s:%d: %s\n", c.File, line, reason) }
	done, err := s.Import(ctx, f)
	fmt.Printf("%s suppressed, %d of them of leads that are here; %s refused\n", counted(done.Addresses, "address"), done.Known, counted(done.Refused, "line"))
	if err == nil && done.Refused > 0 {
		return exitCode(1)
	}
	return err
}

type leadSuppressCmd struct {
	settings
	Address string `arg:"" help:"E-mail address; it need not be a lead's yet."`
	Reason  string `default:"manual" enum:"manual,bounce,complaint,unsubscribe" help:"Why: manual, bounce, complaint, or unsubscribe, which a new consent overcomes."`
}

func (c *leadSuppressCmd) Run(ctx context.Context) error {
	s, err := c.suppressing(ctx)
	if err != nil {
		return err
	}
	known, err := s.One(ctx, c.Address, c.Reason)
	if err != nil {
		return err
	}
	who := "nobody has it yet; whoever comes with it gets no mail"
	if known {
		who = "its lead gets no mail any more"
	}
	fmt.Printf("suppressed (%s): %s\n", c.Reason, who)
	return nil
}

func (s settings) suppressing(ctx context.Context) (tool.Suppressing, error) {
	w, err := s.enter(ctx)
	if err != nil {
		return tool.Suppressing{}, err
	}
	store := w.store()
	secret, err := w.identities(ctx)
	return tool.Suppressing{Store: store, Secret: secret, Now: time.Now()}, err
}
