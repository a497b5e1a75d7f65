package ses

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/mailbox"
	"github.com/sarnakh/sarnakh/internal/mail"
)

func TestABulkArrivesAsTheSameMailsOneByOne(t *testing.T) {
	box, err := mailbox.Open(mailbox.Options{Dir: t.TempDir(), From: []string{"a@x.example"}})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	box.Connect(func(context.Context, []byte) error { return nil }, time.Now)
	srv := httptest.NewServer(box.SES())
	defer srv.Close()
	c, err := mail.Compile(mail.Template{Name: "m", Locale: "fa", Subject: "سلام {{ name }}", HTML: `<p>{{ name }} <a href="{{ l0 }}">x</a>`, Text: "{{ name }} {{ l0 }}", Links: []mail.Link{{Target: "unsubscribe"}}})
	if err != nil {
		t.Fatal(err)
	}
	var ms []mail.Message
	for _, name := range []string{"مریم", `<b>"&`, "Ali"} {
		sheet, err := c.Fill(func(string) (string, bool) { return name, true }, []string{"https://x.example/u/" + "t"})
		if err != nil {
			t.Fatal(err)
		}
		ms = append(ms, mail.Message{From: "a@x.example", ReplyTo: "r@x.example", To: "b@y.example", Sheet: &sheet,
			Headers: mail.Leave("https://x.example/u/t"), Tags: []mail.Header{{Name: "send_id", Value: "abc"}}})
	}
	s := sender(srv.URL)
	for _, h := range s.SendBulk(t.Context(), ms) {
		if h.Fate != mail.Taken {
			t.Fatal(h.Err)
		}
	}
	for _, m := range ms {
		if fate, err := s.Send(t.Context(), m); fate != mail.Taken {
			t.Fatal(err)
		}
	}
	list, n := box.List(mailbox.Filter{})
	if n != 6 {
		t.Fatalf("%d mails arrived", n)
	}
	for i := range 3 { // newest first
		one, err := box.Get(list[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		bulk, err := box.Get(list[i+3].ID)
		if err != nil {
			t.Fatal(err)
		}
		if one.Subject != bulk.Subject || one.HTML != bulk.HTML || one.Text != bulk.Text || one.Header("List-Unsubscribe") != bulk.Header("List-Unsubscribe") ||
			one.Header("Reply-To") != bulk.Header("Reply-To") || bulk.Tags["send_id"][0] != "abc" || bulk.Events[0].Type != "Send" {
			t.Errorf("one by one %+v, in a bulk %+v", one, bulk)
		}
	}
	if q, err := s.Quota(t.Context()); err != nil || q.PerSecond != 200 || q.Sent != 6 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestAMailWithAFileGoesSinglyAndBringsIt(t *testing.T) {
	box, err := mailbox.Open(mailbox.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	box.Connect(func(context.Context, []byte) error { return nil }, time.Now)
	srv := httptest.NewServer(box.SES())
	defer srv.Close()
	c, err := mail.Compile(mail.Template{Name: "m", Locale: "en", Subject: "s", HTML: "<p>{{ name }}", Text: "{{ name }}"})
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := c.Fill(func(string) (string, bool) { return "Ali", true }, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := mail.Event{UID: "u", Start: time.Unix(1_800_000_000, 0), Length: time.Hour, Title: "دمو"}.Calendar()
	m := mail.Message{From: "a@x.example", To: "b@y.example", Sheet: &sheet, Attachments: []mail.Attachment{file}}
	s := sender(srv.URL)
	for _, h := range s.SendBulk(t.Context(), []mail.Message{m, m}) {
		if h.Fate != mail.Refused || !errors.Is(h.Err, mail.ErrWhole) {
			t.Errorf("in a bulk: %s, %v", h.Fate, h.Err)
		}
	}
	if fate, err := s.Send(t.Context(), m); fate != mail.Taken {
		t.Fatal(err)
	}
	list, n := box.List(mailbox.Filter{})
	if n != 1 {
		t.Fatalf("%d mails arrived", n)
	}
	got, err := box.Get(list[0].ID)
	if err != nil || len(got.Attachments) != 1 || string(got.Attachments[0].Data) != string(file.Data) || got.Attachments[0].Type != "text/calendar" {
		t.Errorf("%+v, %v", got, err)
	}
}
