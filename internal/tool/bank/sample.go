package bank

import (
	"iter"
	"math/rand/v2"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Sample makes rows that look like those of the bank, for where the set is not
// at hand: the same rows each time, under external ids of their own. They
// stand for nothing.
func Sample(most int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		luck := rand.New(rand.NewPCG(1, 2)) // seeded: the same rows each time
		jobs := []string{"admin.", "blue-collar", "entrepreneur", "management", "retired", "services", "student", "technician", "unknown"}
		for n := 1; n <= most; n++ {
			job := jobs[luck.IntN(len(jobs))]
			r := Row{Set: "sample", Number: n, Calls: 1, Duration: luck.IntN(900), Won: luck.IntN(9) == 0}
			for r.Calls < 40 && luck.IntN(5) < 3 { // 2.5 in the mean, as in the set
				r.Calls++
			}
			r.Profile = []activity.Property{
				{Name: "bank_age", Value: activity.NumberValue(float64(18 + luck.IntN(60)))},
				{Name: "bank_job", Value: activity.TextValue(job)},
			}
			if as := role(job); as != "" {
				r.Profile = append(r.Profile, activity.Property{Name: "role", Value: activity.TextValue(as)})
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}
