// Package experiment says what an experiment has shown so far: arms of a step,
// or people who were held out. It may be asked every day: looking often does
// not make chance look like an effect. It knows numbers only, not where they
// come from.
package experiment

import (
	"fmt"
	"math"
)

// Arm is one side: how many people were given it, and how many of them did
// what was hoped for.
type Arm struct {
	Name   string `json:"name"`
	People int    `json:"people"`
	Won    int    `json:"won"`
}

// Rate is the share who did, 0 without people.
func (a Arm) Rate() float64 {
	if a.People == 0 {
		return 0
	}
	return float64(a.Won) / float64(a.People)
}

// Interval is a range of a rate or of a difference of rates.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Rules of a comparison.
type Rules struct {
	// Alpha is the greatest chance to find an effect where there is none, over
	// all looks and arms together: 0.05.
	Alpha float64
	// Worth is the least difference of rates that is worth having: 0.01 is one
	// more in a hundred.
	Worth float64
	// Least is how many people each arm needs before anything is said.
	Least int
	// Most is how many people all arms together may have: then it ends.
	Most int
}

// Default suits mails: 5 % of false alarms, a difference of two in a hundred.
var Default = Rules{Alpha: 0.05, Worth: 0.02, Least: 100, Most: 20_000}

// Verdict is what to do now.
type Verdict string

// The verdicts.
const (
	Running Verdict = "running" // too early to say
	Better  Verdict = "better"  // an arm is better than the first
	Worse   Verdict = "worse"   // the first is better
	Same    Verdict = "same"    // no difference that is worth having
	Over    Verdict = "over"    // enough people, and nothing found
)

// Comparison is an arm beside the first one.
type Comparison struct {
	Arm   Arm      `json:"arm"`
	Rate  Interval `json:"rate"` // of 95 %, for one look
	Diff  float64  `json:"diff"` // of the rates, this arm less the first
	Range Interval `json:"range"`
	// P is valid at every look: it is at most Alpha once, in the whole life of an
	// experiment without an effect, with a chance of at most Alpha.
	P       float64 `json:"p"`
	Verdict Verdict `json:"verdict"`
}

// Result is what is known of all arms. The first stands for how it is now.
type Result struct {
	First Arm          `json:"first"`
	Rate  Interval     `json:"rate"`
	Rest  []Comparison `json:"rest"`
	// Stop tells whether to end it, and what with.
	Stop   bool   `json:"stop"`
	Winner string `json:"winner,omitempty"`
}

// Compare looks at an experiment as it stands.
func Compare(arms []Arm, rules Rules) (Result, error) {
	if len(arms) < 2 {
		return Result{}, fmt.Errorf("%d arms: two are compared", len(arms))
	}
	if rules.Alpha <= 0 || rules.Alpha >= 1 || rules.Worth <= 0 || rules.Worth >= 1 {
		return Result{}, fmt.Errorf("alpha %g, worth %g: both lie between 0 and 1", rules.Alpha, rules.Worth)
	}
	all := 0
	for _, a := range arms {
		if a.People < 0 || a.Won < 0 || a.Won > a.People {
			return Result{}, fmt.Errorf("arm %q: %d of %d people", a.Name, a.Won, a.People)
		}
		all += a.People
	}
	r := Result{First: arms[0], Rate: Wilson(arms[0])}
	alpha := rules.Alpha / float64(len(arms)-1) // as many chances to be wrong
	settled, best := true, 0.0
	for _, a := range arms[1:] {
		c := compare(arms[0], a, alpha, rules)
		if c.Verdict == Running && rules.Most > 0 && all >= rules.Most {
			c.Verdict = Over
		}
		settled = settled && c.Verdict != Running
		if c.Verdict == Better && c.Diff > best {
			best, r.Winner = c.Diff, a.Name
		}
		r.Rest = append(r.Rest, c)
	}
	// It stops when nothing is open: another arm may still be better than the best.
	r.Stop = settled
	if settled && r.Winner == "" {
		r.Winner = arms[0].Name
	}
	if !settled {
		r.Winner = ""
	}
	return r, nil
}

// compare is a sequential test with a mixture of effects, normal around 0 with
// the deviation of what is worth having: the likelihood ratio of the mixture
// against no effect exceeds 1/alpha at any look with a chance of at most alpha
// (Ville). The difference of rates is taken as normal, so that little data says
// nothing: see Least.
func compare(first, a Arm, alpha float64, rules Rules) Comparison {
	c := Comparison{Arm: a, Rate: Wilson(a), Diff: a.Rate() - first.Rate(), Range: Interval{-1, 1}, P: 1, Verdict: Running}
	won := first.Won + a.Won
	people := first.People + a.People
	if first.People < max(rules.Least, 1) || a.People < max(rules.Least, 1) || won < enough || people-won < enough {
		return c
	}
	pooled := float64(won) / float64(people)
	v := pooled * (1 - pooled) * (1/float64(first.People) + 1/float64(a.People))
	t := rules.Worth * rules.Worth
	ratio := 0.5*math.Log(v/(v+t)) + c.Diff*c.Diff*t/(2*v*(v+t))
	c.P = math.Min(1, math.Exp(-ratio))
	half := math.Sqrt(2 * v * (v + t) / t * (0.5*math.Log((v+t)/v) - math.Log(alpha)))
	c.Range = Interval{math.Max(-1, c.Diff-half), math.Min(1, c.Diff+half)}
	switch {
	case c.P <= alpha && c.Diff > 0:
		c.Verdict = Better
	case c.P <= alpha:
		c.Verdict = Worse
	case c.Range.Low > -rules.Worth && c.Range.High < rules.Worth:
		c.Verdict = Same
	}
	return c
}

// enough is how many of either kind both arms must have together before a
// difference is anywhere near normal.
const enough = 20

// Wilson is the range of 95 % of a rate.
func Wilson(a Arm) Interval {
	if a.People == 0 {
		return Interval{0, 1}
	}
	const z = 1.959964
	n, p := float64(a.People), a.Rate()
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Interval{math.Max(0, middle-half), math.Min(1, middle+half)}
}
