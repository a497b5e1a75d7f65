package console

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

func serve(t *testing.T, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	s := memory.New()
	books := flow.NewBooks(s)
	c := &Console{Store: s, Playbook: books.InForce, Open: books.Open, Secret: []byte("k"), SignIn: SignIn{URL: "https://x.example", Client: "c"},
		Visit: func(*http.Request) Visit {
			return Visit{Now: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), RequestID: "r1", Log: slog.New(slog.DiscardHandler)}
		}}
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("{}")))
	return w
}

func TestWhatIsNotThereIsAClearProblemNeverA500(t *testing.T) {
	for path, want := range map[string]int{
		"/api/leads": 409, "/api/leads/abcdefghijklmnop": 409, "/api/leads/short": 404, "/api/find?email=nope": 400, "/api/find": 400,
		"/api/find?email=a@b.example": 404, "/api/parked?day=yesterday": 400, "/api/nothing": 404, "/api/work": 200, "/api/parked": 200,
		"/api/broadcasts": 409,
	} {
		w := serve(t, "GET", path)
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
		if w.Code < 400 {
			continue
		}
		var p struct{ Code, Detail, RequestID string }
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code == "" || p.Detail == "" || p.RequestID != "r1" {
			t.Errorf("%s: not a problem that helps: %s", path, w.Body)
		}
	}
	for _, body := range []string{"/api/leads/abcdefghijklmnop/activities"} {
		if w := serve(t, "POST", body); w.Code != 400 {
			t.Errorf("POST %s without a type: %d", body, w.Code)
		}
	}
}

func TestThePagesHoldNoDataAndRunOnlyOurScript(t *testing.T) {
	for path, kind := range map[string]string{"/": "text/html", "/assets/app.js": "javascript", "/assets/style.css": "text/css", "/assets/config.json": "application/json"} {
		w := serve(t, "GET", path)
		if w.Code != 200 || !strings.Contains(w.Header().Get("Content-Type"), kind) || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	for _, path := range []string{"/assets/../console.go", "/etc/passwd", "/assets/nothing.js", "/assets/"} {
		if w := serve(t, "GET", path); w.Code == 200 {
			t.Errorf("%s was served", path)
		}
	}
}
