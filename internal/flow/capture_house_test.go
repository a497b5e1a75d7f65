package flow_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

var today = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

const (
	public  = "https://leads.example.com"
	pages   = "https://www.example.com"
	secret  = "a link secret for tests, long enough"
	browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
)

// captureHouse is a Capture with a queue and permissions in memory, and a log
// that is looked at.
type captureHouse struct {
	t testing.TB
	*flow.Capture
	keys  *link.Keys
	queue *queue
	people
	now time.Time
	ip  string
	log *bytes.Buffer

	entropy io.Reader
}

type queue struct {
	mu     sync.Mutex
	bodies [][]byte
	err    error
}

func (q *queue) Send(_ context.Context, body []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	q.bodies = append(q.bodies, bytes.Clone(body))
	return nil
}

// people keeps real recipients by lead.
type people struct {
	mu  *sync.Mutex
	all map[string]*nurture.Recipient
	err *error
}

func (p people) change(id string, f func(*nurture.Recipient)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *p.err != nil {
		return *p.err
	}
	if r := p.all[id]; r != nil && r.Erased == 0 {
		f(r)
	}
	return nil
}

func (p people) Preferences(_ context.Context, id string) (out flow.Preferences, err error) {
	err = p.change(id, func(r *nurture.Recipient) {
		out = flow.Preferences{Paused: time.Unix(r.Paused, 0), Fewer: r.Fewer, TopicsOff: r.TopicsOff, Texts: r.Consents("sms", "marketing", false)}
	})
	return out, err
}

func (p people) Withdraw(_ context.Context, id, channel, purpose string, at time.Time) error {
	return p.change(id, func(r *nurture.Recipient) { r.Withdraw(channel, purpose, at) })
}

func (p people) Pause(_ context.Context, id string, until, now time.Time) error {
	return p.change(id, func(r *nurture.Recipient) { r.Pause(until, now) })
}

func (p people) Prefer(_ context.Context, id string, fewer bool, off []string, _ time.Time) error {
	return p.change(id, func(r *nurture.Recipient) { r.Prefer(fewer, off) })
}

func (p people) Confirm(_ context.Context, id, channel, purpose string, at time.Time) error {
	return p.change(id, func(r *nurture.Recipient) { r.Confirm(channel, purpose, at) })
}

type playbook map[string]*form.Config

func (p playbook) Form(_ context.Context, name string) (*form.Config, error) {
	if name == "broken" {
		return nil, errors.New("the store is down")
	}
	if f, ok := p[name]; ok {
		return f, nil
	}
	return nil, store.ErrNotFound
}

func (p playbook) Site(context.Context) (flow.Site, error) {
	return flow.Site{
		Name:   nurture.Text{Fa: "دفتریار", En: "Daftaryar"},
		Topics: []nurture.Topic{{Name: "news", Title: nurture.Text{Fa: "خبرها", En: "News"}}, {Name: "offers", Title: nurture.Text{Fa: "پیشنهادها", En: "Offers"}}},
	}, nil
}

var ebook = &form.Config{
	Name: "ebook", Honeypot: "website", MinSeconds: 1, Hosts: []string{"shop.example.com"},
	Fields: []form.Field{
		{Name: "email", Type: form.Email, Identity: form.IdentityEmail, Required: true},
		{Name: "mobile", Type: form.Phone, Identity: form.IdentityPhone},
		{Name: "first_name", Attribute: "first_name"},
		{Name: "role", Type: form.Choice, Attribute: "role", Options: []form.Option{{Value: "sales_manager", Label: form.Text{Fa: "مدیر فروش"}}, {Value: "owner"}}},
		{Name: "staff", Type: form.Number, Attribute: "staff"},
		{Name: "need", Type: form.Long},
		{Name: "topics", Type: form.Many, Options: []form.Option{{Value: "crm"}, {Value: "invoice"}}},
	},
	Consents: []form.Consent{{Name: "consent_email", Channel: "email", Purpose: "marketing", Wording: "v1", Text: form.Text{Fa: "ایمیل بفرستید"}}},
	Magnet:   &form.Magnet{Name: "guide", URL: "/guide-fa.html", Title: form.Text{Fa: "دریافت کتاب", En: "Get the book"}},
}

func newCaptureHouse(t testing.TB) *captureHouse {
	t.Helper()
	keys, err := link.NewKeys(secret)
	if err != nil {
		t.Fatal(err)
	}
	required, hold := *ebook, *ebook
	required.Name, required.Token = "strict", form.TokenRequired
	hold.Name, hold.Token = "soft", form.TokenHold
	h := &captureHouse{
		t: t, keys: keys, queue: &queue{}, now: today, ip: "203.0.113.7", log: &bytes.Buffer{}, entropy: rand.NewChaCha8([32]byte{1}),
		people: people{mu: &sync.Mutex{}, all: map[string]*nurture.Recipient{"lead1": {ID: "lead1"}, "erased": {ID: "erased", Erased: 1}}, err: new(error)},
	}
	h.all["lead1"].Grant("email", "marketing", today.Add(-time.Hour), "v1", "form:ebook")
	h.Capture, err = flow.NewCapture(flow.CaptureParts{
		Forms: playbook{"ebook": ebook, "strict": &required, "soft": &hold}, Permissions: h.people, Queue: h.queue, Keys: keys,
		Entropy: h.entropy, PublicURL: public, PagesURL: pages,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// do sends one request as the edge would hand it over.
func (h *captureHouse) do(r *http.Request) *httptest.ResponseRecorder {
	h.t.Helper()
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", browser)
	}
	w := httptest.NewRecorder()
	v := flow.Visit{Now: h.now, IP: h.ip, RequestID: "req-1", Log: slog.New(slog.NewJSONHandler(h.log, nil))}
	h.ServeHTTP(w, r.WithContext(flow.WithVisit(r.Context(), v)))
	return w
}

func (h *captureHouse) get(path string) *httptest.ResponseRecorder {
	return h.do(httptest.NewRequest("GET", path, nil))
}

// post sends a body with headers given as name, value, ….
func (h *captureHouse) post(path, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return h.do(r)
}

const (
	urlencoded = "application/x-www-form-urlencoded"
	html       = "text/html,application/xhtml+xml;q=0.9"
)

// activities decodes what was queued, as ingest will.
func (h *captureHouse) activities() []activity.Activity {
	h.t.Helper()
	var all []activity.Activity
	for _, b := range h.queue.bodies {
		as, err := activity.Decode(b, h.now)
		if err != nil {
			h.t.Fatalf("ingest would park what capture sent: %v\n%s", err, b)
		}
		all = append(all, as...)
	}
	return all
}

// one gives the only activity that was queued.
func (h *captureHouse) one() activity.Activity {
	h.t.Helper()
	all := h.activities()
	if len(all) != 1 {
		h.t.Fatalf("%d activities were queued, want 1", len(all))
	}
	return all[0]
}

func (h *captureHouse) want(w *httptest.ResponseRecorder, status int) *httptest.ResponseRecorder {
	h.t.Helper()
	if w.Code != status {
		h.t.Fatalf("answered %d, want %d: %s", w.Code, status, w.Body)
	}
	return w
}
