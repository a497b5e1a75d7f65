package flow

import (
	"context"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

const posted = "a@example.ir"

// post is a form with a consent.
func post(l *line0, id string) activity.Activity {
	a := act(id, activity.FormPosted, activity.Who{Email: posted}, "form", "ebook")
	a.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1"}}
	return a
}

func (l *line0) hash() string {
	return lead.Identity{Kind: lead.ByEmail, Value: posted}.Hash(testSecret)
}

func TestAnAddressThatBouncedIsRememberedWhenItsLeadIsGone(t *testing.T) {
	l := newLine(t)
	if err := l.mem.Suppress(t.Context(), store.Suppression{Hash: l.hash(), Reason: "bounce", At: l.now.Unix() - 86400}); err != nil {
		t.Fatal(err)
	}
	l.take(post(l, "1"))
	r := l.recipient(l.leadOf(lead.ByEmail, posted))
	if r.Email != posted || r.SuppressedFor(posted) != "bounce" {
		t.Errorf("a new lead with the address: %+v", r)
	}
}

func TestWhoLeftAndWasErasedIsWrittenToOnlyAfterANewConsent(t *testing.T) {
	for _, c := range []struct {
		left int64 // seconds from now
		want bool
	}{{3600, false}, {-3600, true}} {
		l := newLine(t)
		if err := l.mem.Suppress(t.Context(), store.Suppression{Hash: l.hash(), Reason: store.Unsubscribed, At: l.now.Unix() + c.left}); err != nil {
			t.Fatal(err)
		}
		l.take(post(l, "1"))
		r := l.recipient(l.leadOf(lead.ByEmail, posted))
		if got := r.Consents("email", "marketing", false); got != c.want || r.SuppressedFor(posted) != "" {
			t.Errorf("left %d s from the consent: consents %v, %+v", c.left, got, r)
		}
	}
	if nurture.Left != store.Unsubscribed {
		t.Error("the two words for who left differ")
	}
}

func TestABounceThatAnotherSystemTellsStopsOursAndOutlivesTheLead(t *testing.T) {
	l := newLine(t)
	l.take(post(l, "1"))
	a := act("2", activity.MailBounced, activity.Who{Email: posted})
	a.Source = "old-mailer"
	l.take(a)
	if got := l.recipient(l.leadOf(lead.ByEmail, posted)).SuppressedFor(posted); got != "bounce" {
		t.Errorf("suppressed: %q", got)
	}
	if got, err := l.mem.ReadSuppression(t.Context(), l.hash()); err != nil || got.Reason != "bounce" {
		t.Errorf("kept: %+v, %v", got, err)
	}
	stranger := act("3", activity.MailComplained, activity.Who{Email: "b@example.ir"})
	stranger.Source = "capture"
	l.take(stranger)
	if got := l.recipient(l.leadOf(lead.ByEmail, "b@example.ir")).SuppressedFor("b@example.ir"); got != "" {
		t.Errorf("a stranger stopped somebody's mail: %s", got)
	}
}

func TestSuppressingByHandStopsWhoIsThereAndWhoComes(t *testing.T) {
	l := newLine(t)
	l.take(post(l, "1"))
	for range 2 {
		known, err := Suppress(context.Background(), l.mem, testSecret, posted, "manual", l.now)
		if err != nil || !known {
			t.Fatalf("known %v, %v", known, err)
		}
	}
	if known, err := Suppress(context.Background(), l.mem, testSecret, "new@example.ir", "import", l.now); err != nil || known {
		t.Fatalf("known %v, %v", known, err)
	}
	b := act("2", activity.FormPosted, activity.Who{Email: "new@example.ir"}, "form", "ebook")
	l.take(b)
	for address, want := range map[string]string{posted: "manual", "new@example.ir": "import"} {
		if got := l.recipient(l.leadOf(lead.ByEmail, address)).SuppressedFor(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestADoubleOptInAsksTheAddressAndNothingElseIsSentBefore(t *testing.T) {
	l := newLine(t)
	p := smallBook()
	p.Nurture.DoubleOptIn = true
	publish(t, l.mem, p, 2)
	for _, id := range []string{"1", "2", "3"} {
		l.take(post(l, id))
	}
	r := l.recipient(l.leadOf(lead.ByEmail, posted))
	if len(r.Enrollments) != 1 || r.Enrollments[0].Track != nurture.ConfirmTrack || len(r.Asked) != 1 || r.Due() != l.now.Unix() {
		t.Errorf("enrolled %+v, asked %v", r.Enrollments, r.Asked)
	}
	stored, err := l.mem.ReadRecipient(t.Context(), r.ID)
	if err != nil || stored.DueAt != l.now.Unix() {
		t.Errorf("due at %d, %v", stored.DueAt, err)
	}
}
