package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// kind is one engine with one data directory.
type kind struct {
	name    string
	data    string // of the run
	dir     string // of this engine
	hash    string
	command func(port int) []string
	env     func(port int) []string // beside PATH and HOME
	healthy func(ctx context.Context, port int) bool
}

// record is what a run leaves for the next one.
type record struct {
	PID  int    `json:"pid"` // 0: stopped
	Port int    `json:"port"`
	Dir  string `json:"dir"`
	Hash string `json:"hash"`
}

func recordPath(data, name string) string { return filepath.Join(data, "engines", name+".json") }

func readRecord(path string) (record, bool) {
	var r record
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &r) != nil {
		return record{}, false
	}
	return r, true
}

func (r record) write(path string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.WriteFile(path+".tmp", b, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// ours says whether the process of this record lives and is the one we started: a process id comes again, so the
// command line has to name our port and our directory.
func (r record) ours() bool {
	if r.PID <= 0 || syscall.Kill(r.PID, 0) != nil {
		return false
	}
	line := commandLine(r.PID)
	return strings.Contains(line, " "+strconv.Itoa(r.Port)+" ") && strings.Contains(line, r.Dir)
}

// commandLine is the arguments of a process, apart by single blanks; empty for one that is gone or a zombie.
func commandLine(pid int) string {
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		return strings.ReplaceAll(string(b), "\x00", " ")
	}
	b, err := exec.Command("ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b)) + " "
}

// start takes the engine over if it runs and answers, and starts it otherwise.
func (k kind) start(ctx context.Context, say func(string)) (record, error) {
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return record{}, fmt.Errorf("make a place for %s: %w", k.name, err)
	}
	path := recordPath(k.data, k.name)
	r, found := readRecord(path)
	if found && r.ours() {
		// It runs: one that is slow to answer still holds what its queues hold.
		if r.Hash == k.hash && k.waitHealthy(ctx, r, 30*time.Second, nil) == nil {
			say(fmt.Sprintf("%s is taken over from the last run (process %d, port %d)", k.name, r.PID, r.Port))
			return r, nil
		}
		say(fmt.Sprintf("%s of the last run is of another version or does not answer: restarting it", k.name))
		if err := r.stop(ctx); err != nil {
			return record{}, err
		}
	}
	if !found || !free(r.Port) {
		port, err := freePort()
		if err != nil {
			return record{}, fmt.Errorf("find a port for %s: %w", k.name, err)
		}
		r.Port = port
	}
	r.Dir, r.Hash = k.dir, k.hash
	logPath := filepath.Join(k.data, "engines", k.name+".log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return record{}, fmt.Errorf("open the log of %s: %w", k.name, err)
	}
	defer logFile.Close()
	args := k.command(r.Port)
	cmd := exec.Command(args[0], args[1:]...) // not CommandContext: the engine outlives the run
	cmd.Dir = k.dir
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + k.dir}
	if k.env != nil {
		cmd.Env = append(cmd.Env, k.env(r.Port)...)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return record{}, fmt.Errorf("start %s: %w", k.name, err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }() // also reaps it, so that a dead engine is not seen as alive
	r.PID = cmd.Process.Pid
	if err := r.write(path); err != nil {
		_ = cmd.Process.Kill()
		return record{}, err
	}
	if err := k.waitHealthy(ctx, r, 90*time.Second, exited); err != nil {
		_ = r.stop(context.WithoutCancel(ctx))
		return record{}, fmt.Errorf("%s did not come up on port %d: %w\n%s", k.name, r.Port, err, tail(logPath))
	}
	say(fmt.Sprintf("%s runs on port %d (process %d)", k.name, r.Port, r.PID))
	return r, nil
}

// waitHealthy asks until the engine answers, its process ends or the time is over.
func (k kind) waitHealthy(ctx context.Context, r record, limit time.Duration, exited <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !k.healthy(ctx, r.Port) {
		select {
		case err := <-exited:
			return fmt.Errorf("it ended at once (%v)", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(30 * time.Millisecond):
		}
	}
	if !r.ours() {
		return errors.New("another program answers on that port")
	}
	return nil
}

// stop asks the process to end, waits, and after 15 seconds kills it. A process that is not ours is left alone.
func (r record) stop(ctx context.Context) error {
	if !r.ours() {
		return nil
	}
	if err := syscall.Kill(r.PID, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", r.PID, err)
	}
	deadline := time.After(15 * time.Second)
	for r.ours() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("stop process %d: %w", r.PID, ctx.Err())
		case <-deadline:
			_ = syscall.Kill(r.PID, syscall.SIGKILL)
			return fmt.Errorf("process %d did not end in 15 s and was killed: what it held in memory is lost", r.PID)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func free(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// tail is the end of a log, for an error that a person reads.
func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) > 15 {
		lines = lines[len(lines)-15:]
	}
	return strings.Join(lines, "\n")
}
