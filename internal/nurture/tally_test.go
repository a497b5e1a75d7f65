package nurture

import (
	"fmt"
	"testing"
)

func TestATallySaysWhereEverybodyStandsAndHowHoldOutsAndArmsDid(t *testing.T) {
	p := free(t, Track{Goals: []Entry{{Signal: "demo"}}, Steps: []Step{{Name: "m", Mail: "m", Arms: []Arm{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}}, {Name: "n", Mail: "n", WaitDays: 5}}}, func(c *Config) {
		c.Holdout = &Holdout{Percent: 20}
	})
	var x Tally
	for i := range 300 {
		r := reader(t)
		r.ID = fmt.Sprint("lead", i)
		enter(t, p, r, noon)
		now := noon
		switch i % 6 {
		case 0:
			r.End("x", Because(Goal, "signal", "demo"))
		case 1:
			walk(t, p, r, Facts{}, noon, 24*6, nil) // to the end
		case 2:
			r.Pause(noon.AddDate(0, 1, 0), noon)
			r.Claim(p, Facts{}, noon, "a", DefaultTiming)
		case 3:
			r.SetTalk("taken", noon)
			r.Claim(p, Facts{}, noon, "a", DefaultTiming)
		case 4:
			r.End("x", Because(Ended, "activity", "mail.replied"))
		}
		x.Add(p, r, now.Unix())
	}
	gone := reader(t)
	gone.Erase(noon)
	x.Add(p, gone, noon.Unix())
	s := x.Tracks["x"]
	if x.People != 300 || x.Exhausted != 50 || x.Paused != 50 || x.Talking != 50 || s.Inside != 150 || s.Goal != 50 || s.Exhausted != 50 || s.Ended != 50 {
		t.Errorf("%+v, %+v", x, s)
	}
	if s.Held[Paused] == 0 || s.Held[SalesTalks] == 0 || s.Held[Paused]+s.Held[SalesTalks] > 100 {
		t.Errorf("held: %v", s.Held)
	}
	out := s.Out[HoldoutTrack]
	if out.People+s.Out[""].People != 300 || out.People < 30 || out.Goal+s.Out[""].Goal != 50 {
		t.Errorf("held out: %v", s.Out)
	}
	a, b := s.Arms["m"]["a"], s.Arms["m"]["b"]
	if a.People+b.People != s.Out[""].People || a.People < 60 || b.People < 60 {
		t.Errorf("arms: %v", s.Arms)
	}
}
