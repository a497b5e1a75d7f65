package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/phone"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// scoreCmd scores a file without AWS, a run or a store.
type scoreCmd struct {
	Playbook   string `default:"playbook" placeholder:"DIR" help:"Folder of the playbook's YAML files."`
	Activities string `required:"" placeholder:"FILE" help:"Activities, one JSON object a line; - for standard input."`
	At         string `placeholder:"DAY" help:"The day whose cards to show, such as 2026-11-01: what was done by then; today without it."`
	Lead       string `placeholder:"NAME" help:"Only this lead: an e-mail address, a phone number, an external or a visitor id."`
	Locale     string `default:"en" enum:"fa,en" help:"Language: fa or en."`
	JSON       bool   `xor:"form" help:"One JSON object a lead and line."`
	CSV        bool   `xor:"form" help:"A table for a spreadsheet."`
}

func (c *scoreCmd) Run() error {
	p, faults, _ := source.Check(os.DirFS(c.Playbook), nil, time.Now())
	if len(faults) > 0 {
		return fmt.Errorf("the playbook in %s has faults, nothing was scored\n%w", c.Playbook, faults)
	}
	compiled, err := p.Compile()
	if err != nil {
		return err
	}
	v := tool.Scoring{Playbook: compiled, Phone: phone.For(p.Business.Region), Now: time.Now(), Lead: c.Lead, Locale: c.Locale, Form: "text",
		Refuse: func(line int, err error) { say(fmt.Sprintf("%s:%d: %v", c.Activities, line, err)) }}
	if v.At, err = tool.Day(c.At); err != nil {
		return err
	}
	switch {
	case c.JSON:
		v.Form = "json"
	case c.CSV:
		v.Form = "csv"
	}
	var in io.Reader = os.Stdin
	if c.Activities != "-" {
		f, err := os.Open(c.Activities)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	done, err := tool.Score(os.Stdout, in, v)
	if err != nil {
		return err
	}
	for _, left := range []struct {
		n    int
		what string
	}{{done.Later, "are of a later day and were left out"}, {done.Nobody, "name nobody and were left out"}, {done.Apart, "named two known people, who were kept apart"}} {
		if left.n > 0 {
			say(fmt.Sprintf("%s: %d activities %s", c.Activities, left.n, left.what))
		}
	}
	return nil
}
