package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/playbook/golden"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

// PlaybookCmd works on a folder of playbook files.
type PlaybookCmd struct {
	Check playbookCheckCmd `cmd:"" help:"Say everything that is wrong with a playbook: file, line, column, what would be right."`
	Test  playbookTestCmd  `cmd:"" help:"Play the golden leads of a playbook and say where they come out differently."`

	Diff     playbookDiffCmd     `cmd:"" help:"Say in words what a playbook says differently from an older one."`
	Preview  playbookPreviewCmd  `cmd:"" help:"Say who would move if a playbook were published: both ways, at which threshold, by which line. Writes nothing."`
	Versions playbookVersionsCmd `cmd:"" help:"List what was published: when, by whom, why."`
	Rollback playbookRollbackCmd `cmd:"" help:"Publish what an earlier playbook said, under a new number."`
}

type playbookCheckCmd struct {
	Dir    string `arg:"" optional:"" help:"The folder of the playbook; playbook without it."`
	Strict bool   `help:"Warnings count as faults."`
}

func (c *playbookCheckCmd) Run() error {
	if c.Dir == "" {
		c.Dir = "playbook"
	}
	p, faults, warnings := source.Check(os.DirFS(c.Dir), nil, time.Now())
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

type playbookTestCmd struct {
	Dir    string `arg:"" optional:"" default:"playbook" help:"The folder of the playbook; its stories lie in golden/."`
	Update bool   `help:"Write what came out into the stories."`
}

func (c *playbookTestCmd) Run() error {
	p, err := source.Read(os.DirFS(c.Dir), nil)
	if err != nil {
		return err
	}
	compiled, err := p.Compile()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(c.Dir, "golden", "*.txtar"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%s has no golden leads: stories are files golden/*.txtar", c.Dir)
	}
	wrong := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		story, err := golden.Parse(src)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		got, err := story.Play(compiled)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		same := strings.TrimSpace(got) == strings.TrimSpace(story.Want())
		switch {
		case same:
			fmt.Println("ok  ", file)
		case c.Update:
			if err := os.WriteFile(file, story.With(got), 0o644); err != nil {
				return err
			}
			fmt.Println("new ", file)
		default:
			wrong++
			fmt.Printf("not %s\n--- told\n%s\n--- came out\n%s\n", file, strings.TrimSpace(story.Want()), got)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%s came out differently; --update writes it down", counted(wrong, "golden lead"))
	}
	return nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
