package flow

import (
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
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

// bursts remembers the last clicks of each mail for a moment: who follows three
// links of a mail within two seconds is a scanner. It sees the clicks of this
// process only.
type bursts struct {
	mu   sync.Mutex
	mail map[string][]burstClick
}

type burstClick struct {
	at   time.Time
	link string
	id   activity.ID
}

const (
	burstLinks = 3
	burstTime  = 2 * time.Second
	maxMails   = 2_000
)

func newBursts() *bursts { return &bursts{mail: map[string][]burstClick{}} }

// note adds a click. A burst gives the clicks before it, which were believed.
func (b *bursts) note(send, link string, id activity.ID, now time.Time) (burst bool, before []activity.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var kept []burstClick
	for _, c := range b.mail[send] {
		if now.Sub(c.at) <= burstTime && c.link != link {
			kept = append(kept, c)
		}
	}
	if len(b.mail) >= maxMails {
		clear(b.mail)
	}
	kept = append(kept, burstClick{now, link, id})
	b.mail[send] = kept[max(0, len(kept)-10):]
	if len(kept) < burstLinks {
		return false, nil
	}
	for _, c := range kept[:len(kept)-1] {
		before = append(before, c.id)
	}
	return true, before
}
