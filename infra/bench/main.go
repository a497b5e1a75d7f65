// Command bench prints the figures that are promised, one a line, and exits
// with 1 when one is short. Ratios and counts judge; times are only printed.
// Baselines (expr, encoding/json) are linked here and nowhere else: this
// folder is a module of its own.
//
//	infra/bench.sh                      all of it, with fresh engines
//	infra/bench.sh -only rules,bytes    some
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// group is figures that are measured together.
type group struct {
	name    string
	measure func(ctx context.Context, r *report) error
}

func main() {
	only := flag.String("only", "", "names of groups, with commas between: rules, bytes, preview, line, wide, time, first, sim, engine, mail, start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := &report{out: os.Stdout}
	for _, g := range []group{
		{"rules", ruleFigures}, {"bytes", byteFigures}, {"preview", previewFigures}, {"line", lineFigures}, {"wide", wideFigures}, {"time", timeFigures},
		{"first", firstFigures}, {"sim", simFigures}, {"engine", engineFigures}, {"mail", mailFigures}, {"start", startFigures},
	} {
		if *only != "" && !strings.Contains(","+*only+",", ","+g.name+",") {
			continue
		}
		if err := g.measure(ctx, r); err != nil {
			fmt.Fprintf(os.Stderr, "bench %s: %v\n", g.name, err)
			os.Exit(1)
		}
	}
	if r.short > 0 {
		fmt.Fprintf(os.Stderr, "%d figures are short\n", r.short)
		os.Exit(1)
	}
}
