package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// A fault is what becomes of one request. effect tells that the engine had it.
type fault struct {
	name   string
	effect bool
	answer func(w *faulty, r *http.Request, operation string, real *http.Response) (*http.Response, error)
}

var (
	errWire = errors.New("write tcp 127.0.0.1: write: connection reset by peer")

	wireFaults = []fault{
		{"error before", false, func(*faulty, *http.Request, string, *http.Response) (*http.Response, error) { return nil, errWire }},
		{"error after", true, func(*faulty, *http.Request, string, *http.Response) (*http.Response, error) { return nil, errWire }},
		{"reset in the answer", true, func(_ *faulty, _ *http.Request, _ string, real *http.Response) (*http.Response, error) {
			b, err := io.ReadAll(real.Body)
			if err != nil {
				return nil, err
			}
			real.Body = io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)/2]), brokenOff{}))
			return real, nil
		}},
		{"hang before", false, hang}, {"hang after", true, hang},
		{"throttled", false, says(http.StatusBadRequest, "ProvisionedThroughputExceededException")},
		{"500 before", false, says(http.StatusInternalServerError, "InternalServerError")},
		{"500 after", true, says(http.StatusInternalServerError, "InternalServerError")},
	}
	// conflictFault comes from writers that the engine does not have: it never
	// raises one by itself.
	conflictFault = fault{"transaction conflict", false, func(_ *faulty, r *http.Request, operation string, _ *http.Response) (*http.Response, error) {
		if operation == "ExecuteTransaction" {
			return respond(r, http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"sim","CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"None"}]}`), nil
		}
		var in struct{ Statements []json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			return nil, err
		}
		one := `{"Error":{"Code":"TransactionConflict","Message":"sim"}}`
		return respond(r, http.StatusOK, `{"Responses":[`+strings.TrimSuffix(strings.Repeat(one+",", len(in.Statements)), ",")+`]}`), nil
	}}
)

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// hang gives no answer until the invocation's time is up.
func hang(w *faulty, r *http.Request, _ string, _ *http.Response) (*http.Response, error) {
	w.timeUp()
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func says(status int, code string) func(*faulty, *http.Request, string, *http.Response) (*http.Response, error) {
	return func(_ *faulty, r *http.Request, _ string, _ *http.Response) (*http.Response, error) {
		return respond(r, status, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"injected"}`), nil
	}
}

func respond(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

// faulty stands between the SDK, with its own retries, and the engine. It does
// to requests number at to at+times-1 what fault says.
type faulty struct {
	fault     *fault
	at, times int
	timeUp    func()

	mu         sync.Mutex
	operations []string
	hurt       int
}

func (w *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	n := len(w.operations)
	w.operations = append(w.operations, operation)
	hit := w.fault != nil && n >= w.at && n < w.at+w.times
	if hit {
		w.hurt++
	}
	w.mu.Unlock()
	if !hit {
		return http.DefaultTransport.RoundTrip(r)
	}
	var real *http.Response
	if w.fault.effect {
		var err error
		if real, err = http.DefaultTransport.RoundTrip(r); err != nil {
			return nil, err
		}
		body, err := io.ReadAll(real.Body)
		if err != nil {
			return nil, err
		}
		_ = real.Body.Close()
		real.Body = io.NopCloser(bytes.NewReader(body))
	}
	return w.fault.answer(w, r, operation, real)
}

// The batches use each call of ingest: strangers become known, two leads turn
// out to be one, others perhaps are, a long history spills and is asked, one
// message is nonsense, one comes again, one id comes with another payload.
func batches(who string) (out [][]string) {
	one := func(id string, typ activity.Type, w activity.Who, properties ...string) activity.Activity {
		a := activity.Activity{ID: activity.ID(id), Type: typ, At: time.Unix(1795512000, 0).UTC(), Who: w, Source: "crm"}
		for i := 0; i+1 < len(properties); i += 2 {
			a.Properties = append(a.Properties, activity.Property{Name: properties[i], Value: activity.TextValue(properties[i+1])})
		}
		return a
	}
	form := func(id, email, visitor string) activity.Activity {
		a := one(id, activity.FormPosted, activity.Who{Email: email, Visitor: visitor}, "form", "ebook")
		a.Profile = []activity.Property{{Name: "role", Value: activity.TextValue("owner")}}
		a.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1", Proof: "form"}}
		return a
	}
	texts := func(as ...activity.Activity) (bodies []string) {
		for _, a := range as {
			bodies = append(bodies, string(activity.Encode([]activity.Activity{a})))
		}
		return bodies
	}
	visitor := activity.Who{Visitor: visitorOf(who)}
	a, b, crm := who+"a@example.ir", who+"b@example.ir", "crm-"+who
	first := texts(one("v1", activity.PageViewed, visitor, "path", "/pricing"), one("v2", activity.PageViewed, visitor, "path", "/x"),
		form("f1", a, ""), form("f3", b, ""), one("c1", activity.CallAnswered, activity.Who{External: crm}))
	second := texts(form("f2", a, visitorOf(who)), one("f1b", activity.PageViewed, activity.Who{Email: a}, "path", "/y"),
		one("c2", activity.CallAnswered, activity.Who{External: crm, Email: b}), one("c1", activity.CallPriceAsked, activity.Who{External: crm}))
	var third, fourth []string
	for i := range 70 {
		x := one(fmt.Sprint("l", i), activity.PageViewed, activity.Who{External: crm}, "path", fmt.Sprint("/a/long/path/number/", i))
		x.At = x.At.AddDate(0, 0, -i%40)
		if i < 45 {
			third = append(third, texts(x)...)
		} else {
			fourth = append(fourth, texts(x)...)
		}
	}
	fourth = append(fourth, third[0], third[44])
	return [][]string{append(first, "{no json "+who), second, third, fourth, {first[0], second[0]}}
}

func visitorOf(who string) string { return (who + "0000000000000000000")[:20] }

// outcome is what the store holds of the people of the batches at the end, the
// same however it came to be.
func outcome(t *testing.T, s *dynamo.Store, c *playbook.Compiled, who string) string {
	t.Helper()
	ctx := context.Background()
	var out strings.Builder
	for _, id := range []lead.Identity{
		{Kind: lead.ByVisitor, Value: visitorOf(who)}, {Kind: lead.ByEmail, Value: who + "a@example.ir"},
		{Kind: lead.ByEmail, Value: who + "b@example.ir"}, {Kind: lead.ByExternal, Value: "crm-" + who},
	} {
		of, err := s.LeadOf(ctx, store.IdentityOf(string(id.Kind), id.Hash(key)))
		if err != nil {
			return fmt.Sprintf("%s %s: %v", id.Kind, id.Value, err)
		}
		var state *ledger.State
		for range 3 {
			it, err := s.ReadLedger(ctx, of)
			if err != nil {
				return fmt.Sprintf("%s %s: %v", id.Kind, id.Value, err)
			}
			if state, err = ledger.Decode(it); err != nil {
				return err.Error()
			}
			if state.MovedTo == "" {
				break
			}
			of = state.MovedTo
		}
		shelf := ledger.Shelf{}
		for {
			refs, err := state.Wants(c.Rules.Meters(), shelf)
			if err == nil && len(refs) == 0 {
				break
			}
			if err == nil {
				err = readInto(ctx, s, shelf, refs)
			}
			if err != nil {
				return err.Error()
			}
		}
		if err := state.Settle(c.Rules.Meters(), shelf); err != nil {
			return err.Error()
		}
		if err := readInto(ctx, s, shelf, state.AllRefs()); err != nil {
			return err.Error()
		}
		canonical, err := state.Canonical(c.Rules.Meters(), shelf)
		if err != nil {
			return err.Error()
		}
		fmt.Fprintf(&out, "%s: %d activities, known %v, conflict %v, ledger %x, total %d", id.Kind, state.Activities(), state.Known, state.Conflicts() > 0,
			sha256.Sum256(canonical), c.Rules.Card(state, 20600).Total)
		for _, p := range state.Pending {
			fmt.Fprintf(&out, ", %s %s %d", p.Kind, p.Name, p.N)
		}
		stored, err := s.ReadProfile(ctx, of)
		if err == nil {
			profile, err := lead.DecodeProfile(stored.Body)
			if err != nil {
				return err.Error()
			}
			// By whose activity an address came first depends on the order; the recipient holds it.
			profile.Registers = slices.DeleteFunc(profile.Registers, func(r lead.Register) bool { return r.Name == "email" })
			fmt.Fprintf(&out, ", profile %s", profile.Encode())
		} else if !errors.Is(err, store.ErrNotFound) {
			return err.Error()
		}
		kept, err := s.ReadRecipient(ctx, string(of))
		if err == nil {
			r, err := nurture.Decode(string(of), kept.Body)
			if err != nil {
				return err.Error()
			}
			fmt.Fprintf(&out, ", recipient %s, consent %v", strings.ReplaceAll(r.Email, who, "-"), r.Consents("email", "marketing", false))
		} else if !errors.Is(err, store.ErrNotFound) {
			return err.Error()
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}

func readInto(ctx context.Context, s *dynamo.Store, shelf ledger.Shelf, refs []ledger.Ref) error {
	got, err := s.ReadHistory(ctx, refs)
	maps.Copy(shelf, got)
	return err
}

// lived takes the batches in through one process, until nothing comes again.
func lived(t *testing.T, w *faulty, db func(*faulty) *dynamo.Store, who string) error {
	t.Helper()
	h := invoke(db(w))
	for n, bodies := range batches(who) {
		e := sqs(bodies...)
		for i := range e.Records {
			e.Records[i].MessageId = fmt.Sprintf("%s-%d-%d", who, n, i)
		}
		for try := 1; len(e.Records) > 0; try++ {
			if try > 12 {
				return fmt.Errorf("batch %d: %d messages come again for ever", n, len(e.Records))
			}
			ctx, cancel := context.WithCancel(t.Context())
			w.timeUp = cancel
			out, err := h(ctx, e)
			cancel()
			if err != nil {
				continue // the whole batch comes again
			}
			failed := map[string]bool{}
			for _, f := range out.BatchItemFailures {
				failed[f.ItemIdentifier] = true
			}
			e.Records = slices.DeleteFunc(e.Records, func(m events.SQSMessage) bool { return !failed[m.MessageId] })
			for i := range e.Records {
				e.Records[i].Attributes = map[string]string{"SentTimestamp": "1795512600000", "ApproximateReceiveCount": fmt.Sprint(try + 1)}
			}
		}
	}
	return nil
}

// TestWhateverBecomesOfARequestTheEndIsThatOfARunWithoutFaults goes through
// every request that ingest makes and every fault, once and as often as the SDK
// tries.
func TestWhateverBecomesOfARequestTheEndIsThatOfARunWithoutFaults(t *testing.T) {
	endpoint := os.Getenv("SARNAKH_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Skip("SARNAKH_DYNAMODB_ENDPOINT is not set; run: make test")
	}
	client := func(rt http.RoundTripper) *dynamodb.Client {
		return dynamodb.New(dynamodb.Options{
			BaseEndpoint: aws.String(endpoint), Region: "us-east-1", HTTPClient: &http.Client{Transport: rt},
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
			Retryer: retry.NewStandard(func(o *retry.StandardOptions) { // as it is, without the waiting
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
				o.RateLimiter = unlimited{}
			}),
		})
	}
	made, err := dynamo.CreateTables(t.Context(), client(http.DefaultTransport), "fault-"+rand.Text()[:10]+"-")
	if err != nil {
		t.Fatal(err)
	}
	db := func(w *faulty) *dynamo.Store { return dynamo.New(client(w), made, nil) }
	plain := dynamo.New(client(http.DefaultTransport), made, nil)
	if err := plain.Publish(t.Context(), store.Playbook{Pointer: store.Pointer{Number: 1}, Compiled: book().JSON()}, 0); err != nil {
		t.Fatal(err)
	}
	compiled, err := book().Compile()
	if err != nil {
		t.Fatal(err)
	}

	calm := &faulty{}
	if err := lived(t, calm, db, "calm"); err != nil {
		t.Fatal(err)
	}
	want := outcome(t, plain, compiled, "calm")
	if !strings.Contains(want, "consent true") || !strings.Contains(want, "72 activities") {
		t.Fatalf("without faults it is\n%s", want)
	}
	used := map[string]int{}
	for _, operation := range calm.operations {
		used[operation]++
	}
	for _, operation := range []string{"BatchGetItem", "BatchExecuteStatement", "BatchWriteItem", "ExecuteTransaction"} {
		if used[operation] == 0 {
			t.Errorf("the batches never make a %s", operation)
		}
	}

	type trial struct {
		fault     fault
		at, times int
	}
	var trials []trial
	for at, operation := range calm.operations {
		if testing.Short() && at%5 != 0 {
			continue
		}
		faults := wireFaults
		if operation == "BatchExecuteStatement" || operation == "ExecuteTransaction" {
			faults = append(slices.Clone(faults), conflictFault)
		}
		for _, f := range faults {
			trials = append(trials, trial{f, at, 1}, trial{f, at, 3})
		}
	}
	var mu sync.Mutex
	hurt, byFault := 0, map[string]int{}
	next := make(chan int)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for i := range next {
				x := trials[i]
				who := fmt.Sprint("p", i, "x")
				w := &faulty{fault: &x.fault, at: x.at, times: x.times}
				err := lived(t, w, db, who)
				got := outcome(t, plain, compiled, who)
				mu.Lock()
				if hurt += w.hurt; w.hurt > 0 {
					byFault[x.fault.name]++
				}
				mu.Unlock()
				if err != nil || got != want {
					t.Errorf("request %d, %s, %s, %d times: %v; it is\n%swithout\n%s", x.at, calm.operations[x.at], x.fault.name, x.times, err, got, want)
				}
			}
		})
	}
	for i := range trials {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, x := range trials {
		if byFault[x.fault.name] == 0 {
			t.Errorf("%s never came", x.fault.name)
		}
	}
	t.Logf("%d requests (%v) by %d faults, once and three times: %d cases, %d requests hurt; cases by fault %v", len(calm.operations), used, len(wireFaults)+1, len(trials), hurt, byFault)
}

// unlimited lets the SDK try as often as it is told to, whatever failed before.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (unlimited) AddTokens(uint) error { return nil }
