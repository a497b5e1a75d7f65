package flow

import (
	"cmp"
	"errors"
	"slices"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// enroll puts the lead into a track.
func (j *job) enroll() error {
	why, out := "", ""
	entries, err := j.entries()
	if err != nil {
		return err
	}
	err = upsert(j.ctx, j.Store, string(j.msg.Lead), func(r *nurture.Recipient) bool {
		if slices.ContainsFunc(r.Enrollments, func(e nurture.Enrollment) bool { return e.Track == j.msg.Subject && e.Since >= j.msg.At.Unix() }) {
			why = "entered by this decision already, or by a later one"
			return false
		}
		why = r.Enroll(j.c.Nurture, j.msg.Subject, nurture.Entering{Round: j.msg.N, Entries: entries}, j.now)
		r.SetRank(j.c.Nurture, j.now.Unix())
		if e := r.Running(j.msg.Subject); why == "" && e != nil {
			out = e.Out
		}
		return why == ""
	})
	switch {
	case err != nil:
		return err
	case why != "":
		j.Log.Info("not enrolled", "lead", j.msg.Lead, "track", j.msg.Subject, "reason", why)
	default:
		j.count(entries)
		if out != "" {
			j.mark(doneHeldOut)
		}
	}
	return nil
}

// unenroll takes the lead out of a track.
func (j *job) unenroll() error {
	by, err := decision.DecodeReason(j.msg.ReasonBytes())
	if err != nil {
		return err
	}
	code, what := nurture.Ended, j.what(by)
	if by.Goal {
		code = nurture.Goal
	}
	return j.existing(func(r *nurture.Recipient) bool { return r.End(j.msg.Subject, nurture.Because(code, by.By, what)) })
}

// what is which signal, form or activity a reason speaks of.
func (j *job) what(r decision.Reason) string {
	if r.By != "signal" || len(r.Signals) == 0 {
		return r.What
	}
	d, _ := j.c.Set.Definition(r.Signals[0])
	return d.Name
}

// wake tells the step that waits for it that something has come.
func (j *job) wake() error {
	by, err := decision.DecodeReason(j.msg.ReasonBytes())
	if err != nil {
		return err
	}
	var what nurture.Entry
	switch by.By {
	case "signal":
		what.Signal = j.what(by)
	case "activity":
		what.Activity = by.What
	case "form":
		what.Form = by.What
	case "audience":
		what.Audience = by.What
	}
	return j.existing(func(r *nurture.Recipient) bool { return r.Happened(j.c.Nurture, j.msg.Subject, what, j.msg.At, j.now) })
}

// talk tells the recipient whether sales is talking with the lead.
func (j *job) talk() error {
	talk := j.msg.Subject
	if talk == decision.Free {
		talk = ""
	}
	return j.holding(talk != "", func(r *nurture.Recipient) bool {
		if r.ID != string(j.msg.Lead) {
			talk = cmp.Or(talk, r.Talk) // of the lead that was absorbed: it lets nobody go
		} else if j.msg.N <= r.TalkN {
			return false // a later one was told already
		} else {
			r.TalkN = j.msg.N
		}
		r.SetTalk(talk, j.now)
		return true
	})
}

// hold tells the recipient which stage the lead is in: in some, sales is
// talking and marketing waits.
func (j *job) hold() error {
	held := slices.Contains(j.c.Nurture.HoldStages, j.msg.Subject)
	return j.holding(held, func(r *nurture.Recipient) bool {
		if r.ID != string(j.msg.Lead) {
			held = held || r.Held // a stage of the lead that was absorbed lets nobody go
		} else if j.msg.N <= r.StageN {
			return false // a later stage was told already
		} else {
			r.StageN = j.msg.N
		}
		r.SetHold(held, j.msg.Subject, j.now)
		return true
	})
}

// entries tells how many entered the track before, where a hold-out asks.
func (j *job) entries() (int, error) {
	if j.c.Nurture.Holdout == nil {
		return 0, nil
	}
	return j.Store.ReadCount(j.ctx, entriesOf(j.msg.Subject))
}

// count counts an entry until there are enough for a hold-out. It only says
// when that begins, so one that is lost on the way is no harm.
func (j *job) count(entries int) {
	h := j.c.Nurture.Holdout
	if h == nil {
		return
	}
	for range tries {
		if entries >= h.From {
			return
		}
		name := entriesOf(j.msg.Subject)
		err := j.Store.AddCount(j.ctx, name, entries)
		if err == nil {
			return
		}
		if errors.Is(err, store.ErrConflict) {
			entries, err = j.Store.ReadCount(j.ctx, name)
		}
		if err != nil {
			j.Log.Warn("an entry was not counted", "track", j.msg.Subject, "error", err.Error())
			return
		}
	}
}

// entriesOf names the counter of a track's entries.
func entriesOf(track string) string { return "entries#" + track }
