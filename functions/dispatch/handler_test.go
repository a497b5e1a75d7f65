package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

type box struct {
	bodies [][]byte
	fail   error
}

func (b *box) SendAll(_ context.Context, bodies [][]byte) error {
	if b.fail == nil {
		b.bodies = append(b.bodies, bodies...)
	}
	return b.fail
}

func stream(t *testing.T) events.DynamoDBEvent {
	t.Helper()
	raw, err := os.ReadFile("../../events/dispatch.json")
	if err != nil {
		t.Fatal(err)
	}
	var e events.DynamoDBEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAnImageWithPendingDecisionsIsQueuedOnce(t *testing.T) {
	queue := &box{}
	h := handler(event.NewProcess(io.Discard), flow.NewDispatch(memory.New(), queue))
	for round := range 2 {
		out, err := h(t.Context(), stream(t))
		if err != nil || len(out.BatchItemFailures) != 0 || len(queue.bodies) != 1 {
			t.Fatalf("round %d: %d queued, failures %v, %v", round, len(queue.bodies), out.BatchItemFailures, err)
		}
	}
	d, err := flow.DecodeDelivery(queue.bodies[0])
	if err != nil || d.Lead != "mfzwizltoq2gk3lp" || d.Band != "hot" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestWhatCannotBeQueuedComesAgainFromItsRecordOn(t *testing.T) {
	queue := &box{fail: errors.New("down")}
	h := handler(event.NewProcess(io.Discard), flow.NewDispatch(memory.New(), queue))
	e := stream(t)
	broken, plain := e.Records[0], e.Records[0]
	broken.Change.SequenceNumber = "2"
	broken.Change.NewImage = map[string]events.DynamoDBAttributeValue{
		"ds": events.NewStringAttribute("1"), "l": events.NewNumberAttribute("7"),
	}
	plain.Change.SequenceNumber, plain.Change.NewImage = "3", map[string]events.DynamoDBAttributeValue{"l": events.NewStringAttribute("x")}
	e.Records = append(e.Records, broken, plain)
	out, err := h(t.Context(), e)
	if err != nil || len(out.BatchItemFailures) != 2 || out.BatchItemFailures[0].ItemIdentifier != e.Records[0].Change.SequenceNumber || out.BatchItemFailures[1].ItemIdentifier != "2" {
		t.Errorf("failures %v, %v", out.BatchItemFailures, err)
	}
}
