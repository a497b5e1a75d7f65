// Package console answers people who work with leads: a JSON API and the pages
// that use it. It shows what the core says and queues what people do as
// activities; it decides nothing itself.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Visit is what the edge knows of a request.
type Visit struct {
	Now       time.Time
	RequestID string
	User      string // who signed in
	Log       *slog.Logger
}

// Console is the API and the pages.
type Console struct {
	Store interface {
		LeadsInBand(ctx context.Context, key string, limit int, page string) ([]lead.ID, string, error)
		Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
		LeadOf(ctx context.Context, key store.IdentityKey) (lead.ID, error)
		ReadLedger(ctx context.Context, id lead.ID) (ledger.Item, error)
		ReadProfile(ctx context.Context, id lead.ID) (store.Profile, error)
		ReadRecipient(ctx context.Context, id string) (store.Recipient, error)
		ListDecisions(ctx context.Context, id lead.ID, page string) ([]store.Decision, string, error)
		ListWork(ctx context.Context, shard, limit int, page string) ([]store.Work, string, error)
		ListParked(ctx context.Context, day time.Time, limit int, page string) ([]store.Parked, string, error)
		ListPlaybooks(ctx context.Context, limit int, page string) ([]store.Pointer, string, error)
		flow.HistoryReader
		flow.WorkStore
		flow.BroadcastStore
		flow.BroadcastLister
		flow.QuietStore
	}
	Playbook func(ctx context.Context) (*playbook.Compiled, error)
	// Open gives any version that was published.
	Open func(ctx context.Context, number uint32) (*playbook.Compiled, error)
	// Queue takes an activity message.
	Queue func(ctx context.Context, body []byte) error
	// Deliveries takes what a person had told after all.
	Deliveries flow.Outbox
	// Secret is the key of the identity hashes.
	Secret []byte
	// SignIn is where the page signs people in; empty in the local run, whose
	// token comes with the link.
	SignIn SignIn
	// Visit reads what the edge put into the request.
	Visit func(r *http.Request) Visit
}

// SignIn is the sign-in page of the user pool (code with PKCE).
type SignIn struct {
	URL    string `json:"url"`
	Client string `json:"client"`
}

// problem is an error for a person, as RFC 9457.
type problem struct {
	status       int
	code, detail string
}

func (p *problem) Error() string { return p.detail }

func bad(code, detail string) error { return &problem{http.StatusBadRequest, code, detail} }

var errNotFound = &problem{http.StatusNotFound, "not_found", "there is no such lead"}

// Handler routes the API and the pages.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, f func(*request) (any, error)) { mux.Handle("GET "+path, c.api(f)) }
	get("/api/leads", c.leads)
	get("/api/leads/{id}", c.lead)
	get("/api/find", c.find)
	get("/api/work", c.work)
	get("/api/parked", c.parked)
	get("/api/broadcasts", c.broadcasts)
	get("/api/playbook", c.words)
	get("/api/quiet", c.quiet)
	mux.Handle("POST /api/quiet", c.api(c.say))
	mux.Handle("POST /api/leads/{id}/activities", c.api(c.act))
	mux.Handle("POST /api/broadcasts/{id}/cancel", c.api(c.cancel))
	mux.Handle("GET /api/", c.api(func(*request) (any, error) {
		return nil, &problem{http.StatusNotFound, "not_found", "no such address in the API"}
	}))
	mux.Handle("GET /", c.pages())
	return mux
}

// request is one call of the API.
type request struct {
	*http.Request
	Visit
	locale string
}

// maxBody bounds what the API reads.
const maxBody = 16 << 10

func (c *Console) api(f func(*request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, Visit: c.Visit(hr), locale: "fa"}
		if hr.URL.Query().Get("locale") == "en" {
			r.locale = "en"
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		out, err := f(r)
		if err != nil {
			var p *problem
			switch {
			case errors.As(err, &p):
			case errors.Is(err, flow.ErrNoPlaybook):
				p = &problem{http.StatusConflict, "no_playbook", "no playbook is published yet: sarnakh publish playbook/"}
			default:
				r.Log.Error("request failed", "error", err.Error())
				p = &problem{http.StatusInternalServerError, "internal", "something went wrong here; the request id helps to find it"}
			}
			h.Set("Content-Type", "application/problem+json")
			w.WriteHeader(p.status)
			write(w, r, map[string]any{"type": "about:blank", "title": http.StatusText(p.status), "status": p.status, "code": p.code, "detail": p.detail, "requestId": r.RequestID})
			return
		}
		h.Set("Content-Type", "application/json")
		write(w, r, out)
	})
}

func write(w io.Writer, r *request, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		r.Log.Error("answer not written", "error", err.Error())
	}
}
