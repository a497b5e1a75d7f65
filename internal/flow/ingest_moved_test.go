package flow

import (
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
)

// twoInOne is two people of whom somebody in sales says that they are one, with
// what the second was in the middle of.
func twoInOne(t *testing.T) (l *line0, into, from lead.ID) {
	t.Helper()
	l = newLine(t)
	for i, address := range []string{email, other} {
		a := act([]string{"1", "2"}[i], activity.FormPosted, activity.Who{Email: address}, "form", "ebook")
		a.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1"}}
		l.take(a)
	}
	into, from = l.leadOf(lead.ByEmail, email), l.leadOf(lead.ByEmail, other)
	err := update(t.Context(), l.mem, string(from), func(r *nurture.Recipient) bool {
		r.Enrollments = []nurture.Enrollment{{Track: "welcome", Round: 1, Since: monday.Unix(), Step: "tips", Index: 1, Due: monday.Add(time.Hour).Unix()}}
		r.Remember(nurture.Sent{ID: "s1", Mail: "book", At: monday.Unix(), Class: nurture.Marketing})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	m := act("3", activity.LeadsMerged, activity.WhoIs(string(into)), PropertyOther, string(from))
	m.Source = "console"
	l.take(m)
	return l, into, from
}

func TestWhoBecamePartOfAnotherGoesOnThereAndGetsNothingUnderTheOldId(t *testing.T) {
	l, into, from := twoInOne(t)
	r, old := l.recipient(into), l.recipient(from)
	if len(r.Enrollments) != 1 || r.Enrollments[0].Step != "tips" || r.Enrollments[0].Ended != "" || len(r.Sends) != 1 {
		t.Errorf("the track goes on: %+v, sends %+v", r.Enrollments, r.Sends)
	}
	if old.Due() != 0 || old.Moved != string(into) {
		t.Errorf("the old one is due %d, moved to %q", old.Due(), old.Moved)
	}
}

func TestAnUnsubscribeByALinkOfTheOldIdStopsMailToTheOneItBecamePartOf(t *testing.T) {
	l, into, from := twoInOne(t)
	p := OnRecipient{Store: l.mem}
	if !l.recipient(into).Consents("email", "marketing", false) {
		t.Fatal("consent was lost by the merge")
	}
	if err := p.Withdraw(t.Context(), string(from), "email", "marketing", monday.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if l.recipient(into).Consents("email", "marketing", false) {
		t.Error("the answer was given, and mail goes on")
	}
}
