package score

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Rules is a Config made ready. It is read only and safe to share.
type Rules struct {
	config Config
	set    *signal.Set
	meters *ledger.Meters

	points   []int32    // signal number → place in config.Points, -1
	group    []int      // place in config.Points → place in groups, -1
	interest []int      // the same, for interests
	channels []int      // places of groups that are no interests
	life     []int      // place in config.Points → days until half of it is gone, or all
	absent   []absent   // signals that hold when another is not seen
	asks     [][]string // persona, by fit row: the attributes asked about
	fits     [][]fitRow // persona
	total    []int      // cuts: where an outcome hangs on total ≥ cut, ascending
	engaged  []int      // the same for the engagement
	recent   []recent   // "seen in the last n days" conditions
	unit     int        // what a look at one day takes, in lines and names asked for
	where    []int32    // signal number → place in absent, -1
	stages   map[uint8]int
	named    map[string]int // stage name → place
	pool     sync.Pool
}

type fitRow struct {
	signal signal.Number
	points int
}

// absent is a signal that holds while another is not seen.
type absent struct {
	number signal.Number
	count  signal.Count
	points int32 // place in config.Points, -1
}

type recent struct {
	signal signal.Number
	days   int
}

// Limits of a playbook's scoring.
const (
	MaxPoints  = 1000 // of one signal, limit or threshold
	MaxStages  = 32
	maxLife    = 5 * 366 // days that points may take to fade
	maxPersons = 32
)

// Compile checks a Config against the signals it names and makes it ready. The
// error says which entry cannot work and what would.
func Compile(c Config, defs []signal.Definition) (*Rules, error) {
	set, err := signal.Compile(defs)
	if err != nil {
		return nil, err
	}
	return New(c, set)
}

// New is Compile for signals that are compiled already.
func New(c Config, set *signal.Set) (*Rules, error) {
	r := &Rules{config: c, set: set, stages: map[uint8]int{}, named: map[string]int{}}
	for _, step := range []func() error{r.checkTotals, r.addGroups, r.addPoints, r.addPersonas, r.addBands, r.addStages, r.addFunnel} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.addAbsent()
	r.total = slices.Compact(slices.Sorted(slices.Values(r.total)))
	r.engaged = slices.Compact(slices.Sorted(slices.Values(r.engaged)))
	var err error
	if r.meters, err = ledger.NewMeters(c.Meters(set)); err != nil {
		return nil, err
	}
	r.pool.New = func() any { return newWork(r) }
	return r, nil
}

// Config is what the rules were made from. It must not be changed.
func (r *Rules) Config() *Config { return &r.config }

// Signals is the compiled set of signals.
func (r *Rules) Signals() *signal.Set { return r.set }

// Meters is how the ledger sums the signals of these rules.
func (r *Rules) Meters() *ledger.Meters { return r.meters }

// StageOf gives the place in the list of a stage number that a state holds; 0
// and unknown numbers are the first stage.
func (r *Rules) StageOf(number uint8) int { return r.stages[number] }

// StageNamed gives the place of a stage in the list.
func (r *Rules) StageNamed(name string) (int, bool) {
	i, ok := r.named[name]
	return i, ok
}

// StageNumber is what a state holds for the stage at a place in the list.
func (r *Rules) StageNumber(place int) uint8 {
	return numberOf(r.config.Stages[place].Number, place)
}

// AudienceNumber is the bit of State.Audience for the audience at a place.
func (r *Rules) AudienceNumber(place int) signal.Number {
	return signal.Number(numberOf(r.config.Audiences[place].Number, place))
}

func numberOf(number uint8, place int) uint8 {
	if number != 0 {
		return number
	}
	return uint8(place + 1)
}

func (r *Rules) name(n signal.Number) string {
	d, _ := r.set.Definition(n)
	return d.Name
}

// known finds a signal that the config names.
func (r *Rules) known(n signal.Number, where string) (signal.Definition, error) {
	d, ok := r.set.Definition(n)
	if !ok {
		return d, fmt.Errorf("%s: there is no signal number %d", where, n)
	}
	return d, nil
}

func (r *Rules) checkTotals() error {
	if err := r.config.Engagement.check("engagement"); err != nil {
		return err
	}
	if err := r.config.Fit.check("fit"); err != nil {
		return err
	}
	h := r.config.Handover
	most := r.config.Fit.Max + r.config.Engagement.Max
	switch {
	case h.Total > most || h.Fit > r.config.Fit.Max || h.Engagement > r.config.Engagement.Max:
		return fmt.Errorf("hand-over at total %d, fit %d, engagement %d: nobody can reach it, the limits are %d, %d and %d",
			h.Total, h.Fit, h.Engagement, most, r.config.Fit.Max, r.config.Engagement.Max)
	case h.Total != 0 && h.Lower > h.Total:
		return fmt.Errorf("hand-over: the lower mark %d is above the threshold %d", h.Lower, h.Total)
	case h.Days < 0 || h.Days > 366:
		return fmt.Errorf("hand-over: %d days below the lower mark, 0 to 366 are possible", h.Days)
	}
	r.total = append(r.total, h.Total, h.Lower)
	r.engaged = append(r.engaged, h.Engagement)
	return nil
}

func (l Limits) check(where string) error {
	if l.Min > 0 || l.Max < 0 || l.Min < -MaxPoints || l.Max > MaxPoints {
		return fmt.Errorf("limits of %s: %d … %d: the lower one lies from %d to 0, the upper from 0 to %d, so that a lead without any signal has 0", where, l.Min, l.Max, -MaxPoints, MaxPoints)
	}
	return nil
}

func (l Limits) clamp(n int) int { return min(max(n, l.Min), l.Max) }

func (r *Rules) addGroups() error {
	for i, g := range r.config.Groups {
		if g.Name == "" || slices.ContainsFunc(r.config.Groups[:i], func(o Group) bool { return o.Name == g.Name }) {
			return fmt.Errorf("group %d %q: a group needs a name of its own", i+1, g.Name)
		}
		if g.Interest {
			continue
		}
		if err := g.Limits.check("group " + g.Name); err != nil {
			return err
		}
		r.channels = append(r.channels, i)
	}
	return nil
}

func (r *Rules) groupNamed(name string, interest bool) (int, bool) {
	if name == "" {
		return -1, true
	}
	i := slices.IndexFunc(r.config.Groups, func(g Group) bool { return g.Name == name && g.Interest == interest })
	return i, i >= 0
}

func (r *Rules) addPoints() error {
	highest := signal.Number(0)
	for _, d := range r.set.Definitions() {
		highest = max(highest, d.Number)
	}
	r.points = slices.Repeat([]int32{-1}, int(highest)+1)
	for i, p := range r.config.Points {
		d, err := r.known(p.Signal, "points")
		if err != nil {
			return err
		}
		where := fmt.Sprintf("points of signal %q", d.Name)
		if d.Kind == signal.OnProfile {
			return fmt.Errorf("%s: it is a condition on the profile, so it belongs into the fit of a persona", where)
		}
		if r.points[p.Signal] >= 0 {
			return fmt.Errorf("%s stand twice", where)
		}
		if err := p.check(d); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		group, ok := r.groupNamed(p.Group, false)
		if !ok {
			return fmt.Errorf("%s: there is no group %q", where, p.Group)
		}
		interest, ok := r.groupNamed(p.Interest, true)
		if !ok {
			return fmt.Errorf("%s: there is no interest %q", where, p.Interest)
		}
		r.points[p.Signal] = int32(i)
		r.group, r.interest, r.life = append(r.group, group), append(r.interest, interest), append(r.life, p.life())
	}
	return nil
}

func (p Points) check(d signal.Definition) error {
	fades := 0
	for _, set := range []bool{p.HalfLife != 0, p.LastDays != 0, len(p.Steps) != 0} {
		if set {
			fades++
		}
	}
	for _, n := range []int{p.PerDay, p.Cap, p.WindowDays, p.OnceDays, p.HalfLife} {
		if n < 0 || n > maxLife {
			return fmt.Errorf("%d: caps, windows and half-lives lie from 0 to %d (a cap of a penalty is its size)", n, maxLife)
		}
	}
	switch {
	case p.Points < -MaxPoints || p.Points > MaxPoints:
		return fmt.Errorf("%d: points lie from %d to %d", p.Points, -MaxPoints, MaxPoints)
	case p.LastDays < 0 || p.LastDays > ledger.MaxKeep:
		return fmt.Errorf("whole for %d days: 1 to %d are possible, for longer use a half-life", p.LastDays, ledger.MaxKeep)
	case fades > 1:
		return fmt.Errorf("give one way to fade: half-life, last days or steps")
	case p.Once && (p.OnceDays != 0 || p.Cap != 0 || p.PerDay != 0):
		return fmt.Errorf("counted once for ever: further caps say nothing")
	case p.OnceDays > 1 && (p.Cap != 0 || p.PerDay != 0):
		return fmt.Errorf("counted once in %d days: further caps say nothing", p.OnceDays)
	case p.WindowDays != 0 && p.Cap == 0:
		return fmt.Errorf("a window of %d days needs a cap", p.WindowDays)
	case d.Count != nil && d.Count.Absent && (fades != 0 || p.Cap != 0 || p.PerDay != 0 || p.Once || p.OnceDays != 0):
		return fmt.Errorf("it holds while something is not seen: its points have no cap and do not fade")
	}
	before := DecayStep{Day: 0, Percent: 100}
	for i, s := range p.Steps {
		if s.Day <= before.Day || s.Percent < 0 || s.Percent > before.Percent || s.Day > ledger.MaxKeep {
			return fmt.Errorf("step %d: %d %% from day %d: days rise and percentages fall", i+1, s.Percent, s.Day)
		}
		before = s
	}
	if len(p.Steps) > 0 && before.Percent != 0 {
		return fmt.Errorf("the last step leaves %d %%: end with 0, or let it not fade", before.Percent)
	}
	return nil
}

// life is the days in which the points halve, or go; 0 is never.
func (p Points) life() int {
	switch {
	case len(p.Steps) > 0:
		return p.Steps[len(p.Steps)-1].Day
	case p.LastDays > 0:
		return p.LastDays
	}
	return p.HalfLife
}

// fadeDays bounds how long a line that is worth so many points today goes on
// changing.
func (r *Rules) fadeDays(place int32, points int) int {
	days := r.life[place]
	if r.config.Points[place].HalfLife > 0 {
		days *= bits.Len(uint(max(points, -points))+1) + 1
	}
	return days
}

func (r *Rules) addBands() error {
	if len(r.config.Bands) == 0 {
		return fmt.Errorf("bands: name at least one")
	}
	if !slices.IsSortedFunc(r.config.Bands, func(a, b Band) int { return cmp.Compare(a.From, b.From) }) {
		return fmt.Errorf("bands: each begins above the one before it")
	}
	for i, b := range r.config.Bands {
		switch {
		case b.Name == "":
			return fmt.Errorf("band %d has no name", i+1)
		case i > 0 && b.From == r.config.Bands[i-1].From:
			return fmt.Errorf("band %q begins at %d like the one before it: nobody can be in that", b.Name, b.From)
		case i > 0:
			r.total = append(r.total, b.From)
		}
	}
	g := r.config.Grades
	for _, three := range [][3]int{g.Fit, g.Engagement} {
		if three[0] < three[1] || three[1] < three[2] {
			return fmt.Errorf("grades %v: from the best down", three)
		}
	}
	r.engaged = append(r.engaged, g.Engagement[:]...)
	return nil
}
