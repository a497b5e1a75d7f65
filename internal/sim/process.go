package sim

import (
	"context"
	"iter"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// function is one of the house's functions, as many processes of it as run side
// by side, each with one invocation at a time.
type function struct {
	name      string
	timeout   time.Duration
	processes []*process
	// cold makes what a process keeps between its invocations.
	cold func(p *process)
	// ready tells, without changing anything, that there is work.
	ready func() bool
	// take begins an invocation: what it does, and what follows when it ended;
	// ok is false when the process died or ran out of time.
	take func(p *process) (work func(ctx context.Context), end func(ok bool))
}

// process is one process of a function: a coroutine while it works.
type process struct {
	w     *World
	of    *function
	name  string
	born  bool
	lives int
	calls int

	// What the functions keep, each its own.
	hot hot
	// Mails handed over in this invocation whose answer is not stored yet: if
	// the process ends so, their fate is in doubt.
	unmarked []string
	// job is the kind of the job that is worked on.
	job string

	next     func() (time.Time, bool)
	stop     func()
	yield    func(time.Time) bool
	wake     time.Time
	deadline time.Time
	ok       bool
	end      func(ok bool)
}

// killed unwinds a process that died.
type killed struct{}

func (p *process) busy() bool { return p.next != nil }

// start begins an invocation; it runs when the world resumes it.
func (p *process) start() {
	w := p.w
	if !p.born {
		p.of.cold(p)
		p.born = true
		p.lives++
	}
	work, end := p.of.take(p)
	if work == nil {
		return
	}
	p.ok, p.end = false, end
	p.deadline = w.now.Add(p.of.timeout)
	p.wake = w.now
	p.next, p.stop = iter.Pull(func(yield func(time.Time) bool) {
		p.yield = yield
		defer func() {
			switch r := recover(); r.(type) {
			case nil, killed:
			default:
				w.broken("%s panicked: %v; %s", p.name, r, frames(debug.Stack()))
			}
		}()
		work(context.Background())
		p.ok = true
	})
}

// resume lets the process go on to its next call.
func (p *process) resume() {
	if wake, running := p.next(); running {
		p.wake = wake
		return
	}
	p.finish()
}

func (p *process) finish() {
	p.next, p.stop, p.yield = nil, nil, nil
	if !p.ok {
		p.born = false // a new one starts cold
		p.w.report.Crashes++
	}
	for _, key := range p.unmarked {
		p.w.post.doubt[key]++
	}
	p.unmarked = nil
	p.w.note("end", p.name, p.ok)
	p.end(p.ok)
}

// abandon ends the process where it stands, when the world ends.
func (p *process) abandon() {
	if p.busy() {
		p.stop()
		p.next, p.stop, p.yield = nil, nil, nil
	}
}

// marked takes note that the answer of a mail is stored.
func (p *process) marked(key string) {
	p.unmarked = slices.DeleteFunc(p.unmarked, func(k string) bool { return k == key })
}

// sleep gives way to the others for at least d. Who sleeps past the deadline
// is killed, as Lambda does.
func (p *process) sleep(d time.Duration) {
	until := p.w.now.Add(d)
	if until.After(p.deadline) {
		p.yieldTo(p.deadline)
		panic(killed{})
	}
	p.yieldTo(until)
}

func (p *process) yieldTo(t time.Time) {
	if !p.yield(t) {
		panic(killed{})
	}
}

// frames are the places in our own code that a stack names, nearest first.
func frames(stack []byte) string {
	var out []string
	for line := range strings.Lines(string(stack)) {
		if _, place, ok := strings.Cut(line, "/internal/"); ok && strings.HasPrefix(line, "\t") && !strings.HasPrefix(place, "sim/") {
			place, _, _ = strings.Cut(place, " ")
			out = append(out, place)
		}
	}
	return strings.Join(out[:min(4, len(out))], " < ")
}
