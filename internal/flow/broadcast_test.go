package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// hall is an office with many leads, of whom the even ones are in an audience.
type hall struct {
	*office
	rescore *Rescore
	jobs    *box
}

func newHall(t *testing.T, people int) *hall {
	t.Helper()
	o := newOffice(t)
	total := 20
	o.book.Playbook.Score.Audiences = []score.Audience{{Number: 3, Name: "warm", Need: score.Need{Total: &total}}}
	publish(t, o.store, o.book.Playbook, 1)
	var err error
	if o.book, err = o.book.Playbook.Compile(); err != nil {
		t.Fatal(err)
	}
	w := &hall{office: o, jobs: &box{}}
	w.rescore = NewRescore(o.store, w.jobs, &box{})
	for i := range people {
		w.settle(i, i%2 == 0)
	}
	return w
}

func personID(i int) lead.ID { return lead.ID(fmt.Sprintf("person%010d", i)) }

func (w *hall) settle(i int, warm bool) {
	w.t.Helper()
	s := ledger.New(personID(i), w.book.Rules.Meters())
	s.Known, s.Playbook = true, 1
	if warm {
		s.Audience = s.Audience.With(signal.Number(3))
	}
	item, _, err := s.Finish(w.book.Rules.Meters(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if r := w.store.WriteLedgers(w.t.Context(), []ledger.Item{item}); r[0].Err != nil {
		w.t.Fatal(r[0].Err)
	}
	r := &nurture.Recipient{ID: string(personID(i)), Email: fmt.Sprintf("p%d@example.ir", i)}
	r.Grant("email", "marketing", w.now.Add(-time.Hour), "v1", "form")
	packed, err := pack(r, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.WriteRecipient(w.t.Context(), packed); err != nil {
		w.t.Fatal(err)
	}
}

func (w *hall) plan(id string, at time.Time) *nurture.Broadcast {
	w.t.Helper()
	b := &nurture.Broadcast{ID: id, Title: "news", Mail: "tips", Audience: "warm", At: at.Unix(), Planned: w.now.Unix(), By: "sara"}
	if err := WriteBroadcast(w.t.Context(), w.store, b); err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *hall) due() int {
	w.t.Helper()
	n, err := w.rescore.Broadcasts(w.t.Context(), w.log(), w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *hall) log() *slog.Logger { return slog.New(slog.DiscardHandler) }

// work does what the jobs queue holds, a page an invocation, and gives what it did.
func (w *hall) work() [][]byte {
	w.t.Helper()
	var done [][]byte
	for {
		bodies := w.jobs.take()
		if len(bodies) == 0 {
			return done
		}
		for _, b := range bodies {
			if err := w.rescore.RunJob(w.t.Context(), w.log(), Message{ID: "j", Body: b}, w.now, func() bool { return true }); err != nil {
				w.t.Fatal(err)
			}
		}
		done = append(done, bodies...)
	}
}

func (w *hall) broadcast(id string) *nurture.Broadcast {
	w.t.Helper()
	b, err := ReadBroadcast(w.t.Context(), w.store, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *hall) to() map[string]int {
	got := map[string]int{}
	for _, m := range w.sent {
		got[m.To]++
	}
	return got
}

func TestABroadcastReachesEverybodyWhoWasInTheAudienceThenAndNobodyElse(t *testing.T) {
	const people = 230 // more than a page in a segment
	w := newHall(t, people)
	w.plan("news", w.now.Add(time.Hour))
	if n := w.due(); n != 0 || len(w.jobs.bodies) != 0 {
		t.Fatalf("begun before its time: %d, %d jobs", n, len(w.jobs.bodies))
	}
	w.now = w.now.Add(time.Hour)
	if n := w.due(); n != 1 {
		t.Fatalf("%d begun", n)
	}
	if n := w.due(); n != 0 {
		t.Fatal("begun twice")
	}
	done := w.work()
	if b := w.broadcast("news"); b.State() != nurture.BroadcastFrozen || b.Entered != people/2 {
		t.Fatalf("%+v: %d are in the audience", b, people/2)
	}
	w.settle(people+2, true) // who joins later
	for _, b := range done { // and the queue gives all of it once more
		if err := w.rescore.RunJob(t.Context(), w.log(), Message{ID: "again", Body: b}, w.now, never); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		w.tick()
		w.now = w.now.Add(49 * time.Hour)
	}
	got := w.to()
	for i := range people {
		if n := got[fmt.Sprintf("p%d@example.ir", i)]; n != (i+1)%2 {
			t.Fatalf("person %d got %d copies", i, n)
		}
	}
	if len(w.sent) != people/2 {
		t.Fatalf("%d mails left, %d are in the audience", len(w.sent), people/2)
	}
	if b := w.broadcast("news"); b.Entered != people/2 {
		t.Errorf("counted again: %d", b.Entered)
	}
}

func TestAFreezingThatDiedAmongTheDeadLettersIsBegunAgainAndWhatIsTooLateSaysSo(t *testing.T) {
	w := newHall(t, 40)
	w.plan("news", w.now)
	w.due()
	lost := w.jobs.take()
	for _, b := range lost[1:] { // one part is lost
		if err := w.rescore.RunJob(t.Context(), w.log(), Message{ID: "j", Body: b}, w.now, never); err != nil {
			t.Fatal(err)
		}
	}
	if w.due() != 0 || w.broadcast("news").State() != nurture.BroadcastFreezing {
		t.Fatal("begun again too early")
	}
	late := *w.broadcast("news")
	w.now = w.now.Add(2 * time.Hour)
	w.due()
	w.work()
	if b := w.broadcast("news"); b.State() != nurture.BroadcastFrozen || b.Entered != 20 || b.Partial {
		t.Fatalf("%+v", b)
	}
	// The same, found only when it is too late.
	late.ID, late.Version = "late", 0
	if err := WriteBroadcast(t.Context(), w.store, &late); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(nurture.FreezeWithin)
	w.due()
	if b := w.broadcast("late"); b.State() != nurture.BroadcastFrozen || !b.Partial || len(w.jobs.take()) != 0 {
		t.Fatalf("%+v", b)
	}
}

func TestACancelledBroadcastIsNeverFrozenAndWhoIsInsideLeaves(t *testing.T) {
	w := newHall(t, 12)
	cancel := func(id string) {
		t.Helper()
		if _, err := ChangeBroadcast(t.Context(), w.store, id, func(b *nurture.Broadcast) bool { return b.Cancel("reza", w.now) }); err != nil {
			t.Fatal(err)
		}
	}
	w.plan("before", w.now)
	cancel("before")
	if n := w.due(); n != 0 {
		t.Fatal("frozen although it was cancelled")
	}
	w.plan("middle", w.now)
	w.due()
	cancel("middle") // between the jobs and their work
	w.work()
	w.plan("after", w.now)
	w.due()
	w.work()
	cancel("after")
	w.tick()
	if len(w.sent) != 0 {
		t.Fatalf("%d mails left of broadcasts that were cancelled", len(w.sent))
	}
	item, err := w.store.ReadRecipient(t.Context(), string(personID(0)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := nurture.Decode(item.ID, item.Body)
	if err != nil || len(r.Enrollments) != 1 || r.Enrollments[0].Track != "broadcast.after" || r.Enrollments[0].Ended != nurture.BroadcastOff || item.DueAt != 0 {
		t.Fatalf("%+v, %v", r.Enrollments, err)
	}
}

func TestABroadcastThatCannotBeFrozenIsCancelledWithItsReason(t *testing.T) {
	w := newHall(t, 2)
	b := w.plan("gone", w.now)
	b = w.broadcast(b.ID)
	b.Audience = "left"
	if err := WriteBroadcast(t.Context(), w.store, b); err != nil {
		t.Fatal(err)
	}
	w.plan("old", w.now.Add(-nurture.FreezeWithin-time.Hour))
	w.due()
	for _, id := range []string{"gone", "old"} {
		if b := w.broadcast(id); b.Cancelled == 0 || !strings.HasPrefix(b.CancelledBy, "the system: ") {
			t.Errorf("%s: %+v", id, b)
		}
	}
	if len(w.jobs.bodies) != 0 {
		t.Error("jobs were queued")
	}
}

func TestABroadcastThatNobodyKnowsSendsNothingAndHoldsUpNobody(t *testing.T) {
	w := newHall(t, 1)
	ghost := &nurture.Broadcast{ID: "ghost", Mail: "tips"}
	err := update(t.Context(), w.store, string(personID(0)), func(r *nurture.Recipient) bool { return r.Enter(w.book.Nurture, ghost, w.now) == "" })
	if err != nil {
		t.Fatal(err)
	}
	enrollInWelcome(w.office)
	w.tick()
	if got := w.to(); len(got) != 1 || got["maryam@example.ir"] != 1 {
		t.Fatalf("sent to %v", got)
	}
}

// counting counts the calls for broadcasts.
type counting struct {
	*office
	reads *int
}

func (c counting) ReadBroadcast(ctx context.Context, id string) (store.Broadcast, error) {
	*c.reads++
	return c.store.ReadBroadcast(ctx, id)
}

func TestATickAsksForABroadcastOnlyWhereSomebodyIsInOne(t *testing.T) {
	w := newHall(t, 60)
	reads := 0
	n := &Nurture{Log: w.log()}
	n.Store = struct {
		counting
		nurtureRest
	}{counting{w.office, &reads}, w.store}
	people := map[string]*nurture.Recipient{}
	var due []store.Due
	for i := range 60 {
		r := &nurture.Recipient{ID: string(personID(i))}
		r.Enroll(w.book.Nurture, "welcome", nurture.Entering{}, w.now)
		people[r.ID], due = r, append(due, store.Due{ID: r.ID})
	}
	if _, err := n.plan(t.Context(), w.book, due, people, w.now); err != nil || reads != 0 {
		t.Fatalf("%d reads, %v", reads, err)
	}
	b := w.plan("news", w.now)
	for _, r := range people {
		r.Enter(w.book.Nurture, b, w.now)
	}
	p, err := n.plan(t.Context(), w.book, due, people, w.now)
	if err != nil || reads != 1 || p.Track("broadcast.news") == nil || w.book.Nurture.Track("broadcast.news") != nil {
		t.Fatalf("%d reads for 60 people, %v", reads, err)
	}
	if _, err := ReadBroadcast(t.Context(), w.store, "nope"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

// nurtureRest is what else a tick asks of a store.
type nurtureRest interface {
	NoteUnknown(ctx context.Context, u store.UnknownSend) error
	SendingStore
	DueRecipients(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error)
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient]
	ReadRecipient(ctx context.Context, id string) (store.Recipient, error)
	WriteRecipient(ctx context.Context, r store.Recipient) error
	WorkStore
	HistoryReader
}
