package decision

import (
	"github.com/sarnakh/sarnakh/internal/activity"
)

// Free is the name of a talk that is over.
const Free = "free"

// Sides of the talk between sales and a lead, as bits.
const (
	taken = 1 << iota
	dealing
)

// talkNames are the words for them: a deal says more than being taken.
var talkNames = [...]string{0: Free, taken: "taken", dealing: "deal", taken | dealing: "deal"}

// talk follows whether sales is talking with the lead: from taking it, or from
// the opening of a deal, until it is given back, won or lost. What is told of
// an earlier day than the last changes nothing.
func (d *deciding) talk() {
	m := d.memory.mark(markTalk)
	was := talkNames[m.state&(taken|dealing)]
	for i := range d.Arrived {
		e := d.Arrived[i].Entry
		if e.Revoked || e.Flags&activity.Held != 0 || e.Day < m.since {
			continue
		}
		switch e.Type {
		case activity.LeadTaken, activity.LeadAccepted:
			m.state |= taken
		case activity.DealOpened:
			m.state |= dealing
		case activity.LeadReturned, activity.DealWon, activity.DealLost:
			m.state = 0
		default:
			continue
		}
		m.since = e.Day
	}
	if is := talkNames[m.state&(taken|dealing)]; is != was {
		// Nobody hears of it, and what it does is to stop marketing: an import
		// that says so must do it too.
		quiet := d.Quiet
		d.Quiet = ""
		d.add(Talk, is, m, Reason{By: "activity"})
		d.Quiet = quiet
	}
}
