package playbook

import (
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
)

// What no person does: follow so many links of mails within so many seconds.
// The log keeps whole seconds.
const (
	burstLinks   = 3
	burstSeconds = 2
)

// Burst looks at a click on its way into a log. A scanner of mails follows all
// links of one at once, each by another process of ours: only the log sees
// them together. The entry comes back as a machine's where it is the third of a
// burst, or beside a click that is a machine's; undo are entries to append
// after it, which take out the clicks that were believed before. Two clicks on
// one link within ten seconds are one activity, so a burst is of different
// links.
func (c *Compiled) Burst(s *ledger.State, a *activity.Activity, e ledger.Entry) (out ledger.Entry, undo []ledger.Entry) {
	if !follows(e.Type) || e.Flags&activity.Held != 0 {
		return e, nil
	}
	links, machine := 1, e.Flags&activity.Machine != 0
	var believed []ledger.Entry
	for _, o := range s.Tail() {
		if d := o.At - e.At; !follows(o.Type) || d > burstSeconds || d < -burstSeconds || o.Key == e.Key {
			continue
		}
		links++
		machine = machine || o.Flags&activity.Machine != 0
		if o.Flags&(activity.Machine|activity.Held) == 0 && !o.Revoked {
			believed = append(believed, o)
		}
	}
	if !machine && links < burstLinks {
		return e, nil
	}
	if e.Flags&activity.Machine == 0 {
		seen := *a
		seen.Flags |= activity.Machine
		e, _ = c.Entry(&seen)
	}
	for _, o := range believed {
		r := activity.Activity{
			ID: activity.ID(fmt.Sprintf("burst:%016x", o.Key)), Type: activity.Revoked, At: time.Unix(o.At, 0).UTC(), Received: a.Received,
			Properties: []activity.Property{{Name: "reason", Value: activity.TextValue("scanner")}},
		}
		entry, _ := c.Entry(&r)
		entry.Revokes = o.Key
		undo = append(undo, entry)
	}
	return e, undo
}

// follows tells the activities that following a link of a mail makes.
func follows(t activity.Type) bool { return t == activity.MailClicked || t == activity.FileDownloaded }
