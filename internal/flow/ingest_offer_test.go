package flow

import (
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

func TestACodeIsGoodOnceForWhomItWasGivenAndUntilItRunsOut(t *testing.T) {
	l := newLine(t)
	l.take(post(l, "form"))
	id := l.leadOf(lead.ByEmail, posted)
	if err := update(t.Context(), l.mem, string(id), func(r *nurture.Recipient) bool {
		r.Take(nurture.Issued{Offer: "o", Code: "DY2345-6789", Until: l.now.Unix()})
		r.Take(nurture.Issued{Offer: "o", Code: "DYOLD", Until: l.now.Unix() - 7200})
		return true
	}); err != nil {
		t.Fatal(err)
	}
	redeem := func(act0, email, code string) bool {
		t.Helper()
		a := act(act0, activity.OfferRedeemed, activity.Who{Email: email}, "code", code)
		a.At, a.Source = l.now.Add(-time.Hour), "shop"
		l.take(a)
		l.take(a) // it comes again
		for _, e := range l.state(l.leadOf(lead.ByEmail, email)).Tail() {
			if e.Key == a.ID.Key() {
				return e.Flags&activity.Held == 0
			}
		}
		t.Fatal("it is not in the log")
		return false
	}
	for _, c := range []struct {
		id, email, code string
		want            bool
	}{
		{"a thief", "b@example.ir", "DY2345-6789", false},
		{"a guess", posted, "DY2345-6780", false},
		{"nothing", posted, "", false},
		{"too late", posted, "DYOLD", false},
		{"good", posted, " dy2345-6789 ", true},
		{"once more", posted, "DY2345-6789", false},
	} {
		if got := redeem(c.id, c.email, c.code); got != c.want {
			t.Errorf("%s: believed %v, want %v", c.id, got, c.want)
		}
	}
}

func TestTheCodeOfAMailIsKeptByTheWriteThatClaimsIt(t *testing.T) {
	o := newOffice(t)
	o.book.Offers = []playbook.Offer{{Name: "trial15", Hours: 72, Prefix: "DY"}}
	o.book.Nurture.Track("welcome").Steps[0].Offer = "trial15"
	enrollInWelcome(o)
	o.tick()
	r := o.recipient()
	if len(r.Issued) != 1 || r.Issued[0].Offer != "trial15" || len(r.Issued[0].Code) != 11 || r.Issued[0].Until != o.now.Add(72*time.Hour).Unix() {
		t.Errorf("kept %+v", r.Issued)
	}
}
