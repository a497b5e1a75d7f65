package flow

import (
	"fmt"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Every kind of event, in both forms, once and again: what it does to the
// recipient, and what is parked.
func TestEveryEventOfTheMailServiceIsTakenInOrParkedWithItsReason(t *testing.T) {
	const tags = `"tags":{"send_id":["SEND"],"recipient":["abcdefghijklmnop"],"mail":["tips"]}`
	event := func(kind, more string) string {
		return fmt.Sprintf(`{"eventType":%q,"mail":{"messageId":"m","timestamp":"2026-11-24T08:30:00Z","destination":["maryam@example.ir"],%s}%s}`, kind, tags, more)
	}
	old := func(kind, more string) string {
		return fmt.Sprintf(`{"notificationType":%q,"mail":{"messageId":"m","timestamp":"2026-11-24T08:30:00Z","destination":["maryam@example.ir"],%s}%s}`, kind, tags, more)
	}
	hard := func(to string) string {
		return fmt.Sprintf(`,"bounce":{"bounceType":"Permanent","bouncedRecipients":[%s]}`, to)
	}
	own, other := `{"emailAddress":"Maryam@example.ir"}`, `{"emailAddress":"b@y.example"}`
	for _, c := range []struct {
		name, body string
		settled    bool   // the send in hand is known to have left
		failed     bool   // or never to
		suppressed string // why
		withdrawn  bool
		parked     string // code
		activities int
	}{
		{name: "send", body: event("Send", `,"send":{}`), settled: true, activities: 1},
		{name: "delivery whose send was lost", body: event("Delivery", `,"delivery":{}`), settled: true},
		{name: "delivery, older form", body: old("Delivery", `,"delivery":{}`), settled: true},
		{name: "hard bounce before its send", body: event("Bounce", hard(own)), settled: true, suppressed: "bounce", activities: 1},
		{name: "hard bounce, older form", body: old("Bounce", hard(own)), settled: true, suppressed: "bounce", activities: 1},
		{name: "hard bounce of two recipients, one is theirs", body: event("Bounce", hard(other+","+own)), settled: true, suppressed: "bounce", activities: 1},
		{name: "hard bounce of somebody else", body: event("Bounce", hard(other)), settled: true, activities: 1},
		{name: "hard bounce that names nobody", body: event("Bounce", hard("")), settled: true, suppressed: "bounce", activities: 1},
		{name: "soft bounce", body: event("Bounce", `,"bounce":{"bounceType":"Transient","bouncedRecipients":[`+own+`]}`), settled: true},
		{name: "undetermined bounce", body: event("Bounce", `,"bounce":{"bounceType":"Undetermined","bouncedRecipients":[`+own+`]}`), settled: true},
		{name: "complaint", body: event("Complaint", `,"complaint":{"complainedRecipients":[`+own+`]}`), settled: true, suppressed: "complaint", withdrawn: true, activities: 1},
		{name: "complaint, older form, under a forwarded address", body: old("Complaint", `,"complaint":{"complainedRecipients":[`+other+`]}`), settled: true, suppressed: "complaint", withdrawn: true, activities: 1},
		{name: "complaint that is none", body: event("Complaint", `,"complaint":{"complaintFeedbackType":"not-spam"}`)},
		{name: "reject", body: event("Reject", `,"reject":{"reason":"Bad content"}`), failed: true},
		{name: "rendering failure", body: event("Rendering Failure", `,"failure":{"errorMessage":"x","templateName":"y"}`), failed: true},
		{name: "rendering failure, as older documents write it", body: event("RenderingFailure", ""), failed: true},
		{name: "delay", body: event("DeliveryDelay", "")},
		{name: "open", body: event("Open", "")},
		{name: "click", body: event("Click", "")},
		{name: "subscription", body: event("Subscription", "")},
		{name: "a kind of tomorrow", body: event("Teleport", ""), parked: "unknown_event"},
		{name: "no kind", body: event("", ""), parked: "unknown_event"},
		{name: "another system's mail", body: `{"eventType":"Send","mail":{"tags":{"campaign":["x"]}}}`, parked: "unknown_mail"},
		{name: "no mail at all", body: `{"eventType":"Send"}`, parked: "unknown_mail"},
		{name: "a recipient that is no id", body: `{"eventType":"Send","mail":{"tags":{"send_id":["x"],"recipient":["../x"]}}}`, parked: "unknown_mail"},
		{name: "a decision that is none", body: `{"eventType":"Send","mail":{"tags":{"decision":["!"]}}}`, parked: "unknown_mail"},
		{name: "the note of a new subscription", body: "Successfully validated SNS topic for Amazon SES event publishing.", parked: "not_an_event"},
		{name: "empty", body: "", parked: "not_an_event"},
		{name: "not an object", body: `[]`, parked: "not_an_event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			if err := update(t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool {
				r.Hand = &nurture.Send{ID: "SEND", Attempt: "a", Mail: "tips", Class: nurture.Marketing, Claimed: o.now.Unix(), Lease: o.now.Unix()}
				return true
			}); err != nil {
				t.Fatal(err)
			}
			var first store.Recipient
			for n := range 3 { // it comes again, and again
				if err := o.event(c.body); err != nil {
					t.Fatalf("time %d: %v", n+1, err)
				}
				o.now = o.now.Add(time.Second)
				item, err := o.store.ReadRecipient(t.Context(), string(maryam))
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					first = item
				} else if string(item.Body) != string(first.Body) {
					t.Errorf("time %d changed it to %s", n+1, item.Body)
				}
			}
			r, err := nurture.Decode(string(maryam), first.Body)
			if err != nil {
				t.Fatal(err)
			}
			done := len(r.Sends) == 1 && r.Hand == nil
			if settled := done && r.Sends[0].Failed == ""; settled != c.settled {
				t.Errorf("left: %v, want %v", settled, c.settled)
			}
			if failed := done && r.Sends[0].Failed != ""; failed != c.failed {
				t.Errorf("failed: %v, want %v", failed, c.failed)
			}
			if why := r.SuppressedFor("maryam@example.ir"); why != c.suppressed {
				t.Errorf("suppressed for %q, want %q", why, c.suppressed)
			}
			if gone := !r.Consents("email", "marketing", false); gone != c.withdrawn {
				t.Errorf("withdrawn: %v, want %v", gone, c.withdrawn)
			}
			ids := map[string]bool{}
			for _, a := range o.queued {
				ids[string(a.ID)] = true
			}
			if len(ids) != c.activities {
				t.Errorf("activities %v, want %d", ids, c.activities)
			}
			parked, _, err := o.store.ListParked(t.Context(), o.now, 0, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range parked {
				if p.Code != c.parked || p.Reason == "" {
					t.Errorf("parked as %s (%s), want %q", p.Code, p.Reason, c.parked)
				}
			}
			if (len(parked) > 0) != (c.parked != "") {
				t.Errorf("parked %d, want %q", len(parked), c.parked)
			}
		})
	}
}
