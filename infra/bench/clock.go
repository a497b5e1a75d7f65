package main

import (
	"slices"
	"syscall"
	"time"
)

// cpu is the processor time that this process has used: what runs beside it on
// the machine does not count.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // unreachable: the arguments are good
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// timed runs work until a round is long enough to be measured, and gives the
// nanoseconds of one run.
func timed(work func()) float64 {
	const round = 20 * time.Millisecond
	for n := 1; ; n *= 2 {
		from := cpu()
		for range n {
			work()
		}
		if spent := cpu() - from; spent >= round {
			return float64(spent.Nanoseconds()) / float64(n)
		}
	}
}

// compared runs two works in turns, so that what slows the machine slows both,
// and gives the medians of their nanoseconds and of their ratio a ÷ b.
func compared(rounds int, a, b func()) (ofA, ofB, ratio float64) {
	var as, bs, ratios []float64
	for range rounds {
		x, y := timed(a), timed(b)
		as, bs, ratios = append(as, x), append(bs, y), append(ratios, x/y)
	}
	return median(as), median(bs), median(ratios)
}

func median(list []float64) float64 {
	slices.Sort(list)
	n := len(list)
	if n == 0 {
		return 0
	}
	return (list[(n-1)/2] + list[n/2]) / 2
}
