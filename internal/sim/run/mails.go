package main

import (
	"fmt"

	"github.com/sarnakh/sarnakh/internal/sim"
)

// mailWorlds lives through worlds of many mails from the first seed on until so
// many were claimed, a sixth each for two shares of failing calls and three of
// lost events. It tells whether every promise was kept.
func mailWorlds(first uint64, claims, workers int) bool {
	sound := true
	var all sim.Report
	for _, rate := range []float64{0.01, 0.1} {
		for _, loss := range []float64{0, 0.01, 1} {
			var sum sim.Report
			sim.Worlds(first, workers, func(seed uint64) sim.Report { return sim.Run(sim.Mailing(seed, rate, loss)) }, func(r sim.Report) bool {
				sum.Add(r)
				return sum.Claims < (claims+5)/6
			})
			fmt.Printf("%2.0f %% of calls fail, %3.0f %% of events lost, seeds %d to %d: %d mails claimed, %d left, %d of them in bulks, %d events lost; %s; other promises broken %d\n",
				100*rate, 100*loss, first, first+uint64(sum.Worlds)-1, sum.Claims, sum.Mails, sum.Bulked, sum.EventsLost, fates(&sum), others(&sum))
			for _, f := range sum.Findings {
				fmt.Println(f)
			}
			sound = sound && sum.Sound()
			all.Add(sum)
		}
	}
	fmt.Printf("%d worlds: %d mails claimed, %d left, %d faults; %s; other promises broken %d\n", all.Worlds, all.Claims, all.Mails, all.Faults, fates(&all), others(&all))
	if claims < 5000 {
		return sound
	}
	for what, n := range map[string]int{"faults": all.Faults, "lost events": all.EventsLost, "bulks": all.Bulks, "mails of unknown fate": all.Unknown, "mails that left although their answer was lost": all.UnknownLeft} {
		if n == 0 {
			fmt.Printf("no %s: this proves little\n", what)
			sound = false
		}
	}
	return sound
}

// fates are the promises about mails.
func fates(r *sim.Report) string {
	return fmt.Sprintf("to somebody twice %d; counted as sent and none left %d; told of by an event and still of unknown fate %d; of unknown fate %d (%d of them left), not on the list %d",
		r.Twice, r.None, r.Unheard, r.Unknown, r.UnknownLeft, r.Unlisted)
}

// others is how often the promises about everything else were broken.
func others(r *sim.Report) int {
	return r.Lost + r.Double + r.Wrong + r.Late + r.Broken - r.Twice - r.None - r.Unheard - r.Unlisted
}
