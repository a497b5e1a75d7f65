package score_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func TestRulesThatCannotWorkAreRefused(t *testing.T) {
	for want, spoil := range map[string]func(*scoretest.Business){
		"nobody can reach it": func(b *scoretest.Business) { b.Config.Handover.Total = 121 },
		"above the threshold": func(b *scoretest.Business) { b.Config.Handover.Lower = 51 },
		"has 0":               func(b *scoretest.Business) { b.Config.Engagement.Min = 1 },
		"limits of group web": func(b *scoretest.Business) { b.Config.Groups[0].Limits.Max = -1 },
		"name of its own":     func(b *scoretest.Business) { b.Config.Groups[1].Name = "web" },
		"no group \"wep\"":    func(b *scoretest.Business) { b.Config.Points[0].Group = "wep" },
		"no interest":         func(b *scoretest.Business) { b.Config.Points[0].Interest = "web" },
		"signal number 999":   func(b *scoretest.Business) { b.Config.Points[0].Signal = 999 },
		"stand twice":         func(b *scoretest.Business) { b.Config.Points[1].Signal = b.Config.Points[0].Signal },
		"the fit of a persona": func(b *scoretest.Business) {
			b.Config.Points[0].Signal = b.Number("student")
		},
		"one way to fade":          func(b *scoretest.Business) { b.Config.Points[0].LastDays = 3 },
		"needs a cap":              func(b *scoretest.Business) { b.Config.Points[0].WindowDays = 3 },
		"further caps say nothing": func(b *scoretest.Business) { b.Config.Points[0].Once = true },
		"points lie from":          func(b *scoretest.Business) { b.Config.Points[0].Points = 5000 },
		"percentages fall": func(b *scoretest.Business) {
			b.Config.Points[0].HalfLife, b.Config.Points[0].Steps = 0, []score.DecayStep{{Day: 2, Percent: 50}, {Day: 3, Percent: 60}}
		},
		"end with 0": func(b *scoretest.Business) {
			b.Config.Points[0].HalfLife, b.Config.Points[0].Steps = 0, []score.DecayStep{{Day: 2, Percent: 50}}
		},
		"no condition on the profile": func(b *scoretest.Business) { b.Config.Personas[0].Fit[0].Signal = b.Number("demo") },
		"name at least one":           func(b *scoretest.Business) { b.Config.Bands = nil },
		"above the one before":        func(b *scoretest.Business) { b.Config.Bands[1].From = 60 },
		"nobody can be in that":       func(b *scoretest.Business) { b.Config.Bands[1].From = 50 },
		"from the best down":          func(b *scoretest.Business) { b.Config.Grades.Fit[0] = 1 },
		"name a stage before it":      func(b *scoretest.Business) { b.Config.Stages[1].From = "mql" },
		"asks nothing":                func(b *scoretest.Business) { b.Config.Stages[1].Enter[0].Known = false },
		"number 1 belongs to":         func(b *scoretest.Business) { b.Config.Stages[1].Number = 1 },
		"condition on an activity":    func(b *scoretest.Business) { b.Config.FastLane[0] = b.Number("active_3_of_7") },
		"there is no stage":           func(b *scoretest.Business) { b.Config.Audiences[0].Stages = []string{"x"} },
		"needs a name and signals":    func(b *scoretest.Business) { b.Config.Funnel[0].Signals = nil },
	} {
		b := scoretest.Example()
		spoil(b)
		if _, err := score.Compile(b.Config, b.Defs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("says %v, want it to say %q", err, want)
		}
	}
}

func TestAConfigSurvivesJSON(t *testing.T) {
	b := scoretest.Example()
	out, err := json.Marshal(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	var back score.Config
	if err := json.Unmarshal(out, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, b.Config) {
		t.Error("something was lost")
	}
}

func TestALeadWithoutAnySignalHasZero(t *testing.T) {
	b := scoretest.Example()
	c := b.NewLead(b.Rules()).Card(day0)
	check(t, "nothing known", c, want{band: "cold", grade: "D4", persona: "sales_manager"})
	if len(c.Lines) != 0 || c.ReviewDay != 0 || c.Stage != "prospect" {
		t.Errorf("has %+v", c)
	}
	b.Config.Personas = nil
	check(t, "no personas", b.NewLead(b.Rules()).Card(day0), want{band: "cold", grade: "D4"})
}

func TestCapsAreLinesOfTheirOwn(t *testing.T) {
	b := scoretest.Example()
	l := b.NewLead(b.Rules())
	for range 5 {
		l.Do(scoretest.Activity(day0, "page.viewed", "kind", "article"))
	}
	for range 3 {
		l.Do(scoretest.Activity(day0, "form.posted", "form", "ebook"))
	}
	c := l.Card(day0)
	sum(t, c)
	for _, w := range []score.Line{
		{Kind: score.KindSignal, Name: "article", Group: "web", Count: 5, Points: 5},
		{Kind: score.KindCap, Name: "article", Group: "web", Count: 5, Points: -2, Limit: 3, Days: 1},
		{Kind: score.KindSignal, Name: "ebook", Group: "form", Count: 3, Points: 18},
		{Kind: score.KindCap, Name: "ebook", Group: "form", Count: 3, Points: -6, Limit: 12, Days: 30},
		{Kind: score.KindCap, Name: "contact", Group: "form", Count: 3, Points: -10, Limit: 5},
	} {
		w.Signal, w.LastDay = b.Number(w.Name), day0
		if got := find(c, w.Kind, w.Name); got == nil || *got != w {
			t.Errorf("%s of %s: %+v, want %+v", w.Kind, w.Name, got, w)
		}
	}
}

func TestPenaltiesStopAtTheirLimits(t *testing.T) {
	b := scoretest.Example()
	l := b.NewLead(b.Rules())
	for range 5 {
		l.Do(scoretest.Activity(day0, "call.missed"))
	}
	l.Do(scoretest.Activity(day0, "call.refused"))
	c := l.Card(day0)
	check(t, "refused and never answered", c, want{total: -12, engagement: -12, band: "cold", grade: "D4", persona: "sales_manager"})
	if limit := find(c, score.KindGroup, "phone"); limit == nil || limit.Points != 9 || limit.Limit != -12 {
		t.Errorf("the phone's limit is %+v, want +9 of -12", limit)
	}
}

func TestPeopleMayAddPointsUntilADay(t *testing.T) {
	b := scoretest.Example()
	l := b.NewLead(b.Rules())
	l.Do(scoretest.Activity(day0, "page.viewed", "kind", "article"))
	l.Adjust(day0, 25, day0+10)
	l.Adjust(day0, -3, 0)
	c := l.Card(day0)
	sum(t, c)
	if c.Total != 23 || c.Manual != 22 || c.Engagement != 1 || c.Band != "warm" {
		t.Errorf("has %d, by hand %d", c.Total, c.Manual)
	}
	if c = l.Card(day0 + 10); c.Manual != 22 {
		t.Errorf("on the last day by hand %d", c.Manual)
	}
	if c = l.Card(day0 + 11); c.Manual != -3 {
		t.Errorf("the day after by hand %d", c.Manual)
	}
	if c = l.Card(day0); c.ReviewDay == 0 || c.ReviewDay > day0+11 {
		t.Errorf("reviewed on %s", c.ReviewDay)
	}
}

func TestTheFunnelCountsWhereThePlaybookSaysSo(t *testing.T) {
	b := scoretest.Example()
	b.Config.Funnel[1].Points = 4
	b.Config.Funnel[2].Points = 7
	l := b.NewLead(b.Rules())
	l.Do(scoretest.Activity(day0, "webinar.attended"))
	if c := l.Card(day0); c.Total != 16 || c.Funnel != "interest" || c.Part != "middle" {
		t.Errorf("%d at %s, %s", c.Total, c.Funnel, c.Part)
	}
	l.Do(scoretest.Activity(day0, "page.viewed", "kind", "pricing"))
	if c := l.Card(day0); c.Total != 12+6+7 || find(c, score.KindFunnel, "decision") == nil {
		t.Errorf("%d at %s", c.Total, c.Funnel)
	}
}

func TestTheLeadingInterestIsShown(t *testing.T) {
	b := scoretest.Example()
	b.Config.Groups = append(b.Config.Groups, score.Group{Name: "crm", Interest: true}, score.Group{Name: "invoicing", Interest: true})
	for i := range b.Config.Points {
		switch b.Config.Points[i].Signal {
		case b.Number("pricing"):
			b.Config.Points[i].Interest = "invoicing"
		case b.Number("article"):
			b.Config.Points[i].Interest = "crm"
		}
	}
	l := b.NewLead(b.Rules())
	l.Do(scoretest.Activity(day0, "page.viewed", "kind", "article"), scoretest.Activity(day0, "page.viewed", "kind", "pricing"))
	if c := l.Card(day0); c.Interest != "invoicing" || c.Leading != "web" || c.Total != 7 {
		t.Errorf("interest %q, leading %q, total %d", c.Interest, c.Leading, c.Total)
	}
}

func TestTheCardSaysWhyNowAndWhatWouldRaiseIt(t *testing.T) {
	b := scoretest.Example()
	l := b.NewLead(b.Rules(), "role_sales", "budget_not")
	l.Do(scoretest.Activity(day0, "product.logged_in"), scoretest.Activity(day0+9, "page.viewed", "kind", "pricing"))
	l.Do(scoretest.Activity(day0+9, "webinar.signed_up"), scoretest.Activity(day0+9, "webinar.attended"), scoretest.Activity(day0+9, "page.viewed", "kind", "article"))
	c := l.Card(day0 + 9)
	var names []string
	for _, w := range c.WhyNow {
		names = append(names, w.Name)
	}
	if got := strings.Join(names, " "); got != "webinar_there pricing webinar_signup" {
		t.Errorf("why now: %s", got)
	}
	names = nil
	for _, w := range c.WouldRaise {
		names = append(names, w.Name+w.Attribute)
		if w.Points <= 0 || w.Points > 30 {
			t.Errorf("would raise by %d", w.Points)
		}
	}
	if got := strings.Join(names, " "); got != "demo call_me trial" {
		t.Errorf("would raise: %s", got)
	}
	for i := range b.Config.Points {
		b.Config.Points[i].Points = min(b.Config.Points[i].Points, 2)
	}
	c = b.NewLead(b.Rules(), "role_sales", "budget_not").Card(day0)
	if len(c.WouldRaise) != 3 || c.WouldRaise[0].Attribute != "staff" || c.WouldRaise[0].Points != 10 || c.WouldRaise[1].Attribute != "authority" {
		t.Errorf("what is not known would raise: %+v", c.WouldRaise)
	}
}

func TestAbsenceSetsInOnItsDay(t *testing.T) {
	b := scoretest.Example()
	b.Config.Points = append(b.Config.Points, score.Points{Signal: b.Number("away"), Points: -8, Group: "web"})
	l := b.NewLead(b.Rules())
	if c := l.Card(day0); c.Total != 0 {
		t.Errorf("who never came is not away: %d", c.Total)
	}
	l.Do(scoretest.Activity(day0, "page.viewed", "kind", "article"))
	for day, want := range map[int]int{0: 1, 29: 0, 30: -8, 90: -8} {
		if c := l.Card(day0 + dayOf(day)); c.Total != want {
			t.Errorf("%d days later %d, want %d", day, c.Total, want)
		} else {
			sum(t, c)
		}
	}
	cooling := 1
	if c := l.Card(day0); c.ReviewDay != day0+30 || c.InAudience(cooling) {
		t.Errorf("reviewed on %s", c.ReviewDay)
	}
	if c := l.Card(day0 + 30); !c.InAudience(cooling) {
		t.Error("is not cooling")
	}
}

func dayOf(n int) activity.Day { return activity.Day(n) }

func TestMetersAreOnlyOfWhatIsNamed(t *testing.T) {
	b := scoretest.Example()
	set, err := signal.Compile(b.Defs)
	if err != nil {
		t.Fatal(err)
	}
	metered := map[string]bool{}
	for _, m := range b.Config.Meters(set) {
		d, _ := set.Definition(m.Signal)
		metered[d.Name] = true
	}
	for name, want := range map[string]bool{"article": true, "active": true, "active_3_of_7": true, "accepted": true, "away": false, "student": false} {
		if metered[name] != want {
			t.Errorf("%s has a meter: %v", name, metered[name])
		}
	}
}
