package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/phone"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// leadCmd works on leads.
type leadCmd struct {
	Show     leadShowCmd     `cmd:"" help:"Show a lead: its score, line by line, what is known and what was decided."`
	Export   leadExportCmd   `cmd:"" help:"Write a lead with its whole log, one JSON object a line; it replays to the same ledger."`
	Merge    leadMergeCmd    `cmd:"" help:"Make two leads one: they are the same person."`
	Unmerge  leadUnmergeCmd  `cmd:"" help:"Undo a merge: the absorbed lead is itself again, with what came for it since."`
	Revoke   leadRevokeCmd   `cmd:"" help:"Take activities back; decisions that rested on them are withdrawn."`
	Adjust   leadAdjustCmd   `cmd:"" help:"Give or take points by hand: why, and until when."`
	Suppress leadSuppressCmd `cmd:"" help:"Stop all mail to an address, for ever."`
}

type leadShowCmd struct {
	settings
	Lead   string `arg:"" help:"E-mail address, phone number, external id or id of the lead."`
	Locale string `default:"en" enum:"fa,en" help:"Language: fa or en."`
	Log    bool   `help:"Every entry of the log too."`
	Bytes  bool   `help:"What the compact item holds, line by line, too."`

	At        string `placeholder:"DAY" help:"The card that was shown on a day, such as 2026-11-01 or 1405-08-10: what had come in by then, under the playbook of then."`
	Hindsight bool   `help:"With --at: what is known today about that day, under the playbook of today."`
}

func (c *leadShowCmd) Run(ctx context.Context) error {
	at, err := tool.Day(c.At)
	switch {
	case err != nil:
		return err
	case c.Hindsight && at == 0:
		return errors.New("--hindsight is about a past day: give it with --at")
	case c.Bytes && at != 0:
		return errors.New("--bytes are those of today: leave --at out")
	}
	d, err := c.desk(ctx)
	if err != nil {
		return err
	}
	return d.Show(ctx, os.Stdout, tool.Showing{Name: c.Lead, Locale: c.Locale, Now: time.Now(), Log: c.Log, Bytes: c.Bytes, At: at, Hindsight: c.Hindsight})
}

func (s settings) desk(ctx context.Context) (*tool.Desk, error) {
	w, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	store := w.store()
	secret, err := w.identities(ctx)
	if err != nil {
		return nil, err
	}
	return &tool.Desk{Store: store, Secret: secret, Phone: func(region string) lead.Phone { return phone.For(region) }}, nil
}
