package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// broadcastCmd works on broadcasts: one mail to everybody who is in an audience at a chosen time.
type broadcastCmd struct {
	Plan   broadcastPlanCmd   `cmd:"" help:"Count who would get a broadcast and who not and why, then, with --yes, plan it."`
	List   broadcastListCmd   `cmd:"" help:"List broadcasts, the latest first."`
	Show   broadcastShowCmd   `cmd:"" help:"Show a broadcast, and what became of it so far."`
	Cancel broadcastCancelCmd `cmd:"" help:"Stop a broadcast: who has not got it by then, does not."`
}

// casting is what every verb about broadcasts works with.
type casting struct {
	settings
	Locale string `default:"en" enum:"fa,en" help:"Language: fa or en."`
}

func (c *casting) open(ctx context.Context) (*dynamo.Store, *playbook.Compiled, time.Time, error) {
	w, err := c.enter(ctx)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	s := w.store()
	if err := w.err(); err != nil {
		return nil, nil, time.Time{}, err
	}
	book, err := flow.NewBooks(s).InForce(ctx)
	return s, book, w.now(ctx), err
}

type broadcastPlanCmd struct {
	casting
	Audience string `required:"" help:"Audience of the playbook, or everybody."`
	Mail     string `required:"" help:"Mail of the playbook."`
	At       string `required:"" placeholder:"TIME" help:"When the audience is frozen and the mails begin to leave, such as \"1405-09-10 10:00\" or \"2026-12-01 10:00\"."`
	Topic    string `help:"Topic of the playbook: who switched it off does not get it."`
	Title    string `help:"What your people call it; the mail's name without it."`
	ID       string `help:"Its name, such as yalda-1405; day and mail without it."`
	Priority int    `default:"30" help:"Among tracks: the higher goes first where a person may get only one."`
	By       string `placeholder:"NAME" help:"Who plans it; the user of this machine without it."`
	Yes      bool   `help:"Plan it, after counting."`
}

func (c *broadcastPlanCmd) Run(ctx context.Context) error {
	s, book, now, err := c.open(ctx)
	if err != nil {
		return err
	}
	b, err := tool.ReadCasting(book, tool.Casting{
		ID: c.ID, Title: c.Title, Mail: c.Mail, Topic: c.Topic, Audience: c.Audience, At: c.At, By: userOr(c.By), Priority: c.Priority, Now: now,
	})
	if err != nil {
		return err
	}
	say(tool.WalkPrice)
	if b.Expected, err = tool.Expect(ctx, s, book, b, now, walking()); err != nil {
		return err
	}
	if c.Yes {
		if err := tool.PlanCast(ctx, s, b); err != nil {
			return err
		}
	}
	if err := tool.WriteCast(os.Stdout, book, b, c.Locale); err != nil {
		return err
	}
	if !c.Yes {
		say("nothing was planned: say --yes to plan it")
	}
	return nil
}

type broadcastListCmd struct{ casting }

func (c *broadcastListCmd) Run(ctx context.Context) error {
	s, book, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	list, err := flow.Broadcasts(ctx, s)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Println(tool.NoCasts(c.Locale))
	}
	for _, b := range list {
		if err := tool.WriteCast(os.Stdout, book, b, c.Locale); err != nil {
			return err
		}
	}
	return nil
}

type broadcastShowCmd struct {
	casting
	ID string `arg:"" help:"Name of the broadcast."`
}

func (c *broadcastShowCmd) Run(ctx context.Context) error {
	s, book, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	b, err := flow.ReadBroadcast(ctx, s, c.ID)
	if err != nil {
		return err
	}
	if err := tool.WriteCast(os.Stdout, book, b, c.Locale); err != nil || b.Freezing == 0 {
		return err
	}
	say(tool.WalkPrice)
	o, err := tool.Outcome(ctx, s, b, walking())
	if err != nil {
		return err
	}
	return tool.WriteOutcomes(os.Stdout, book, o, c.Locale)
}

type broadcastCancelCmd struct {
	casting
	ID string `arg:"" help:"Name of the broadcast."`
	By string `placeholder:"NAME" help:"Who cancels it; the user of this machine without it."`
}

func (c *broadcastCancelCmd) Run(ctx context.Context) error {
	s, book, now, err := c.open(ctx)
	if err != nil {
		return err
	}
	b, err := tool.CancelCast(ctx, s, c.ID, userOr(c.By), now)
	if err != nil {
		return err
	}
	if err := tool.WriteCast(os.Stdout, book, b, c.Locale); err != nil {
		return err
	}
	fmt.Println(tool.CastSettled(book, b, c.Locale))
	return nil
}

// walking shows how many leads were read so far.
func walking() func(int) {
	p := newProgress("leads read", "leads", 0)
	next := 10_000
	return func(n int) {
		p.set(int64(n))
		if p.bar == nil && n >= next { // a log gets a line each ten thousand
			say(fmt.Sprintf("%d leads read", n))
			next = n + 10_000
		}
	}
}
