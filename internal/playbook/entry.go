package playbook

import (
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
)

// Public is the source of what strangers send: it may say what somebody did,
// not take evidence back nor give points by hand.
const Public = "capture"

// Entry is the log's entry of an activity under these rules: what it hit, and
// the properties that conditions can name, past values of the profile among
// them. cut tells that something did not fit the log.
func (c *Compiled) Entry(a *activity.Activity) (e ledger.Entry, cut bool) {
	e = ledger.Entry{
		Key: a.ID.Key(), PayloadHash: a.Fingerprint(), Type: a.Type, At: a.At.Unix(), Received: a.Received.Unix(),
		Day: c.Day(a.At), Flags: a.Flags,
	}
	// From the id alone: a time that depended on when the message came would let
	// one that comes again pass for newer than all that is known.
	if made, ok := a.ID.Made(); ok {
		e.Made = made.Unix()
	}
	e.Hits = c.Set.Match(a, nil)
	slices.Sort(e.Hits)
	properties := a.Properties
	if len(a.Profile) > 0 {
		properties = slices.Clone(properties)
		for _, p := range a.Profile {
			properties = append(properties, activity.Property{Name: "profile." + p.Name, Value: p.Value})
		}
	}
	e.Packed, cut = c.Dictionary.Pack(properties)
	if a.Source == Public {
		return e, cut
	}
	if a.Type == activity.Revoked && a.Revokes != "" {
		e.Revokes = a.Revokes.Key()
	}
	if a.Type == activity.LeadAdjusted {
		e.Points, e.Until = adjustment(a, c.Zone)
	}
	return e, cut
}

// adjustment reads the points that a person gave, and until when they hold.
func adjustment(a *activity.Activity, zone *time.Location) (points int, until activity.Day) {
	v, _ := a.Property("points")
	points = int(max(min(v.Number, 1000), -1000))
	if u, ok := a.Property("until"); ok {
		if t, err := time.ParseInLocation(time.DateOnly, u.Text, zone); err == nil {
			until = activity.DayOf(t, zone)
		}
	}
	return points, until
}

// Know brings what a ledger keeps of a profile up to date: the signals that it
// meets, and the dates that let people into tracks.
func (c *Compiled) Know(s *ledger.State, p *lead.Profile) {
	s.Profile = c.Set.Profile(p)
	s.Memory = c.Decisions.Dates(s.Memory, func(attribute string) (activity.Day, bool) {
		t, err := time.Parse(time.DateOnly, p.Text(attribute))
		return activity.DayOf(t, time.UTC), err == nil
	})
}
