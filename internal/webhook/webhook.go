// Package webhook signs and posts events to an address that the business gave
// (Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature). It
// refuses every address that leads inward, judged on the resolved IP at the
// moment of connecting, and follows no redirect. It does not know what an
// event means.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// ErrRefused is an address that is never connected to.
var ErrRefused = errors.New("refused address")

// ErrGone is an answer that asks to stop: 410.
var ErrGone = errors.New("the receiver is gone")

// Later is an answer that asks to try again, after After where it was said.
type Later struct {
	Status int // 0: no answer
	After  time.Duration
	Cause  error
}

func (e *Later) Error() string {
	if e.Cause != nil {
		return "webhook: " + e.Cause.Error()
	}
	return "webhook: answered " + strconv.Itoa(e.Status)
}
func (e *Later) Unwrap() error { return e.Cause }

// Poster posts to one address.
type Poster struct {
	url    string
	signer *standard.Webhook
	client *http.Client
}

// Limits of one post.
const (
	timeout  = 15 * time.Second
	maxReply = 16 << 10
)

// New makes a poster. The secret is base64, with or without whsec_ before it.
// allow lists hosts (host:port) that may lie inward, for the local run and
// tests; it is empty in the cloud.
func New(address, secret string, allow ...string) (*Poster, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("webhook address %q: an https address without a user: %w", address, ErrRefused)
	}
	inward := false
	for _, a := range allow {
		inward = inward || a == u.Host
	}
	if !inward {
		if u.Scheme != "https" {
			return nil, fmt.Errorf("webhook address %q: only https: %w", address, ErrRefused)
		}
		if p := u.Port(); p != "" && p != "443" && p != "8443" {
			return nil, fmt.Errorf("webhook address %q: port 443 or 8443: %w", address, ErrRefused)
		}
	}
	signer, err := standard.NewWebhook(secret)
	if err != nil {
		return nil, fmt.Errorf("webhook secret: %w", err)
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !inward {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return checkAddress(address) }
	}
	return &Poster{url: address, signer: signer, client: &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: nil, DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConns: 4, IdleConnTimeout: 30 * time.Second},
	}}, nil
}

// Post sends a body under an id. The id stays the same over all attempts, so
// that the receiver can tell a repetition. A nil error means the receiver has
// it; a *Later may be tried again; ErrRefused and ErrGone may not.
func (p *Poster) Post(ctx context.Context, id string, body []byte, now time.Time) error {
	signature, err := p.signer.Sign(id, now, body)
	if err != nil {
		return fmt.Errorf("sign webhook %s: %w", id, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook %s: %w", id, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "sarnakh-webhook/1")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("webhook-signature", signature)
	resp, err := p.client.Do(req)
	if err != nil {
		if errors.Is(err, ErrRefused) {
			return fmt.Errorf("webhook %s: %w", id, ErrRefused)
		}
		return &Later{Cause: err}
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxReply)
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return nil
	case resp.StatusCode == http.StatusGone:
		return fmt.Errorf("webhook %s: %w", id, ErrGone)
	}
	after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return &Later{Status: resp.StatusCode, After: time.Duration(min(max(after, 0), 12*3600)) * time.Second}
}

// inward are the ranges that no receiver of a business lives in.
var inward = func() []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/128", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	} {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}()

// checkAddress judges a resolved "ip:port".
func checkAddress(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s: %w", address, ErrRefused)
	}
	ip := ap.Addr().Unmap().WithZone("")
	for _, p := range inward {
		if p.Contains(ip) {
			return fmt.Errorf("%s leads inward: %w", ip, ErrRefused)
		}
	}
	return nil
}
