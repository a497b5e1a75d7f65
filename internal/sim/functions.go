package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/webhook"
)

// hot is what a process keeps between invocations; each function uses its own.
type hot struct {
	ingest   *flow.Ingest
	rescore  *flow.Rescore
	dispatch *flow.Dispatch
	deliver  *flow.Deliver
	nurture  *flow.Nurture
	feedback *flow.Feedback
	capture  *flow.Capture
}

var silent = slog.New(slog.DiscardHandler)

// house is the functions, wired as functions/ wires them, with the timeouts
// and batch sizes of template.yaml.
func (w *World) house() {
	w.add(&function{name: "ingest", timeout: 30 * time.Second, cold: w.coldIngest, ready: w.activities.ready, take: w.takeIngest}, 3)
	w.add(&function{name: "dispatch", timeout: 30 * time.Second, cold: w.coldDispatch, ready: w.stream.ready, take: w.takeDispatch}, 2)
	w.add(&function{name: "deliver", timeout: 60 * time.Second, cold: w.coldDeliver, ready: w.deliveries.ready, take: w.takeDeliver}, 2)
	w.add(&function{name: "rescore", timeout: 300 * time.Second, cold: w.coldRescore, ready: func() bool { return len(w.ticks) > 0 || w.jobs.ready() }, take: w.takeRescore}, 2)
	w.add(&function{name: "nurture", timeout: 50 * time.Second, cold: w.coldNurture, ready: func() bool { return w.minutes > 0 }, take: w.takeNurture}, 2)
	w.add(&function{name: "feedback", timeout: 30 * time.Second, cold: w.coldFeedback, ready: w.feedback.ready, take: w.takeFeedback}, 2)
	w.add(&function{name: "capture", timeout: 8 * time.Second, cold: w.coldCapture, ready: func() bool { return len(w.requests) > 0 && !w.halted }, take: w.takeCapture}, 2)
}

func (w *World) add(f *function, processes int) {
	for i := range processes {
		f.processes = append(f.processes, &process{w: w, of: f, name: fmt.Sprintf("%s%d", f.name, i)})
	}
	w.functions = append(w.functions, f)
}

// short is the flows' question whether time is nearly up.
func (w *World) short() bool { return w.rate > 0 && w.dice.IntN(150) == 0 }

func (w *World) coldIngest(p *process) {
	p.hot.ingest = flow.NewIngest(shop{p}, secret, phoneOf)
	p.hot.ingest.Waits(func(_ context.Context, attempt int) error {
		p.sleep(time.Duration(w.dice.IntN(20<<attempt)) * time.Millisecond)
		return nil
	})
}

func (w *World) takeIngest(p *process) (func(context.Context), func(bool)) {
	size := 1 + w.dice.IntN(12)
	if w.dice.IntN(10) == 0 {
		size = 100
	}
	got := w.activities.receive(size)
	if len(got) == 0 {
		return nil, nil
	}
	messages := make([]flow.Message, len(got))
	for i, m := range got {
		messages[i] = flow.Message{ID: m.id, Body: m.body, Received: m.sent, Attempt: m.receives}
	}
	now := w.now
	var taken flow.Taken
	return func(ctx context.Context) { taken = p.hot.ingest.Run(ctx, silent, messages, now) }, func(ok bool) {
		if !ok {
			return
		}
		for _, m := range got {
			if err := taken.Failed[m.id]; err != nil {
				w.note("failed", m.id, err)
				continue
			}
			w.activities.remove(m)
		}
		w.report.Conflicts += taken.Conflicts
		w.report.Proposals += taken.Proposals
	}
}

func (w *World) coldDispatch(p *process) {
	p.hot.dispatch = flow.NewDispatch(shop{p}, outbox{p, w.deliveries})
}

func (w *World) takeDispatch(p *process) (func(context.Context), func(bool)) {
	s := w.stream.take(1 + w.dice.IntN(10))
	if s == nil {
		return nil, nil
	}
	done := len(s.batch)
	return func(ctx context.Context) {
			_, fates := p.hot.dispatch.Run(ctx, silent, s.batch)
			for i, err := range fates {
				if err != nil {
					w.note("failed", p.name, err)
					done = min(done, i) // all from here on come again
				}
			}
		}, func(ok bool) {
			if s.done = done; !ok {
				s.done = 0
			}
			w.stream.end(s)
		}
}

func (w *World) coldRescore(p *process) {
	p.hot.rescore = flow.NewRescore(shop{p}, outbox{p, w.jobs}, outbox{p, w.deliveries})
}

func (w *World) takeRescore(p *process) (func(context.Context), func(bool)) {
	now := w.now
	if len(w.ticks) > 0 {
		t := w.ticks[0]
		w.ticks = w.ticks[1:]
		var err error
		return func(ctx context.Context) {
				if t.name == "review" {
					err = p.hot.rescore.Review(ctx, t.at)
				} else {
					if _, err = p.hot.rescore.Due(ctx, silent, now, w.short); err == nil {
						_, err = p.hot.rescore.Broadcasts(ctx, silent, now)
					}
					if err == nil {
						_, err = p.hot.rescore.Digests(ctx, now)
					}
				}
			}, func(ok bool) {
				if (err != nil || !ok) && t.tries < 10 && t.name == "review" {
					t.tries++
					w.at(w.now.Add(time.Minute), func() { w.ticks = append(w.ticks, t) })
				}
			}
	}
	got := w.jobs.receive(1)
	if len(got) == 0 {
		return nil, nil
	}
	m := got[0]
	err := errors.New("not ended")
	var job flow.Job
	_ = json.Unmarshal(m.body, &job) // what is none is parked
	p.job = job.Kind
	return func(ctx context.Context) {
			err = p.hot.rescore.RunJob(ctx, silent, flow.Message{ID: m.id, Body: m.body, Received: m.sent, Attempt: m.receives}, now, w.short)
		}, func(ok bool) {
			p.job = ""
			if ok && err == nil {
				w.jobs.remove(m)
			}
		}
}

func (w *World) coldDeliver(p *process) {
	s := shop{p}
	p.hot.deliver = &flow.Deliver{
		Store: s, Playbook: flow.NewBooks(s).InForce, Send: w.post.send(p), From: "sarnakh@business.test", Sales: "sales@business.test",
		ConsoleURL: "https://console.business.test", Log: silent,
		Webhook: func(_ context.Context, id string, body []byte, _ time.Time) error { return w.hook(p, id, body) },
	}
}

// hook is the receiver of webhooks: while faults are on it fails often, before
// or after it took the event.
func (w *World) hook(p *process, id string, body []byte) error {
	f := p.meet("webhook", id)
	take := func() {
		if was, ok := w.hooked[id]; ok && !bytes.Equal(was, body) {
			w.report.Rewritten++
		}
		w.hooked[id] = body
		w.report.Webhooks++
	}
	if f == fine && w.rate > 0 && w.dice.IntN(10) < 3 {
		f = []fault{before, after, throttled}[w.dice.IntN(3)]
	}
	switch f {
	case before, conflict:
		return errBefore
	case throttled:
		return &webhook.Later{After: 30 * time.Second, Cause: errThrottle}
	}
	take()
	p.died(f)
	if f == after {
		return errAfter
	}
	return nil
}

func (w *World) takeDeliver(p *process) (func(context.Context), func(bool)) {
	got := w.deliveries.receive(1 + w.dice.IntN(10))
	if len(got) == 0 {
		return nil, nil
	}
	now := w.now
	w.invocations++
	p.hot.deliver.Attempt = fmt.Sprintf("attempt-%d", w.invocations)
	var done []*message
	return func(ctx context.Context) {
		for _, m := range got {
			err := p.hot.deliver.Handle(ctx, flow.Message{ID: m.id, Body: m.body, Received: m.sent}, now)
			if err == nil {
				done = append(done, m)
				continue
			}
			w.note("failed", m.id, err)
			if act(p, "hide", m.id, false, func() error { return nil }) == nil {
				m.visible = w.now.Add(flow.Again(err, m.receives))
			}
		}
	}, w.deliveries.removeIf(&done)
}

func (w *World) coldNurture(p *process) {
	s := shop{p}
	p.hot.nurture = &flow.Nurture{
		Store: s, Playbook: flow.NewBooks(s).InForce, Send: w.post.send(p), Short: w.short, Log: silent,
		Messages: outbox{p, w.deliveries},
		Letters:  &flow.Letters{Keys: w.keys, PublicURL: publicURL, From: "sarnakh@business.test"},
		SendBulk: w.post.sendBulk(p), Quota: w.post.quota(p),
		Wait: func(_ context.Context, d time.Duration) error { p.sleep(d); return nil },
	}
}

func (w *World) takeNurture(p *process) (func(context.Context), func(bool)) {
	w.minutes--
	w.invocations++
	now, attempt := w.now, fmt.Sprintf("attempt-%d", w.invocations)
	w.report.Ticks++
	p.hot.nurture.Elapsed = func() time.Duration { return w.now.Sub(now) }
	p.hot.nurture.Left = func() time.Duration { return p.of.timeout - w.now.Sub(now) }
	return func(ctx context.Context) {
		if _, err := p.hot.nurture.Tick(ctx, now, attempt); err != nil {
			w.note("failed", p.name, err)
		}
	}, func(bool) {}
}

func (w *World) coldFeedback(p *process) {
	p.hot.feedback = &flow.Feedback{Store: shop{p}, Log: silent, Queue: outbox{p, w.activities}.Send}
}

func (w *World) takeFeedback(p *process) (func(context.Context), func(bool)) {
	got := w.feedback.receive(1 + w.dice.IntN(10))
	if len(got) == 0 {
		return nil, nil
	}
	now := w.now
	var done []*message
	return func(ctx context.Context) {
		for _, m := range got {
			if err := p.hot.feedback.Handle(ctx, m.id, m.body, now); err != nil {
				w.note("failed", m.id, err)
				continue
			}
			w.mails.heard(m.body)
			done = append(done, m)
		}
	}, w.feedback.removeIf(&done)
}

func (w *World) coldCapture(p *process) {
	s := shop{p}
	c, err := flow.NewCapture(flow.CaptureParts{
		Forms: flow.NewPublishedForms(s), Permissions: flow.OnRecipient{Store: s}, Queue: outbox{p, w.activities}, Keys: w.keys,
		Entropy: entropy{w}, PublicURL: publicURL,
	})
	if err != nil {
		panic(err) // unreachable: the addresses are constants
	}
	p.hot.capture = c
}

// request is what somebody asks of capture, until it is answered.
type request struct {
	method, path, body string
	agent              string
	tries              int
	// answered is told the time that the request was given, and the status.
	answered func(at time.Time, status int)
}

func (w *World) takeCapture(p *process) (func(context.Context), func(bool)) {
	q := w.requests[0]
	w.requests = w.requests[1:]
	now, answer := w.now, &answer{header: http.Header{}}
	return func(ctx context.Context) {
			ctx = flow.WithVisit(ctx, flow.Visit{Now: now, IP: fmt.Sprintf("192.0.2.%d", w.dice.IntN(256)), RequestID: "sim", Log: silent})
			r, err := http.NewRequestWithContext(ctx, q.method, publicURL+q.path, strings.NewReader(q.body))
			if err != nil {
				panic(err) // unreachable: tokens are URL-safe
			}
			if q.method == http.MethodPost {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			r.Header.Set("User-Agent", q.agent)
			p.hot.capture.ServeHTTP(answer, r)
		}, func(ok bool) {
			status := answer.status
			if !ok {
				status = http.StatusBadGateway
			}
			if status >= 500 && q.tries < 8 {
				q.tries++ // people try again; mail programs too
				w.at(w.now.Add(time.Duration(1+w.dice.IntN(600))*time.Second), func() { w.requests = append(w.requests, q) })
				return
			}
			if q.answered != nil {
				q.answered(now, status)
			}
		}
}

// answer keeps the status of an answer.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }

// entropy is the dice as a source of random bytes.
type entropy struct{ w *World }

func (e entropy) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e.w.dice.Uint32())
	}
	return len(b), nil
}

// bookOf gives the playbook with a number, as the simulation published it.
func (w *World) bookOf(number uint32) *playbook.Compiled { return w.books[number] }
