package nurture

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Plan is a Config made ready: zone loaded, dates parsed, tracks by name.
// It is read only, and safe to share.
type Plan struct {
	Config
	zone     *time.Location
	tracks   map[string]*Track
	over     map[string]string // broadcasts that are over, and why
	asks     map[string]bool   // tracks with a step that asks what the lead did
	at       map[*At]calendar
	mail     calendar
	channels map[string]calendar // with hours of their own
	calls    calendar
	gaps     []gap
	window   time.Duration // what caps and gaps look back at
	zones    *sync.Map     // name → *time.Location
}

// Compile checks a Config and makes it ready. The error names the first thing
// that cannot work, in the words of the playbook.
func Compile(c Config) (*Plan, error) {
	p := &Plan{Config: c, tracks: map[string]*Track{}, asks: map[string]bool{}, at: map[*At]calendar{}, channels: map[string]calendar{}, zones: &sync.Map{}}
	name := c.Zone
	if name == "" {
		name = "UTC"
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone %q is not an IANA time zone such as Asia/Tehran", c.Zone)
	}
	p.zone = zone
	if p.mail, err = compileCalendar(c.Calendar); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	if p.calls, err = compileCalendar(c.Calls); err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	if err := p.pacing(); err != nil {
		return nil, err
	}
	if h := c.Holdout; h != nil && (h.Percent < 0 || h.All < 0 || h.Percent+h.All > 50 || h.From < 0) {
		return nil, fmt.Errorf("hold-out of %d %% a track and %d %% of all: together at most 50", h.Percent, h.All)
	}
	if c.DoubleOptIn {
		p.Tracks = append(slices.Clone(c.Tracks), confirmation())
	}
	for i := range p.Tracks {
		t := &p.Tracks[i]
		if p.tracks[t.Name] != nil {
			return nil, fmt.Errorf("track %q stands twice", t.Name)
		}
		if err := p.track(t); err != nil {
			return nil, fmt.Errorf("track %q: %w", t.Name, err)
		}
		p.tracks[t.Name] = t
	}
	return p, nil
}

// pacing makes caps, gaps and the hours of channels ready.
func (p *Plan) pacing() error {
	days := 0
	for _, l := range p.Caps {
		if l.Count < 1 || l.Count > maxCount || l.Days < 1 || l.Days > maxWindowDays {
			return fmt.Errorf("cap of %d in %d days: count is 1 to %d, days 1 to %d", l.Count, l.Days, maxCount, maxWindowDays)
		}
		days = max(days, l.Days)
	}
	if p.GapHours > 0 {
		p.gaps = append(p.gaps, gap{"", p.GapHours})
	}
	for _, c := range p.Channels {
		if c.GapHours > 0 {
			p.gaps = append(p.gaps, gap{c.Name, c.GapHours})
		}
		if c.From == 0 && c.Until == 0 {
			continue
		}
		hours := p.Calendar
		if len(hours.Open) == 0 {
			hours.Open, hours.From, hours.Until = []time.Weekday{0, 1, 2, 3, 4, 5, 6}, 0, 24*60
		}
		hours.From, hours.Until = max(hours.From, c.From), min(hours.Until, c.Until)
		k, err := compileCalendar(hours)
		if err != nil {
			return fmt.Errorf("channel %q: %w", c.Name, err)
		}
		p.channels[c.Name] = k
	}
	for _, g := range p.gaps {
		if g.GapHours > 24*maxWindowDays {
			return fmt.Errorf("a gap of %d hours: at most %d are possible", g.GapHours, 24*maxWindowDays)
		}
		days = max(days, g.GapHours/24+1)
	}
	p.window = time.Duration(days) * 24 * time.Hour
	return nil
}

// Bounds of a cap, and so of what a recipient remembers.
const (
	maxWindowDays = 31
	maxCount      = 30
)

// Track finds a track by name, nil where the playbook has none.
func (p *Plan) Track(name string) *Track { return p.tracks[name] }

// BusinessZone is the business's time zone.
func (p *Plan) BusinessZone() *time.Location { return p.zone }

// ZoneOf is the zone in which a person lives: the business's where none is
// known, or none that there is.
func (p *Plan) ZoneOf(r *Recipient) *time.Location {
	if r.Zone == "" {
		return p.zone
	}
	if z, ok := p.zones.Load(r.Zone); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(r.Zone)
	if err != nil {
		z = p.zone
	}
	p.zones.Store(r.Zone, z)
	return z
}

// hours is when marketing may leave over a channel.
func (p *Plan) hours(channel string) calendar {
	if k, ok := p.channels[channel]; ok {
		return k
	}
	return p.mail
}

// OpenFrom is the first instant at or after now at which marketing may leave
// for a person over a channel, caps aside.
func (p *Plan) OpenFrom(r *Recipient, channel string, now time.Time) time.Time {
	at, _ := p.hours(channel).next(now, p.ZoneOf(r))
	return at
}

// StepOf finds a step by its track and name, with a slash between them; nil
// where the playbook has it no more.
func (p *Plan) StepOf(name string) *Step {
	track, step, _ := strings.Cut(name, "/")
	t := p.Track(track)
	if t == nil {
		return nil
	}
	if i := t.place(step); i >= 0 && i < len(t.Steps) {
		return &t.Steps[i]
	}
	return nil
}

// WorkDue is the time by which a call should be made: within hours of working
// time, counted from at in the calls calendar.
func (p *Plan) WorkDue(at time.Time, within time.Duration) time.Time {
	return p.calls.add(at, within, p.zone)
}

// WorkDay tells whether sales works on the day of a moment, by the calls
// calendar, and until when, counted from the midnight before.
func (p *Plan) WorkDay(at time.Time) (until time.Duration, works bool) {
	if !p.calls.any {
		return 24 * time.Hour, true
	}
	local := at.In(p.zone)
	_, closed := p.calls.closed[local.Format(time.DateOnly)]
	return p.calls.until, p.calls.open[local.Weekday()] && !closed
}

// step finds the step an enrollment stands at: by name, so that a playbook
// whose steps were reordered goes on sensibly; by position where the name is
// gone; nil past the end.
func (t *Track) step(name string, index int) (int, *Step) {
	for i := range t.Steps {
		if t.Steps[i].Name == name {
			return i, &t.Steps[i]
		}
	}
	if index < len(t.Steps) {
		return index, &t.Steps[index]
	}
	return len(t.Steps), nil
}
