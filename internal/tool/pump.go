package tool

import (
	"context"
	"iter"
	"sync"
)

// Outbox takes messages, several at once. After an error any of them may have
// been taken.
type Outbox interface {
	SendAll(ctx context.Context, bodies [][]byte) error
}

// Message is one message to send.
type Message struct {
	Body        []byte
	Activities  int
	First, Last int // lines of a file, or rows
}

const (
	messagesACall = 10 // as many as SQS takes
	callsAtOnce   = 4
	// ActivitiesAMessage is how many activities go into one message: few enough
	// that a hundred messages, the most that one invocation is given, are done
	// within its time where each is of a lead of its own.
	ActivitiesAMessage = 10
)

// Pump sends messages, ten a call and four calls at a time, and tells what was
// sent. The first error ends it.
func Pump(ctx context.Context, q Outbox, messages iter.Seq[Message], sent func([]Message)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	calls := make(chan []Message)
	var group sync.WaitGroup
	var telling sync.Mutex
	for range callsAtOnce {
		group.Go(func() {
			for call := range calls {
				bodies := make([][]byte, len(call))
				for i := range call {
					bodies[i] = call[i].Body
				}
				if err := q.SendAll(ctx, bodies); err != nil {
					cancel(err)
					return
				}
				telling.Lock()
				sent(call)
				telling.Unlock()
			}
		})
	}
	var call []Message
	give := func() bool {
		select {
		case calls <- call:
			call = nil
			return true
		case <-ctx.Done():
			return false
		}
	}
	for m := range messages {
		if call = append(call, m); len(call) == messagesACall && !give() {
			break
		}
	}
	if len(call) > 0 && ctx.Err() == nil {
		give()
	}
	close(calls)
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
