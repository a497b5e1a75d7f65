package page

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/sarnakh/sarnakh/internal/local"
	"github.com/sarnakh/sarnakh/internal/local/mailbox"
)

// stillHouse is a run in which nothing moves but the clock. The page is tested against a real run by the local run's own
// tests; here it has to show states that are hard to bring about.
type stillHouse struct {
	console string
	offset  time.Duration
	queues  error
	hold    chan struct{} // a jump waits for it halfway
}

func (h *stillHouse) Now() time.Time {
	return time.Date(2026, 11, 24, 11, 34, 0, 0, time.UTC).Add(h.offset)
}
func (h *stillHouse) Offset() time.Duration { return h.offset }
func (h *stillHouse) Queues(context.Context) ([]local.Queue, error) {
	return []local.Queue{
		{LogicalID: "ActivitiesQueue", Function: "IngestFunction", Visible: 1234, Hidden: 2},
		{LogicalID: "ActivitiesQueueDeadLetters", DeadOf: "ActivitiesQueue", Visible: 3},
		{LogicalID: "TicksDeadLetters", Visible: 9},
	}, h.queues
}
func (h *stillHouse) Functions() []local.Function {
	return []local.Function{{LogicalID: "IngestFunction", Invocations: 7, Errors: 1, Busytime: 70 * time.Millisecond, LastError: "Runtime.ExitError: <b>boom</b>"}}
}
func (h *stillHouse) Streams() []local.Stream {
	return []local.Stream{{Table: "LedgerTable", Function: "DispatchFunction", Records: 5}}
}
func (h *stillHouse) Schedules() []local.Schedule {
	return []local.Schedule{{Function: "NurtureFunction", Event: "Tick", Expression: "rate(1 minute)", Next: h.Now().Add(time.Minute)}}
}
func (h *stillHouse) URL(api string) string {
	if api == "ConsoleApi" {
		return h.console
	}
	return "http://127.0.0.1:8701"
}
func (h *stillHouse) Token(string, map[string]any) string { return "operator" }
func (h *stillHouse) Env() map[string]string {
	return map[string]string{"PUBLIC_URL": "http://127.0.0.1:8701", "LINK_SECRET": "hush", "LINK_SECRET_ARN": "arn:x"}
}
func (h *stillHouse) Unused() []string { return []string{"line 12: AWS::Logs::LogGroup"} }
func (h *stillHouse) Log(string, int) ([]string, error) {
	return []string{`{"msg":"batch done"}`}, nil
}
func (h *stillHouse) Jump(_ context.Context, by time.Duration, progress func(local.Jump)) (local.Jump, error) {
	j := local.Jump{From: h.Now(), To: h.Now().Add(by), At: h.Now(), Step: 1, Steps: 2}
	progress(j)
	<-h.hold
	h.offset += by
	j.At, j.Step, j.Ticks, j.Done = j.To, 2, 60, true
	return j, nil
}

type site struct {
	t     *testing.T
	url   string
	house *stillHouse
	box   *mailbox.Mailbox
	page  *Page
}

func serve(t *testing.T) *site {
	t.Helper()
	console := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer operator" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"leads":[{"id":"l1","name":"سارا","email":"sara@example.com","score":128,"band":"hot","bandTitle":"داغ"}]}`)
	}))
	t.Cleanup(console.Close)
	pages := t.TempDir()
	for name, text := range map[string]string{
		"en.html": `<html lang="en"><title>Free guide</title><form action="{{public_url}}/f/ebook">`,
		"fa.html": `<html lang="fa" dir="rtl"><head><title>راهنمای رایگان</title><form action="{{ public_url }}/f/ebook">`,
	} {
		if err := os.WriteFile(filepath.Join(pages, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	box, err := mailbox.Open(mailbox.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	box.Connect(func(context.Context, []byte) error { return nil }, time.Now)
	zone, err := time.LoadLocation("Asia/Tehran")
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Options{Mailbox: box, Pages: pages, EnvFile: ".local/env", Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(p.Handler())
	t.Cleanup(s.Close)
	h := &stillHouse{console: console.URL, hold: make(chan struct{})}
	p.Connect(t.Context(), h)
	return &site{t, s.URL, h, box, p}
}

func (s *site) get(path string) string {
	s.t.Helper()
	res, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

func (s *site) post(path string, form url.Values) (int, string) {
	s.t.Helper()
	req, _ := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Part", "1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func (s *site) send() string {
	s.t.Helper()
	ses := httptest.NewServer(s.box.SES())
	defer ses.Close()
	out, err := sesv2.New(sesv2.Options{Region: "eu-central-1", BaseEndpoint: &ses.URL, Credentials: credentials.NewStaticCredentialsProvider("K", "x", "")}).
		SendEmail(s.t.Context(), &sesv2.SendEmailInput{
			FromEmailAddress: aws.String("=?utf-8?q?=D8=B3=D8=A7=D8=B1=D8=A7?= <news@example.com>"), Destination: &types.Destination{ToAddresses: []string{"sara@example.com"}},
			Content: &types.EmailContent{Simple: &types.Message{Subject: &types.Content{Data: aws.String("<b>راهنما</b>")},
				Body:        &types.Body{Text: &types.Content{Data: aws.String("سلام <script>")}},
				Attachments: []types.Attachment{{FileName: aws.String("invite.ics"), ContentType: aws.String("text/calendar"), RawContent: []byte("BEGIN:VCALENDAR")}},
				Headers:     []types.MessageHeader{{Name: aws.String("X-Kind"), Value: aws.String("asked-for")}}}}})
	if err != nil {
		s.t.Fatal(err)
	}
	return *out.MessageId
}

func wantAll(t *testing.T, where, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q:\n%s", where, part, text)
		}
	}
}

func TestThePageIsPersianFirstAndEnglishByASwitch(t *testing.T) {
	s := serve(t)
	fa := s.get("/")
	wantAll(t, "the Persian page", fa, `lang="fa" dir="rtl"`, "سه‌شنبه ۳ آذر ۱۴۰۵، ۱۵:۰۴", "2026-11-24 15:04", "۱٬۲۳۶", "راهنمای رایگان")
	if strings.Index(fa, "راهنمای رایگان") > strings.Index(fa, "Free guide") {
		t.Error("the English sample comes first")
	}
	wantAll(t, "the English page", s.get("/?lang=en"), `lang="en" dir="ltr"`, "1,236", "Free guide")
}

func TestALandingPagePostsToThisRun(t *testing.T) {
	s := serve(t)
	wantAll(t, "the page", s.get("/pages/fa.html"), `action="http://127.0.0.1:8701/f/ebook"`)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/pages/fa.html", nil)
	req.Header.Set("Sec-Fetch-Dest", "iframe")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	framed, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	wantAll(t, "the page in a frame", string(framed), `<head><base target="_blank">`)
	for _, path := range []string{"/pages/../page.go", "/pages/none.html", "/pages/%2e%2e/page.go"} {
		if body := s.get(path); strings.Contains(body, "package") {
			t.Errorf("%s gave away %s", path, body)
		}
	}
}

func TestAMailIsShownWithWhatBecameOfItAndCanBeAnswered(t *testing.T) {
	s := serve(t)
	wantAll(t, "the empty mailbox", s.get("/mail"), "هنوز ایمیلی فرستاده نشده است")
	id := s.send()
	wantAll(t, "the list", s.get("/mail"), "/mail/"+id, "&lt;b&gt;راهنما", "sara@example.com")
	wantAll(t, "the mail", s.get("/mail/"+id), "سارا &lt;news@example.com&gt;", `sandbox="allow-popups`, "رسید", "پیوست‌ها", "/_mailbox/mails/"+id+"/attachments/0")
	wantAll(t, "its text", s.get("/mail/"+id+"?view=text"), "سلام &lt;script&gt;")
	wantAll(t, "its headers", s.get("/mail/"+id+"?view=headers"), "X-Kind: asked-for")
	if status, body := s.post("/mail/"+id+"/Bounce", nil); status != http.StatusOK {
		t.Errorf("bounce: %d %s", status, body)
	}
	wantAll(t, "its events", s.get("/part/events/"+id), "برگشت خورد", "550 5.1.1")
	if status, _ := s.post("/mail/"+id+"/Nonsense", nil); status != http.StatusBadRequest {
		t.Errorf("an answer that there is none: %d", status)
	}
	wantAll(t, "a search for nothing", s.get("/mail?q=zzz"), "هیچ ایمیلی با این جست‌وجو نخواند")
	wantAll(t, "a mail that is gone", s.get("/mail/none"), "چنین ایمیلی نیست")
}

func TestQueuesShowTheirDeadLettersAndFunctionsTheirErrors(t *testing.T) {
	s := serve(t)
	s.house.queues = errors.New("MiniStack is away")
	page := s.get("/system?lang=en")
	wantAll(t, "the page", page, "ActivitiesQueue", "1,234", `n bad">3`, `n bad">9`, "&lt;b&gt;boom&lt;/b&gt;", "10ms", "MiniStack is away", "LINK_SECRET_ARN", "AWS::Logs::LogGroup")
	if strings.Contains(page, "hush") || strings.Contains(page, "QueueDeadLetters</bdi>") {
		t.Error("a secret is shown, or dead letters have a row of their own")
	}
	wantAll(t, "a log", s.get("/log/IngestFunction"), "batch done")
	if body := s.get("/part/log/..%2f..%2fetc%2fpasswd"); !strings.Contains(body, "404") {
		t.Errorf("a log of no function: %s", body)
	}
}

func TestLeadsComeFromTheConsole(t *testing.T) {
	s := serve(t)
	wantAll(t, "the list", s.get("/leads"), "سارا", "sara@example.com", "۱۲۸", "داغ", "/#token=operator")
	s.house.console = "http://127.0.0.1:1"
	wantAll(t, "the list without a console", s.get("/part/leads?lang=en"), "The console did not answer", "connection refused")
}

func TestTheClockMovesOnceAtATimeAndTellsItsProgress(t *testing.T) {
	s := serve(t)
	res, err := http.Get(s.url + "/clock/events?lang=en")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	next := func(until string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), until) {
				return
			}
		}
		t.Fatalf("the stream ended before %s", until)
	}
	next(`"running":false`)
	if status, body := s.post("/clock", url.Values{"by": {"1h"}}); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	next(`"step":1,"steps":2`)
	if status, _ := s.post("/clock", url.Values{"by": {"1h"}}); status != http.StatusConflict {
		t.Errorf("a second jump at once: %d", status)
	}
	close(s.house.hold)
	next("Done. 60 scheduled runs")
	wantAll(t, "the page afterwards", s.get("/?lang=en"), "Ahead of real time: 1 hour<")
	for _, by := range []string{"", "-1h", "99999h", "x"} {
		if status, _ := s.post("/clock", url.Values{"by": {by}}); status != http.StatusBadRequest {
			t.Errorf("by %q: %d", by, status)
		}
	}
}

func TestOtherSitesCanNeitherReadNorPress(t *testing.T) {
	s := serve(t)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/clock", strings.NewReader("by=1h"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if res, err := http.DefaultClient.Do(req); err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %v, %v", res, err)
	}
	req, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/leads", nil)
	req.Host = "rebound.example"
	if res, err := http.DefaultClient.Do(req); err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("a name that was pointed here: %v, %v", res, err)
	}
}

func TestBeforeTheRunStandsThePageSaysSo(t *testing.T) {
	s := serve(t)
	s.page.Connect(t.Context(), nil)
	for _, path := range []string{"/", "/mail", "/leads", "/system", "/log/IngestFunction"} {
		wantAll(t, path, s.get(path), "در حال راه‌اندازی", `http-equiv="refresh"`)
	}
}

func TestEveryTextIsThereInBothLanguagesAndUsed(t *testing.T) {
	s := serve(t)
	source := ""
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source += string(b)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.page.texts)) {
		if s.page.texts[key]["fa"] == "" || s.page.texts[key]["en"] == "" {
			t.Errorf("%s lacks a language", key)
		}
		built := regexp.MustCompile(`^(event|view|unit)_`).MatchString(key)
		if !built && !strings.Contains(source, `"`+key+`"`) {
			t.Errorf("%s is used nowhere", key)
		}
	}
	for _, m := range regexp.MustCompile(`\.T "([A-Za-z_ ]+)"`).FindAllStringSubmatch(source, -1) {
		if s.page.texts[m[1]] == nil {
			t.Errorf("%s has no text", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`v\.T\("([A-Za-z_ ]+)"\)`).FindAllStringSubmatch(source, -1) {
		if s.page.texts[m[1]] == nil && !strings.HasSuffix(m[1], "_") {
			t.Errorf("%s has no text", m[1])
		}
	}
}

func TestTheStateIsThereForTools(t *testing.T) {
	s := serve(t)
	var state struct {
		Ready  bool
		Queues []local.Queue
	}
	if err := json.Unmarshal([]byte(s.get("/state")), &state); err != nil || !state.Ready || len(state.Queues) != 3 {
		t.Errorf("%+v, %v", state, err)
	}
}

func TestStylesAreLogicalSoThatBothDirectionsFit(t *testing.T) {
	b, err := os.ReadFile("assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	physical := regexp.MustCompile(`(?m)(margin|padding|border)-(left|right)|[{;]\s*(left|right|float):|text-align: right`)
	if m := physical.FindString(string(b)); m != "" {
		t.Errorf("a physical property: %s", m)
	}
}
