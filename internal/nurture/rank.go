package nurture

// The ranks of what may be due: who asked comes first, then what the people in
// sales wait for, then marketing by the priority of its track.
const (
	RankAsked     = 900
	RankTask      = 800
	RankMarketing = 101 // the highest of marketing; 0 was never ranked
)

// SetRank notes how urgent the next step of this person is. While a send is in
// hand nothing moves, because the place on the due index does not either. now is
// unix seconds.
func (r *Recipient) SetRank(p *Plan, now int64) {
	if r.Hand != nil {
		return
	}
	due := max(now, r.Due())
	r.Rank = 0
	for i := range r.Enrollments {
		e := &r.Enrollments[i]
		if e.Ended != "" || e.Due == 0 || e.Due > due {
			continue
		}
		t := p.Track(e.Track)
		if t == nil {
			r.Rank = max(r.Rank, 1) // a broadcast: marketing that no track stands behind
			continue
		}
		rank := 1 + min(max(t.Priority, 0), RankMarketing-1)
		if _, s := t.step(e.Step, e.Index); s != nil {
			switch {
			case s.Class == Asked:
				rank = RankAsked
			case s.Mail == "":
				rank = RankTask
			}
		}
		r.Rank = max(r.Rank, rank)
	}
}
