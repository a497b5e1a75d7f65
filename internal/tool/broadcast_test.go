package tool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// hall is a business with the example's playbook and known leads, each of whom
// is in some state.
func hall(t *testing.T, now time.Time, people ...func(r *nurture.Recipient)) (*memory.Store, *playbook.Compiled) {
	t.Helper()
	s := memory.New()
	if _, err := Publish(t.Context(), s, &mailbag{}, Publishing{Folder: os.DirFS("../../playbook"), Now: now}); err != nil {
		t.Fatal(err)
	}
	c, err := flow.NewBooks(s).InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, change := range people {
		id := lead.ID(fmt.Sprintf("person%010d", i))
		st := ledger.New(id, c.Rules.Meters())
		st.Known, st.Playbook = true, c.Number
		item, _, err := st.Finish(c.Rules.Meters(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if w := s.WriteLedgers(t.Context(), []ledger.Item{item}); w[0].Err != nil {
			t.Fatal(w[0].Err)
		}
		r := &nurture.Recipient{ID: string(id), Email: fmt.Sprintf("p%d@example.ir", i)}
		r.Grant("email", "marketing", now.Add(-time.Hour), "v1", "form")
		if change == nil { // known by a number of the CRM's alone
			continue
		}
		change(r)
		body, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.WriteRecipient(t.Context(), store.Recipient{ID: r.ID, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	return s, c
}

type mailbag struct{ bodies [][]byte }

func (m *mailbag) Send(_ context.Context, body []byte) error {
	m.bodies = append(m.bodies, body)
	return nil
}

func TestABroadcastIsCountedBeforehandWithReasonsAndPlannedOnce(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC) // a Tuesday
	s, c := hall(t, now,
		func(*nurture.Recipient) {}, func(*nurture.Recipient) {}, func(*nurture.Recipient) {},
		func(r *nurture.Recipient) { r.Withdraw("email", "marketing", now) },
		func(r *nurture.Recipient) { r.Pause(now.AddDate(0, 0, 30), now) },
		func(r *nurture.Recipient) { r.Suppress(r.Email, "bounce", now) },
		func(r *nurture.Recipient) { r.Prefer(false, []string{"offers"}) }, nil)
	x := Casting{Mail: "wake-useful", Audience: nurture.Everybody, Topic: "offers", At: "1405-09-04 10:00", By: "sara", Now: now, Title: "Yalda"}
	b, err := ReadCasting(c, x)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 25, 6, 30, 0, 0, time.UTC); b.At != want.Unix() || b.ID != "2026-11-25-wake-useful" {
		t.Fatalf("%+v: its time is %s", b, want)
	}
	read := 0
	if b.Expected, err = Expect(t.Context(), s, c, b, now, func(n int) { read = n }); err != nil {
		t.Fatal(err)
	}
	if b.Expected.Members != 8 || b.Expected.Sent != 3 || len(b.Expected.Rest) != 5 || read != 8 {
		t.Fatalf("%+v, %d read", b.Expected, read)
	}
	if err := PlanCast(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	again := *b
	again.Title = "another"
	if err := PlanCast(t.Context(), s, &again); err == nil || !strings.Contains(err.Error(), "--id") {
		t.Fatalf("planned twice: %v", err)
	}
	var out bytes.Buffer
	list, err := flow.Broadcasts(t.Context(), s)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if err := WriteCast(&out, c, list[0], "fa"); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"۸ نفر در گروه", "۳ نفر در همان زمان", "بی‌اجازه", "به خواست خودش، دست‌بالا تا", "برگشت خورد", "۱۴۰۵/۰۹/۰۴ ۱۰:۰۰", "در نوبت", "همه"} {
		if !strings.Contains(strings.ReplaceAll(out.String(), ", ", "، "), words) {
			t.Errorf("%q is missing in:\n%s", words, out.String())
		}
	}
	got, err := CancelCast(t.Context(), s, b.ID, "reza", now)
	if err != nil || got.State() != nurture.BroadcastCancelled {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := CancelCast(t.Context(), s, "nope", "reza", now); err == nil || !strings.Contains(err.Error(), "list") {
		t.Errorf("cancelled what is not there: %v", err)
	}
}

func TestABroadcastThatCannotBeIsRefusedInWords(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)
	_, c := hall(t, now)
	good := Casting{Mail: "wake-useful", Audience: "good_fit_warm", At: "2026-12-01 10:00", Now: now}
	if _, err := ReadCasting(c, good); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Casting){
		"has passed":                          func(x *Casting) { x.At = "1405-09-01 10:00" },
		"is no time":                          func(x *Casting) { x.At = "1405-09-41 10:00" },
		"there is no mail":                    func(x *Casting) { x.Mail = "nope" },
		"there are good_fit_warm":             func(x *Casting) { x.Audience = "nope" },
		"there are tips, offers, product":     func(x *Casting) { x.Topic = "nope" },
		"1 to 40 of a-z":                      func(x *Casting) { x.ID = "Yalda!" },
		`"2026-12-01 10:00" is right, or "14`: func(x *Casting) { x.At = "tomorrow" },
	} {
		x := good
		change(&x)
		if _, err := ReadCasting(c, x); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
