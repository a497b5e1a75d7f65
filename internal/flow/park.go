package flow

import (
	"context"
	"errors"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Parker stores messages that were set aside with their reason.
type Parker interface {
	// Park stores a message; parked twice it is one record.
	Park(ctx context.Context, p store.Parked) error
}

// parkedBytes is what is kept of a message that is set aside.
const parkedBytes = 200 << 10

// ParkMessage sets a message aside for a reason. Only when that is stored may
// the message be acknowledged. The record is the same however often the message
// comes: it is named by the message and by when the queue took it.
func ParkMessage(ctx context.Context, s Parker, source string, m Message, reason error) error {
	p := store.Parked{At: m.Received, ID: m.ID, Source: source, Code: "rejected", Reason: reason.Error(), Body: m.Body[:min(len(m.Body), parkedBytes)]}
	var fault *activity.Fault
	if errors.As(reason, &fault) {
		p.Code = fault.Code
	}
	var why *parkedFor
	if errors.As(reason, &why) {
		p.Code = why.code
	}
	return s.Park(ctx, p)
}

// parkedFor is a reason of our own. Its text must not repeat what was sent.
type parkedFor struct{ code, text string }

func (p *parkedFor) Error() string { return p.text }
