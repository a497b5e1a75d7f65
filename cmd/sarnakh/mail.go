package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

// MailCmd works on the mails of a playbook.
type MailCmd struct {
	Preview mailPreviewCmd `cmd:"" help:"Write mails as people see them, HTML and text, with sample values."`
}

type mailPreviewCmd struct {
	Name string            `arg:"" optional:"" help:"One mail; all without it."`
	Dir  string            `default:"playbook" type:"existingdir" help:"The folder of the playbook."`
	Out  string            `default:".local/mails" help:"Where the files go."`
	Set  map[string]string `help:"Values, such as lead.first_name=مریم."`
}

func (c *mailPreviewCmd) Run() error {
	p, err := source.Read(os.DirFS(c.Dir), nil)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	written := 0
	for _, t := range p.Mails {
		if c.Name != "" && t.Name != c.Name {
			continue
		}
		m, err := mail.Compile(t)
		if err != nil {
			return err
		}
		links := make([]string, len(t.Links))
		for i, l := range t.Links {
			links[i] = "https://sarnakh.example/" + filepath.Base(l.Target)
		}
		body, err := m.Render(func(path string) (string, bool) {
			if path == "business.name" {
				return p.Business.Name.In(t.Locale), true
			}
			v, ok := c.Set[path]
			return v, ok
		}, links)
		if err != nil {
			return err
		}
		for kind, text := range map[string]string{"html": body.HTML, "txt": body.Subject + "\n\n" + body.Text} {
			if err := os.WriteFile(filepath.Join(c.Out, t.Name+"."+t.Locale+"."+kind), []byte(text), 0o644); err != nil {
				return err
			}
		}
		written++
	}
	if written == 0 {
		return fmt.Errorf("no mail is called %q", c.Name)
	}
	fmt.Printf("%s written to %s\n", counted(written, "mail"), c.Out)
	return nil
}
