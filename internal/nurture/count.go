package nurture

import (
	"cmp"
	"slices"
	"time"
)

// Counts is how many people stand where in each track, as the recipients say
// it. Recipients remember ended tracks for a while: what is long over is no
// longer counted.
type Counts struct {
	tracks map[string]*TrackCount
}

// TrackCount is one track.
type TrackCount struct {
	Track   string `json:"track"`
	Entered int    `json:"entered"` // people who are or were inside
	Inside  int    `json:"inside"`
	HeldOut int    `json:"heldOut"` // of those who entered
	// At counts those inside by the step they stand at, Rest those held, by rule,
	// and those for whom it is over, by reason.
	At        []StepCount      `json:"at,omitempty"`
	Rest      []ExpectedReason `json:"rest,omitempty"`
	Goal      int              `json:"goal"`
	Exhausted int              `json:"exhausted"`
	Unknown   int              `json:"unknown"` // sends of unknown fate
	Failed    int              `json:"failed"`
	Tasks     int              `json:"tasks"` // calls that sales still has to make; the caller counts them
	// Out and In compare who was held out with who was not, Arms the sides of the
	// steps that have some: by what they were given for good, whether or not they
	// came as far as that step.
	Out  Side    `json:"out"`
	In   Side    `json:"in"`
	Arms []Split `json:"arms,omitempty"`
}

// StepCount is how many stand at a step.
type StepCount struct {
	Step  string `json:"step"`
	Count int    `json:"count"`
}

// Side is one side of a comparison: how many people, how many of them reached
// the goal of the track, and how many are ready for sales or beyond.
type Side struct {
	Name      string `json:"name,omitempty"`
	People    int    `json:"people"`
	Goal      int    `json:"goal"`
	Qualified int    `json:"qualified"`
}

// Split is a step with arms.
type Split struct {
	Step  string `json:"step"`
	Sides []Side `json:"sides"`
}

// Add counts a person; qualified tells that they are ready for sales or beyond.
// Who was joined to another is counted there.
func (c *Counts) Add(p *Plan, r *Recipient, qualified bool) {
	if r.Moved != "" {
		return
	}
	for i := range r.Enrollments {
		e := &r.Enrollments[i]
		t := c.Track(e.Track)
		t.add(p, r, e, qualified)
	}
	for _, s := range r.Sends {
		if !s.Unknown && s.Failed == "" {
			continue
		}
		track, _ := r.SentFor(p, s)
		t := c.Track(track)
		if s.Unknown {
			t.Unknown++
		} else {
			t.Failed++
		}
	}
}

// Track finds or begins the count of a track; "" is what belongs to none.
func (c *Counts) Track(name string) *TrackCount {
	if c.tracks == nil {
		c.tracks = map[string]*TrackCount{}
	}
	t := c.tracks[name]
	if t == nil {
		t = &TrackCount{Track: name, Out: Side{Name: "held out"}, In: Side{Name: "treated"}}
		c.tracks[name] = t
	}
	return t
}

// All gives the tracks in the order of the playbook, then the others by name.
func (c *Counts) All(p *Plan) []*TrackCount {
	place := func(name string) int {
		for i := range p.Tracks {
			if p.Tracks[i].Name == name {
				return i
			}
		}
		return len(p.Tracks)
	}
	var out []*TrackCount
	for _, t := range c.tracks {
		if track := p.Track(t.Track); track != nil {
			slices.SortStableFunc(t.At, func(a, b StepCount) int { return track.place(a.Step) - track.place(b.Step) })
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *TrackCount) int {
		return cmp.Or(cmp.Compare(place(a.Track), place(b.Track)), cmp.Compare(a.Track, b.Track))
	})
	return out
}

func (t *TrackCount) add(p *Plan, r *Recipient, e *Enrollment, qualified bool) {
	t.Entered++
	code, _ := ReadReason(e.Ended)
	goal := code == Goal
	if goal {
		t.Goal++
	}
	if code == Exhausted {
		t.Exhausted++
	}
	side := &t.In
	if e.Out != "" {
		t.HeldOut++
		side = &t.Out
	}
	side.add(goal, qualified)
	rest := Expected{Rest: t.Rest}
	switch {
	case e.Ended != "":
		rest.Add(Note{Kind: "ended", Reason: e.Ended})
	default:
		t.Inside++
		t.at(e.Step)
		if e.Held != "" {
			n := Note{Kind: "held", Reason: e.Held}
			if e.Due != 0 {
				n.Until = time.Unix(e.Due, 0)
			}
			rest.Add(n)
		}
	}
	t.Rest = rest.Rest
	if e.Out == "" {
		t.arms(p, r, goal, qualified)
	}
}

func (t *TrackCount) at(step string) {
	for i := range t.At {
		if t.At[i].Step == step {
			t.At[i].Count++
			return
		}
	}
	t.At = append(t.At, StepCount{step, 1})
}

// arms counts a person on the side of each step that they were given for good.
func (t *TrackCount) arms(p *Plan, r *Recipient, goal, qualified bool) {
	track := p.Track(t.Track)
	if track == nil {
		return
	}
	for i := range track.Steps {
		s := &track.Steps[i]
		a := s.arm(r.ID, t.Track)
		if a == nil {
			continue
		}
		k := slices.IndexFunc(t.Arms, func(x Split) bool { return x.Step == s.Name })
		if k < 0 {
			k = len(t.Arms)
			t.Arms = append(t.Arms, Split{Step: s.Name})
			for j := range s.Arms {
				t.Arms[k].Sides = append(t.Arms[k].Sides, Side{Name: s.Arms[j].Name})
			}
		}
		for j := range t.Arms[k].Sides {
			if side := &t.Arms[k].Sides[j]; side.Name == a.Name {
				side.add(goal, qualified)
			}
		}
	}
}

func (s *Side) add(goal, qualified bool) {
	s.People++
	if goal {
		s.Goal++
	}
	if qualified {
		s.Qualified++
	}
}
