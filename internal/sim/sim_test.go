package sim_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/sarnakh/sarnakh/internal/sim"
)

// deliveries is how many a run of the tests simulates; nightly runs more, by
// infra/sim.sh.
func deliveries(t *testing.T) int {
	n := 100_000
	if raceEnabled {
		n = 10_000
	}
	if testing.Short() {
		n = 5_000
	}
	if s := os.Getenv("SARNAKH_SIM_DELIVERIES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("SARNAKH_SIM_DELIVERIES: %v", err)
		}
	}
	return n
}

// seed is where the worlds begin: SARNAKH_SEED lives through that one first.
func seed(t *testing.T) uint64 {
	s := os.Getenv("SARNAKH_SEED")
	if s == "" {
		return 1
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("SARNAKH_SEED: %v", err)
	}
	return n
}

func TestEveryPromiseIsKeptInWorldsFullOfFaults(t *testing.T) {
	t.Parallel()
	var sum sim.Report
	sim.Many(seed(t), deliveries(t), runtime.GOMAXPROCS(0), func(r sim.Report) bool {
		if !r.Sound() {
			t.Errorf("again with: go run ./internal/sim/run -seed %d", r.Seed)
		}
		sum.Add(r)
		return true
	})
	sum.Write(t.Output())
	// A simulation in which little happens proves little.
	for what, n := range map[string]int{
		"faults": sum.Faults, "crashes": sum.Crashes, "merges": sum.Merges, "mails": sum.Mails, "unsubscribes": sum.Unsubscribes, "decisions": sum.Decisions,
		"alerts": sum.Alerts, "webhooks": sum.Webhooks, "lost stream records": sum.StreamLost, "parked messages": sum.Parked, "publishes": sum.Publishes,
		"sends of unknown fate": sum.Unknown,
	} {
		if n == 0 {
			t.Errorf("no %s in %d worlds", what, sum.Worlds)
		}
	}
}

func TestTheSameSeedGivesTheSameTrace(t *testing.T) {
	t.Parallel()
	for _, s := range []uint64{1, 5, 11} {
		a, b := sim.Run(sim.Of(s)), sim.Run(sim.Of(s))
		if a.Hash != b.Hash {
			t.Errorf("seed %d: traces %016x and %016x", s, a.Hash, b.Hash)
		}
		if c := sim.Run(sim.Of(s + 1)); c.Hash == a.Hash {
			t.Errorf("seeds %d and %d: one trace", s, s+1)
		}
	}
}
