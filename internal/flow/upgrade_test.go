package flow

import (
	"fmt"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// withCustomers adds a signal for the page of customers, worth 1 each time.
func withCustomers() *playbook.Playbook {
	p := smallBook()
	p.Signals = append(p.Signals, signal.Definition{
		Number: 5, Name: "customers", Kind: signal.OnActivity, Types: []activity.Type{activity.PageViewed},
		Where: &signal.Condition{Op: signal.Eq, Field: "path", Values: signal.Texts("/customers")},
	})
	p.Score.Points = append(p.Score.Points, score.Points{Signal: 5, Points: 1})
	return p
}

// long gives a lead a log with pages and runs, half of it on the customers' page.
func (l *line0) long(n int) lead.ID {
	l.t.Helper()
	for i := range n {
		a := act(fmt.Sprint("id-", i), activity.PageViewed, activity.Who{Email: email}, "path", []string{"/customers", "/x"}[i%2])
		a.At = monday.AddDate(0, 0, -i%30)
		l.take(a)
	}
	return l.leadOf(lead.ByEmail, email)
}

func TestANewSignalIsFoundInALongLogByAJobAndByTheNextActivity(t *testing.T) {
	const n = 300
	for _, how := range []string{"job", "activity"} {
		t.Run(how, func(t *testing.T) {
			l := newLine(t)
			id := l.long(n)
			if c := l.card(id, l.now); c.Total != 0 {
				t.Fatalf("before: %d", c.Total)
			}
			publish(t, l.mem, withCustomers(), 2)
			if how == "job" {
				jobs := &box{}
				l.runJobs(NewRescore(l.mem, jobs, &box{}), jobs, PlaybookJob(2))
			} else {
				l.ingest = l.worker(l.mem)
				l.take(act("one more", activity.PageViewed, activity.Who{Email: email}, "path", "/x"))
			}
			if c := l.card(id, l.now); c.Total != 80 || c.Engagement != 80 { // 150, up to the limit
				t.Errorf("after: %d", c.Total)
			}
			s := l.state(id)
			if count, _ := s.Ever(l.book().Rules.Meters(), 5); count != n/2 {
				t.Errorf("seen %d times, want %d", count, n/2)
			}
			publish(t, l.mem, smallBook(), 3) // the signal leaves
			publish(t, l.mem, withCustomers(), 4)
			jobs := &box{}
			r := NewRescore(l.mem, jobs, &box{})
			l.runJobs(r, jobs, PlaybookJob(4))
			if count, _ := l.state(id).Ever(l.book().Rules.Meters(), 5); count != n/2 {
				t.Errorf("left and came back: seen %d times, want %d", count, n/2)
			}
		})
	}
}

func TestRevokedEvidenceOfANewSignalIsTakenBack(t *testing.T) {
	l := newLine(t)
	id := l.long(120)
	publish(t, l.mem, withCustomers(), 2)
	l.ingest = l.worker(l.mem)
	for i := 0; i < 120; i += 4 {
		r := act(fmt.Sprint("revoke-", i), activity.Revoked, activity.Who{Email: email})
		r.Revokes, r.Source = activity.ID(fmt.Sprint("id-", i)), "console"
		l.take(r)
	}
	l.take(act("one more", activity.PageViewed, activity.Who{Email: email}, "path", "/x"))
	s := l.state(id)
	if err := settleNow(l.book().Rules.Meters(), s, ledger.Shelf{}, readFrom(t.Context(), l.mem)); err != nil {
		t.Fatal(err)
	}
	if count, _ := s.Ever(l.book().Rules.Meters(), 5); count != 30 {
		t.Errorf("seen %d times, want 30: 60 less 30 that were revoked", count)
	}
	if c := l.card(id, l.now); c.Total != 30 {
		t.Errorf("total %d, want 30", c.Total)
	}
}

func TestAStrangerRevokesNothing(t *testing.T) {
	l := newLine(t)
	l.take(act("1", activity.PageViewed, activity.Who{Email: email}, "path", "/pricing"))
	r := act("2", activity.Revoked, activity.Who{Email: email})
	r.Revokes = "1"
	l.take(r)
	if c := l.card(l.leadOf(lead.ByEmail, email), l.now); c.Total != 10 {
		t.Errorf("total %d, want 10", c.Total)
	}
}
