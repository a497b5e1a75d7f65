// Run lives through simulated worlds and prints what came of them.
//
//	go run ./internal/sim/run -seed 7           one world again
//	go run ./internal/sim/run -deliveries 1e6   worlds from the first seed on, until so many deliveries
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	_ "time/tzdata"

	"github.com/sarnakh/sarnakh/internal/sim"
)

func main() {
	seed := flag.Uint64("seed", 0, "live through the world of this seed only")
	first := flag.Uint64("first", 1, "the first seed")
	deliveries := flag.Float64("deliveries", 100_000, "stop after so many simulated deliveries")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "worlds side by side")
	trace := flag.Bool("trace", false, "with -seed: print each step")
	stop := flag.Bool("stop", false, "stop at the first world that breaks a promise")
	quiet := flag.Bool("quiet", false, "no line a world")
	mails := flag.Int("mails", 0, "instead: worlds of many mails, until so many were claimed")
	again := flag.Int("again", 0, "instead: so many worlds, all that came in each delivered once more at its end")
	flag.Parse()
	debug.SetGCPercent(400) // worlds are small, and short-lived
	began := time.Now()
	if *mails > 0 {
		sound := mailWorlds(*first, *mails, *workers)
		fmt.Printf("in %s\n", time.Since(began).Round(time.Millisecond))
		if !sound {
			os.Exit(1)
		}
		return
	}
	if *again > 0 {
		if !againWorlds(*first, *again, *workers) {
			os.Exit(1)
		}
		return
	}
	var sum sim.Report
	if *seed != 0 {
		cfg := sim.Of(*seed)
		out := bufio.NewWriter(os.Stdout)
		if *trace {
			cfg.Trace = out
		}
		sum.Add(sim.Run(cfg))
		out.Flush()
	} else {
		sim.Many(*first, int(*deliveries), *workers, func(r sim.Report) bool {
			if !*quiet || !r.Sound() {
				fmt.Printf("seed %d: %d deliveries, %d faults, %d leads, %d mails, trace %016x\n", r.Seed, r.Deliveries, r.Faults, r.Leads, r.Mails, r.Hash)
			}
			sum.Add(r)
			return r.Sound() || !*stop
		})
	}
	sum.Write(os.Stdout)
	fmt.Printf("in %s; again: go run ./internal/sim/run -seed N\n", time.Since(began).Round(time.Millisecond))
	sound := sum.Sound()
	if *seed == 0 && sum.Deliveries >= 100_000 {
		for _, what := range sum.Quiet() {
			fmt.Printf("no %s in %d worlds: this proves little\n", what, sum.Worlds)
			sound = false
		}
	}
	if !sound {
		os.Exit(1)
	}
}
