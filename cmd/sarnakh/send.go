package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// sendCmd queues activities from a file.
type sendCmd struct {
	settings
	File string `arg:"" help:"A file of activities, one JSON object a line (docs/activity.schema.json), or - for what is piped in."`
	Raw  bool   `help:"Send also lines that are no activities, to see them parked."`
}

// manyFaults is how many refused lines are told one by one.
const manyFaults = 50

func (c *sendCmd) Run(ctx context.Context) error {
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	queue := w.queue("ACTIVITIES_QUEUE_URL")
	if err := w.err(); err != nil {
		return err
	}
	in, size, err := c.open()
	if err != nil {
		return err
	}
	defer in.Close()
	name := c.File
	if name == "-" {
		name = "stdin"
	}
	bar, refused, start := newProgress("sending", "bytes", size), 0, time.Now()
	sent, err := tool.Send(ctx, queue, in, tool.Sending{
		Name: name, Now: start, Raw: c.Raw,
		Refuse: func(place, reason string) {
			if refused++; refused <= manyFaults {
				say(place + ": " + reason)
			}
		},
		Progress: func(s tool.Sent) { bar.set(s.Bytes) },
	})
	bar.end()
	if refused > manyFaults {
		say(fmt.Sprintf("and %d more lines like these", refused-manyFaults))
	}
	if err != nil {
		return err
	}
	took := time.Since(start).Seconds()
	fmt.Printf("sent %d activities in %d messages, %.0f a second; %d lines refused\n", sent.Activities, sent.Messages, float64(sent.Activities)/max(took, 0.001), sent.Refused)
	if sent.Refused > 0 {
		return fmt.Errorf("%d lines of %s were not sent: mend them and send the file again, what was taken already is not counted twice", sent.Refused, name)
	}
	return nil
}

func (c *sendCmd) open() (in io.ReadCloser, size int64, err error) {
	if c.File == "-" {
		return os.Stdin, 0, nil
	}
	f, err := os.Open(c.File)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, fmt.Errorf("there is no file %s", c.File)
	}
	if err != nil {
		return nil, 0, err
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return f, size, nil
}
