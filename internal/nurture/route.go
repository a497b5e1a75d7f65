package nurture

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// track checks one track and makes its steps ready.
func (p *Plan) track(t *Track) error {
	if len(t.Steps) == 0 {
		return fmt.Errorf("it has no steps")
	}
	if t.Kind != "" && t.Kind != Acquisition && t.Kind != Customer {
		return fmt.Errorf("kind %q: %s and %s are known", t.Kind, Acquisition, Customer)
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		if slices.ContainsFunc(t.Steps[:i], func(o Step) bool { return o.Name == s.Name }) {
			return fmt.Errorf("step %q stands twice", s.Name)
		}
		if err := p.prepare(t, s); err != nil {
			return fmt.Errorf("step %q: %w", s.Name, err)
		}
		if s.Only != "" || s.Unless != "" || s.OnlyIn != "" || s.Until != nil || len(s.Split) > 0 {
			p.asks[t.Name] = true
		}
	}
	for _, f := range t.Check() {
		return fmt.Errorf("step %q: %s", f.Step, f.Problem)
	}
	return nil
}

func (p *Plan) prepare(t *Track, s *Step) error {
	does := 0
	for _, is := range []bool{s.writes() == Email, s.Message != nil, s.Task != nil, len(s.Split) > 0} {
		if is {
			does++
		}
	}
	if does != 1 {
		return fmt.Errorf("give one of mail, message, task and split")
	}
	if s.Name == End {
		return fmt.Errorf("%q is the word for the end of a track: give it another name", End)
	}
	if s.At != nil {
		days := s.At.Weekdays
		if len(days) == 0 {
			days = []time.Weekday{0, 1, 2, 3, 4, 5, 6}
		}
		if s.At.Minute < 0 || s.At.Minute >= 24*60 {
			return fmt.Errorf("minute %d of the day: 0 to %d are", s.At.Minute, 24*60-1)
		}
		// One minute: who arrives later that day waits for the next.
		k, err := compileCalendar(Calendar{Open: days, From: s.At.Minute, Until: s.At.Minute + 1})
		if err != nil {
			return err
		}
		p.at[s.At] = k
	}
	if u := s.Until; u != nil && (u.Within() <= 0 || u.Within() > 366*24*time.Hour) {
		return fmt.Errorf("it waits for %s: an hour to a year is possible", u.Within())
	}
	weights := 0
	for _, a := range s.Arms {
		if a.Weight < 1 || a.Weight > 1000 || a.Name == "" {
			return fmt.Errorf("arm %q has the weight %d: a name, and 1 to 1000, are right", a.Name, a.Weight)
		}
		if a.Mail == "" && s.Mail == "" {
			return fmt.Errorf("arm %q has no mail, nor has the step", a.Name)
		}
	}
	for _, b := range s.Split {
		if weights += b.Weight; b.Weight < 0 || weights > 10_000 {
			return fmt.Errorf("weight %d of a branch: 1 to 1000 are right", b.Weight)
		}
	}
	return nil
}

// place finds a step by name: len(Steps) for the end, -1 where there is none.
func (t *Track) place(name string) int {
	if name == End {
		return len(t.Steps)
	}
	return slices.IndexFunc(t.Steps, func(s Step) bool { return s.Name == name })
}

// next is the place after a step that was done or skipped.
func (t *Track) next(place int) int {
	if to := t.Steps[place].Then; to != "" {
		if n := t.place(to); n >= 0 {
			return n
		}
	}
	return place + 1
}

// Fault is what is wrong with the way through a track, and at which step.
type Fault struct {
	Step    string
	Problem string
	Remedy  string
}

// Check finds names of steps that do not exist, steps that nobody reaches, and
// circles in which nobody waits.
func (t *Track) Check() (faults []Fault) {
	ways := make([][]int, len(t.Steps)) // from each step, to where
	for i := range t.Steps {
		s := &t.Steps[i]
		to := func(name string) {
			n := t.place(name)
			if n < 0 {
				faults = append(faults, Fault{s.Name, fmt.Sprintf("there is no step %q in track %s", name, t.Name), "name a step of this track, or " + End})
				return
			}
			ways[i] = append(ways[i], n)
		}
		always := false
		for _, b := range s.Split {
			if to(b.Goto); b.always() {
				always = true
			}
		}
		if u := s.Until; u != nil && u.Otherwise != s.Name {
			to(u.Otherwise)
		}
		switch {
		case s.Then != "":
			to(s.Then)
		case !always:
			ways[i] = append(ways[i], i+1)
		}
	}
	if len(faults) > 0 {
		return faults
	}
	reached := make([]bool, len(t.Steps)+1)
	var walk func(int)
	walk = func(i int) {
		if reached[i] {
			return
		}
		if reached[i] = true; i < len(t.Steps) {
			for _, n := range ways[i] {
				walk(n)
			}
		}
	}
	walk(0)
	for i := range t.Steps {
		if !reached[i] {
			faults = append(faults, Fault{t.Steps[i].Name, fmt.Sprintf("nobody reaches step %s of track %s", t.Steps[i].Name, t.Name), "lead to it with then or goto, or remove it"})
		}
	}
	return append(faults, t.circles(ways)...)
}

// circles finds those in which no step waits: a person in it would go round
// without end in one minute.
func (t *Track) circles(ways [][]int) []Fault {
	state := make([]int, len(t.Steps)) // 1 on the way, 2 done
	var path []string
	var walk func(int) []Fault
	walk = func(i int) []Fault {
		if i == len(t.Steps) || t.Steps[i].waits() || state[i] == 2 {
			return nil
		}
		if state[i] == 1 {
			return []Fault{{t.Steps[i].Name, "a circle without a wait: " + strings.Join(append(path, t.Steps[i].Name), " → "), "let one of its steps wait"}}
		}
		state[i] = 1
		path = append(path, t.Steps[i].Name)
		for _, n := range ways[i] {
			if f := walk(n); f != nil {
				return f
			}
		}
		path = path[:len(path)-1]
		state[i] = 2
		return nil
	}
	for i := range t.Steps {
		if f := walk(i); f != nil {
			return f
		}
	}
	return nil
}

// always tells that a branch takes whoever comes that far. Branches with a
// weight share them all.
func (b *Branch) always() bool {
	return b.Audience == "" && b.Persona == "" && b.Seen == "" && b.Attribute == ""
}
