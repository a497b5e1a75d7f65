package decision_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
)

// deeds are what leads of the example business may do, as type and properties.
var deeds = [][]string{
	{"page.viewed", "kind", "pricing"}, {"page.viewed", "kind", "product"}, {"page.viewed", "kind", "article"}, {"form.posted", "form", "ebook"},
	{"form.posted", "form", "demo"}, {"webinar.attended"}, {"mail.clicked"}, {"trial.started"}, {"product.active"}, {"call.requested"}, {"call.missed"},
	{"deal.lost", "reason", "budget"},
}

// lived tells a life day by day, or only on the days on which something was done or a review
// was due: the decisions, each with its day.
func lived(t *rapid.T, profile []string, did map[activity.Day][]int, by map[activity.Day]int, daily bool) (out []string) {
	b := scoretest.Example()
	l := b.NewLead(b.Rules(), profile...)
	plan, err := decision.Compile(l.Rules, tracks)
	if err != nil {
		t.Fatal(err)
	}
	for day := day0; day < day0+260; day++ {
		var arrived []decision.Arrived
		for _, k := range did[day] {
			a := scoretest.Activity(day, activity.Type(deeds[k][0]), deeds[k][1:]...)
			for _, e := range l.Do(a) {
				arrived = append(arrived, decision.ArrivedOf(e, a))
			}
		}
		if points := by[day]; points != 0 {
			l.Adjust(day, points, day+activity.Day(20))
		}
		if day != day0 && len(arrived) == 0 && by[day] == 0 && !daily && l.State.Review != day {
			continue
		}
		card := l.Card(day)
		for _, d := range plan.Decide(decision.Input{State: l.State, After: &card, Arrived: arrived, Today: day, Now: day.Date().Add(13 * time.Hour)}) {
			out = append(out, fmt.Sprint(day, d.Kind, d.Name, d.N, string(d.Reason)))
		}
		l.State.Pending = nil
	}
	return out
}

// A lead that is looked at only when something was done, and on the review days
// that were predicted, gets the decisions of one that is looked at every day, on
// the same days.
func TestReviewDaysMissNoDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		did, by := map[activity.Day][]int{}, map[activity.Day]int{}
		for range rapid.IntRange(0, 25).Draw(t, "deeds") {
			day := day0 + activity.Day(rapid.IntRange(0, 90).Draw(t, "day"))
			did[day] = append(did[day], rapid.IntRange(0, len(deeds)-1).Draw(t, "deed"))
		}
		for range rapid.IntRange(0, 2).Draw(t, "adjusted") {
			by[day0+activity.Day(rapid.IntRange(0, 90).Draw(t, "on"))] = rapid.IntRange(-30, 30).Draw(t, "by hand")
		}
		var profile []string
		for _, name := range []string{"role_sales", "staff_20", "industry_core"} {
			if rapid.Bool().Draw(t, name) {
				profile = append(profile, name)
			}
		}
		want, got := lived(t, profile, did, by, true), lived(t, profile, did, by, false)
		if !slices.Equal(want, got) {
			t.Fatalf("every day\n%q\nby reviews\n%q", want, got)
		}
	})
}
