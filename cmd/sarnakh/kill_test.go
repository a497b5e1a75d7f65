package main

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/tool"
)

const (
	killLeads = 200
	killEach  = 10
)

func external(i int) string { return fmt.Sprintf("kill-%03d", i) }

// did is what a lead of this test does: it views pages, and answers a call.
func did(i int, day time.Time) []activity.Activity {
	var out []activity.Activity
	for n := range killEach {
		a := activity.Activity{
			ID: activity.ID(fmt.Sprintf("%s-%d", external(i), n)), Type: activity.PageViewed, At: day.AddDate(0, 0, -n).Add(time.Duration(i) * time.Second),
			Who: activity.Who{External: external(i)}, Source: "test",
			Properties: []activity.Property{{Name: "path", Value: activity.TextValue([]string{"/pricing", "/product/crm", "/blog/x"}[n%3])}},
		}
		if n == 7 {
			a.Type, a.Properties = activity.CallAnswered, nil
		}
		out = append(out, a)
	}
	return out
}

func TestKilledTwiceInTheMiddleNothingIsLostAndNothingCountsTwice(t *testing.T) {
	r := newRun(t)
	r.visibility = 15 * time.Second
	day := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	var bodies [][]byte
	var externals []string
	for i := range killLeads {
		externals = append(externals, external(i))
		for _, a := range did(i, day) {
			bodies = append(bodies, activity.Encode([]activity.Activity{a}))
		}
	}
	luck := rand.New(rand.NewPCG(3, 4))
	luck.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	half := len(bodies) / 2

	r.ready()
	if err := r.activities.SendAll(t.Context(), bodies[:half]); err != nil {
		t.Fatal(err)
	}
	taken := 0
	r.until("any taken in", 5*time.Minute, func() bool { taken = r.entries(); return taken >= half/10 })
	r.kill()
	middle := 0
	if taken = r.entries(); taken < half {
		middle++
	}
	t.Logf("killed with %d of %d taken in", taken, len(bodies))

	// The queue lives on without the run. So does what others send to it.
	if err := r.activities.SendAll(t.Context(), bodies[half:]); err != nil {
		t.Fatal(err)
	}
	lines := r.start()
	go func() {
		for range lines {
		}
	}()
	before := taken
	r.until("more taken in by the second run", 8*time.Minute, func() bool { taken = r.entries(); return taken >= before+half/10 })
	r.kill()
	if taken = r.entries(); taken < len(bodies) {
		middle++
	}
	t.Logf("killed again with %d of %d taken in", taken, len(bodies))
	if middle == 0 { // where this process had to wait long for its turn, one kill may come late
		t.Error("all was taken in before both kills: none was in the middle")
	}

	r.ready()
	r.quiet()
	got, err := r.desk.Check(t.Context(), tool.Checking{
		Externals: externals, Sent: func(i int) []activity.Activity { return did(i, day) }, Sample: killLeads, Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Faults {
		t.Error(f)
	}
	if got.Leads != killLeads || got.Entries != len(bodies) || got.Conflicts != 0 || got.Equal != killLeads {
		t.Errorf("%+v, want %d leads with %d entries", got, killLeads, len(bodies))
	}
	if n := r.entries(); n != len(bodies) {
		t.Errorf("all ledgers hold %d entries, %d were sent", n, len(bodies))
	}
	r.decidedOnce()
}

// entries adds up the logs of all leads.
func (r *aRun) entries() int {
	r.t.Helper()
	n := 0
	r.everyState(func(s *ledger.State) { n += s.Activities() })
	return n
}

func (r *aRun) everyState(do func(s *ledger.State)) {
	r.t.Helper()
	for page := ""; ; {
		items, next, err := r.store.ScanLedgers(r.t.Context(), 0, 1, 0, page)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, it := range items {
			s, err := ledger.Decode(it)
			if err != nil {
				r.t.Fatal(err)
			}
			do(s)
		}
		if page = next; page == "" {
			return
		}
	}
}

// decidedOnce holds the records of decisions against their keys: the n-th time
// comes once, and after the one before it.
func (r *aRun) decidedOnce() {
	r.t.Helper()
	var leads []*ledger.State
	r.everyState(func(s *ledger.State) { leads = append(leads, s) })
	all := 0
	for _, s := range leads {
		times := map[string][]bool{}
		for page := ""; ; {
			some, next, err := r.store.ListDecisions(r.t.Context(), s.Lead, page)
			if err != nil {
				r.t.Fatal(err)
			}
			for _, d := range some {
				all++
				note(times, d.DecisionKey)
			}
			if page = next; page == "" {
				break
			}
		}
		for what, seen := range times {
			for n, yes := range seen {
				if !yes {
					r.t.Errorf("lead %s: %s came %d times, and not for time %d", s.Lead, what, len(seen), n+1)
				}
			}
		}
	}
	if all == 0 {
		r.t.Error("nothing was decided at all")
	}
}

func note(times map[string][]bool, k store.DecisionKey) {
	what := k.Kind // what a lead enters and leaves of one kind is counted together
	if k.Kind == decision.Enroll || k.Kind == decision.Unenroll {
		what = "track " + k.Subject
	}
	for len(times[what]) < k.N {
		times[what] = append(times[what], false)
	}
	times[what][k.N-1] = true
}
