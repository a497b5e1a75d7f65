package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
	"github.com/sarnakh/sarnakh/internal/webhook"
)

// office is the mailing side of the house over a store in memory, with a mail
// service and a webhook that answer as they are told.
type office struct {
	t        *testing.T
	store    *memory.Store
	book     *playbook.Compiled
	sent     []mail.Message
	fates    []mail.Fate // of the next sends; Taken when used up
	posted   []string
	bodies   []string // of what was posted
	queue    letterbox
	hook     error
	queued   []activity.Activity
	now      time.Time
	attempts int
	team     string // where alerts go, if it is not sales@x.example
}

const maryam = lead.ID("abcdefghijklmnop")

// tuesday is a working day at noon in Tehran.
var tuesday = time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)

func newOffice(t *testing.T) *office {
	t.Helper()
	p := &playbook.Playbook{
		Format: playbook.Format, Number: 1, Name: "test", Zone: "Asia/Tehran",
		Business: playbook.Business{Name: nurture.Text{Fa: "دفتریار"}, Locales: []string{"fa"}},
		Fields:   decision.Fields(),
		Score:    score.Config{Bands: []score.Band{{Name: "cold"}, {Name: "hot", From: 50}}, Grades: score.Grades{Fit: [3]int{28, 18, 8}, Engagement: [3]int{40, 25, 10}}, Fit: score.Limits{Min: -40, Max: 40}, Engagement: score.Limits{Min: -30, Max: 80}},
		Nurture: nurture.Config{
			Zone: "Asia/Tehran", GapHours: 48, Caps: []nurture.Cap{{Count: 2, Days: 7}}, HoldStages: []string{"sql"},
			Calls: nurture.Calendar{Open: []time.Weekday{6, 0, 1, 2, 3}, From: 9 * 60, Until: 18 * 60},
			Tracks: []nurture.Track{
				{Name: "welcome", Entry: []nurture.Entry{{Form: "ebook"}}, Steps: []nurture.Step{{Name: "book", Class: nurture.Asked, Mail: "book"}, {Name: "tips", WaitDays: 2, Mail: "tips"}, {Name: "call", WaitHours: 1, Task: &nurture.Task{WithinHours: 2}}}},
			},
		},
		Mails: []mail.Template{
			{Name: "book", Locale: "fa", Subject: "کتاب {{ lead.first_name | default: 'دوست' }}", HTML: `<a href="{{ l0 }}">x</a>`, Text: "{{ l0 }}", Links: []mail.Link{{Target: "magnet"}}},
			{Name: "tips", Locale: "fa", Subject: "نکته", HTML: `<a href="{{ l0 }}">x</a><a href="{{ l1 }}">u</a>`, Text: "{{ l0 }} {{ l1 }}", Links: []mail.Link{{Target: "https://x.example/"}, {Target: "unsubscribe"}}},
		},
		Sales: playbook.Sales{Contacts: []playbook.Contact{{Name: "sara", Email: "sara@x.example"}}, FastMinutes: 15, HandoverHours: 2},
	}
	c, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, store: memory.New(), book: c, now: tuesday}
	r := &nurture.Recipient{ID: string(maryam), Email: "maryam@example.ir", Mobile: "+989121112233"}
	r.Grant("email", "marketing", o.now.Add(-time.Hour), "v1", "form:ebook")
	item, err := pack(r, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.store.WriteRecipient(t.Context(), item); err != nil {
		t.Fatal(err)
	}
	profile := &lead.Profile{}
	profile.Apply([]activity.Property{{Name: "first_name", Value: activity.TextValue("مریم")}}, o.now, 1)
	if err := o.store.WriteProfile(t.Context(), store.Profile{Lead: maryam, Body: profile.Encode()}); err != nil {
		t.Fatal(err)
	}
	s := ledger.New(maryam, c.Rules.Meters())
	s.Known, s.Playbook = true, 1
	led, _, err := s.Finish(c.Rules.Meters(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := o.store.WriteLedgers(t.Context(), []ledger.Item{led}); w[0].Err != nil {
		t.Fatal(w[0].Err)
	}
	return o
}

func (o *office) playbook(context.Context) (*playbook.Compiled, error) { return o.book, nil }

func (o *office) send(_ context.Context, m mail.Message) (mail.Fate, error) {
	fate := mail.Taken
	if len(o.fates) > 0 {
		fate, o.fates = o.fates[0], o.fates[1:]
	}
	if fate == mail.Taken || fate == mail.Unknown {
		o.sent = append(o.sent, m) // of an unknown one the answer was lost, not the mail
	}
	if fate != mail.Taken {
		return fate, errors.New("the mail service said: " + fate.String())
	}
	return fate, nil
}

func (o *office) tick() NurtureReport {
	o.t.Helper()
	keys, err := link.NewKeys("a secret of at least sixteen characters")
	if err != nil {
		o.t.Fatal(err)
	}
	o.attempts++
	n := &Nurture{Store: o.store, Playbook: o.playbook, Send: o.send, Messages: &o.queue, Short: func() bool { return false }, Log: slog.New(slog.DiscardHandler),
		Letters: &Letters{Keys: keys, PublicURL: "https://go.x.example", From: "دفتریار <hello@x.example>"}}
	rep, err := n.Tick(o.t.Context(), o.now, fmt.Sprint("attempt ", o.attempts))
	if err != nil {
		o.t.Fatal(err)
	}
	return rep
}

// letterbox keeps what goes to the deliveries queue.
type letterbox struct {
	bodies [][]byte
	fails  error
}

func (l *letterbox) SendAll(_ context.Context, bodies [][]byte) error {
	l.bodies = append(l.bodies, bodies...) // a call that fails may have sent
	return l.fails
}

func (o *office) deliver(d Delivery) error {
	o.t.Helper()
	key := store.DecisionKey{Lead: maryam, Kind: d.Kind, Subject: d.Subject, N: 1}
	d.Format, d.Lead, d.N, d.Key, d.At = 1, maryam, 1, key.String(), o.now
	o.store.RecordDecisions(o.t.Context(), []store.Decision{{DecisionKey: key, At: o.now.Unix()}})
	return o.handle(d.Encode())
}

func (o *office) handle(body []byte) error {
	o.t.Helper()
	h := &Deliver{Store: o.store, Playbook: o.playbook, Send: o.send, From: "x@x.example", Sales: cmp.Or(o.team, "sales@x.example"), ConsoleURL: "https://c.x.example", Log: slog.New(slog.DiscardHandler),
		Webhook: func(_ context.Context, id string, body []byte, _ time.Time) error {
			if o.hook != nil {
				return o.hook
			}
			o.posted, o.bodies = append(o.posted, id), append(o.bodies, string(body))
			return nil
		}}
	return h.Handle(o.t.Context(), Message{ID: "m", Body: body, Received: o.now}, o.now)
}

func (o *office) event(body string) error {
	f := &Feedback{Store: o.store, Log: slog.New(slog.DiscardHandler), Queue: func(_ context.Context, b []byte) error {
		as, err := activity.Decode(b, o.now)
		o.queued = append(o.queued, as...)
		return err
	}}
	return f.Handle(o.t.Context(), "ev", []byte(body), o.now)
}

func (o *office) recipient() *nurture.Recipient {
	o.t.Helper()
	item, err := o.store.ReadRecipient(o.t.Context(), string(maryam))
	if err != nil {
		o.t.Fatal(err)
	}
	r, err := nurture.Decode(item.ID, item.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

func eventOf(kind string, m mail.Message, more string) string {
	tags := map[string][]string{}
	for _, h := range m.Tags {
		tags[h.Name] = []string{h.Value}
	}
	b, _ := json.Marshal(tags)
	return fmt.Sprintf(`{"eventType":%q,"mail":{"messageId":"x","timestamp":"2026-11-24T08:00:00Z","destination":[%q],"tags":%s}%s}`, kind, m.To, b, more)
}

func enrollInWelcome(o *office) {
	o.t.Helper()
	if err := o.deliver(Delivery{Kind: decision.Enroll, Subject: "welcome"}); err != nil {
		o.t.Fatal(err)
	}
}

func TestAnEnrollmentBringsTheAskedForMailOnceHoweverOftenItIsDelivered(t *testing.T) {
	o := newOffice(t)
	for range 3 {
		enrollInWelcome(o)
		o.tick()
	}
	if len(o.sent) != 1 || o.sent[0].Subject != "کتاب مریم" || !strings.Contains(o.sent[0].HTML, "https://go.x.example/d/") {
		t.Fatalf("sent: %+v", o.sent)
	}
	o.now = o.now.Add(48 * time.Hour)
	o.tick()
	if len(o.sent) != 2 || o.sent[1].Headers[1].Value != "List-Unsubscribe=One-Click" || !strings.HasPrefix(o.sent[1].Headers[0].Value, "<https://go.x.example/u/") {
		t.Fatalf("the marketing mail with its headers: %+v", o.sent[1:])
	}
	o.now = o.now.Add(time.Hour)
	if rep := o.tick(); rep.Tasks != 1 {
		t.Fatalf("the call task: %+v", rep)
	}
	w, err := o.store.ReadWork(t.Context(), maryam)
	if err != nil || !strings.HasPrefix(w.Rank, "2#") {
		t.Fatalf("work %+v (%v)", w, err)
	}
}

func TestAMailOfUnknownFateIsNotRepeatedAndItsEventSettlesIt(t *testing.T) {
	o := newOffice(t)
	enrollInWelcome(o)
	o.tick()
	o.now = o.now.Add(48 * time.Hour)
	o.fates = []mail.Fate{mail.Unknown}
	o.tick()
	lost := o.sent[1]
	o.now = o.now.Add(90 * time.Minute)
	if rep := o.tick(); rep.Parked != 1 || len(o.sent) != 2 {
		t.Fatalf("parked %+v, sent %d", rep, len(o.sent))
	}
	for range 2 {
		if err := o.event(eventOf("Delivery", lost, "")); err != nil {
			t.Fatal(err)
		}
	}
	if last := o.recipient().Sends; last[len(last)-1].Unknown {
		t.Fatal("the event did not settle the fate")
	}
}

func TestAMailWhoseSecondCopyIsRefusedMayHaveLeftAndStaysInDoubt(t *testing.T) {
	o := newOffice(t)
	enrollInWelcome(o)
	o.fates = []mail.Fate{mail.Unknown, mail.Refused}
	o.tick()
	o.now = o.now.Add(61 * time.Minute)
	if rep := o.tick(); rep.Refused != 1 {
		t.Fatalf("%+v", rep)
	}
	o.now = o.now.Add(61 * time.Minute)
	rep := o.tick()
	if r := o.recipient(); rep.Parked != 1 || len(r.Sends) != 1 || !r.Sends[0].Unknown || r.Sends[0].Failed != "" {
		t.Errorf("%+v, %+v", rep, r.Sends)
	}
}

func TestAThrottledMailLeavesWithALaterTick(t *testing.T) {
	o := newOffice(t)
	enrollInWelcome(o)
	o.fates = []mail.Fate{mail.Later}
	if rep := o.tick(); rep.Later != 1 || len(o.sent) != 0 {
		t.Fatalf("%+v", rep)
	}
	o.now = o.now.Add(3 * time.Minute)
	if rep := o.tick(); rep.Sent != 1 || len(o.sent) != 1 {
		t.Fatalf("%+v", rep)
	}
}

func TestBouncesAndComplaintsStopAllMailWhateverOrderTheEventsComeIn(t *testing.T) {
	for kind, more := range map[string]string{
		"Bounce":    `,"bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"Maryam@example.ir"}]}`,
		"Complaint": `,"complaint":{"complainedRecipients":[{"emailAddress":"other@example.ir"}]}`,
	} {
		o := newOffice(t)
		enrollInWelcome(o)
		o.fates = []mail.Fate{mail.Unknown}
		o.tick()
		for _, e := range []string{eventOf(kind, o.sent[0], more), eventOf("Send", o.sent[0], ""), eventOf(kind, o.sent[0], more)} {
			if err := o.event(e); err != nil {
				t.Fatal(err)
			}
		}
		r := o.recipient()
		if r.Hand != nil || r.SuppressedFor("maryam@example.ir") == "" {
			t.Errorf("%s: %+v", kind, r)
		}
		o.now = o.now.Add(48 * time.Hour)
		if rep := o.tick(); len(o.sent) != 1 || rep.Skipped != 1 {
			t.Errorf("%s: mail left after it: %+v", kind, rep)
		}
		if len(o.queued) != 3 {
			t.Errorf("%s: %d activities queued", kind, len(o.queued))
		}
	}
	o := newOffice(t)
	enrollInWelcome(o)
	o.tick()
	if err := o.event(eventOf("Bounce", o.sent[0], `,"bounce":{"bounceType":"Transient"}`)); err != nil || o.recipient().SuppressedFor("maryam@example.ir") != "" {
		t.Error("a mailbox that is full was suppressed")
	}
}

func TestEventsThatAreNotOursAreParkedWithTheirReason(t *testing.T) {
	o := newOffice(t)
	for _, body := range []string{
		"Successfully validated SNS topic for Amazon SES event publishing.", "{}", `{"eventType":"Send"}`,
		`{"eventType":"Vanished","mail":{"tags":{"recipient":["abcdefghijklmnop"],"send_id":["x"]}}}`,
		`{"eventType":"Send","mail":{"tags":{"recipient":["<script>"],"send_id":["x"]}}}`,
	} {
		f := &Feedback{Store: o.store, Log: slog.New(slog.DiscardHandler)}
		if err := f.Handle(t.Context(), body[:min(len(body), 10)]+fmt.Sprint(len(body)), []byte(body), o.now); err != nil {
			t.Error(err)
		}
	}
	parked, _, err := o.store.ListParked(t.Context(), o.now, 10, "")
	if err != nil || len(parked) != 5 {
		t.Errorf("%d parked (%v)", len(parked), err)
	}
	if err := o.event(`{"eventType":"Send","mail":{"tags":{"recipient":["zzzzzzzzzzzzzzzz"],"send_id":["x"]}}}`); err != nil {
		t.Errorf("an event that outlived its lead: %v", err)
	}
}

func TestAHotLeadMakesOneAlertAndOneWorkItemHoweverOftenItIsDelivered(t *testing.T) {
	o := newOffice(t)
	reason, _ := json.Marshal(decision.Reason{Total: 60, Fit: 24})
	for range 3 {
		if err := o.deliver(Delivery{Kind: decision.Handover, Reason: reason, Total: 60}); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.sent) != 1 || len(o.posted) != 1 || !strings.Contains(o.sent[0].Subject, "مریم") || o.sent[0].To != "sales@x.example" {
		t.Fatalf("alerts %+v, webhooks %v", o.sent, o.posted)
	}
	w, err := o.store.ReadWork(t.Context(), maryam)
	if err != nil {
		t.Fatal(err)
	}
	item, err := ReadWorkItem(w)
	if err != nil || len(item.Reasons) != 1 || item.Reasons[0].Total != 60 {
		t.Fatalf("%+v (%v)", item, err)
	}
}

func TestAHandOverThatTheFastLaneTellsOfIsWorkAndNoSecondAlert(t *testing.T) {
	o := newOffice(t)
	reason, _ := json.Marshal(decision.Reason{Total: 60, Fit: 24, Asked: true})
	for _, kind := range []string{decision.Handover, decision.FastLane} {
		if err := o.deliver(Delivery{Kind: kind, Reason: reason, Total: 60}); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.sent) != 1 || len(o.posted) != 2 {
		t.Fatalf("%d alerts, webhooks %v", len(o.sent), o.posted)
	}
	w, err := o.store.ReadWork(t.Context(), maryam)
	if err != nil {
		t.Fatal(err)
	}
	if item, err := ReadWorkItem(w); err != nil || len(item.Reasons) != 2 {
		t.Fatalf("%+v (%v)", item, err)
	}
}

func TestAWebhookThatIsDownHoldsNoAlertUpAndKeepsItsId(t *testing.T) {
	o := newOffice(t)
	o.hook = &webhook.Later{Status: 503, After: 2 * time.Minute}
	err := o.deliver(Delivery{Kind: decision.FastLane})
	var again *AgainError
	if !errors.As(err, &again) || len(o.sent) != 1 || Again(err, 1) != 2*time.Minute {
		t.Fatalf("%v, %d alerts", err, len(o.sent))
	}
	o.hook = nil
	if err := o.deliver(Delivery{Kind: decision.FastLane}); err != nil || len(o.sent) != 1 || len(o.posted) != 1 {
		t.Fatalf("%v: %d alerts, %v", err, len(o.sent), o.posted)
	}
}

func TestAnAlertWhoseAnswerWasLostWaitsForItsEventAndIsNotRepeatedWhenItComes(t *testing.T) {
	o := newOffice(t)
	o.fates = []mail.Fate{mail.Unknown}
	if err := o.deliver(Delivery{Kind: decision.Handover}); err == nil {
		t.Fatal("an unknown alert was called done")
	}
	if err := o.deliver(Delivery{Kind: decision.Handover}); err == nil || len(o.sent) != 1 {
		t.Fatalf("%d alerts", len(o.sent))
	}
	if err := o.event(eventOf("Send", o.sent[0], "")); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(time.Hour)
	if err := o.deliver(Delivery{Kind: decision.Handover}); err != nil || len(o.sent) != 1 {
		t.Fatalf("%v: %d alerts", err, len(o.sent))
	}
	other := newOffice(t)
	other.fates = []mail.Fate{mail.Unknown}
	_ = other.deliver(Delivery{Kind: decision.Handover})
	other.now = other.now.Add(16 * time.Minute)
	if err := other.deliver(Delivery{Kind: decision.Handover}); err != nil || len(other.sent) != 2 {
		t.Fatalf("without evidence it is sent once more: %v, %d", err, len(other.sent))
	}
}

func TestAQuietDecisionTellsNobody(t *testing.T) {
	o := newOffice(t)
	for _, kind := range []string{decision.Handover, decision.FastLane, decision.Enroll} {
		if err := o.deliver(Delivery{Kind: kind, Subject: map[string]string{decision.Enroll: "welcome"}[kind], Quiet: true}); err != nil {
			t.Fatal(err)
		}
	}
	o.tick()
	if len(o.sent)+len(o.posted) != 0 {
		t.Fatalf("told: %v %v", o.sent, o.posted)
	}
}

func TestNoMarketingMailIsClaimedAfterAnUnsubscribeWasAnswered(t *testing.T) {
	late, before := 0, 0
	for range 300 {
		o := newOffice(t)
		enrollInWelcome(o)
		o.tick()
		o.now = o.now.Add(48 * time.Hour)
		answered := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := (OnRecipient{o.store}).Withdraw(context.Background(), string(maryam), "email", "marketing", o.now); err != nil {
				t.Error(err)
			}
			close(answered)
		})
		wg.Go(func() { o.tick() })
		wg.Wait()
		before += len(o.sent) - 1
		sent := len(o.sent)
		<-answered
		for range 3 {
			o.now = o.now.Add(72 * time.Hour)
			o.tick()
		}
		late += len(o.sent) - sent
		if o.recipient().Consents("email", "marketing", false) {
			t.Fatal("the withdrawal was lost")
		}
	}
	if late != 0 {
		t.Fatalf("%d mails were claimed after the answer", late)
	}
	t.Logf("%d of 300 mails were claimed before the answer and left", before)
}
