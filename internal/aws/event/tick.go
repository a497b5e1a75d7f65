package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Tick is what a schedule sends: its name and the time it stands for.
type Tick struct {
	Name string    `json:"tick"`
	At   time.Time `json:"time"`
}

// Now is the time of the invocation.
func (t Tick) Now() time.Time { return Now(t.At) }

// Stale tells that a tick came so late that the next one does its work.
func (t Tick) Stale(now time.Time, after time.Duration) bool { return now.Sub(t.At) > after }

// ReadTick reads a schedule's input.
func ReadTick(raw json.RawMessage) (Tick, error) {
	var t Tick
	if err := json.Unmarshal(raw, &t); err != nil {
		return Tick{}, fmt.Errorf("read tick: %w", err)
	}
	if t.Name == "" || t.At.IsZero() {
		return Tick{}, errors.New(`read tick: want {"tick":"name","time":"RFC 3339"}`)
	}
	return t, nil
}

// Read tells a schedule's event from a queue's, for a function that has both.
// Exactly one of the two is not nil when there is no error.
func Read(raw json.RawMessage) (*events.SQSEvent, *Tick, error) {
	var shape struct {
		Records json.RawMessage `json:"Records"`
	}
	if err := json.Unmarshal(raw, &shape); err != nil {
		return nil, nil, fmt.Errorf("read event: %w", err)
	}
	if shape.Records == nil {
		t, err := ReadTick(raw)
		if err != nil {
			return nil, nil, err
		}
		return nil, &t, nil
	}
	var e events.SQSEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, nil, fmt.Errorf("read SQS event: %w", err)
	}
	return &e, nil, nil
}
