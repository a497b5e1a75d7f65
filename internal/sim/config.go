package sim

import (
	"io"
	"math/rand/v2"
	"time"

	"github.com/sarnakh/sarnakh/internal/playbook"
)

// Config is one world.
type Config struct {
	Seed       uint64
	Start      time.Time
	Days       int // for which people act
	People     int
	Activities int // about how many they do
	// FaultRate is the share of calls that fail, EventLoss the share of mail
	// events that never come.
	FaultRate float64
	EventLoss float64
	// Books are published one after the other; the first is in force from the
	// beginning.
	Books []*playbook.Playbook
	Trace io.Writer // each step a line; nil for none
}

// Of is the world of a seed: how much goes wrong in it, and what the business
// is like, follow from the seed too.
func Of(seed uint64) Config {
	d := rand.New(rand.NewPCG(seed, 3))
	c := Config{
		Seed: seed, Start: time.Date(2026, time.Month(1+d.IntN(12)), 1+d.IntN(28), d.IntN(24), d.IntN(60), d.IntN(60), 0, time.UTC),
		Days: 30 + d.IntN(20), People: 12 + d.IntN(16), Activities: 420 + d.IntN(160),
		FaultRate: []float64{0, 0.01, 0.01, 0.03, 0.03, 0.1, 0.1}[d.IntN(7)],
		EventLoss: []float64{0, 0, 0, 0.01, 0.1, 1}[d.IntN(6)],
		Books:     []*playbook.Playbook{Book()},
	}
	for range d.IntN(3) {
		c.Books = append(c.Books, Changed(c.Books[len(c.Books)-1], len(c.Books)))
	}
	return c
}
