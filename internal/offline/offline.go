// Package offline scores a file of activities without any store: it finds out
// who did what, plays each lead from its first day to the last, and gives the
// cards that the line would show. It has no clock and reads nothing itself.
package offline

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
)

// Read reads activities, one JSON object or envelope a line. A line that is no
// activity goes to refuse with its number, and the others go on. now is the
// time at which the file comes in, by which impossible times are clamped.
func Read(in io.Reader, now time.Time, refuse func(line int, err error)) ([]activity.Activity, error) {
	var out []activity.Activity
	r := bufio.NewReaderSize(in, activity.MaxBody+2)
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			refuse(n, fmt.Errorf("longer than %d bytes: a message has no more", activity.MaxBody))
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = r.ReadSlice('\n')
			}
			line = nil
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("read line %d: %w", n, err)
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if n == 1 && bytes.HasPrefix(line, []byte(`{"format":"`+exportFormat+`"`)) {
			return nil, errors.New("this is an exported lead: it holds what was stored of activities, not the messages that were sent; " +
				"sarnakh lead export --check replays it, sarnakh lead show NAME --at DAY gives its card")
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			as, bad := activity.Decode(line, now)
			if bad != nil {
				refuse(n, bad)
			}
			out = append(out, as...)
		}
		if err != nil { // the end, also after a line that was too long
			if !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("read line %d: %w", n, err)
			}
			return out, nil
		}
	}
}

// Lead is one lead of the file, as it stands on the day asked for.
type Lead struct {
	ID    lead.ID
	Name  string // the surest identity
	Names []lead.Identity
	Card  score.Card
	State *ledger.State
	// Decided are the decisions in their order, with their reasons.
	Decided []ledger.Pending

	profile lead.Profile
	did     []act
	first   int // place of the first activity in the file, for a steady order
}

// Scored is what came of a file.
type Scored struct {
	Leads  []*Lead // the highest first
	Later  int     // activities after the day: left out
	Nobody int     // activities that name nobody
	Apart  int     // activities that named two known people: kept apart, as a person would be asked
}

// Score plays activities up to a day under a playbook.
func Score(c *playbook.Compiled, phone lead.Phone, as []activity.Activity, today activity.Day) (*Scored, error) {
	out := &Scored{}
	as = slices.DeleteFunc(slices.Clone(as), func(a activity.Activity) bool {
		late := c.Day(a.At) > today
		if late {
			out.Later++
		}
		return late
	})
	slices.SortStableFunc(as, func(a, b activity.Activity) int { return a.At.Compare(b.At) })
	p := people{c: c, phone: phone, owner: map[lead.Identity]*group{}, out: out}
	for i := range as {
		p.take(i, &as[i])
	}
	out.Leads = p.leads()
	for _, l := range out.Leads {
		if err := l.play(c, today); err != nil {
			return nil, fmt.Errorf("lead %s: %w", l.Name, err)
		}
	}
	slices.SortStableFunc(out.Leads, func(a, b *Lead) int {
		return cmp.Or(cmp.Compare(b.Card.Total, a.Card.Total), cmp.Compare(a.first, b.first))
	})
	return out, nil
}

// Find gives the lead that a name belongs to: its id or any identity.
func (s *Scored) Find(name string, phone lead.Phone) (*Lead, bool) {
	var ids []lead.Identity
	for _, w := range []activity.Who{{Email: name}, {Phone: name}, {External: name}, {Visitor: name}} {
		some, _ := lead.Identify(w, phone)
		ids = append(ids, some...)
	}
	for _, l := range s.Leads {
		if string(l.ID) == name || slices.ContainsFunc(ids, func(i lead.Identity) bool { return slices.Contains(l.Names, i) }) {
			return l, true
		}
	}
	return nil, false
}

// act is an activity of a lead, with what it said about who it was.
type act struct {
	*activity.Activity
	known    bool
	excluded playbook.ExclusionKind
	changes  []activity.Property
}

// play tells the life of a lead: each activity on its day, and in between the
// days on which time alone changes something.
func (l *Lead) play(c *playbook.Compiled, today activity.Day) error {
	m := c.Rules.Meters()
	l.State = ledger.New(l.ID, m)
	l.State.Playbook = c.Number
	seen := map[uint64]bool{}
	for i := range l.did {
		a := &l.did[i]
		key := a.ID.Key()
		if seen[key] {
			continue // told twice, done once
		}
		seen[key] = true
		day := c.Day(a.At)
		if err := l.review(c, day); err != nil {
			return err
		}
		l.profile.Apply(a.changes, a.At, key)
		l.State.Known = l.State.Known || a.known
		if a.excluded != playbook.NotExcluded {
			l.State.Excluded = uint8(a.excluded)
		}
		c.Know(l.State, &l.profile)
		e, _ := c.Entry(a.Activity)
		e, undo := c.Burst(l.State, a.Activity, e)
		var was *decision.Was
		if e.Revokes != 0 || len(undo) > 0 {
			was = c.Decisions.Before(l.State, day)
		}
		for _, e := range append([]ledger.Entry{e}, undo...) {
			if err := l.State.Append(m, e); err != nil {
				return err
			}
		}
		if err := l.decide(c, day, a.At, []decision.Arrived{decision.ArrivedOf(&e, a.Activity)}, was); err != nil {
			return err
		}
	}
	if err := l.review(c, today+1); err != nil {
		return err
	}
	if err := l.State.Settle(m, nil); err != nil {
		return err
	}
	l.Card = c.Rules.Card(l.State, today)
	return nil
}

// review looks at the lead on every day before one on which time alone changes
// something, as the daily job does.
func (l *Lead) review(c *playbook.Compiled, before activity.Day) error {
	for r := l.State.Review; r != 0 && r < before; r = l.State.Review {
		if err := l.decide(c, r, r.Date(), nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lead) decide(c *playbook.Compiled, day activity.Day, now time.Time, arrived []decision.Arrived, was *decision.Was) error {
	if err := l.State.Settle(c.Rules.Meters(), nil); err != nil {
		return err
	}
	card := c.Rules.Card(l.State, day)
	l.Decided = append(l.Decided, c.Decisions.Decide(decision.Input{State: l.State, After: &card, Arrived: arrived, Was: was, Today: day, Now: now})...)
	l.State.Pending = nil // carried out at once
	return nil
}
