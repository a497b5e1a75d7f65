package nurture

import "time"

// Forecast says what will come of the step that a person stands at in a track
// if nothing changes until it is due: sent, held or skipped, with the reason
// and, where it is held, until when. It is the claim itself, made on a copy on
// which nothing else is due. false: there is nothing to say, because the track
// is over for them, or because the step asks what they do until then.
func (r *Recipient) Forecast(p *Plan, track string, now time.Time) (Note, bool) {
	body, err := r.Encode()
	if err != nil {
		return Note{}, false
	}
	c, err := Decode(r.ID, body)
	if err != nil {
		return Note{}, false
	}
	c.Hand, c.Enrollments = nil, nil
	at := now
	for _, e := range r.Enrollments {
		if e.Track != track || e.Ended != "" {
			continue
		}
		if e.Due == 0 { // an event must come first; what holds it is asked now
			e.Due = now.Unix()
		}
		if due := time.Unix(e.Due, 0); due.After(at) {
			at = due
		}
		t := p.Track(track)
		if t == nil {
			return Note{Kind: "ended", Track: track, Reason: p.gone(track)}, true
		}
		if _, s := t.step(e.Step, e.Index); s == nil || s.Only != "" || s.Unless != "" || s.OnlyIn != "" || s.UntilField != "" || s.Until != nil || len(s.Split) > 0 || s.Task != nil {
			return Note{}, false
		}
		c.Enrollments = append(c.Enrollments, e)
	}
	if len(c.Enrollments) == 0 {
		return Note{}, false
	}
	o := c.Claim(p, Facts{}, at, "forecast", DefaultTiming)
	if len(o.Notes) > 0 {
		return o.Notes[0], true
	}
	if o.Send != nil || len(o.Messages) > 0 {
		return Note{Kind: "sent", Track: track, Until: at}, true
	}
	return Note{}, false
}

// SentFor names the track and the step that a send was for, as far as the
// person is still known to have been there.
func (r *Recipient) SentFor(p *Plan, s Sent) (track, step string) {
	for _, e := range r.Enrollments {
		steps := []Step{{Name: castStep}}
		if t := p.Track(e.Track); t != nil {
			steps = t.Steps
		} else if BroadcastOf(e.Track) == "" {
			continue
		}
		for round := e.Round; round > 0 && round > e.Round-3; round-- {
			for i := range steps {
				mark := e
				mark.Step, mark.Round, mark.Lap = steps[i].Name, round, 0
				if sendID(r.ID, &mark, 0) == s.ID {
					return e.Track, steps[i].Name
				}
			}
		}
	}
	return "", ""
}
