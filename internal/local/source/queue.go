package source

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/template"
)

const (
	eventLimit = 6 << 20 // bytes of an event that Lambda takes

	// longPoll is short, and a poll is never broken off: an engine gives messages
	// to a poller that went away, and they stay hidden for nothing.
	longPoll = 1 // seconds
)

// QueuePoller reads one queue for one function.
type QueuePoller struct {
	SQS        SQS
	URL        string
	ARN        string
	Region     string
	Source     template.QueueSource
	Visibility time.Duration // of the queue
	Processes  int           // of the function
	Invoke     Invoke
	Clock      Clock
	Hurry      func() bool  // true: do not wait for a batch to fill, the clock is being moved
	Report     func(string) // one line for people

	filters []filter
	mu      sync.Mutex
	held    map[string]*held // by message id
	busy    int              // messages on their way through the function
	work    sync.WaitGroup
}

// held is a message that this poller received and did not delete.
type held struct {
	handle string
	failed bool
	due    time.Time // when it comes back, by the clock of the run
	noted  bool      // due was said by the function itself
}

// Prepare compiles the filters.
func (p *QueuePoller) Prepare() error {
	p.held = map[string]*held{}
	var err error
	p.filters, err = compileFilters(p.Source.Filters)
	return err
}

// Run polls until ctx ends, then returns when what it holds is finished.
// Invocations go on under work, which ends later.
func (p *QueuePoller) Run(ctx, work context.Context) {
	defer p.work.Wait()
	concurrency := p.Processes
	if p.Source.Concurrency > 0 {
		concurrency = min(concurrency, p.Source.Concurrency)
	}
	slots := make(chan struct{}, concurrency)
	for failures := 0; ; {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch, err := p.collect(ctx, work)
		if err != nil && ctx.Err() == nil {
			failures++
			if failures == 5 {
				p.Report(fmt.Sprintf("poll %s: %v", p.ARN, err))
			}
		} else {
			failures = 0
		}
		if len(batch) == 0 {
			<-slots
			if ctx.Err() != nil || err != nil && !pause(ctx, backoff(failures)) {
				return
			}
			continue
		}
		if ctx.Err() != nil { // stopping: give back what was not begun
			for _, m := range batch {
				p.SQS.show(work, p.URL, m.ReceiptHandle) //nolint:errcheck // it comes back by itself
			}
			p.letGo(batch)
			<-slots
			return
		}
		p.work.Go(func() {
			defer func() { <-slots }()
			p.handle(work, batch)
		})
	}
}

// collect waits for a first message and then for the batch to fill, as long as
// the window is open.
func (p *QueuePoller) collect(ctx, work context.Context) ([]message, error) {
	most := p.Source.BatchSize
	batch, err := p.SQS.receive(work, p.URL, min(10, most), longPoll)
	if err != nil || len(batch) == 0 {
		return nil, err
	}
	p.hold(batch)
	size := sizeOf(batch)
	closes := time.Now().Add(p.Source.Window)
	for p.Source.Window > 0 && len(batch) < most && size < eventLimit/2 && ctx.Err() == nil {
		left := time.Until(closes)
		if left <= 0 {
			break
		}
		wait := 0
		if left >= time.Second && !p.Hurry() {
			wait = 1
		}
		more, err := p.SQS.receive(work, p.URL, min(10, most-len(batch)), wait)
		if err != nil {
			break // what is here is a batch
		}
		p.hold(more)
		batch = append(batch, more...)
		size += sizeOf(more)
		if len(more) == 0 && (p.Hurry() || !pause(ctx, min(left, 50*time.Millisecond))) {
			break
		}
	}
	return batch, nil
}

func sizeOf(batch []message) (n int) {
	for _, m := range batch {
		n += len(m.Body) + 600
	}
	return n
}

func (p *QueuePoller) hold(batch []message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy += len(batch)
	for _, m := range batch {
		p.held[m.MessageID] = &held{handle: m.ReceiptHandle}
	}
}

func (p *QueuePoller) letGo(batch []message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy -= len(batch)
	for _, m := range batch {
		delete(p.held, m.MessageID)
	}
}

func (p *QueuePoller) handle(ctx context.Context, batch []message) {
	given := batch
	if len(p.filters) > 0 { // what the filter drops is deleted, unseen
		given = given[:0:0]
		for _, m := range batch {
			if p.matches(m) {
				given = append(given, m)
			}
		}
	}
	failed := map[string]bool{}
	if len(given) > 0 {
		failed = p.give(ctx, given)
	}
	var done []string
	for _, m := range batch {
		if !failed[m.MessageID] {
			done = append(done, m.ReceiptHandle)
		}
	}
	p.removeAll(ctx, done)
	now := p.Clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy -= len(batch)
	for _, m := range batch {
		h := p.held[m.MessageID]
		if h == nil || h.handle != m.ReceiptHandle {
			continue // it came again meanwhile, and that receipt is the one that counts
		}
		if !failed[m.MessageID] {
			delete(p.held, m.MessageID)
			continue
		}
		h.failed = true
		if !h.noted {
			h.due = now.Add(p.Visibility)
		}
	}
}

// give runs the function and says which messages it failed.
func (p *QueuePoller) give(ctx context.Context, batch []message) map[string]bool {
	all := func() map[string]bool {
		out := make(map[string]bool, len(batch))
		for _, m := range batch {
			out[m.MessageID] = true
		}
		return out
	}
	event := p.event(batch)
	answer, err := p.Invoke(ctx, event)
	if err != nil {
		return all()
	}
	if !p.Source.Partial {
		return nil
	}
	failed, ok := batchFailures(answer, func(id string) bool {
		for _, m := range batch {
			if m.MessageID == id {
				return true
			}
		}
		return false
	})
	if !ok {
		p.Report(fmt.Sprintf("%s: the answer is no list of failures that Lambda would take, so all %d messages are failed: %.200s", p.Source.Event, len(batch), answer))
		return all()
	}
	return failed
}

// batchFailures reads a partial batch response as Lambda does: nothing, null
// and an empty list mean that all is done; what cannot be read, an empty name
// and a name that is not in the batch mean that nothing is.
func batchFailures(answer []byte, known func(string) bool) (map[string]bool, bool) {
	var out struct {
		Failures []map[string]json.RawMessage `json:"batchItemFailures"`
	}
	if len(answer) == 0 {
		return nil, true
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, false
	}
	failed := map[string]bool{}
	for _, item := range out.Failures {
		var id string
		if err := json.Unmarshal(item["itemIdentifier"], &id); err != nil || id == "" || !known(id) {
			return nil, false
		}
		failed[id] = true
	}
	return failed, true
}

// removeAll deletes in tens, some at a time; what cannot be deleted comes back,
// which a function must bear anyway.
func (p *QueuePoller) removeAll(ctx context.Context, handles []string) {
	var group sync.WaitGroup
	places := make(chan struct{}, 4)
	for len(handles) > 0 {
		ten := handles[:min(10, len(handles))]
		handles = handles[len(ten):]
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			var err error
			for try := range 4 {
				if err = p.SQS.remove(ctx, p.URL, ten); err == nil || !pause(ctx, backoff(try)) {
					return
				}
			}
			p.Report(fmt.Sprintf("delete from %s: %v", p.ARN, err))
		})
	}
	group.Wait()
}

// State says how many messages are on their way through the function, and how
// many it failed that wait, hidden, for their next try.
func (p *QueuePoller) State() (busy, failed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.held {
		if h.failed {
			failed++
		}
	}
	return p.busy, failed
}

// NoteVisibility hears that the function changed when a message comes back.
func (p *QueuePoller) NoteVisibility(handle string, seconds int) {
	due := p.Clock.Now().Add(time.Duration(seconds) * time.Second)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.held {
		if h.handle == handle {
			h.due, h.noted = due, true
		}
	}
}

// Wake makes visible what would be visible had the clock of the run not been
// moved but waited for.
func (p *QueuePoller) Wake(ctx context.Context) (woken int) {
	now := p.Clock.Now()
	var handles []string
	p.mu.Lock()
	for id, h := range p.held {
		if h.failed && !h.due.After(now) {
			handles = append(handles, h.handle)
			delete(p.held, id)
		}
	}
	p.mu.Unlock()
	for _, handle := range handles {
		if p.SQS.show(ctx, p.URL, handle) == nil {
			woken++
		}
	}
	return woken
}
