package experiment

import (
	"math"
	"math/rand/v2"
	"testing"
)

// live is an experiment that is looked at every day until it stops.
func live(dice *rand.Rand, first, second float64, aDay, days int, rules Rules, look func(arms []Arm) bool) bool {
	arms := []Arm{{Name: "a"}, {Name: "b"}}
	for range days {
		for i, p := range []float64{first, second} {
			for range aDay {
				arms[i].People++
				if dice.Float64() < p {
					arms[i].Won++
				}
			}
		}
		if look(arms) {
			return true
		}
	}
	return false
}

func found(t *testing.T, rules Rules) func([]Arm) bool {
	return func(arms []Arm) bool {
		r, err := Compare(arms, rules)
		if err != nil {
			t.Fatal(err)
		}
		return r.Rest[0].Verdict == Better || r.Rest[0].Verdict == Worse
	}
}

func TestLookingEveryDayFindsAnEffectWhereThereIsNoneInFiveOfAHundredAtMost(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 500
	}
	dice := rand.New(rand.NewPCG(1, 2))
	rules := Default
	rules.Most = 0
	usual := func(arms []Arm) bool { // the test that most tools do, and look at every day
		p := float64(arms[0].Won+arms[1].Won) / float64(arms[0].People+arms[1].People)
		v := p * (1 - p) * (1/float64(arms[0].People) + 1/float64(arms[1].People))
		return v > 0 && math.Abs(arms[0].Rate()-arms[1].Rate())/math.Sqrt(v) > 1.96
	}
	for _, p := range []float64{0.01, 0.05, 0.3} {
		ours, theirs := 0, 0
		for range rounds {
			if live(dice, p, p, 20, 120, rules, found(t, rules)) {
				ours++
			}
			if live(dice, p, p, 20, 120, rules, usual) {
				theirs++
			}
		}
		rate := float64(ours) / float64(rounds)
		t.Logf("rate %.2f: %.1f %% false alarms of ours, %.1f %% of a test made for one look", p, 100*rate, 100*float64(theirs)/float64(rounds))
		// Four standard deviations above 5 % would be chance.
		if rate > 0.05+4*math.Sqrt(0.05*0.95/float64(rounds)) {
			t.Errorf("rate %.2f: %.1f %% false alarms", p, 100*rate)
		}
		if float64(theirs)/float64(rounds) < 0.15 {
			t.Errorf("the usual test errs in %d of %d only: this comparison shows nothing", theirs, rounds)
		}
	}
}

func TestAnEffectThatIsWorthHavingIsFound(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	rules := Default
	rules.Most = 0
	hits := 0
	for range 200 {
		if live(dice, 0.10, 0.14, 50, 120, rules, found(t, rules)) {
			hits++
		}
	}
	if hits < 180 {
		t.Errorf("found in %d of 200", hits)
	}
}

func TestTheRangeHoldsTheTruthAtAllLooksTogether(t *testing.T) {
	dice := rand.New(rand.NewPCG(5, 6))
	rules := Default
	missed := 0
	for range 400 {
		if live(dice, 0.10, 0.13, 40, 100, rules, func(arms []Arm) bool {
			r, _ := Compare(arms, rules)
			return r.Rest[0].Range.Low > 0.03 || r.Rest[0].Range.High < 0.03
		}) {
			missed++
		}
	}
	if missed > 400*9/100 {
		t.Errorf("missed in %d of 400", missed)
	}
}

func TestWhatHasBeenShownSoFar(t *testing.T) {
	for name, c := range map[string]struct {
		arms    []Arm
		verdict Verdict
		stop    bool
		winner  string
	}{
		"nobody yet":      {[]Arm{{"a", 0, 0}, {"b", 0, 0}}, Running, false, ""},
		"few people":      {[]Arm{{"a", 90, 0}, {"b", 90, 60}}, Running, false, ""},
		"clearly better":  {[]Arm{{"a", 1000, 50}, {"b", 1000, 120}}, Better, true, "b"},
		"clearly worse":   {[]Arm{{"a", 1000, 120}, {"b", 1000, 50}}, Worse, true, "a"},
		"the same":        {[]Arm{{"a", 9000, 900}, {"b", 9000, 901}}, Same, true, "a"},
		"long enough":     {[]Arm{{"a", 10_000, 5000}, {"b", 10_000, 5100}}, Over, true, "a"},
		"almost all won":  {[]Arm{{"a", 500, 499}, {"b", 500, 500}}, Running, false, ""},
		"nobody ever won": {[]Arm{{"a", 500, 0}, {"b", 500, 0}}, Running, false, ""},
	} {
		r, err := Compare(c.arms, Default)
		if err != nil || r.Rest[0].Verdict != c.verdict || r.Stop != c.stop || r.Winner != c.winner {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if g := r.Rest[0].Range; math.IsNaN(g.Low) || g.Low > r.Rest[0].Diff || g.High < r.Rest[0].Diff {
			t.Errorf("%s: the range %v without %g", name, g, r.Rest[0].Diff)
		}
	}
	three, err := Compare([]Arm{{"a", 2000, 100}, {"b", 2000, 200}, {"c", 200, 12}}, Default)
	if err != nil || three.Stop || three.Winner != "" {
		t.Errorf("the third may still be better: %+v", three)
	}
}

func TestNumbersThatCannotBeAreRefused(t *testing.T) {
	for _, arms := range [][]Arm{nil, {{"a", 1, 1}}, {{"a", 1, 2}, {"b", 1, 1}}, {{"a", -1, 0}, {"b", 1, 1}}} {
		if _, err := Compare(arms, Default); err == nil {
			t.Errorf("%v were compared", arms)
		}
	}
	if _, err := Compare([]Arm{{"a", 1, 1}, {"b", 1, 1}}, Rules{}); err == nil {
		t.Error("without rules")
	}
}
