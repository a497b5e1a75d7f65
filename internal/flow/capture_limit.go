package flow

import (
	"sync"
	"time"
)

// limiter counts calls of one address within a minute. It forgets old ones and
// never holds more than maxCallers: a flood from many addresses must not fill
// the memory either.
type limiter struct {
	most int

	mu    sync.Mutex
	calls map[string]callWindow
}

type callWindow struct {
	since time.Time
	count int
}

const maxCallers = 10_000

func newLimiter(most int) *limiter { return &limiter{most: most, calls: map[string]callWindow{}} }

// allow counts one call.
func (l *limiter) allow(caller string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.calls[caller]
	if !ok || now.Sub(w.since) >= time.Minute || now.Before(w.since) {
		if !ok && len(l.calls) >= maxCallers {
			l.forget(now)
		}
		w = callWindow{since: now}
	}
	w.count++
	l.calls[caller] = w
	return w.count <= l.most
}

func (l *limiter) forget(now time.Time) {
	for caller, w := range l.calls {
		if now.Sub(w.since) >= time.Minute {
			delete(l.calls, caller)
		}
	}
	if len(l.calls) >= maxCallers {
		clear(l.calls)
	}
}
