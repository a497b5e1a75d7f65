// Package preview says who moves when rules change: leads as they stand under
// two playbooks, compared one by one, become counts and the few that move most.
// It reads and stores nothing, decides nothing and knows no clock.
package preview

import (
	"cmp"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/score"
)

// Comparison adds leads up. It is not safe for concurrent use: each worker has
// its own, and they are joined.
type Comparison struct {
	old, new *score.Rules
	day      activity.Day
	keep     int

	leads, excluded, up, down int
	bands                     []int // old place × new place
	grades                    [16 * 16]int
	reach, leave              int // the hand-over threshold
	top                       []moved
}

// moved is a lead whose total is another one.
type moved struct {
	before, after *ledger.State
	was, is       score.Measure
}

func (m *moved) by() int { return max(m.is.Total-m.was.Total, m.was.Total-m.is.Total) }

// New begins a comparison of two sets of rules on a day, which names at most so
// many leads.
func New(old, new *score.Rules, day activity.Day, keep int) *Comparison {
	return &Comparison{old: old, new: new, day: day, keep: keep, bands: make([]int, len(old.Config().Bands)*len(new.Config().Bands))}
}

// Add compares one lead. Both states are settled, each for the meters of its
// rules; those of a lead that moves far are kept until the end.
func (c *Comparison) Add(before, after *ledger.State) {
	c.leads++
	was, is := measure(c.old, before, c.day), measure(c.new, after, c.day)
	if before.Excluded != 0 && after.Excluded != 0 {
		c.excluded++
	}
	if was == is {
		c.bands[was.Band*len(c.new.Config().Bands)+is.Band]++
		c.grades[17*gradeIndex(was.Grade)]++
		return
	}
	c.bands[was.Band*len(c.new.Config().Bands)+is.Band]++
	c.grades[16*gradeIndex(was.Grade)+gradeIndex(is.Grade)]++
	switch {
	case is.Handover && !was.Handover:
		c.reach++
	case was.Handover && !is.Handover:
		c.leave++
	}
	switch {
	case is.Total > was.Total:
		c.up++
	case is.Total < was.Total:
		c.down++
	default:
		return
	}
	c.offer(moved{before, after, was, is})
}

// measure is the numbers of a lead; one that is not scored has none.
func measure(r *score.Rules, s *ledger.State, day activity.Day) score.Measure {
	if s.Excluded != 0 {
		return score.Measure{Persona: -1, Grade: "D4"}
	}
	return r.Measure(s, day)
}

func (c *Comparison) offer(m moved) {
	if c.keep == 0 || len(c.top) == c.keep && order(m, c.top[len(c.top)-1]) > 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(c.top, m, order)
	c.top = slices.Insert(c.top, i, m)
	if len(c.top) > c.keep {
		c.top = c.top[:c.keep]
	}
}

// order puts who moves farthest first.
func order(a, b moved) int {
	return cmp.Or(cmp.Compare(b.by(), a.by()), cmp.Compare(a.before.Lead, b.before.Lead))
}

// Join adds what another worker compared, of the same rules and day.
func (c *Comparison) Join(o *Comparison) {
	c.leads, c.excluded, c.up, c.down = c.leads+o.leads, c.excluded+o.excluded, c.up+o.up, c.down+o.down
	c.reach, c.leave = c.reach+o.reach, c.leave+o.leave
	for i, n := range o.bands {
		c.bands[i] += n
	}
	for i, n := range o.grades {
		c.grades[i] += n
	}
	for _, m := range o.top {
		c.offer(m)
	}
}

// Result is what a comparison came to.
type Result struct {
	Leads    int `json:"leads"`
	Excluded int `json:"excluded"` // kept and not scored, before and after
	Up       int `json:"up"`       // have more points
	Down     int `json:"down"`     // have fewer
	// Reach and Leave the hand-over threshold; whether sales would be told of
	// who reaches it, decisions say: it may have been told before.
	Reach int `json:"reach"`
	Leave int `json:"leave"`
	// Bands and grades that leads change, by name; the most common first.
	Bands  []Move  `json:"bands,omitempty"`
	Grades []Move  `json:"grades,omitempty"`
	Movers []Mover `json:"movers,omitempty"`
}

// Move is how many leads go from one name to another.
type Move struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Leads int    `json:"leads"`
}

// Mover is one lead that moves far.
type Mover struct {
	Lead   lead.ID `json:"lead"`
	Before int     `json:"before"`
	After  int     `json:"after"`
	From   string  `json:"from"` // band
	To     string  `json:"to"`
	// Line is the line of the card that changes most.
	Line Change `json:"line"`
}

// Change is one line of a card, before and after.
type Change struct {
	Line   score.Line `json:"line"` // as it will be, or as it was where it goes away
	Before int        `json:"before"`
	After  int        `json:"after"`
}

// Result adds up what was compared.
func (c *Comparison) Result() Result {
	r := Result{Leads: c.leads, Excluded: c.excluded, Up: c.up, Down: c.down, Reach: c.reach, Leave: c.leave}
	olds, news := c.old.Config().Bands, c.new.Config().Bands
	for i, n := range c.bands {
		r.Bands = add(r.Bands, olds[i/len(news)].Name, news[i%len(news)].Name, n)
	}
	for i, n := range c.grades {
		r.Grades = add(r.Grades, gradeName(i/16), gradeName(i%16), n)
	}
	for _, list := range [][]Move{r.Bands, r.Grades} {
		slices.SortStableFunc(list, func(a, b Move) int { return cmp.Compare(b.Leads, a.Leads) })
	}
	for _, m := range c.top {
		r.Movers = append(r.Movers, Mover{
			Lead: m.before.Lead, Before: m.was.Total, After: m.is.Total, From: olds[m.was.Band].Name, To: news[m.is.Band].Name,
			Line: difference(c.old.Card(m.before, c.day), c.new.Card(m.after, c.day)),
		})
	}
	return r
}

func add(moves []Move, from, to string, n int) []Move {
	if n == 0 || from == to {
		return moves
	}
	return append(moves, Move{from, to, n})
}

// difference is the line that changes most between two cards.
func difference(old, new score.Card) (most Change) {
	type place struct {
		kind score.Kind
		name string
	}
	all := map[place]*Change{}
	var places []place // in the order of the cards
	at := func(l score.Line) *Change {
		p := place{l.Kind, l.Name}
		if all[p] == nil {
			all[p] = &Change{Line: l}
			places = append(places, p)
		}
		return all[p]
	}
	for _, l := range new.Lines {
		at(l).After += l.Points
	}
	for _, l := range old.Lines {
		at(l).Before += l.Points
	}
	size := func(c Change) int { return max(c.After-c.Before, c.Before-c.After) }
	for _, p := range places {
		if size(*all[p]) > size(most) {
			most = *all[p]
		}
	}
	return most
}

func gradeIndex(grade string) int { return 4*int(grade[0]-'A') + int(grade[1]-'1') }

func gradeName(i int) string { return string([]byte{'A' + byte(i/4), '1' + byte(i%4)}) }
