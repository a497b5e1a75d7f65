package flow

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/store"
)

// counted counts the calls that dispatch makes.
type counted struct {
	DecisionStore
	reads, writes int
	fail          map[lead.ID]bool
}

func (c *counted) ReadDecisions(ctx context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error) {
	c.reads++
	return c.DecisionStore.ReadDecisions(ctx, keys)
}

func (c *counted) RecordDecisions(ctx context.Context, ds []store.Decision) []error {
	c.writes++
	out := make([]error, len(ds))
	for i, d := range ds {
		if c.fail[d.Lead] {
			out[i] = errors.New("throttled")
			continue
		}
		out[i] = c.DecisionStore.RecordDecisions(ctx, []store.Decision{d})[0]
	}
	return out
}

// pendingOf makes leads with a decision pending, quiet ones by a lower threshold.
func (l *line0) pendingOf(n int, quiet bool) (items []ledger.Item) {
	l.t.Helper()
	for i := range n {
		who := activity.Who{Email: fmt.Sprintf("p%d@shop.ir", i)}
		a := withRole(act(fmt.Sprint("q", i), activity.FormPosted, who, "form", "demo"))
		if quiet {
			a.Flags, a.Source = activity.Backfill, "import"
		}
		l.take(a)
		it, err := l.mem.ReadLedger(l.t.Context(), l.leadOf(lead.ByEmail, who.Email))
		if err != nil {
			l.t.Fatal(err)
		}
		items = append(items, it)
	}
	return items
}

func TestQuietDecisionsOfManyLeadsCostTwoCallsAndNoMessage(t *testing.T) {
	l := newLine(t)
	items := l.pendingOf(40, true)
	c, queue := &counted{DecisionStore: l.mem}, &box{}
	n, fates := NewDispatch(c, queue).Run(t.Context(), l.log, append(items, items...))
	for i, err := range fates {
		if err != nil {
			t.Fatalf("image %d: %v", i, err)
		}
	}
	if c.reads != 1 || c.writes != 1 || len(queue.take()) != 0 || n < 40 {
		t.Errorf("%d decisions, %d reads, %d writes", n, c.reads, c.writes)
	}
	list, err := NewQuiet(l.mem, nil).List(t.Context(), 0)
	if err != nil || len(list) != n {
		t.Fatalf("%d listed of %d, %v", len(list), n, err)
	}
	for _, e := range list {
		d, err := l.mem.ReadDecision(t.Context(), e.DecisionKey)
		if err != nil || !d.Quiet || d.Done[doneQuiet] == 0 || e.Cause != decision.Import || e.Playbook != 1 || e.Total != 54 {
			t.Errorf("%+v, %+v, %v", e, d, err)
		}
	}
}

func TestALeadWhoseRecordFailsHoldsNoOtherUp(t *testing.T) {
	l := newLine(t)
	items := l.pendingOf(12, false)
	c, queue := &counted{DecisionStore: l.mem, fail: map[lead.ID]bool{items[3].Lead: true}}, &box{}
	d := NewDispatch(c, queue)
	_, fates := d.Run(t.Context(), l.log, items)
	for i, err := range fates {
		if (err != nil) != (i == 3) {
			t.Errorf("image %d: %v", i, err)
		}
	}
	sent := len(queue.take())
	c.fail = nil
	r := NewRescore(l.mem, &box{}, queue)
	rep, err := r.Due(t.Context(), l.log, l.now.Add(lost+time.Minute), never)
	if err != nil || rep.Leads != 12 || rep.Requeued == 0 || rep.Requeued >= sent || rep.Cleared+rep.Requeued != sent {
		t.Errorf("%+v of %d, %v", rep, sent, err)
	}
	for _, it := range items {
		if s := l.state(it.Lead); len(s.Pending) != 0 {
			t.Errorf("%s keeps %v", it.Lead, s.Pending)
		}
	}
}

func TestADecisionThatAPersonHasToldIsCarriedOutOnceAndLeavesTheList(t *testing.T) {
	l := newLine(t)
	items := l.pendingOf(1, true)
	queue := &box{}
	if _, fates := NewDispatch(l.mem, queue).Run(t.Context(), l.log, items); fates[0] != nil {
		t.Fatal(fates[0])
	}
	q := NewQuiet(l.mem, queue)
	key := store.DecisionKey{Lead: items[0].Lead, Kind: decision.Handover, N: 1}
	queue.fail = errors.New("down")
	if _, err := q.Tell(t.Context(), []store.DecisionKey{key}, "leila", l.now); err == nil {
		t.Error("a queue that is down was not told")
	}
	queue.fail = nil
	if said, err := q.Tell(t.Context(), []store.DecisionKey{key}, "somebody else", l.now); err != nil || said.Before != 1 || said.Told != 0 {
		t.Fatalf("%+v, %v", said, err)
	}
	mails := 0
	d := &Deliver{
		Store: l.mem, Playbook: NewBooks(l.mem).InForce, Log: l.log, Attempt: "1", Sales: "sales@shop.ir", From: "house@shop.ir",
		Send: func(context.Context, mail.Message) (mail.Fate, error) { mails++; return mail.Taken, nil },
	}
	bodies := queue.take()
	for range 2 {
		for _, b := range bodies {
			if err := d.Handle(t.Context(), Message{ID: "d", Body: b, Received: l.now}, l.now); err != nil {
				t.Fatal(err)
			}
		}
	}
	rec, err := l.mem.ReadDecision(t.Context(), key)
	if err != nil || mails != 1 || rec.By != "leila" || rec.Rank != "" || rec.Done[doneAlert] == 0 || rec.Done[doneWork] == 0 || rec.Quiet {
		t.Errorf("%d mails, %+v, %v", mails, rec, err)
	}
	if said, err := q.Pass(t.Context(), []store.DecisionKey{key}, "leila", l.now); err != nil || said.Before != 1 {
		t.Errorf("afterwards: %+v, %v", said, err)
	}
}

func TestWhatAMergeOfTwoPeopleBringsIsQuietAndOfAVisitorIsTold(t *testing.T) {
	half := func(l *line0, id string, who activity.Who, path, form string) {
		if form != "" {
			l.take(withRole(act(id, activity.FormPosted, who, "form", form)))
			return
		}
		l.take(act(id, activity.PageViewed, who, "path", path))
	}
	for _, known := range []bool{true, false} {
		l := newLine(t)
		a := activity.Who{Email: "a@shop.ir"}
		half(l, "1", a, "", "ebook") // 24 + 15
		other := activity.Who{Visitor: "browser000000001"}
		if known {
			other = activity.Who{Email: "b@shop.ir"}
		}
		for i := range 3 {
			x := act(fmt.Sprint("v", i), activity.PageViewed, other, "path", "/pricing")
			x.At = monday.AddDate(0, 0, -i)
			l.take(x)
		}
		id := l.leadOf(lead.ByEmail, "a@shop.ir")
		if known {
			m := act("m", activity.LeadsMerged, activity.WhoIs(string(id)), PropertyOther, string(l.leadOf(lead.ByEmail, "b@shop.ir")))
			m.Source = "console"
			l.take(m)
		} else {
			l.take(act("m", activity.PageViewed, activity.Who{Email: "a@shop.ir", Visitor: other.Visitor}, "path", "/x"))
		}
		found := false
		for _, p := range l.state(id).Pending {
			if p.Kind == decision.Handover {
				found = true
				r, err := decision.DecodeReason(p.Reason)
				if p.Quiet != known || err != nil || (r.Quiet == decision.Merge) != known {
					t.Errorf("known %v: %+v, %+v, %v", known, p, r, err)
				}
			}
		}
		if !found {
			t.Errorf("known %v: no hand-over: %+v", known, l.state(id).Pending)
		}
	}
}
