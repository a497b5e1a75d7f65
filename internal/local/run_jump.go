package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/keep"
	"github.com/sarnakh/sarnakh/internal/local/source"
	"github.com/sarnakh/sarnakh/internal/local/template"
)

// scheduler ticks by the clock of the run.
type scheduler struct {
	h     *House
	path  string
	work  sync.WaitGroup
	moved chan struct{} // the clock was moved: look again

	jobs []*job
	turn sync.Mutex // who ticks: the wall clock, or a jump
	mu   sync.Mutex // guards last of the jobs
}

type job struct {
	function *template.Function
	schedule template.Schedule
	times    source.Schedule
	last     time.Time
}

func (j *job) name() string { return j.function.ID + "/" + j.schedule.Event }

func newScheduler(h *House) (*scheduler, error) {
	s := &scheduler{h: h, path: filepath.Join(h.o.DataDir, "schedules.json"), moved: make(chan struct{}, 1)}
	last := map[string]time.Time{}
	if err := keep.Read(s.path, &last); err != nil {
		return nil, err
	}
	now := h.Now()
	for _, f := range h.stack.Functions {
		for _, schedule := range f.Schedules {
			times, err := source.ParseSchedule(schedule.Expression, schedule.Timezone)
			if err != nil {
				return nil, fmt.Errorf("template line %d: %w", schedule.Line, err)
			}
			if !schedule.Enabled {
				continue
			}
			j := &job{function: f, schedule: schedule, times: times, last: last[f.ID+"/"+schedule.Event]}
			if j.last.IsZero() || j.last.After(now) || times.Every() > 0 {
				j.last = now // a rate that was missed comes again soon
			}
			s.jobs = append(s.jobs, j)
		}
	}
	return s, nil
}

// lastTick is when a schedule ticked last.
func (s *scheduler) lastTick(j *job) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return j.last
}

func (s *scheduler) ticked(j *job, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.last = at
}

// save keeps when each schedule ticked last.
func (s *scheduler) save() {
	last := map[string]time.Time{}
	for _, j := range s.jobs {
		last[j.name()] = s.lastTick(j)
	}
	if err := keep.Write(s.path, last); err != nil {
		s.h.say("%v", err)
	}
}

// run ticks until ctx ends and waits for what is in work. A daily tick that fell
// into a time when nothing ran is made up for at once, under the time of now:
// in the cloud it would have come.
func (s *scheduler) run(ctx, work context.Context) {
	defer s.work.Wait()
	for ctx.Err() == nil {
		s.turn.Lock()
		now := s.h.Now()
		wait := time.Minute
		for _, j := range s.jobs {
			next := j.times.Next(s.lastTick(j))
			if next.IsZero() {
				continue
			}
			if !next.After(now) {
				at := next
				if now.Sub(next) > 2*time.Minute {
					at = now
				}
				s.ticked(j, now)
				s.save()
				s.work.Go(func() { s.tick(work, j, at) })
				next = j.times.Next(now)
			}
			wait = min(wait, next.Sub(now))
		}
		s.turn.Unlock()
		timer := time.NewTimer(max(wait, 10*time.Millisecond))
		select {
		case <-timer.C:
		case <-s.moved:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func (s *scheduler) event(j *job, at time.Time) []byte {
	arn := "arn:aws:scheduler:" + s.h.o.Region + ":" + s.h.o.Account + ":schedule/default/" + j.function.ID + j.schedule.Event
	return source.Input(j.schedule.Input, arn, newID(), at, 1)
}

// tick runs a schedule. Lambda waits a minute before the first retry and two
// before the second; here it is seconds.
func (s *scheduler) tick(ctx context.Context, j *job, at time.Time) error {
	return s.h.invokeAsync(ctx, j.function, s.event(j, at), func(try int) {
		select {
		case <-time.After(time.Duration(2*(try+1)) * time.Second):
		case <-ctx.Done():
		}
	})
}

// Tick runs one schedule now.
func (h *House) Tick(ctx context.Context, function, event string) error {
	for _, j := range h.schedules.jobs {
		if j.function.ID == function && j.schedule.Event == event {
			_, err := h.Invoke(ctx, function, h.schedules.event(j, h.Now()))
			return err
		}
	}
	return fmt.Errorf("tick: the template has no schedule %s of %s", event, function)
}

// coarse says how often schedules tick at most in a jump: a month of minutes is
// forty thousand ticks, and nobody waits for that.
func coarse(by time.Duration) time.Duration {
	switch {
	case by <= 2*time.Hour:
		return 0
	case by <= 3*24*time.Hour:
		return 10 * time.Minute
	}
	return 30 * time.Minute
}

// LongestJump is how far the clock moves at once.
const LongestJump = 400 * 24 * time.Hour

type jumpStep struct {
	at   time.Time
	jobs []*job
}

// steps are the ticks up to a moment, in order, and the moment itself.
func (s *scheduler) steps(from, to time.Time, every time.Duration) []jumpStep {
	at := map[time.Time][]*job{to: nil}
	for _, j := range s.jobs {
		times := j.times
		if period := times.Every(); period > 0 && period < every {
			times, _ = source.ParseSchedule(fmt.Sprintf("rate(%d minutes)", int(every.Minutes())), "UTC") // a rate is always readable
		}
		for t := times.Next(from); !t.IsZero() && !t.After(to); t = times.Next(t) {
			at[t.UTC()] = append(at[t.UTC()], j)
		}
	}
	var out []jumpStep
	for t, jobs := range at {
		out = append(out, jumpStep{t, jobs})
	}
	slices.SortFunc(out, func(a, b jumpStep) int { return a.at.Compare(b.at) })
	return out
}

// restLimit is how long a jump waits after each step for queues and streams to
// come to rest.
const restLimit = 30 * time.Second

// Jump moves the clock forward, tick by tick.
func (h *House) Jump(ctx context.Context, by time.Duration, progress func(Jump)) (Jump, error) {
	if by <= 0 || by > LongestJump {
		return Jump{}, fmt.Errorf("the clock moves forward, by at most %d days; %s is not that", int(LongestJump.Hours()/24), by)
	}
	if !h.jumping.CompareAndSwap(false, true) {
		return Jump{}, errors.New("the clock is being moved already; wait until that is done")
	}
	defer h.jumping.Store(false)
	s := h.schedules
	s.turn.Lock()
	defer func() {
		s.save()
		s.turn.Unlock()
		select {
		case s.moved <- struct{}{}:
		default:
		}
	}()
	// What hides in a queue since an earlier run is nobody's to wait for.
	resting := h.restingNow(ctx)
	state := Jump{From: h.Now(), Coarse: coarse(by)}
	state.To = state.From.Add(by)
	steps := s.steps(state.From, state.To, state.Coarse)
	state.Steps = len(steps)
	if state.Coarse > 0 {
		h.say("the clock moves by %s in %d steps: schedules tick every %s at most", by, len(steps), state.Coarse)
	}
	for _, step := range steps {
		if ctx.Err() != nil {
			return state, fmt.Errorf("the clock stands at %s, not all the way: %w", h.Now().Format(time.RFC3339), ctx.Err())
		}
		if err := h.clock.MoveTo(step.at); err != nil {
			return state, err
		}
		for _, q := range h.queues {
			q.poller.Wake(ctx)
		}
		for _, j := range step.jobs {
			state.Ticks++
			s.ticked(j, step.at)
			if err := h.invokeAsync(ctx, j.function, s.event(j, step.at), func(int) {}); err != nil {
				state.Errors++
			}
		}
		if h.quiet(ctx, restLimit, resting) != nil {
			state.Busy++
		}
		state.Step++
		state.At = h.Now()
		if progress != nil {
			progress(state)
		}
	}
	for _, j := range s.jobs {
		s.ticked(j, h.Now())
	}
	state.Done = true
	if progress != nil {
		progress(state)
	}
	return state, nil
}

// Quiet waits until queues and streams are at rest: nothing waits for a
// function, and nothing is in work. Messages that a function failed and that
// wait, hidden, for their next try are at rest, and so are delayed ones.
func (h *House) Quiet(ctx context.Context, limit time.Duration) error {
	return h.quiet(ctx, limit, nil)
}

func (h *House) quiet(ctx context.Context, limit time.Duration, resting map[string]int) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		started := h.started.Load()
		for _, s := range h.streams {
			s.poller.Settle(ctx)
		}
		why := h.unrest(ctx, resting)
		if why == "" && h.active.Load() == 0 && h.started.Load() == started {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not at rest after %s: %s", limit, why)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// unrest says which queue has something to do.
func (h *House) unrest(ctx context.Context, resting map[string]int) string {
	why := make([]string, len(h.queues))
	var group sync.WaitGroup
	for i, q := range h.queues {
		group.Go(func() {
			busy, failed := q.poller.State()
			visible, hidden, _, err := h.sqs.Depth(ctx, q.poller.URL)
			if err != nil {
				why[i] = err.Error()
			} else if busy > 0 || visible > 0 || hidden > max(failed, resting[q.queue.ID]) {
				why[i] = fmt.Sprintf("%s has %d waiting, %d hidden, %d in work", q.queue.ID, visible, hidden, busy)
			}
		})
	}
	group.Wait()
	for _, w := range why {
		if w != "" {
			return w
		}
	}
	return ""
}

// restingNow is how many messages of each queue hide and stay hidden.
func (h *House) restingNow(ctx context.Context) map[string]int {
	if h.quiet(ctx, 3*time.Second, nil) == nil {
		return nil
	}
	out := map[string]int{}
	for _, q := range h.queues {
		if busy, _ := q.poller.State(); busy > 0 {
			continue
		}
		if _, hidden, _, err := h.sqs.Depth(ctx, q.poller.URL); err == nil {
			out[q.queue.ID] = hidden
		}
	}
	return out
}
