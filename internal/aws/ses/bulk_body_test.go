package ses

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/sarnakh/sarnakh/internal/mail"
)

func TestABulkWrittenByHandIsWhatTheSDKWouldHaveSent(t *testing.T) {
	var got []http.Header
	var bodies []map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var m map[string]any
		if err != nil || json.Unmarshal(b, &m) != nil {
			t.Errorf("%s: %v", b, err)
		}
		got, bodies = append(got, r.Header), append(bodies, m)
		if r.URL.Path != "/v2/email/outbound-bulk-emails" || r.Method != http.MethodPost || r.ContentLength != int64(len(b)) {
			t.Errorf("%s %s, %d of %d bytes", r.Method, r.URL, len(b), r.ContentLength)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"BulkEmailEntryResults":[{"Status":"SUCCESS"},{"Status":"SUCCESS"}]}`)
	}))
	defer srv.Close()
	c, err := mail.Compile(mail.Template{Name: "m", Locale: "fa", Subject: `سلام {{ name }} "دوست"`, HTML: "<p>\t{{ name }}\n<a href=\"{{ l0 }}\">\\</a>", Text: "{{ name }}\r\n{{ l0 }}", Links: []mail.Link{{Target: "unsubscribe"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		set, replyTo string
		headers      []mail.Header
	}{{"set", "r@x.example", mail.Leave("https://x.example/u/t")}, {"", "", nil}} {
		got, bodies = nil, nil
		var ms []mail.Message
		for _, name := range []string{"مریم\u2028", `<b>"&\` + "\x01"} {
			sheet, err := c.Fill(func(string) (string, bool) { return name, true }, []string{"https://x.example/u/t"})
			if err != nil {
				t.Fatal(err)
			}
			ms = append(ms, mail.Message{From: "a@x.example", ReplyTo: kind.replyTo, To: "b@y.example", Sheet: &sheet, Headers: kind.headers,
				Tags: []mail.Header{{Name: "send_id", Value: "abc"}, {Name: "mail", Value: "m"}}})
		}
		s := sender(srv.URL)
		s.set = kind.set
		in, err := s.bulk(ms)
		if err != nil {
			t.Fatal(err)
		}
		written, _ := byHand(in)
		for _, how := range [][]func(*sesv2.Options){nil, {written}} {
			if _, err := s.client.SendBulkEmail(context.Background(), in, how...); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(bodies[0], bodies[1]) {
			t.Errorf("the SDK sends %v, we send %v", bodies[0], bodies[1])
		}
		for _, name := range []string{"Content-Type", "User-Agent", "Accept-Encoding"} {
			if got[0].Get(name) != got[1].Get(name) {
				t.Errorf("%s: the SDK sends %q, we send %q", name, got[0].Get(name), got[1].Get(name))
			}
		}
		if got[1].Get("Authorization") == "" {
			t.Error("the request is not signed")
		}
	}
}
