package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sarnakh/sarnakh/internal/aws/ses"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// MailCmd works on the mails of a playbook.
type MailCmd struct {
	Preview mailPreviewCmd `cmd:"" help:"Write mails as people see them, HTML, text and files, with a lead's values or with none."`
	Test    mailTestCmd    `cmd:"" help:"Send a mail to yourself, marked as a test; its links open nothing."`
}

// letter is what both verbs ask for.
type letter struct {
	settings
	Dir    string            `default:"playbook" type:"existingdir" help:"The folder of the playbook."`
	Lead   string            `placeholder:"WHO" help:"As this lead would get it: an e-mail address, phone number, external id or id of the lead."`
	Locale string            `enum:"fa,en," default:"" help:"Language: fa or en; the lead's, or all there are."`
	Set    map[string]string `help:"Values, such as lead.first_name=مریم; lead.demo_at=2026-12-01T10:00 brings an invitation."`
}

func (l letter) write(ctx context.Context, name, public, from string) ([]tool.Written, error) {
	var d *tool.Desk
	if l.Lead != "" {
		var err error
		if d, err = l.desk(ctx); err != nil {
			return nil, err
		}
	}
	return tool.Letter{Folder: os.DirFS(l.Dir), Name: name, Locale: l.Locale, Lead: l.Lead, Set: l.Set, PublicURL: public, From: from, Now: time.Now()}.Write(ctx, d)
}

type mailPreviewCmd struct {
	letter
	Name string `arg:"" optional:"" help:"One mail; all without it."`
	Out  string `default:".local/mails" help:"Where the files go."`
}

func (c *mailPreviewCmd) Run(ctx context.Context) error {
	all, err := c.write(ctx, c.Name, "", "")
	if err != nil {
		return tool.InFolder(c.Dir, err)
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	for _, m := range all {
		files := map[string][]byte{"html": []byte(m.HTML), "txt": []byte(m.Subject + "\n\n" + m.Text)}
		for _, a := range m.Attachments {
			files[a.Name] = a.Data
		}
		for kind, b := range files {
			if err := os.WriteFile(filepath.Join(c.Out, m.Name+"."+m.Locale+"."+kind), b, 0o644); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%s written to %s\n", counted(len(all), "mail"), c.Out)
	return nil
}

type mailTestCmd struct {
	letter
	Name string `arg:"" help:"The mail."`
	From string `placeholder:"ADDRESS" help:"The address mails come from; else MAIL_FROM of the environment."`
	To   string `required:"" placeholder:"ADDRESS" help:"Your address."`
}

func (c *mailTestCmd) Run(ctx context.Context) error {
	to, err := lead.NormalizeEmail(c.To)
	if err != nil {
		return err
	}
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	public, from, set := w.need("PUBLIC_URL"), c.From, w.get("MAIL_CONFIGURATION_SET")
	switch {
	case from != "":
	case w.endpoint("SESV2") != nil:
		from = localMailFrom // of a local run, whose mailbox knows no other
	default:
		from = w.need("MAIL_FROM")
	}
	if err := w.err(); err != nil {
		return err
	}
	all, err := c.write(ctx, c.Name, public, from)
	if err != nil {
		return tool.InFolder(c.Dir, err)
	}
	cfg := w.cfg
	if url := w.endpoint("SESV2"); url != nil {
		cfg.BaseEndpoint = aws.String(*url)
	}
	sender := ses.New(cfg, set)
	var failed error
	for _, m := range all {
		fate, err := sender.Send(ctx, m.Trial(to))
		if fate != mail.Taken {
			failed = errors.Join(failed, fmt.Errorf("%s in %s: %s: %w", m.Name, m.Locale, fate, err))
			continue
		}
		fmt.Printf("%s in %s sent to %s\n", m.Name, m.Locale, to.Address())
	}
	return failed
}
