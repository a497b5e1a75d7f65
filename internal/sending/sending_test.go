package sending

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 12, 1, 8, 30, 0, 0, time.UTC)

func known(q Quota) *State {
	s := &State{}
	s.Learn(q, noon)
	return s
}

func TestSendersTogetherKeepTheRateOfTheAccount(t *testing.T) {
	s := known(Quota{PerSecond: 14, PerDay: -1})
	d := rand.New(rand.NewPCG(1, 1))
	var times []time.Time
	for now := noon; now.Before(noon.Add(10 * time.Minute)); now = now.Add(time.Duration(d.IntN(3000)) * time.Millisecond) {
		g := s.Reserve(d.IntN(3), d.IntN(200), Plan{}, time.UTC, now, Hold)
		if g.From.Add(time.Duration(g.Total()) * g.Gap).After(now.Add(Hold + g.Gap)) {
			t.Fatalf("tokens until long after %s: %+v", now, g)
		}
		for i := range g.Total() {
			times = append(times, g.From.Add(time.Duration(i)*g.Gap))
		}
	}
	for i := 15; i < len(times); i++ {
		if gap := times[i].Sub(times[i-14]); gap < time.Second {
			t.Fatalf("15 mails within %s", gap)
		}
	}
	if rate := float64(len(times)) / 600; rate < 12 {
		t.Errorf("%.1f mails a second, of 14", rate)
	}
}

func TestASandboxOfOneMailASecondStillSends(t *testing.T) {
	s := known(Quota{PerSecond: 0.05, PerDay: 200})
	if g := s.Reserve(0, 5, Plan{}, time.UTC, noon, Hold); g.Marketing != 1 {
		t.Errorf("%+v", g)
	}
	if g := s.Reserve(0, 5, Plan{}, time.UTC, noon.Add(time.Second), Hold); g.Marketing != 0 || g.Why == "" {
		t.Errorf("%+v", g)
	}
}

func TestAskedForMailGetsTheTokensFirst(t *testing.T) {
	s := known(Quota{PerSecond: 100, PerDay: 1000, Sent: 990})
	if g := s.Reserve(7, 20, Plan{}, time.UTC, noon, Hold); g.Asked != 7 || g.Marketing != 3 {
		t.Errorf("of 10 left: %+v", g)
	}
	if g := s.Reserve(1, 20, Plan{}, time.UTC, noon, Hold); g.Total() != 0 || !strings.Contains(g.Why, "quota") {
		t.Errorf("of 0 left: %+v", g)
	}
	s.Learn(Quota{PerSecond: 100, PerDay: 1000, Sent: 500}, noon.Add(time.Hour))
	if g := s.Reserve(1, 20, Plan{}, time.UTC, noon.Add(time.Hour), Hold); g.Total() != 21 {
		t.Errorf("a day later: %+v", g)
	}
}

func TestAWarmUpHoldsEachDayToItsCeilingAndAskedForMailNever(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Tehran")
	if err != nil {
		t.Fatal(err)
	}
	plan := Plan{From: "2026-12-01", Daily: []int{50, 100, 200}}
	s := &State{}
	for day, most := range []int{50, 100, 200, 1 << 30} {
		sent := 0
		for hour := range 20 {
			g := s.Reserve(1, 30, plan, zone, time.Date(2026, 12, 1+day, hour, 0, 0, 0, zone), Hold)
			if g.Asked != 1 {
				t.Errorf("asked-for mail waits: %+v", g)
			}
			sent += g.Marketing
		}
		if sent > most || day < 3 && sent < most-20 || day == 3 && sent != 600 {
			t.Errorf("day %d: %d marketing mails, ceiling %d", day+1, sent, most)
		}
	}
	if c := plan.Ceiling(time.Date(2026, 11, 30, 0, 0, 0, 0, zone)); c != 50 {
		t.Errorf("before it begins: %d", c)
	}
}

func TestAfterTroubleThePauseDoublesAndOneMailTriesFirst(t *testing.T) {
	s := known(Quota{PerSecond: 100, PerDay: -1})
	now := noon
	var tries int
	for now.Before(noon.Add(24 * time.Hour)) {
		if g := s.Reserve(3, 30, Plan{}, time.UTC, now, Hold); g.Total() > 0 {
			if tries > 1 && g.Total() != 1 {
				t.Fatalf("try %d hands over %d mails", tries, g.Total())
			}
			tries++
			s.Trouble(now)
		}
		now = now.Add(time.Minute)
	}
	if tries < 40 || tries > 60 {
		t.Errorf("%d tries in a day of trouble", tries)
	}
	now = now.Add(longest)
	if g := s.Reserve(3, 30, Plan{}, time.UTC, now, Hold); g.Asked != 1 || !s.Well() {
		t.Errorf("%+v", g)
	}
	if g := s.Reserve(3, 30, Plan{}, time.UTC, now.Add(time.Second), Hold); g.Total() != 33 {
		t.Errorf("well again: %+v", g)
	}
}

func TestTheBrakeShutsAtItsLimitsAndAPersonOpensIt(t *testing.T) {
	for _, c := range []struct {
		sent, bounced, complained int
		shut                      bool
	}{
		{1000, 39, 0, false}, {1000, 40, 0, true}, {5000, 39, 0, false}, {5000, 40, 0, true}, {1000, 0, 1, true}, {20, 4, 1, false}, {20, 5, 0, true}, {20, 0, 2, true}, {500, 19, 1, false}, {500, 20, 0, true},
	} {
		s := &State{Sent: int64(c.sent)}
		for i := range c.bounced {
			s.Came(Bounced, fmt.Sprint("b", i), noon)
			s.Came(Bounced, fmt.Sprint("b", i), noon) // the event came twice
		}
		for i := range c.complained {
			s.Came(Complained, fmt.Sprint("c", i), noon)
		}
		if (s.Shut != 0) != c.shut {
			t.Errorf("%+v: %+v", c, s.Brake)
		}
		g := s.Reserve(2, 5, Plan{}, time.UTC, noon, Hold)
		if g.Asked != 2 || (g.Marketing == 0) != c.shut {
			t.Errorf("%+v: %+v", c, g)
		}
		if s.Open("sara", noon); s.Reserve(0, 5, Plan{}, time.UTC, noon, Hold).Marketing != 5 {
			t.Errorf("%+v: opened, and nothing leaves", c)
		}
		if s.Came(Bounced, "b9", noon); s.Shut != 0 {
			t.Errorf("%+v: what came before it was opened counts", c)
		}
	}
}

func TestMarksLeaveTheWindowAndTheItemStaysSmall(t *testing.T) {
	s := &State{Sent: 1000, Quota: Quota{PerSecond: 14, PerDay: 50_000, Sent: 12_345}, QuotaAt: noon.Unix()}
	s.Quota.PerDay = -1
	most := 0
	for i := range 50_000 {
		s.Reserve(0, 1, Plan{}, time.UTC, noon.Add(time.Duration(i)*time.Second), Hold)
		if i%30 == 0 { // 3.3 %
			s.Came(Bounced, fmt.Sprint(i), noon)
		}
		most = max(most, len(s.Encode()))
	}
	if s.Shut != 0 {
		t.Errorf("shut at 3.3 %%: %s", s.Reason)
	}
	if most > 900 {
		t.Errorf("the item grew to %d bytes", most)
	}
	back, err := Decode(s.Encode())
	if err != nil || string(back.Encode()) != string(s.Encode()) {
		t.Errorf("%v: %s", err, back.Encode())
	}
}
