package flow

import (
	"errors"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

// A message that comes again keeps an address that may have been lost, and only
// the lead's own: what another person is written to stays with them.
func TestAnAddressOfAnotherPersonStaysWithThemHoweverOftenTheMessageComes(t *testing.T) {
	l := newLine(t)
	other, own := "other@example.ir", "own@example.ir"
	l.take(act("1", activity.FormPosted, activity.Who{Email: other}, "form", "ebook"))
	l.take(act("2", activity.CallAnswered, activity.Who{External: "crm-1"}))
	again := func(a activity.Activity) {
		m := l.message(a)
		m.Attempt = 3
		if got := l.ingest.Run(t.Context(), l.log, []Message{m}, l.now); len(got.Failed) != 0 || got.Fresh != 1 {
			t.Fatalf("%+v", got)
		}
	}
	again(act("3", activity.CallAnswered, activity.Who{External: "crm-1", Email: other}))
	crm := l.leadOf(lead.ByExternal, "crm-1")
	if r, err := l.mem.ReadRecipient(t.Context(), string(crm)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the lead of the CRM is written to as %s, %v", r.Body, err)
	}
	again(act("4", activity.CallAnswered, activity.Who{External: "crm-1", Email: own}))
	if r := l.recipient(crm); r.Email != own {
		t.Errorf("its own address is %q, want %q", r.Email, own)
	}
}
