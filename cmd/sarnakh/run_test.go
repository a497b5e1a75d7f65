package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/aws/queue"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/phone"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// aRun is a local run in a process of its own, as make run starts it.
type aRun struct {
	t    *testing.T
	bin  string
	data string
	env  map[string]string

	heard      func(line string) // each line that it says; may be nil
	visibility time.Duration     // of what is in work when it is killed; 0: as the template says

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended

	store      *dynamo.Store
	activities *queue.Queue
	desk       *tool.Desk
}

const root = "../.."

// newRun builds the tool and gives a run that is yet to start. It needs the
// engines that make test sets up: nothing is downloaded here.
func newRun(t *testing.T) *aRun {
	t.Helper()
	if os.Getenv("SARNAKH_ENGINES_DIR") == "" {
		t.Skip("left out: a run of its own; run: make test")
	}
	r := &aRun{t: t, bin: filepath.Join(t.TempDir(), "sarnakh"), data: t.TempDir()}
	build := exec.Command("go", "build", "-o", r.bin, "./cmd/sarnakh")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	t.Cleanup(func() {
		r.kill()
		stop := exec.Command(r.bin, "local", "--stop-engines", "--data", r.data)
		stop.Dir = root
		if out, err := stop.CombinedOutput(); err != nil {
			t.Errorf("stop the engines: %v: %s", err, out)
		}
	})
	return r
}

// start starts the run and gives its output, line by line.
func (r *aRun) start() <-chan string {
	r.t.Helper()
	r.cmd = exec.Command(r.bin, "local", "--no-open", "--port", "0", "--data", r.data, "--visibility", r.visibility.String())
	r.cmd.Dir = root
	out, in := io.Pipe()
	r.cmd.Stdout, r.cmd.Stderr = in, in
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	done := make(chan struct{})
	r.done = done
	go func() {
		_ = r.cmd.Wait() // it was killed, or told to stop
		_ = in.Close()
		close(done)
	}()
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			if r.heard != nil {
				r.heard(s.Text())
			}
			lines <- s.Text()
		}
	}()
	return lines
}

// ready starts the run and waits until it is ready.
func (r *aRun) ready() {
	r.t.Helper()
	var said []string
	late := time.After(6 * time.Minute)
	for lines := r.start(); ; {
		select {
		case line, more := <-lines:
			said = append(said, line)
			if strings.HasPrefix(line, "ready ") {
				go func() {
					for range lines { // what it says must not block it
					}
				}()
				r.connect()
				return
			}
			if !more {
				r.t.Fatalf("it ended: %s", strings.Join(said, "\n"))
			}
		case <-late:
			r.t.Fatalf("it was never ready: %s", strings.Join(said, "\n"))
		}
	}
}

func (r *aRun) envFile() string { return filepath.Join(r.data, "env") }

func (r *aRun) world() *world {
	r.t.Helper()
	w, err := settings{Env: r.envFile()}.enter(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return w
}

func (r *aRun) connect() {
	r.t.Helper()
	w := r.world()
	r.store, r.activities = w.store(), w.queue("ACTIVITIES_QUEUE_URL")
	secret, err := w.identities(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	r.desk = &tool.Desk{Store: r.store, Secret: secret, Phone: func(region string) lead.Phone { return phone.For(region) }}
}

// kill ends the run and its functions as kill -9 would. The engines live on.
func (r *aRun) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	// The kernel ends the functions of a killed run on linux; elsewhere this does.
	for _, pid := range below(filepath.Join(r.data, "build")) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-r.done
	r.cmd = nil
}

// below lists the processes that run a binary below a folder.
func below(dir string) (pids []int) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		var pid int
		if _, scanErr := fmt.Sscanf(link, "/proc/%d/exe", &pid); err == nil && scanErr == nil && strings.HasPrefix(target, dir+"/") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// until asks something again and again until it holds.
func (r *aRun) until(what string, most time.Duration, holds func() bool) {
	r.t.Helper()
	for start := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > most {
			r.t.Fatalf("after %s: not %s", most, what)
		}
	}
}

// quiet waits until the queues are empty and stay so; all of them when none is
// named.
func (r *aRun) quiet(names ...string) {
	r.t.Helper()
	w, empty, depths := r.world(), 0, map[string]int{}
	all := []string{"ACTIVITIES_QUEUE_URL", "DELIVERIES_QUEUE_URL", "JOBS_QUEUE_URL", "FEEDBACK_QUEUE_URL"}
	if len(names) == 0 {
		names = all
	}
	for start := time.Now(); empty < 20; time.Sleep(50 * time.Millisecond) {
		empty++
		for _, name := range names {
			n, err := w.queue(name).Depth(r.t.Context())
			if err != nil {
				r.t.Fatal(err)
			}
			if depths[name] = n; n > 0 {
				empty = 0
			}
		}
		if time.Since(start) > 12*time.Minute {
			r.t.Fatalf("not quiet: %v messages wait", depths)
		}
	}
}

// tool runs the tool beside the run.
func (r *aRun) tool(stdin string, args ...string) (out string, code int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.bin, append(args, "--env", r.envFile())...)
	cmd.Dir = root
	cmd.Stdin = strings.NewReader(stdin)
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		r.t.Fatalf("%v: %v", args, err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}
