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
	Forms      int // percent of what they do that is a form
	Complain   int // percent of mails that are complained about
	LeaveOneIn int // of so many who get a marketing mail, one unsubscribes
	TwinOneIn  int // of so many people, one is known by two addresses
	Casts      int // broadcasts, to everybody and seldom cancelled; 0: one to four of every kind
	// Shuffled: what people do in the first third reaches the queue in any order
	// in the other two.
	Shuffled bool
	// FaultRate is the share of calls that fail, EventLoss the share of mail
	// events that never come.
	FaultRate float64
	EventLoss float64
	// Again delivers all that came once more when everything is over.
	Again bool
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
		Days: 30 + d.IntN(20), People: 12 + d.IntN(16), Activities: 420 + d.IntN(160), Forms: 20, Complain: 1, LeaveOneIn: 9, TwinOneIn: 9,
		FaultRate: []float64{0, 0.01, 0.01, 0.03, 0.03, 0.1, 0.1}[d.IntN(7)],
		EventLoss: []float64{0, 0, 0, 0.01, 0.1, 1}[d.IntN(6)],
		Books:     []*playbook.Playbook{Book()},
	}
	switch seed % 5 {
	case 2: // few people with long histories
		c.People, c.Activities = 3+d.IntN(3), 900
	case 3: // a sender that was cut off, and then sends its pile
		c.Shuffled = true
	case 4: // many mails, and many who leave
		c.People, c.Activities, c.Forms, c.LeaveOneIn, c.TwinOneIn = 40+d.IntN(30), 250, 70, 3, 3
		c.Complain = 6
	}
	for range d.IntN(3) {
		c.Books = append(c.Books, Changed(c.Books[len(c.Books)-1], len(c.Books)))
	}
	return c
}
