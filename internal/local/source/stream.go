package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/keep"
	"github.com/sarnakh/sarnakh/internal/local/template"
	"github.com/sarnakh/sarnakh/internal/local/wire"
)

// StreamPoller reads one DynamoDB stream for one function: each shard in its
// order, a child after its parent, from where an earlier run stopped.
type StreamPoller struct {
	Wire      *wire.Client // DynamoDBStreams_20120810
	StreamARN string
	Region    string
	Source    template.StreamSource
	State     string // path of the file that holds how far each shard was read
	Invoke    Invoke
	Clock     Clock
	Hurry     func() bool
	OnFailure func(ctx context.Context, batch FailedBatch) error // nil: what is given up is only reported
	Report    func(string)

	filters []filter
	mu      sync.Mutex
	saved   streamState
	readers map[string]*reader
	listed  bool // the shards were listed once
	stats   StreamStats
	work    sync.WaitGroup
}

// StreamStats is what happened since the run began.
type StreamStats struct {
	Records, Filtered, Retries, Dropped int64
	Error                               string
}

// FailedBatch is what goes to an on-failure destination.
type FailedBatch struct {
	Condition   string // RetryAttemptsExhausted, RecordAgeExceeded
	Attempts    int
	Shard       string
	First, Last record
	Size        int
	Payload     []byte // the event
	Error       error
}

// streamState is kept between runs.
type streamState struct {
	Stream string                `json:"stream"`
	Shards map[string]shardState `json:"shards"`
}

type shardState struct {
	After string `json:"after,omitempty"` // sequence number of the last record that is done
	Done  bool   `json:"done,omitempty"`  // closed and read to its end
}

type shard struct {
	ShardID             string `json:"ShardId"`
	ParentShardID       string `json:"ParentShardId"`
	SequenceNumberRange struct{ StartingSequenceNumber, EndingSequenceNumber string }
}

// Prepare compiles the filters and reads how far an earlier run came.
func (p *StreamPoller) Prepare() error {
	p.readers = map[string]*reader{}
	var err error
	if p.filters, err = compileFilters(p.Source.Filters); err != nil {
		return err
	}
	if err := keep.Read(p.State, &p.saved); err != nil {
		return err
	}
	if p.saved.Stream != p.StreamARN { // the table is another one now
		p.saved = streamState{Stream: p.StreamARN}
	}
	if p.saved.Shards == nil {
		p.saved.Shards = map[string]shardState{}
	}
	return nil
}

// Run reads until ctx ends, then returns when what is in work is finished.
func (p *StreamPoller) Run(ctx, work context.Context) {
	defer p.work.Wait()
	first := true
	for failures := 0; ; {
		shards, err := p.list(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failures++
			p.fail(failures, err)
			if !pause(ctx, backoff(failures)) {
				return
			}
			continue
		}
		failures = 0
		p.startReaders(ctx, work, shards, first)
		first = false
		if !pause(ctx, 500*time.Millisecond) { // how soon a new shard is seen
			return
		}
	}
}

func (p *StreamPoller) fail(failures int, err error) {
	p.mu.Lock()
	p.stats.Error = err.Error()
	p.mu.Unlock()
	if failures == 5 {
		p.Report(fmt.Sprintf("read %s: %v", p.StreamARN, err))
	}
}

func (p *StreamPoller) list(ctx context.Context) ([]shard, error) {
	var out []shard
	start := ""
	for {
		in := map[string]any{"StreamArn": p.StreamARN}
		if start != "" {
			in["ExclusiveStartShardId"] = start
		}
		answer, err := p.Wire.Call(ctx, "DescribeStream", in)
		if err != nil {
			return nil, err
		}
		var page struct {
			StreamDescription struct {
				Shards               []shard
				LastEvaluatedShardID string `json:"LastEvaluatedShardId"`
			}
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, fmt.Errorf("DescribeStream: %w", err)
		}
		out = append(out, page.StreamDescription.Shards...)
		if start = page.StreamDescription.LastEvaluatedShardID; start == "" {
			return out, nil
		}
	}
}

func (p *StreamPoller) startReaders(ctx, work context.Context, shards []shard, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed = true
	there := map[string]bool{}
	for _, s := range shards {
		there[s.ShardID] = true
	}
	for id, state := range p.saved.Shards { // forgotten by the stream, so by us
		if !there[id] && state.Done {
			delete(p.saved.Shards, id)
		}
	}
	for _, s := range shards {
		state := p.saved.Shards[s.ShardID]
		parent := there[s.ParentShardID] && !p.saved.Shards[s.ParentShardID].Done
		if state.Done || p.readers[s.ShardID] != nil || parent {
			continue
		}
		// LATEST is for the shards that are there when a stream is read for the
		// first time; later ones hold what came since.
		r := &reader{p: p, shard: s, after: state.After, latest: p.Source.Latest && first && state.After == "" && !there[s.ParentShardID]}
		p.readers[s.ShardID] = r
		p.work.Go(func() { r.run(ctx, work) })
	}
}

// checkpoint keeps how far a shard is read, before more of it is.
func (p *StreamPoller) checkpoint(id string, state shardState) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saved.Shards[id] = state
	return keep.Write(p.State, p.saved)
}

func (p *StreamPoller) count(change func(*StreamStats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.stats)
}

// Stats is a copy of the figures.
func (p *StreamPoller) Stats() StreamStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Settle waits until each shard was asked once more, found empty, and nothing
// of it is in work; false when ctx ended first.
func (p *StreamPoller) Settle(ctx context.Context) bool {
	p.mu.Lock()
	for !p.listed { // nobody knows yet what there is to read
		p.mu.Unlock()
		if !pause(ctx, 5*time.Millisecond) {
			return false
		}
		p.mu.Lock()
	}
	var readers []*reader
	for id, r := range p.readers {
		if !p.saved.Shards[id].Done {
			readers = append(readers, r)
		}
	}
	p.mu.Unlock()
	for _, r := range readers {
		since := r.passes()
		for r.passes() < since+2 { // the one under way may have asked before
			r.hurry()
			if !pause(ctx, 2*time.Millisecond) {
				return false
			}
			if r.ended() {
				break
			}
		}
	}
	return true
}

func isCode(err error, codes ...string) bool {
	var refused *wire.Error
	if !errors.As(err, &refused) {
		return false
	}
	for _, c := range codes {
		if refused.Code == c {
			return true
		}
	}
	return false
}
