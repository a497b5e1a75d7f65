package sim

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
)

// checkRecipients holds that everybody is where decisions put them: in tracks
// as often as decided, held while sales talks, and waiting for nothing that is
// over.
func (w *World) checkRecipients() {
	for _, id := range slices.Sorted(maps.Keys(w.due)) {
		stored, err := w.mem.ReadRecipient(context.Background(), id)
		if err != nil {
			w.broken("%v", err)
			continue
		}
		r, err := nurture.Decode(id, stored.Body)
		if err != nil {
			w.broken("%v", err)
			continue
		}
		w.left(r)
		list, _, err := w.mem.ListDecisions(context.Background(), lead.ID(id), "")
		if err != nil {
			w.broken("%v", err)
			continue
		}
		decided := map[string]int{}
		last, stage := 0, ""
		lastTalk, talk := 0, decision.Free
		for _, d := range list {
			switch {
			case d.Quiet:
			case d.Kind == decision.Enroll:
				decided[d.Subject] = max(decided[d.Subject], d.N)
			case d.Kind == decision.Talk && d.N > lastTalk:
				lastTalk, talk = d.N, d.Subject
			case d.Kind == decision.Stage && d.N > last:
				last, stage = d.N, d.Subject
			}
		}
		for _, e := range r.Enrollments {
			if nurture.BroadcastOf(e.Track) != "" {
				decided[e.Track] = 1 // entered by its freezing, once
			}
			if e.Round > decided[e.Track] && !w.absorbed(lead.ID(id)) {
				w.double("%s entered %s for the %d. time, it was decided for the %d. at most", id, e.Track, e.Round, decided[e.Track])
			}
			if late := w.now.Unix() - e.Due; e.Ended == "" && e.Due != 0 && late > 3600 {
				w.broken("%s waits for %s of %s since %s", id, e.Step, e.Track, clockOf(e.Due))
			}
		}
		if w.absorbed(lead.ID(id)) {
			continue
		}
		if is := cmp.Or(r.Talk, decision.Free); is != talk {
			w.broken("it was decided that sales and %s are: %s, and marketing has it as %s", id, talk, is)
		}
		if last == 0 {
			continue
		}
		if held := slices.Contains(w.newest().Playbook.Nurture.HoldStages, stage); held != r.Held {
			w.broken("%s is in stage %s, and marketing is held: %v", id, stage, r.Held)
		}
	}
}

// glance holds one lead, anywhere in the middle of things, against the replay
// of its own log: an item is right at every moment, whatever is going on.
func (w *World) glance() {
	ids := slices.Sorted(maps.Keys(w.is))
	if len(ids) == 0 {
		return
	}
	it := w.is[ids[w.dice.IntN(len(ids))]]
	s, err := ledger.Decode(it)
	if err != nil {
		w.broken("%v", err)
		return
	}
	// What was found by looking back, and then revoked, is looked at again by
	// the next writer.
	if s.MovedTo != "" || s.LookBack {
		return
	}
	w.report.Glances++
	if _, err := w.replay(it, false); err != nil {
		w.wrong("%s, looked at on the way: %v", it.Lead, err)
	}
}

// left holds that who is written to as one who left did leave, or complained.
func (w *World) left(r *nurture.Recipient) {
	for _, p := range r.Permissions {
		if p.Withdrawn == 0 || p.Purpose != "marketing" || p.Channel != "email" {
			continue
		}
		if len(r.Suppressed) > 0 || slices.ContainsFunc(w.mails.group(r.ID), func(id string) bool { return w.mails.asked[id] }) {
			continue
		}
		w.broken("%s is unsubscribed since %s, and never asked for it", r.ID, clockOf(p.Withdrawn))
	}
}
