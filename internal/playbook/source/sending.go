package source

// readSending reads the warm-up of a new domain: from a day on, the most mails
// of each day.
func (r *reader) readSending() {
	v := r.sections["sending"]
	if v == nil || !r.fields(v, "warm_up") {
		return
	}
	w := v.get("warm_up")
	if w == nil || !r.fields(w, "from", "daily") {
		return
	}
	s := &r.p.Sending
	if w.get("from") == nil {
		r.fault(w.place, "the day is missing", "such as from: 2026-12-01, the first day on which the new domain sends")
	} else {
		s.From = r.date(w.get("from"))
	}
	for i, d := range r.list(w.get("daily")) {
		if i >= 100 {
			r.fault(d.place, "more than 100 days", "a domain is warm after some weeks")
			return
		}
		n := r.whole(d, 1, 10_000_000)
		if n > 0 && i > 0 && n < s.Daily[i-1] {
			r.fault(d.place, "a ceiling below that of the day before", "ceilings rise, such as daily: [50, 100, 200, 400]")
		}
		s.Daily = append(s.Daily, n)
	}
	if len(s.Daily) == 0 {
		r.fault(w.place, "no ceilings", "such as daily: [50, 100, 200, 400, 800]")
	}
}
