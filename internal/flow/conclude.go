package flow

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
)

// lost is how long a pending decision may wait for its record before the due
// index offers it again: what a stream loses is found by then.
const lost = 15 * time.Minute

// movedBand is the index key of a lead that another one absorbed: no list asks
// for it.
const movedBand = "moved"

// conclude brings everything that follows from a settled ledger up to date:
// card, decisions, band, review day and due time. It returns the new decisions.
func conclude(c *playbook.Compiled, s *ledger.State, arrived []decision.Arrived, now time.Time, quiet decision.Cause) []ledger.Pending {
	return concludeAfter(c, s, nil, arrived, now, quiet)
}

// concludeAfter is conclude where evidence was taken back: was is what the lead
// met before.
func concludeAfter(c *playbook.Compiled, s *ledger.State, was *decision.Was, arrived []decision.Arrived, now time.Time, quiet decision.Cause) []ledger.Pending {
	today := c.Day(now)
	card := c.Rules.Brief(s, today)
	made := c.Decisions.Decide(decision.Input{State: s, After: &card, Arrived: arrived, Was: was, Today: today, Now: now, Quiet: quiet})
	s.Playbook = c.Number
	s.Band = bandOf(s, card)
	setDue(s, len(made) > 0, now)
	return made
}

// bandOf lists people who are known and scored; an index key cannot be taken
// away by a ledger write, so who was listed once goes under a key of its own.
func bandOf(s *ledger.State, card score.Card) string {
	switch {
	case s.MovedTo != "":
		return movedBand
	case s.Excluded != 0:
		return store.BandKey("excluded", s.Lead)
	case !s.Known:
		return s.Band
	}
	return store.BandKey(card.Band, s.Lead)
}

// setDue puts an item with pending decisions on the due index. One that is
// there stays where it is: moving the key costs twice what the look is worth.
func setDue(s *ledger.State, more bool, now time.Time) {
	switch {
	case len(s.Pending) == 0:
		s.DueShard, s.DueAt = "", 0
	case s.DueShard == "" || more && s.DueAt <= now.Unix():
		s.DueShard, s.DueAt = store.DueShard(string(s.Lead)), now.Add(lost).Unix()
	}
}
