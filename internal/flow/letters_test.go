package flow

import (
	netmail "net/mail"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
)

func TestAMailComesFromWhoTookTheLeadAndIsAnsweredToThem(t *testing.T) {
	o := newOffice(t)
	o.book.Sales.Contacts[0].Title = nurture.Text{Fa: "سارا محمدی", En: "Sara Mohammadi"}
	enrollInWelcome(o)
	o.tick()
	own := func(who string) {
		t.Helper()
		if err := update(t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool {
			r.SetOwner(who, o.now)
			return true
		}); err != nil {
			t.Fatal(err)
		}
	}
	own("SARA@x.example")
	o.now = o.now.Add(49 * time.Hour)
	o.tick()
	if len(o.sent) != 2 {
		t.Fatalf("%d mails", len(o.sent))
	}
	for i, want := range []string{"دفتریار", "سارا محمدی، دفتریار"} {
		from, err := netmail.ParseAddress(o.sent[i].From)
		if err != nil || from.Name != want || from.Address != "hello@x.example" || o.sent[i].ReplyTo != "sara@x.example" {
			t.Errorf("mail %d is from %+v (%v), answered to %s", i, from, err, o.sent[i].ReplyTo)
		}
	}
	r := o.recipient()
	r.SetOwner("", tuesday.Add(-time.Hour)) // it was returned before it was taken
	if r.Owner == "" {
		t.Error("an older statement took the lead away")
	}
}
