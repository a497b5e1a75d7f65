package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/phone"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

var key = []byte("a secret of the tests, long enough for anybody")

// tables is what the tests need of either store beyond what ingest does.
type tables interface {
	flow.IngestStore
	Publish(ctx context.Context, p store.Playbook, was uint32) error
	LeadOf(ctx context.Context, k store.IdentityKey) (lead.ID, error)
	ReadLedger(ctx context.Context, id lead.ID) (ledger.Item, error)
	ListParked(ctx context.Context, day time.Time, limit int, page string) ([]store.Parked, string, error)
}

// book scores each activity of a type that the event's examples have.
func book() *playbook.Playbook {
	p := &playbook.Playbook{
		Format: playbook.Format, Number: 1, Name: "test", Zone: "Asia/Tehran", Fields: append([]string{"path"}, decision.Fields()...),
		Business: playbook.Business{Name: nurture.Text{En: "Test"}, Region: "IR", Locales: []string{"fa"}},
		Score: score.Config{
			Bands: []score.Band{{Name: "cold"}, {Name: "hot", From: 20}}, Engagement: score.Limits{Min: -30, Max: 80}, Fit: score.Limits{Min: -40, Max: 40},
			Grades: score.Grades{Fit: [3]int{28, 18, 8}, Engagement: [3]int{40, 25, 10}},
		},
		Nurture: nurture.Config{Zone: "Asia/Tehran"},
	}
	for i, t := range []activity.Type{activity.FormPosted, activity.CallAnswered, activity.CallPriceAsked, activity.PageViewed} {
		n := signal.Number(i + 1)
		p.Signals = append(p.Signals, signal.Definition{Number: n, Name: string(t), Kind: signal.OnActivity, Types: []activity.Type{t}})
		p.Score.Points = append(p.Score.Points, score.Points{Signal: n, Points: 5, PerDay: 10, HalfLife: 14})
	}
	return p
}

// counting counts the calls that reach the engine.
type counting struct {
	mu    sync.Mutex
	calls map[string]int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.mu.Lock()
	c.calls[operation]++
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func engine(t *testing.T) (*dynamo.Store, *counting) {
	t.Helper()
	endpoint := os.Getenv("SARNAKH_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Skip("SARNAKH_DYNAMODB_ENDPOINT is not set; run: make test")
	}
	c := &counting{calls: map[string]int{}}
	db := dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(endpoint), Region: "us-east-1", HTTPClient: &http.Client{Transport: c},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	made, err := dynamo.CreateTables(t.Context(), db, "test-"+rand.Text()[:10]+"-")
	if err != nil {
		t.Fatal(err)
	}
	return dynamo.New(db, made, nil), c
}

func start(t *testing.T, s tables) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	t.Helper()
	if err := s.Publish(t.Context(), store.Playbook{Pointer: store.Pointer{Number: 1}, Compiled: book().JSON()}, 0); err != nil {
		t.Fatal(err)
	}
	return invoke(s)
}

// invoke calls the handler as Lambda does: bytes in, bytes out.
func invoke(s tables) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	h := handler(event.NewProcess(io.Discard), flow.NewIngest(s, key, func(r string) lead.Phone { return phone.For(r) }))
	return func(ctx context.Context, e events.SQSEvent) (out events.SQSEventResponse, err error) {
		raw, err := json.Marshal(e)
		if err != nil {
			return out, err
		}
		answer, err := h.Invoke(ctx, raw)
		if err != nil {
			return out, err
		}
		return out, json.Unmarshal(answer, &out)
	}
}

func sqs(bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for i, b := range bodies {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: fmt.Sprint("m", i), Body: b,
			Attributes: map[string]string{"SentTimestamp": "1795512600000", "ApproximateReceiveCount": "1"},
		})
	}
	return e
}

// item reads the ledger of an identity.
func item(t *testing.T, s tables, kind lead.Kind, value string) ledger.Item {
	t.Helper()
	id, err := s.LeadOf(t.Context(), store.IdentityOf(string(kind), lead.Identity{Kind: kind, Value: value}.Hash(key)))
	if err != nil {
		t.Fatal(err)
	}
	it, err := s.ReadLedger(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func TestTheExampleEventGoesIntoTwoLedgers(t *testing.T) {
	raw, err := os.ReadFile("../../events/ingest.json")
	if err != nil {
		t.Fatal(err)
	}
	var e events.SQSEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	s := memory.New()
	h := start(t, s)
	for range 3 {
		out, err := h(t.Context(), e)
		if err != nil || len(out.BatchItemFailures) != 0 || out.BatchItemFailures == nil {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	for _, want := range []struct {
		kind  lead.Kind
		value string
		n     int
	}{{lead.ByEmail, "sara.ahmadi@example.com", 1}, {lead.ByPhone, "+989123456789", 1}, {lead.ByExternal, "crm-4711", 2}} {
		it := item(t, s, want.kind, want.value)
		st, err := ledger.Decode(it)
		if err != nil || st.Activities() != want.n || it.Version != 1 || !st.Known {
			t.Errorf("%s: %d activities in version %d, %v", want.kind, st.Activities(), it.Version, err)
		}
	}
}

func TestWhenNothingIsPublishedAllOfTheBatchComesAgain(t *testing.T) {
	h := invoke(memory.New())
	out, err := h(t.Context(), sqs(`{"v":1,"id":"1","type":"page.viewed","lead":{"email":"a@b.ir"}}`, `{"v":1,"id":"2","type":"page.viewed","lead":{"email":"a@b.ir"}}`))
	if err != nil || len(out.BatchItemFailures) != 2 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestOnARealEngineTheLedgersAreThoseOfMemoryAndTheCallsAreFew(t *testing.T) {
	s, count := engine(t)
	m := memory.New()
	onEngine, inMemory := start(t, s), start(t, m)
	const leads, rounds = 100, 15
	last := 0
	for round := range rounds {
		var bodies []string
		for i := range leads {
			a := activity.Activity{
				ID: activity.ID(fmt.Sprintf("id-%d-%d", round, i)), Type: activity.PageViewed, Source: "crm", Who: activity.Who{External: fmt.Sprint("crm-", i)},
				At:         time.Unix(1795512600, 0).AddDate(0, 0, -(round*7+i)%30),
				Properties: []activity.Property{{Name: "path", Value: activity.TextValue(fmt.Sprint("/page/", i%7))}},
			}
			bodies = append(bodies, string(activity.Encode([]activity.Activity{a})))
		}
		if round == 5 {
			bodies = append(bodies[:99:99], "{not json")
		}
		e := sqs(bodies...)
		before := total(count)
		for _, h := range []func(context.Context, events.SQSEvent) (events.SQSEventResponse, error){onEngine, inMemory} {
			out, err := h(t.Context(), e)
			if err != nil || len(out.BatchItemFailures) != 0 {
				t.Fatalf("round %d: %+v, %v", round, out, err)
			}
		}
		last = total(count) - before
	}
	for i := range leads {
		name := fmt.Sprint("crm-", i)
		a, b := item(t, s, lead.ByExternal, name), item(t, m, lead.ByExternal, name)
		if a.Version != b.Version || string(a.Blob) != string(b.Blob) || a.Band != b.Band || a.DueShard != b.DueShard {
			t.Errorf("%s: version %d %s on the engine, %d %s in memory", name, a.Version, a.Band, b.Version, b.Band)
		}
		if a.Size() > 1024 {
			t.Errorf("%s has %d bytes", name, a.Size())
		}
	}
	if ps, _, err := s.ListParked(t.Context(), time.Unix(1795512600, 0), 0, ""); err != nil || len(ps) != 1 {
		t.Errorf("%d parked, %v", len(ps), err)
	}
	if last > 10 {
		t.Errorf("%d calls for the last 100 activities, at most 10: %v", last, count.calls)
	}
	t.Logf("the last 100 activities took %d calls", last)
}

func total(c *counting) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, k := range c.calls {
		n += k
	}
	return n
}
