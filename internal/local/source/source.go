// Package source brings events to functions as AWS does: from HTTP requests,
// queues, streams and schedules. It makes the events and judges the answers;
// what runs a function, and what time it is, is given to it.
package source

import (
	"context"
	"time"
)

// Invoke runs a function with one event. An error is a failure of the whole event.
type Invoke func(ctx context.Context, event []byte) ([]byte, error)

// Clock is the time of the run.
type Clock interface {
	Now() time.Time
	At(wall time.Time) time.Time // what it showed at a moment of the wall clock
}

// pause waits, or says that ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// backoff is how long to wait before the n-th retry of a call that failed.
func backoff(n int) time.Duration {
	return min(100*time.Millisecond<<min(n, 6), 3*time.Second)
}
