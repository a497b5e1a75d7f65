package sim

import "sync"

// Many lives through worlds from a seed on, some side by side, until together
// they made so many deliveries. each is told of them in the order of seeds, and
// says whether to go on.
func Many(first uint64, deliveries, workers int, each func(Report) bool) {
	Worlds(first, workers, func(seed uint64) Report { return Run(Of(seed)) }, func(r Report) bool {
		deliveries -= r.Deliveries
		return each(r) && deliveries > 0
	})
}

// Worlds lives through a world a seed, some side by side, as long as each, who
// is told of them in the order of seeds, says to go on.
func Worlds(first uint64, workers int, run func(seed uint64) Report, each func(Report) bool) {
	type result struct {
		seed uint64
		r    Report
	}
	seeds := make(chan uint64)
	results := make(chan result)
	var wait sync.WaitGroup
	for range max(1, workers) {
		wait.Go(func() {
			for s := range seeds {
				results <- result{s, run(s)}
			}
		})
	}
	go func() { wait.Wait(); close(results) }()
	done := make(chan struct{})
	go func() {
		defer close(seeds)
		for s := first; ; s++ {
			select {
			case seeds <- s:
			case <-done:
				return
			}
		}
	}()
	waiting := map[uint64]Report{}
	next, over := first, false
	for x := range results {
		waiting[x.seed] = x.r
		for r, ok := waiting[next]; ok; r, ok = waiting[next] {
			delete(waiting, next)
			next++
			if !over && !each(r) {
				over = true
				close(done)
			}
		}
	}
}
