package sim_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/sarnakh/sarnakh/internal/sim"
)

// deliveries is how many a run of the tests simulates: enough to see the race
// detector pass over all of it. infra/test.sh, ci.sh and nightly.sh run the same
// worlds without it, ten to a thousand times as many.
func deliveries(t *testing.T) int {
	n := 10_000
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
	// A few worlds may lack something rare; a hundred thousand deliveries may not.
	if quiet := sum.Quiet(); len(quiet) > 4 || len(quiet) > 0 && sum.Deliveries >= 100_000 {
		t.Errorf("in %d worlds there were no %q: this proves little", sum.Worlds, quiet)
	}
	if share := 100 * sum.Copies / max(1, sum.Messages); share < 25 && sum.Deliveries >= 100_000 {
		t.Errorf("only %d %% of the messages came twice", share)
	}
}

func TestAllThatEverCameDeliveredOnceMoreSendsNothingAndChangesNoRecord(t *testing.T) {
	t.Parallel()
	for s := range uint64(2) { // infra/sim.sh again lives through more of them
		c := sim.Of(seed(t) + 3 + s)
		c.Again = true
		if r := sim.Run(c); !r.Sound() || r.Again < 1000 || r.Mails == 0 || r.Decisions == 0 {
			t.Errorf("seed %d: %d mails, %d decisions, %d delivered once more: %q", r.Seed, r.Mails, r.Decisions, r.Again, r.Findings)
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

func TestNoMailLeavesTwiceWhateverIsLostAndTheUnknownOnesAreListed(t *testing.T) {
	t.Parallel()
	var sum sim.Report
	for i, loss := range []float64{0, 0.01, 1} {
		r := sim.Run(sim.Mailing(seed(t)+uint64(i), 0.1, loss))
		if !r.Sound() || r.Claims < 100 || loss == 1 && r.Unknown == 0 {
			t.Errorf("%.0f %% of events lost: %d mails, %d of unknown fate: %q", 100*loss, r.Claims, r.Unknown, r.Findings)
		}
		sum.Add(r)
	}
	if sum.Bulked == 0 {
		t.Errorf("none of %d mails left in a bulk", sum.Claims)
	}
}
