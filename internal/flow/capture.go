package flow

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/nurture"
)

// Visit is what the edge knows of one request: the time, the caller's address
// as the API saw it, and where to log.
type Visit struct {
	Now       time.Time
	IP        string
	RequestID string
	Log       *slog.Logger
}

type visitKey struct{}

// WithVisit hands a visit to Capture.
func WithVisit(ctx context.Context, v Visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

// Forms gives the forms of the published playbook. An unknown name is
// store.ErrNotFound.
type Forms interface {
	Form(ctx context.Context, name string) (*form.Config, error)
	Site(ctx context.Context) (Site, error)
}

// Site is what our own pages say about the business.
type Site struct {
	Name   nurture.Text
	Topics []nurture.Topic
	Zone   *time.Location // UTC where nil
}

// Preferences is what a person chose.
type Preferences struct {
	Paused    time.Time // zero or past: not paused
	Fewer     bool
	TopicsOff []string
	Texts     bool // they agreed to marketing by text message
}

// Permissions shows and writes what a person decided about their mail, each
// by one conditional write on the recipient item, before the person is
// answered. A lead that is unknown or erased is no error: nothing is written,
// and the answer is the same for whoever asks. OnRecipient is the one we run.
type Permissions interface {
	Preferences(ctx context.Context, lead string) (Preferences, error)
	Withdraw(ctx context.Context, lead, channel, purpose string, at time.Time) error
	Pause(ctx context.Context, lead string, until, now time.Time) error
	Prefer(ctx context.Context, lead string, fewer bool, topicsOff []string, now time.Time) error
	Confirm(ctx context.Context, lead, channel, purpose string, at time.Time) error
}

// ActivityQueue takes one message for ingest. A nil error means that it is
// kept.
type ActivityQueue interface {
	Send(ctx context.Context, body []byte) error
}

// Capture is the public side: forms, beacons, signed links, permission. It is
// an http.Handler; each request must carry a Visit.
type Capture struct {
	CaptureParts
	hosts   []string // that a browser may be sent to
	posts   *limiter
	beacons *limiter
}

// CaptureParts is what Capture is made of.
type CaptureParts struct {
	Forms       Forms
	Permissions Permissions
	Queue       ActivityQueue
	Keys        *link.Keys
	Entropy     io.Reader // random; for ids and form tokens
	PublicURL   string    // where people reach us, without a slash at the end
	PagesURL    string    // where the landing pages are; PublicURL when empty
}

// How often one address may call one process. The API throttles each route for
// all callers together; this keeps one caller from using that up. It counts in
// this process only, which is what a guard without storage can do.
const (
	postsAMinute   = 60
	beaconsAMinute = 600
)

// requestTime bounds the calls of one request, below the function's timeout, so
// that an answer is given even when a store hangs.
const requestTime = 6 * time.Second

// NewCapture checks its parts.
func NewCapture(p CaptureParts) (*Capture, error) {
	c := &Capture{CaptureParts: p, posts: newLimiter(postsAMinute), beacons: newLimiter(beaconsAMinute)}
	if p.PagesURL == "" {
		c.PagesURL = p.PublicURL
	}
	for _, address := range []string{c.PublicURL, c.PagesURL} {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || strings.HasSuffix(address, "/") {
			return nil, errors.New("capture: public and pages URL must be absolute, without a slash at the end")
		}
		c.hosts = append(c.hosts, u.Host)
	}
	return c, nil
}

// ServeHTTP routes. Paths are compared as they were sent: an encoded slash is
// not a slash.
func (c *Capture) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, ok := r.Context().Value(visitKey{}).(Visit)
	if !ok {
		http.Error(w, "no visit in the request's context", http.StatusInternalServerError)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTime)
	defer cancel()
	a := &ask{Capture: c, Visit: v, w: w, r: r.WithContext(ctx), locale: localeOf(r)}
	a.route(strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/"))
}

// ask is one request with what is needed to answer it.
type ask struct {
	*Capture
	Visit
	w      http.ResponseWriter
	r      *http.Request
	locale string
	asked  *form.Config // the form that is posted to, once it is known
}

func (a *ask) route(path []string) {
	for _, s := range path {
		if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "%\\") {
			a.refuse(notFound())
			return
		}
	}
	const read = "GET, HEAD"
	switch first := path[0]; {
	case first == "s.js" && len(path) == 1:
		a.only(read, a.script)
	case first == "b" && len(path) == 1:
		a.only("POST", a.beacon)
	case first == "f" && len(path) == 2:
		a.only("POST", func() { a.form(path[1]) })
	case first == "f" && len(path) == 3 && path[2] == "thanks":
		a.only(read, func() { a.thanks(path[1]) })
	case first == "d" && len(path) == 2:
		a.only(read, func() { a.download(path[1]) })
	case first == "c" && len(path) == 2:
		a.only(read, func() { a.click(path[1]) })
	case first == "o" && len(path) == 2:
		a.only(read, func() { a.opened(path[1]) })
	case first == "p" && len(path) == 2:
		a.only(read+", POST", func() { a.preferences(path[1]) })
	case first == "u" && len(path) == 2:
		a.only(read+", POST", func() { a.unsubscribe(path[1]) })
	case first == "confirm" && len(path) == 2:
		a.only(read+", POST", func() { a.confirm(path[1]) })
	default:
		a.refuse(notFound())
	}
}

// only answers other methods with 405, and OPTIONS with what there is: who may
// read answers across origins is the API's setting, not ours.
func (a *ask) only(methods string, act func()) {
	for m := range strings.SplitSeq(methods, ", ") {
		if a.r.Method == m {
			act()
			return
		}
	}
	a.w.Header().Set("Allow", methods)
	if a.r.Method == http.MethodOptions {
		a.w.WriteHeader(http.StatusNoContent)
		return
	}
	a.refuse(&form.Fault{Status: http.StatusMethodNotAllowed, Code: "method", Detail: "this address takes " + methods})
}

// looking tells that nobody did anything: HEAD, or a browser that fetches ahead
// of a click that may not come.
func (a *ask) looking() bool {
	if a.r.Method == http.MethodHead {
		return true
	}
	for _, h := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if v := strings.ToLower(strings.Join(a.r.Header.Values(h), ",")); strings.Contains(v, "prefetch") || strings.Contains(v, "preview") || strings.Contains(v, "prerender") {
			return true
		}
	}
	return false
}
