package golden_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/golden"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

var update = flag.Bool("update", false, "write what came of the stories into them")

const example = "../../../playbook"

func compiled(t *testing.T) *playbook.Compiled {
	t.Helper()
	p, err := source.Read(os.DirFS(example), nil)
	if err != nil {
		t.Fatal(err)
	}
	// As a function has it: through JSON.
	if p, err = playbook.Load(p.JSON()); err != nil {
		t.Fatal(err)
	}
	c, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheGoldenLeadsOfTheExampleComeOutAsTheyAreTold(t *testing.T) {
	c := compiled(t)
	files, err := filepath.Glob(example + "/golden/*.txtar")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d stories (%v), want at least five", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := golden.Parse(src)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Play(c)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(file, s.With(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(strings.TrimSpace(s.Want()), strings.TrimSpace(got)); d != "" {
				t.Errorf("another outcome than told (go test -update writes it down):\n%s", d)
			}
		})
	}
}

func TestAStoryWithoutActivitiesOrDaysSaysSo(t *testing.T) {
	for file, want := range map[string]string{
		"only prose\n": "needs activities",
		"x\n-- activities.ndjson --\n{\"v\":2}\n-- want --\n2026-05-07\n": "line 1",
		"x\n-- other --\ny\n": "no file \"other\"",
	} {
		if _, err := golden.Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", file, err, want)
		}
	}
}
