// Command model prints what a lead costs: write and read units an activity, as
// DynamoDB bills them, for leads of every age and size. It runs the real ledger
// (the layout is its winner), beside the designs it replaced.
//
//	go run ./internal/ledger/model          the figures that must hold
//	go run ./internal/ledger/model -grid    every combination
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	all := flag.Bool("grid", false, "print every combination of size, age, signals and batch")
	flag.Parse()
	short, err := figures(os.Stdout)
	if err == nil && *all {
		err = grid(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "model:", err)
		os.Exit(1)
	}
	if short {
		os.Exit(1)
	}
}
