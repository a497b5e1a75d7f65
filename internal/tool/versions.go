package tool

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/diff"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Versions is where published playbooks are listed, with what they were made
// from.
type Versions interface {
	Shelf
	ReadArchive(ctx context.Context, number uint32) ([]byte, error)
	ListPlaybooks(ctx context.Context, limit int, page string) ([]store.Pointer, string, error)
}

// ListVersions writes what was published, the newest first: when, by whom, why.
func ListVersions(ctx context.Context, s Versions, out io.Writer, locale string, zone *time.Location) error {
	w := wordsOf(locale)
	for page := ""; ; {
		some, next, err := s.ListPlaybooks(ctx, 50, page)
		if err != nil {
			return err
		}
		for _, p := range some {
			why := p.Why
			if why != "" {
				why = "  " + why
			}
			if _, err := fmt.Fprintf(out, "%4s  %s  %s  %s%s\n", w.number(int(p.Number)), w.moment(time.Unix(p.At, 0), zone), p.Name, p.By, why); err != nil {
				return err
			}
		}
		if page = next; page == "" {
			return nil
		}
	}
}

// ReadVersion is a published playbook.
func ReadVersion(ctx context.Context, s Shelf, number uint32) (*playbook.Playbook, error) {
	stored, err := s.ReadPlaybook(ctx, number)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("there is no playbook %d: sarnakh playbook versions lists them", number)
	}
	if err != nil {
		return nil, err
	}
	p, err := playbook.Load(stored.Compiled)
	if err != nil {
		return nil, fmt.Errorf("playbook %d: %w", number, err)
	}
	p.Number = number
	return p, nil
}

// InForce is the playbook in force; the error is flow.ErrNoPlaybook before the
// first.
func InForce(ctx context.Context, s Shelf) (*playbook.Playbook, error) {
	pointer, err := s.ReadPointer(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("no playbook is published yet: sarnakh publish playbook")
	}
	if err != nil {
		return nil, err
	}
	return ReadVersion(ctx, s, pointer.Number)
}

// RollBack publishes what an earlier playbook said under the next number. It is
// made anew from its files, so that what was numbered since keeps its number:
// ledgers refer to it.
func RollBack(ctx context.Context, s Versions, jobs Sender, number uint32, p Publishing) (Published, error) {
	if _, err := ReadVersion(ctx, s, number); err != nil {
		return Published{}, err
	}
	archive, err := s.ReadArchive(ctx, number)
	if errors.Is(err, store.ErrNotFound) {
		return Published{}, fmt.Errorf("the files of playbook %d were not kept: publish them from where they are", number)
	}
	if err != nil {
		return Published{}, err
	}
	if p.Folder, err = unpack(archive); err != nil {
		return Published{}, fmt.Errorf("the files of playbook %d: %w", number, err)
	}
	if p.Why == "" {
		p.Why = fmt.Sprintf("back to what playbook %d said", number)
	}
	p.Again = true
	return Publish(ctx, s, jobs, p)
}

// unpack gives the files of a published playbook as a folder.
func unpack(archive []byte) (fs.FS, error) {
	var files txtar.Archive
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return txtar.FS(&files)
		}
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(io.LimitReader(r, 64<<20))
		if err != nil {
			return nil, err
		}
		files.Files = append(files.Files, txtar.File{Name: h.Name, Data: body})
	}
}

// Compare says in a marketer's words what a folder, or a published playbook,
// says differently from an older one.
func Compare(out io.Writer, old, new *playbook.Playbook, locale string) (int, error) {
	changes := diff.Of(old, new, locale)
	for _, c := range changes {
		if _, err := fmt.Fprintln(out, c); err != nil {
			return 0, err
		}
	}
	return len(changes), nil
}

// ReadFolder compiles the playbook in a folder, with the numbers that an older
// one gave.
func ReadFolder(dir string, previous *playbook.Playbook, now time.Time) (*playbook.Playbook, error) {
	p, faults, _ := source.Check(os.DirFS(dir), previous, now)
	if len(faults) > 0 {
		return nil, InFolder(dir, faults)
	}
	return p, nil
}
