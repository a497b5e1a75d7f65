package source

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// reader reads one shard.
type reader struct {
	p      *StreamPoller
	shard  shard
	after  string // sequence number of the last record that is done
	latest bool

	empty  atomic.Int64 // passes that found nothing
	finish atomic.Bool
	poke   atomic.Pointer[chan struct{}]
}

// record is one record of a stream, most of it as it came.
type record struct {
	EventID      string `json:"eventID"`
	EventName    string `json:"eventName"`
	EventVersion string `json:"eventVersion"`
	Dynamodb     struct {
		Created        json.Number     `json:"ApproximateCreationDateTime"`
		Keys           json.RawMessage `json:"Keys"`
		NewImage       json.RawMessage `json:"NewImage"`
		OldImage       json.RawMessage `json:"OldImage"`
		SequenceNumber string          `json:"SequenceNumber"`
		SizeBytes      int64           `json:"SizeBytes"`
		StreamViewType string          `json:"StreamViewType"`
	} `json:"dynamodb"`
	UserIdentity json.RawMessage `json:"userIdentity"`
}

func (r record) seconds() time.Time {
	f, err := r.Dynamodb.Created.Float64()
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(f * 1000))
}

func (r *reader) passes() int64 { return r.empty.Load() }
func (r *reader) ended() bool   { return r.finish.Load() }

func (r *reader) hurry() {
	if c := r.poke.Load(); c != nil {
		select {
		case *c <- struct{}{}:
		default:
		}
	}
}

func (r *reader) run(ctx, work context.Context) {
	defer r.finish.Store(true)
	poke := make(chan struct{}, 1)
	r.poke.Store(&poke)
	iterator := ""
	for failures := 0; ctx.Err() == nil; {
		if iterator == "" {
			var err error
			if iterator, err = r.iterator(ctx); err != nil {
				if isCode(err, "TrimmedDataAccessException") && r.after != "" {
					r.p.Report(fmt.Sprintf("%s: records older than a day are gone from the stream; reading goes on at the oldest there is", r.p.StreamARN))
					r.after = ""
				}
				failures++
				r.p.fail(failures, err)
				pause(ctx, backoff(failures))
				continue
			}
		}
		records, next, err := r.read(ctx, iterator)
		if err != nil {
			iterator = ""
			if ctx.Err() == nil && !isCode(err, "ExpiredIteratorException", "TrimmedDataAccessException") {
				failures++
				r.p.fail(failures, err)
				pause(ctx, backoff(failures))
			}
			continue
		}
		failures = 0
		if len(records) > 0 && next != "" && r.p.Source.Window > 0 {
			records, next = r.fill(ctx, records, next)
		}
		iterator = next
		if len(records) > 0 && !r.process(ctx, work, records) {
			return // stopping; the rest is read again by the next run
		}
		if next == "" && ctx.Err() == nil {
			if err := r.p.checkpoint(r.shard.ShardID, shardState{After: r.after, Done: true}); err != nil {
				r.p.Report(err.Error())
			}
			return
		}
		if len(records) == 0 {
			r.empty.Add(1)
			timer := time.NewTimer(100 * time.Millisecond)
			select {
			case <-timer.C:
			case <-poke:
			case <-ctx.Done():
			}
			timer.Stop()
		}
	}
}

// fill reads on until there is a batch, as long as the window is open. A fault
// ends it: the iterator it has serves once more.
func (r *reader) fill(ctx context.Context, records []record, iterator string) ([]record, string) {
	closes := time.Now().Add(r.p.Source.Window)
	for iterator != "" && len(records) < r.p.Source.BatchSize && time.Now().Before(closes) && !r.p.Hurry() {
		if !pause(ctx, 50*time.Millisecond) {
			break
		}
		more, next, err := r.read(ctx, iterator)
		if err != nil {
			break
		}
		records, iterator = append(records, more...), next
	}
	return records, iterator
}

func (r *reader) iterator(ctx context.Context) (string, error) {
	in := map[string]any{"StreamArn": r.p.StreamARN, "ShardId": r.shard.ShardID, "ShardIteratorType": "TRIM_HORIZON"}
	if r.after != "" {
		in["ShardIteratorType"], in["SequenceNumber"] = "AFTER_SEQUENCE_NUMBER", r.after
	} else if r.latest {
		in["ShardIteratorType"] = "LATEST"
	}
	answer, err := r.p.Wire.Call(ctx, "GetShardIterator", in)
	if err != nil {
		return "", err
	}
	var out struct{ ShardIterator string }
	if err := json.Unmarshal(answer, &out); err != nil {
		return "", fmt.Errorf("GetShardIterator: %w", err)
	}
	return out.ShardIterator, nil
}

func (r *reader) read(ctx context.Context, iterator string) ([]record, string, error) {
	answer, err := r.p.Wire.Call(ctx, "GetRecords", map[string]any{"ShardIterator": iterator, "Limit": min(1000, max(r.p.Source.BatchSize, 100))})
	if err != nil {
		return nil, "", err
	}
	var out struct {
		Records           []record
		NextShardIterator string
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, "", fmt.Errorf("GetRecords: %w", err)
	}
	return out.Records, out.NextShardIterator, nil
}

// process gives records to the function, batch by batch, and keeps how far it
// came. False: the run is stopping and not all are done.
func (r *reader) process(ctx, work context.Context, records []record) bool {
	last := records[len(records)-1].Dynamodb.SequenceNumber
	wanted := records
	if len(r.p.filters) > 0 {
		wanted = nil
		for _, rec := range records {
			if r.p.matches(rec) {
				wanted = append(wanted, rec)
			}
		}
	}
	r.p.count(func(s *StreamStats) { s.Filtered += int64(len(records) - len(wanted)); s.Error = "" })
	for len(wanted) > 0 {
		n := fitting(wanted, r.p.Source.BatchSize)
		if !r.deliver(ctx, work, wanted[:n]) {
			return false
		}
		if err := r.done(wanted[n-1].Dynamodb.SequenceNumber); err != nil {
			return false
		}
		wanted = wanted[n:]
	}
	return r.done(last) == nil
}

func (r *reader) done(sequence string) error {
	if sequence == r.after {
		return nil
	}
	r.after, r.latest = sequence, false
	if err := r.p.checkpoint(r.shard.ShardID, shardState{After: sequence}); err != nil {
		r.p.Report(err.Error())
		return err
	}
	return nil
}

// fitting is how many records one event takes.
func fitting(records []record, most int) int {
	size := 0
	for i, rec := range records {
		size += len(rec.Dynamodb.NewImage) + len(rec.Dynamodb.OldImage) + len(rec.Dynamodb.Keys) + 500
		if i > 0 && (i == most || size > eventLimit) {
			return i
		}
	}
	return min(len(records), most)
}

// deliver brings a batch to its end: taken, or given up. Splitting a batch in
// two does not count as a retry.
func (r *reader) deliver(ctx, work context.Context, batch []record) bool {
	src := r.p.Source
	for attempts := 0; ; {
		if ctx.Err() != nil {
			return false
		}
		event := r.p.event(batch)
		from, err := r.give(work, event, batch)
		if err == nil && from == len(batch) {
			r.p.count(func(s *StreamStats) { s.Records += int64(len(batch)) })
			return true
		}
		r.p.count(func(s *StreamStats) { s.Records += int64(from); s.Retries++ })
		if from > 0 { // the records before the failed one are done
			if r.done(batch[from-1].Dynamodb.SequenceNumber) != nil {
				return false
			}
			batch, attempts = batch[from:], 0
		} else if src.Bisect && len(batch) > 1 {
			half := len(batch) / 2
			if !r.deliver(ctx, work, batch[:half]) || r.done(batch[half-1].Dynamodb.SequenceNumber) != nil {
				return false
			}
			batch, attempts = batch[half:], 0
			continue
		}
		attempts++
		condition := ""
		age := r.p.Clock.Now().Sub(r.p.Clock.At(batch[0].seconds()))
		if src.Retries >= 0 && attempts > src.Retries {
			condition = "RetryAttemptsExhausted"
		} else if src.MaxAge > 0 && age > src.MaxAge {
			condition = "RecordAgeExceeded"
		}
		if condition != "" {
			r.giveUp(work, condition, attempts, batch, err)
			return true
		}
		pause(ctx, backoff(attempts))
	}
}

// give runs the function; from is the index of the first record that is not done.
func (r *reader) give(work context.Context, event []byte, batch []record) (from int, err error) {
	answer, err := r.p.Invoke(work, event)
	if err != nil {
		return 0, err
	}
	if !r.p.Source.Partial {
		return len(batch), nil
	}
	index := make(map[string]int, len(batch))
	for i, rec := range batch {
		index[rec.Dynamodb.SequenceNumber] = i
	}
	failed, ok := batchFailures(answer, func(id string) bool { _, known := index[id]; return known })
	if !ok {
		return 0, fmt.Errorf("the answer is no list of failures that Lambda would take: %.200s", answer)
	}
	from = len(batch)
	for id := range failed { // the lowest one counts
		from = min(from, index[id])
	}
	return from, nil
}

func (r *reader) giveUp(ctx context.Context, condition string, attempts int, batch []record, err error) {
	r.p.count(func(s *StreamStats) { s.Dropped += int64(len(batch)) })
	first, last := batch[0], batch[len(batch)-1]
	r.p.Report(fmt.Sprintf("%s: %d records from %s are given up (%s): %v", r.p.Source.Event, len(batch), first.Dynamodb.SequenceNumber, condition, err))
	if r.p.OnFailure == nil {
		return
	}
	f := FailedBatch{Condition: condition, Attempts: attempts, Shard: r.shard.ShardID, First: first, Last: last, Size: len(batch), Payload: r.p.event(batch), Error: err}
	for try := range 5 {
		if err := r.p.OnFailure(ctx, f); err == nil {
			return
		} else if try == 4 {
			r.p.Report(fmt.Sprintf("%s: what was given up could not be sent on: %v", r.p.Source.Event, err))
		}
		pause(ctx, backoff(try))
	}
}

// event writes the records, images as they came.
func (p *StreamPoller) event(batch []record) []byte {
	size := 64
	for _, rec := range batch {
		size += len(rec.Dynamodb.NewImage) + len(rec.Dynamodb.OldImage) + len(rec.Dynamodb.Keys) + 500
	}
	out := append(make([]byte, 0, size), `{"Records":[`...)
	for i, rec := range batch {
		if i > 0 {
			out = append(out, ',')
		}
		out = p.record(out, rec)
	}
	return append(out, `]}`...)
}

func (p *StreamPoller) record(out []byte, rec record) []byte {
	text := func(name, value string) {
		out = append(append(append(out, '"'), name...), `":`...)
		out = append(quote(out, value), ',')
	}
	raw := func(name string, value json.RawMessage) {
		if len(value) > 0 {
			out = append(append(append(out, '"'), name...), `":`...)
			out = append(append(out, value...), ',')
		}
	}
	out = append(out, '{')
	text("eventID", rec.EventID)
	text("eventName", rec.EventName)
	version := rec.EventVersion
	if version == "" {
		version = "1.1"
	}
	text("eventVersion", version)
	text("eventSource", "aws:dynamodb")
	text("awsRegion", p.Region)
	text("eventSourceARN", p.StreamARN)
	raw("userIdentity", rec.UserIdentity)
	out = append(out, `"dynamodb":{"ApproximateCreationDateTime":`...)
	out = strconv.AppendInt(out, p.Clock.At(rec.seconds()).Unix(), 10)
	out = append(out, ',')
	raw("Keys", rec.Dynamodb.Keys)
	raw("NewImage", rec.Dynamodb.NewImage)
	raw("OldImage", rec.Dynamodb.OldImage)
	text("SequenceNumber", rec.Dynamodb.SequenceNumber)
	text("StreamViewType", rec.Dynamodb.StreamViewType)
	out = append(out, `"SizeBytes":`...)
	out = strconv.AppendInt(out, rec.Dynamodb.SizeBytes, 10)
	return append(out, `}}`...)
}

func (p *StreamPoller) matches(rec record) bool {
	var event any
	if unmarshalNumbers(p.record(nil, rec), &event) != nil {
		return true // what cannot be read is the function's to judge
	}
	for _, f := range p.filters {
		if f.matches(event) {
			return true
		}
	}
	return false
}
