package sim

import (
	"context"
	"fmt"
	"time"
)

// message is one copy of a message in a queue.
type message struct {
	id       string
	body     []byte
	sent     time.Time
	visible  time.Time
	receives int
	gone     bool
}

// queue behaves as a standard SQS queue may: at least once, in any order,
// hidden while somebody works on it, set aside after too many receives.
type queue struct {
	w           *World
	name        string
	visibility  time.Duration
	maxReceives int
	live        []*message
	dead        []*message
	died        [][]byte // bodies of all that ever were dead letters
	n           int
	delivered   int
	newest      time.Time // of the messages that were given away: when it was sent
	// kept is told of every message that the queue took.
	kept func(body []byte, sent time.Time)
}

// put takes a message: it may be delivered late, and twice.
func (q *queue) put(body []byte) {
	w := q.w
	q.n++
	copies := 1
	if w.rate > 0 && w.dice.IntN(100) < 42 { // three of ten messages, counting also the time without faults
		copies = 2
		if w.dice.IntN(10) == 0 {
			copies = 2 + w.dice.IntN(9)
		}
	}
	w.report.Messages++
	if copies > 1 {
		w.report.Copies++
	}
	id := fmt.Sprintf("%s-%d", q.name, q.n)
	for range copies {
		delay := time.Duration(w.dice.IntN(2000)) * time.Millisecond
		if w.rate > 0 {
			switch n := w.dice.IntN(200); {
			case n == 0 && !w.leaving():
				delay = time.Duration(w.dice.IntN(13*24)) * time.Hour
			case n < 20:
				delay = time.Duration(w.dice.IntN(900)) * time.Second
			}
		}
		q.live = append(q.live, &message{id: id, body: body, sent: w.now, visible: w.now.Add(delay)})
	}
	if w.halted {
		return
	}
	if q.kept != nil {
		q.kept(body, w.now)
	}
	if w.cfg.Again {
		w.past.messages[q] = append(w.past.messages[q], body)
	}
}

// ready tells that something can be received now.
func (q *queue) ready() bool {
	for _, m := range q.live {
		if !m.gone && !m.visible.After(q.w.now) {
			return true
		}
	}
	return false
}

// next is when something can be received; zero when the queue is empty.
func (q *queue) next() time.Time {
	var t time.Time
	for _, m := range q.live {
		if !m.gone && (t.IsZero() || m.visible.Before(t)) {
			t = m.visible
		}
	}
	return t
}

// receive gives up to n messages in any order, hidden from others meanwhile.
func (q *queue) receive(n int) []*message {
	w := q.w
	var can []*message
	for _, m := range q.live {
		if !m.gone && !m.visible.After(w.now) {
			can = append(can, m)
		}
	}
	w.dice.Shuffle(len(can), func(i, j int) { can[i], can[j] = can[j], can[i] })
	var got []*message
	ids := map[string]bool{}
	for _, m := range can {
		if len(got) == n {
			break
		}
		if ids[m.id] {
			continue // a batch does not hold a message twice
		}
		if m.receives >= q.maxReceives {
			m.gone = true
			q.dead = append(q.dead, m)
			q.died = append(q.died, m.body)
			w.report.DeadLetters++
			continue
		}
		ids[m.id] = true
		if m.sent.Before(q.newest) {
			w.report.Overtaken++
		} else {
			q.newest = m.sent
		}
		m.receives++
		m.visible = w.now.Add(q.visibility)
		got = append(got, m)
	}
	q.sweep()
	q.delivered += len(got)
	w.report.Deliveries += len(got)
	return got
}

// remove deletes a message; the deletion itself may get lost.
func (q *queue) remove(m *message) {
	if q.w.rate > 0 && q.w.dice.IntN(100) == 0 {
		return
	}
	m.gone = true
}

// removeIf deletes, at the end of an invocation that lived, what it has done.
func (q *queue) removeIf(done *[]*message) func(ok bool) {
	return func(ok bool) {
		if ok {
			for _, m := range *done {
				q.remove(m)
			}
		}
	}
}

// waiting is what is left in the queue.
func (q *queue) waiting() []*message {
	q.sweep()
	return q.live
}

func (q *queue) sweep() {
	kept := q.live[:0]
	for _, m := range q.live {
		if !m.gone {
			kept = append(kept, m)
		}
	}
	clear(q.live[len(kept):])
	q.live = kept
}

// redrive brings dead letters back, as a person does when the trouble is over.
func (q *queue) redrive() int {
	n := len(q.dead)
	for _, m := range q.dead {
		m.gone, m.receives, m.visible = false, 0, q.w.now
		q.live = append(q.live, m)
	}
	q.dead = nil
	return n
}

// outbox sends to a queue on behalf of a process.
type outbox struct {
	p *process
	q *queue
}

// Send sends one message.
func (o outbox) Send(_ context.Context, body []byte) error {
	return act(o.p, "send", o.q.name, false, func() error { o.q.put(body); return nil })
}

// SendAll sends messages, ten a call; after an error some of them were sent.
func (o outbox) SendAll(_ context.Context, bodies [][]byte) error {
	for len(bodies) > 0 {
		n := min(10, len(bodies))
		f := o.p.meet("send", fmt.Sprintf("%s %d", o.q.name, n))
		switch f {
		case before, conflict:
			return errBefore
		case throttled:
			return errThrottle
		}
		for _, b := range some(o.p, f, bodies[:n]) {
			o.q.put(b)
		}
		o.p.died(f)
		if f == after {
			return errAfter
		}
		bodies = bodies[n:]
	}
	return nil
}
