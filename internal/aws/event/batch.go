package event

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Message is one message of a queue.
type Message struct {
	ID       string
	Body     []byte
	Sent     time.Time // when the queue took it: the trusted received time
	Attempt  int       // 1 at the first delivery
	Receipt  string    // for ChangeMessageVisibility
	QueueARN string
}

// Batch is an SQS event. It starts from "all failed": a message is done only
// when it was struck out, so that a forgotten path retries instead of losing.
// (Go's zero SQSEventResponse would mean that all succeeded.)
type Batch struct {
	Messages []Message

	now  time.Time
	open map[string]bool
	clock
}

// NewBatch takes an event that was read.
func NewBatch(ctx context.Context, e events.SQSEvent) *Batch {
	list := make([]Message, len(e.Records))
	for i, r := range e.Records {
		m := Message{ID: r.MessageId, Body: []byte(r.Body), Receipt: r.ReceiptHandle, QueueARN: r.EventSourceARN, Sent: millis(r.Attributes["SentTimestamp"])}
		m.Attempt, _ = strconv.Atoi(r.Attributes["ApproximateReceiveCount"])
		list[i] = m
	}
	return newBatch(ctx, list)
}

func newBatch(ctx context.Context, list []Message) *Batch {
	b := &Batch{Messages: list, open: make(map[string]bool, len(list)), clock: startClock(ctx)}
	var newest time.Time
	for _, m := range list {
		b.open[m.ID] = true
		if m.Sent.After(newest) {
			newest = m.Sent
		}
	}
	b.now = Now(newest)
	for i := range b.Messages {
		if b.Messages[i].Sent.IsZero() { // never from SQS itself
			b.Messages[i].Sent = b.now
		}
	}
	return b
}

// Now is the time of the invocation: no earlier than any of its messages.
func (b *Batch) Now() time.Time { return b.now }

// Done strikes a message out: it will not come again.
func (b *Batch) Done(m Message) { delete(b.open, m.ID) }

// Each works through the messages in order and strikes out those without an
// error. A panic fails its message only. When the time is nearly up the rest
// stays failed, and comes again.
func (b *Batch) Each(log *slog.Logger, work func(Message) error) {
	for i, m := range b.Messages {
		if b.Short() {
			log.Warn("out of time, the rest comes again", "left", len(b.Messages)-i)
			return
		}
		if err := Safely(func() error { return work(m) }); err != nil {
			log.Error("message failed, it comes again", "messageId", m.ID, "attempt", m.Attempt, "error", err.Error())
			continue
		}
		b.Done(m)
	}
}

// Failed counts the messages that come again.
func (b *Batch) Failed() int { return len(b.open) }

// Response is what the handler returns, with a nil error.
func (b *Batch) Response() events.SQSEventResponse {
	r := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range b.Messages {
		if b.open[m.ID] {
			r.BatchItemFailures = append(r.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.ID})
		}
	}
	return r
}

// Record is one change that a table's stream reports.
type Record struct {
	Sequence string
	Name     string // INSERT, MODIFY, REMOVE
	At       time.Time
	Image    map[string]events.DynamoDBAttributeValue // the new item; nil when removed
}

// Records is a stream event; like Batch it starts from "all failed". Lambda
// goes back to the earliest record that failed and gives all after it again,
// so work on a record must bear repetition.
type Records struct {
	Records []Record

	now  time.Time
	open map[string]bool
	clock
}

// NewRecords reads the event.
func NewRecords(ctx context.Context, e events.DynamoDBEvent) *Records {
	b := &Records{open: make(map[string]bool, len(e.Records)), clock: startClock(ctx)}
	stated := make([]time.Time, 0, len(e.Records))
	for _, r := range e.Records {
		at := r.Change.ApproximateCreationDateTime.UTC()
		b.Records = append(b.Records, Record{Sequence: r.Change.SequenceNumber, Name: r.EventName, At: at, Image: r.Change.NewImage})
		b.open[r.Change.SequenceNumber] = true
		stated = append(stated, at)
	}
	b.now = Now(stated...)
	return b
}

// Now is the time of the invocation.
func (b *Records) Now() time.Time { return b.now }

// Done strikes a record out.
func (b *Records) Done(r Record) { delete(b.open, r.Sequence) }

// Each works through the records in order; see Batch.Each.
func (b *Records) Each(log *slog.Logger, work func(Record) error) {
	for i, r := range b.Records {
		if b.Short() {
			log.Warn("out of time, the rest comes again", "left", len(b.Records)-i)
			return
		}
		if err := Safely(func() error { return work(r) }); err != nil {
			log.Error("record failed, it comes again", "sequence", r.Sequence, "error", err.Error())
			continue
		}
		b.Done(r)
	}
}

// Response is what the handler returns, with a nil error.
func (b *Records) Response() events.DynamoDBEventResponse {
	r := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	for _, x := range b.Records {
		if b.open[x.Sequence] {
			r.BatchItemFailures = append(r.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: x.Sequence})
		}
	}
	return r
}

// clock knows how much of the invocation's time is left, by the wall clock.
type clock struct {
	ctx   context.Context
	limit time.Duration
}

func startClock(ctx context.Context) clock {
	c := clock{ctx: ctx}
	if end, ok := ctx.Deadline(); ok {
		c.limit = time.Until(end)
	}
	return c
}

// Short tells that the time is nearly up: under 2 seconds or a tenth of what
// there was, whichever is more, but never more than half.
func (c clock) Short() bool {
	end, ok := c.ctx.Deadline()
	if !ok {
		return false
	}
	return time.Until(end) < min(max(2*time.Second, c.limit/10), c.limit/2)
}

func millis(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
