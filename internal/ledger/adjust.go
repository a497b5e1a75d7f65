package ledger

import "github.com/sarnakh/sarnakh/internal/activity"

// Adjustment is what people gave or took by hand and still holds: the sum of
// what ends on one day.
type Adjustment struct {
	Points int
	Until  activity.Day // the last day on which it counts; 0 for ever
}

// Adjustments appends what holds on a day, that for ever first, then by their
// ends. Their sum is the Manual line of Points. The state must be settled.
func (s *State) Adjustments(today activity.Day, out []Adjustment) []Adjustment {
	r := s.register(Manual)
	if r == nil {
		return out
	}
	if s.entries > 0 {
		today = max(today, s.high)
	}
	if r.sum != 0 {
		out = append(out, Adjustment{Points: int(r.sum)})
	}
	for _, c := range r.cells {
		if c.day >= today {
			out = append(out, Adjustment{c.count, c.day})
		}
	}
	return out
}
