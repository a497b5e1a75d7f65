package decision

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/score"
)

// stage moves the lead through the lifecycle: to where a person or a reason
// puts it, else forward to the last stage that it can enter.
func (d *deciding) stage() {
	c := d.rules.Config()
	if len(c.Stages) == 0 {
		return
	}
	was := d.rules.StageOf(d.State.Stage)
	m := d.memory.mark(markStage)
	place, reason := was, Reason{}
	if to, r, ok := d.moved(); ok {
		place, reason = to, r
		if place < was || place != was && reason.By == "reason" {
			// Whoever was sent back to a stage that they had not come to yet was
			// sent back too. What brought the lead forward before does not count again.
			m.state, m.since = told, d.Today
		}
		if place != was {
			d.entered = append(d.entered, place)
		}
	} else {
		for k := was + 1; k < len(c.Stages); k++ {
			if need := d.enters(k, place, m); need != nil {
				place = k
				d.entered = append(d.entered, k)
				reason = needReason(need)
			}
		}
	}
	if place == was {
		if to, ok := d.fallen(was); ok {
			place, reason = to, Reason{By: revokedReason}
		}
	}
	d.State.Stage = d.rules.StageNumber(place)
	if place == was || c.Stages[place].Silent {
		return
	}
	reason.From = d.rules.StageNumber(was)
	d.add(Stage, c.Stages[place].Name, m, reason)
}

// moved finds the last activity by which a person, or a reason, puts the lead
// into a stage.
func (d *deciding) moved() (place int, r Reason, ok bool) {
	for i := range d.Arrived {
		a := &d.Arrived[i]
		if a.Entry.Revoked {
			continue
		}
		switch a.Entry.Type {
		case "lead.adjusted":
			if k, found := d.rules.StageNamed(a.Stage); found && a.Stage != "" {
				place, r, ok = k, Reason{By: "person"}, true
			}
		case "lead.returned", "deal.lost":
			if k := d.reasonStage(a.Reason); k >= 0 {
				place, r, ok = k, Reason{By: "reason", What: a.Reason}, true
			}
		}
	}
	return place, r, ok
}

func (d *deciding) reasonStage(reason string) int {
	stages := d.rules.Config().Stages
	for _, want := range []string{reason, "*"} {
		if i := slices.IndexFunc(stages, func(s score.Stage) bool { return slices.Contains(s.Reasons, want) }); i >= 0 && want != "" {
			return i
		}
	}
	return -1
}

// enters gives the condition by which the stage at k can be entered from the
// place where the lead now stands, nil if none.
func (d *deciding) enters(k, place int, m *mark) *score.Need {
	s := &d.rules.Config().Stages[k]
	if !d.After.CanEnter(k) {
		return nil
	}
	if s.From != "" {
		if from, _ := d.rules.StageNamed(s.From); place < from {
			return nil
		}
	}
	for i := range s.Enter {
		n := &s.Enter[i]
		if d.facts.Holds(n) && (m.state != told || d.isNew(n, m)) {
			return n
		}
	}
	return nil
}

// isNew tells whether a condition rests on something after the day on which
// the lead was sent back: what it did on a later day or just now, or a
// hand-over told just now. Points that were there before are not news.
func (d *deciding) isNew(n *score.Need, m *mark) bool {
	if n.Handover && d.told {
		return true
	}
	for _, list := range [][]Signal{n.Seen, n.All} {
		for _, k := range list {
			if def, _ := d.rules.Signals().Definition(k); def.Kind == "profile" {
				continue
			}
			if days := int(d.Today - m.since); days > 0 && d.facts.Seen(k, days) {
				return true
			}
			for i := range d.Arrived {
				if d.Arrived[i].hits(k) {
					return true
				}
			}
		}
	}
	return false
}

func needReason(n *score.Need) Reason {
	r := Reason{By: "total"}
	if len(n.Seen)+len(n.All) > 0 {
		r.By = "signal"
		r.Signals = append(append(r.Signals, n.Seen...), n.All...)
		if len(r.Signals) > 3 {
			r.Signals = r.Signals[:3]
		}
	}
	return r
}
