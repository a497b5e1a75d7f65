package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/local/engine"
)

func TestARunThatLacksAPortSaysWhichAndWhatToDo(t *testing.T) {
	for next := range 4 {
		// Ports beside a free one may be another program's: look for four in a row.
		for try := 1; ; try++ {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			taken := l.Addr().(*net.TCPAddr).Port
			c := localCmd{Port: taken - next}
			if _, err := c.ports(); err == nil || !strings.Contains(err.Error(), "choose others") {
				t.Errorf("port %d of 4 is taken: %v", next+1, err)
			}
			_ = l.Close()
			p, err := c.ports() // so the refused one left no port taken
			if err == nil {
				p.close()
				break
			}
			if try == 20 {
				t.Fatal(err)
			}
		}
	}
}

func TestTwoRunsDoNotShareTheirData(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("template.yaml", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("d/data", 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := engine.Lock(filepath.Join("d", "data", "lock"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	err = (&localCmd{Data: "d", NoOpen: true}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("got %v", err)
	}
}

func TestARunOutsideTheRepositorySaysWhereToStart(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := (&localCmd{Data: ".local"}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "folder of the repository") {
		t.Errorf("got %v", err)
	}
}
