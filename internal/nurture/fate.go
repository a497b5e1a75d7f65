package nurture

import "time"

// Left records that the send in hand left: the provider took it (attempt is
// the claim's) or its event proves it (attempt ""). It tells whether anything
// changed; a late answer for another attempt changes nothing.
func (r *Recipient) Left(sendID, attempt string, at time.Time) bool {
	if h := r.Hand; h != nil && h.ID == sendID && (attempt == "" || attempt == h.Attempt) {
		r.remember(Sent{ID: h.ID, Mail: h.Mail, At: h.Claimed, Class: h.Class, Arm: h.Arm})
		r.Hand = nil
		return true
	}
	if attempt != "" {
		return false
	}
	// Evidence after the send was parked: its fate is known after all.
	for i := range r.Sends {
		if s := &r.Sends[i]; s.ID == sendID && (s.Unknown || s.Failed != "") {
			s.Unknown, s.Failed = false, ""
			return true
		}
	}
	return false
}

// Never records that a mail that was taken never left (Reject,
// RenderingFailure), or that the provider refused it for good. The track goes
// on with its next step.
func (r *Recipient) Never(sendID, reason string) bool {
	if h := r.Hand; h != nil && h.ID == sendID {
		r.remember(Sent{ID: h.ID, Mail: h.Mail, At: h.Claimed, Class: h.Class, Arm: h.Arm, Failed: reason})
		r.Hand = nil
		return true
	}
	for i := range r.Sends {
		if s := &r.Sends[i]; s.ID == sendID && s.Failed == "" {
			s.Failed, s.Unknown = reason, false
			return true
		}
	}
	return false
}

// Release gives a claim back, on proof that nothing was sent (throttled, no
// connection): the enrollment stands where it stood and is due at retry. Of a
// mail that was sent once more the first copy is still in doubt: it stays in
// hand, and may be sent once more when it was waited for again.
func (r *Recipient) Release(attempt string, retry time.Time) bool {
	h := r.Hand
	if h == nil || h.Attempt != attempt {
		return false
	}
	if h.Resent > 0 {
		h.Resent, h.Attempt, h.Lease = 0, "", retry.Unix()
		return true
	}
	r.Hand = nil
	for i := range r.Enrollments {
		e := &r.Enrollments[i]
		if e.Track == h.Track && e.Round == h.Round && (e.Ended == "" || e.Over()) {
			e.Step, e.Index, e.Lap, e.Due, e.Ended, e.Held = h.Step, h.Index, h.Lap, retry.Unix(), "", Throttled
			e.Began, e.Early, e.Met = h.Claimed, false, true // what the step waited for has come
			return true
		}
	}
	return true // the track ended meanwhile: nothing to put back
}
