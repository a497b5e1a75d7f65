package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// mortal is a store, and a mail service, for a worker that dies right before or
// after the n-th call that changes something.
type mortal struct {
	office    *office
	calls, at int
	after     bool
	down      func() bool // the mail service asks to wait
}

// died is what a worker panics with.
type died struct{}

func (m *mortal) around(do func()) {
	m.calls++
	if m.calls == m.at && !m.after {
		panic(died{})
	}
	do()
	if m.calls == m.at && m.after {
		panic(died{})
	}
}

type mortalStore struct {
	DeliverStore
	m *mortal
}

func (s mortalStore) WriteDecision(ctx context.Context, d store.Decision) (err error) {
	s.m.around(func() { err = s.DeliverStore.WriteDecision(ctx, d) })
	return err
}

func (s mortalStore) WriteWork(ctx context.Context, w store.Work) (err error) {
	s.m.around(func() { err = s.DeliverStore.WriteWork(ctx, w) })
	return err
}

func (s mortalStore) WriteBell(ctx context.Context, b store.Bell) (err error) {
	s.m.around(func() { err = s.DeliverStore.WriteBell(ctx, b) })
	return err
}

func (m *mortal) send(ctx context.Context, x mail.Message) (fate mail.Fate, err error) {
	if m.down != nil && m.down() {
		return mail.Later, errors.New("down")
	}
	m.around(func() { fate, err = m.office.send(ctx, x) })
	return fate, err
}

// crowd is leads that became hot in one moment, and their messages.
type crowd struct {
	o     *office
	leads []lead.ID
	queue map[int]time.Time // messages not acknowledged, and when each is seen again
	tries map[int]int
	rand  *rand.Rand
	heard int // of how many mails the events came; negative: none come
}

func newCrowd(t *testing.T, n int, limits playbook.Alerts) *crowd {
	o := newOffice(t)
	o.book.Sales.Alerts = limits
	c := &crowd{o: o, queue: map[int]time.Time{}, tries: map[int]int{}, rand: rand.New(rand.NewPCG(1, uint64(n)))}
	for i := range n {
		c.add(i, decision.Handover)
	}
	return c
}

func (c *crowd) add(i int, kind string) {
	c.o.t.Helper()
	id := lead.ID(fmt.Sprintf("abcdefghijklmn%c%c", 'a'+i/26, 'a'+i%26))
	s := ledger.New(id, c.o.book.Rules.Meters())
	s.Known, s.Playbook = true, 1
	item, _, err := s.Finish(c.o.book.Rules.Meters(), nil)
	if err != nil {
		c.o.t.Fatal(err)
	}
	if w := c.o.store.WriteLedgers(c.o.t.Context(), []ledger.Item{item}); w[0].Err != nil {
		c.o.t.Fatal(w[0].Err)
	}
	profile := &lead.Profile{}
	profile.Apply([]activity.Property{{Name: "first_name", Value: activity.TextValue(fmt.Sprint("<lead ", i, ">"))}, {Name: "phone", Value: activity.TextValue("+989121112233")}}, c.o.now, 1)
	if err := c.o.store.WriteProfile(c.o.t.Context(), store.Profile{Lead: id, Body: profile.Encode()}); err != nil {
		c.o.t.Fatal(err)
	}
	key := store.DecisionKey{Lead: id, Kind: kind, N: 1}
	why, err := json.Marshal(decision.Reason{By: "signal", Signals: []signal.Number{1}})
	if err != nil {
		c.o.t.Fatal(err)
	}
	msg := Delivery{Format: 1, Key: key.String(), Lead: id, Kind: kind, N: 1, At: c.o.now, Total: 50 + i, Reason: why}
	if err := c.o.store.RecordDecisions(c.o.t.Context(), []store.Decision{{DecisionKey: key, At: c.o.now.Unix(), Body: msg.Encode()}})[0]; err != nil {
		c.o.t.Fatal(err)
	}
	c.leads = append(c.leads, id)
	c.queue[len(c.leads)-1] = c.o.now
}

// give hands one message to a worker, and tells whether it lived.
func (c *crowd) give(i int, m *mortal) (lived bool) {
	c.o.t.Helper()
	c.o.attempts++
	c.tries[i]++
	kind := decision.Handover
	if _, err := c.o.store.ReadDecision(c.o.t.Context(), store.DecisionKey{Lead: c.leads[i], Kind: kind, N: 1}); err != nil {
		kind = decision.FastLane
	}
	rec, err := c.o.store.ReadDecision(c.o.t.Context(), store.DecisionKey{Lead: c.leads[i], Kind: kind, N: 1})
	if err != nil {
		c.o.t.Fatal(err)
	}
	defer func() {
		if r := recover(); r != nil {
			if _, is := r.(died); !is {
				panic(r)
			}
			c.queue[i] = c.o.now.Add(6 * time.Minute) // the queue's visibility
		}
	}()
	d := &Deliver{
		Store: mortalStore{c.o.store, m}, Playbook: c.o.playbook, Send: m.send, From: "x@x.example", Sales: "sales@x.example", ConsoleURL: "https://c.x.example",
		Attempt: fmt.Sprint("attempt ", c.o.attempts), Log: slog.New(slog.DiscardHandler),
	}
	err = d.Handle(c.o.t.Context(), Message{ID: fmt.Sprint(i), Body: rec.Body, Received: c.o.now}, c.o.now)
	if err == nil {
		delete(c.queue, i)
		if c.rand.IntN(3) == 0 { // the queue may give it once more
			c.queue[i] = c.o.now.Add(time.Duration(c.rand.IntN(3000)) * time.Second)
		}
	} else {
		c.queue[i] = c.o.now.Add(Again(err, c.tries[i]))
	}
	return true
}

// run hands messages out, in any order, until none is left.
func (c *crowd) run(m *mortal) {
	c.o.t.Helper()
	for steps := 0; len(c.queue) > 0; steps++ {
		if steps > 5000 {
			c.o.t.Fatalf("the messages %v never end", c.queue)
		}
		var ready []int
		next := time.Time{}
		for i := range c.leads {
			at, ok := c.queue[i]
			if ok && !at.After(c.o.now) {
				ready = append(ready, i)
			}
			if ok && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		if len(ready) == 0 {
			c.o.now = next
			continue
		}
		c.give(ready[c.rand.IntN(len(ready))], m)
		for ; c.heard >= 0 && c.heard < len(c.o.sent); c.heard++ {
			if err := c.o.event(eventOf("Send", c.o.sent[c.heard], "")); err != nil {
				c.o.t.Fatal(err)
			}
		}
	}
}

// told counts in how many mails each lead is named, and the mails.
func (c *crowd) told() (times map[lead.ID]int, alone, lists int) {
	times = map[lead.ID]int{}
	for _, m := range c.o.sent {
		n := 0
		for _, id := range c.leads {
			if strings.Contains(m.Text, "/#/leads/"+string(id)) {
				times[id]++
				n++
			}
		}
		if n > 1 {
			lists++
		} else {
			alone++
		}
	}
	return times, alone, lists
}

func TestOfManyWhoBecomeHotTheFirstAreToldAtOnceAndTheRestInOneMail(t *testing.T) {
	c := newCrowd(t, 40, playbook.Alerts{AtOnce: 2, Minutes: 10})
	began := c.o.now
	for i := range 40 {
		c.give(i, &mortal{office: c.o})
	}
	if _, alone, lists := c.told(); alone != 2 || lists != 0 || len(c.o.sent) != 2 {
		t.Fatalf("at once %d mails left, %d lists", alone, lists)
	}
	c.o.now = c.o.now.Add(time.Minute)
	c.add(40, decision.FastLane)
	c.give(40, &mortal{office: c.o})
	if len(c.o.sent) != 3 || !strings.Contains(c.o.sent[2].Subject, "زنگ بزنید") {
		t.Fatalf("who asks for a person is told at once and alone: %d mails", len(c.o.sent))
	}
	c.run(&mortal{office: c.o})
	times, alone, lists := c.told()
	if alone != 3 || lists != 1 || c.o.now.Before(began.Add(10*time.Minute)) {
		t.Errorf("%d mails of one and %d lists", alone, lists)
	}
	for _, id := range c.leads {
		if times[id] != 1 {
			t.Errorf("%s was told %d times", id, times[id])
		}
	}
	list := c.o.sent[3]
	if list.Subject != "۳۸ سرنخ داغ" || !strings.Contains(list.HTML, `dir="rtl"`) || !strings.Contains(list.HTML, "امتیاز ۸۹") || !strings.Contains(list.HTML, "&lt;lead 39&gt;") || strings.Contains(list.HTML, "<lead") ||
		strings.Index(list.Text, "lead 39") > strings.Index(list.Text, "lead 2>") {
		t.Errorf("the list is %q:\n%s", list.Subject, list.HTML)
	}
	c.o.now = c.o.now.Add(11 * time.Minute)
	c.add(41, decision.Handover)
	if c.give(41, &mortal{office: c.o}); len(c.o.sent) != 5 {
		t.Errorf("after a while of silence the next is told at once: %d mails", len(c.o.sent))
	}
}

// Whoever dies at whichever call, and whatever order the queue gives the
// messages in again: each lead is told, and in no second mail. A mail of which no
// event says that it left may come once more, as it was.
func TestWhereverAWorkerDiesEachHotLeadIsToldOnce(t *testing.T) {
	deaths := 0
	for at := 1; ; at++ {
		reached := false
		for n := range 4 {
			after, events := n%2 == 1, n >= 2
			c := newCrowd(t, 5, playbook.Alerts{AtOnce: 1, Minutes: 5})
			c.rand = rand.New(rand.NewPCG(uint64(at), 7))
			if !events {
				c.heard = -1
			}
			m := &mortal{office: c.o, at: at, after: after}
			c.run(m)
			reached = reached || m.calls >= at
			deaths++
			// A mail that left right before the death is in doubt: it alone may come again.
			seen := map[string]bool{}
			once := c.o.sent[:0:0]
			doubles := 0
			for _, x := range c.o.sent {
				if seen[x.Tags[0].Value] {
					doubles++
					continue
				}
				seen[x.Tags[0].Value] = true
				once = append(once, x)
			}
			c.o.sent = once
			times, _, lists := c.told()
			for _, id := range c.leads {
				if times[id] != 1 {
					t.Errorf("death at call %d (after it: %v): %s is named in %d mails", at, after, id, times[id])
				}
			}
			if doubles > 1 || events && doubles > 0 {
				t.Errorf("death at call %d (after it: %v, events come: %v): %d mails left twice", at, after, events, doubles)
			}
			if lists == 0 {
				t.Errorf("death at call %d: no list", at)
			}
			if keys, _, err := c.o.store.ListAlerts(t.Context(), 10, ""); err != nil || len(keys) != 0 {
				t.Errorf("death at call %d: %v still wait, %v", at, keys, err)
			}
		}
		if !reached {
			break
		}
	}
	if deaths < 40 {
		t.Errorf("only %d deaths: this proves little", deaths)
	}
}

func TestAListWhoseAnswerWasLostWaitsForItsEventAndIsNotRepeatedWhenItComes(t *testing.T) {
	for _, heard := range []bool{true, false} {
		c := newCrowd(t, 4, playbook.Alerts{AtOnce: 1, Minutes: 5})
		for i := range 4 {
			c.give(i, &mortal{office: c.o})
		}
		c.o.now = c.o.now.Add(6 * time.Minute)
		c.o.fates = []mail.Fate{mail.Unknown}
		c.give(2, &mortal{office: c.o})
		if len(c.o.sent) != 2 || len(c.queue) < 3 {
			t.Fatalf("%d mails, in the queue %v", len(c.o.sent), c.queue)
		}
		if c.heard = -1; heard {
			if err := c.o.event(eventOf("Send", c.o.sent[1], "")); err != nil {
				t.Fatal(err)
			}
		}
		c.run(&mortal{office: c.o})
		if want := map[bool]int{true: 2, false: 3}[heard]; len(c.o.sent) != want {
			t.Errorf("evidence %v: %d mails left, want %d", heard, len(c.o.sent), want)
		}
	}
}

func TestWhatIsTakenBackWhileItWaitsIsNotTold(t *testing.T) {
	c := newCrowd(t, 4, playbook.Alerts{AtOnce: 1, Minutes: 5})
	for i := range 4 {
		c.give(i, &mortal{office: c.o})
	}
	back := store.DecisionKey{Lead: c.leads[3], Kind: decision.Withdrawn, Subject: decision.Handover, N: 1}
	c.o.store.RecordDecisions(t.Context(), []store.Decision{{DecisionKey: back, At: c.o.now.Unix()}})
	if err := c.o.handle(Delivery{Format: 1, Key: back.String(), Lead: back.Lead, Kind: back.Kind, Subject: back.Subject, N: 1, At: c.o.now}.Encode()); err != nil {
		t.Fatal(err)
	}
	c.run(&mortal{office: c.o})
	times, alone, lists := c.told()
	if times[c.leads[3]] != 0 || times[c.leads[2]] != 1 || alone != 1 || lists != 1 {
		t.Errorf("told %v, %d alone, %d lists", times, alone, lists)
	}
	if keys, _, err := c.o.store.ListAlerts(t.Context(), 10, ""); err != nil || len(keys) != 0 {
		t.Errorf("%v still wait, %v", keys, err)
	}
}

func TestOneWhoWaitsAloneIsAnAlertLikeAnyOther(t *testing.T) {
	c := newCrowd(t, 2, playbook.Alerts{AtOnce: 1, Minutes: 5})
	c.run(&mortal{office: c.o})
	if len(c.o.sent) != 2 || !strings.HasPrefix(c.o.sent[1].Subject, "سرنخ داغ: ") {
		t.Errorf("%d mails, the last %q", len(c.o.sent), c.o.sent[len(c.o.sent)-1].Subject)
	}
}

func TestAMailServiceThatIsDownHoldsAlertsBackAndLosesNone(t *testing.T) {
	c := newCrowd(t, 30, playbook.Alerts{AtOnce: 3, Minutes: 10})
	until := c.o.now.Add(24 * time.Hour)
	c.run(&mortal{office: c.o, down: func() bool { return c.o.now.Before(until) }})
	times, alone, lists := c.told()
	for _, id := range c.leads {
		if times[id] != 1 {
			t.Errorf("%s was told %d times", id, times[id])
		}
	}
	if alone > 6 || lists == 0 {
		t.Errorf("after a day %d mails of one and %d lists", alone, lists)
	}
}
