package flow

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
)

// isZone tells that an attribute is the lead's time zone, and said.
func isZone(p activity.Property) bool { return p.Name == lead.Timezone && p.Value.Text != "" }

// saysZone tells that an activity brings a time zone that there is.
func (a *arrival) saysZone() bool {
	return slices.ContainsFunc(a.a.Profile, func(p activity.Property) bool { return isZone(p) && lead.CheckZone(p.Value.Text) == nil })
}

// known leaves out a time zone that there is not: whoever sent it said much
// else that is good, and the business's zone stands in.
func (b *batch) known(l *line, changes []activity.Property) []activity.Property {
	i := slices.IndexFunc(changes, isZone)
	if i < 0 {
		return changes
	}
	err := lead.CheckZone(changes[i].Value.Text)
	if err == nil {
		return changes
	}
	b.log.Warn("a time zone is dropped", "lead", l.id, "reason", err.Error())
	return slices.Concat(changes[:i], changes[i+1:])
}

// settleZone gives the recipient the zone that stands in the profile: there the
// latest word by stated time is kept, in whatever order they come.
func (l *line) settleZone() {
	if l.profile == nil || l.recipient == nil || l.recipient.Erased != 0 {
		return
	}
	if z := l.profile.Text(lead.Timezone); z != "" && lead.CheckZone(z) == nil {
		l.recipient.Zone = z
	}
}
