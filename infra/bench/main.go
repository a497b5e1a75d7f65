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
	"os"
	"os/signal"
	"strings"
	"time"
)

// group is figures that are measured together.
type group struct {
	name    string
	measure func(ctx context.Context, r *report) error
}

func main() {
	only := flag.String("only", "", "names of groups, with commas between: rules, bytes, preview, line, wide, time, first, sim, engine, mail, due, start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := &report{out: os.Stdout}
	for _, g := range []group{
		{"rules", ruleFigures}, {"bytes", byteFigures}, {"preview", previewFigures}, {"line", lineFigures}, {"wide", wideFigures}, {"time", timeFigures},
		{"first", firstFigures}, {"sim", simFigures}, {"engine", engineFigures}, {"mail", mailFigures}, {"due", dueFigures}, {"start", startFigures},
	} {
		if *only != "" && !strings.Contains(","+*only+",", ","+g.name+",") {
			continue
		}
		began := time.Now()
		err := g.measure(ctx, r)
		if ctx.Err() != nil {
			os.Exit(1)
		}
		r.done(g.name, time.Since(began), err)
	}
	if !r.sum() {
		os.Exit(1)
	}
}
