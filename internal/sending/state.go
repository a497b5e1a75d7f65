// Package sending decides how many mails may leave now: the account's rate and
// daily quota, a warm-up plan for a new domain, a pause after trouble, and the
// brake that stops marketing when too much bounces or is complained about.
//
// All of it is one small item that every sender changes by a conditional write,
// so that senders beside each other keep the limits together. It knows no
// clock, no store and no mail.
package sending

import (
	"encoding/json"
	"fmt"
	"time"
)

// Quota is what the provider lets the account send.
type Quota struct {
	PerSecond float64 `json:"r"`
	PerDay    float64 `json:"d"` // in any 24 hours; below 0: no bound
	Sent      float64 `json:"s"` // in the last 24 hours, when it was asked
}

// Plan is the warm-up of a new sending domain: the most mails a day, from the
// day From on (2026-12-01, in the business's zone); after the list there is no
// ceiling. Mailbox providers distrust a domain that begins with thousands.
type Plan struct {
	From  string `json:"from,omitempty"`
	Daily []int  `json:"daily,omitempty"`
}

// Ceiling is the most mails of a local day, -1 for no bound.
func (p Plan) Ceiling(day time.Time) int {
	from, err := time.Parse(time.DateOnly, p.From)
	if err != nil || len(p.Daily) == 0 {
		return -1
	}
	y, m, d := day.Date()
	n := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(from).Hours() / 24)
	switch {
	case n < 0:
		return p.Daily[0] // not begun: no more than on the first day
	case n >= len(p.Daily):
		return -1
	}
	return p.Daily[n]
}

// State is what senders share. Its zero value is an account of which nothing is
// known yet.
type State struct {
	Quota   Quota `json:"q,omitzero"`
	QuotaAt int64 `json:"qa,omitempty"` // unix seconds; 0: never asked
	Since   int64 `json:"qs,omitempty"` // handed out since then
	Next    int64 `json:"n,omitempty"`  // unix milliseconds: when the next mail may leave
	// Day and Today count mails of the business's local day, for the warm-up.
	Day   string `json:"y,omitempty"`
	Today int    `json:"t,omitempty"`
	// Down counts troubles in a row; nothing leaves before Until, unix seconds.
	Down  int   `json:"w,omitempty"`
	Until int64 `json:"u,omitempty"`
	// Sent numbers all mails that were handed out, ever.
	Sent int64 `json:"c,omitempty"`
	Brake
}

// share is the part of the rate that this line takes: alerts to sales, and
// whoever else uses the account, need some.
const share = 0.9

// Hold is how far ahead tokens are given out: whoever holds them must live to
// use them.
const Hold = 10 * time.Second

// Fresh tells whether the quota is new enough: it is asked once a minute, by
// one of all senders.
func (s *State) Fresh(now time.Time) bool { return now.Unix()-s.QuotaAt < 60 }

// Learn notes what the provider said.
func (s *State) Learn(q Quota, now time.Time) { s.Quota, s.QuotaAt, s.Since = q, now.Unix(), 0 }

// Grant is leave to send: so many from a time on, a gap apart.
type Grant struct {
	Asked, Marketing int
	From             time.Time
	Gap              time.Duration
	// Why says what stands in the way of the rest, "" if nothing does; Held is
	// the same where it holds marketing only, for longer than minutes.
	Why, Held string
	// Braked tells that it is the brake.
	Braked bool
}

// Total is all of a grant.
func (g Grant) Total() int { return g.Asked + g.Marketing }

// Reserve gives out tokens, those for asked-for mail first, and remembers them:
// they are used up, whether a mail leaves or not. The brake and the warm-up
// hold marketing only. within is how long the sender may take, at most Hold.
func (s *State) Reserve(asked, marketing int, plan Plan, zone *time.Location, now time.Time, within time.Duration) Grant {
	g := Grant{From: now}
	if day := now.In(zone).Format(time.DateOnly); s.Day != day {
		s.Day, s.Today = day, 0
	}
	if now.Unix() < s.Until {
		g.Why = fmt.Sprintf("the mail service had trouble %d times: next try at %s", s.Down, time.Unix(s.Until, 0).UTC().Format(time.RFC3339))
		return g
	}
	most := asked + marketing
	limit := func(n int, why string) {
		if n = max(0, n); n < most {
			most, g.Why = n, why
		}
	}
	if s.Quota.PerDay >= 0 && s.QuotaAt != 0 {
		limit(int(s.Quota.PerDay-s.Quota.Sent)-int(s.Since), "the account's quota of 24 hours is used up")
	}
	if rate := s.rate(); rate > 0 {
		g.Gap = time.Duration(float64(time.Second) / rate)
		if from := time.UnixMilli(s.Next); from.After(now) {
			g.From = from
		}
		within = min(within, Hold)
		left := max(0, now.Add(within).Sub(g.From))
		n := int(left / g.Gap)
		if left == within && within > 0 {
			n = max(1, n) // slower than one in the time that is given out
		}
		limit(n, fmt.Sprintf("%.3g mails a second are all given out", rate))
	}
	if s.Down > 1 {
		limit(1, "one mail tries whether the mail service is well again")
	}
	g.Asked = min(asked, most)
	g.Marketing = min(marketing, most-g.Asked)
	if g.Marketing > 0 {
		if s.Shut != 0 {
			g.Marketing, g.Braked, g.Held = 0, true, "the brake is shut: "+s.Reason
		} else if c := plan.Ceiling(now.In(zone)); c >= 0 && s.Today+g.Asked+g.Marketing > c {
			g.Marketing, g.Held = max(0, c-s.Today-g.Asked), fmt.Sprintf("warm-up: at most %d mails on %s", c, s.Day)
		}
		if g.Held != "" {
			g.Why = g.Held
		}
	}
	n := g.Total()
	if n > 0 {
		s.Next = g.From.Add(time.Duration(n) * g.Gap).UnixMilli()
		s.Since += int64(n)
		s.Today += n
		s.Sent += int64(n)
	}
	return g
}

// rate is the mails a second that are given out, 0 for no bound.
func (s *State) rate() float64 {
	if s.QuotaAt == 0 {
		return 0
	}
	return s.Quota.PerSecond * share
}

// longest bounds the pause after trouble.
const longest = 30 * time.Minute

// Trouble pauses all sending: half a minute after the first time, twice as long
// after each further one.
func (s *State) Trouble(now time.Time) {
	pause := min(30*time.Second<<min(s.Down, 10), longest)
	s.Down++
	s.Until = now.Add(pause).Unix()
}

// Well ends the count of troubles; it tells whether there was one.
func (s *State) Well() bool {
	was := s.Down > 0
	s.Down, s.Until = 0, 0
	return was
}

// Encode gives the bytes of the item.
func (s *State) Encode() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // unreachable: numbers and texts
	}
	return b
}

// Decode reads them; nothing is an account of which nothing is known.
func Decode(b []byte) (*State, error) {
	s := &State{}
	if len(b) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("state of sending: %w: written by a newer release?", err)
	}
	return s, nil
}
