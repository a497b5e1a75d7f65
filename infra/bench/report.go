package main

import (
	"fmt"
	"io"
)

// report prints figures and counts those that are short.
type report struct {
	out   io.Writer
	short int
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
		r.short++
	}
	fmt.Fprintf(r.out, "%-62s %9s %s (must %s %g) %s\n", name, number(value), unit, sign, must, verdict)
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
