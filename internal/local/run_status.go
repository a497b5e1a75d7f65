package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Now is the time of the run.
func (h *House) Now() time.Time { return h.clock.Now() }

// Offset is how far the clock is ahead of the wall clock.
func (h *House) Offset() time.Duration { return h.clock.Offset() }

// Queues asks the engine for the depth of every queue.
func (h *House) Queues(ctx context.Context) ([]Queue, error) {
	out := make([]Queue, len(h.stack.Queues))
	faults := make([]error, len(out))
	var group sync.WaitGroup
	for i, q := range h.stack.Queues {
		out[i] = Queue{LogicalID: q.ID, Name: q.Name, URL: h.queueURLs[q.ARN]}
		for _, r := range h.queues {
			if r.queue.ID == q.ID {
				out[i].Function = r.function.ID
			}
		}
		for _, other := range h.stack.Queues {
			if other.DeadARN == q.ARN {
				out[i].DeadOf = other.ID
			}
		}
		group.Go(func() {
			o := &out[i]
			o.Visible, o.Hidden, o.Delayed, faults[i] = h.sqs.Depth(ctx, o.URL)
		})
	}
	group.Wait()
	return out, errors.Join(faults...)
}

// Functions are the figures of every function.
func (h *House) Functions() []Function {
	var out []Function
	for _, f := range h.stack.Functions {
		hosted := h.functions[f.ID]
		s := hosted.Stats()
		out = append(out, Function{
			LogicalID: f.ID, Processes: s.Processes, Busy: s.Busy, Waiting: s.Waiting, Invocations: s.Invocations, Errors: s.Errors, Crashes: s.Crashes,
			Timeouts: s.Timeouts, ColdStarts: s.ColdStarts, Busytime: s.Busytime, LastError: s.LastError, InitError: s.InitError, Log: hosted.Spec().LogFile,
		})
	}
	return out
}

// Streams are the figures of every stream that is read.
func (h *House) Streams() []Stream {
	var out []Stream
	for _, s := range h.streams {
		st := s.poller.Stats()
		out = append(out, Stream{Table: s.table.ID, Function: s.function.ID, Records: st.Records, Filtered: st.Filtered, Retries: st.Retries, Dropped: st.Dropped, Error: st.Error})
	}
	return out
}

// Schedules say when each ticks next.
func (h *House) Schedules() []Schedule {
	var out []Schedule
	for _, j := range h.schedules.jobs {
		out = append(out, Schedule{
			Function: j.function.ID, Event: j.schedule.Event, Expression: j.schedule.Expression, Timezone: j.schedule.Timezone,
			Last: h.schedules.lastTick(j), Next: j.times.Next(h.Now()),
		})
	}
	return out
}

// Routes are all routes of all APIs.
func (h *House) Routes() []Route {
	var out []Route
	for _, a := range h.stack.APIs {
		for _, r := range a.Routes {
			out = append(out, Route{API: a.ID, URL: h.URL(a.ID), Key: r.Key(), Function: r.Function, Authorized: r.Authorizer != ""})
		}
	}
	return out
}

// Token signs a token that the authorizers of an API accept. Given claims
// replace those of the operator.
func (h *House) Token(api string, claims map[string]any) string {
	all := map[string]any{
		"sub": "00000000-0000-4000-8000-000000000001", "username": "operator", "email": "operator@example.com", "cognito:groups": []string{"operators"},
		"token_use": "access", "iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().AddDate(10, 0, 0).Unix(), "jti": newID(),
	}
	var wanted []string
	for _, a := range h.stack.APIs {
		if a.ID != api {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(a.Authorizers)) {
			authorizer := a.Authorizers[name]
			all["iss"] = authorizer.Issuer
			if len(authorizer.Audiences) > 0 {
				all["client_id"] = authorizer.Audiences[0]
			}
			wanted = append(wanted, authorizer.Scopes...)
		}
		for _, r := range a.Routes {
			wanted = append(wanted, r.Scopes...)
		}
	}
	slices.Sort(wanted)
	all["scope"] = strings.Join(slices.Compact(wanted), " ")
	for k, v := range claims {
		all[k] = v
	}
	token, err := h.signer.Sign(all)
	if err != nil {
		return "" // claims that are no JSON get no token
	}
	return token
}

// Env is what the env file says.
func (h *House) Env() map[string]string { return h.shellEnv() }

// Unused is what in the template means nothing here, with its lines.
func (h *House) Unused() []string {
	var out []string
	for _, u := range h.stack.Unused {
		lines := strings.Trim(strings.ReplaceAll(fmt.Sprint(u.Lines), " ", ", "), "[]")
		out = append(out, fmt.Sprintf("%s (line %s): %s", u.What, lines, u.Why))
	}
	return out
}

// Log is the end of a function's log.
func (h *House) Log(function string, lines int) ([]string, error) {
	f := h.functions[function]
	if f == nil {
		return nil, fmt.Errorf("log: the template has no function %s", function)
	}
	file, err := os.Open(f.Spec().LogFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-256<<10)
	body, err := io.ReadAll(io.NewSectionReader(file, from, info.Size()-from))
	if err != nil {
		return nil, err
	}
	if from > 0 { // the first line is cut
		_, body, _ = bytes.Cut(body, []byte("\n"))
	}
	all := strings.Split(strings.TrimRight(string(body), "\n"), "\n")
	return all[max(0, len(all)-lines):], nil
}
