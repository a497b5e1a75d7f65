package flow

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/webhook"
)

// texting is an office whose tracks write by SMS and wait for a click.
func texting(t *testing.T, change func(*playbook.Playbook)) *office {
	t.Helper()
	o := newOffice(t)
	p := *o.book.Playbook
	p.Signals = append(p.Signals, signal.Definition{Number: 1, Name: "click", Kind: signal.OnActivity, Types: []activity.Type{activity.MailClicked}})
	p.Score.Watch = append(p.Score.Watch, 1)
	p.Nurture.Tracks = append(p.Nurture.Tracks,
		nurture.Track{Name: "text", Entry: []nurture.Entry{{Form: "x"}}, ReentryDays: 1, Goals: []nurture.Entry{{Signal: "click"}}, Steps: []nurture.Step{
			{Name: "sms", Message: &nurture.Message{Channel: nurture.SMS, Text: nurture.Text{Fa: `{{ lead.first_name | default: "دوست" }} عزیز، قیمت‌ها آماده است.`}}}}},
		nurture.Track{Name: "wait", Entry: []nurture.Entry{{Form: "y"}}, Steps: []nurture.Step{
			{Name: "clicked", Mail: "book", Class: nurture.Asked, Until: &nurture.Until{For: nurture.Entry{Signal: "click"}, Days: 5, Otherwise: "call"}, Then: nurture.End},
			{Name: "call", Task: &nurture.Task{}}}})
	if change != nil {
		change(&p)
	}
	var err error
	if o.book, err = p.Compile(); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) grantSMS() {
	o.t.Helper()
	err := update(o.t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool {
		r.Grant(nurture.SMS, "marketing", o.now.Add(-time.Hour), "v1", "form")
		return true
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func TestAMessageGoesToTheWebhookOnceUnderTheIdOfItsClaim(t *testing.T) {
	o := texting(t, nil)
	o.grantSMS()
	if err := o.deliver(Delivery{Kind: decision.Enroll, Subject: "text"}); err != nil {
		t.Fatal(err)
	}
	if rep := o.tick(); rep.Messages != 1 || len(o.queue.bodies) != 1 {
		t.Fatalf("%+v, %d queued", rep, len(o.queue.bodies))
	}
	o.hook = &webhook.Later{After: time.Minute, Cause: errors.New("busy")}
	var again *AgainError
	if err := o.handle(o.queue.bodies[0]); !errors.As(err, &again) {
		t.Fatalf("a receiver that asks to wait: %v", err)
	}
	o.hook = nil
	for range 3 {
		if err := o.handle(o.queue.bodies[0]); err != nil {
			t.Fatal(err)
		}
	}
	s := o.recipient().Sends[0]
	if len(o.posted) != 1 || o.posted[0] != "msg_"+s.ID || s.Open || s.Failed != "" {
		t.Fatalf("posted %v, %+v", o.posted, s)
	}
	var body struct {
		Type string
		Data struct{ To, Text, Channel, Track, Step string }
	}
	if err := json.Unmarshal([]byte(o.bodies[0]), &body); err != nil || body.Type != "message.send" || body.Data.To != "+989121112233" ||
		body.Data.Text != "مریم عزیز، قیمت‌ها آماده است." || body.Data.Channel != "sms" || body.Data.Track+"/"+body.Data.Step != "text/sms" {
		t.Errorf("%s, %v", o.bodies[0], err)
	}
	if strings.Contains(string(o.queue.bodies[0]), "98912") {
		t.Error("the queue holds a number")
	}
}

func TestAMessageWhoseClaimWasLostIsNotCarriedOut(t *testing.T) {
	o := texting(t, nil)
	o.grantSMS()
	if err := o.deliver(Delivery{Kind: decision.Enroll, Subject: "text"}); err != nil {
		t.Fatal(err)
	}
	o.queue.fails = errors.New("the queue took it, and its answer was lost")
	if rep := o.tick(); rep.Messages != 0 || len(o.queue.bodies) != 1 {
		t.Fatalf("%+v", rep)
	}
	var again *AgainError
	if err := o.handle(o.queue.bodies[0]); !errors.As(err, &again) {
		t.Fatalf("not claimed: %v", err)
	}
	o.queue.fails = nil
	o.now = o.now.Add(time.Minute)
	o.tick() // claims, and queues it under the same id
	for _, b := range o.queue.bodies {
		if err := o.handle(b); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.queue.bodies) != 2 || len(o.posted) != 1 {
		t.Fatalf("%d queued, posted %v", len(o.queue.bodies), o.posted)
	}
	orphan := messageOf(string(maryam), nurture.MessageDue{ID: "nobodyclaimedit"}, o.now.Add(-time.Hour))
	if err := o.handle(orphan.Encode()); err != nil || len(o.posted) != 1 {
		t.Errorf("one that was never claimed: %v", err)
	}
}

func TestWhoLeavesBetweenTheClaimAndTheHandingOverGetsNoMessage(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *nurture.Recipient)
		failed string
	}{
		"withdrew":   {func(r *nurture.Recipient) { r.Withdraw(nurture.SMS, "marketing", tuesday) }, nurture.Withdrawn},
		"suppressed": {func(r *nurture.Recipient) { r.Suppress(r.Mobile, "manual", tuesday) }, "suppressed:manual"},
		"no number":  {func(r *nurture.Recipient) { r.Mobile = "" }, nurture.NoMobile},
	} {
		o := texting(t, nil)
		o.grantSMS()
		if err := o.deliver(Delivery{Kind: decision.Enroll, Subject: "text"}); err != nil {
			t.Fatal(err)
		}
		o.tick()
		if err := update(t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool { c.change(r); return true }); err != nil {
			t.Fatal(err)
		}
		if err := o.handle(o.queue.bodies[0]); err != nil {
			t.Fatal(err)
		}
		if s := o.recipient().Sends[0]; len(o.posted) != 0 || s.Open || s.Failed != c.failed {
			t.Errorf("%s: posted %v, %+v", name, o.posted, s)
		}
	}
}

func TestAMessageThatCouldNotBeHandedOverInItsHoursWaitsForTheNextMorning(t *testing.T) {
	o := texting(t, func(p *playbook.Playbook) {
		p.Nurture.Channels = []nurture.Channel{{Name: nurture.SMS, From: 10 * 60, Until: 19 * 60}}
	})
	o.grantSMS()
	if err := o.deliver(Delivery{Kind: decision.Enroll, Subject: "text"}); err != nil {
		t.Fatal(err)
	}
	o.tick()
	o.now = o.now.Add(11 * time.Hour) // eleven at night in Tehran
	var again *AgainError
	if err := o.handle(o.queue.bodies[0]); !errors.As(err, &again) || again.After != 11*time.Hour || len(o.posted) != 0 {
		t.Fatalf("at night: %v, posted %v", again, o.posted)
	}
	o.now = o.now.Add(again.After)
	if err := o.handle(o.queue.bodies[0]); err != nil || len(o.posted) != 1 {
		t.Fatalf("in the morning: %v, posted %v", err, o.posted)
	}
	o = texting(t, nil)
	o.grantSMS()
	if err := o.deliver(Delivery{Kind: decision.Enroll, Subject: "text"}); err != nil {
		t.Fatal(err)
	}
	o.tick()
	o.now = o.now.Add(80 * time.Hour)
	if err := o.handle(o.queue.bodies[0]); err != nil || len(o.posted) != 0 || o.recipient().Sends[0].Failed != nurture.TooLate {
		t.Errorf("after three days: %v, %+v", err, o.recipient().Sends)
	}
}

func TestAStepThatWaitsIsWokenByItsSignalOnly(t *testing.T) {
	wake := func(s signal.Number) json.RawMessage {
		b, err := json.Marshal(decision.Reason{By: "signal", Signals: []signal.Number{s}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	o := texting(t, nil)
	if err := o.deliver(Delivery{Kind: decision.Enroll, Subject: "wait"}); err != nil {
		t.Fatal(err)
	}
	if rep := o.tick(); rep.Held != 1 || o.recipient().Enrollments[0].Held != "awaits:signal:click" {
		t.Fatalf("%+v, %+v", rep, o.recipient().Enrollments)
	}
	o.now = o.now.Add(time.Hour)
	if err := o.deliver(Delivery{Kind: decision.Wake, Subject: "wait", Reason: wake(9)}); err != nil {
		t.Fatal(err)
	}
	if o.tick(); len(o.sent) != 0 {
		t.Fatal("woken by something else")
	}
	o2 := texting(t, nil)
	if err := o2.deliver(Delivery{Kind: decision.Enroll, Subject: "wait"}); err != nil {
		t.Fatal(err)
	}
	o2.tick()
	o2.now = o2.now.Add(time.Hour)
	for range 2 {
		if err := o2.deliver(Delivery{Kind: decision.Wake, Subject: "wait", Reason: wake(1)}); err != nil {
			t.Fatal(err)
		}
		o2.tick()
	}
	if len(o2.sent) != 1 || o2.recipient().Enrollments[0].Ended != nurture.Finished {
		t.Fatalf("%d mails, %+v", len(o2.sent), o2.recipient().Enrollments)
	}
	o.now = o.now.Add(5 * 24 * time.Hour)
	if rep := o.tick(); rep.Tasks != 1 || len(o.sent) != 0 {
		t.Fatalf("the time is over: %+v", rep)
	}
}

func TestSalesTalkingHoldsMarketingUntilItIsOver(t *testing.T) {
	o := texting(t, nil)
	o.grantSMS()
	if err := o.deliver(Delivery{Kind: decision.Talk, Subject: "taken"}); err != nil {
		t.Fatal(err)
	}
	if err := o.deliver(Delivery{Kind: decision.Enroll, Subject: "text"}); err != nil {
		t.Fatal(err)
	}
	if rep := o.tick(); rep.Held != 1 || len(o.queue.bodies) != 0 || o.recipient().Enrollments[0].Held != nurture.SalesTalks {
		t.Fatalf("%+v, %+v", rep, o.recipient())
	}
	// One that is told late changes nothing; the next number does.
	err := update(t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool { r.TalkN = 0; return true })
	if err != nil {
		t.Fatal(err)
	}
	if err := o.deliver(Delivery{Kind: decision.Talk, Subject: decision.Free}); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(time.Minute)
	if rep := o.tick(); rep.Messages != 1 {
		t.Fatalf("%+v, %+v", rep, o.recipient())
	}
}

func TestAHoldOutIsDecidedWithTheEntryAndWrittenOnItsRecord(t *testing.T) {
	o := texting(t, func(p *playbook.Playbook) { p.Nurture.Holdout = &nurture.Holdout{All: 50, From: 2} })
	o.grantSMS()
	out := 0
	for n := 1; n <= 40; n++ {
		err := update(t.Context(), o.store, string(maryam), func(r *nurture.Recipient) bool {
			r.Enrollments = nil
			r.ID = string(maryam)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		key := "entries#text"
		before, err := o.store.ReadCount(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		j := &job{Deliver: &Deliver{Store: o.store, Log: slog.New(slog.DiscardHandler)}, ctx: t.Context(), c: o.book, msg: Delivery{Lead: maryam, Kind: decision.Enroll, Subject: "text", N: n, At: o.now}, now: o.now}
		if err := j.enroll(); err != nil {
			t.Fatal(err)
		}
		e := o.recipient().Enrollments[0]
		if (e.Out != "") != j.did(doneHeldOut) || e.Round != n || before < 2 && e.Out != "" {
			t.Fatalf("entry %d: %+v, %v", n, e, j.rec.Done)
		}
		if e.Out != "" {
			out++
		}
	}
	if n, err := o.store.ReadCount(t.Context(), "entries#text"); n != 2 || err != nil {
		t.Errorf("counted %d, %v: nobody asks for more than two", n, err)
	}
	if out != 0 && out != 38 {
		t.Errorf("one person was held out %d times of 38", out)
	}
}
