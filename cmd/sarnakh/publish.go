package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// publishCmd makes a playbook the one in force.
type publishCmd struct {
	publishing
	Folder  string `arg:"" default:"playbook" help:"Folder of the playbook's YAML files."`
	First   bool   `help:"Only if none is published yet."`
	Rescore bool   `help:"Look at all leads again, also where nothing was published."`
}

// publishing is what every verb asks that brings another playbook into force.
type publishing struct {
	settings
	Why    string        `placeholder:"TEXT" help:"What changed, for those who read the list of versions."`
	By     string        `placeholder:"NAME" help:"Who publishes; the user of this machine without it."`
	Wait   time.Duration `default:"1h" placeholder:"DURATION" help:"Wait so long at most until all leads were looked at again."`
	Detach bool          `help:"Do not wait: the job goes on by itself."`
}

func (c *publishCmd) Run(ctx context.Context) error {
	w, err := c.enter(ctx)
	if err != nil {
		return err
	}
	store, jobs := w.store(), w.queue("JOBS_QUEUE_URL")
	if err := w.err(); err != nil {
		return err
	}
	done, err := tool.Publish(ctx, store, jobs, tool.Publishing{
		Folder: os.DirFS(c.Folder), By: userOr(c.By), Why: c.Why, Now: time.Now(), First: c.First,
	})
	for _, f := range done.Warnings {
		fmt.Fprintf(os.Stderr, "%s/%s (can work, looks wrong)\n", c.Folder, f)
	}
	if err != nil {
		return tool.InFolder(c.Folder, err)
	}
	if done.Job == "" && c.Rescore && done.Number == done.Was {
		if done.Job, err = tool.Rescore(ctx, jobs, done.Number, time.Now()); err != nil {
			return err
		}
	}
	return c.finish(ctx, store, done)
}

// finish says what came of it, and waits for the job where that is asked.
func (c *publishing) finish(ctx context.Context, store tool.ProgressStore, done tool.Published) error {
	fmt.Println(done)
	if done.Job == "" || c.Detach {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	var last tool.JobProgress
	bar, said := newProgress("looking at leads again", "leads", 0), time.Now()
	err := tool.AwaitJob(wait, store, done.Job, func(p tool.JobProgress) {
		last = p
		if bar.set(int64(p.Read)); bar.bar == nil && time.Since(said) > 10*time.Second { // a log has no bar
			said = time.Now()
			say(p.String())
		}
	})
	bar.end()
	say(last.String())
	if err == nil && last.Quiet > 0 {
		fmt.Printf("%d decisions are quiet: sarnakh quiet list --playbook %d says which\n", last.Quiet, done.Number)
	}
	return err
}

// userOr is who does something: as said, or the user of this machine.
func userOr(by string) string {
	if by != "" {
		return by
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}
