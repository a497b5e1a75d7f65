// Package runtime hosts built Lambda binaries as AWS does: through the Lambda
// Runtime API, one event at a time a process, as many processes as events at
// once up to a limit, each killed when its event takes longer than the
// function's timeout. It knows nothing of where events come from.
package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Spec is one function.
type Spec struct {
	ID       string // logical id, for people
	Name     string // AWS_LAMBDA_FUNCTION_NAME
	ARN      string
	Binary   string // path of bootstrap
	Handler  string
	Region   string
	Memory   int
	Timeout  time.Duration
	Env      map[string]string // the template's and the run's
	LogJSON  bool
	LogLevel string

	Processes int           // most at once; at least 1
	IdleFor   time.Duration // an idle process ends after this; 10 minutes when 0
	LogFile   string
	Report    func(line string) // one line for people about crashes, timeouts and failed starts; may be nil
}

// Error is what a function, or the host in its place, answers instead of a result.
type Error struct {
	Type    string          `json:"errorType"`
	Message string          `json:"errorMessage"`
	Stack   json.RawMessage `json:"stackTrace,omitempty"`
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// ErrStopped answers events that come after Stop.
var ErrStopped = errors.New("the function is stopped")

// Stats is what happened since New.
type Stats struct {
	Processes, Busy, Waiting               int
	Invocations, Errors, Crashes, Timeouts int64
	ColdStarts                             int64
	Busytime                               time.Duration
	LastError, InitError                   string
}

// Function is one hosted function. It is safe for use by many goroutines.
type Function struct {
	spec  Spec
	log   *os.File
	slots chan struct{}
	quit  chan struct{}

	mu      sync.Mutex
	idle    []*process // the last one used is the first one taken
	all     map[*process]bool
	stats   Stats
	stopped bool
	work    sync.WaitGroup
}

// New opens the log and starts nothing yet.
func New(spec Spec) (*Function, error) {
	if _, err := os.Stat(spec.Binary); err != nil {
		return nil, fmt.Errorf("host %s: its binary is missing (go build -o %s): %w", spec.ID, spec.Binary, err)
	}
	if spec.Processes < 1 {
		spec.Processes = 1
	}
	if spec.IdleFor == 0 {
		spec.IdleFor = 10 * time.Minute
	}
	if spec.Report == nil {
		spec.Report = func(string) {}
	}
	log, err := openLog(spec.LogFile)
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", spec.ID, err)
	}
	f := &Function{spec: spec, log: log, slots: make(chan struct{}, spec.Processes), quit: make(chan struct{}), all: map[*process]bool{}}
	go f.reap()
	return f, nil
}

const logLimit = 64 << 20 // a run of a month must not fill the disk: one old log is kept

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// Invoke gives the function one event and waits for its answer. A failure of
// the function (an error it returned, a crash, a timeout) is an *Error. When
// ctx ends first the event still runs to its end, as in the cloud.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	f.mu.Lock()
	if f.stopped {
		f.mu.Unlock()
		return nil, ErrStopped
	}
	f.stats.Waiting++
	f.work.Add(1)
	f.mu.Unlock()

	leave := func() {
		f.mu.Lock()
		f.stats.Waiting--
		f.mu.Unlock()
	}
	select {
	case f.slots <- struct{}{}:
		leave()
	case <-ctx.Done():
		leave()
		f.work.Done()
		return nil, fmt.Errorf("invoke %s: no process was free: %w", f.spec.ID, ctx.Err())
	}
	type answer struct {
		payload []byte
		err     error
	}
	answered := make(chan answer, 1)
	go func() {
		defer f.work.Done()
		defer func() { <-f.slots }()
		payload, err := f.run(event)
		answered <- answer{payload, err}
	}()
	select {
	case a := <-answered:
		return a.payload, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("invoke %s: %w", f.spec.ID, ctx.Err())
	}
}

// run finds a process for the event. A process that ends before it took the
// event costs nothing: another one gets it.
func (f *Function) run(event []byte) ([]byte, error) {
	f.count(func(s *Stats) { s.Busy++ })
	defer f.count(func(s *Stats) { s.Busy-- })
	for {
		p, err := f.take()
		if err != nil {
			f.count(func(s *Stats) { s.Invocations++; s.Errors++; s.LastError = err.Error() })
			return nil, err
		}
		inv := newInvocation(event, f.spec.Timeout)
		began := time.Now()
		payload, err, given := p.do(inv)
		if !given {
			continue
		}
		took := time.Since(began)
		status := "success"
		var failure *Error
		f.mu.Lock()
		f.stats.Invocations++
		f.stats.Busytime += took
		if errors.As(err, &failure) {
			status = "error"
			f.stats.Errors++
			f.stats.LastError = failure.Error()
			switch failure.Type {
			case timedOut:
				status = "timeout"
				f.stats.Timeouts++
			case exitError:
				f.stats.Crashes++
			}
		}
		f.mu.Unlock()
		if status != "success" {
			f.spec.Report(fmt.Sprintf("%s: %s (request %s)", f.spec.ID, firstLine(failure.Error()), inv.id))
		}
		f.platform("platform.report", map[string]any{"requestId": inv.id, "status": status, "metrics": map[string]any{"durationMs": float64(took.Microseconds()) / 1000}})
		if p.alive() {
			f.giveBack(p)
		}
		return payload, err
	}
}

func (f *Function) take() (*process, error) {
	f.mu.Lock()
	for len(f.idle) > 0 {
		p := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if p.alive() {
			f.mu.Unlock()
			return p, nil
		}
	}
	f.mu.Unlock()
	return f.start()
}

func (f *Function) start() (*process, error) {
	began := time.Now()
	p, err := startProcess(f)
	if err != nil {
		f.count(func(s *Stats) { s.Crashes++; s.InitError = err.Error() })
		f.spec.Report(fmt.Sprintf("%s did not start: %v (log %s)", f.spec.ID, err, f.spec.LogFile))
		return nil, err
	}
	f.count(func(s *Stats) { s.ColdStarts++; s.InitError = "" })
	f.platform("platform.initReport", map[string]any{"initializationType": "on-demand", "status": "success", "metrics": map[string]any{"durationMs": float64(time.Since(began).Microseconds()) / 1000}})
	return p, nil
}

func (f *Function) giveBack(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p.usedAt = time.Now()
	f.idle = append(f.idle, p)
}

func (f *Function) count(change func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.stats)
}

// platform writes what Lambda itself says into the log, in its JSON form.
func (f *Function) platform(kind string, record map[string]any) {
	line, err := json.Marshal(map[string]any{"time": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "type": kind, "record": record})
	if err == nil {
		f.log.Write(append(line, '\n')) //nolint:errcheck // a full disk must not stop the function
	}
}

// Warm starts one process, so that a function that cannot start says so early.
func (f *Function) Warm(ctx context.Context) error {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	p, err := f.take()
	if err == nil {
		f.giveBack(p)
	}
	return err
}

// Stats is a copy of the figures.
func (f *Function) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Processes = len(f.all)
	return s
}

// Spec is what New was given.
func (f *Function) Spec() Spec { return f.spec }

// reap ends processes that had nothing to do for long.
func (f *Function) reap() {
	tick := time.NewTicker(f.spec.IdleFor / 4)
	defer tick.Stop()
	for {
		select {
		case <-f.quit:
			return
		case <-tick.C:
		}
		var old []*process
		f.mu.Lock()
		kept := f.idle[:0]
		for _, p := range f.idle {
			if time.Since(p.usedAt) > f.spec.IdleFor {
				old = append(old, p)
			} else {
				kept = append(kept, p)
			}
		}
		f.idle = kept
		f.mu.Unlock()
		for _, p := range old {
			p.kill()
		}
	}
}

// Stop takes no more events, waits for those in work until ctx ends, and ends
// all processes.
func (f *Function) Stop(ctx context.Context) {
	f.mu.Lock()
	already := f.stopped
	f.stopped = true
	f.mu.Unlock()
	if already {
		return
	}
	done := make(chan struct{})
	go func() { f.work.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	close(f.quit)
	f.mu.Lock()
	var all []*process
	for p := range f.all {
		all = append(all, p)
	}
	f.mu.Unlock()
	for _, p := range all {
		p.kill()
	}
	for _, p := range all {
		<-p.exited
	}
	f.log.Close()
}
