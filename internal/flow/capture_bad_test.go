package flow_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/link"
)

// bad is one bad input and its answer. Its name stands in docs/inputs.md.
type bad struct {
	name   string
	path   string // /f/ebook where empty
	method string // POST where empty
	kind   string // urlencoded where empty, "-" for none
	body   string
	header []string
	status int
	code   string // of the problem
	field  string // of its first error, "field: code"
	held   string // 202: why it is held
}

func badInputs(h *captureHouse) []bad {
	const jsonKind = "application/json"
	deep := func(n int) string {
		return `{"email":"a@example.com","x":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}"
	}
	many := func(n int, sep, form string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(sep)
			}
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	parts := func(n int) string {
		return many(n, "", "--B\r\nContent-Disposition: form-data; name=\"k%d\"\r\n\r\nv\r\n") + "--B--\r\n"
	}
	email := func(s string) string { b, _ := json.Marshal(map[string]string{"email": s}); return string(b) }
	token := func(form string, age time.Duration) string { return h.keys.Form(form, h.now.Add(-age), link.Nonce{9}) }
	good := token("ebook", time.Minute)
	list := []bad{
		{name: "row 1: a body of 64 KiB and one byte", body: "email=" + strings.Repeat("a", 64<<10-5), status: 413, code: "too_large"},
		{name: "row 2: a body of 9 MB", body: strings.Repeat("a", 9<<20), status: 413, code: "too_large"},
		{name: "row 3: a compressed body", body: "\x1f\x8b\x08", header: []string{"Content-Encoding", "gzip"}, status: 415, code: "content_type"},
		{name: "row 4: a body that unpacks to gigabytes", body: strings.Repeat("\x1f\x8b\x08\x00", 4000), header: []string{"Content-Encoding", "gzip, gzip"}, status: 415, code: "content_type"},
		{name: "row 5: no content type", kind: "-", body: "email=a@example.com", status: 415, code: "content_type"},
		{name: "row 6: JSON as text/plain on a form", kind: "text/plain", body: email("a@example.com"), status: 415, code: "content_type"},
		{name: "row 8: PUT", method: "PUT", status: 405, code: "method"},
		{name: "row 8: TRACE", method: "TRACE", status: 405, code: "method"},
		{name: "row 12: an encoded way up", path: "/f/..%2fadmin", status: 404, code: "not_found"},
		{name: "row 12: a form that nobody made", path: "/f/nothing", body: "email=a@example.com", status: 404, code: "not_found"},
		{name: "row 13: a key twice in JSON", kind: jsonKind, body: `{"email":"a@example.com","email":"b@example.com"}`, status: 400, code: "duplicate_key", field: "email: repeated"},
		{name: "row 14: EMAIL for email", kind: jsonKind, body: `{"EMAIL":"a@example.com"}`, status: 400, code: "fields", field: "email: required"},
		{name: "row 15: two JSON documents", kind: jsonKind, body: email("a@example.com") + email("b@example.com"), status: 400, code: "json"},
		{name: "row 16: JSON 21 deep", kind: jsonKind, body: deep(22), status: 400, code: "depth"},
		{name: "row 16: JSON 11,000 deep", kind: jsonKind, body: deep(11_000), status: 400, code: "depth"},
		{name: "row 17: the number 1e400", kind: jsonKind, body: `{"email":"a@example.com","staff":1e400}`, status: 400, code: "number"},
		{name: "row 17: NaN", kind: jsonKind, body: `{"email":"a@example.com","staff":NaN}`, status: 400, code: "json"},
		{name: "row 17: NaN in a browser post", body: "email=a@example.com&staff=NaN", status: 400, code: "fields", field: "staff: number"},
		{name: "row 17: minus zero", kind: jsonKind, body: `{"email":"a@example.com","staff":-0}`, status: 400, code: "number"},
		{name: "row 17: two to the 63rd", kind: jsonKind, body: `{"email":"a@example.com","staff":9223372036854775808}`, status: 400, code: "number"},
		{name: "row 18: a byte order mark", kind: jsonKind, body: "\xef\xbb\xbf" + email("a@example.com"), status: 400, code: "json"},
		{name: "row 19: half a surrogate pair", kind: jsonKind, body: `{"email":"a@example.com","need":"\ud800"}`, status: 400, code: "encoding"},
		{name: "row 20: NUL in JSON", kind: jsonKind, body: `{"email":"a@example.com","need":"a\u0000b"}`, status: 400, code: "encoding"},
		{name: "row 20: NUL in a browser post", body: "email=a@example.com&need=a%00b", status: 400, code: "encoding"},
		{name: "row 21: null for a required field", kind: jsonKind, body: `{"email":null}`, status: 400, code: "fields", field: "email: required"},
		{name: "row 22: a number for an address", kind: jsonKind, body: `{"email":5}`, status: 400, code: "fields", field: "email: type"},
		{name: "row 22: an object for an address", kind: jsonKind, body: `{"email":{"a":1}}`, status: 400, code: "fields", field: "email: required"},
		{name: "row 22: true for a name", kind: jsonKind, body: `{"email":"a@example.com","first_name":true}`, status: 400, code: "fields", field: "first_name: type"},
		{name: "row 23: 10,000 unknown keys", kind: jsonKind, body: `{` + many(4000, ",", `"k%d":1`) + `}`, status: 400, code: "too_many_fields"},
		{name: "row 24: __proto__", kind: jsonKind, body: `{"email":"a@example.com","__proto__":{"admin":true}}`, status: 202},
		{name: "row 25: 10,001 parameters", body: "email=a@example.com&" + many(6000, "&", "k%d=1"), status: 400, code: "too_many_fields"},
		{name: "row 25: one parameter 10,001 times", body: strings.Repeat("k=1&", 10_001), status: 400, code: "too_many_fields"},
		{name: "row 26: a bare semicolon", body: "email=a@example.com;b=2", status: 400, code: "encoding"},
		{name: "row 27: a broken percent sequence", body: "email=a%40example.com&need=%zz", status: 400, code: "encoding"},
		{name: "row 28: email twice", body: "email=a@example.com&email=b@example.com", status: 400, code: "fields", field: "email: repeated"},
		{name: "row 29: 1,001 parts", kind: "multipart/form-data; boundary=B", body: parts(1001), status: 400, code: "too_many_fields"},
		{name: "row 30: a file", kind: "multipart/form-data; boundary=B", body: "--B\r\nContent-Disposition: form-data; name=\"email\"; filename=\"x.exe\"\r\n\r\nMZ\r\n--B--\r\n", status: 400, code: "file"},
		{name: "row 30: a multipart body that breaks off", kind: "multipart/form-data; boundary=B", body: "--B\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b", status: 400, code: "multipart"},
		{name: "row 31: the charset utf-7", kind: urlencoded + "; charset=utf-7", body: "email=a@example.com", status: 415, code: "content_type"},
		{name: "row 32: a field of 10,001 characters", body: "email=a@example.com&need=" + strings.Repeat("a", 10_001), status: 400, code: "fields", field: "need: too_long"},
		{name: "row 33: an address with CR LF", kind: jsonKind, body: email("a@example.com\r\nBcc: b@example.com"), status: 400, code: "fields", field: "email: email"},
		{name: "row 33: an address with CR LF at its end", kind: jsonKind, body: email("a@example.com\r\n"), status: 400, code: "fields", field: "email: email"},
		{name: "row 34: two addresses", kind: jsonKind, body: email("a@example.com,b@example.com"), status: 400, code: "fields", field: "email: email"},
		{name: "row 35: an address with a name", kind: jsonKind, body: email("Name <a@example.com>"), status: 400, code: "fields", field: "email: email"},
		{name: "row 35: an address with a comment", kind: jsonKind, body: email("a@example.com (home)"), status: 400, code: "fields", field: "email: email"},
		{name: "row 36: a domain without a dot", kind: jsonKind, body: email("a@b"), status: 400, code: "fields", field: "email: email"},
		{name: "row 37: an address literal", kind: jsonKind, body: email("a@[127.0.0.1]"), status: 400, code: "fields", field: "email: email"},
		{name: "row 37: an IP address as a domain", kind: jsonKind, body: email("a@127.0.0.1"), status: 400, code: "fields", field: "email: email"},
		{name: "row 38: a quoted local part", kind: jsonKind, body: email(`"a b"@c.com`), status: 400, code: "fields", field: "email: email"},
		{name: "row 39: 65 characters before the @", kind: jsonKind, body: email(strings.Repeat("a", 65) + "@example.com"), status: 400, code: "fields", field: "email: email"},
		{name: "row 40: Persian letters before the @", kind: jsonKind, body: email("مریم@example.com"), status: 400, code: "fields", field: "email: smtputf8_unsupported"},
		{name: "row 43: an address of the SES simulator", kind: jsonKind, body: email("bounce@simulator.amazonses.com"), status: 202},
		{name: "row 45: the honeypot is filled", body: "email=a@example.com&website=http%3A%2F%2Fspam.example", status: 202, held: "honeypot"},
		{name: "row 46: filled in 300 ms", body: "email=a@example.com&_ms=300", status: 202, held: "fast"},
		{name: "row 46: posted with a token of this second", body: "email=a@example.com&_token=" + token("ebook", 300*time.Millisecond), status: 202, held: "fast"},
		{name: "row 47: a token that has expired", body: "email=a@example.com&_token=" + token("ebook", 25*time.Hour), status: 400, code: "token"},
		{name: "row 47: a token of another form", body: "email=a@example.com&_token=" + token("strict", time.Minute), status: 400, code: "token"},
		{name: "row 47: a token from pieces of two", body: "email=a@example.com&_token=" + good[:20] + token("ebook", 2*time.Minute)[20:], status: 400, code: "token"},
		{name: "row 47: an expired token where the form holds", path: "/f/soft", body: "email=a@example.com&_token=" + token("soft", 25*time.Hour), status: 202, held: "token"},
		{name: "row 48: no token where the form wants one", path: "/f/strict", body: "email=a@example.com", status: 400, code: "token"},
		{name: "row 48: no token in plain static HTML", body: "email=a@example.com", status: 202},
		{name: "row 57: a click id with a bad signature", method: "GET", path: "/c/" + good, status: 404, code: "not_found"},
		{name: "an option that the form does not have", body: "email=a@example.com&role=emperor", status: 400, code: "fields", field: "role: option"},
		{name: "a phone number of letters", body: "email=a@example.com&mobile=call+me", status: 400, code: "fields", field: "mobile: phone"},
		{name: "a lead named by our own id", kind: jsonKind, body: `{"email":"lead:abc"}`, status: 400, code: "fields", field: "email: email"},
		{name: "an empty body", status: 400, code: "fields", field: "email: required"},
		{name: "a body that is one value", kind: jsonKind, body: `5`, status: 400, code: "shape"},
		{name: "a key that is a value and a group", body: "email=a@example.com&a=1&a[b]=2", status: 400, code: "shape"},
	}
	for _, to := range []string{"//evil.com", `/\evil.com`, "https:evil.com", "https://www.example.com@evil.com/", "https://www.example.com.evil.com/", "javascript:alert(1)",
		"https://evil.com", "http://shop.example.com/", "https://ѕhop.example.com/", "https://shop.example.com:444/", "\thttps://evil.com", "https://shop.example.com\\@evil.com", "data:text/html,x", "evil.com", "///evil.com", "/%0d%0aSet-Cookie:x", "https://[::1]/", "ftp://shop.example.com/", "https:///evil.com", "https:/evil.com", `\\evil.com`, "/../..//evil.com", "https://shop.example.com.:443/", "https://127.0.0.1/", "HTTPS://EVIL.COM/", "https://shop.example.com%2f@evil.com"} {
		b := bad{name: "row 56: return to " + to, kind: jsonKind, status: 400, code: "return"}
		body, _ := json.Marshal(map[string]string{"email": "a@example.com", "return": to})
		b.body = string(body)
		if to == "/%0d%0aSet-Cookie:x" { // a path of ours, however odd: it stays encoded
			b.status, b.code = 202, ""
		}
		list = append(list, b)
	}
	return list
}

func TestBadInputHasItsAnswer(t *testing.T) {
	for _, b := range badInputs(newCaptureHouse(t)) {
		t.Run(b.name, func(t *testing.T) {
			for _, accept := range []string{"*/*", html} {
				h := newCaptureHouse(t)
				w := h.do(b.request(accept))
				status := b.status
				if accept == html && status == 202 {
					status = 303
				}
				if w.Code != status {
					t.Fatalf("%s: answered %d, want %d: %s", accept, w.Code, status, w.Body)
				}
				if status >= 400 {
					b.refused(t, h, w, accept)
					continue
				}
				a := h.one()
				why, _ := a.Property("held")
				if why.Text != b.held || (a.Flags&activity.Held != 0) != (b.held != "") {
					t.Errorf("held for %q with flags %b, want %q", why.Text, a.Flags, b.held)
				}
			}
		})
	}
}

func (b bad) request(accept string) *http.Request {
	path, method, kind := b.path, b.method, b.kind
	if path == "" {
		path = "/f/ebook"
	}
	if method == "" {
		method = "POST"
	}
	if kind == "" {
		kind = urlencoded
	}
	r := httptest.NewRequest(method, path, strings.NewReader(b.body))
	r.Header.Set("Accept", accept)
	if kind != "-" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(b.header); i += 2 {
		r.Header.Set(b.header[i], b.header[i+1])
	}
	return r
}

func (b bad) refused(t *testing.T, h *captureHouse, w *httptest.ResponseRecorder, accept string) {
	t.Helper()
	if w.Header().Get("Location") != "" || len(h.queue.bodies) != 0 {
		t.Error("refused, and sent on or queued all the same")
	}
	if strings.Contains(w.Body.String(), "evil.com") || strings.Contains(w.Body.String(), "example.com,") {
		t.Errorf("the answer repeats what was sent: %s", w.Body)
	}
	if b.status == 405 && w.Header().Get("Allow") != "POST" {
		t.Errorf("Allow is %q", w.Header().Get("Allow"))
	}
	if accept == html {
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Body.String(), "<h1>") || strings.Contains(w.Body.String(), "<h1></h1>") {
			t.Errorf("a browser gets %s", w.Body)
		}
		return
	}
	var p struct {
		Status    int
		Code      string
		RequestID string
		Errors    []struct{ Field, Code, Message string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("not a problem: %s", w.Body)
	}
	if p.Status != b.status || p.Code != b.code || p.RequestID != "req-1" {
		t.Errorf("the problem is %s, want code %s", w.Body, b.code)
	}
	if b.field != "" && (len(p.Errors) == 0 || p.Errors[0].Field+": "+p.Errors[0].Code != b.field || p.Errors[0].Message == "") {
		t.Errorf("the fields are %v, want %s first", p.Errors, b.field)
	}
}

func TestRow9TheLimitCountsTheRealAddress(t *testing.T) {
	h := newCaptureHouse(t)
	refused := 0
	for i := range 1000 {
		w := h.post("/f/ebook", urlencoded, "email=a%40example.com", "X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i%250), "X-Real-IP", "192.0.2.1")
		if w.Code == 429 {
			refused++
			if w.Header().Get("Retry-After") == "" {
				t.Fatal("429 without Retry-After")
			}
		}
	}
	if refused != 940 {
		t.Errorf("%d of 1,000 posts a minute were refused, want 940 (row 49)", refused)
	}
	h.now = h.now.Add(time.Minute)
	h.want(h.post("/f/ebook", urlencoded, "email=a%40example.com"), 202)
	h.ip = "203.0.113.8"
	h.want(h.post("/f/ebook", urlencoded, "email=a%40example.com"), 202)
}

func TestRow10And11HeadersThatMeanNothingToUsChangeNothing(t *testing.T) {
	h := newCaptureHouse(t)
	r := httptest.NewRequest("POST", "/f/ebook", strings.NewReader("email=a%40example.com"))
	r.Header.Set("Content-Type", urlencoded)
	r.Header.Set("Origin", "https://nobody.example")
	r.Header.Set("Cookie", strings.Repeat("c", 9000))
	for i := range 200 {
		r.Header.Set(fmt.Sprintf("X-Header-%d", i), "x")
	}
	w := h.want(h.do(r), 202)
	for name := range w.Header() {
		if strings.HasPrefix(name, "Access-Control") || name == "Set-Cookie" {
			t.Errorf("answered with %s", name)
		}
	}
}

func TestRow41And42OneAddressIsOneLead(t *testing.T) {
	for typed, want := range map[string]string{
		"a@مثال.com": "a@xn--mgbh0fb.com", "A@EXAMPLE.com": "a@example.com", " a@example.com ": "a@example.com", "a@xn--mgbh0fb.com": "a@xn--mgbh0fb.com",
	} {
		h := newCaptureHouse(t)
		b, _ := json.Marshal(map[string]string{"email": typed})
		h.want(h.post("/f/ebook", "application/json", string(b)), 202)
		if got := h.one().Who.Email; got != want {
			t.Errorf("%q is kept as %q, want %q", typed, got, want)
		}
	}
}

func TestRow48ATokenUsedTwiceGivesTheFirstAnswer(t *testing.T) {
	h := newCaptureHouse(t)
	token := h.keys.Form("strict", h.now.Add(-time.Minute), link.Nonce{7})
	one := h.want(h.post("/f/strict", urlencoded, "email=a%40example.com&_token="+token), 202).Body.String()
	two := h.want(h.post("/f/strict", urlencoded, "email=a%40example.com&_token="+token), 202).Body.String()
	if all := h.activities(); one != two || all[0].ID != all[1].ID {
		t.Errorf("answered %s, then %s", one, two)
	}
}

func TestRow50UnsubscribingNobodyIsAnsweredAlike(t *testing.T) {
	h := newCaptureHouse(t)
	var bodies []string
	for _, lead := range []string{"lead1", "erased", "unknown"} {
		w := h.want(h.post("/u/"+h.keys.Person(link.ForUnsubscribe, link.Person{Lead: lead}, h.now), urlencoded, "List-Unsubscribe=One-Click"), 200)
		bodies = append(bodies, w.Body.String())
	}
	if bodies[0] != bodies[1] || bodies[0] != bodies[2] {
		t.Error("the answer tells whether the lead exists")
	}
	if h.all["lead1"].Consents("email", "marketing", false) {
		t.Error("the consent stands")
	}
}

func TestRow51To54TextStaysTextAndIsCleaned(t *testing.T) {
	h := newCaptureHouse(t)
	for typed, want := range map[string]string{
		`=HYPERLINK("http://evil.example")`: `=HYPERLINK("http://evil.example")`,
		`<svg onload=alert(1)>`:             `<svg onload=alert(1)>`,
		`{{.Secret}} ${7*7}`:                `{{.Secret}} ${7*7}`,
		"مریم\u202egnp.exe":                 "مریمgnp.exe",
		"a" + strings.Repeat("\u0301", 500): "a\u0301\u0301\u0301",
		"نیم\u200cفاصله":                    "نیم\u200cفاصله",
		"a\x1b[31mb\nc":                     "a [31mb c",
	} {
		h.queue.bodies = nil
		b, _ := json.Marshal(map[string]string{"email": "a@example.com", "first_name": typed})
		h.want(h.post("/f/ebook", "application/json", string(b)), 202)
		if got := h.one().Profile[0].Value.Text; got != want {
			t.Errorf("%q is kept as %q, want %q", typed, got, want)
		}
	}
}

func TestRow55AUserAgentWithALineBreakIsOneLineOfTheLog(t *testing.T) {
	h := newCaptureHouse(t)
	h.post("/f/ebook", urlencoded, "email=canary%40example.com&first_name=x%0a{%22level%22}", "User-Agent", "x\x1b\n{\"message\":\"forged\"}")
	for line := range strings.Lines(h.log.String()) {
		var v map[string]any
		if json.Unmarshal([]byte(line), &v) != nil || v["message"] == "forged" {
			t.Errorf("a forged line: %s", line)
		}
	}
	if strings.Contains(h.log.String(), "canary") || strings.Contains(h.log.String(), "203.0.113") {
		t.Errorf("an address is in the log: %s", h.log)
	}
}

func TestRow65OnlyTheRightPostUnsubscribes(t *testing.T) {
	h := newCaptureHouse(t)
	path := "/u/" + h.keys.Person(link.ForUnsubscribe, link.Person{Lead: "lead1", Channel: "email", Purpose: "marketing"}, h.now)
	multipart := "--B\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--B--\r\n"
	agents := []string{browser, "Mozilla/5.0 (compatible; Googlebot/2.1)", "", "Barracuda Sentinel", "Mail/3.0"}
	tried := 0
	for _, agent := range agents {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"} {
			for _, body := range []string{"", "List-Unsubscribe=One-Click"} {
				r := httptest.NewRequest(method, path, strings.NewReader(body))
				r.Header.Set("Content-Type", urlencoded)
				r.Header.Set("User-Agent", agent)
				r.Header.Set("Sec-Purpose", "prefetch")
				w := h.do(r)
				tried++
				if want := map[string]int{"GET": 200, "HEAD": 200, "OPTIONS": 204}[method]; want != 0 && w.Code != want || w.Code == 303 {
					t.Errorf("%s: answered %d", method, w.Code)
				}
			}
		}
		for kind, body := range map[string]string{
			urlencoded:                        "List-Unsubscribe=One-Clic",
			urlencoded + "; charset=utf-8":    "list-unsubscribe=One-Click",
			"application/json":                `{"List-Unsubscribe":"One-Click"}`,
			"multipart/form-data; boundary=B": strings.Replace(multipart, "One-Click", "no", 1),
			"text/plain":                      "List-Unsubscribe=One-Click",
			"":                                "",
		} {
			h.want(h.post(path, kind, body, "User-Agent", agent), 400)
			tried++
		}
	}
	if tried < 100 || !h.all["lead1"].Consents("email", "marketing", false) || len(h.queue.bodies) != 0 {
		t.Fatalf("after %d wrong tries the consent is gone or something was queued", tried)
	}
	for kind, body := range map[string]string{urlencoded: "List-Unsubscribe=One-Click", "multipart/form-data; boundary=B": multipart} {
		h.all["lead1"].Grant("email", "marketing", h.now.Add(-time.Hour), "v1", "test")
		w := h.want(h.post(path, kind, body, "User-Agent", ""), 200)
		if w.Header().Get("Location") != "" || h.all["lead1"].Consents("email", "marketing", false) {
			t.Error("not done at once")
		}
	}
	all := h.activities()
	if len(all) != 2 || all[0].ID != all[1].ID || all[0].Type != activity.MailUnsubscribed || all[0].Consent[0].Granted {
		t.Errorf("queued %+v", all)
	}
}

// docs/inputs.md promises an answer for each row and names the test that holds
// us to it.
func TestTheTableOfBadInputsNamesTheTests(t *testing.T) {
	table, err := os.ReadFile("../../docs/inputs.md")
	if err != nil {
		t.Fatal(err)
	}
	for row := 1; row <= 67; row++ {
		if !strings.Contains(string(table), fmt.Sprintf("| %d |", row)) {
			t.Errorf("docs/inputs.md has no row %d", row)
		}
	}
	for _, b := range badInputs(newCaptureHouse(t)) {
		row, _, ok := strings.Cut(strings.TrimPrefix(b.name, "row "), ":")
		if ok && !strings.Contains(string(table), fmt.Sprintf("| %s |", row)) {
			t.Errorf("%s is not in docs/inputs.md", b.name)
		}
	}
}
