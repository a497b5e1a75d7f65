// Package page is the developer's page of the local run: sample landing pages, the mailbox, the leads, the depths of
// queues, the logs, and the clock, which it can move forward.
//
// It is Persian first and needs nothing from another host. It shows what a run says of itself and knows no function.
package page

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/local"
	"github.com/sarnakh/sarnakh/internal/local/mailbox"
)

//go:embed assets templates texts.json
var files embed.FS

// House is the run that the page shows.
type House interface {
	Now() time.Time
	Offset() time.Duration
	Queues(ctx context.Context) ([]local.Queue, error)
	Functions() []local.Function
	Streams() []local.Stream
	Schedules() []local.Schedule
	URL(api string) string
	Token(api string, claims map[string]any) string
	Env() map[string]string
	Unused() []string
	Log(function string, lines int) ([]string, error)
	Jump(ctx context.Context, by time.Duration, progress func(local.Jump)) (local.Jump, error)
}

// Options says what the page shows beside the run.
type Options struct {
	Mailbox *mailbox.Mailbox
	Fonts   string         // a directory with Vazirmatn as woff2; other fonts stand in where it is empty
	Pages   string         // a directory with sample landing pages
	EnvFile string         // what to source
	Zone    *time.Location // times are shown in it; nil: UTC
	Hosts   []string       // names beside this machine's own under which the page may be asked for
}

// Page is the developer's page. It can serve before there is a run, and says then that it is starting.
type Page struct {
	options   Options
	texts     map[string]map[string]string
	templates *template.Template
	assets    fs.FS

	mu    sync.Mutex
	house House
	ctx   context.Context // of the run: a jump ends with it, not with the request that began it
	jump  jump
}

// New reads what is built in.
func New(o Options) (*Page, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	p := &Page{options: o}
	b, err := files.ReadFile("texts.json")
	if err == nil {
		err = json.Unmarshal(b, &p.texts)
	}
	if err != nil {
		return nil, fmt.Errorf("read the texts of the page: %w", err)
	}
	if p.templates, err = template.ParseFS(files, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("read the templates of the page: %w", err)
	}
	if p.assets, err = fs.Sub(files, "assets"); err != nil {
		return nil, fmt.Errorf("read the assets of the page: %w", err)
	}
	p.jump.changed = make(chan struct{})
	return p, nil
}

// Connect gives the page its run. Jumps of the clock end with ctx.
func (p *Page) Connect(ctx context.Context, h House) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.house, p.ctx = h, ctx
}

func (p *Page) run() (House, context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.house, p.ctx
}

// Handler serves the page.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.home)
	mux.HandleFunc("GET /mail", p.mail)
	mux.HandleFunc("GET /mail/{id}", p.mail)
	mux.HandleFunc("POST /mail/{id}/{answer}", p.answer)
	mux.HandleFunc("GET /leads", p.leads)
	mux.HandleFunc("GET /system", p.system)
	mux.HandleFunc("GET /log/{function}", p.log)
	mux.HandleFunc("GET /part/{part}", p.part)
	mux.HandleFunc("GET /part/{part}/{id}", p.part)
	mux.HandleFunc("GET /clock", p.shows)
	mux.HandleFunc("POST /clock", p.move)
	mux.HandleFunc("GET /clock/events", p.clockEvents)
	mux.HandleFunc("GET /state", p.state)
	mux.HandleFunc("GET /pages/", p.samplePage)
	mux.Handle("/_mailbox/", http.StripPrefix("/_mailbox", p.options.Mailbox.API()))
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(p.assets)))
	if p.options.Fonts != "" {
		for _, font := range []string{"vazirmatn-arabic-wght-normal.woff2", "vazirmatn-latin-wght-normal.woff2"} {
			mux.HandleFunc("GET /assets/"+font, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "max-age=86400")
				http.ServeFileFS(w, r, fontDir(p.options.Fonts), font)
			})
		}
	}
	// The page hands out the operator's token, so other sites must neither press its buttons nor, by a name that they
	// point at this machine, read it.
	return p.ownHostOnly(http.NewCrossOriginProtection().Handler(mux))
}

func (p *Page) ownHostOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		ok := host == "localhost" || host == "host.docker.internal"
		if a, err := netip.ParseAddr(host); err == nil {
			ok = ok || a.IsLoopback()
		}
		for _, h := range p.options.Hosts {
			ok = ok || h == host
		}
		if !ok {
			http.Error(w, "this page answers on this machine's own addresses only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// state is the run in JSON, for tests and tools.
func (p *Page) state(w http.ResponseWriter, r *http.Request) {
	h, _ := p.run()
	if h == nil {
		http.Error(w, `{"ready":false}`, http.StatusServiceUnavailable)
		return
	}
	queues, err := h.Queues(r.Context())
	out := map[string]any{
		"ready": true, "now": h.Now().UTC(), "offsetSeconds": int64(h.Offset() / time.Second), "queues": queues,
		"functions": h.Functions(), "streams": h.Streams(), "schedules": h.Schedules(), "mailEventsPending": p.options.Mailbox.Pending(),
	}
	if err != nil {
		out["queuesError"] = err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		slog.Debug("state not sent", "error", err.Error())
	}
}
