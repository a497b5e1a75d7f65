package flow

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/sending"
)

// came is an event of a mail that left at a time.
func came(kind string, at time.Time, m mail.Message, more string) string {
	return fmt.Sprintf(`{"eventType":%q,"mail":{"timestamp":%q,"destination":[%q],"tags":{"send_id":[%q],"recipient":[%q]}}%s}`,
		kind, at.Format(time.RFC3339), m.To, tagOf(m, "send_id"), tagOf(m, "recipient"), more)
}

func TestEventsThatAreBroughtBackDoNotShutTheBrakeAgain(t *testing.T) {
	h := newHouse(t)
	h.waiting(20, "aaa", "tips")
	left := h.now
	h.tick()
	var events []string
	for i, m := range h.sent[:14] {
		if i%2 == 0 {
			events = append(events, came("Bounce", left, m, `,"bounce":{"bounceType":"Permanent"}`))
		} else {
			events = append(events, came("Complaint", left, m, `,"complaint":{}`))
		}
	}
	bring := func() []byte {
		for _, e := range events {
			if err := h.event(e); err != nil {
				t.Fatal(err)
			}
		}
		x, err := h.store.ReadSending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return x.Body
	}
	if s, err := sending.Decode(bring()); err != nil || s.Shut == 0 {
		t.Fatalf("14 of 20 mails came back: %+v, %v", s, err)
	}
	if err := ChangeSending(t.Context(), h.store, func(s *sending.State) bool { s.Open("sara", h.now); return true }); err != nil {
		t.Fatal(err)
	}
	was := h.store.Dump()
	for _, later := range []time.Duration{time.Minute, 5 * 24 * time.Hour, 60 * 24 * time.Hour} {
		h.now = left.Add(later)
		bring()
		for key, is := range h.store.Dump() {
			if is != was[key] {
				t.Errorf("brought back after %s: %s is %s, was %s", later, key, is, was[key])
			}
		}
	}
	// What is new counts as before.
	h.now = left.Add(2 * time.Minute)
	events = nil
	for _, m := range h.sent[14:] {
		events = append(events, came("Complaint", left, m, `,"complaint":{}`))
	}
	if s, err := sending.Decode(bring()); err != nil || s.Shut == 0 {
		t.Errorf("six complaints after the brake was opened: %+v, %v", s, err)
	}
}

func TestAComplaintAboutTheAddressOfBeforeStopsNotTheOneOfNow(t *testing.T) {
	o := newOffice(t)
	enrollInWelcome(o)
	o.tick()
	e := eventOf("Complaint", o.sent[0], `,"complaint":{"complainedRecipients":[{"emailAddress":"maryam@example.ir"}]}`)
	if err := o.event(e); err != nil {
		t.Fatal(err)
	}
	err := update(t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool {
		r.Email = "maryam@work.example"
		r.Grant("email", "marketing", o.now.Add(time.Hour), "v1", "form")
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	was, err := o.store.ReadRecipient(t.Context(), string(maryam))
	if err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(24 * time.Hour)
	if err := o.event(e); err != nil {
		t.Fatal(err)
	}
	is, err := o.store.ReadRecipient(t.Context(), string(maryam))
	if err != nil || is.Version != was.Version || !bytes.Equal(is.Body, was.Body) {
		t.Errorf("the same complaint again: %s, was %s (%v)", is.Body, was.Body, err)
	}
	if r := o.recipient(); r.SuppressedFor("maryam@work.example") != "" || !r.Consents("email", "marketing", false) {
		t.Errorf("%+v", r)
	}
}
