package nurture

import "time"

// Enroll puts the person into a track at a time. It returns "" or the reason
// why not: inside already, re-entry too early, no such track.
func (r *Recipient) Enroll(p *Plan, track string, now time.Time) string {
	t := p.Track(track)
	switch {
	case t == nil:
		return "no such track"
	case r.Erased != 0:
		return "erased"
	}
	e := Enrollment{Track: track, Round: 1, Since: now.Unix(), Step: t.Steps[0].Name, Due: now.Add(t.Steps[0].Wait()).Unix()}
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
		e.Round = old.Round + 1
		r.Enrollments[i] = e
		return ""
	}
	r.Enrollments = append(r.Enrollments, e)
	return ""
}

// End takes the person out of a track, with the reason. It tells whether they
// were inside.
func (r *Recipient) End(track, reason string) bool {
	for i := range r.Enrollments {
		if e := &r.Enrollments[i]; e.Track == track && e.Ended == "" {
			e.end(reason)
			return true
		}
	}
	return false
}

func (e *Enrollment) end(reason string) {
	e.Ended, e.Due, e.Step, e.Held, e.Index = reason, 0, "", "", 0
}

// advance moves an enrollment past the step it stands at; the wait of the next
// step counts from now.
func (e *Enrollment) advance(t *Track, index int, now time.Time) {
	next := index + 1
	e.Held = ""
	if next >= len(t.Steps) {
		e.end("finished")
		return
	}
	e.Step, e.Index, e.Due = t.Steps[next].Name, next, now.Add(t.Steps[next].Wait()).Unix()
}
