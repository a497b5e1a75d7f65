package nurture

import "time"

// Entering is what is known of an entry beyond the person.
type Entering struct {
	// Round counts the entries of the person into the track; 0 is one more than
	// the last.
	Round int
	// Entries counts those who entered the track before, all people together.
	Entries int
}

// Enroll puts the person into a track at a time. It returns "" or the reason
// why not: inside already, re-entry too early, no such track.
func (r *Recipient) Enroll(p *Plan, track string, how Entering, now time.Time) string {
	t := p.Track(track)
	switch {
	case t == nil:
		return "no such track"
	case r.Erased != 0:
		return "erased"
	}
	e := Enrollment{Track: track, Round: max(1, how.Round), Since: now.Unix(), Out: p.heldOut(r.ID, track, how.Entries)}
	for _, o := range r.Enrollments {
		if o.Out == HoldoutAll {
			e.Out = HoldoutAll // of all that comes, broadcasts too
		}
	}
	p.stand(r, &e, t, 0, now)
	for i, old := range r.Enrollments {
		if old.Track != track {
			continue
		}
		switch {
		case old.Ended == "":
			return "already inside"
		case t.ReentryDays == 0:
			return "once for ever"
		case now.Sub(time.Unix(old.Since, 0)) < time.Duration(t.ReentryDays)*24*time.Hour:
			return "re-entry too early"
		}
		e.Round = max(old.Round+1, how.Round)
		// Held out once, held out for good: what they did not get would count.
		if old.Out != "" {
			e.Out = old.Out
		}
		r.Enrollments[i] = e
		return ""
	}
	r.Enrollments = append(r.Enrollments, e)
	return ""
}

// Running finds the enrollment in a track that has not ended, nil where there is
// none.
func (r *Recipient) Running(track string) *Enrollment {
	for i := range r.Enrollments {
		if e := &r.Enrollments[i]; e.Track == track && e.Ended == "" {
			return e
		}
	}
	return nil
}

// End takes the person out of a track, with the reason. It tells whether they
// were inside.
func (r *Recipient) End(track, reason string) bool {
	e := r.Running(track)
	if e == nil {
		return false
	}
	e.end(reason)
	return true
}

// Happened wakes the step of a track that waits for just that. It tells
// whether one did. at is when it happened: what came before the step began to
// wait does not count.
func (r *Recipient) Happened(p *Plan, track string, what Entry, at, now time.Time) bool {
	t := p.Track(track)
	if t == nil {
		return false
	}
	for i := range r.Enrollments {
		e := &r.Enrollments[i]
		if e.Track != track || e.Ended != "" || e.Began == 0 || e.Met || at.Unix() < e.Began {
			continue
		}
		if _, s := t.step(e.Step, e.Index); s != nil && s.Until != nil && s.Until.For == what {
			e.Met, e.Held, e.Due = true, "", now.Unix()
			return true
		}
	}
	return false
}

func (e *Enrollment) end(reason string) {
	*e = Enrollment{Track: e.Track, Round: e.Round, Since: e.Since, Out: e.Out, Ended: reason}
}

// finish ends an enrollment of which no step is left.
func (e *Enrollment) finish(t *Track) {
	if len(t.Goals) > 0 || t.Kind == Acquisition {
		e.end(Exhausted)
		return
	}
	e.end(Finished)
}

// Over tells whether an enrollment ended because no step was left.
func (e *Enrollment) Over() bool { return e.Ended == Finished || e.Ended == Exhausted }

// stand puts an enrollment before the step at a place; its wait counts from
// now.
func (p *Plan) stand(r *Recipient, e *Enrollment, t *Track, place int, now time.Time) {
	s := &t.Steps[place]
	due := now.Add(s.Wait())
	if s.At != nil {
		due, _ = p.at[s.At].next(due, p.ZoneOf(r))
	}
	if t.LongestDays > 0 {
		if end := t.end(e); due.After(end) {
			due = end
		}
	}
	e.Step, e.Index, e.Due = s.Name, place, due.Unix()
	e.Held, e.Began, e.Early, e.Met = "", 0, false, false
}

// end is when a track is over for a person, wherever they stand.
func (t *Track) end(e *Enrollment) time.Time {
	return time.Unix(e.Since, 0).UTC().AddDate(0, 0, t.LongestDays)
}

// advance moves an enrollment past the step it stands at.
func (p *Plan) advance(r *Recipient, e *Enrollment, t *Track, place int, now time.Time) {
	p.jump(r, e, t, place, t.next(place), now)
}

// jump moves an enrollment from one place to another, or to the end.
func (p *Plan) jump(r *Recipient, e *Enrollment, t *Track, from, to int, now time.Time) {
	if to >= len(t.Steps) {
		e.finish(t)
		return
	}
	if to <= from {
		e.Lap++
	}
	p.stand(r, e, t, to, now)
}
