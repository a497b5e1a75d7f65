package main

import (
	"fmt"
	"io"
	"time"
)

// report prints figures, and at the end how many are short.
type report struct {
	out    io.Writer
	ok     int
	groups []string // a line each: how long it took, what is short
	short  []string // of the group that runs
	bad    bool     // a group failed, or a figure is short
}

// done ends a group. One that failed stops no other.
func (r *report) done(name string, took time.Duration, err error) {
	line := fmt.Sprintf("%-8s %4.0f s  %3d ok  %d short", name, took.Seconds(), r.ok, len(r.short))
	for _, s := range r.short {
		line += "\n         short: " + s
	}
	if err != nil {
		line += "\n         failed: " + err.Error()
	}
	r.bad = r.bad || err != nil || len(r.short) > 0
	r.groups, r.short, r.ok = append(r.groups, line), nil, 0
}

// sum prints a line a group and tells whether all is as promised.
func (r *report) sum() bool {
	r.title("in sum")
	for _, line := range r.groups {
		fmt.Fprintln(r.out, line)
	}
	return !r.bad
}

func (r *report) title(text string) { fmt.Fprintf(r.out, "\n%s\n", text) }

// note prints a figure that nothing hangs on.
func (r *report) note(name string, value float64, unit string) {
	fmt.Fprintf(r.out, "%-62s %9s %s\n", name, number(value), unit)
}

// most prints a figure that may not be more than its must.
func (r *report) most(name string, value float64, unit string, must float64) {
	r.judged(name, value, unit, "≤", must, value <= must)
}

// least prints a figure that may not be less than its must.
func (r *report) least(name string, value float64, unit string, must float64) {
	r.judged(name, value, unit, "≥", must, value >= must)
}

func (r *report) judged(name string, value float64, unit, sign string, must float64, ok bool) {
	verdict := "ok"
	if !ok { // also when it is not a number
		verdict = "short"
	}
	line := fmt.Sprintf("%-62s %9s %s (must %s %g) %s", name, number(value), unit, sign, must, verdict)
	fmt.Fprintln(r.out, line)
	if ok {
		r.ok++
	} else {
		r.short = append(r.short, line)
	}
}

func number(v float64) string {
	switch {
	case v == float64(int64(v)):
		return fmt.Sprint(int64(v))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
