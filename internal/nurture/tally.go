package nurture

import "slices"

// Tally counts where people stand in tracks. Recipients forget enrollments that
// ended long ago, so it speaks of those who are inside and of the newest entries.
type Tally struct {
	Tracks map[string]*Standing
	// People are all that were added; Exhausted have come to the end of at least
	// one track without its goal, and are in none now.
	People    int
	Exhausted int
	Paused    int // by themselves, of those inside
	Talking   int // sales is, of those inside
}

// Standing is one track.
type Standing struct {
	Inside    int
	Held      map[string]int // of those inside, by the code of what holds them
	Goal      int
	Exhausted int
	Ended     int // otherwise
	// Out compares by what people are held out of ("" nothing); Arms by step and
	// arm: all who entered, whether or not they came to the step.
	Out  map[string]Share
	Arms map[string]map[string]Share
}

// Share is people and how many of them reached the goal.
type Share struct{ People, Goal int }

func (o Share) with(goal bool) Share {
	o.People++
	if goal {
		o.Goal++
	}
	return o
}

// Add counts one person at a time in unix seconds.
func (x *Tally) Add(p *Plan, r *Recipient, now int64) {
	if r.Erased != 0 || r.Moved != "" {
		return
	}
	if x.Tracks == nil {
		x.Tracks = map[string]*Standing{}
	}
	x.People++
	inside := false
	for i := range r.Enrollments {
		e := &r.Enrollments[i]
		s := x.Tracks[e.Track]
		if s == nil {
			s = &Standing{Held: map[string]int{}, Out: map[string]Share{}, Arms: map[string]map[string]Share{}}
			x.Tracks[e.Track] = s
		}
		code, _ := ReadReason(e.Ended)
		switch code {
		case "":
			inside = true
			s.Inside++
			if e.Held != "" {
				held, _ := ReadReason(e.Held)
				s.Held[held]++
			}
		case Goal:
			s.Goal++
		case Exhausted:
			s.Exhausted++
		default:
			s.Ended++
		}
		s.Out[e.Out] = s.Out[e.Out].with(code == Goal)
		t := p.Track(e.Track)
		if t == nil || e.Out != "" {
			continue
		}
		for k := range t.Steps {
			a := t.Steps[k].arm(r.ID, e.Track)
			if a == nil {
				continue
			}
			if s.Arms[t.Steps[k].Name] == nil {
				s.Arms[t.Steps[k].Name] = map[string]Share{}
			}
			s.Arms[t.Steps[k].Name][a.Name] = s.Arms[t.Steps[k].Name][a.Name].with(code == Goal)
		}
	}
	switch {
	case inside && r.talking():
		x.Talking++
	case inside && r.Paused > now:
		x.Paused++
	case !inside && slices.ContainsFunc(r.Enrollments, func(e Enrollment) bool { return e.Ended == Exhausted }):
		x.Exhausted++
	}
}
