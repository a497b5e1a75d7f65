package flow

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

func never() bool { return false }

// hot makes a lead with a fast-lane decision pending, and gives its item.
func (l *line0) hot() (lead.ID, ledger.Item) {
	l.t.Helper()
	l.take(withRole(act("1", activity.FormPosted, activity.Who{Email: email}, "form", "demo")))
	id := l.leadOf(lead.ByEmail, email)
	it, err := l.mem.ReadLedger(l.t.Context(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	return id, it
}

func TestDispatchQueuesEachDecisionOnceUnderItsKey(t *testing.T) {
	l := newLine(t)
	id, it := l.hot()
	queue := &box{}
	d := NewDispatch(l.mem, queue)
	n, err := runOne(d, l, it)
	if err != nil || n != len(l.pending(id)) || n == 0 {
		t.Fatalf("%d queued, %v; pending %v", n, err, l.pending(id))
	}
	kinds := map[string]bool{}
	for _, body := range queue.take() {
		m, err := DecodeDelivery(body)
		if err != nil {
			t.Fatal(err)
		}
		kinds[m.Kind] = true
		rec, err := l.mem.ReadDecision(t.Context(), store.DecisionKey{Lead: m.Lead, Kind: m.Kind, Subject: m.Subject, N: m.N})
		if err != nil || len(rec.Done) != 0 || m.Lead != id || m.Total != 54 || m.Band != "hot" || m.Playbook != 1 || len(m.Reason) == 0 {
			t.Errorf("%+v, record %+v, %v", m, rec, err)
		}
	}
	if !kinds["fastlane"] || !kinds["handover"] {
		t.Errorf("queued %v", kinds)
	}
	if n, err = runOne(d, l, it); n != 0 || err != nil || len(queue.take()) != 0 {
		t.Errorf("the image came again: %d queued, %v", n, err)
	}
}

func TestADecisionTheQueueDidNotTakeHasNoRecord(t *testing.T) {
	l := newLine(t)
	id, it := l.hot()
	queue := &box{fail: errors.New("down")}
	d := NewDispatch(l.mem, queue)
	if _, err := runOne(d, l, it); err == nil {
		t.Fatal("a queue that is down was not noticed")
	}
	if ds, _, _ := l.mem.ListDecisions(t.Context(), id, ""); len(ds) != 0 {
		t.Errorf("records without a message: %v", ds)
	}
	queue.fail = nil
	if n, err := runOne(d, l, it); n == 0 || err != nil {
		t.Errorf("afterwards %d queued, %v", n, err)
	}
}

func TestWhatTheStreamLostIsQueuedAgainAndWhatItCarriedIsCleared(t *testing.T) {
	l := newLine(t)
	id, it := l.hot()
	deliveries := &box{}
	r := NewRescore(l.mem, &box{}, deliveries)
	if rep, err := r.Due(t.Context(), l.log, l.now, never); err != nil || rep.Leads != 0 {
		t.Fatalf("too early: %+v, %v", rep, err)
	}
	later := l.now.Add(lost + time.Minute)
	rep, err := r.Due(t.Context(), l.log, later, never)
	if err != nil || rep.Leads != 1 || rep.Requeued == 0 || rep.Cleared != 0 || rep.Oldest != time.Minute {
		t.Fatalf("%+v, %v", rep, err)
	}
	if got := len(deliveries.take()); got != rep.Requeued {
		t.Errorf("%d messages, %d decisions", got, rep.Requeued)
	}
	s := l.state(id)
	if len(s.Pending) != 0 || s.DueShard != "" || l.card(id, l.now).Total != 54 {
		t.Errorf("pending %v, due %q", s.Pending, s.DueShard)
	}
	if rep, err = r.Due(t.Context(), l.log, later, never); err != nil || rep.Leads != 0 {
		t.Errorf("the next tick: %+v, %v", rep, err)
	}

	// The other way: the stream carried it, so nothing is queued again.
	l2 := newLine(t)
	id, it = l2.hot()
	carried := &box{}
	if _, err := runOne(NewDispatch(l2.mem, carried), l2, it); err != nil {
		t.Fatal(err)
	}
	rep, err = NewRescore(l2.mem, &box{}, deliveries).Due(t.Context(), l.log, later, never)
	if err != nil || rep.Cleared == 0 || rep.Requeued != 0 || len(deliveries.take()) != 0 || len(l2.state(id).Pending) != 0 {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestALeadCoolsOnItsReviewDayWithoutAnActivity(t *testing.T) {
	l := newLine(t)
	l.take(withRole(act("1", activity.FormPosted, activity.Who{Email: email}, "form", "demo")))
	for i := range 250 { // others, so that a segment has pages
		l.take(act(fmt.Sprint("x", i), activity.PageViewed, activity.Who{External: fmt.Sprint("crm-", i)}, "path", "/other"))
	}
	id := l.leadOf(lead.ByEmail, email)
	s := l.state(id)
	c := l.book()
	if s.Review <= c.Day(l.now) {
		t.Fatalf("review on %v", s.Review)
	}
	jobs := &box{}
	r := NewRescore(l.mem, jobs, &box{})
	review := func(now time.Time) {
		t.Helper()
		l.now = now
		if err := r.Review(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		sent := jobs.take()
		if len(sent) != Segments {
			t.Fatalf("%d jobs", len(sent))
		}
		for _, body := range sent {
			j, err := decodeJob(body)
			if err != nil {
				t.Fatal(err)
			}
			l.runJobs(r, jobs, j)
		}
	}
	review(l.now.AddDate(0, 0, 1))
	if now := l.state(id); now.Version != s.Version {
		t.Fatal("written before its day")
	}
	review(s.Review.Date().Add(6 * time.Hour))
	now := l.state(id)
	if now.Version != s.Version+1 || store.BandOf(now.Band) != "warm" || now.Review <= s.Review {
		t.Errorf("version %d → %d, band %s, next review %v", s.Version, now.Version, now.Band, now.Review)
	}
	ps, err := l.mem.ListProgress(t.Context(), "review-"+l.now.UTC().Format("2006-01-02T15:04"))
	read := 0
	for _, p := range ps {
		read += p.Read
		if !p.Done || p.Page != "" {
			t.Errorf("segment %d: %+v", p.Segment, p)
		}
	}
	if err != nil || len(ps) != Segments || read != 251 {
		t.Errorf("%d leads read in %d segments, %v", read, len(ps), err)
	}
}

func TestAJobThatIsNoneIsParked(t *testing.T) {
	l := newLine(t)
	r := NewRescore(l.mem, &box{}, &box{})
	bad := []string{``, `{}`, `{"v":1,"kind":"other","job":"x"}`, `{"v":1,"kind":"review","job":"x","segment":4,"of":4}`, `{"v":2,"kind":"review","job":"x"}`}
	for i, body := range bad {
		if err := r.RunJob(t.Context(), l.log, Message{ID: fmt.Sprint(i), Body: []byte(body), Received: l.now}, l.now, never); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	if ps, _, _ := l.mem.ListParked(t.Context(), l.now, 0, ""); len(ps) != len(bad) {
		t.Errorf("%d parked of %d", len(ps), len(bad))
	}
}

func TestAJobOfAPlaybookThatWasReplacedEnds(t *testing.T) {
	l := newLine(t)
	publish(t, l.mem, smallBook(), 2)
	r := NewRescore(l.mem, &box{}, &box{})
	run := func(j Job) error {
		j.Of = Segments
		return r.RunJob(t.Context(), l.log, Message{Body: j.Encode(), Received: l.now}, l.now, never)
	}
	if err := run(PlaybookJob(1)); err != nil {
		t.Error(err)
	}
	if err := run(PlaybookJob(3)); err == nil {
		t.Error("a playbook that is not in force yet: the job must come again")
	}
	if ps, _ := l.mem.ListProgress(t.Context(), "playbook-1"); len(ps) != 0 {
		t.Errorf("it went on: %v", ps)
	}
}

func TestDeliveriesThatDisagreeWithTheirKeyAreRefused(t *testing.T) {
	l := newLine(t)
	id, _ := l.hot()
	d := DeliveryOf(l.state(id), l.state(id).Pending[0])
	if _, err := DecodeDelivery(d.Encode()); err != nil {
		t.Fatal(err)
	}
	for _, spoil := range []func(*Delivery){
		func(d *Delivery) { d.Format = 2 }, func(d *Delivery) { d.N++ }, func(d *Delivery) { d.Lead = "other" },
		func(d *Delivery) { d.Key = "x" }, func(d *Delivery) { d.Kind = "won" }, func(d *Delivery) { d.Subject = "s" },
	} {
		bad := d
		spoil(&bad)
		if _, err := DecodeDelivery(bad.Encode()); err == nil {
			t.Errorf("taken: %+v", bad)
		}
	}
	if !slices.Equal(d.ReasonBytes(), l.state(id).Pending[0].Reason) {
		t.Errorf("reason %s", d.Reason)
	}
}

// runOne gives dispatch one image.
func runOne(d *Dispatch, l *line0, it ledger.Item) (int, error) {
	l.t.Helper()
	n, fates := d.Run(l.t.Context(), l.log, []ledger.Item{it})
	return n, fates[0]
}
