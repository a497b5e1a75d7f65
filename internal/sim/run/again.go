package main

import (
	"fmt"

	"github.com/sarnakh/sarnakh/internal/sim"
)

// againWorlds lives through so many worlds, delivers all that came in each once
// more at its end, and tells whether that changed nothing.
func againWorlds(first uint64, worlds, workers int) bool {
	var sum sim.Report
	sim.Worlds(first, workers, func(seed uint64) sim.Report {
		c := sim.Of(seed)
		c.Again = true
		return sim.Run(c)
	}, func(r sim.Report) bool {
		sum.Add(r)
		return sum.Worlds < worlds
	})
	for _, f := range sum.Findings {
		fmt.Println(f)
	}
	fmt.Printf("seeds %d to %d: %d leads, %d decisions, %d mails; %d messages, dead letters and records of the stream delivered once more, at once and a season later; promises broken %d\n",
		first, first+uint64(worlds)-1, sum.Leads, sum.Decisions, sum.Mails, sum.Again, sum.Lost+sum.Double+sum.Wrong+sum.Late+sum.Broken)
	return sum.Sound() && sum.Again > 0
}
