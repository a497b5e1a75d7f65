// Command sarnakh is the tool of a marketer and of a developer: it runs the whole line on one machine, and works on
// playbooks and data. A verb is a file of this folder; it reads flags and calls a package that does the work.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type cli struct {
	Local     localCmd     `cmd:"" help:"Run the whole line on this machine, from template.yaml."`
	Playbook  PlaybookCmd  `cmd:"" help:"Check a playbook."`
	Mail      MailCmd      `cmd:"" help:"Look at the mails of a playbook."`
	Engines   enginesCmd   `cmd:"" help:"Run a command beside fresh engines (tests do)."`
	Publish   publishCmd   `cmd:"" help:"Make the playbook in a folder the one in force."`
	Demo      demoCmd      `cmd:"" help:"Send real calls of a bank through the local run, and check what comes of them."`
	Business  businessCmd  `cmd:"" help:"Play some weeks of the example business through the local run, and leave it in the middle of things."`
	Send      sendCmd      `cmd:"" help:"Queue activities from a file, one JSON object a line."`
	Score     scoreCmd     `cmd:"" help:"Score a file of activities here, without AWS or a run."`
	Lead      leadCmd      `cmd:"" help:"Look at leads."`
	Broadcast broadcastCmd `cmd:"" help:"One mail to an audience at a chosen time: plan, list, show, cancel."`
	Report    reportCmd    `cmd:"" help:"How things stand, over all leads."`
	Brake     brakeCmd     `cmd:"" help:"Look after the brake of marketing mail."`
	Sends     sendsCmd     `cmd:"" help:"Mails of which nobody knows whether they left."`
	Quiet     quietCmd     `cmd:"" help:"Who crossed because rules or data changed, and who is told of it."`
	Parked    parkedCmd    `cmd:"" help:"List the messages that were set aside, with their reasons."`
	Stopped   stoppedCmd   `cmd:"" name:"suppressions" help:"Addresses that must not be written to."`
}

func main() {
	// The first signal asks for a clean stop, the second one is not held back.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	var c cli
	k := kong.Parse(&c, kong.Name("sarnakh"),
		kong.Description("Serverless lead scoring: capture, score, nurture, hand over."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)))
	err := k.Run()
	var exit exitCode
	switch {
	case errors.As(err, &exit):
		os.Exit(int(exit))
	case err != nil:
		fmt.Fprintln(os.Stderr, "sarnakh:", err)
		os.Exit(1)
	}
}

// exitCode ends the tool with a code and no words: a command that it ran has said what there is to say.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
