package scoretest

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Lead is a lead of a test: a ledger state, and what flows do around it.
type Lead struct {
	Rules *score.Rules
	State *ledger.State
	made  int
}

// NewLead makes a known lead with these profile signals.
func (b *Business) NewLead(r *score.Rules, profile ...string) *Lead {
	l := &Lead{Rules: r, State: ledger.New("testtesttesttest", r.Meters())}
	l.State.Known = true
	for _, n := range profile {
		l.State.Profile = l.State.Profile.With(b.Number(n))
	}
	return l
}

// Activity makes an activity of noon of a day; properties are names and values
// by turns. It names an e-mail and a phone.
func Activity(day activity.Day, t activity.Type, properties ...string) *activity.Activity {
	a := &activity.Activity{Type: t, At: day.Date().Add(12 * time.Hour), Who: activity.Who{Email: "maryam@example.com", Phone: "+989121234567"}}
	for i := 0; i+1 < len(properties); i += 2 {
		a.Properties = append(a.Properties, activity.Property{Name: properties[i], Value: activity.Value{Kind: activity.Text, Text: properties[i+1]}})
	}
	return a
}

// Do appends activities and gives their entries. It panics where the ledger
// refuses one.
func (l *Lead) Do(activities ...*activity.Activity) []*ledger.Entry {
	var entries []*ledger.Entry
	for _, a := range activities {
		l.made++
		h := fnv.New64a()
		fmt.Fprint(h, l.made)
		e := &ledger.Entry{
			Key: h.Sum64(), PayloadHash: uint32(l.made), Type: a.Type, At: a.At.Unix(), Received: a.At.Unix(),
			Day: activity.DayOf(a.At, time.UTC), Flags: a.Flags, Hits: l.Rules.Signals().Match(a, nil),
		}
		l.Append(*e)
		entries = append(entries, e)
	}
	return entries
}

// Adjust adds points by hand, until a day (0: for ever).
func (l *Lead) Adjust(day activity.Day, points int, until activity.Day) {
	l.made++
	l.Append(ledger.Entry{Key: uint64(l.made), Type: "lead.adjusted", At: day.Date().Unix(), Day: day, Points: points, Until: until})
}

// Append adds an entry as it is and settles the state.
func (l *Lead) Append(e ledger.Entry) {
	if err := l.State.Append(l.Rules.Meters(), e); err != nil {
		panic(fmt.Sprintf("scoretest: %v", err))
	}
	if err := l.State.Settle(l.Rules.Meters(), nil); err != nil {
		panic(fmt.Sprintf("scoretest: %v", err))
	}
}

// Card is the card of a day.
func (l *Lead) Card(day activity.Day) score.Card { return l.Rules.Card(l.State, day) }

// Hits makes an entry from signals alone.
func (l *Lead) Hits(day activity.Day, signals ...signal.Number) {
	l.made++
	l.Append(ledger.Entry{Key: uint64(l.made) << 20, PayloadHash: uint32(l.made), Type: "test", At: day.Date().Unix(), Day: day, Hits: signals})
}
