package dynamo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// wire stands between the SDK, with its own retries, and the engine.
type wire struct {
	mu sync.Mutex
	// lose drops the answers of so many calls of an operation, after they had
	// their effect.
	lose map[string]int
	// unprocessed sends back as unprocessed all keys or items of so many calls.
	unprocessed map[string]int
	calls       map[string]int
}

func (w *wire) take(from map[string]int, operation string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if from[operation] == 0 {
		return false
	}
	from[operation]--
	return true
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	w.calls[operation]++
	w.mu.Unlock()
	if w.take(w.unprocessed, operation) {
		return refuse(r, operation)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && w.take(w.lose, operation) {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return nil, errors.New("read: connection reset by peer")
	}
	return res, err
}

// refuse answers a batch call the way a throttled table does: 200, and all of
// it unprocessed.
func refuse(r *http.Request, operation string) (*http.Response, error) {
	var in struct{ RequestItems json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	left := map[string]string{"BatchGetItem": "UnprocessedKeys", "BatchWriteItem": "UnprocessedItems"}[operation]
	body := fmt.Sprintf(`{"Responses":{},%q:%s}`, left, in.RequestItems)
	if operation == "BatchWriteItem" {
		body = fmt.Sprintf(`{%q:%s}`, left, in.RequestItems)
	}
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func wired(t *testing.T) (*dynamo.Store, *wire) {
	t.Helper()
	plain := client(t, "SARNAKH_DYNAMODB_ENDPOINT")
	made := tables(t, plain)
	w := &wire{lose: map[string]int{}, unprocessed: map[string]int{}, calls: map[string]int{}}
	db := dynamodb.New(dynamodb.Options{
		BaseEndpoint: plain.Options().BaseEndpoint, Region: "us-east-1", HTTPClient: &http.Client{Transport: w},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
	return dynamo.New(db, made, nil), w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestALostAnswerToOurOwnWriteIsASuccess(t *testing.T) {
	s, w := wired(t)
	lose := func(operation string) { w.lose = map[string]int{operation: 2} }
	a, b := lead.ID("aaaaaaaaaaaaaaaa"), lead.ID("bbbbbbbbbbbbbbbb")
	item := func(id lead.ID, v uint64) ledger.Item {
		return ledger.Item{Lead: id, Version: v, Playbook: 1, Blob: fmt.Appendf(nil, "%s %d", id, v)}
	}
	for v := uint64(1); v <= 3; v++ {
		lose("BatchExecuteStatement")
		for _, r := range s.WriteLedgers(t.Context(), []ledger.Item{item(a, v), item(b, v)}) {
			check(t, r.Err)
		}
	}
	lose("BatchExecuteStatement")
	if r := s.WriteLedgers(t.Context(), []ledger.Item{item(a, 3), {Lead: b, Version: 3, Playbook: 1, Blob: []byte("other")}}); r[0].Err != nil || !errors.Is(r[1].Err, store.ErrConflict) {
		t.Errorf("%v, %v", r[0].Err, r[1].Err)
	}
	key := store.IdentityOf("visitor", "x")
	lose("BatchExecuteStatement")
	got, err := s.ClaimIdentities(t.Context(), []store.Identity{{Key: key, Lead: b}})
	check(t, err)
	if got[0].Lead != b {
		t.Errorf("claimed for %s, told %s", b, got[0].Lead)
	}
	lose("ExecuteTransaction")
	check(t, s.MergeLeads(t.Context(), store.Merge{Into: item(a, 4), From: item(b, 4), Move: []store.IdentityKey{key}}))
	lose("UpdateItem")
	check(t, s.WriteRecipient(t.Context(), store.Recipient{ID: "r", Body: []byte("1"), DueAt: 5}))
	lose("UpdateItem")
	check(t, s.WriteRecipient(t.Context(), store.Recipient{ID: "r", Version: 1, Body: []byte("2")}))
	lose("BatchExecuteStatement")
	check(t, s.WriteRecipients(t.Context(), []store.Recipient{{ID: "r", Version: 2, Body: []byte("3"), DueAt: 9}})[0].Err)
	lose("UpdateItem")
	check(t, s.WriteWork(t.Context(), store.Work{Lead: a, Rank: "1", Body: []byte("w")}))
	d := store.Decision{DecisionKey: store.DecisionKey{Lead: a, Kind: "handover", N: 1}}
	lose("BatchExecuteStatement")
	if err := s.RecordDecisions(t.Context(), []store.Decision{d})[0]; err != nil && !errors.Is(err, store.ErrConflict) {
		t.Error(err)
	}
	d.Version, d.Done = 1, map[string]int64{"alert": 3}
	lose("UpdateItem")
	check(t, s.WriteDecision(t.Context(), d))
	lose("TransactWriteItems")
	check(t, s.Publish(t.Context(), store.Playbook{Pointer: store.Pointer{Number: 1}, Compiled: []byte("{}")}, 0))
}

func TestWhatComesBackUnprocessedIsSentAgain(t *testing.T) {
	s, w := wired(t)
	var records []ledger.Record
	var refs []ledger.Ref
	for i := range 60 {
		r := ledger.Record{Ref: ledger.Ref{Lead: "aaaaaaaaaaaaaaaa", Key: fmt.Sprint("p", i)}, Body: []byte{byte(i)}}
		records, refs = append(records, r), append(refs, r.Ref)
	}
	w.unprocessed = map[string]int{"BatchWriteItem": 2, "BatchGetItem": 2}
	check(t, s.PutHistory(t.Context(), records))
	shelf, err := s.ReadHistory(t.Context(), refs)
	check(t, err)
	for _, r := range records {
		if !bytes.Equal(shelf[r.Ref], r.Body) {
			t.Fatalf("%s came back as %v", r.Key, shelf[r.Ref])
		}
	}
	if w.calls["BatchWriteItem"] != 5 || w.calls["BatchGetItem"] != 3 {
		t.Errorf("calls %v, want 3 and 2 more writes, 1 and 2 more reads", w.calls)
	}
	w.unprocessed = map[string]int{"BatchGetItem": 1000}
	if _, err := s.ReadHistory(t.Context(), refs); err == nil || !strings.Contains(err.Error(), "throttled") {
		t.Errorf("a table that never answers: %v", err)
	}
}
