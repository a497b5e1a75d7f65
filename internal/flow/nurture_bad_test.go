package flow

import (
	"testing"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

func TestOneRecipientWhoCannotBeServedStopsNoOther(t *testing.T) {
	o := newOffice(t)
	enrollInWelcome(o)
	for _, id := range []string{"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"} { // due before her, on either shard
		r := &nurture.Recipient{ID: id, Email: id + "@example.ir"}
		r.Enroll(o.book.Nurture, "welcome", nurture.Entering{}, o.now.Add(-1e9))
		item, err := pack(r, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.store.WriteRecipient(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
	// Of one the profile is broken, of one the recipient itself, one is well.
	if err := o.store.WriteProfile(t.Context(), store.Profile{Lead: "aaaaaaaaaaaaaaaa", Body: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	if err := o.store.WriteRecipient(t.Context(), store.Recipient{ID: "bbbbbbbbbbbbbbbb", Version: 1, Body: []byte("{"), DueAt: o.now.Unix() - 5}); err != nil {
		t.Fatal(err)
	}
	o.tick()
	if len(o.sent) != 2 {
		t.Errorf("%d mails left: two people could be served", len(o.sent))
	}
}
