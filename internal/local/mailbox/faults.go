package mailbox

import (
	"fmt"
	"slices"
	"sync"
)

// Fault is something that goes wrong on purpose, for the next Count mails or events.
type Fault struct {
	// Kind is throttle, error, paused or limit (refused with that answer, nothing sent), lost_reply (sent, answered
	// with 500), hang (sent, never answered) or drop_event (the event of type Event, or any, is never published).
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	Event string `json:"event,omitempty"`
}

type faults struct {
	mu   sync.Mutex
	list []Fault
}

func (f *faults) set(x Fault) error {
	if !slices.Contains([]string{"throttle", "error", "paused", "limit", "lost_reply", "hang", "drop_event"}, x.Kind) {
		return fmt.Errorf("no fault is called %q: throttle, error, paused, limit, lost_reply, hang or drop_event", x.Kind)
	}
	if x.Count <= 0 {
		x.Count = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, x)
	return nil
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

func (f *faults) all() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.list...)
}

// take uses up one of the faults that match, the oldest.
func (f *faults) take(match func(Fault) bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.list, match)
	if i < 0 {
		return Fault{}, false
	}
	x := f.list[i]
	if f.list[i].Count--; f.list[i].Count == 0 {
		f.list = slices.Delete(f.list, i, i+1)
	}
	return x, true
}

func (f *faults) drop(event string) bool {
	_, ok := f.take(func(x Fault) bool { return x.Kind == "drop_event" && (x.Event == "" || x.Event == event) })
	return ok
}

// refuse is asked before a call is looked at: the answer that a fault gives instead.
func (f *faults) refuse() *fault {
	x, ok := f.take(func(x Fault) bool { return slices.Contains([]string{"throttle", "error", "paused", "limit"}, x.Kind) })
	if !ok {
		return nil
	}
	switch x.Kind {
	case "throttle":
		return &fault{429, "TooManyRequestsException", "Maximum sending rate exceeded."}
	case "paused":
		return &fault{400, "SendingPausedException", "Sending is paused for this account."}
	case "limit":
		return &fault{400, "LimitExceededException", "Daily message quota exceeded."}
	}
	return &fault{500, "InternalServiceErrorException", "The mailbox was told to fail."}
}

// after is asked when a call was carried out: whether its answer gets lost, and how.
func (f *faults) after() string {
	x, _ := f.take(func(x Fault) bool { return x.Kind == "lost_reply" || x.Kind == "hang" })
	return x.Kind
}
