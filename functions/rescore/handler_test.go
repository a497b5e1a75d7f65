package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

type box struct{ bodies [][]byte }

func (b *box) SendAll(_ context.Context, bodies [][]byte) error {
	b.bodies = append(b.bodies, bodies...)
	return nil
}

func read(t *testing.T, name string) json.RawMessage {
	t.Helper()
	raw, err := os.ReadFile("../../events/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTicksAndJobsAreToldApart(t *testing.T) {
	jobs := &box{}
	s := memory.New()
	h := handler(event.NewProcess(io.Discard), flow.NewRescore(s, jobs, &box{}))
	call := func(raw json.RawMessage) (any, error) { return h(t.Context(), raw) }

	if _, err := call(json.RawMessage(`{"tick":"review","time":"2099-01-01T00:00:00Z"}`)); err != nil || len(jobs.bodies) != flow.Segments {
		t.Errorf("review: %d jobs, %v", len(jobs.bodies), err)
	}
	if _, err := call(json.RawMessage(`{"tick":"due","time":"2099-01-01T00:00:00Z"}`)); err != nil {
		t.Errorf("due: %v", err)
	}
	if _, err := call(json.RawMessage(`{"tick":"lunch","time":"2099-01-01T00:00:00Z"}`)); err == nil {
		t.Error("a tick that nobody knows was taken")
	}
	jobs.bodies = nil
	for _, name := range []string{`{"tick":"review","time":"2020-01-01T00:00:00Z"}`, `{"tick":"due","time":"2020-01-01T00:00:00Z"}`} {
		if _, err := call(json.RawMessage(name)); err != nil || len(jobs.bodies) != 0 {
			t.Errorf("an old tick: %d jobs, %v", len(jobs.bodies), err)
		}
	}
	queue, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{
		{MessageId: "good", Body: string(flow.PlaybookJob(1).Encode()), Attributes: map[string]string{"SentTimestamp": "1795512600000"}},
		{MessageId: "noise", Body: "{", Attributes: map[string]string{"SentTimestamp": "1795512600000"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := call(queue)
	answer, ok := out.(events.SQSEventResponse)
	if err != nil || !ok || len(answer.BatchItemFailures) != 0 || answer.BatchItemFailures == nil || len(jobs.bodies) != flow.Segments {
		t.Errorf("%+v, %v, %d jobs", out, err, len(jobs.bodies))
	}
}

func TestTheExamplesOfEventsAreUnderstood(t *testing.T) {
	h := handler(event.NewProcess(io.Discard), flow.NewRescore(memory.New(), &box{}, &box{}))
	for _, name := range []string{"rescore.json", "rescore-review.json"} {
		if _, err := h(t.Context(), read(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
