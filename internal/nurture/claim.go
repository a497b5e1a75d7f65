package nurture

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
)

// Facts is what a step may ask about the lead beyond the recipient item. Those
// that need the ledger are nil where no step of the plan asks (see
// AsksLedger).
type Facts struct {
	// Seen tells whether a signal was seen at or after a time, to the day.
	Seen func(signal string, since time.Time) bool
	// InAudience and Persona are those of now.
	InAudience func(name string) bool
	Persona    func() string
	// Date gives a date attribute of the profile, zero where it is missing.
	Date func(field string) time.Time
	// Attribute gives the value of an attribute, "" where it is missing.
	Attribute func(name string) string
}

// Note is something that the claim decided without a mail: a step that was
// skipped or postponed, an enrollment that ended, a send that was parked.
type Note struct {
	Kind   string // skipped, held, ended, unknown, resent
	Track  string
	Step   string
	Reason string    // see ReadReason
	Until  time.Time // held: the time at which it is tried again
}

// Outcome is what a claim wants done. The recipient was changed in memory: the
// caller stores it under its version and only then acts on Send.
type Outcome struct {
	Changed  bool
	Send     *Send
	Tasks    []TaskDue
	Messages []MessageDue
	Notes    []Note
}

// TaskDue is a call for sales to make.
type TaskDue struct {
	ID    string // the same for the same step of the same enrollment
	Track string
	Step  string
	Task  Task
	Due   time.Time
}

// MessageDue is a message to carry out: it is in Sends, open, under its ID.
type MessageDue struct {
	ID      string
	Track   string
	Step    string
	Channel string
}

// Timing bounds a send. Lease must be longer than the function may run, and
// the function longer than one HTTP call.
type Timing struct {
	Lease   time.Duration // how long a claim protects the send
	Unknown time.Duration // after so long without evidence the fate is unknown
}

// DefaultTiming suits a function that runs at most a minute.
var DefaultTiming = Timing{Lease: 2 * time.Minute, Unknown: time.Hour}

// passes bounds what one claim decides: each finishes, postpones or skips one
// step. What is left is due at once, and comes with the next tick.
const passes = 64

// Claim decides what is due for this person now and reserves at most one mail:
// consent, suppression, caps, calendar, erasure and the lease are all judged
// here, so that one conditional write of the recipient makes the decision and
// the claim together.
func (r *Recipient) Claim(p *Plan, facts Facts, now time.Time, attempt string, timing Timing) Outcome {
	var o Outcome
	if r.Hand != nil {
		r.reconcile(&o, now, attempt, timing)
		if r.Hand != nil || o.Send != nil {
			return o
		}
	}
	if r.Erased != 0 || r.Moved != "" {
		return o
	}
	for range passes {
		e := r.dueFirst(p, now)
		if e == nil {
			break
		}
		o.Changed = true
		if s := r.step(&o, p, e, facts, now); s != nil {
			r.claim(&o, p, e, s, now, attempt, timing)
			break
		}
	}
	if o.Changed {
		r.forget(p, now)
	}
	return o
}

// claim reserves the mail and moves the enrollment on.
func (r *Recipient) claim(o *Outcome, p *Plan, e *Enrollment, step *Step, now time.Time, attempt string, timing Timing) {
	class := step.Class
	if class == "" {
		class = Marketing
	}
	h := &Send{
		ID: sendID(r.ID, e, 0), Attempt: attempt, Track: e.Track, Step: step.Name, Index: e.Index, Round: e.Round, Lap: e.Lap, Mail: step.Mail,
		Class: class, Claimed: now.Unix(), Lease: now.Add(timing.Lease).Unix(), WasDue: e.Due,
	}
	if a := step.arm(r.ID, e.Track); a != nil {
		h.Arm = a.Name
		if a.Mail != "" {
			h.Mail = a.Mail
		}
	}
	r.Hand = h
	p.advance(r, e, p.Track(e.Track), e.Index, now)
	o.Send = h
}

// reconcile looks at the send in hand: alive, sent again once (asked-for), or
// parked as unknown.
func (r *Recipient) reconcile(o *Outcome, now time.Time, attempt string, timing Timing) {
	h := r.Hand
	if now.Unix() <= h.Lease || now.Sub(time.Unix(h.Claimed, 0)) < timing.Unknown {
		return
	}
	o.Changed = true
	if h.Class == Asked && h.Resent == 0 && r.Erased == 0 && r.SuppressedFor(r.Email) == "" {
		h.Resent, h.Attempt, h.Claimed, h.Lease = 1, attempt, now.Unix(), now.Add(timing.Lease).Unix()
		o.Send = h
		o.Notes = append(o.Notes, Note{Kind: "resent", Track: h.Track, Step: h.Step, Reason: Resent})
		return
	}
	r.remember(Sent{ID: h.ID, Mail: h.Mail, At: h.Claimed, Class: h.Class, Arm: h.Arm, Unknown: true})
	r.Hand = nil
	o.Notes = append(o.Notes, Note{Kind: "unknown", Track: h.Track, Step: h.Step, Reason: NoEvidence})
}

// dueFirst picks the enrollment to serve: asked-for mail first, then by the
// track's priority, then by time, then in the order of the playbook's names.
func (r *Recipient) dueFirst(p *Plan, now time.Time) *Enrollment {
	var best *Enrollment
	rank := func(e *Enrollment) (int, int64) {
		t := p.Track(e.Track)
		if t == nil {
			return 1 << 20, e.Due
		}
		pr := t.Priority
		if _, s := t.step(e.Step, e.Index); s != nil && s.Class == Asked {
			pr += 1 << 16
		}
		return pr, e.Due
	}
	for i := range r.Enrollments {
		e := &r.Enrollments[i]
		if e.Ended != "" || e.Due == 0 || e.Due > now.Unix() {
			continue
		}
		if best == nil {
			best = e
			continue
		}
		bp, bd := rank(best)
		ep, ed := rank(e)
		if ep > bp || ep == bp && (ed < bd || ed == bd && strings.Compare(e.Track, best.Track) < 0) {
			best = e
		}
	}
	return best
}

// AsksLedger tells whether what is due for this person now needs the ledger:
// a step that is only for those who did, or did not do, something.
func (r *Recipient) AsksLedger(p *Plan, now time.Time) bool {
	for i := range r.Enrollments {
		// A skipped step may make any other current at once.
		if e := &r.Enrollments[i]; e.Ended == "" && e.Due != 0 && e.Due <= now.Unix() && p.asks[e.Track] {
			return true
		}
	}
	return false
}

func (o *Outcome) note(kind string, e *Enrollment, reason string) {
	o.Notes = append(o.Notes, Note{Kind: kind, Track: e.Track, Step: e.Step, Reason: reason})
}

func (o *Outcome) held(e *Enrollment, until time.Time) {
	o.Notes = append(o.Notes, Note{Kind: "held", Track: e.Track, Step: e.Step, Reason: e.Held, Until: until})
}

// sendID names the mail of one step of one enrollment: the same whoever
// claims it, however often. Going round again makes another.
func sendID(recipient string, e *Enrollment, resend int) string {
	words := fmt.Appendf(nil, "%d:%s%d:%s%d:%s%d.%d", len(recipient), recipient, len(e.Track), e.Track, len(e.Step), e.Step, e.Round, resend)
	if e.Lap > 0 {
		words = fmt.Appendf(words, ".%d", e.Lap)
	}
	h := sha256.Sum256(words)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h[:10]))
}
