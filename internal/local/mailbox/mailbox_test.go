package mailbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/sarnakh/sarnakh/internal/mail"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// heard collects what the mailbox publishes.
type heard struct {
	mu     sync.Mutex
	events []map[string]any
	fail   bool
}

func (h *heard) publish(_ context.Context, b []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail {
		return errors.New("no topic")
	}
	var e map[string]any
	if err := json.Unmarshal(b, &e); err != nil {
		return err
	}
	h.events = append(h.events, e)
	return nil
}

func (h *heard) types() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.events {
		out = append(out, e["eventType"].(string))
	}
	return strings.Join(out, " ")
}

func open(t *testing.T, dir string, h *heard) (*Mailbox, *sesv2.Client) {
	t.Helper()
	m, err := Open(Options{Dir: dir, From: []string{"سرنخ <news@mail.example.com>"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	m.Connect(h.publish, func() time.Time { return noon })
	s := httptest.NewServer(m.SES())
	t.Cleanup(s.Close)
	return m, sesv2.New(sesv2.Options{Region: "eu-central-1", BaseEndpoint: &s.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("LOCAL", "local", "")})
}

func settle(t *testing.T, m *Mailbox) {
	t.Helper()
	for end := time.Now().Add(time.Minute); m.Pending() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d events are still to be published", m.Pending())
		}
	}
}

func simple(to string) *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress:     aws.String("news@mail.example.com"),
		Destination:          &types.Destination{ToAddresses: []string{to}},
		ConfigurationSetName: aws.String("sarnakh"),
		EmailTags:            []types.MessageTag{{Name: aws.String("send_id"), Value: aws.String("s1")}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: &types.Content{Data: aws.String("راهنمای شما")},
			Body:    &types.Body{Html: &types.Content{Data: aws.String("<html dir=rtl><body>سلام</body></html>")}, Text: &types.Content{Data: aws.String("سلام")}},
			Headers: []types.MessageHeader{
				{Name: aws.String("List-Unsubscribe"), Value: aws.String("<http://127.0.0.1:1/u/x>, <mailto:u@mail.example.com>")},
				{Name: aws.String("List-Unsubscribe-Post"), Value: aws.String("List-Unsubscribe=One-Click")},
			},
		}},
	}
}

func TestAMailKeepsItsHeadersAndTagsAndSaysThatItWasDelivered(t *testing.T) {
	h := &heard{}
	m, c := open(t, t.TempDir(), h)
	sent, err := c.SendEmail(t.Context(), simple("Sara@Example.com"))
	if err != nil {
		t.Fatal(err)
	}
	settle(t, m)
	k, err := m.Get(*sent.MessageId)
	if err != nil {
		t.Fatal(err)
	}
	if k.Header("list-unsubscribe-post") != "List-Unsubscribe=One-Click" || k.UnsubscribeURL() != "http://127.0.0.1:1/u/x" {
		t.Errorf("headers: %+v", k.Headers)
	}
	if k.Tags["send_id"][0] != "s1" || k.Tags["ses:configuration-set"][0] != "sarnakh" || k.Subject != "راهنمای شما" || k.Text != "سلام" {
		t.Errorf("mail: %+v", k)
	}
	if h.types() != "Send Delivery" {
		t.Errorf("events: %s", h.types())
	}
	mail := h.events[1]["mail"].(map[string]any)
	if mail["messageId"] != *sent.MessageId || mail["timestamp"] != "2026-11-24T12:00:00.000Z" ||
		mail["tags"].(map[string]any)["send_id"].([]any)[0] != "s1" || mail["destination"].([]any)[0] != "Sara@Example.com" {
		t.Errorf("event: %+v", mail)
	}
	if list, n := m.List(Filter{To: "sara@example.com", Tag: "send_id:s1"}); n != 1 || list[0].ID != k.ID {
		t.Errorf("found %d: %+v", n, list)
	}
	if _, n := m.List(Filter{To: "other@example.com"}); n != 0 {
		t.Errorf("a stranger got %d mails", n)
	}
}

func TestABulkMailIsOneMailAnEntryWithItsOwnTagsHeadersAndData(t *testing.T) {
	h := &heard{}
	m, c := open(t, t.TempDir(), h)
	entry := func(to, data string) types.BulkEmailEntry {
		return types.BulkEmailEntry{
			Destination:             &types.Destination{ToAddresses: []string{to}},
			ReplacementTags:         []types.MessageTag{{Name: aws.String("send_id"), Value: aws.String(strings.Split(to, "@")[0])}},
			ReplacementHeaders:      []types.MessageHeader{{Name: aws.String("List-Unsubscribe"), Value: aws.String("<https://x.example/u/" + to + ">")}},
			ReplacementEmailContent: &types.ReplacementEmailContent{ReplacementTemplate: &types.ReplacementTemplate{ReplacementTemplateData: &data}},
		}
	}
	out, err := c.SendBulkEmail(t.Context(), &sesv2.SendBulkEmailInput{
		FromEmailAddress: aws.String("news@mail.example.com"),
		DefaultContent: &types.BulkEmailContent{Template: &types.Template{
			TemplateContent: &types.EmailTemplateContent{Subject: aws.String("{{subject}}"), Html: aws.String("<p>{{body}} {{ who.name }}")},
			TemplateData:    aws.String(`{"subject":"default","who":{"name":"دوست"}}`),
			Headers:         []types.MessageHeader{{Name: aws.String("List-Unsubscribe"), Value: aws.String("<https://x.example/u/default>")}},
		}},
		BulkEmailEntries: []types.BulkEmailEntry{
			entry("a@example.com", `{"subject":"سلام","body":"<b>۱</b>"}`),
			entry("b@example.com", `{}`),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, m)
	if len(out.BulkEmailEntryResults) != 2 || out.BulkEmailEntryResults[1].Status != types.BulkEmailStatusSuccess {
		t.Fatalf("results: %+v", out.BulkEmailEntryResults)
	}
	k, err := m.Get(*out.BulkEmailEntryResults[0].MessageId)
	if err != nil {
		t.Fatal(err)
	}
	if k.Subject != "سلام" || k.HTML != "<p><b>۱</b> دوست" || k.Tags["send_id"][0] != "a" || k.Header("List-Unsubscribe") != "<https://x.example/u/a@example.com>" {
		t.Errorf("mail: %+v", k)
	}
	if got, _ := m.Get(*out.BulkEmailEntryResults[1].MessageId); got.Events[0].Type != "Rendering Failure" || len(got.Events) != 1 {
		t.Errorf("a mail without its data was sent: %+v", got.Events)
	}
}

func TestAFrameIsFilledAsItWasRendered(t *testing.T) {
	tpl, err := mail.Compile(mail.Template{Name: "m", Locale: "fa", Subject: `{ {{ lead.name }} }`, Preheader: "p",
		HTML: `<style>a{b:c}@media x{d{e:f}}</style>{{ preheader }}\{{ lead.name }}} {% if lead.name %}<a href="{{ l0 }}">{% endif %}`, Text: "{{ lead.name }}\n{{ l0 }}", Links: []mail.Link{{Target: "unsubscribe"}}})
	if err != nil {
		t.Fatal(err)
	}
	m, c := open(t, t.TempDir(), &heard{})
	names := []string{`<b>"مریم" & 'x'\`, "}} {h0} {", "\u2028 سلام"}
	entries := make([]types.BulkEmailEntry, len(names))
	var frame *mail.Frame
	links := []string{"https://x.example/u/1?a=1&b=2"}
	for i, name := range names {
		sheet, err := tpl.Fill(func(string) (string, bool) { return name, true }, links)
		if err != nil {
			t.Fatal(err)
		}
		data := map[string]string{}
		for j, slot := range sheet.Frame.Names() {
			data[slot] = sheet.Values[j]
		}
		b, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		frame = sheet.Frame
		entries[i] = types.BulkEmailEntry{Destination: &types.Destination{ToAddresses: []string{"a@example.com"}},
			ReplacementEmailContent: &types.ReplacementEmailContent{ReplacementTemplate: &types.ReplacementTemplate{ReplacementTemplateData: aws.String(string(b))}}}
	}
	out, err := c.SendBulkEmail(t.Context(), &sesv2.SendBulkEmailInput{FromEmailAddress: aws.String("news@mail.example.com"), BulkEmailEntries: entries,
		DefaultContent: &types.BulkEmailContent{Template: &types.Template{TemplateData: aws.String("{}"),
			TemplateContent: &types.EmailTemplateContent{Subject: &frame.Subject, Html: &frame.HTML, Text: &frame.Text}}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		want, err := tpl.Render(func(string) (string, bool) { return name, true }, links)
		if err != nil {
			t.Fatal(err)
		}
		k, err := m.Get(aws.ToString(out.BulkEmailEntryResults[i].MessageId))
		if err != nil {
			t.Fatal(err)
		}
		if got := (mail.Content{Subject: k.Subject, HTML: k.HTML, Text: k.Text}); got != want {
			t.Errorf("%q arrived as %q, rendered %q", name, got, want)
		}
	}
}

func TestWhatSESMayReadInAnotherWayIsNotRendered(t *testing.T) {
	for _, text := range []string{"{{{body}}}", `\{{body}}`, "{{#if x}}", "{{body", "{{ }}"} {
		if out, _, err := render(text, map[string]any{"body": "x"}); err == nil {
			t.Errorf("%s became %q", text, out)
		}
	}
}

func TestARawMailIsShownAsPeopleSeeIt(t *testing.T) {
	m, c := open(t, t.TempDir(), &heard{})
	raw := "From: news@mail.example.com\r\nTo: sara@example.com\r\nSubject: =?utf-8?b?2LPZhNin2YU=?=\r\nX-Long: one\r\n two\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=D8=B3\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n2LPZhNin2YU=\r\n--b--\r\n"
	sent, err := c.SendEmail(t.Context(), &sesv2.SendEmailInput{Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte(raw)}}})
	if err != nil {
		t.Fatal(err)
	}
	k, err := m.Get(*sent.MessageId)
	if err != nil {
		t.Fatal(err)
	}
	if k.Subject != "سلام" || k.HTML != "سلام" || strings.TrimSpace(k.Text) != "س" || k.To[0] != "sara@example.com" || k.Header("X-Long") != "one two" {
		t.Errorf("mail: %+v", k)
	}
}

func TestSimulatorAddressesBounceAndComplainAndStayUsable(t *testing.T) {
	for to, want := range map[string]string{
		"bounce+a@simulator.amazonses.com":        "Send Bounce",
		"complaint@simulator.amazonses.com":       "Send Delivery Complaint",
		"suppressionlist@simulator.amazonses.com": "Send Bounce",
		"success@simulator.amazonses.com":         "Send Delivery",
	} {
		t.Run(to, func(t *testing.T) {
			h := &heard{}
			m, c := open(t, t.TempDir(), h)
			if _, err := c.SendEmail(t.Context(), simple(to)); err != nil {
				t.Fatal(err)
			}
			settle(t, m)
			if h.types() != want {
				t.Errorf("got %s, want %s", h.types(), want)
			}
			if m.store.suppressed(to) {
				t.Error("a simulator address is on the suppression list")
			}
		})
	}
}

func TestAfterABounceTheAddressIsSuppressedUntilItIsTakenOff(t *testing.T) {
	h := &heard{}
	m, c := open(t, t.TempDir(), h)
	sent, err := c.SendEmail(t.Context(), simple("sara@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Answer(*sent.MessageId, Event{Type: "Bounce"}); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String("sara@example.com")})
	if err != nil || got.SuppressedDestination.Reason != types.SuppressionListReasonBounce {
		t.Fatalf("suppressed: %+v, %v", got, err)
	}
	if _, err := c.SendEmail(t.Context(), simple("sara@example.com")); err != nil {
		t.Fatal(err)
	}
	settle(t, m)
	if h.types() != "Send Delivery Bounce Send Bounce" {
		t.Errorf("events: %s", h.types())
	}
	if _, err := c.DeleteSuppressedDestination(t.Context(), &sesv2.DeleteSuppressedDestinationInput{EmailAddress: aws.String("sara@example.com")}); err != nil {
		t.Fatal(err)
	}
	var none *types.NotFoundException
	if _, err := c.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String("sara@example.com")}); !errors.As(err, &none) {
		t.Errorf("still suppressed: %v", err)
	}
}

func TestWhatSESRefusesIsRefusedHere(t *testing.T) {
	m, c := open(t, t.TempDir(), &heard{})
	for name, change := range map[string]func(*sesv2.SendEmailInput){
		"MessageRejected: a sender that is not ours": func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String("x@evil.example") },
		"BadRequestException: a malformed address":   func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses[0] = "sara example.com" },
		"BadRequestException: a Persian local part":  func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses[0] = "سارا@example.com" },
		"BadRequestException: a tag with a dot":      func(in *sesv2.SendEmailInput) { in.EmailTags[0].Value = aws.String("a.b") },
		"BadRequestException: a header break": func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Headers[0].Value = aws.String("a\r\nBcc: all@example.com")
		},
		"NotFoundException: a stored template": func(in *sesv2.SendEmailInput) {
			in.Content = &types.EmailContent{Template: &types.Template{TemplateName: aws.String("welcome")}}
		},
	} {
		in := simple("sara@example.com")
		change(in)
		code, _, _ := strings.Cut(name, ":")
		if _, err := c.SendEmail(t.Context(), in); err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, n := m.List(Filter{}); n != 0 {
		t.Errorf("%d refused mails were kept", n)
	}
}

func TestAKilledRunLosesNoMailAndNoEvent(t *testing.T) {
	dir, h := t.TempDir(), &heard{fail: true}
	m, c := open(t, dir, h)
	sent, err := c.SendEmail(t.Context(), simple("sara@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	_ = m.Close() // with both events unpublished
	// The kill also tore the line that was being written.
	f, err := os.OpenFile(filepath.Join(dir, "mails.ndjson"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString(`{"mail":{"id":"to`)
	_ = f.Close()

	again := &heard{}
	m, _ = open(t, dir, again)
	settle(t, m)
	if again.types() != "Send Delivery" {
		t.Errorf("events after the restart: %s", again.types())
	}
	if k, err := m.Get(*sent.MessageId); err != nil || k.Text != "سلام" {
		t.Errorf("mail after the restart: %+v, %v", k, err)
	}
	_ = m.Close()
	third := &heard{}
	m, _ = open(t, dir, third)
	settle(t, m)
	if third.types() != "" {
		t.Errorf("published once more: %s", third.types())
	}
}

func TestFaultsComeAsOftenAsAskedFor(t *testing.T) {
	h := &heard{}
	m, c := open(t, t.TempDir(), h)
	api := httptest.NewServer(m.API())
	defer api.Close()
	fault := func(body string) {
		t.Helper()
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, api.URL+"/faults", strings.NewReader(body))
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusNoContent {
			t.Fatalf("%v, %v", res, err)
		}
	}
	count := func() int { _, n := m.List(Filter{}); return n }

	fault(`{"kind":"throttle","count":2}`)
	for range 2 {
		var slow *types.TooManyRequestsException
		if _, err := c.SendEmail(t.Context(), simple("a@example.com")); !errors.As(err, &slow) {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := c.SendEmail(t.Context(), simple("a@example.com")); err != nil || count() != 1 {
		t.Fatalf("after the throttle: %v, %d mails", err, count())
	}
	fault(`{"kind":"lost_reply"}`)
	if _, err := c.SendEmail(t.Context(), simple("a@example.com")); err == nil || count() != 2 {
		t.Fatalf("a lost reply: %v, %d mails", err, count())
	}
	fault(`{"kind":"drop_event","event":"Delivery"}`)
	if _, err := c.SendEmail(t.Context(), simple("a@example.com")); err != nil {
		t.Fatal(err)
	}
	settle(t, m)
	if h.types() != "Send Delivery Send Delivery Send" && h.types() != "Send Send Delivery Delivery Send" {
		t.Errorf("events: %s", h.types())
	}
	fault(`{"kind":"hang"}`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() { // who waits gives up once the mail is there
		for count() != 4 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := c.SendEmail(ctx, simple("a@example.com")); err == nil || count() != 4 {
		t.Errorf("a call that hangs: %v, %d mails", err, count())
	}
}

func TestTheMailProgramsButtonPostsToThisMachineOnly(t *testing.T) {
	m, c := open(t, t.TempDir(), &heard{})
	posted := ""
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		posted = r.Method + " " + r.URL.Path + " " + r.FormValue("List-Unsubscribe")
	}))
	defer site.Close()
	for target, want := range map[string]string{site.URL + "/u/t": "POST /u/t One-Click", "https://elsewhere.example/u/t": ""} {
		in := simple("a@example.com")
		in.Content.Simple.Headers[0].Value = aws.String(fmt.Sprintf("<%s>", target))
		sent, err := c.SendEmail(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		posted = ""
		_, err = m.Unsubscribe(*sent.MessageId)
		if posted != want || (err == nil) != (want != "") {
			t.Errorf("%s: posted %q, %v", target, posted, err)
		}
	}
}

func TestAShownMailRunsNothing(t *testing.T) {
	m, c := open(t, t.TempDir(), &heard{})
	sent, err := c.SendEmail(t.Context(), simple("a@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	m.API().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/mails/"+*sent.MessageId+"/html", nil))
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "sandbox ") || strings.Contains(policy, "allow-scripts") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy: %s", policy)
	}
	if !strings.Contains(w.Body.String(), "<html dir=rtl><base target=_blank>") {
		t.Errorf("page: %s", w.Body)
	}
}

func TestAFileOfAMailIsKeptAndCanBeFetched(t *testing.T) {
	m, c := open(t, t.TempDir(), &heard{})
	api := httptest.NewServer(m.API())
	defer api.Close()
	in := simple("sara@example.com")
	file := types.Attachment{FileName: aws.String("invite.ics"), RawContent: []byte("BEGIN:VCALENDAR\r\n"), ContentType: aws.String("text/calendar"),
		ContentDisposition: types.AttachmentContentDispositionAttachment, ContentTransferEncoding: types.AttachmentContentTransferEncodingBase64}
	in.Content.Simple.Attachments = []types.Attachment{file}
	sent, err := c.SendEmail(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	raw := "From: news@mail.example.com\r\nTo: sara@example.com\r\nSubject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: text/calendar\r\nContent-Disposition: attachment; filename=invite.ics\r\nContent-Transfer-Encoding: base64\r\n\r\nQkVHSU46VkNBTEVOREFSDQo=\r\n--b--\r\n"
	rawly, err := c.SendEmail(t.Context(), &sesv2.SendEmailInput{Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte(raw)}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{*sent.MessageId, *rawly.MessageId} {
		res, err := http.Get(api.URL + "/mails/" + id + "/attachments/0")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(b) != "BEGIN:VCALENDAR\r\n" || res.Header.Get("Content-Type") != "text/calendar" || res.Header.Get("Content-Disposition") != "attachment; filename=invite.ics" {
			t.Errorf("%q, %v, %v", b, res.Header, err)
		}
		for _, n := range []string{"1", "-1", "x"} {
			if res, err := http.Get(api.URL + "/mails/" + id + "/attachments/" + n); err != nil || res.StatusCode != http.StatusNotFound {
				t.Errorf("attachment %s: %v, %v", n, res.StatusCode, err)
			}
		}
	}
	for name, change := range map[string]func(*types.Attachment){
		"a path":       func(a *types.Attachment) { a.FileName = aws.String("../invite.ics") },
		"no content":   func(a *types.Attachment) { a.RawContent = []byte{} },
		"a parameter":  func(a *types.Attachment) { a.ContentType = aws.String("text/calendar; method=REQUEST") },
		"an unknown":   func(a *types.Attachment) { a.ContentDisposition = "SOMEWHERE" },
		"another code": func(a *types.Attachment) { a.ContentTransferEncoding = "ROT13" },
	} {
		bad := file
		change(&bad)
		in.Content.Simple.Attachments = []types.Attachment{bad}
		var refused *types.BadRequestException
		if _, err := c.SendEmail(t.Context(), in); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
