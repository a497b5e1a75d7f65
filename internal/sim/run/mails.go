package main

import (
	"fmt"
	"sync"

	"github.com/sarnakh/sarnakh/internal/sim"
)

// mailWorlds lives through worlds of many mails until so many were claimed, a
// sixth each for two shares of failing calls and three of lost events. It tells
// whether every promise was kept.
func mailWorlds(claims, workers int) bool {
	sound := true
	var all sim.Report
	for _, rate := range []float64{0.01, 0.1} {
		for _, loss := range []float64{0, 0.01, 1} {
			var sum sim.Report
			for seed := uint64(1); sum.Claims < (claims+5)/6; seed += uint64(workers) {
				reports := make([]sim.Report, workers)
				var wait sync.WaitGroup
				for i := range reports {
					wait.Go(func() { reports[i] = sim.Run(sim.Mailing(seed+uint64(i), rate, loss)) })
				}
				wait.Wait()
				for _, r := range reports {
					sum.Add(r)
				}
			}
			fmt.Printf("%2.0f %% of calls fail, %3.0f %% of events lost: %d mails claimed, %d left, %d in bulks, %d events lost; left twice %d; of unknown fate, all listed: %d; other promises broken %d\n",
				100*rate, 100*loss, sum.Claims, sum.Mails, sum.Bulked, sum.EventsLost, sum.Double, sum.Unknown, sum.Lost+sum.Wrong+sum.Late+sum.Broken)
			for _, f := range sum.Findings {
				fmt.Println(f)
			}
			sound = sound && sum.Sound()
			all.Add(sum)
		}
	}
	fmt.Printf("%d worlds: %d mails claimed, %d left, left twice %d, of unknown fate %d\n", all.Worlds, all.Claims, all.Mails, all.Double, all.Unknown)
	return sound
}
