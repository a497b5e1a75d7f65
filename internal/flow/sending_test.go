package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
)

// house is an office whose ticks take time, and whose mail service takes bulks
// and has a quota.
type house struct {
	*office
	quota sending.Quota
	left  []time.Time // when each mail left
	bulks []int
	spoil string // an address that spoils a bulk, and is refused alone
	down  bool
	// answer, where it is set, is the mail service instead.
	answer func(at time.Time, m mail.Message) (mail.Fate, error)
}

func newHouse(t *testing.T) *house {
	h := &house{office: newOffice(t), quota: sending.Quota{PerSecond: 14, PerDay: -1}}
	h.book.Nurture.Tracks[0].Priority = 10
	// Nobody but those who are put there.
	item, err := h.store.ReadRecipient(t.Context(), string(maryam))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.WriteRecipient(t.Context(), store.Recipient{ID: item.ID, Version: item.Version, Body: item.Body}); err != nil {
		t.Fatal(err)
	}
	return h
}

// leadOf is a lead's id of the test.
func leadOf(prefix string, i int) string {
	return prefix + strings.Map(func(d rune) rune { return 'a' + d - '0' }, fmt.Sprintf("%013d", i))
}

// waiting puts people before a step of a track.
func (h *house) waiting(n int, prefix, step string) {
	h.t.Helper()
	var rs []store.Recipient
	for i := range n {
		r := &nurture.Recipient{ID: leadOf(prefix, i), Email: fmt.Sprintf("%s%d@y.example", prefix, i), Zone: "UTC"}
		r.Grant("email", "marketing", h.now.Add(-time.Hour), "v1", "test")
		index := map[string]int{"book": 0, "tips": 1}[step]
		r.Enrollments = []nurture.Enrollment{{Track: "welcome", Round: 1, Since: h.now.Unix(), Step: step, Index: index, Due: h.now.Unix()}}
		r.SetRank(h.book.Nurture, h.now.Unix())
		item, err := pack(r, 0)
		if err != nil {
			h.t.Fatal(err)
		}
		rs = append(rs, item)
	}
	for _, w := range h.store.WriteRecipients(h.t.Context(), rs) {
		if w.Err != nil {
			h.t.Fatal(w.Err)
		}
	}
}

func (h *house) hand(at time.Time, m mail.Message) (mail.Fate, error) {
	switch {
	case h.answer != nil:
		return h.answer(at, m)
	case h.down:
		return mail.Unknown, errors.New("no answer")
	case m.To == h.spoil:
		return mail.Refused, errors.New("malformed")
	}
	h.sent, h.left = append(h.sent, m), append(h.left, at)
	return mail.Taken, nil
}

// tick is a minute's tick of 45 seconds at most.
func (h *house) tick() NurtureReport {
	h.t.Helper()
	keys, err := link.NewKeys("a secret of at least sixteen characters")
	if err != nil {
		h.t.Fatal(err)
	}
	h.attempts++
	spent := time.Duration(0)
	at := func() time.Time { return h.now.Add(spent) }
	n := &Nurture{Store: h.store, Playbook: h.playbook, Log: slog.New(slog.DiscardHandler),
		Short: func() bool { return spent > 45*time.Second }, Left: func() time.Duration { return 50*time.Second - spent }, Elapsed: func() time.Duration { return spent },
		Wait:    func(_ context.Context, d time.Duration) error { spent += d; return nil },
		Quota:   func(context.Context) (sending.Quota, error) { return h.quota, nil },
		Letters: &Letters{Keys: keys, PublicURL: "https://go.x.example", From: "دفتریار <hello@x.example>"},
		Send:    func(_ context.Context, m mail.Message) (mail.Fate, error) { return h.hand(at(), m) },
		SendBulk: func(_ context.Context, ms []mail.Message) []mail.Handed {
			out := make([]mail.Handed, len(ms))
			if slices.ContainsFunc(ms, func(m mail.Message) bool { return m.To == h.spoil }) {
				for i := range out {
					out[i] = mail.Handed{Fate: mail.Refused, Err: fmt.Errorf("%w: malformed", mail.ErrWhole)}
				}
				return out
			}
			h.bulks = append(h.bulks, len(ms))
			for i, m := range ms {
				out[i].Fate, out[i].Err = h.hand(at(), m)
			}
			return out
		},
	}
	rep, err := n.Tick(h.t.Context(), h.now, fmt.Sprint("attempt ", h.attempts))
	if err != nil {
		h.t.Fatal(err)
	}
	h.now = h.now.Add(time.Minute)
	return rep
}

func (h *house) people() map[string]int {
	got := map[string]int{}
	for _, m := range h.sent {
		got[m.To]++
	}
	return got
}

func TestOneBadRecipientStopsNoOther(t *testing.T) {
	h := newHouse(t)
	h.waiting(30, "aaa", "tips")
	h.spoil = "aaa7@y.example"
	rep := h.tick()
	if got := h.people(); len(got) != 29 || rep.Sent != 29 || rep.Refused != 1 || got[h.spoil] != 0 {
		t.Errorf("%d people got a mail: %+v", len(got), rep)
	}
	if rep := h.tick(); rep.Sent != 0 || rep.Due != 0 {
		t.Errorf("and again: %+v", rep)
	}
	for _, m := range h.sent {
		if c := m.Whole(); !strings.Contains(c.HTML, "https://go.x.example/u/") || len(m.Headers) != 2 || len(m.Tags) != 4 {
			t.Fatalf("a mail of the bulk: %+v %+v", c, m)
		}
	}
}

func TestABulkHoldsTwentyAtMostAndAsManyAsASecondTakes(t *testing.T) {
	for rate, want := range map[float64]int{1000: 20, 14: 12, 0.5: 1} {
		h := newHouse(t)
		h.quota.PerSecond = rate
		h.waiting(45, "aaa", "tips")
		h.tick()
		if want == 1 && len(h.bulks) > 0 || want > 1 && slices.Max(h.bulks) != want {
			t.Errorf("at %v a second: bulks of %v", rate, h.bulks)
		}
	}
}

func TestALineOfMailsGoesOutAtTheRateAskedForFirstAndNobodyTwice(t *testing.T) {
	h := newHouse(t)
	h.waiting(2000, "aaa", "tips")
	h.waiting(50, "zzz", "book")
	waited := 0
	for range 20 {
		rep := h.tick()
		waited += rep.Waiting
		if rep.Due == 0 {
			break
		}
	}
	for to, n := range h.people() {
		if n != 1 {
			t.Errorf("%s got %d mails", to, n)
		}
	}
	if len(h.sent) != 2050 || waited == 0 {
		t.Fatalf("%d mails left, %d waited", len(h.sent), waited)
	}
	for i, m := range h.sent {
		if asked := strings.HasPrefix(m.To, "zzz"); asked != (i < 50) {
			t.Fatalf("mail %d went to %s", i+1, m.To)
		}
	}
	for i := range h.left {
		if j := i + 14*10 + 20; j < len(h.left) && h.left[j].Sub(h.left[i]) < 10*time.Second {
			t.Fatalf("%d mails within 10 s", j-i)
		}
	}
	if took := h.left[2049].Sub(h.left[0]); took > 6*time.Minute {
		t.Errorf("2,050 mails at 14 a second took %s", took)
	}
}

func TestTwoSendersBesideEachOtherKeepOneRate(t *testing.T) {
	h := newHouse(t)
	h.waiting(900, "aaa", "tips")
	h.tick()
	h.now = h.now.Add(-time.Minute) // another invocation of the same minute
	h.tick()
	slices.SortFunc(h.left, time.Time.Compare)
	for i := range h.left {
		if j := i + 14*10 + 20; j < len(h.left) && h.left[j].Sub(h.left[i]) < 10*time.Second {
			t.Fatalf("%d mails within 10 s", j-i)
		}
	}
	if len(h.left) < 400 {
		t.Errorf("only %d mails left", len(h.left))
	}
}

func TestWhileTheMailServiceIsDownLittleIsRiskedAndAllGoesOutLater(t *testing.T) {
	h := newHouse(t)
	h.waiting(400, "aaa", "tips")
	h.down = true
	unknown := 0
	for range 6 * 60 {
		unknown += h.tick().Unknown
	}
	if unknown == 0 || unknown > 40 {
		t.Errorf("%d mails of unknown fate in six hours of silence", unknown)
	}
	h.down = false
	for range 60 {
		h.tick()
	}
	if got := h.people(); len(got) != 400-unknown || len(h.sent) != len(got) {
		t.Errorf("%d people, %d mails, %d unknown", len(got), len(h.sent), unknown)
	}
	listed := 0
	if err := UnknownSends(t.Context(), h.store, func(store.UnknownSend) error { listed++; return nil }); err != nil || listed != unknown {
		t.Errorf("%d listed, %d unknown (%v)", listed, unknown, err)
	}
}

func TestASendOfUnknownFateIsListedUntilAPersonOrItsEventDecides(t *testing.T) {
	h := newHouse(t)
	h.waiting(3, "aaa", "tips")
	h.down = true
	h.tick()
	h.now = h.now.Add(2 * time.Hour)
	h.down = false
	h.tick()
	list := func() (ids []string) {
		t.Helper()
		if err := UnknownSends(t.Context(), h.store, func(u store.UnknownSend) error { ids = append(ids, u.Send); return nil }); err != nil {
			t.Fatal(err)
		}
		return ids
	}
	ids := list()
	if len(ids) != 3 {
		t.Fatalf("%d listed", len(ids))
	}
	if err := DecideUnknown(t.Context(), h.store, ids[0], true, h.now); err != nil {
		t.Error(err)
	}
	if err := DecideUnknown(t.Context(), h.store, ids[1], false, h.now); err != nil {
		t.Error(err)
	}
	if got := list(); len(got) != 1 || got[0] != ids[2] {
		t.Errorf("still listed: %v", got)
	}
	if err := DecideUnknown(t.Context(), h.store, ids[0], false, h.now); err == nil {
		t.Error("decided twice")
	}
	for i := range 3 {
		id := leadOf("aaa", i)
		if _, err := noteOn(t.Context(), h.store, id, func(r *nurture.Recipient) bool { return r.Left(ids[2], "", h.now) }); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(); len(got) != 0 {
		t.Errorf("after its event: %v", got)
	}
	if n, _, err := h.store.ListUnknown(t.Context(), 0, ""); err != nil || len(n) != 0 {
		t.Errorf("kept: %v, %v", n, err)
	}
}

func TestBouncesAndComplaintsStopMarketingUntilAPersonOpensTheBrake(t *testing.T) {
	h := newHouse(t)
	h.waiting(100, "aaa", "tips")
	h.tick()
	h.sent = h.sent[:100]
	for i, m := range h.sent[:5] {
		event := `{"eventType":"Bounce","mail":{"destination":["` + m.To + `"],"tags":{"send_id":["` + tagOf(m, "send_id") + `"],"recipient":["` + tagOf(m, "recipient") + `"]}},"bounce":{"bounceType":"Permanent"}}`
		for range 2 { // events come twice
			if err := h.event(event); err != nil {
				t.Fatal(err)
			}
		}
		if x, err := h.store.ReadSending(t.Context()); err != nil || strings.Contains(string(x.Body), `"x":`) != (i == 4) {
			t.Errorf("after %d bounces: %s, %v", i+1, x.Body, err)
		}
	}
	h.sent = nil
	h.waiting(40, "bbb", "tips")
	h.waiting(4, "zzz", "book")
	if rep := h.tick(); rep.Sent != 4 || rep.Waiting != 40 || !strings.Contains(rep.Braked, "bounced") {
		t.Errorf("with the brake shut: %+v", rep)
	}
	if err := ChangeSending(t.Context(), h.store, func(s *sending.State) bool { s.Open("sara", h.now); return true }); err != nil {
		t.Fatal(err)
	}
	if rep := h.tick(); rep.Sent != 40 || rep.Braked != "" {
		t.Errorf("with the brake open: %+v", rep)
	}
}

func tagOf(m mail.Message, name string) string {
	for _, t := range m.Tags {
		if t.Name == name {
			return t.Value
		}
	}
	return ""
}
