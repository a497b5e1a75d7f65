package score_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// deed is one thing that a lead of a property does.
type deed struct {
	day    activity.Day
	signal signal.Number
}

// world draws the example business, with other decays and limits for some
// signals, a profile and deeds.
func world(t *rapid.T) (*scoretest.Business, []string, []deed) {
	b := scoretest.Example()
	for i := range b.Config.Points {
		p := &b.Config.Points[i]
		d, _ := find2(b.Defs, p.Signal)
		if !rapid.Bool().Draw(t, "change "+d.Name) {
			continue
		}
		p.HalfLife, p.LastDays, p.Steps = 0, 0, nil
		switch rapid.IntRange(0, 3).Draw(t, "fades") {
		case 0:
			p.HalfLife = rapid.IntRange(1, 90).Draw(t, "half-life")
		case 1:
			p.LastDays = rapid.IntRange(1, 60).Draw(t, "last days")
		case 2:
			p.Steps = []score.DecayStep{{Day: 3, Percent: 80}, {Day: rapid.IntRange(4, 30).Draw(t, "step"), Percent: 33}, {Day: 45, Percent: 0}}
		}
	}
	b.Config.Points = append(b.Config.Points, score.Points{Signal: b.Number("away"), Points: rapid.IntRange(-20, 20).Draw(t, "away")})
	var seen []signal.Number
	for _, d := range b.Defs {
		if d.Kind == signal.OnActivity {
			seen = append(seen, d.Number)
		}
	}
	one := rapid.Custom(func(t *rapid.T) deed {
		return deed{day0 + activity.Day(rapid.IntRange(0, 40).Draw(t, "day")), rapid.SampledFrom(seen).Draw(t, "signal")}
	})
	var profile []string
	for _, name := range []string{"role_sales", "role_owner", "staff_20", "staff_1", "industry_core", "student", "decides", "far"} {
		if rapid.Bool().Draw(t, name) {
			profile = append(profile, name)
		}
	}
	return b, profile, rapid.SliceOfN(one, 0, 30).Draw(t, "deeds")
}

func find2(defs []signal.Definition, n signal.Number) (signal.Definition, bool) {
	i := slices.IndexFunc(defs, func(d signal.Definition) bool { return d.Number == n })
	return defs[i], i >= 0
}

func live(b *scoretest.Business, r *score.Rules, profile []string, deeds []deed) *scoretest.Lead {
	l := b.NewLead(r, profile...)
	for _, d := range deeds {
		l.Hits(d.day, d.signal)
	}
	return l
}

func asJSON(c score.Card) string {
	b, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestTheLinesOfEveryCardAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, profile, deeds := world(t)
		l := live(b, b.Rules(), profile, deeds)
		if rapid.Bool().Draw(t, "adjusted") {
			l.Adjust(day0+3, rapid.IntRange(-30, 30).Draw(t, "by hand"), day0+activity.Day(rapid.IntRange(0, 60).Draw(t, "until")))
		}
		day := day0 + activity.Day(rapid.IntRange(0, 400).Draw(t, "day"))
		c := l.Card(day)
		sum(t, c)
		m := l.Rules.Measure(l.State, day)
		if m.Total != c.Total || m.Fit != c.Fit || m.Engagement != c.Engagement || b.Config.Bands[m.Band].Name != c.Band {
			t.Fatalf("measured %+v, the card has %d %d %d %s", m, c.Total, c.Fit, c.Engagement, c.Band)
		}
	})
}

func TestTheOrderOfArrivalDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, profile, deeds := world(t)
		r := b.Rules()
		day := day0 + activity.Day(rapid.IntRange(0, 100).Draw(t, "day"))
		want := asJSON(live(b, r, profile, deeds).Card(day))
		if got := asJSON(live(b, r, profile, rapid.Permutation(deeds).Draw(t, "order")).Card(day)); got != want {
			t.Fatalf("another order: %s\nwant %s", got, want)
		}
	})
}

func TestTimeNeverRaisesAScoreWithoutPenalties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, profile, deeds := world(t)
		for i := range b.Config.Points {
			p := &b.Config.Points[i]
			p.Points = max(p.Points, -p.Points)
		}
		b.Config.Points = b.Config.Points[:len(b.Config.Points)-1] // an absence sets in with time
		l := live(b, b.Rules(), profile, deeds)
		before := l.Card(day0 + 40)
		for day := day0 + 41; day < day0+140; day++ {
			c := l.Card(day)
			if c.Total > before.Total {
				t.Fatalf("on %s %d, a day later %d", before.Day, before.Total, c.Total)
			}
			before = c
		}
	})
}

// outcome is what a review is for, as a caller can see it.
func outcome(r *score.Rules, c *score.Card) string {
	s := fmt.Sprint(c.Band, c.Grade, c.Handover, c.BelowLower())
	for i := range r.Config().Stages {
		s += fmt.Sprint(c.CanEnter(i))
	}
	for i := range r.Config().Audiences {
		s += fmt.Sprint(c.InAudience(i))
	}
	return s
}

func TestTheReviewDayIsTheFirstDayThatDiffers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, profile, deeds := world(t)
		r := b.Rules()
		l := live(b, r, profile, deeds)
		// Several may end one after another, or on one day, and cancel out.
		for range rapid.IntRange(0, 3).Draw(t, "adjusted") {
			l.Adjust(day0, rapid.IntRange(-30, 30).Draw(t, "by hand"), day0+activity.Day(rapid.IntRange(35, 90).Draw(t, "until")))
		}
		today := day0 + 40
		c := l.Card(today)
		var review, crossing activity.Day
		for day := today + 1; day <= today+500 && (review == 0 || crossing == 0); day++ {
			then := l.Card(day)
			if review == 0 && outcome(r, &then) != outcome(r, &c) {
				review = day
			}
			if crossing == 0 && then.Band != c.Band {
				crossing = day
			}
		}
		if c.ReviewDay != review && (review != 0 || c.ReviewDay <= today+500) {
			t.Fatalf("on %s the review is said to be on %s, it is on %s", today, c.ReviewDay, review)
		}
		said := activity.Day(0)
		if c.NextCrossing != nil {
			said = c.NextCrossing.Day
		}
		if said != crossing && !(crossing == 0 && said > today+500) {
			t.Fatalf("on %s the band is said to change on %s, it does on %s", today, said, crossing)
		}
	})
}

// What decisions hang on does not depend on how much of the card was worked out.
func TestABriefCardSaysWhatTheWholeCardSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, profile, deeds := world(t)
		r := b.Rules()
		l := live(b, r, profile, deeds)
		day := day0 + activity.Day(rapid.IntRange(40, 120).Draw(t, "today"))
		whole, brief := r.Card(l.State, day), r.Brief(l.State, day)
		if outcome(r, &whole) != outcome(r, &brief) {
			t.Fatalf("%s, in brief %s", outcome(r, &whole), outcome(r, &brief))
		}
		if !whole.Handover {
			whole.WhyNow = nil
		}
		whole.Lines, whole.WouldRaise, whole.NextCrossing, whole.Leading, whole.Interest = nil, nil, nil, "", ""
		if want, got := asJSON(whole), asJSON(brief); want != got {
			t.Fatalf("%s\nin brief %s", want, got)
		}
	})
}
