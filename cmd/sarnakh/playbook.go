package main

import (
	"fmt"
	"os"

	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

// PlaybookCmd works on a folder of playbook files.
type PlaybookCmd struct {
	Check playbookCheckCmd `cmd:"" help:"Say everything that is wrong with a playbook: file, line, column, what would be right."`
}

type playbookCheckCmd struct {
	Dir    string `arg:"" optional:"" default:"playbook" type:"existingdir" help:"The folder of the playbook."`
	Strict bool   `help:"Warnings count as faults."`
}

func (c *playbookCheckCmd) Run() error {
	p, faults, warnings := source.Check(os.DirFS(c.Dir), nil)
	for _, f := range faults {
		fmt.Println(f)
	}
	for _, w := range warnings {
		fmt.Println("warning:", w)
	}
	if n := len(faults); n > 0 {
		return fmt.Errorf("%s has %s: nothing can be published from it", c.Dir, counted(n, "fault"))
	}
	fmt.Printf("%s is good: %s, %s, %s, %s, %d bytes compiled\n", c.Dir, counted(len(p.Signals), "signal"),
		counted(len(p.Forms), "form"), counted(len(p.Nurture.Tracks), "track"), counted(len(p.Mails), "mail"), len(p.JSON()))
	if c.Strict && len(warnings) > 0 {
		return fmt.Errorf("%s has %s", c.Dir, counted(len(warnings), "warning"))
	}
	return nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
