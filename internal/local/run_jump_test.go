package local

import (
	"encoding/json"
	"testing"
	"time"
)

func TestAMovedClockRunsTheTicksInBetweenInOrder(t *testing.T) {
	h := open(t, options(t))
	begin := h.Now()
	var last Jump
	if _, err := h.Jump(t.Context(), 90*time.Minute, func(j Jump) { last = j }); err != nil {
		t.Fatal(err)
	}
	if last.Ticks < 90 || !last.Done || last.Errors != 0 || last.Coarse != 0 {
		t.Errorf("%+v", last)
	}
	times := tickTimes(t, h, "minute")
	for i := 1; i < len(times); i++ {
		if times[i].Sub(times[i-1]) != time.Minute {
			t.Errorf("after the tick of %v comes that of %v", times[i-1], times[i])
		}
	}
	began := time.Now()
	if _, err := h.Jump(t.Context(), 26*time.Hour, func(j Jump) { last = j }); err != nil {
		t.Fatal(err)
	}
	t.Logf("a day of %d steps took %v", last.Steps, time.Since(began))
	if last.Coarse != 10*time.Minute || last.Busy != 0 {
		t.Errorf("%+v", last)
	}
	if days := tickTimes(t, h, "daily"); len(days) < 1 || len(days) > 2 || days[0].Format("15:04") != "20:40" {
		t.Errorf("daily ticks at %v", days)
	}
	if moved := h.Now().Sub(begin); moved < 27*time.Hour+30*time.Minute || moved > 28*time.Hour {
		t.Errorf("the clock moved by %v", moved)
	}
	if err := h.sqs.Send(t.Context(), h.queueURLs[h.stack.Queues[0].ARN], "after"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	h.quietly(t)
	var event struct {
		Records []struct {
			Attributes struct {
				SentTimestamp int64 `json:",string"`
			}
		}
	}
	seen := h.seen(t, `"after"`)
	if len(seen) != 1 || json.Unmarshal([]byte(seen[0]), &event) != nil {
		t.Fatalf("%v", seen)
	}
	if d := h.Now().Sub(time.UnixMilli(event.Records[0].Attributes.SentTimestamp)); d < 0 || d > time.Minute {
		t.Errorf("a message of now was sent %v ago", d)
	}
	if _, err := h.Jump(t.Context(), -time.Hour, nil); err == nil {
		t.Error("the clock went back")
	}
}

func tickTimes(t *testing.T, h house, tick string) (out []time.Time) {
	t.Helper()
	for _, line := range h.seen(t, `"tick":"`+tick+`"`) {
		var event struct{ Time time.Time }
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		out = append(out, event.Time)
	}
	return out
}

func TestAMovedClockBringsBackWhatHidInAQueue(t *testing.T) {
	o := options(t)
	h := open(t, o)
	url := h.queueURLs[h.stack.Queues[0].ARN]
	// Hidden for an hour by the function, as a delivery that waits for its next try.
	poller := h.queues[0].poller
	if err := h.sqs.Send(t.Context(), url, "bad but later"); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for _, failed := poller.State(); failed == 0; _, failed = poller.State() {
		if time.Now().After(deadline) {
			t.Fatal("the message was not failed")
		}
		time.Sleep(5 * time.Millisecond)
	}
	before := len(h.seen(t, "bad but later"))
	if _, err := h.Jump(t.Context(), 5*time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	if after := len(h.seen(t, "bad but later")); after <= before {
		t.Errorf("it came %d times before the clock was moved and %d times after", before, after)
	}
}
