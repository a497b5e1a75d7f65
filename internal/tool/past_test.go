package tool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sarnakh/sarnakh/internal/console"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/tool"
)

func (o *outbox) SendAll(_ context.Context, bodies [][]byte) error {
	o.bodies = append(o.bodies, bodies...)
	return o.err
}

// rescore runs jobs, and what they send, to the end.
func (h *house) rescore(t *testing.T, now time.Time, bodies ...[]byte) {
	t.Helper()
	jobs := &outbox{bodies: bodies}
	r := flow.NewRescore(h.Store, jobs, &outbox{})
	if len(bodies) == 0 {
		if err := r.Review(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	for len(jobs.bodies) > 0 {
		body := jobs.bodies[0]
		jobs.bodies = jobs.bodies[1:]
		if err := r.RunJob(t.Context(), slog.New(slog.DiscardHandler), flow.Message{ID: "j", Body: body, Received: now, Attempt: 1}, now, func() bool { return false }); err != nil {
			t.Fatal(err)
		}
	}
}

// shown is a card as the screens had it, on a day.
type shown struct {
	id   lead.ID
	day  time.Time
	card string
}

func cardOf(t *testing.T, c score.Card) string {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// live runs some weeks of the line, with late activities, revocations, a
// playbook that changes twice, and keeps every card of every evening.
func live(t *testing.T, seed uint64) (*house, []shown) {
	t.Helper()
	h, dir := newHouse(t), example(t)
	r := rand.New(rand.NewPCG(seed, 7))
	start := noon.AddDate(0, 0, -40)
	publish := func(now time.Time) {
		jobs := &outbox{}
		if _, err := tool.Publish(t.Context(), h.Store, jobs, tool.Publishing{Folder: os.DirFS(dir), Now: now}); err != nil {
			t.Fatal(err)
		}
		h.rescore(t, now, jobs.bodies...)
	}
	var cards []shown
	n := 0
	for day := range 40 {
		now := start.AddDate(0, 0, day)
		h.rescore(t, now.Add(-11*time.Hour))
		switch day {
		case 15:
			replace(t, filepath.Join(dir, "signals.yaml"), "points: 30", "points: 26")
			publish(now)
		case 28:
			replace(t, filepath.Join(dir, "signals.yaml"), "\nsignals:\n", "\nsignals:\n  any-blog: {on: page.viewed, where: {path: {prefix: /blog}}, points: 3, group: web, half_life: 20, title: {fa: وبلاگ, en: Blog}}\n")
			publish(now)
		}
		for minute := range r.IntN(4) {
			n++
			late := time.Duration(r.IntN(3)*r.IntN(60)) * time.Hour
			who := fmt.Sprintf(`"email":"p%d@example.ir"`, r.IntN(4))
			what := []string{
				`"type":"page.viewed","properties":{"path":"/pricing"}`, `"type":"page.viewed","properties":{"path":"/blog/a"}`,
				`"type":"form.posted","properties":{"form":"ebook"},"profile":{"role":"sales_manager","employees":"20-50"}`,
				`"type":"profile.changed","profile":{"role":"student"}`, `"type":"mail.clicked","properties":{"kind":"offer"}`, `"type":"call.answered","properties":{}`,
				`"type":"form.posted","properties":{"form":"demo"}`, `"type":"lead.adjusted","properties":{"points":7}`,
				fmt.Sprintf(`"type":"activity.revoked","revokes":"l%d"`, r.IntN(n+1)), `"type":"lead.returned","properties":{"reason":"not_now"}`,
			}[r.IntN(10)]
			h.take(t, now.Add(time.Duration(minute)*time.Minute), []byte(fmt.Sprintf(`{"id":"l%d","at":%q,"lead":{%s},"source":"crm",%s}`, n, now.Add(-late).Format(time.RFC3339), who, what)))
		}
		for i := range 4 {
			e := lead.Identity{Kind: lead.ByEmail, Value: fmt.Sprintf("p%d@example.ir", i)}
			id, err := h.LeadOf(t.Context(), store.IdentityOf("email", e.Hash(key)))
			if err != nil {
				continue // has not come yet
			}
			d, err := tool.Day(now.Format(time.DateOnly))
			if err != nil {
				t.Fatal(err)
			}
			card, err := h.desk.Card(t.Context(), id, d)
			if err != nil {
				t.Fatal(err)
			}
			cards = append(cards, shown{id, now, cardOf(t, card)})
		}
	}
	return h, cards
}

func TestACardOfAPastDayIsTheOneThatWasShownThen(t *testing.T) {
	for seed := range uint64(4) {
		h, cards := live(t, seed)
		if len(cards) < 60 {
			t.Fatalf("%d cards: too dull", len(cards))
		}
		for _, c := range cards {
			day, err := tool.Day(c.day.Format(time.DateOnly))
			if err != nil {
				t.Fatal(err)
			}
			past, err := h.desk.AsOf(t.Context(), c.id, day, false)
			if err != nil {
				t.Fatal(err)
			}
			if got := cardOf(t, past.Card); got != c.card {
				t.Fatalf("seed %d, %s on %s:\n%s", seed, c.id, day, cmp.Diff(pretty(t, c.card), pretty(t, got)))
			}
		}
	}
}

func pretty(t *testing.T, doc string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(doc), "", " "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheToolAndTheAPIOfThePageShowTheSameCardOfADay(t *testing.T) {
	h, cards := live(t, 2)
	books := flow.NewBooks(h.Store)
	site := (&console.Console{Store: h.Store, Playbook: books.InForce, Open: books.Open, Secret: key, Visit: func(*http.Request) console.Visit {
		return console.Visit{Now: noon, RequestID: "r", Log: slog.New(slog.DiscardHandler)}
	}}).Handler()
	api := func(path string) (int, map[string]json.RawMessage) {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		var out map[string]json.RawMessage
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s: %v: %s", path, err, w.Body)
		}
		return w.Code, out
	}
	for _, c := range cards[len(cards)-30:] {
		at := c.day.Format(time.DateOnly)
		code, got := api("/api/leads/" + string(c.id) + "?at=" + at)
		if code != 200 || string(got["card"]) != c.card || string(got["at"]) != `"`+at+`"` {
			t.Fatalf("%s on %s: %d %s, want %s", c.id, at, code, got["card"], c.card)
		}
		day, err := tool.Day(at)
		if err != nil {
			t.Fatal(err)
		}
		text := persian.Latin(h.show(t, tool.Showing{Name: string(c.id), Locale: "fa", At: day}))
		var card score.Card
		if err := json.Unmarshal([]byte(c.card), &card); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, fmt.Sprintf("جمع %d · ", card.Total)) || !strings.Contains(text, fmt.Sprintf("دفترچه‌ی %d · ", card.Playbook)) {
			t.Errorf("%s on %s, total %d under %d:\n%s", c.id, at, card.Total, card.Playbook, text)
		}
	}
	for query, want := range map[string]int{"at=yesterday": 400, "at=2027-01-01": 400, "at=2026-01-01": 200} {
		if code, _ := api("/api/leads/" + string(cards[0].id) + "?" + query); code != want {
			t.Errorf("%s: %d, want %d", query, code, want)
		}
	}
}

func TestHindsightCountsWhatCameLateAndNotWhatWasRevokedSince(t *testing.T) {
	h := newHouse(t)
	was := noon.AddDate(0, 0, -10)
	h.take(t, was, []byte(`{"id":"h1","type":"form.posted","lead":{"email":"sara@example.ir"},"properties":{"form":"ebook"},"source":"crm"}`),
		[]byte(`{"id":"h2","type":"page.viewed","lead":{"email":"sara@example.ir"},"properties":{"path":"/pricing"},"source":"crm"}`))
	h.take(t, noon, []byte(`{"id":"h3","type":"form.posted","at":"`+was.Format(time.RFC3339)+`","lead":{"email":"sara@example.ir"},"properties":{"form":"demo"},"source":"crm"}`),
		[]byte(`{"id":"h4","type":"activity.revoked","revokes":"h2","lead":{"email":"sara@example.ir"},"source":"crm"}`))
	day, err := tool.Day(was.Format(time.DateOnly))
	if err != nil {
		t.Fatal(err)
	}
	then := h.show(t, tool.Showing{Name: "sara@example.ir", Locale: "en", At: day, Log: true})
	known := h.show(t, tool.Showing{Name: "sara@example.ir", Locale: "en", At: day, Hindsight: true, Log: true})
	if !strings.Contains(then, "as it was shown on") || strings.Contains(then, "Asked for a demo (") || strings.Contains(then, "(revoked)") || !strings.Contains(then, "path=/pricing") {
		t.Errorf("then:\n%s", then)
	}
	if !strings.Contains(known, "hindsight") || !strings.Contains(known, "Asked for a demo (") || strings.Contains(known, "path=/pricing") {
		t.Errorf("with hindsight:\n%s", known)
	}
}
