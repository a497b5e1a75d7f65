package flow_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow/web"
	"github.com/sarnakh/sarnakh/internal/link"
)

func TestABrowserPostIsOneActivityAndLeadsToTheThankYouPage(t *testing.T) {
	h := newCaptureHouse(t)
	body := url.Values{
		"email": {"Maryam@Example.IR"}, "mobile": {"۰۹۱۲ ۳۴۵ ۶۷۸۹"}, "first_name": {"مریم"}, "role": {"sales_manager"}, "staff": {"۳۵"}, "consent_email": {"on"},
		"topics": {"crm", "invoice"}, "_visitor": {"abcdefghijklmnopqrstuvwxyz"}, "_path": {"/"}, "_variant": {"b"}, "_utm_source": {"google"}, "_first_utm_source": {"instagram"},
		"website": {""}, "_ms": {"8000"},
	}.Encode()
	w := h.want(h.post("/f/ebook", urlencoded, body, "Accept", html), 303)
	a := h.one()
	if a.Type != activity.FormPosted || a.Who.Email != "maryam@example.ir" || a.Who.Visitor != "abcdefghijklmnopqrstuvwxyz" || a.Flags != 0 || a.Source != "capture" {
		t.Errorf("queued %+v", a)
	}
	for name, want := range map[string]string{"form": "ebook", "path": "/", "variant": "b", "utm_source": "google", "first_utm_source": "instagram"} {
		if v, _ := a.Property(name); v.Text != want {
			t.Errorf("property %s is %q, want %q", name, v.Text, want)
		}
	}
	if v, _ := a.Property("topics"); !slices.Equal(v.List, []string{"crm", "invoice"}) {
		t.Errorf("topics are %v", v.List)
	}
	if len(a.Profile) != 3 || a.Profile[2].Value.Number != 35 {
		t.Errorf("profile is %+v", a.Profile)
	}
	if len(a.Consent) != 1 || !a.Consent[0].Granted || !strings.HasPrefix(a.Consent[0].Wording, "v1#") {
		t.Errorf("consent is %+v", a.Consent)
	}
	to := w.Header().Get("Location")
	if !strings.HasPrefix(to, public+"/f/ebook/thanks?l=fa&d=") || strings.Contains(to, "@") || strings.Contains(strings.ToLower(to), "maryam") {
		t.Fatalf("sent to %s", to)
	}
	page := h.want(h.get(strings.TrimPrefix(to, public)), 200).Body.String()
	if !strings.Contains(page, `dir="rtl"`) || !strings.Contains(page, "دریافت کتاب") || !strings.Contains(page, "/d/") {
		t.Errorf("the thank-you page is %s", page)
	}
	if made, ok := a.ID.Made(); !ok || h.now.Sub(made) > 10*time.Minute {
		t.Errorf("id %s was made at %v", a.ID, made)
	}
}

func TestEachKindOfBodyGivesTheSameActivity(t *testing.T) {
	var multipart strings.Builder
	for _, p := range [][2]string{{"email", "a@example.com"}, {"topics", "crm"}, {"topics", "invoice"}, {"consent_email", "1"}} {
		multipart.WriteString("--B\r\nContent-Disposition: form-data; name=\"" + p[0] + "\"\r\n\r\n" + p[1] + "\r\n")
	}
	multipart.WriteString("--B--\r\n")
	var first []byte
	for kind, body := range map[string]string{
		urlencoded:                        "email=a%40example.com&topics=crm&topics=invoice&consent_email=1",
		"multipart/form-data; boundary=B": multipart.String(),
		"application/json; charset=utf-8": `{"email":"a@example.com","topics":["crm","invoice"],"consent_email":true}`,
	} {
		h := newCaptureHouse(t)
		w := h.want(h.post("/f/ebook", kind, body), 202)
		if !strings.Contains(w.Body.String(), `"download":"https://leads.example.com/d/`) {
			t.Errorf("%s: answered %s", kind, w.Body)
		}
		if first == nil {
			first = h.queue.bodies[0]
		}
		if !bytes.Equal(first, h.queue.bodies[0]) {
			t.Errorf("%s gives\n%s\nwant\n%s", kind, h.queue.bodies[0], first)
		}
	}
}

func TestADoublePostIsOneActivityWithOneAnswer(t *testing.T) {
	h := newCaptureHouse(t)
	token := h.keys.Form("ebook", h.now, link.Nonce{1, 2, 3})
	h.now = h.now.Add(time.Minute)
	for name, body := range map[string]string{"with a token": "email=a%40example.com&_token=" + token, "without": "email=b%40example.com"} {
		h.queue.bodies = nil
		one := h.post("/f/ebook", urlencoded, body, "Accept", html)
		h.now = h.now.Add(3 * time.Second)
		two := h.post("/f/ebook", urlencoded, body, "Accept", html)
		all := h.activities()
		if len(all) != 2 || all[0].ID != all[1].ID {
			t.Errorf("%s: the ids are %v", name, all)
		}
		if one.Code != 303 || one.Header().Get("Location") != two.Header().Get("Location") {
			t.Errorf("%s: the answers differ", name)
		}
	}
	h.queue.bodies = nil
	h.post("/f/ebook", urlencoded, "email=c%40example.com")
	h.post("/f/ebook", urlencoded, "email=d%40example.com")
	if all := h.activities(); all[0].ID == all[1].ID {
		t.Error("two people have one id")
	}
}

func TestNothingIsTakenWhenTheQueueOrTheStoreFails(t *testing.T) {
	h := newCaptureHouse(t)
	h.queue.err = errors.New("the queue is down")
	w := h.want(h.post("/f/ebook", urlencoded, "email=a%40example.com", "Accept", html), 503)
	if w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "چیزی ثبت نشد") {
		t.Errorf("answered %s", w.Body)
	}
	h.want(h.post("/b", "text/plain", `{"visitor":"abcdefghijklmnop","activities":[{"type":"page.viewed"}]}`), 503)
	h.want(h.post("/f/broken", urlencoded, "email=a%40example.com"), 503)
	unsubscribe := "/u/" + h.keys.Person(link.ForUnsubscribe, link.Person{Lead: "lead1"}, h.now)
	h.want(h.post(unsubscribe, urlencoded, "List-Unsubscribe=One-Click"), 503)
	h.queue.err = nil
	h.want(h.post(unsubscribe, urlencoded, "List-Unsubscribe=One-Click"), 200)
	*h.err = errors.New("the table is down")
	h.queue.bodies = nil
	h.want(h.post(unsubscribe, urlencoded, "List-Unsubscribe=One-Click"), 503)
	if len(h.queue.bodies) != 0 {
		t.Error("a withdrawal that was not written was recorded")
	}
	if strings.Contains(h.log.String(), "a@example.com") || strings.Contains(h.log.String(), "a%40") {
		t.Errorf("an address is in the log: %s", h.log)
	}
}

func TestTheBeaconTakesSeveralActivitiesInOnePost(t *testing.T) {
	h := newCaptureHouse(t)
	body := `{"visitor":"abcdefghijklmnop","id":"x1","sent":` + "1795512599000" + `,"path":"/pricing","variant":"b","source":{"utm_source":"google","referrer":"news.example/a"},
		"first":{"utm_source":"instagram"},"activities":[{"type":"page.viewed","ago":5000},{"type":"cta.clicked","name":"demo","ago":100},{"type":"form.seen","name":"ebook","ago":99999999}]}`
	h.want(h.post("/b", "text/plain;charset=UTF-8", body), 204)
	h.want(h.post("/b", "text/plain;charset=UTF-8", body), 204)
	all := h.activities()
	if len(h.queue.bodies) != 2 || len(all) != 6 {
		t.Fatalf("%d messages with %d activities", len(h.queue.bodies), len(all))
	}
	for i := range 3 {
		if all[i].ID != all[i+3].ID {
			t.Errorf("the same beacon twice has ids %s and %s", all[i].ID, all[i+3].ID)
		}
	}
	view, click, seen := all[0], all[1], all[2]
	if v, _ := view.Property("first_utm_source"); v.Text != "instagram" || !view.At.Equal(today.Add(-5*time.Second)) {
		t.Errorf("the view is %+v", view)
	}
	if v, _ := click.Property("cta"); v.Text != "demo" || click.Who.Visitor != "abcdefghijklmnop" {
		t.Errorf("the click is %+v", click)
	}
	if !seen.At.Equal(today.Add(-time.Hour)) {
		t.Errorf("a tab that slept for a day says %v", seen.At)
	}
	h.want(h.post("/b", "text/plain", `{"visitor":"abcdefghijklmnop","activities":[{"type":"deal.won"}]}`), 400)
	h.want(h.post("/b", "text/plain", `{"visitor":"me","activities":[{"type":"page.viewed"}]}`), 400)
	h.want(h.post("/b", urlencoded, `visitor=abcdefghijklmnop`), 415)
}

func TestAClickLeadsOnAndSaysWhetherAPersonClicked(t *testing.T) {
	h := newCaptureHouse(t)
	target := "https://www.example.com/pricing?utm_source=mail"
	path := func(kind, index string) string {
		return "/c/" + h.keys.Click(link.Click{Lead: "lead1", Send: "s" + index, Mail: "welcome", Target: target, Kind: kind, Track: "welcome"}, today, index)
	}
	follow := func(r *http.Request, want int) {
		t.Helper()
		w := h.want(h.do(r), 302)
		if w.Header().Get("Location") != target {
			t.Errorf("sent to %s", w.Header().Get("Location"))
		}
		if len(h.queue.bodies) != want {
			t.Errorf("%d messages were queued, want %d", len(h.queue.bodies), want)
		}
	}
	h.now = today.Add(30 * time.Second)
	follow(httptest.NewRequest("HEAD", path("", "1"), nil), 0)
	prefetch := httptest.NewRequest("GET", path("", "1"), nil)
	prefetch.Header.Set("Sec-Purpose", "prefetch;anonymous-client-ip")
	follow(prefetch, 0)
	follow(httptest.NewRequest("GET", path("offer", "1"), nil), 1)
	a := h.one()
	if id, ok := a.Who.Lead(); !ok || id != "lead1" || a.Type != activity.MailClicked || a.Flags != 0 {
		t.Errorf("queued %+v", a)
	}
	for name, want := range map[string]string{"trust": "human", "kind": "offer", "mail": "welcome", "track": "welcome", "send": "s1", "link": target} {
		if v, _ := a.Property(name); v.Text != want {
			t.Errorf("property %s is %q, want %q", name, v.Text, want)
		}
	}
	for name, r := range map[string]*http.Request{
		"a hidden link": httptest.NewRequest("GET", path("trap", "2"), nil),
		"a scanner's UA": func() *http.Request {
			r := httptest.NewRequest("GET", path("", "3"), nil)
			r.Header.Set("User-Agent", "python-requests/2.31")
			return r
		}(),
	} {
		h.queue.bodies = nil
		h.want(h.do(r), 302)
		if a := h.one(); a.Flags&activity.Machine == 0 {
			t.Errorf("%s: a person is believed to have clicked", name)
		}
	}
	h.queue.bodies, h.now = nil, today.Add(9*time.Second)
	h.get(path("", "4"))
	if a := h.one(); a.Flags&activity.Machine == 0 {
		t.Error("a click nine seconds after the send is believed")
	}
}

func TestADownloadCountsOnceForWhoeverPosted(t *testing.T) {
	h := newCaptureHouse(t)
	w := h.want(h.post("/f/ebook", urlencoded, "email=a%40example.com", "Accept", html), 303)
	posted := h.one()
	u, _ := url.Parse(w.Header().Get("Location"))
	h.queue.bodies = nil
	w = h.want(h.get("/d/"+u.Query().Get("d")), 302)
	if to := w.Header().Get("Location"); to != pages+"/guide-fa.html" {
		t.Errorf("sent to %s", to)
	}
	h.get("/d/" + u.Query().Get("d"))
	all := h.activities()
	if len(all) != 2 || all[0].ID != all[1].ID || all[0].Who.Visitor != posted.Who.Visitor || posted.Who.Visitor == "" {
		t.Errorf("queued %+v", all)
	}
	h.now = h.now.Add(31 * 24 * time.Hour)
	h.want(h.get("/d/"+u.Query().Get("d")), 410)
}

func TestThePageScriptBringsTokensOnlyForFormsThatItIsAskedFor(t *testing.T) {
	h := newCaptureHouse(t)
	w := h.want(h.get("/s.js"), 200)
	if !bytes.Equal(w.Body.Bytes(), web.Script()) || w.Header().Get("Cache-Control") != "public, max-age=3600" {
		t.Errorf("served %q", w.Body)
	}
	w = h.want(h.get("/s.js?form=strict,none"), 200)
	head, _, _ := strings.Cut(w.Body.String(), ";")
	if w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(head, `"strict":"`) || strings.Contains(head, "none") {
		t.Errorf("served %q", head)
	}
	token := strings.Split(head, `"`)[3]
	h.now = h.now.Add(2 * time.Second)
	h.want(h.post("/f/strict", urlencoded, "email=a%40example.com&_token="+token), 202)
	if h.one().Flags != 0 {
		t.Error("a good token is held")
	}
}

func TestPagesCannotBeFramedKeptOrScripted(t *testing.T) {
	h := newCaptureHouse(t)
	w := h.get("/u/" + h.keys.Person(link.ForUnsubscribe, link.Person{Lead: "lead1", Locale: "en"}, h.now))
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if p := w.Header().Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
		t.Errorf("the policy is %q", p)
	}
	if !strings.Contains(w.Body.String(), `<html lang="en" dir="ltr">`) {
		t.Error("an English link opens another page")
	}
}
