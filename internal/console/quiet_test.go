package console

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

type deliveries struct{ bodies [][]byte }

func (d *deliveries) SendAll(_ context.Context, bodies [][]byte) error {
	d.bodies = append(d.bodies, bodies...)
	return nil
}

func TestAPersonAtTheConsoleTellsTheBestAndLetsTheOthersBe(t *testing.T) {
	s, queue := memory.New(), &deliveries{}
	p, err := source.Read(os.DirFS("../../playbook"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), store.Playbook{Pointer: store.Pointer{Number: 1, Name: p.Name}, Compiled: p.JSON()}, 0); err != nil {
		t.Fatal(err)
	}
	var ds []store.Decision
	for i := range 350 {
		key := store.DecisionKey{Lead: lead.ID(fmt.Sprintf("lead%012d", i)), Kind: "handover", N: 1}
		body := flow.Delivery{Format: 1, Key: key.String(), Lead: key.Lead, Kind: key.Kind, N: 1, Quiet: true}
		ds = append(ds, store.Decision{DecisionKey: key, Quiet: true, Done: map[string]int64{"quiet": 1}, Body: body.Encode(),
			Rank: fmt.Sprintf("%010d#r#handover#%06d#", 1, 500_000-50-i)})
	}
	for _, err := range s.RecordDecisions(t.Context(), ds) {
		if err != nil {
			t.Fatal(err)
		}
	}
	user := "leila"
	books := flow.NewBooks(s)
	c := &Console{Store: s, Playbook: books.InForce, Open: books.Open, Deliveries: queue, Visit: func(*http.Request) Visit {
		return Visit{Now: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), User: user, RequestID: "r1", Log: slog.New(slog.DiscardHandler)}
	}}
	call := func(method, path, body string) (int, map[string]any) {
		t.Helper()
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		var out map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		return w.Code, out
	}
	_, list := call("GET", "/api/quiet", "")
	first := list["quiet"].([]any)[0].(map[string]any)
	best := first["best"].([]any)[0].(map[string]any)
	if list["count"] != 350.0 || first["count"] != 350.0 || first["kind"] != "handover" || best["id"] != "lead000000000349" || best["total"] != 399.0 {
		t.Errorf("%v", list)
	}
	say := func(tell string) (int, map[string]any) {
		return call("POST", "/api/quiet", `{"playbook":1,"cause":"r","kind":"handover",`+tell+`}`)
	}
	if code, out := say(`"tell":"top","top":10`); code != 200 || out["told"] != 10.0 || len(queue.bodies) != 10 {
		t.Fatalf("%d %v, %d messages", code, out, len(queue.bodies))
	}
	d, err := s.ReadDecision(t.Context(), ds[349].DecisionKey)
	if err != nil || d.By != "leila" || d.Quiet {
		t.Errorf("%+v, %v", d, err)
	}
	passed := 0.0
	for calls := 0; ; calls++ {
		code, out := say(`"tell":"none"`)
		if code != 200 || calls > 5 {
			t.Fatalf("%d %v", code, out)
		}
		if passed += out["passed"].(float64); out["more"] == false {
			break
		}
	}
	if passed != 340 || len(queue.bodies) != 10 {
		t.Errorf("%v were let be, %d messages", passed, len(queue.bodies))
	}
	if code, out := say(`"tell":"all"`); code != 200 || out["told"] != 0.0 || len(queue.bodies) != 20 { // queued once more, in case
		t.Errorf("%d %v, %d messages", code, out, len(queue.bodies))
	}
	for _, wrong := range []string{`"tell":"some"`, `"tell":"top"`, `"tell":"all","who":"x"`} {
		if code, out := say(wrong); code != 400 || out["code"] == "" {
			t.Errorf("%s: %d %v", wrong, code, out)
		}
	}
	if user = ""; true {
		if code, _ := say(`"tell":"all"`); code != 400 {
			t.Errorf("nobody said it: %d", code)
		}
	}
}
