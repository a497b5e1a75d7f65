package nurture

import (
	"cmp"
	"slices"
	"time"
)

// Expected is what would come of a broadcast if it were sent at its time to
// those who are in its audience now.
type Expected struct {
	At      int64 `json:"at,omitempty"` // when it was counted
	Members int   `json:"members"`      // in the audience
	Sent    int   `json:"sent"`         // get the mail at once
	// Rest are those held and those skipped, by reason, most first.
	Rest []ExpectedReason `json:"rest,omitempty"`
}

// ExpectedReason is how many are held (until a time; the last of them) or
// skipped for one reason.
type ExpectedReason struct {
	Kind   string `json:"kind"` // held or skipped
	Reason string `json:"reason"`
	Count  int    `json:"count"`
	Until  int64  `json:"until,omitempty"` // 0: nobody knows
}

// Add counts one member.
func (x *Expected) Add(n Note) {
	x.Members++
	if n.Kind == "sent" {
		x.Sent++
		return
	}
	var until int64
	if !n.Until.IsZero() {
		until = n.Until.Unix()
	}
	i := slices.IndexFunc(x.Rest, func(r ExpectedReason) bool { return r.Kind == n.Kind && r.Reason == n.Reason })
	if i < 0 {
		i = len(x.Rest)
		x.Rest = append(x.Rest, ExpectedReason{Kind: n.Kind, Reason: n.Reason})
	}
	x.Rest[i].Count++
	x.Rest[i].Until = max(x.Rest[i].Until, until)
	slices.SortStableFunc(x.Rest, func(a, b ExpectedReason) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
}

// Expect says what would come of a broadcast for this person at a time: sent,
// held or skipped, with the reason. It is the claim itself, made on a copy on
// which nothing else is due.
func (r *Recipient) Expect(p *Plan, b *Broadcast, at time.Time) (Note, error) {
	body, err := r.Encode()
	if err != nil {
		return Note{}, err
	}
	c, err := Decode(r.ID, body)
	if err != nil {
		return Note{}, err
	}
	c.Enrollments, c.Hand = nil, nil
	if r.outOfAll() {
		c.Enrollments = []Enrollment{{Track: "-", Ended: Ended, Out: HoldoutAll}}
	}
	if why := c.Enter(p, b, at); why != "" {
		return Note{Kind: "skipped", Track: b.Track(), Reason: why}, nil
	}
	o := c.Claim(p.With(b), Facts{}, at, "expected", DefaultTiming)
	if o.Send != nil {
		return Note{Kind: "sent", Track: b.Track()}, nil
	}
	if len(o.Notes) > 0 {
		return o.Notes[0], nil
	}
	return Note{Kind: "skipped", Track: b.Track(), Reason: MovedOn}, nil
}

// Outcomes is what became of a broadcast: how many got it, whose mail failed or
// is of unknown fate, who waits for which rule, and who left it without a mail
// for which reason.
type Outcomes struct {
	Entered int              `json:"entered"`
	Sent    int              `json:"sent"`
	Unknown int              `json:"unknown"`
	InHand  int              `json:"inHand"`
	Rest    []ExpectedReason `json:"rest,omitempty"`
}

// Add counts a person who is or was in the broadcast.
func (o *Outcomes) Add(r *Recipient, b *Broadcast) {
	for i := range r.Enrollments {
		e := &r.Enrollments[i]
		if e.Track != b.Track() {
			continue
		}
		o.Entered++
		mark := *e
		mark.Step = castStep
		id := sendID(r.ID, &mark, 0)
		s := slices.IndexFunc(r.Sends, func(s Sent) bool { return s.ID == id })
		rest := Expected{Rest: o.Rest}
		switch {
		case r.Hand != nil && r.Hand.ID == id:
			o.InHand++
		case s >= 0 && r.Sends[s].Unknown:
			o.Unknown++
		case s >= 0 && r.Sends[s].Failed != "":
			rest.Add(Note{Kind: "failed", Reason: r.Sends[s].Failed})
		case s >= 0, e.Over(): // what was sent long ago is not remembered one by one
			o.Sent++
		case e.Ended != "":
			rest.Add(Note{Kind: "skipped", Reason: e.Ended})
		case e.Held != "":
			n := Note{Kind: "held", Reason: e.Held}
			if e.Due != 0 {
				n.Until = time.Unix(e.Due, 0)
			}
			rest.Add(n)
		default:
			rest.Add(Note{Kind: "waiting", Reason: Waiting})
		}
		o.Rest = rest.Rest
	}
}
