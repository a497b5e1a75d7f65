package flow_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/link"
)

// hanging is a queue whose connection is open and silent.
type hanging struct{}

func (hanging) Send(ctx context.Context, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAQueueThatHangsIsAnsweredBeforeTheFunctionsTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newCaptureHouse(t)
		var err error
		if h.Capture, err = flow.NewCapture(flow.CaptureParts{
			Forms: playbook{"ebook": ebook}, Permissions: h.people, Queue: hanging{}, Keys: h.keys, Entropy: h.entropy, PublicURL: public,
		}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		h.want(h.post("/f/ebook", urlencoded, "email=a%40example.com"), 503)
		if took := time.Since(start); took > 7*time.Second {
			t.Errorf("answered after %v, and the function has 8 s", took)
		}
		// Who clicked is led on even so.
		h.want(h.get("/c/"+h.keys.Click(link.Click{Lead: "lead1", Send: "s", Target: pages}, today.Add(-time.Hour), "l0")), 302)
	})
}

func TestAFloodFromManyAddressesDoesNotFillTheMemory(t *testing.T) {
	h := newCaptureHouse(t)
	token := h.keys.Click(link.Click{Lead: "lead1", Send: "s", Target: pages}, today.Add(-time.Hour), "l0")
	for i := range 11_000 {
		h.ip = "2001:db8::" + string(rune('a'+i%26)) + strings.Repeat("1", i%50) + time.Duration(i).String()
		h.want(h.post("/f/nothing", urlencoded, ""), 404)
		if i%2_000 == 0 {
			h.want(h.get("/c/"+token), 302)
		}
		h.log.Reset()
	}
	h.want(h.post("/f/ebook", urlencoded, "email=a%40example.com"), 202)
}

// Whatever a stranger sends, the answer is theirs to bear: never a 5xx, never a
// redirect elsewhere, and whatever was queued is read by ingest.
func FuzzNoRequestGivesAServerError(f *testing.F) {
	h := newCaptureHouse(f)
	for _, kind := range []link.Purpose{link.ForUnsubscribe, link.ForPreferences, link.ForConfirm} {
		f.Add("POST", map[link.Purpose]string{link.ForUnsubscribe: "/u/", link.ForPreferences: "/p/", link.ForConfirm: "/confirm/"}[kind]+h.keys.Person(kind, link.Person{Lead: "lead1"}, today), urlencoded, "List-Unsubscribe=One-Click&do=save", html)
	}
	f.Add("POST", "/f/ebook", urlencoded, "email=a%40example.com&return=//evil.com&_ms=5&topics[]=crm", html)
	f.Add("POST", "/f/soft", "application/json", `{"email":"a@example.com","_token":"x","need":"\u202e"}`, "*/*")
	f.Add("POST", "/b", "text/plain", `{"visitor":"abcdefghijklmnop","id":"1","sent":1,"activities":[{"type":"page.viewed","ago":1e9}]}`, "")
	f.Add("GET", "/c/"+h.keys.Click(link.Click{Lead: "lead1", Target: pages}, today, ""), "", "", html)
	f.Add("GET", "/f/ebook/thanks?d=x&l=en", "", "", html)
	f.Fuzz(func(t *testing.T, method, path, kind, body, accept string) {
		if len(path) == 0 || path[0] != '/' || strings.ContainsAny(path+method, " \t\r\n\x00") || method == "" {
			return
		}
		for _, r := range method {
			if r < 'A' || r > 'Z' {
				return
			}
		}
		r, err := newRequest(method, path, body)
		if err != nil {
			return // the edge answers 400
		}
		h := newCaptureHouse(t)
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Accept", accept)
		w := h.do(r)
		if w.Code >= 500 {
			t.Fatalf("answered %d: %s", w.Code, w.Body)
		}
		if to := w.Header().Get("Location"); to != "" && !strings.HasPrefix(to, public) && !strings.HasPrefix(to, pages) && !strings.HasPrefix(to, "/p/") && !strings.HasPrefix(to, "https://shop.example.com") {
			t.Fatalf("sent to %s", to)
		}
		h.activities()
		if strings.Contains(w.Body.String(), "<svg") {
			t.Fatal("markup comes through")
		}
	})
}

func newRequest(method, path, body string) (r *http.Request, err error) {
	defer func() {
		if recover() != nil { // httptest panics on what is no request
			err = errors.New("not a request")
		}
	}()
	return httptest.NewRequest(method, path, strings.NewReader(body)), nil
}
