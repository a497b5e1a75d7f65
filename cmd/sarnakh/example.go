package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/sarnakh/sarnakh/internal/tool"
)

// publishExample publishes the example business of playbook/ if nothing is published yet. env is what .local/env says.
func publishExample(ctx context.Context, env map[string]string) error {
	const folder = "playbook"
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		say("there is no playbook/ here: nothing is scored until you publish one (sarnakh publish FOLDER)")
		return nil
	}
	w, err := worldOf(ctx, env, "the local run")
	if err != nil {
		return err
	}
	store, jobs := w.store(), w.queue("JOBS_QUEUE_URL")
	if err := w.err(); err != nil {
		return err
	}
	done, err := tool.Publish(ctx, store, jobs, tool.Publishing{
		Folder: os.DirFS(folder), By: "make run", Why: "the example business", Now: time.Now(), First: true,
	})
	if err != nil {
		return tool.InFolder(folder, err)
	}
	say(done.String())
	return nil
}
