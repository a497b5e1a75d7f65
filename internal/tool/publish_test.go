package tool_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
	"github.com/sarnakh/sarnakh/internal/tool"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// outbox keeps what is sent.
type outbox struct {
	bodies [][]byte
	err    error
}

func (o *outbox) Send(_ context.Context, body []byte) error {
	if o.err != nil {
		return o.err
	}
	o.bodies = append(o.bodies, body)
	return nil
}

// example is a copy of the example business that a test may change.
func example(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../playbook")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func replace(t *testing.T, file, old, with string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s does not say %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), old, with, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAFirstPlaybookIsPublishedAndNobodyIsScoredAgain(t *testing.T) {
	s, jobs := memory.New(), &outbox{}
	p := tool.Publishing{Folder: os.DirFS(example(t)), By: "me", Why: "to begin", Now: noon, First: true}
	got, err := tool.Publish(t.Context(), s, jobs, p)
	if err != nil {
		t.Fatal(err)
	}
	if got.Number != 1 || got.Was != 0 || got.Job != "" || len(jobs.bodies) != 0 {
		t.Errorf("got %+v and %d jobs", got, len(jobs.bodies))
	}
	pointer, err := s.ReadPointer(t.Context())
	if err != nil || pointer.By != "me" || pointer.Why != "to begin" || pointer.At != noon.Unix() {
		t.Errorf("the pointer says %+v, %v", pointer, err)
	}
	if got, err = tool.Publish(t.Context(), s, jobs, p); err != nil || !got.Kept || got.Number != 1 {
		t.Errorf("a second first one: %+v, %v", got, err)
	}
}

func TestAChangedPlaybookTakesTheNextNumberAndAllLeadsAreLookedAtAgain(t *testing.T) {
	s, jobs, dir := memory.New(), &outbox{}, example(t)
	publish := func() (tool.Published, error) {
		return tool.Publish(t.Context(), s, jobs, tool.Publishing{Folder: os.DirFS(dir), By: "me", Now: noon})
	}
	if _, err := publish(); err != nil {
		t.Fatal(err)
	}
	if got, err := publish(); err != nil || !got.Same || got.Number != 1 {
		t.Fatalf("unchanged: %+v, %v", got, err)
	}
	replace(t, filepath.Join(dir, "signals.yaml"), "points: 30", "points: 29")
	got, err := publish()
	if err != nil || got.Number != 2 || got.Was != 1 {
		t.Fatalf("changed: %+v, %v", got, err)
	}
	if len(jobs.bodies) != 1 || !strings.Contains(string(jobs.bodies[0]), `"playbook":2`) {
		t.Errorf("queued: %s", jobs.bodies)
	}
	numbers := func(n uint32) map[string]int {
		stored, err := s.ReadPlaybook(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		p, err := playbook.Load(stored.Compiled)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int{}
		for _, d := range p.Signals {
			out[d.Name] = int(d.Number)
		}
		return out
	}
	before, after := numbers(1), numbers(2)
	for name, n := range before {
		if after[name] != n {
			t.Errorf("signal %s was %d and is %d", name, n, after[name])
		}
	}
}

func TestAPlaybookWithAFaultIsNotPublishedAndSaysWhere(t *testing.T) {
	s, dir := memory.New(), example(t)
	replace(t, filepath.Join(dir, "signals.yaml"), "points: 30", "points: thirty")
	_, err := tool.Publish(t.Context(), s, &outbox{}, tool.Publishing{Folder: os.DirFS(dir), Now: noon})
	var faults source.Faults
	if !errors.As(err, &faults) || faults[0].File != "signals.yaml" || faults[0].Line == 0 {
		t.Errorf("got %v", err)
	}
	if _, err := s.ReadPointer(t.Context()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("something is in force: %v", err)
	}
}

func TestAJobThatWasNotQueuedIsTold(t *testing.T) {
	s, jobs, dir := memory.New(), &outbox{}, example(t)
	p := tool.Publishing{Folder: os.DirFS(dir), Now: noon}
	if _, err := tool.Publish(t.Context(), s, jobs, p); err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(dir, "signals.yaml"), "points: 30", "points: 29")
	jobs.err = errors.New("the queue is gone")
	if got, err := tool.Publish(t.Context(), s, jobs, p); err == nil || !strings.Contains(err.Error(), "--rescore") || got.Number != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTheFilesOfAPlaybookAreKeptAsTheyWereWritten(t *testing.T) {
	s, dir := memory.New(), example(t)
	if err := os.MkdirAll(filepath.Join(dir, "pages"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pages", "x.html"), []byte("a page"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := tool.Publish(t.Context(), s, &outbox{}, tool.Publishing{Folder: os.DirFS(dir), Now: noon}); err != nil {
		t.Fatal(err)
	}
	archive, err := s.ReadArchive(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found[h.Name] = string(b)
	}
	want, err := os.ReadFile(filepath.Join(dir, "signals.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if found["signals.yaml"] != string(want) || found["pages/x.html"] != "" || len(found) < 8 {
		t.Errorf("kept: %d files", len(found))
	}
}
