package nurture

import (
	"fmt"
	"testing"
)

func TestCountsSayWhereEverybodyStandsAndHowHoldOutsAndArmsDid(t *testing.T) {
	p := free(t, Track{Goals: []Entry{{Signal: "demo"}}, Steps: []Step{{Name: "m", Mail: "m", Arms: []Arm{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}}, {Name: "n", Mail: "n", WaitDays: 5}}}, func(c *Config) {
		c.Holdout = &Holdout{Percent: 20}
	})
	var counts Counts
	for i := range 300 {
		r := reader(t)
		r.ID = fmt.Sprint("lead", i)
		enter(t, p, r, noon)
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
		counts.Add(p, r, i%6 == 0)
		r.Moved = "lead0" // joined to another, and counted there
		counts.Add(p, r, true)
	}
	gone := reader(t)
	gone.Erase(noon)
	counts.Add(p, gone, false)
	all := counts.All(p)
	if len(all) != 1 {
		t.Fatalf("%d tracks", len(all))
	}
	x := all[0]
	if x.Entered != 300 || x.Inside != 150 || x.Goal != 50 || x.Exhausted != 50 {
		t.Errorf("%+v", x)
	}
	held := map[string]int{}
	for _, r := range x.Rest {
		code, _ := ReadReason(r.Reason)
		held[r.Kind+" "+code] += r.Count
	}
	paused, talks := held["held "+Paused], held["held "+SalesTalks]
	if paused == 0 || talks == 0 || paused+talks > 100 || held["ended "+Goal] != 50 || held["ended "+Exhausted] != 50 || held["ended "+Ended] != 50 {
		t.Errorf("the rest: %v", held)
	}
	if x.Out.People+x.In.People != 300 || x.Out.People != x.HeldOut || x.Out.People < 30 || x.Out.Goal+x.In.Goal != 50 || x.In.Qualified+x.Out.Qualified != 50 {
		t.Errorf("held out: %+v, treated: %+v", x.Out, x.In)
	}
	if len(x.Arms) != 1 || len(x.Arms[0].Sides) != 2 {
		t.Fatalf("arms: %+v", x.Arms)
	}
	a, b := x.Arms[0].Sides[0], x.Arms[0].Sides[1]
	if a.People+b.People != x.In.People || a.People < 60 || b.People < 60 {
		t.Errorf("arms: %+v, %+v", a, b)
	}
}
