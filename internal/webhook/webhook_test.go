package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestAReceiverCanVerifyWhatIsPosted(t *testing.T) {
	var got http.Header
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer srv.Close()
	p, err := New(srv.URL, secret, strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Post(context.Background(), "handover.1", []byte(`{"lead":"x"}`), time.Now()); err != nil {
		t.Fatal(err)
	}
	v, _ := standard.NewWebhook(secret)
	if err := v.Verify(body, got); err != nil || got.Get("webhook-id") != "handover.1" {
		t.Fatalf("verify: %v, headers %v", err, got)
	}
}

func TestAnswersThatMayBeTriedAgainAndOnesThatMayNot(t *testing.T) {
	status := 503
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(status)
	}))
	defer srv.Close()
	p, _ := New(srv.URL, secret, strings.TrimPrefix(srv.URL, "http://"))
	for _, s := range []int{503, 500, 404, 302, 429} {
		status = s
		var later *Later
		if err := p.Post(context.Background(), "x", nil, time.Now()); !errors.As(err, &later) || later.Status != s || later.After != 7*time.Second {
			t.Errorf("%d: %v", s, err)
		}
	}
	status = 410
	if err := p.Post(context.Background(), "x", nil, time.Now()); !errors.Is(err, ErrGone) {
		t.Errorf("410: %v", err)
	}
}

func TestNoAddressThatLeadsInwardIsEverConnectedTo(t *testing.T) {
	var hits atomic.Int32
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer srv.Close()
	port := srv.URL[strings.LastIndexByte(srv.URL, ':'):]
	for _, address := range []string{
		"http://example.com/", "https://user:pw@example.com/", "https://example.com:22/", "ftp://example.com/", "", "https://", "//example.com",
		"https://127.0.0.1" + port, "https://127.1", "https://2130706433", "https://0x7f000001", "https://0", "https://localhost", "https://localhost" + port, "https://[::1]", "https://[::]",
		"https://[::ffff:127.0.0.1]", "https://[::ffff:169.254.169.254]", "https://[64:ff9b::a9fe:a9fe]", "https://169.254.169.254", "https://10.0.0.1", "https://172.16.0.1",
		"https://192.168.1.1", "https://100.64.0.1", "https://[fd00:ec2::254]", "https://[fe80::1%25eth0]", "https://[2002:7f00:1::]", "https://224.0.0.1", "https://255.255.255.255", "https://198.18.0.1",
		"https://0177.0.0.1", "https://[2001:db8::1]", "https://[2001::1]", "https://192.0.0.170", "https://240.0.0.1", "https://203.0.113.9", "https://[ff02::1]", "https://[100::1]", "https://[fec0::1]", "https://192.88.99.1",
	} {
		p, err := New(address, secret)
		if err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			err = p.Post(ctx, "x", nil, time.Now())
			cancel()
		}
		if err == nil {
			t.Errorf("%s was posted to", address)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d connections reached the server inside", hits.Load())
	}
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "[::ffff:10.0.0.1]:443", "[64:ff9b::7f00:1]:443", "bogus"} {
		if !errors.Is(checkAddress(address), ErrRefused) {
			t.Errorf("%s would be dialed", address)
		}
	}
	if err := checkAddress("93.184.215.14:443"); err != nil {
		t.Errorf("an outward address: %v", err)
	}
}
