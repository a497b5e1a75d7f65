package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/engine"
)

// enginesCmd runs a command, with fresh engines that end with it.
type enginesCmd struct {
	Command []string `arg:"" passthrough:"" help:"The command and its arguments."`
}

func (c *enginesCmd) Run(ctx context.Context) error {
	if len(c.Command) > 0 && c.Command[0] == "--" {
		c.Command = c.Command[1:]
	}
	if len(c.Command) == 0 {
		return errors.New("engines: name a command, such as: sarnakh engines -- go test ./...")
	}
	programs, err := engine.Setup(ctx, engine.Options{
		Source: "infra/engines", Dir: ".local/engines", DynamoDBLocal: true, Say: say,
	})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sarnakh-engines-")
	if err != nil {
		return fmt.Errorf("make a place for the engines: %w", err)
	}
	defer os.RemoveAll(dir)
	engines, env, err := programs.Fresh(ctx, dir)
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		_ = engines.Stop(stop)
	}()
	cmd := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		return exitCode(max(exit.ExitCode(), 1))
	} else if err != nil {
		return fmt.Errorf("run %s: %w", c.Command[0], err)
	}
	return nil
}

func say(line string) { fmt.Fprintln(os.Stderr, line) }
