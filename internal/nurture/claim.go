package nurture

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Facts is what a step may ask about the lead beyond the recipient item.
type Facts struct {
	// Seen tells whether a signal was seen at or after a time. Nil where no
	// step of the plan asks (see Plan.AsksLedger).
	Seen func(signal string, since time.Time) bool
	// Date gives a date attribute of the profile, zero where it is missing.
	Date func(field string) time.Time
}

// Note is something that the claim decided without a mail: a step that was
// skipped or postponed, an enrollment that ended, a send that was parked.
type Note struct {
	Kind   string // skipped, held, ended, unknown, resent
	Track  string
	Step   string
	Reason string
	Until  time.Time // held: the time at which it is tried again
}

// Outcome is what a claim wants done. The recipient was changed in memory: the
// caller stores it under its version and only then acts on Send or Tasks.
type Outcome struct {
	Changed bool
	Send    *Send
	Tasks   []TaskDue
	Notes   []Note
}

// TaskDue is a call for sales to make.
type TaskDue struct {
	ID    string // the same for the same step of the same enrollment
	Track string
	Step  string
	Task  Task
	Due   time.Time
}

// Timing bounds a send. Lease must be longer than the function may run, and
// the function longer than one HTTP call.
type Timing struct {
	Lease   time.Duration // how long a claim protects the send
	Unknown time.Duration // after so long without evidence the fate is unknown
}

// DefaultTiming suits a function that runs at most a minute.
var DefaultTiming = Timing{Lease: 2 * time.Minute, Unknown: time.Hour}

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
	for range 16 { // each pass finishes, postpones or skips one step; a track is longer only by mistake
		e := r.dueFirst(p, now)
		if e == nil {
			break
		}
		o.Changed = true
		t := p.Track(e.Track)
		if t == nil {
			e.end(p.gone(e.Track))
			o.note("ended", e, e.Ended)
			continue
		}
		index, step := t.step(e.Step, e.Index)
		if step == nil {
			e.end("finished")
			o.note("ended", e, "finished")
			continue
		}
		e.Step, e.Index = step.Name, index
		if at := r.dateWanted(step, facts); at.After(now) {
			e.Due, e.Held = at.Unix(), "waits for "+step.UntilField
			o.held(e, at)
			continue
		}
		if why := r.skips(p, t, step, e, facts); why != "" {
			o.note("skipped", e, why)
			e.advance(t, index, now)
			if len(t.Steps) == 1 {
				e.Ended = why // nothing else can say what became of it
			}
			continue
		}
		if step.Task != nil {
			id := sendID(r.ID, e, 0)
			within := time.Duration(step.Task.WithinHours) * time.Hour
			o.Tasks = append(o.Tasks, TaskDue{ID: id, Track: e.Track, Step: step.Name, Task: *step.Task, Due: p.WorkDue(now, within)})
			e.advance(t, index, now)
			continue
		}
		if step.Class != Asked {
			if until, rule := r.marketingFrom(p, now); rule != "" {
				e.Held, e.Due = rule, 0
				if !until.IsZero() {
					e.Due = until.Unix()
				}
				o.held(e, until)
				continue
			}
		}
		r.claim(&o, e, t, step, now, attempt, timing)
		return o
	}
	return o
}

// claim reserves the mail and moves the enrollment on.
func (r *Recipient) claim(o *Outcome, e *Enrollment, t *Track, step *Step, now time.Time, attempt string, timing Timing) {
	class := step.Class
	if class == "" {
		class = Marketing
	}
	r.Hand = &Send{
		ID: sendID(r.ID, e, 0), Attempt: attempt, Track: e.Track, Step: step.Name, Index: e.Index, Round: e.Round, Mail: step.Mail,
		Class: class, Claimed: now.Unix(), Lease: now.Add(timing.Lease).Unix(), WasDue: e.Due,
	}
	e.advance(t, e.Index, now)
	o.Changed, o.Send = true, r.Hand
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
		o.Notes = append(o.Notes, Note{Kind: "resent", Track: h.Track, Step: h.Step, Reason: "no evidence that the asked-for mail left"})
		return
	}
	r.remember(Sent{ID: h.ID, Mail: h.Mail, At: h.Claimed, Class: h.Class, Unknown: true})
	r.Hand = nil
	o.Notes = append(o.Notes, Note{Kind: "unknown", Track: h.Track, Step: h.Step, Reason: "no answer and no evidence: not repeated"})
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

// skips gives the reason why a step does not fit this person, "" if it does.
// Asked-for mail answers a request and needs no marketing consent.
func (r *Recipient) skips(p *Plan, t *Track, s *Step, e *Enrollment, facts Facts) string {
	since := time.Unix(e.Since, 0)
	if s.Only != "" && (facts.Seen == nil || !facts.Seen(s.Only, since)) {
		return "not seen: " + s.Only
	}
	if s.Unless != "" && facts.Seen != nil && facts.Seen(s.Unless, since) {
		return "seen already: " + s.Unless
	}
	if s.NeedsMobile && r.Mobile == "" {
		return "no mobile known"
	}
	if s.Mail == "" {
		return ""
	}
	if r.Email == "" {
		return "no e-mail address"
	}
	if why := r.SuppressedFor(r.Email); why != "" {
		return "address suppressed: " + why
	}
	if s.Class == Asked {
		return ""
	}
	if !r.Consents("email", "marketing", p.DoubleOptIn) {
		return "no consent"
	}
	if t.Topic != "" && slices.Contains(r.TopicsOff, t.Topic) {
		return "topic switched off"
	}
	return ""
}

func (r *Recipient) dateWanted(s *Step, facts Facts) time.Time {
	if s.UntilField == "" || facts.Date == nil {
		return time.Time{}
	}
	return facts.Date(s.UntilField)
}

// AsksLedger tells whether what is due for this person now needs the ledger:
// a step that is only for those who did, or did not do, something.
func (r *Recipient) AsksLedger(p *Plan, now time.Time) bool {
	for i := range r.Enrollments {
		e := &r.Enrollments[i]
		t := p.Track(e.Track)
		if t == nil || e.Ended != "" || e.Due == 0 || e.Due > now.Unix() {
			continue
		}
		// A skipped step makes the next one current at once where its wait is 0.
		for _, s := range t.Steps[min(e.Index, len(t.Steps)):] {
			if s.Only != "" || s.Unless != "" {
				return true
			}
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
// claims it, however often.
func sendID(recipient string, e *Enrollment, resend int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s%d:%s%d.%d", len(recipient), recipient, len(e.Track), e.Track, len(e.Step), e.Step, e.Round, resend))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h[:10]))
}
