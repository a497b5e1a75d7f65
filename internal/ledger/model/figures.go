package main

import (
	"fmt"
	"io"
)

const seeds = 8

// octave bills the activities around n, from n/1.41 to n·1.41: runs double, so
// only a whole octave holds each kind of merge once.
func octave(p profile, n int) (units, error) {
	return between(p, n*100/141, n*141/100)
}

func between(p profile, first, last int) (units, error) {
	var sum units
	for seed := range uint64(seeds) {
		u, err := live(p, seed, first, last)
		if err != nil {
			return sum, err
		}
		sum.activities += u.activities
		sum.write += u.write
		sum.read += u.read
		sum.asks += u.asks
	}
	return sum, nil
}

// report prints figures and remembers whether one is short.
type report struct {
	out   io.Writer
	short bool
	err   error
}

func (r *report) figure(name string, value float64, unit string, must float64) {
	verdict := "ok"
	if value > must {
		verdict, r.short = "short", true
	}
	fmt.Fprintf(r.out, "%-58s %6.3f %s (must ≤ %g) %s\n", name, value, unit, must, verdict)
}

func (r *report) note(name string, value float64, unit string) {
	fmt.Fprintf(r.out, "%-58s %6.3f %s\n", name, value, unit)
}

func (r *report) units(u units, err error) units {
	if err != nil && r.err == nil {
		r.err = err
	}
	return u
}

// usual is a lead of the example business: 2 activities a day, 12 signals.
func usual(size, batch int) profile {
	return profile{perDay: 2, signals: 12, size: size, batch: batch, fields: 16}
}

func figures(out io.Writer) (short bool, err error) {
	r := &report{out: out}
	const wu, ru = "write units an activity", "read units an activity"

	fmt.Fprintln(out, "existing leads of 100 to 1,000 activities (no id time-ordered)")
	p := usual(50, 1)
	r.figure("ledger.write k=1 50 B", r.units(between(p, 100, 1000)).writeEach(), wu, 1.15)
	p.batch = 8
	r.figure("ledger.write k=8 50 B", r.units(between(p, 100, 1000)).writeEach(), wu, 0.30)
	for _, size := range []int{30, 90, 150} {
		p := usual(size, 1)
		r.note(fmt.Sprintf("ledger.write k=1 %d B", size), r.units(between(p, 100, 1000)).writeEach(), wu)
		p.batch = 8
		r.note(fmt.Sprintf("ledger.write k=8 %d B", size), r.units(between(p, 100, 1000)).writeEach(), wu)
	}
	full := profile{perDay: 2, signals: 40, size: 110, batch: 1, fields: 24}
	r.figure("ledger.write k=1 110 B 40 signals", r.units(between(full, 100, 1000)).writeEach(), wu, 1.30)
	full.batch = 8
	r.figure("ledger.write k=8 110 B 40 signals", r.units(between(full, 100, 1000)).writeEach(), wu, 0.35)

	fmt.Fprintln(out, "a lead that grows old")
	year := profile{perDay: 10, signals: 40, size: 50, batch: 1, fields: 16}
	young := r.units(octave(year, 100)).writeEach()
	old := r.units(octave(year, 3650)).writeEach()
	r.note("ledger.write 10 a day, 40 signals, at 100", young, wu)
	r.note("ledger.write 10 a day, 40 signals, after a year", old, wu)
	r.figure("ledger.write after a year / at 100", old/young, "ratio", 1.10)
	young = r.units(octave(usual(50, 1), 100)).writeEach()
	old = r.units(octave(usual(50, 1), 10_000)).writeEach()
	r.figure("ledger.write at 10,000 / at 100, 12 signals", old/young, "ratio", 1.10)
	wide := profile{perDay: 10, signals: 40, size: 50, batch: 1, fields: 16}
	slim := profile{perDay: 10, signals: 5, size: 50, batch: 1, fields: 16}
	r.figure("ledger.write 40 signals x 400 days / 5 x 10",
		r.units(octave(wide, 4000)).writeEach()/r.units(octave(slim, 100)).writeEach(), "ratio", 1.10)

	fmt.Fprintln(out, "reads: identity, ledger, pages, id blocks and what merges read (no id time-ordered)")
	for _, x := range []struct {
		n    int
		must float64
	}{{10, 1.1}, {100, 1.2}, {1000, 2.5}, {10_000, 3}} {
		r.figure(fmt.Sprintf("ledger.read at %d", x.n), r.units(octave(usual(50, 1), x.n)).readEach(), ru, x.must)
	}
	for _, n := range []int{1000, 10_000} {
		p := usual(50, 1)
		p.ordered = 0.8
		r.note(fmt.Sprintf("ledger.read at %d, 80 %% of ids time-ordered", n), r.units(octave(p, n)).readEach(), ru)
	}

	fmt.Fprintln(out, "a live mix: 30, 40, 25, 5 % of activities in leads of 10, 100, 1,000, 10,000")
	for _, k := range []int{1, 8} {
		mix := 0.0
		for _, x := range []struct {
			n     int
			share float64
		}{{10, .3}, {100, .4}, {1000, .25}, {10_000, .05}} {
			mix += x.share * r.units(octave(usual(50, k), x.n)).writeEach()
		}
		r.note(fmt.Sprintf("ledger.write mix k=%d 50 B", k), mix, wu)
	}
	p = usual(50, 1)
	p.repeats = 0.05
	r.note("ledger.write k=1 50 B, 5 % delivered twice", r.units(between(p, 100, 1000)).writeEach(), wu)
	r.note("ledger.read k=1 50 B, 5 % delivered twice", r.units(between(p, 100, 1000)).readEach(), ru)

	fmt.Fprintln(out, "designs not taken, by their formulas (items of at most 1 KiB)")
	for _, k := range []float64{1, 8} {
		r.note(fmt.Sprintf("transaction an activity, k=%g", k), 4, wu)
		r.note(fmt.Sprintf("one transaction a batch, k=%g", k), 2+2/k, wu)
		r.note(fmt.Sprintf("put if absent, then update (loses points), k=%g", k), 1+1/k, wu)
	}
	return r.short, r.err
}

func grid(out io.Writer) error {
	fmt.Fprintf(out, "%10s %6s %8s %6s %3s %8s %8s\n", "activities", "days", "signals", "bytes", "k", "write", "read")
	for _, n := range []int{10, 100, 1000, 10_000} {
		for _, days := range []int{1, 30, 365, 1000} {
			for _, signals := range []int{2, 10, 40} {
				for _, size := range []int{30, 50, 90, 150} {
					for _, k := range []int{1, 8} {
						p := profile{perDay: float64(n) / float64(days), signals: signals, size: size, batch: k, fields: 16}
						u, err := live(p, 1, n*100/141, n*141/100)
						if err != nil {
							return err
						}
						fmt.Fprintf(out, "%10d %6d %8d %6d %3d %8.3f %8.3f\n", n, days, signals, size, k, u.writeEach(), u.readEach())
					}
				}
			}
		}
	}
	return nil
}
