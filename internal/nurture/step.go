package nurture

import (
	"slices"
	"time"
)

// step does what the step that an enrollment stands at asks for, and gives the
// step back when a mail is to be claimed for it. Otherwise it postponed the
// step, skipped it, made a task or a message, or ended the enrollment.
func (r *Recipient) step(o *Outcome, p *Plan, e *Enrollment, facts Facts, now time.Time) *Step {
	t := p.Track(e.Track)
	if t == nil {
		e.end(p.gone(e.Track))
		o.note("ended", e, e.Ended)
		return nil
	}
	if t.LongestDays > 0 && !now.Before(t.end(e)) {
		e.end(because(TooLong, t.LongestDays))
		o.note("ended", e, e.Ended)
		return nil
	}
	place, s := t.step(e.Step, e.Index)
	if s == nil {
		e.finish(t)
		o.note("ended", e, e.Ended)
		return nil
	}
	if s.Name != e.Step { // the playbook changed under them: they take its place
		e.Began, e.Early, e.Met = 0, false, false
	}
	e.Step, e.Index = s.Name, place
	if at := dateWanted(s, facts); at.After(now) {
		e.hold(o, because(AwaitsDate, s.UntilField), at)
		return nil
	}
	if s.Until != nil && !r.awaited(o, p, t, s, e, facts, now) {
		return nil
	}
	if len(s.Split) > 0 {
		to := r.branch(t, s, e, facts)
		p.jump(r, e, t, place, to, now)
		r.ended(o, e)
		return nil
	}
	if why := r.skips(p, t, s, e, facts); why != "" {
		o.note("skipped", e, why)
		p.advance(r, e, t, place, now)
		if len(t.Steps) == 1 {
			e.Ended = why // nothing else can say what became of it
		}
		r.ended(o, e)
		return nil
	}
	if s.Task != nil {
		within := time.Duration(s.Task.WithinHours) * time.Hour
		o.Tasks = append(o.Tasks, TaskDue{ID: sendID(r.ID, e, 0), Track: e.Track, Step: s.Name, Task: *s.Task, Due: p.WorkDue(now, within)})
		p.advance(r, e, t, place, now)
		r.ended(o, e)
		return nil
	}
	if s.Class != Asked {
		if until, rule := r.marketingFrom(p, s.writes(), now); rule != "" {
			e.hold(o, rule, until)
			return nil
		}
	}
	if s.Message == nil {
		return s
	}
	class := s.Class
	if class == "" {
		class = Marketing
	}
	id := sendID(r.ID, e, 0)
	r.remember(Sent{ID: id, Mail: e.Track + "/" + s.Name, At: now.Unix(), Class: class, Channel: s.Message.Channel, Open: true})
	o.Messages = append(o.Messages, MessageDue{ID: id, Track: e.Track, Step: s.Name, Channel: s.Message.Channel})
	p.advance(r, e, t, place, now)
	r.ended(o, e)
	return nil
}

// hold postpones the step, with the rule and the time until; a zero time waits
// for an event.
func (e *Enrollment) hold(o *Outcome, rule string, until time.Time) {
	e.Held, e.Due = rule, 0
	if !until.IsZero() {
		e.Due = until.Unix()
	}
	o.held(e, until)
}

func (r *Recipient) ended(o *Outcome, e *Enrollment) {
	if e.Ended != "" {
		o.note("ended", e, e.Ended)
	}
}

// awaited tells whether what a step waits for has come. If not, the enrollment
// was held until it comes or the time is over, or has gone the other way.
func (r *Recipient) awaited(o *Outcome, p *Plan, t *Track, s *Step, e *Enrollment, facts Facts, now time.Time) bool {
	u := s.Until
	seen := func(since time.Time) bool {
		switch {
		case u.For.Audience != "":
			return facts.InAudience != nil && facts.InAudience(u.For.Audience)
		case u.For.Signal != "":
			return facts.Seen != nil && facts.Seen(u.For.Signal, since)
		}
		return false // told by its event alone
	}
	if e.Met {
		return true
	}
	if e.Began == 0 {
		e.Began = now.Unix()
		if e.Early = seen(now); e.Early && u.For.Audience != "" {
			e.Met = true // who is inside does not have to come in first
			return true
		}
	}
	began := time.Unix(e.Began, 0).UTC()
	if end := began.Add(u.Within()); now.Before(end) {
		kind, which := "signal", u.For.Signal
		switch {
		case u.For.Audience != "":
			kind, which = "audience", u.For.Audience
		case u.For.Activity != "":
			kind, which = "activity", u.For.Activity
		case u.For.Form != "":
			kind, which = "form", u.For.Form
		}
		if t.LongestDays > 0 && end.After(t.end(e)) {
			end = t.end(e)
		}
		e.hold(o, because(Awaits, kind, which), end)
		return false
	}
	// The event itself comes at once; this finds one that is still on its way.
	since := began
	if e.Early {
		since = began.Add(24 * time.Hour)
	}
	if seen(since) || u.Otherwise == s.Name {
		e.Met = true
		return true
	}
	place, _ := t.step(e.Step, e.Index)
	p.jump(r, e, t, place, t.place(u.Otherwise), now)
	r.ended(o, e)
	return false
}

// branch gives the place to which a split leads this person.
func (r *Recipient) branch(t *Track, s *Step, e *Enrollment, facts Facts) int {
	since := time.Unix(e.Since, 0)
	for i := range s.Split {
		b := &s.Split[i]
		holds := true
		switch {
		case b.Audience != "":
			holds = facts.InAudience != nil && facts.InAudience(b.Audience)
		case b.Persona != "":
			holds = facts.Persona != nil && facts.Persona() == b.Persona
		case b.Seen != "":
			holds = facts.Seen != nil && facts.Seen(b.Seen, since)
		case b.Attribute != "":
			holds = facts.Attribute != nil && facts.Attribute(b.Attribute) == b.Is
		case b.Weight > 0:
			b = r.byChance(s, e.Track)
		}
		if holds {
			return t.place(b.Goto)
		}
	}
	return t.next(e.Index)
}

// byChance gives the branch of this person among those with a weight.
func (r *Recipient) byChance(s *Step, track string) *Branch {
	sum := 0
	for i := range s.Split {
		sum += s.Split[i].Weight
	}
	n := chance(sum, "split", r.ID, track, s.Name)
	for i := range s.Split {
		if n -= s.Split[i].Weight; n < 0 {
			return &s.Split[i]
		}
	}
	panic("nurture: a weight was asked for where there is none") // unreachable: n < sum
}

// skips gives the reason why a step does not fit this person, "" if it does.
// What answers a request needs no marketing consent, and who is held out of
// marketing gets it too.
func (r *Recipient) skips(p *Plan, t *Track, s *Step, e *Enrollment, facts Facts) string {
	since := time.Unix(e.Since, 0)
	switch {
	case s.Only != "" && (facts.Seen == nil || !facts.Seen(s.Only, since)):
		return because(NotSeen, s.Only)
	case s.Unless != "" && facts.Seen != nil && facts.Seen(s.Unless, since):
		return because(SeenAlready, s.Unless)
	case s.OnlyIn != "" && (facts.InAudience == nil || !facts.InAudience(s.OnlyIn)):
		return because(NotIn, s.OnlyIn)
	case e.Out != "" && s.Class != Asked:
		return because(HeldOut, e.Out)
	case s.NeedsMobile && r.Mobile == "":
		return NoMobile
	}
	channel, address := s.writes(), r.Email
	if channel == "" {
		return ""
	}
	if channel != Email {
		address = r.Mobile
	}
	switch why := r.SuppressedFor(address); {
	case address == "" && channel == Email:
		return NoEmail
	case address == "":
		return NoMobile
	case why != "":
		return because(Suppression, why)
	case s.Class == Asked:
		return ""
	case !r.Permits(p, channel):
		return because(NoConsent, channel)
	case t.Topic != "" && slices.Contains(r.TopicsOff, t.Topic):
		return because(TopicOff, t.Topic)
	}
	return ""
}

// Permits tells whether the person may be sent marketing over a channel. Double
// opt-in is for e-mail: a number is not proved by a link.
func (r *Recipient) Permits(p *Plan, channel string) bool {
	return r.Consents(channel, "marketing", p.DoubleOptIn && channel == Email)
}

func dateWanted(s *Step, facts Facts) time.Time {
	if s.UntilField == "" || facts.Date == nil {
		return time.Time{}
	}
	return facts.Date(s.UntilField)
}

// Carried settles an open message: carried out, or, with a reason, never. It
// tells whether it was open.
func (r *Recipient) Carried(id, failed string) bool {
	for i := range r.Sends {
		if s := &r.Sends[i]; s.ID == id && s.Open {
			s.Open, s.Failed = false, failed
			return true
		}
	}
	return false
}

// Message finds the claim of a message, nil where there is none (yet).
func (r *Recipient) Message(id string) *Sent {
	for i := range r.Sends {
		if s := &r.Sends[i]; s.ID == id && s.Channel != "" {
			return s
		}
	}
	return nil
}
