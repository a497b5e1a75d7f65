package event

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

func process(t *testing.T) (*Process, *bytes.Buffer) {
	t.Helper()
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "capture")
	var b bytes.Buffer
	return NewProcess(&b), &b
}

func request(method, path, body string) events.APIGatewayV2HTTPRequest {
	var e events.APIGatewayV2HTTPRequest
	e.Version, e.RawPath, e.Body = "2.0", path, body
	e.Headers = map[string]string{"x-forwarded-for": "198.51.100.1", "user-agent": "a, b", "accept": "text/html, */*"}
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path = method, path
	e.RequestContext.HTTP.SourceIP, e.RequestContext.RequestID = "203.0.113.9", "req-1"
	e.RequestContext.TimeEpoch = time.Now().Add(48 * time.Hour).UnixMilli()
	return e
}

func TestACallKnowsTheRealAddressAndTheLaterTime(t *testing.T) {
	p, _ := process(t)
	var got Call
	h := HTTP(p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = CallOf(r.Context())
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append(b, r.UserAgent()...))
	}))
	e := request("POST", "/f/x", "aGVsbG8=")
	e.IsBase64Encoded = true
	reply, err := h(context.Background(), e)
	if err != nil || reply.StatusCode != 200 || reply.Body != "helloa, b" {
		t.Fatalf("%+v, %v", reply, err)
	}
	if got.IP != "203.0.113.9" || got.RequestID != "req-1" || got.Log == nil || time.Until(got.Now) < 47*time.Hour {
		t.Errorf("the call is %+v", got)
	}
}

func TestABrokenEnvelopeIsRefusedAndNotAServerError(t *testing.T) {
	p, _ := process(t)
	h := HTTP(p, http.NotFoundHandler())
	bad := request("POST", "/f/x", "not base64!")
	bad.IsBase64Encoded = true
	for name, e := range map[string]events.APIGatewayV2HTTPRequest{"bad base64": bad, "a path that is none": request("GET", "/%zz", ""), "no path": request("GET", "", "")} {
		reply, err := h(context.Background(), e)
		if err != nil || reply.StatusCode != 400 || reply.Headers["Content-Type"] != "application/problem+json" {
			t.Errorf("%s: %+v, %v", name, reply, err)
		}
	}
}

func TestAPanicIsA500ThatSaysNothing(t *testing.T) {
	p, log := process(t)
	h := HTTP(p, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret@example.com") }))
	reply, err := h(context.Background(), request("GET", "/", ""))
	if err != nil || reply.StatusCode != 500 || !strings.Contains(reply.Body, "req-1") {
		t.Errorf("%+v, %v", reply, err)
	}
	if all := log.String() + reply.Body; strings.Contains(all, "secret") || !strings.Contains(all, "event_test.go") {
		t.Errorf("said %s", all)
	}
}

func sqsEvent(ids ...string) events.SQSEvent {
	var e events.SQSEvent
	for _, id := range ids {
		e.Records = append(e.Records, events.SQSMessage{MessageId: id, Body: id, Attributes: map[string]string{"SentTimestamp": "1795512600000", "ApproximateReceiveCount": "2"}})
	}
	return e
}

func TestABatchStartsFromAllFailed(t *testing.T) {
	p, _ := process(t)
	b := NewBatch(context.Background(), sqsEvent("a", "b", "c"))
	if n := len(b.Response().BatchItemFailures); n != 3 {
		t.Fatalf("%d failed before any work, want 3", n)
	}
	b.Each(p.Log(), func(m Message) error {
		switch m.ID {
		case "a":
			panic("poison")
		case "b":
			return errors.New("no")
		}
		return nil
	})
	r := b.Response()
	if len(r.BatchItemFailures) != 2 || r.BatchItemFailures[0].ItemIdentifier != "a" || r.BatchItemFailures[1].ItemIdentifier != "b" {
		t.Errorf("failed are %v", r.BatchItemFailures)
	}
	if m := b.Messages[0]; m.Attempt != 2 || m.Sent.UnixMilli() != 1795512600000 {
		t.Errorf("the message is %+v", m)
	}
	// An empty list must be a list: null means success to Lambda and failure to
	// some engines.
	b.Done(b.Messages[0])
	b.Done(b.Messages[1])
	if out, _ := json.Marshal(b.Response()); string(out) != `{"batchItemFailures":[]}` {
		t.Errorf("all done says %s", out)
	}
}

func TestOutOfTimeTheRestComesAgain(t *testing.T) {
	p, _ := process(t)
	synctest.Test(t, func(t *testing.T) { // in a time of its own, which no slow machine eats up
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		b := NewBatch(ctx, sqsEvent("a", "b", "c"))
		done := 0
		b.Each(p.Log(), func(Message) error { done++; time.Sleep(200 * time.Millisecond); return nil })
		if done != 1 || b.Failed() != 2 {
			t.Errorf("%d done, %d failed", done, b.Failed())
		}
	})
}

func TestAStreamBatchNamesSequenceNumbers(t *testing.T) {
	p, _ := process(t)
	var e events.DynamoDBEvent
	for _, n := range []string{"1", "2", "3"} {
		var r events.DynamoDBEventRecord
		r.Change.SequenceNumber, r.EventID = n, "event-"+n
		e.Records = append(e.Records, r)
	}
	b := NewRecords(context.Background(), e)
	b.Each(p.Log(), func(r Record) error {
		if r.Sequence == "2" {
			return errors.New("no")
		}
		return nil
	})
	if out, _ := json.Marshal(b.Response()); string(out) != `{"batchItemFailures":[{"itemIdentifier":"2"}]}` {
		t.Errorf("says %s", out)
	}
}

func TestLogLinesAreJSONWithRequestAndColdStartOnce(t *testing.T) {
	p, out := process(t)
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "r1"})
	p.Begin(ctx).Info("one", "agent", "x\x1b\n{")
	p.Begin(ctx).Info("two")
	p.Measure(time.UnixMilli(5), Metric{"Parked", 2, Count})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines: %s", len(lines), out)
	}
	var one, two map[string]any
	if json.Unmarshal([]byte(lines[0]), &one) != nil || json.Unmarshal([]byte(lines[1]), &two) != nil {
		t.Fatalf("not JSON: %s", out)
	}
	if one["requestId"] != "r1" || one["coldStart"] != true || one["level"] != "INFO" || one["message"] != "one" || one["timestamp"] == nil {
		t.Errorf("the first line is %s", lines[0])
	}
	if _, again := two["coldStart"]; again {
		t.Error("the second invocation is a cold start too")
	}
	if want := `{"FunctionName":"capture","Parked":2,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["FunctionName"]],"Metrics":[{"Name":"Parked","Unit":"Count"}],"Namespace":"Sarnakh"}],"Timestamp":5}}`; lines[2] != want {
		t.Errorf("the metric is %s", lines[2])
	}
}

func TestATickIsToldFromAQueue(t *testing.T) {
	_, tick, err := Read(json.RawMessage(`{"tick":"due","time":"2026-11-24T09:30:00Z"}`))
	if err != nil || tick.Name != "due" || tick.Stale(tick.At.Add(time.Minute), 2*time.Minute) || !tick.Stale(tick.At.Add(3*time.Minute), 2*time.Minute) {
		t.Errorf("%+v, %v", tick, err)
	}
	q, _, err := Read(json.RawMessage(`{"Records":[{"messageId":"a","body":"b"}]}`))
	if err != nil || len(q.Records) != 1 {
		t.Errorf("%+v, %v", q, err)
	}
	for _, bad := range []string{`{}`, `[]`, `{"tick":"due"}`, ``} {
		if _, _, err := Read(json.RawMessage(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestMissingSettingsAreReportedTogether(t *testing.T) {
	t.Setenv("THERE", "x")
	os.Unsetenv("NOT_THERE")
	var e Env
	if e.Need("THERE") != "x" || e.Err() != nil {
		t.Error("a setting that is there is missed")
	}
	e.Need("NOT_THERE")
	e.Need("NOR_THERE")
	if err := e.Err(); err == nil || !strings.Contains(err.Error(), "NOT_THERE, NOR_THERE") {
		t.Errorf("says %v", err)
	}
}
