package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// businessCmd plays some weeks of the example business through a local run, and leaves it in the middle of things.
type businessCmd struct {
	Env    string `default:".local/env" type:"path" help:"What the run wrote."`
	Locale string `default:"en" enum:"fa,en" help:"Language of what it says at the end: fa or en."`
	Crowd  int    `default:"0" help:"How many more people ask for the book in the first week."`
	Show   bool   `help:"Play nothing: say how it stands."`
}

func (c *businessCmd) Run(ctx context.Context) error {
	s := settings{Env: c.Env}
	w, err := s.enter(ctx)
	if err != nil {
		return err
	}
	queue, store := w.queue("ACTIVITIES_QUEUE_URL"), w.store()
	if err := w.err(); err != nil {
		return err
	}
	page := w.get("PAGE_URL")
	if err := answers(ctx, page); err != nil {
		return err
	}
	desk, err := s.desk(ctx)
	if err != nil {
		return err
	}
	run := &localRun{page: page, inbox: w.get("INBOX_URL")}
	b := &tool.Business{
		Store: store, Desk: desk, Queue: queue, Now: run.now, Forward: run.forward, Pause: run.pause, Crowd: c.Crowd, Tell: say,
		Rest: func(ctx context.Context) error { return run.forward(ctx, time.Minute) }, // a move of the clock waits until all is at rest
	}
	now, err := run.now(ctx)
	if err == nil && !c.Show {
		now, err = b.Play(ctx)
	}
	if err != nil {
		return err
	}
	return b.Write(ctx, os.Stdout, c.Locale, now)
}

// localRun is the clock and the mailbox of a local run, as its page offers them.
type localRun struct{ page, inbox string }

func (r *localRun) now(ctx context.Context) (time.Time, error) { return clockOf(ctx, r.page) }

// forward moves the clock and waits until all that fell due is done.
func (r *localRun) forward(ctx context.Context, by time.Duration) error {
	res, err := r.post(ctx, r.page+"/clock", url.Values{"by": {by.String()}})
	if err != nil {
		return err
	}
	if res != http.StatusAccepted && res != http.StatusOK {
		return fmt.Errorf("move the clock by %s: the run answered %d", by, res)
	}
	for {
		at, err := readClock(ctx, r.page)
		switch {
		case err != nil:
			return err
		case at.Failed:
			return errors.New("the clock did not arrive, or a tick failed: the page of the run says more")
		case !at.Moving:
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var preferences = regexp.MustCompile(`https?://[^\s"<>]+/p/[A-Za-z0-9_-]+`)

// pause does what a person does at the preference page to which one of their mails leads.
func (r *localRun) pause(ctx context.Context, email string) error {
	var list struct {
		Mails []struct{ ID string }
	}
	if err := getJSON(ctx, r.inbox+"/mails?limit=50&to="+url.QueryEscape(email), &list); err != nil {
		return err
	}
	for _, m := range list.Mails {
		var one struct{ HTML, Text string }
		if err := getJSON(ctx, r.inbox+"/mails/"+url.PathEscape(m.ID), &one); err != nil {
			return err
		}
		if link := preferences.FindString(strings.ReplaceAll(one.Text+" "+one.HTML, "&amp;", "&")); link != "" {
			status, err := r.post(ctx, link, url.Values{"do": {"pause"}})
			if err == nil && status >= 400 {
				err = fmt.Errorf("the preference page answered %d", status)
			}
			return err
		}
	}
	return fmt.Errorf("none of the %d mails to %s leads to the preference page", len(list.Mails), email)
}

func (r *localRun) post(ctx context.Context, to string, form url.Values) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Part", "1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func getJSON(ctx context.Context, from string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", from, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(out)
}
