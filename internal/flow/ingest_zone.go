package flow

import (
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
)

// isZone tells that an attribute is the lead's time zone, and said.
func isZone(p activity.Property) bool { return p.Name == lead.Timezone && p.Value.Text != "" }

// judgeZone looks the time zone of an activity up, once: the database is not
// small. One that there is not is left out of what is known of the lead, and
// nothing else of the activity is: the business's zone stands in.
func (b *batch) judgeZone(a *arrival) {
	i := slices.IndexFunc(a.a.Profile, isZone)
	if i < 0 {
		return
	}
	if err := lead.CheckZone(a.a.Profile[i].Value.Text); err != nil {
		b.log.Warn("a time zone is dropped", "activity", fmt.Sprintf("%016x", a.a.ID.Key()), "type", a.a.Type, "reason", err.Error())
		return
	}
	a.zoned = true
}

// known are the attributes of an activity without a time zone that there is not.
func (a *arrival) known() []activity.Property {
	if i := slices.IndexFunc(a.a.Profile, isZone); i >= 0 && !a.zoned {
		return slices.Concat(a.a.Profile[:i], a.a.Profile[i+1:])
	}
	return a.a.Profile
}

// settleZone gives the recipient the zone that stands in the profile: there the
// latest word by stated time is kept, in whatever order they come.
func (l *line) settleZone() {
	if l.profile == nil || l.recipient == nil || l.recipient.Erased != 0 {
		return
	}
	if z := l.profile.Text(lead.Timezone); z != "" {
		l.recipient.Zone = z
	}
}
