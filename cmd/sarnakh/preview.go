package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

type playbookPreviewCmd struct {
	settings
	Dir    string `arg:"" optional:"" default:"playbook" help:"The folder of the changed playbook."`
	Top    int    `default:"10" help:"Name so many of the leads that move most."`
	JSON   bool   `name:"json" help:"Write JSON."`
	Locale string `default:"fa" enum:"fa,en" help:"Language: fa or en."`
}

func (c *playbookPreviewCmd) Run(ctx context.Context) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	old, err := tool.InForce(ctx, s)
	if err != nil {
		return err
	}
	next, err := tool.ReadFolder(c.Dir, old, time.Now())
	if err != nil {
		return err
	}
	began := time.Now()
	bar := newProgress("looking at leads", "leads", 0)
	found, err := tool.Preview(ctx, s, tool.Previewing{
		Old: old, New: next, Now: time.Now(), Top: c.Top, Progress: func(n int) { bar.set(int64(n)) },
	})
	bar.end()
	if err != nil {
		return err
	}
	say(fmt.Sprintf("%d leads looked at in %s; nothing was written", found.Leads, time.Since(began).Round(10*time.Millisecond)))
	if c.JSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(found)
	}
	return tool.WritePreview(os.Stdout, found, next, c.Locale)
}
