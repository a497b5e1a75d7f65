package flow

import (
	"context"
	"errors"
	"hash/fnv"
	"maps"
	"time"

	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/store"
)

// alertUnknown is how long an alert whose fate is not known waits for evidence
// before it is sent once more: a hot lead that nobody is told of costs more
// than a second mail under the same id to ourselves.
const alertUnknown = 15 * time.Minute

// once tells sales by one mail. The claim is stored before the mail is handed
// over; a claim without an answer waits for the mail's own event.
func (j *job) once(write func() (mail.Message, error)) error {
	if claimed := j.rec.Done[doneClaim]; claimed != 0 {
		if wait := time.Unix(claimed, 0).Add(alertUnknown).Sub(j.now); wait > 0 {
			return &AgainError{wait + time.Second, errors.New("begun, and not known whether it left")}
		}
		if j.did(doneAgain) {
			j.Log.Error("an alert was begun twice, and it is not known whether either left; the work item stands", "decision", j.msg.Key)
			j.mark(doneDoubt)
			j.mark(doneAlert)
			return nil
		}
	}
	m, err := write()
	if err != nil {
		return err
	}
	unclaimed := j.rec.Done
	if j.did(doneClaim) {
		j.mark(doneAgain)
	}
	j.mark(doneClaim)
	j.rec.Done = with(j.rec.Done, doneBy, j.claimant())
	if err := j.save(); err != nil {
		j.rec.Done = unclaimed // nothing was begun, whatever else is saved
		return err
	}
	fate, err := j.Send(j.ctx, m)
	switch fate {
	case mail.Taken:
		j.mark(doneAlert)
		return nil
	case mail.Later, mail.Refused:
		// Proof that nothing left: the claim is given back.
		again := j.did(doneAgain)
		j.rec.Done = maps.Clone(j.rec.Done)
		delete(j.rec.Done, doneClaim)
		if again { // what is still in doubt is the first one
			delete(j.rec.Done, doneAgain)
			j.rec.Done[doneClaim] = j.now.Add(-alertUnknown).Unix()
		}
		j.dirty = true
		after := time.Minute
		if fate == mail.Refused {
			after = time.Hour // a sender or address that must be set right by a person
		}
		return &AgainError{after, err}
	}
	return &AgainError{alertUnknown, err}
}

// claimant tells the claims of two invocations apart: without it both would
// write the same, and each would take the other's write for its own.
func (j *job) claimant() int64 {
	h := fnv.New64a()
	h.Write([]byte(j.Attempt))
	return int64(h.Sum64() >> 11) // a number that JSON keeps whole
}

// begin makes the record of a mail of several leads, unless it is there. Its
// message says all that the record does, so whoever comes first may make it.
func (d *Deliver) begin(ctx context.Context, key store.DecisionKey, msg Delivery) (store.Decision, error) {
	err := d.Store.WriteDecision(ctx, store.Decision{DecisionKey: key, Playbook: msg.Playbook, At: msg.At.Unix(), Body: msg.Encode()})
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return store.Decision{}, err
	}
	return d.Store.ReadDecision(ctx, key)
}
