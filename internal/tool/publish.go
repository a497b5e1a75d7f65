// Package tool does what the verbs of the command do: it publishes a playbook,
// queues activities from files, shows a lead with its working, lists what was
// set aside, and holds scores against their logs. It knows neither flags nor
// screens nor AWS: stores and queues are given to it, and the time too.
package tool

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Shelf is where published playbooks lie.
type Shelf interface {
	ReadPointer(ctx context.Context) (store.Pointer, error)
	ReadPlaybook(ctx context.Context, number uint32) (store.Playbook, error)
	Publish(ctx context.Context, p store.Playbook, was uint32) error
}

// Sender takes one message.
type Sender interface {
	Send(ctx context.Context, body []byte) error
}

// Publishing is a playbook to publish.
type Publishing struct {
	Folder fs.FS
	By     string
	Why    string
	Now    time.Time
	First  bool // only if none is published
	Again  bool // the files were in force before: only what cannot work stops them
}

// Published is what came of it.
type Published struct {
	Number   uint32
	Was      uint32 // the number in force before; 0: none
	Same     bool   // the one in force says the same: nothing was published
	Kept     bool   // there was one already, and only a first one was wanted
	Job      string // the job that looks at all leads again; "" for none
	Playbook *playbook.Playbook
	Warnings source.Faults
}

// Publish makes the playbook in a folder the one in force, under the next
// number; signals, stages and audiences keep the numbers they had. If another
// one was in force, all leads are looked at again, quietly: nobody is told that
// the rules changed. Errors of what is written in the files are source.Faults.
func Publish(ctx context.Context, s Shelf, jobs Sender, p Publishing) (Published, error) {
	var out Published
	var previous *playbook.Playbook
	pointer, err := s.ReadPointer(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return out, err
	case p.First:
		out.Number, out.Was, out.Kept = pointer.Number, pointer.Number, true
		return out, nil
	default:
		stored, err := s.ReadPlaybook(ctx, pointer.Number)
		if err != nil {
			return out, err
		}
		if previous, err = playbook.Load(stored.Compiled); err != nil {
			return out, fmt.Errorf("playbook %d, whose numbers are to be kept: %w", pointer.Number, err)
		}
		out.Was = pointer.Number
	}
	check := source.Check
	if p.Again {
		check = source.Recheck
	}
	next, faults, warnings := check(p.Folder, previous, p.Now)
	if len(faults) > 0 {
		return out, faults
	}
	out.Playbook, out.Warnings = next, warnings
	if previous != nil {
		previous.Number, next.Number = 0, 0
		if bytes.Equal(previous.JSON(), next.JSON()) {
			out.Number, out.Same = out.Was, true
			return out, nil
		}
	}
	archive, err := archiveOf(p.Folder)
	if err != nil {
		return out, err
	}
	out.Number = out.Was + 1
	next.Number = out.Number
	err = s.Publish(ctx, store.Playbook{
		Pointer:  store.Pointer{Number: out.Number, Name: next.Name, By: p.By, Why: p.Why, At: p.Now.Unix()},
		Compiled: next.JSON(), Archive: archive,
	}, out.Was)
	if errors.Is(err, store.ErrConflict) {
		return out, fmt.Errorf("somebody published playbook %d meanwhile: publish again, after a look at what they changed: %w", out.Number, err)
	}
	if err != nil || out.Was == 0 {
		return out, err
	}
	out.Job, err = Rescore(ctx, jobs, out.Number, time.Time{})
	return out, err
}

// Rescore queues a look at all leads under a published playbook. Those that
// follow it already are passed over, so it may be asked for again: the job of
// another time has a progress of its own.
func Rescore(ctx context.Context, jobs Sender, number uint32, again time.Time) (job string, err error) {
	j := flow.PlaybookJob(number)
	if !again.IsZero() {
		j.ID += again.UTC().Format("-20060102T150405")
	}
	if err := jobs.Send(ctx, j.Encode()); err != nil {
		return "", fmt.Errorf("playbook %d is in force, but the job that looks at all leads was not queued (ask for it again with --rescore): %w", number, err)
	}
	return j.ID, nil
}

// archiveOf packs the files that a playbook is made of, so that what was
// published can be read again as it was written. The same files always give the
// same bytes. Landing pages stay out: they are the business's site.
func archiveOf(folder fs.FS) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := fs.WalkDir(folder, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (name == "pages" || name != "." && strings.HasPrefix(path.Base(name), ".")):
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		body, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(body)), Format: tar.FormatPAX}); err != nil {
			return err
		}
		_, err = w.Write(body)
		return err
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pack the files of the playbook: %w", err)
	}
	return out.Bytes(), nil
}

// String says what came of it.
func (p Published) String() string {
	switch {
	case p.Kept:
		return fmt.Sprintf("playbook %d is in force", p.Number)
	case p.Same && p.Job != "":
		return fmt.Sprintf("playbook %d is in force already and says the same; all leads are looked at again, quietly", p.Number)
	case p.Same:
		return fmt.Sprintf("playbook %d is in force already and says the same: nothing was published", p.Number)
	case p.Was == 0:
		return fmt.Sprintf("published playbook 1, %s: the first", p.Playbook.Name)
	}
	return fmt.Sprintf("published playbook %d, %s, in place of %d; all leads are looked at again, quietly", p.Number, p.Playbook.Name, p.Was)
}

// InFolder names the folder in the faults of a playbook, so that an editor can
// open their places.
func InFolder(folder string, err error) error {
	var faults source.Faults
	if !errors.As(err, &faults) {
		return err
	}
	out := make(source.Faults, len(faults))
	for i, f := range faults {
		f.File = path.Join(folder, f.File)
		out[i] = f
	}
	faulty := "a fault"
	if len(out) > 1 {
		faulty = fmt.Sprintf("%d faults", len(out))
	}
	return fmt.Errorf("the playbook has %s, nothing was published\n%w", faulty, out)
}
