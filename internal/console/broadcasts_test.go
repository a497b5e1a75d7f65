package console

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

func TestABroadcastIsListedWithItsCountsAndCancelledOnceByTheFirst(t *testing.T) {
	s := memory.New()
	p := &playbook.Playbook{Format: playbook.Format, Number: 1, Name: "small", Zone: "Asia/Tehran", Fields: decision.Fields(),
		Business: playbook.Business{Locales: []string{"fa"}}, Score: score.Config{Bands: []score.Band{{Name: "cold"}}, Grades: score.Grades{Fit: [3]int{28, 18, 8}, Engagement: [3]int{40, 25, 10}}, Fit: score.Limits{Min: -1, Max: 1}, Engagement: score.Limits{Min: -1, Max: 1}},
		Nurture: nurture.Config{Zone: "Asia/Tehran"}}
	if err := s.Publish(t.Context(), store.Playbook{Pointer: store.Pointer{Number: 1}, Compiled: p.JSON()}, 0); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	b := &nurture.Broadcast{ID: "yalda", Title: "یلدا", Mail: "yalda", Audience: nurture.Everybody, At: now.Add(time.Hour).Unix(), By: "sara",
		Expected: nurture.Expected{At: now.Unix(), Members: 3, Sent: 1, Rest: []nurture.ExpectedReason{{Kind: "held", Reason: nurture.Weekend, Count: 2, Until: now.Unix()}}}}
	if err := flow.WriteBroadcast(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	user := "reza"
	books := flow.NewBooks(s)
	c := &Console{Store: s, Playbook: books.InForce, Open: books.Open, Visit: func(*http.Request) Visit {
		return Visit{Now: now, User: user, RequestID: "r1", Log: slog.New(slog.DiscardHandler)}
	}}
	call := func(method, path string, want int) (out map[string]any) {
		t.Helper()
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("{}")))
		if w.Code != want {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	list := call("GET", "/api/broadcasts", 200)["broadcasts"].([]any)
	one := list[0].(map[string]any)
	rest := one["rest"].([]any)[0].(map[string]any)
	if len(list) != 1 || one["state"] != "planned" || one["audience"] != "همه" || rest["reason"] != "روز تعطیل هفته" || rest["count"] != 2.0 {
		t.Fatalf("%v", list)
	}
	got := call("POST", "/api/broadcasts/yalda/cancel", 200)
	if got["state"] != "cancelled" || got["cancelledBy"] != "reza" || got["settled"] != "2026-11-24T08:01:00Z" {
		t.Fatalf("%v", got)
	}
	user = "sara"
	if got := call("POST", "/api/broadcasts/yalda/cancel", 200); got["cancelledBy"] != "reza" {
		t.Fatalf("the first who cancels counts: %v", got)
	}
	call("POST", "/api/broadcasts/nope/cancel", 404)
}
