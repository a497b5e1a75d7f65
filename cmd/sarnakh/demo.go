package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
	"github.com/sarnakh/sarnakh/internal/tool/bank"
)

// demoCmd sends real calls of a bank through a local run, and checks what comes of them.
type demoCmd struct {
	Env    string `default:".local/env" type:"path" help:"What the run wrote."`
	Data   string `placeholder:"FILE" help:"The set, a CSV, as it is or gzipped; ../shared/data/bank-additional-full.csv.gz without it."`
	Rows   int    `default:"2000" help:"How many rows."`
	Full   bool   `help:"All rows: 41,188 leads, 188,130 activities."`
	Sample int    `help:"How many leads are replayed; 200, or 1,000 of all, without it."`
}

const (
	bankData   = "../shared/data/bank-additional-full.csv.gz"
	sampleRows = 500
)

func (c *demoCmd) Run(ctx context.Context) error {
	s := settings{Env: c.Env}
	w, err := s.enter(ctx)
	if err != nil {
		return err
	}
	queue := w.queue("ACTIVITIES_QUEUE_URL")
	if err := w.err(); err != nil {
		return err
	}
	if err := answers(ctx, w.get("PAGE_URL")); err != nil {
		return err
	}
	desk, err := s.desk(ctx)
	if err != nil {
		return err
	}
	rows, shut, err := c.open()
	if err != nil {
		return err
	}
	defer shut()
	var bar *progress
	report, err := (&tool.Demo{
		Desk: desk, Queue: queue, Rows: rows, Sample: c.sample(), Clock: time.Now, Patience: 10 * time.Minute,
		Progress: func(what string, done, total int) {
			if bar == nil || bar.what != what {
				if bar != nil {
					bar.end()
				}
				bar = newProgress(what, "", int64(total))
			}
			bar.set(int64(done))
		},
	}).Run(ctx)
	if bar != nil {
		bar.end()
	}
	if err != nil {
		return err
	}
	fmt.Print(report.String())
	if !report.OK() {
		return errors.New("the demo is not ok: what is in the ledgers is not what was sent (sarnakh parked lists messages that were set aside)")
	}
	return nil
}

func (c *demoCmd) sample() int {
	switch {
	case c.Sample > 0:
		return c.Sample
	case c.Full:
		return 1000
	}
	return 200
}

// open gives the rows of the set, or made-up ones where there is none.
func (c *demoCmd) open() (rows iter.Seq2[bank.Row, error], shut func(), err error) {
	name, most := c.Data, c.Rows
	if name == "" {
		name = bankData
	}
	if c.Full {
		most = bank.Rows
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && c.Data == "" {
		most = min(most, sampleRows)
		say(fmt.Sprintf("%s is not here: %d made-up rows stand in for those of the bank", name, most))
		return bank.Sample(most), func() {}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open the set: %w", err)
	}
	in, err := gzip.NewReader(f)
	if errors.Is(err, gzip.ErrHeader) { // not packed
		if _, err = f.Seek(0, 0); err == nil {
			return bank.Read(f, most), func() { _ = f.Close() }, nil
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, fmt.Errorf("open the set %s: %w", name, err)
	}
	return bank.Read(in, most), func() { _ = f.Close() }, nil
}

// answers tells whether the run goes on: engines alone, which a killed run
// leaves, take messages and work on none.
func answers(ctx context.Context, page string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err == nil {
		var res *http.Response
		if res, err = http.DefaultClient.Do(req); err == nil {
			return res.Body.Close()
		}
	}
	return fmt.Errorf("no local run answers at %s: start one first, with make run in another terminal", page)
}
