//go:build race

package sim_test

// raceEnabled: the race detector makes a world ten times slower.
const raceEnabled = true
