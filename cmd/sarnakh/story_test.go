package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/ledger"
)

func TestTheToolBesideARun(t *testing.T) {
	r := newRun(t)
	r.ready()

	t.Run("the same message three times changes the score once", func(t *testing.T) {
		m := []byte(`{"v":1,"id":"thrice","type":"call.answered","lead":{"external":"thrice"},"source":"test"}`)
		if err := r.activities.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		r.quiet()
		once := r.total("thrice")
		for range 2 {
			if err := r.activities.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		r.quiet()
		if again := r.total("thrice"); again != once || once == "" {
			t.Errorf("after one message %q, after three %q", once, again)
		}
	})

	t.Run("a broken message is in the parked list with its reason", func(t *testing.T) {
		if err := r.activities.Send(t.Context(), []byte(`{"id":"broken","type":"page.viewed"}`)); err != nil {
			t.Fatal(err)
		}
		r.quiet()
		out, code := r.tool("", "parked")
		if code != 0 || !strings.Contains(out, "nobody: no identity of the lead; give an email, a phone, a visitor or an external id") {
			t.Errorf("code %d: %s", code, out)
		}
	})

	t.Run("a file is queued but for the lines that are no activities", func(t *testing.T) {
		good := `{"id":"f1","type":"page.viewed","lead":{"email":"reza@example.ir"},"properties":{"path":"/pricing"}}`
		out, code := r.tool(good+"\n{\"id\":\n"+good+"\n", "send", "-")
		if code != 1 || !strings.Contains(out, "stdin:2: not a JSON message") || !strings.Contains(out, "sent 2 activities") {
			t.Errorf("code %d: %s", code, out)
		}
		r.quiet()
		if out, code := r.tool("", "lead", "show", "reza@example.ir", "--log"); code != 0 || !strings.Contains(out, "1 activities") || !strings.Contains(out, "path=/pricing") {
			t.Errorf("code %d: %s", code, out)
		}
	})

	t.Run("the examples of senders send", r.senders)

	t.Run("the demo is ok, and so is a second one", func(t *testing.T) {
		for range 2 {
			out, code := r.tool("", "demo", "--rows", "300", "--sample", "100")
			if code != 0 || strings.Count(out, " ok") != 3 || !strings.Contains(out, "300 of 300") {
				t.Fatalf("code %d: %s", code, out)
			}
		}
	})

	t.Run("a changed playbook takes over all leads", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "playbook"))); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, "signals.yaml")
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(b), "on: call.answered\n    points: 5", "on: call.answered\n    points: 6", 1)
		if changed == string(b) {
			t.Fatal("the example has other points for an answered call: change this test")
		}
		if err := os.WriteFile(name, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		before := r.total("thrice")
		out, code := r.tool("", "publish", dir, "--why", "a test", "--wait", "4m")
		if code != 0 || !strings.Contains(out, "published playbook 2") {
			t.Fatalf("code %d: %s", code, out)
		}
		r.quiet()
		leads := 0
		r.everyState(func(s *ledger.State) {
			if leads++; s.Playbook != 2 {
				t.Errorf("lead %s follows playbook %d", s.Lead, s.Playbook)
			}
		})
		if after := r.total("thrice"); leads < 300 || before != "+5  total" || after != "+6  total" {
			t.Errorf("%d leads; %q became %q", leads, before, after)
		}
		if out, code := r.tool("", "publish", dir); code != 0 || !strings.Contains(out, "says the same") {
			t.Errorf("published again: code %d: %s", code, out)
		}
	})

	t.Run("a demo without a run says what to start", func(t *testing.T) {
		r.kill()
		out, code := r.tool("", "demo", "--rows", "10")
		if code != 1 || !strings.Contains(out, "make run") {
			t.Errorf("code %d: %s", code, out)
		}
	})
}

// total is the last line of the card that the tool shows of a lead.
func (r *aRun) total(name string) string {
	r.t.Helper()
	out, code := r.tool("", "lead", "show", name)
	if code != 0 {
		r.t.Fatalf("show %s: code %d: %s", name, code, out)
	}
	for line := range strings.Lines(out) {
		if strings.HasSuffix(line, "  total\n") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// senders runs what docs/senders.md offers.
func (r *aRun) senders(t *testing.T) {
	env := os.Environ()
	text, err := os.ReadFile(r.envFile())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "export "); ok {
			env = append(env, strings.ReplaceAll(v, "'", ""))
		}
	}
	run := func(dir, stdin, name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env, cmd.Stdin = dir, env, strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	want := map[string]string{}

	bin := filepath.Join(t.TempDir(), "send-go")
	run(filepath.Join(root, "examples", "send-go"), "", "go", "build", "-o", bin, ".")
	run(".", "", bin, "-email", "go@example.ir", "-id", "webinar-7/go", "-minutes", "45")
	want["go@example.ir"] = "webinar.attended"

	if python := withBoto(t); python != "" {
		csv := "id,at,email,answered\n"
		for i := range 120 { // more than one call
			csv += fmt.Sprintf("c%d,%s,py%d@example.ir,yes\n", i, time.Now().UTC().Format(time.RFC3339), i%7)
		}
		run(".", csv, python, filepath.Join(root, "examples", "send.py"))
		want["py0@example.ir"] = "18 activities"
	}
	if _, err := exec.LookPath("aws"); err == nil {
		run(".", "", "sh", "-c", awsLine(t))
		want["sara@example.ir"] = "webinar.attended"
	} else {
		t.Log("left out: the AWS CLI is not installed")
	}
	r.quiet()
	for name, what := range want {
		if out, code := r.tool("", "lead", "show", name, "--log"); code != 0 || !strings.Contains(out, what) {
			t.Errorf("%s: code %d: %s", name, code, out)
		}
	}
}

// withBoto finds a Python that has boto3; without one the example is only
// checked for its syntax.
func withBoto(t *testing.T) string {
	t.Helper()
	example := filepath.Join(root, "examples", "send.py")
	venv, err := filepath.Abs(filepath.Join(root, ".local", "sam", "venv", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	for _, python := range []string{venv, "python3"} {
		if exec.Command(python, "-c", "import boto3").Run() == nil {
			return python
		}
	}
	t.Log("left out: running send.py; no Python here has boto3 (infra/sam/sam.sh setup makes one)")
	out, err := exec.Command("python3", "-c", "import ast,sys; ast.parse(open(sys.argv[1]).read())", example).CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("send.py: %v: %s", err, out)
	}
	return ""
}

// awsLine is the line of the AWS CLI as docs/senders.md has it.
func awsLine(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "senders.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "aws sqs send-message") {
			return line
		}
	}
	t.Fatal("docs/senders.md has no line that begins with aws sqs send-message")
	return ""
}
