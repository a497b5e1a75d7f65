package flow

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

const (
	email    = "maryam@example.ir"
	other    = "ali@example.ir"
	mobile   = "09121112233"
	visitor  = "v0000000000000001"
	visitor2 = "v0000000000000002"
)

func withRole(a activity.Activity) activity.Activity {
	a.Profile = []activity.Property{{Name: "role", Value: activity.TextValue("sales_manager")}}
	return a
}

func TestALeadThatCrossesTheBarIsHandedOverOnce(t *testing.T) {
	l := newLine(t)
	l.take(withRole(act("1", activity.FormPosted, activity.Who{Email: email}, "form", "ebook")))
	id := l.leadOf(lead.ByEmail, email)
	if c := l.card(id, l.now); c.Total != 39 || c.Band != "warm" {
		t.Fatalf("after the e-book: %d %s", c.Total, c.Band)
	}
	if p := l.pending(id); slices.Contains(p, "handover") {
		t.Fatalf("handed over at 39: %v", p)
	}
	l.take(act("2", activity.PageViewed, activity.Who{Email: email}, "path", "/pricing"))
	l.take(act("3", activity.PageViewed, activity.Who{Email: email}, "path", "/other"))
	s := l.state(id)
	if c := l.card(id, l.now); c.Total != 49 {
		t.Fatalf("after the price page: %d", c.Total)
	}
	next := l.now.AddDate(0, 0, 1)
	l.now = next
	a := act("4", activity.PageViewed, activity.Who{Email: email}, "path", "/pricing")
	a.At = next
	l.take(a)
	s = l.state(id)
	count := 0
	for _, p := range l.pending(id) {
		if p == "handover" {
			count++
		}
	}
	if c := l.card(id, next); c.Band != "hot" || count != 1 || s.DueShard == "" || s.Band != store.BandKey("hot", id) {
		t.Errorf("%d %s, handed over %d times, due %q, listed %q", c.Total, c.Band, count, s.DueShard, s.Band)
	}
}

func TestTheSameActivityCountsOnce(t *testing.T) {
	l := newLine(t)
	a := act("same", activity.FormPosted, activity.Who{Email: email}, "form", "ebook")
	got := l.take(a, a, a)
	if got.Fresh != 1 || got.Repeated != 2 {
		t.Errorf("in one batch: %+v", got)
	}
	before := l.state(l.leadOf(lead.ByEmail, email))
	if got = l.take(a); got.Fresh != 0 || got.Repeated != 1 {
		t.Errorf("a batch later: %+v", got)
	}
	after := l.state(before.Lead)
	if after.Version != before.Version || after.Activities() != 1 {
		t.Errorf("version %d → %d, %d activities", before.Version, after.Version, after.Activities())
	}
	other := act("same", activity.FormPosted, activity.Who{Email: email}, "form", "demo")
	if got = l.take(other); got.Conflicts != 1 || l.state(before.Lead).Activities() != 1 {
		t.Errorf("the same id with another payload: %+v", got)
	}
}

func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	var want string
	for seed := range 6 {
		l := newLine(t)
		var as []activity.Activity
		for i := range 60 {
			a := act(fmt.Sprint("id-", i), activity.PageViewed, activity.Who{Email: email}, "path", []string{"/pricing", "/x"}[i%2])
			a.At = monday.AddDate(0, 0, -i)
			as = append(as, a)
		}
		newDice(seed).Shuffle(len(as), func(i, j int) { as[i], as[j] = as[j], as[i] })
		for len(as) > 0 {
			n := min(len(as), 1+newDice(seed+len(as)).IntN(9))
			l.take(as[:n]...)
			as = as[n:]
		}
		got := l.canonical(l.leadOf(lead.ByEmail, email))
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("seed %d: another ledger", seed)
		}
	}
}

func TestAVisitorBecomesThePersonTheyTurnOutToBe(t *testing.T) {
	l := newLine(t)
	l.take(act("1", activity.PageViewed, activity.Who{Visitor: visitor}, "path", "/pricing"))
	anonymous := l.leadOf(lead.ByVisitor, visitor)
	if s := l.state(anonymous); s.Known || s.Band != "" {
		t.Fatalf("an anonymous lead is known: %v, listed: %q", s.Known, s.Band)
	}
	l.take(act("2", activity.FormPosted, activity.Who{Email: email, Visitor: visitor}, "form", "ebook"))
	id := l.leadOf(lead.ByEmail, email)
	s := l.state(id)
	if id != anonymous || !s.Known || s.Activities() != 2 || s.Band == "" {
		t.Errorf("lead %s (was %s), known %v, %d activities, listed %q", id, anonymous, s.Known, s.Activities(), s.Band)
	}
}

func TestTwoLeadsMergeWhenAVisitorTurnsOutToBeKnown(t *testing.T) {
	l := newLine(t)
	l.take(act("1", activity.FormPosted, activity.Who{Email: email}, "form", "ebook"))
	for i := range 40 { // with pages of its own
		l.take(act(fmt.Sprint("v", i), activity.PageViewed, activity.Who{Visitor: visitor}, "path", "/pricing"))
	}
	from := l.leadOf(lead.ByVisitor, visitor)
	got := l.take(act("2", activity.FormPosted, activity.Who{Email: email, Visitor: visitor}, "form", "demo"))
	id := l.leadOf(lead.ByEmail, email)
	if got.Merges != 1 || l.leadOf(lead.ByVisitor, visitor) != id || id == from {
		t.Fatalf("%+v, the visitor belongs to %s, the person is %s", got, l.leadOf(lead.ByVisitor, visitor), id)
	}
	if s := l.state(id); s.Activities() != 42 {
		t.Errorf("%d activities, want 42", s.Activities())
	}
	if s := l.state(from); s.MovedTo != id || s.Activities() != 40 {
		t.Errorf("the absorbed lead: moved to %q, %d activities", s.MovedTo, s.Activities())
	}
	// What comes for the visitor now is the person's, also from who has not heard.
	l.take(act("v41", activity.PageViewed, activity.Who{Visitor: visitor}, "path", "/x"), act("v3", activity.PageViewed, activity.Who{Visitor: visitor}, "path", "/pricing"))
	if s := l.state(id); s.Activities() != 43 {
		t.Errorf("%d activities, want 43: one new, one repeated", s.Activities())
	}
	straight := newLine(t)
	straight.take(act("1", activity.FormPosted, activity.Who{Email: email}, "form", "ebook"), act("2", activity.FormPosted, activity.Who{Email: email}, "form", "demo"))
	for i := range 40 {
		straight.take(act(fmt.Sprint("v", i), activity.PageViewed, activity.Who{Email: email}, "path", "/pricing"))
	}
	straight.take(act("v41", activity.PageViewed, activity.Who{Email: email}, "path", "/x"))
	if l.canonical(id) != straight.canonical(straight.leadOf(lead.ByEmail, email)) {
		t.Error("the merged ledger is not that of one lead from the start")
	}
}

func TestTwoKnownPeopleAreProposedNotMerged(t *testing.T) {
	l := newLine(t)
	l.take(act("1", activity.FormPosted, activity.Who{Email: email, Visitor: visitor}, "form", "ebook"))
	l.take(act("2", activity.FormPosted, activity.Who{Email: other, Visitor: visitor}, "form", "ebook"))
	a, b := l.leadOf(lead.ByEmail, email), l.leadOf(lead.ByEmail, other)
	if a == b || l.state(a).Activities() != 1 || l.state(b).Activities() != 1 {
		t.Fatalf("a shared browser made one of %s and %s", a, b)
	}
	ps, _, err := l.mem.ListProposals(t.Context(), 0, "")
	if err != nil || len(ps) != 1 {
		t.Errorf("proposals %v, %v", ps, err)
	}
	l.take(act("3", activity.FormPosted, activity.Who{Email: email, Phone: mobile}, "form", "ebook"))
	l.take(act("4", activity.FormPosted, activity.Who{Email: other, Phone: mobile}, "form", "demo"))
	if l.leadOf(lead.ByPhone, "+989121112233") != a || l.state(b).Activities() != 2 {
		t.Error("a shared mobile moved an activity to the other person")
	}
	m := act("5", activity.LeadsMerged, activity.WhoIs(string(a)), PropertyOther, string(b))
	m.Source = "console"
	if got := l.take(m); got.Merges != 1 || l.leadOf(lead.ByEmail, other) != a {
		t.Errorf("a person says that they are one: %+v", got)
	}
	if s := l.state(a); s.Activities() != 5 {
		t.Errorf("%d activities, want 5", s.Activities())
	}
}

func TestAStrangerCannotMergeLeads(t *testing.T) {
	l := newLine(t)
	l.take(act("1", activity.FormPosted, activity.Who{Email: email}, "form", "ebook"), act("2", activity.FormPosted, activity.Who{Email: other}, "form", "ebook"))
	a, b := l.leadOf(lead.ByEmail, email), l.leadOf(lead.ByEmail, other)
	l.take(act("3", activity.LeadsMerged, activity.WhoIs(string(a)), PropertyOther, string(b)))
	if l.leadOf(lead.ByEmail, other) != b {
		t.Error("merged by a public activity")
	}
}

func TestAPoisonedMessageIsParkedAndTheRestGoesOn(t *testing.T) {
	l := newLine(t)
	good := act("1", activity.FormPosted, activity.Who{Email: email}, "form", "ebook")
	ms := []Message{
		l.message(good),
		{ID: "empty", Received: l.now, Attempt: 1},
		{ID: "noise", Body: []byte("{\xff"), Received: l.now, Attempt: 1},
		{ID: "schema", Body: []byte(`{"v":99}`), Received: l.now, Attempt: 1},
		l.message(act("2", activity.PageViewed, activity.Who{Email: "not an address"})),
		l.message(act("3", activity.PageViewed, activity.WhoIs("aaaaaaaaaaaaaaaa"))),
		l.message(act("4", activity.PageViewed, activity.WhoIs("nonsense"))),
		l.message(act("5", activity.PageViewed, activity.Who{Email: email}, "path", "/pricing"), act("6", activity.PageViewed, activity.Who{Phone: "12"})),
	}
	got := l.ingest.Run(t.Context(), l.log, ms, l.now)
	if len(got.Failed) != 0 || got.Parked != 7 || got.Fresh != 2 {
		t.Fatalf("%+v", got)
	}
	ps, _, err := l.mem.ListParked(t.Context(), l.now, 0, "")
	if err != nil || len(ps) != 7 {
		t.Fatalf("%d parked, %v", len(ps), err)
	}
	for _, p := range ps {
		if p.Reason == "" || p.Code == "" || strings.Contains(p.Reason, "not an address") || strings.Contains(p.Reason, "nonsense") {
			t.Errorf("%s was parked as %q because %q", p.ID, p.Code, p.Reason)
		}
	}
	again := l.ingest.Run(t.Context(), l.log, ms, l.now)
	if ps, _, _ = l.mem.ListParked(t.Context(), l.now, 0, ""); len(ps) != 7 || again.Fresh != 0 {
		t.Errorf("the batch came again: %d parked, %+v", len(ps), again)
	}
}

func TestConsentIsKeptByItsStatedTimeAndAWithdrawalStands(t *testing.T) {
	l := newLine(t)
	give := func(id string, at time.Time, granted bool) {
		a := act(id, activity.ConsentChanged, activity.Who{Email: email})
		a.At = at
		a.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: granted, Wording: "v1", Proof: "form:ebook"}}
		l.take(a)
	}
	give("1", monday.Add(-time.Hour), true)
	give("3", monday, false)
	give("2", monday.Add(-30*time.Minute), true) // older than the withdrawal, came later
	r := l.recipient(l.leadOf(lead.ByEmail, email))
	if r.Email != email || r.Consents("email", "marketing", false) {
		t.Errorf("recipient %+v", r)
	}
	give("4", monday.Add(time.Minute), true)
	if r = l.recipient(l.leadOf(lead.ByEmail, email)); !r.Consents("email", "marketing", false) {
		t.Errorf("a later consent: %+v", r.Permissions)
	}
}

func (l *line0) recipient(id lead.ID) *nurture.Recipient {
	l.t.Helper()
	stored, err := l.mem.ReadRecipient(l.t.Context(), string(id))
	if err != nil {
		l.t.Fatal(err)
	}
	r, err := nurture.Decode(string(id), stored.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func TestOwnStaffAreKeptAndNotScored(t *testing.T) {
	l := newLine(t)
	l.take(act("1", activity.FormPosted, activity.Who{Email: "me@mail.own.ir"}, "form", "demo"))
	id := l.leadOf(lead.ByEmail, "me@mail.own.ir")
	if c := l.card(id, l.now); !c.Excluded || c.Total != 0 || len(l.pending(id)) != 0 || l.state(id).Activities() != 1 {
		t.Errorf("excluded %v, total %d, pending %v", c.Excluded, c.Total, l.pending(id))
	}
}

func TestAThrowAwayAddressIsHeldAndGivesNoConsent(t *testing.T) {
	l := newLine(t)
	a := act("1", activity.FormPosted, activity.Who{Email: "x@trash.test"}, "form", "demo")
	a.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true}}
	l.take(a)
	id := l.leadOf(lead.ByEmail, "x@trash.test")
	if c := l.card(id, l.now); c.Total != 0 || slices.Contains(l.pending(id), "fastlane") || l.recipient(id).Consents("email", "marketing", false) {
		t.Errorf("total %d, pending %v", c.Total, l.pending(id))
	}
}

func TestPublishingIsQuietAndFindsNewSignalsInTheLog(t *testing.T) {
	l := newLine(t)
	l.take(withRole(act("1", activity.FormPosted, activity.Who{Email: email}, "form", "ebook")),
		act("2", activity.PageViewed, activity.Who{Email: email}, "path", "/customers"))
	id := l.leadOf(lead.ByEmail, email)
	next := smallBook()
	next.Signals = append(next.Signals, signal.Definition{
		Number: 5, Name: "customers", Kind: signal.OnActivity, Types: []activity.Type{activity.PageViewed},
		Where: &signal.Condition{Op: signal.Eq, Field: "path", Values: signal.Texts("/customers")},
	})
	next.Score.Points = append(next.Score.Points, score.Points{Signal: 5, Points: 20})
	publish(t, l.mem, next, 2)
	jobs, deliveries := &box{}, &box{}
	r := NewRescore(l.mem, jobs, deliveries)
	l.runJobs(r, jobs, PlaybookJob(2))
	c := l.card(id, l.now)
	if c.Total != 59 || l.state(id).Playbook != 2 {
		t.Fatalf("under the new playbook: %d, item of playbook %d", c.Total, l.state(id).Playbook)
	}
	if p := l.pending(id); !slices.Contains(p, "handover (quiet)") || slices.Contains(p, "handover") {
		t.Errorf("pending %v: the hand-over is listed, and told nobody", p)
	}
	before := l.state(id)
	l.runJobs(r, jobs, PlaybookJob(2))
	if after := l.state(id); after.Version != before.Version {
		t.Errorf("the job done again wrote version %d after %d", after.Version, before.Version)
	}
	l.take(act("3", activity.PageViewed, activity.Who{Email: email}, "path", "/customers"))
	if c := l.card(id, l.now); c.Total != 79 {
		t.Errorf("one more page: %d", c.Total)
	}
}

func TestAnOldProcessCannotOverwriteANewScore(t *testing.T) {
	l := newLine(t)
	l.take(act("1", activity.FormPosted, activity.Who{Email: email}, "form", "ebook"))
	old := l.ingest
	publish(t, l.mem, smallBook(), 2)
	l.ingest = l.worker(l.mem)
	l.take(act("2", activity.PageViewed, activity.Who{Email: email}, "path", "/pricing"))
	l.ingest = old
	old.read = l.now // it believes to know the pointer
	got := l.take(act("3", activity.PageViewed, activity.Who{Email: email}, "path", "/x"))
	if s := l.state(l.leadOf(lead.ByEmail, email)); got.Fresh != 1 || s.Playbook != 2 || s.Activities() != 3 {
		t.Errorf("%+v, playbook %d, %d activities", got, s.Playbook, s.Activities())
	}
}

func TestWithoutAPlaybookEverythingWaits(t *testing.T) {
	l := newLine(t)
	empty := l.worker(memory.New())
	got := empty.Run(t.Context(), l.log, []Message{l.message(act("1", activity.PageViewed, activity.Who{Email: email}))}, l.now)
	if len(got.Failed) != 1 || !errors.Is(got.Failed["m1"], ErrNoPlaybook) {
		t.Errorf("%+v", got)
	}
}

func TestAHundredLeadsMakeFewCalls(t *testing.T) {
	l := newLine(t)
	batch := func(round int) []activity.Activity {
		var as []activity.Activity
		for i := range 100 {
			as = append(as, act(fmt.Sprintf("%d-%d", round, i), activity.PageViewed, activity.Who{External: fmt.Sprint("crm-", i)}, "path", "/pricing"))
		}
		return as
	}
	for round := range 20 {
		l.take(batch(round)...)
	}
	count := &shaky{Store: l.mem, dice: newDice(1)}
	l.ingest.store, l.ingest.books.store = count, count
	l.take(batch(99)...)
	if count.calls > 105 { // one for each ledger, as shake counts, and few besides
		t.Errorf("%d calls for 100 activities", count.calls)
	}
}

func newDice(seed int) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 7)) }

// runJobs works on a job and on all that it queues.
func (l *line0) runJobs(r *Rescore, jobs *box, j Job) {
	l.t.Helper()
	todo := [][]byte{j.Encode()}
	for len(todo) > 0 {
		if err := r.RunJob(l.t.Context(), l.log, Message{ID: "job", Body: todo[0], Received: l.now}, l.now, func() bool { return true }); err != nil {
			l.t.Fatal(err)
		}
		todo = append(todo[1:], jobs.take()...)
	}
}

func TestTenThousandActivitiesOfOneLeadInABatchAreStoredAndTheOthersWithThem(t *testing.T) {
	l := newLine(t)
	var ms []Message
	for i := range 100 {
		var as []activity.Activity
		for j := range 100 {
			as = append(as, act(fmt.Sprintf("flood-%d-%d", i, j), activity.PageViewed, activity.Who{Visitor: visitor}, "path", "/pricing"))
		}
		as[0].Who = activity.Who{Email: email}
		ms = append(ms, l.message(as...))
	}
	began := time.Now()
	got := l.ingest.Run(t.Context(), l.log, ms, l.now)
	t.Logf("%v", time.Since(began))
	if len(got.Failed) != 0 || got.Fresh != 10_000 {
		t.Fatalf("%d failed, %d fresh", len(got.Failed), got.Fresh)
	}
	flood, person := l.leadOf(lead.ByVisitor, visitor), l.leadOf(lead.ByEmail, email)
	if l.state(flood).Activities() != 9_900 || l.state(person).Activities() != 100 {
		t.Errorf("%d and %d activities", l.state(flood).Activities(), l.state(person).Activities())
	}
	if c := l.card(flood, l.now); c.Total != 10 {
		t.Errorf("total %d: the cap of a day holds", c.Total)
	}
	if it, err := l.mem.ReadLedger(t.Context(), flood); err != nil || it.Size() > 1024 {
		t.Errorf("the item has %d bytes, %v", it.Size(), err)
	}
}
