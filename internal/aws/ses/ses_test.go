package ses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/sarnakh/sarnakh/internal/mail"
)

func sender(url string) *Sender {
	return New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s"}, nil
		}),
	}, "set")
}

var message = mail.Message{From: "a@x.example", ReplyTo: "r@x.example", To: "b@y.example", Content: mail.Content{Subject: "سلام", HTML: "<p>x</p>", Text: "x"},
	Headers: mail.Leave("https://x.example/u/t"), Tags: []mail.Header{{Name: "send_id", Value: "abc"}}}

func TestEveryAnswerHasItsFateAndIsAskedForOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   mail.Fate
	}{
		{"accepted", 200, `{"MessageId":"1"}`, mail.Taken},
		{"rate", 429, `{"__type":"TooManyRequestsException"}`, mail.Later},
		{"paused", 400, `{"__type":"SendingPausedException"}`, mail.Later},
		{"rejected", 400, `{"__type":"MessageRejected"}`, mail.Refused},
		{"bad", 400, `{"__type":"BadRequestException"}`, mail.Refused},
		{"server error", 500, `{"__type":"InternalServiceErrorException"}`, mail.Unknown},
		{"cut off", 0, "", mail.Unknown},
	} {
		var calls atomic.Int32
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			if c.status == 0 {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		got, err := sender(srv.URL).Send(context.Background(), message)
		srv.Close()
		if got != c.want || (err == nil) != (c.want == mail.Taken) {
			t.Errorf("%s: fate %s (%v), want %s", c.name, got, err, c.want)
		}
		if calls.Load() != 1 {
			t.Errorf("%s: %d calls: the mail could be there %d times", c.name, calls.Load(), calls.Load())
		}
	}
}

func TestNoConnectionIsProofThatNothingWasSentButSilenceIsNot(t *testing.T) {
	if got, _ := sender("http://127.0.0.1:1").Send(context.Background(), message); got != mail.Later {
		t.Errorf("no connection: %s", got)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server never sees that the client left
		cancel()                           // who waits gives up once the mail is there
		<-r.Context().Done()
	}))
	defer srv.Close()
	if got, _ := sender(srv.URL).Send(ctx, message); got != mail.Unknown {
		t.Errorf("no answer: %s", got)
	}
}

func TestHeadersTagsAndConfigurationSetAreSent(t *testing.T) {
	var sent map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(b, &sent)
		fmt.Fprint(w, `{"MessageId":"1"}`)
	}))
	defer srv.Close()
	if _, err := sender(srv.URL).Send(context.Background(), message); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(sent)
	for _, want := range []string{"List-Unsubscribe=One-Click", "<https://x.example/u/t>", "send_id", "ConfigurationSetName:set", "r@x.example"} {
		if !strings.Contains(text, want) {
			t.Errorf("the request lacks %s: %s", want, text)
		}
	}
}

func TestEachMailOfABulkHasItsOwnFateAndALostAnswerIsThatOfAll(t *testing.T) {
	c, err := mail.Compile(mail.Template{Name: "m", Locale: "fa", Subject: "{{ x }}", HTML: "<p>{{ x }}", Text: "{{ x }}"})
	if err != nil {
		t.Fatal(err)
	}
	var ms []mail.Message
	for range 5 {
		sheet, err := c.Fill(func(string) (string, bool) { return "سلام", true }, nil)
		if err != nil {
			t.Fatal(err)
		}
		ms = append(ms, mail.Message{From: "a@x.example", To: "b@y.example", Sheet: &sheet})
	}
	all := func(f mail.Fate) []mail.Fate { return []mail.Fate{f, f, f, f, f} }
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   []mail.Fate
		whole  bool
	}{
		{"mixed", 200, `{"BulkEmailEntryResults":[{"Status":"SUCCESS"},{"Status":"ACCOUNT_THROTTLED"},{"Status":"INVALID_PARAMETER"},{"Status":"TRANSIENT_FAILURE"},{"Status":"NEW"}]}`,
			[]mail.Fate{mail.Taken, mail.Later, mail.Refused, mail.Unknown, mail.Unknown}, false},
		{"too few", 200, `{"BulkEmailEntryResults":[{"Status":"SUCCESS"}]}`, all(mail.Unknown), false},
		{"rate", 429, `{"__type":"TooManyRequestsException"}`, all(mail.Later), false},
		{"malformed address", 400, `{"__type":"BadRequestException"}`, all(mail.Refused), true},
		{"server error", 500, `{"__type":"InternalServiceErrorException"}`, all(mail.Unknown), false},
		{"cut off", 0, "", all(mail.Unknown), false},
	} {
		var calls atomic.Int32
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			if c.status == 0 {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		got := sender(srv.URL).SendBulk(context.Background(), ms)
		srv.Close()
		for i, h := range got {
			if h.Fate != c.want[i] || (h.Err == nil) != (h.Fate == mail.Taken) || errors.Is(h.Err, mail.ErrWhole) != c.whole {
				t.Errorf("%s, mail %d: fate %s (%v), want %s", c.name, i, h.Fate, h.Err, c.want[i])
			}
		}
		if calls.Load() != 1 {
			t.Errorf("%s: asked %d times", c.name, calls.Load())
		}
	}
	other, err := mail.Compile(mail.Template{Name: "n", Locale: "fa"})
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := other.Fill(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range sender("http://127.0.0.1:1").SendBulk(context.Background(), []mail.Message{ms[0], {From: "a@x.example", To: "b@y.example", Sheet: &sheet}}) {
		if h.Fate != mail.Refused || !errors.Is(h.Err, mail.ErrWhole) {
			t.Errorf("two frames in a bulk: %s, %v", h.Fate, h.Err)
		}
	}
}
