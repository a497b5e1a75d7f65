package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/local"
)

// jump is the move of the clock that runs, or the last one.
type jump struct {
	mu      sync.Mutex
	running bool
	at      local.Jump
	err     error
	changed chan struct{} // closed and replaced at each change
}

func (j *jump) set(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
	close(j.changed)
	j.changed = make(chan struct{})
}

type clockView struct {
	Time, Now, Gregorian, Ahead string
}

func (v *view) clock(now time.Time, offset time.Duration) clockView {
	local := now.In(v.page.options.Zone)
	c := clockView{Time: v.digits(local.Format("15:04")), Now: v.Long(now), Gregorian: local.Format("2006-01-02 15:04 -07:00"), Ahead: v.T("clock_real")}
	if offset >= time.Minute {
		c.Ahead = v.T("clock_moved") + " " + v.span(offset)
	}
	return c
}

// span is a length of time in words: ۷ روز و ۳ ساعت.
func (v *view) span(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "unit_day"}, {time.Hour, "unit_hour"}, {time.Minute, "unit_minute"}} {
		if n := d / u.unit; n > 0 && len(parts) < 2 {
			if n > 1 {
				u.name += "s"
			}
			parts = append(parts, v.Num(int64(n))+" "+v.T(u.name))
			d -= n * u.unit
		}
	}
	return strings.Join(parts, v.T("and"))
}

// shows tells programs what the clock shows, and whether it is being moved.
func (p *Page) shows(w http.ResponseWriter, _ *http.Request) {
	h, _ := p.run()
	if h == nil {
		http.Error(w, "the run is not ready", http.StatusServiceUnavailable)
		return
	}
	p.jump.mu.Lock()
	answer := map[string]any{"now": h.Now().UTC(), "moving": p.jump.running, "failed": p.jump.err != nil || p.jump.at.Errors > 0}
	p.jump.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(answer) // a reader that left needs no answer
}

// move starts a jump and answers at once; its progress is told by clockEvents.
func (p *Page) move(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "clock")
	h, ctx := p.run()
	if h == nil {
		http.Error(w, v.T("starting"), http.StatusServiceUnavailable)
		return
	}
	by, err := time.ParseDuration(r.FormValue("by"))
	if err != nil || by <= 0 || by > 400*24*time.Hour {
		http.Error(w, v.T("clock_bad"), http.StatusBadRequest)
		return
	}
	busy := false
	p.jump.set(func() {
		if busy = p.jump.running; !busy {
			p.jump.running, p.jump.err = true, nil
			p.jump.at = local.Jump{From: h.Now(), To: h.Now().Add(by), At: h.Now(), Steps: 1}
		}
	})
	if busy {
		http.Error(w, v.T("clock_busy"), http.StatusConflict)
		return
	}
	go func() {
		at, err := h.Jump(ctx, by, func(j local.Jump) { p.jump.set(func() { p.jump.at = j }) })
		p.jump.set(func() { p.jump.running, p.jump.err, p.jump.at = false, err, at })
	}()
	if r.Header.Get("X-Part") != "" {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// clockEvents tells the time, and the progress of a jump, as server-sent events until the page is left.
func (p *Page) clockEvents(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "clock")
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		h, ctx := p.run()
		if h == nil {
			ctx = context.Background()
		}
		p.jump.mu.Lock()
		changed := p.jump.changed
		p.jump.mu.Unlock()
		if h != nil {
			b, err := json.Marshal(p.progress(v, h))
			if err != nil {
				return // unreachable: strings and numbers
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", b); err != nil || out.Flush() != nil {
				return // the page was left
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-ctx.Done():
			return // the run stops, and its server waits for nobody
		case <-tick.C:
		case <-changed:
		}
	}
}

func (p *Page) progress(v *view, h House) map[string]any {
	p.jump.mu.Lock()
	running, at, err := p.jump.running, p.jump.at, p.jump.err
	p.jump.mu.Unlock()
	c := v.clock(h.Now(), h.Offset())
	words := ""
	switch {
	case running:
		words = v.T("clock_running") + " " + v.Long(at.At)
	case err != nil:
		words = v.T("clock_stopped") + " " + err.Error()
	case at.Done:
		words = v.T("clock_done") + " " + v.Num(at.Ticks) + " " + v.T("clock_ticks")
		if at.Errors > 0 {
			words += v.T("and") + v.Num(at.Errors) + " " + v.T("clock_failed_ticks")
		}
	}
	return map[string]any{"time": c.Time, "now": c.Now, "gregorian": c.Gregorian, "ahead": c.Ahead, "running": running,
		"step": at.Step, "steps": at.Steps, "words": words, "failed": err != nil || at.Errors > 0}
}
