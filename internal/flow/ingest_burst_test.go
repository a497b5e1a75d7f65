package flow

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
)

// clicks follows links of one mail, each by a process of its own.
func clicks(l *line0, at time.Time, n int, machine ...int) []activity.Activity {
	var out []activity.Activity
	for i := range n {
		a := act(fmt.Sprintf("%d:%d", at.Unix(), i), activity.MailClicked, activity.Who{Email: "a@example.ir"}, "mail", "welcome")
		a.At, a.Source = at.Add(time.Duration(i)*400*time.Millisecond).Truncate(time.Second), "feedback"
		for _, m := range machine {
			if m == i {
				a.Flags |= activity.Machine
			}
		}
		out = append(out, a)
	}
	return out
}

func believed(l *line0) (n int) {
	l.t.Helper()
	for _, e := range l.state(l.leadOf(lead.ByEmail, "a@example.ir")).Tail() {
		if e.Type == activity.MailClicked && e.Flags&activity.Machine == 0 && !e.Revoked {
			n++
		}
	}
	return n
}

func TestABurstOfClicksIsAMachinesWhicheverWayItComes(t *testing.T) {
	for seed := range uint64(20) {
		dice := rand.New(rand.NewPCG(seed, 1))
		l := newLine(t)
		all := clicks(l, l.now.Add(-time.Hour), 4)
		dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for i := 0; i < len(all); {
			n := 1 + dice.IntN(len(all)-i)
			l.take(all[i : i+n]...)
			if dice.IntN(2) == 0 {
				l.take(all[i : i+n]...) // it comes again
			}
			i += n
		}
		if n := believed(l); n != 0 {
			t.Fatalf("seed %d: %d clicks of a scanner are believed", seed, n)
		}
	}
}

func TestAPersonWhoClicksNowAndThenIsBelieved(t *testing.T) {
	l := newLine(t)
	at := l.now.Add(-time.Hour)
	l.take(clicks(l, at, 2)...) // two links at once may be a slip of a thumb
	l.take(clicks(l, at.Add(9*time.Second), 1)...)
	l.take(clicks(l, at.Add(20*time.Second), 1)...)
	if n := believed(l); n != 4 {
		t.Errorf("%d clicks are believed, want 4", n)
	}
}

func TestWhoFollowsTheHiddenLinkIsNotBelievedForTheLinksBesideIt(t *testing.T) {
	l := newLine(t)
	at := l.now.Add(-time.Hour)
	l.take(clicks(l, at, 2, 1)...)
	if n := believed(l); n != 0 {
		t.Errorf("%d clicks beside the hidden link are believed", n)
	}
}
