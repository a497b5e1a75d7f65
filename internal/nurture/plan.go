package nurture

import (
	"fmt"
	"slices"
	"time"
)

// Plan is a Config made ready: zone loaded, dates parsed, tracks by name.
// It is read only, and safe to share.
type Plan struct {
	Config
	zone   *time.Location
	tracks map[string]*Track
	over   map[string]string // broadcasts that are over, and why
	mail   calendar
	calls  calendar
}

// Compile checks a Config and makes it ready. The error names the first thing
// that cannot work, in the words of the playbook.
func Compile(c Config) (*Plan, error) {
	p := &Plan{Config: c, tracks: map[string]*Track{}}
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
	for _, l := range c.Caps {
		if l.Count < 1 || l.Days < 1 || l.Days > maxWindowDays {
			return nil, fmt.Errorf("cap of %d in %d days: count is at least 1, days 1 to %d", l.Count, l.Days, maxWindowDays)
		}
	}
	for i := range p.Tracks {
		t := &p.Tracks[i]
		if p.tracks[t.Name] != nil {
			return nil, fmt.Errorf("track %q stands twice", t.Name)
		}
		if len(t.Steps) == 0 {
			return nil, fmt.Errorf("track %q has no steps", t.Name)
		}
		for j, s := range t.Steps {
			if (s.Mail == "") == (s.Task == nil) {
				return nil, fmt.Errorf("track %q, step %d %q: give either a mail or a task", t.Name, j+1, s.Name)
			}
			if slices.ContainsFunc(t.Steps[:j], func(o Step) bool { return o.Name == s.Name }) {
				return nil, fmt.Errorf("track %q: step %q stands twice", t.Name, s.Name)
			}
		}
		p.tracks[t.Name] = t
	}
	return p, nil
}

// maxWindowDays bounds a cap's window, and so what a recipient remembers.
const maxWindowDays = 31

// Track finds a track by name, nil where the playbook has none.
func (p *Plan) Track(name string) *Track { return p.tracks[name] }

// Zone is the business's time zone.
func (p *Plan) BusinessZone() *time.Location { return p.zone }

// WorkDue is the time by which a call should be made: within hours of working
// time, counted from at in the calls calendar.
func (p *Plan) WorkDue(at time.Time, within time.Duration) time.Time {
	return p.calls.add(at, within, p.zone)
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
