package nurture

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// decade is a business with every rule of pacing, for so many years.
func decade(years int) Config {
	c := Config{
		Zone: "Asia/Tehran", GapHours: 36,
		Caps:     []Cap{{Count: 2, Days: 7}, {Count: 5, Days: 30}, {Count: 1, Days: 14, Channel: SMS}},
		Channels: []Channel{{Name: SMS, From: 10 * 60, Until: 18*60 + 30, GapHours: 100}},
		Calendar: Calendar{Open: irWeek, From: 9 * 60, Until: 19 * 60},
	}
	dice := rand.New(rand.NewPCG(7, 7))
	for y := 2026; y < 2026+years+1; y++ {
		c.Calendar.Closed = append(c.Calendar.Closed, Closed{From: fmt.Sprintf("%d-03-20", y), Until: fmt.Sprintf("%d-04-02", y)})
		for range 20 {
			c.Calendar.Closed = append(c.Calendar.Closed, Closed{From: time.Date(y, 1, 1+dice.IntN(365), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)})
		}
	}
	for i := range c.Calendar.Closed {
		if k := &c.Calendar.Closed[i]; k.Until == "" {
			k.Until = k.From
		}
	}
	sms := func(name string, hours int) Step {
		return Step{Name: name, WaitHours: hours, Message: &Message{Channel: SMS, Text: Text{Fa: "x"}}}
	}
	c.Tracks = []Track{
		{Name: "a", Priority: 5, ReentryDays: 1, Steps: []Step{{Name: "1", Mail: "1"}, sms("2", 5), {Name: "3", Mail: "3", WaitDays: 3}}},
		{Name: "b", Priority: 4, ReentryDays: 1, Steps: []Step{sms("1", 0), {Name: "2", Mail: "2", WaitDays: 1}, sms("3", 31)}},
		{Name: "c", Priority: 9, ReentryDays: 1, Steps: []Step{{Name: "1", Mail: "1", WaitHours: 13}, {Name: "2", Mail: "2"}, {Name: "3", Mail: "3", WaitDays: 9}}},
	}
	return c
}

// left is one message that left.
type left struct {
	at      int64
	channel string
	step    string
}

// by minutes is the schedule said again: every minute of the years is looked at
// by the words of the rules, and nothing is searched for or pushed forward.
func byMinutes(c Config, zone *time.Location, enters map[int64]string, from, until int64) (out []left) {
	type place struct {
		track *Track
		step  int
		due   int64
	}
	var inside []*place
	day, today := "", false // whether the day is open
	for m := from; m < until; m += 60 {
		if name := enters[m]; name != "" && !slices.ContainsFunc(inside, func(p *place) bool { return p.track.Name == name }) {
			t := &c.Tracks[slices.IndexFunc(c.Tracks, func(t Track) bool { return t.Name == name })]
			inside = append(inside, &place{t, 0, m + int64(t.Steps[0].WaitDays*86400+t.Steps[0].WaitHours*3600)})
			slices.SortFunc(inside, func(a, b *place) int { return b.track.Priority - a.track.Priority })
		}
		if !slices.ContainsFunc(inside, func(p *place) bool { return p.due <= m }) {
			continue
		}
		local := time.Unix(m, 0).In(zone)
		if d := local.Format(time.DateOnly); d != day {
			day = d
			today = slices.Contains(c.Calendar.Open, local.Weekday()) && !slices.ContainsFunc(c.Calendar.Closed, func(k Closed) bool { return d >= k.From && d <= k.Until })
		}
		if !today {
			continue
		}
		clock := local.Hour()*60 + local.Minute()
		for _, p := range slices.Clone(inside) {
			for p.step < len(p.track.Steps) && p.due <= m {
				s := &p.track.Steps[p.step]
				channel := Email
				if s.Message != nil {
					channel = SMS
				}
				if !may(c, out, channel, clock, m) {
					break
				}
				out = append(out, left{m, channel, p.track.Name + "/" + s.Name})
				if p.step++; p.step < len(p.track.Steps) {
					p.due = m + int64(p.track.Steps[p.step].WaitDays*86400+p.track.Steps[p.step].WaitHours*3600)
				}
			}
		}
		inside = slices.DeleteFunc(inside, func(p *place) bool { return p.step == len(p.track.Steps) })
	}
	return out
}

// may tells whether one more may leave in a minute of an open day.
func may(c Config, before []left, channel string, clock int, m int64) bool {
	if clock < c.Calendar.From || clock >= c.Calendar.Until || channel == SMS && (clock < c.Channels[0].From || clock >= c.Channels[0].Until) {
		return false
	}
	for i := len(before) - 1; i >= 0 && m-before[i].at < 31*86400; i-- {
		ago := m - before[i].at
		if ago < int64(c.GapHours)*3600 || channel == SMS && before[i].channel == SMS && ago < int64(c.Channels[0].GapHours)*3600 {
			return false
		}
	}
	for _, l := range c.Caps {
		n := 0
		for i := len(before) - 1; i >= 0 && m-before[i].at < int64(l.Days)*86400; i-- {
			if l.Channel == "" || before[i].channel == l.Channel {
				n++
			}
		}
		if n >= l.Count && (l.Channel == "" || l.Channel == channel) {
			return false
		}
	}
	return true
}

func TestTenYearsInTwelveZonesAreThoseOfAWalkByMinutes(t *testing.T) {
	years := 10
	if testing.Short() {
		years = 1
	}
	c := decade(years)
	p, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	until := from.AddDate(years, 0, 0)
	all := 0
	for n, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		dice := rand.New(rand.NewPCG(uint64(n), 9))
		enters := map[int64]string{}
		var when []int64
		for at := from; at.Before(until); at = at.Add(time.Duration(1+dice.IntN(9*24*60)) * time.Minute) {
			enters[at.Unix()] = string(rune('a' + dice.IntN(3)))
			when = append(when, at.Unix())
		}
		r := &Recipient{ID: "r", Email: "a@example.ir", Mobile: "+989121112233", Zone: name}
		r.Grant(Email, "marketing", from.Add(-time.Hour), "v1", "")
		r.Grant(SMS, "marketing", from.Add(-time.Hour), "v1", "")
		var got []left
		for now := from; now.Before(until); {
			if track := enters[now.Unix()]; track != "" {
				r.reenter(p, track, now)
			}
			for {
				o := r.Claim(p, Facts{}, now, "a", DefaultTiming)
				for _, m := range o.Messages {
					r.Carried(m.ID, "")
					got = append(got, left{now.Unix(), m.Channel, m.Track + "/" + m.Step})
				}
				if o.Send == nil {
					break
				}
				got = append(got, left{now.Unix(), Email, o.Send.Track + "/" + o.Send.Step})
				r.Left(o.Send.ID, "a", now)
			}
			next := until.Unix()
			if due := r.Due(); due != 0 {
				next = min(next, due)
			}
			if i, found := slices.BinarySearch(when, now.Unix()+1); i < len(when) || found {
				next = min(next, when[i])
			}
			if next <= now.Unix() {
				t.Fatalf("%s: at %s it is due at %d: nothing moves", name, now, next)
			}
			now = time.Unix(next, 0).UTC()
		}
		want := byMinutes(c, zone, enters, from.Unix(), until.Unix())
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("%s: message %d is %s, by minutes %s", name, i, say(got, i, zone), say(want, i, zone))
			}
		}
		all += len(got)
	}
	t.Logf("%d messages in %d years and %d zones, each in the minute that a walk by minutes finds", all, years, len(zones))
	if all < 12*years*20 {
		t.Errorf("%d messages only: this shows little", all)
	}
}

// reenter puts the person in again at once, however short ago the last time was.
func (r *Recipient) reenter(p *Plan, track string, now time.Time) {
	if r.Running(track) != nil {
		return
	}
	round := 0
	r.Enrollments = slices.DeleteFunc(r.Enrollments, func(e Enrollment) bool {
		if e.Track == track {
			round = e.Round
		}
		return e.Track == track
	})
	r.Enroll(p, track, Entering{Round: round + 1}, now)
}

func say(l []left, i int, zone *time.Location) string {
	if i >= len(l) {
		return "none"
	}
	return l[i].step + " at " + time.Unix(l[i].at, 0).In(zone).Format(time.RFC1123Z)
}
