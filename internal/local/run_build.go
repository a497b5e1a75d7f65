package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/template"
)

// folderOf is the folder of a function's binary under BuildDir.
func folderOf(f *template.Function) string { return filepath.Base(f.CodeURI) }

func binaryOf(o Options, f *template.Function) string {
	return filepath.Join(o.BuildDir, folderOf(f), "bootstrap")
}

// build makes all binaries with one go build, which shares what they have in
// common and does only what changed, with the flags that sam build gets.
func build(ctx context.Context, o Options, functions []*template.Function, say func(string, ...any)) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("build the functions: there is no go in PATH; install Go, or give built binaries with NoBuild")
	}
	target, err := filepath.Abs(filepath.Join(o.BuildDir, "bin"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return fmt.Errorf("build the functions: %w", err)
	}
	args := []string{"build", "-buildvcs=false", "-trimpath", "-tags=lambda.norpc", "-ldflags=-s -w", "-o", target + string(filepath.Separator)}
	seen := map[string]bool{}
	for _, f := range functions {
		if !seen[f.CodeURI] {
			args = append(args, "./"+filepath.ToSlash(filepath.Clean(f.CodeURI)))
		}
		seen[f.CodeURI] = true
	}
	began := time.Now()
	say("building %d functions …", len(seen))
	cmd := exec.CommandContext(ctx, goTool, args...)
	cmd.Dir = filepath.Dir(o.Template)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the functions: %w\n%s", err, said.String())
	}
	for _, f := range functions {
		if err := place(filepath.Join(target, folderOf(f)), binaryOf(o, f)); err != nil {
			return fmt.Errorf("build %s: %w", f.ID, err)
		}
	}
	say("built in %s", time.Since(began).Round(100*time.Millisecond))
	return nil
}

// place puts a built binary where the host looks for it: bootstrap in a folder
// of its own, as in a zip.
func place(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Remove(to); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Link(from, to)
}
