package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/sarnakh/sarnakh/internal/sim"
)

// simulated is how many deliveries the bench simulates; CI does ten times, a
// night a hundred times as many (infra/sim.sh).
const simulated = 100_000

// simFigures are the promises that the simulated worlds are held to.
func simFigures(_ context.Context, r *report) error {
	var sum sim.Report
	sim.Many(1, simulated, runtime.GOMAXPROCS(0), func(one sim.Report) bool { sum.Add(one); return true })
	r.title(fmt.Sprintf("simulated worlds: %d deliveries, %d faults at %d calls, three of ten messages twice", sum.Deliveries, sum.Faults, sum.Calls))
	r.most("sim.lost", float64(sum.Lost), "activities or messages", 0)
	r.most("sim.double", float64(sum.Double), "activities, mails or alerts", 0)
	r.most("sim.score other than its replay", float64(sum.Wrong), "looks", 0)
	r.most("sim.mails after an unsubscribe, other promises", float64(sum.Late+sum.Broken), "broken", 0)
	return nil
}
