// Package gateway is one port in front of the engines: it reads from a call's signature which service it is for, and
// passes it on. Functions in SAM's containers know one endpoint only, and what passes here can be written down: which
// function called what on which resource, for the test that compares roles with calls.
//
// It changes no call. It knows AWS's wire formats and no template.
package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
)

// Targets is where each service listens. An empty one is answered with an error.
type Targets struct {
	DynamoDB string
	Streams  string // empty: that of DynamoDB
	SQS      string
	SNS      string
	Secrets  string
	SES      http.Handler
}

// Gateway passes calls on. Its methods may be called while it serves.
type Gateway struct {
	to         map[string]http.Handler // by the service of the credential scope
	record     *Record
	visibility atomic.Pointer[func(queueURL, receipt string, seconds int)]
}

// New makes a gateway; record may be nil.
func New(t Targets, record *Record) (*Gateway, error) {
	if t.Streams == "" {
		t.Streams = t.DynamoDB
	}
	g := &Gateway{to: map[string]http.Handler{}, record: record}
	for service, target := range map[string]string{
		"dynamodb": t.DynamoDB, "streams": t.Streams, "sqs": t.SQS, "sns": t.SNS, "secretsmanager": t.Secrets,
	} {
		if target == "" {
			continue
		}
		u, err := url.Parse(target)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("the endpoint of %s is not a URL: %q", service, target)
		}
		g.to[service] = proxy(u)
	}
	if t.SES != nil {
		g.to["ses"] = t.SES
	}
	return g, nil
}

// OnVisibility hears of each message that a function hides for longer or shorter: whoever moves the clock must know
// when it comes back.
func (g *Gateway) OnVisibility(f func(queueURL, receipt string, seconds int)) { g.visibility.Store(&f) }

func proxy(to *url.URL) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256 // one host gets everything; 2 would open a connection a call
	transport.DisableCompression = true
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host // the Host header stays: it is signed
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // the caller went away
			}
			fail(w, http.StatusServiceUnavailable, "ServiceUnavailable", "the engine at "+to.Host+" does not answer: "+err.Error())
		},
	}
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, service := scope(r.Header.Get("Authorization"))
	if service == "" {
		fail(w, http.StatusForbidden, "MissingAuthenticationToken",
			"this is the local run's gateway for AWS calls; a call needs a signature (any key will do) that names its service")
		return
	}
	target := r.Header.Get("X-Amz-Target")
	route := service
	if strings.HasPrefix(target, "DynamoDBStreams_") {
		route = "streams"
	}
	next := g.to[route]
	if next == nil {
		fail(w, http.StatusBadRequest, "UnknownService", "the local run has no "+service)
		return
	}
	see := g.visibility.Load()
	seen := see != nil && strings.HasPrefix(target, "AmazonSQS.ChangeMessageVisibility")
	if g.record != nil || seen {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
		if err != nil {
			fail(w, http.StatusRequestEntityTooLarge, "RequestTooLarge", err.Error())
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		if g.record != nil {
			g.record.note(key, service, r, body)
		}
		if seen {
			noteVisibility(*see, body)
		}
	}
	next.ServeHTTP(w, r)
}

// scope reads key and service from "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …".
func scope(authorization string) (key, service string) {
	_, after, ok := strings.Cut(authorization, "Credential=")
	if !ok {
		return "", ""
	}
	credential, _, _ := strings.Cut(after, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) != 5 {
		return "", ""
	}
	return parts[0], parts[3]
}

func noteVisibility(see func(string, string, int), body []byte) {
	type change struct {
		ReceiptHandle     string
		VisibilityTimeout int
	}
	var in struct {
		QueueUrl string
		change
		Entries []change
	}
	if json.Unmarshal(body, &in) != nil {
		return // the engine will say what is wrong with it
	}
	if in.ReceiptHandle != "" {
		in.Entries = append(in.Entries, in.change)
	}
	for _, e := range in.Entries {
		see(in.QueueUrl, e.ReceiptHandle, e.VisibilityTimeout)
	}
}

func fail(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": text})
}
