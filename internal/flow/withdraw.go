package flow

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// doneWithdrawn says that a decision was taken back before it was told.
const doneWithdrawn = "withdrawn"

// withdraws tells that a withdrawal takes a decision of the same lead back: the
// hand-over of its number, or the requests by its signal up to its number.
func withdraws(w, d store.DecisionKey) bool {
	if w.Kind != decision.Withdrawn || w.Lead != d.Lead {
		return false
	}
	kind, name, _ := strings.Cut(w.Subject, ".")
	switch kind {
	case decision.Handover:
		return d.Kind == kind && d.N == w.N
	case decision.FastLane:
		return d.Kind == kind && d.Subject == name && d.N <= w.N
	}
	return false
}

// takeBack takes what a withdrawal names off the work list, and keeps it off: a
// decision may be delivered after its own withdrawal.
func (j *job) takeBack() error {
	w := j.rec.DecisionKey
	return changeWork(j.ctx, j.Store, j.msg.Lead, func(item *WorkItem) bool {
		if slices.Contains(item.Withdrawn, j.msg.Key) {
			return false
		}
		item.Withdrawn = append(item.Withdrawn, j.msg.Key)
		item.Withdrawn = item.Withdrawn[max(0, len(item.Withdrawn)-keepDone):]
		for _, r := range item.Reasons {
			if d, err := store.ParseDecisionKey(r.ID); err == nil && withdraws(w, d) {
				item.Done = append(item.Done, r.ID)
			}
		}
		item.Done = item.Done[max(0, len(item.Done)-keepDone):]
		item.Reasons = slices.DeleteFunc(item.Reasons, func(r WorkReason) bool { return slices.Contains(item.Done, r.ID) })
		return true
	})
}

// withdrawn tells that a reason was taken back before it came onto the list.
func (w *WorkItem) withdrawn(id string) bool {
	d, err := store.ParseDecisionKey(id)
	return err == nil && slices.ContainsFunc(w.Withdrawn, func(key string) bool {
		k, err := store.ParseDecisionKey(key)
		return err == nil && withdraws(k, d)
	})
}

// takenBack tells that the decision in hand was taken back already: by a
// withdrawal that was delivered, or by one that still waits in the ledger.
func (j *job) takenBack() (bool, error) {
	stored, err := j.Store.ReadWork(j.ctx, j.msg.Lead)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	item, err := ReadWorkItem(stored)
	if err != nil {
		return false, err
	}
	if item.withdrawn(j.msg.Key) {
		return true, nil
	}
	it, err := j.Store.ReadLedger(j.ctx, j.msg.Lead)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s, err := ledger.Decode(it)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(s.Pending, func(p ledger.Pending) bool { return withdraws(KeyOf(s.Lead, p), j.rec.DecisionKey) }), nil
}

// tellSales carries out a decision that sales hears of, unless it was taken back.
func (j *job) tellSales(part func(name string, do func() error)) error {
	told := j.did(doneAlert) || j.toldByFastLane()
	if !j.did(doneWork) || !told {
		back, err := j.takenBack()
		if err != nil {
			return err
		}
		if back {
			if !j.did(doneWithdrawn) {
				j.mark(doneWithdrawn)
			}
			if j.rec.Waits != "" { // no list tells of it any more
				j.rec.Waits, j.dirty = "", true
			}
			part(doneWork, func() error { return NoteWork(j.ctx, j.Store, j.msg.Lead, j.msg.Key) })
			return nil
		}
	}
	part(doneWork, j.work)
	if !told {
		return j.alert()
	}
	return nil
}

// NoteWork closes a reason that is not, or no longer, to be on the list.
func NoteWork(ctx context.Context, s WorkStore, id lead.ID, reason string) error {
	return changeWork(ctx, s, id, func(w *WorkItem) bool {
		if slices.Contains(w.Done, reason) {
			return false
		}
		w.Reasons = slices.DeleteFunc(w.Reasons, func(r WorkReason) bool { return r.ID == reason })
		w.Done = append(w.Done, reason)
		w.Done = w.Done[max(0, len(w.Done)-keepDone):]
		return true
	})
}
