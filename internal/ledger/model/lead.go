package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// profile is a kind of lead.
type profile struct {
	perDay  float64 // activities a day
	signals int     // metered
	size    int     // bytes of an entry
	batch   int     // k: activities of the lead in one batch of ingest
	ordered float64 // share of ids that are time-ordered, ours
	repeats float64 // share of activities delivered twice
	fields  int     // bytes of the caller's own: memory of decisions
}

// units is what was billed, and for how many activities.
type units struct {
	activities, write, read, asks float64
}

func (u units) writeEach() float64 { return u.write / u.activities }
func (u units) readEach() float64  { return u.read / u.activities }

// meters is a playbook of so many signals with the limits and half-lives of the
// example business, in turn.
func meters(n int) (*ledger.Meters, error) {
	half := func(d int) ledger.Decay { return ledger.Decay{Kind: ledger.HalfLife, Days: d} }
	kinds := []ledger.Meter{
		{Points: 1, PerDay: 3, Decay: half(7)},
		{Points: 2, PerDay: 6, Decay: half(10)},
		{Points: 6, OncePer: 1, Cap: 12, CapDays: 7, Decay: half(10)},
		{Points: 15, Cap: 15, CapDays: 14, Decay: half(14)},
		{Points: 30, Cap: 30, CapDays: 30, Decay: half(21)},
		{Points: 5, Once: true},
		{Points: 12, Cap: 20, CapDays: 30, Decay: half(30)},
		{Points: 5, Cap: 5, CapDays: 7, Decay: half(10)}, // three of the second kind in seven days
		{Points: 3, Cap: 9, CapDays: 7, Decay: half(14)},
		{Points: -10, OncePer: 90, Decay: half(60)},
	}
	var out []ledger.Meter
	for i := range n {
		x := kinds[i%len(kinds)]
		x.Signal = signal.Number(i + 1)
		if i%len(kinds) == 7 {
			x.Count = &signal.Count{Of: x.Signal - 6, AtLeast: 3, Days: 7}
		}
		out = append(out, x)
	}
	return ledger.NewMeters(out)
}

// live lives a lead through the real ledger and bills what it reads and writes.
// Activities from the first to the last are billed, those before only happen.
func live(p profile, seed uint64, first, last int) (units, error) {
	m, err := meters(p.signals)
	if err != nil {
		return units{}, err
	}
	l := &life{profile: p, meters: m, random: rand.New(rand.NewPCG(seed, 1)), shelf: ledger.Shelf{}}
	l.item = ledger.Item{Lead: "mfrggzdfmztwq2lk"}
	for l.done < last {
		l.bill = units{}
		if err := l.batch(); err != nil {
			return units{}, fmt.Errorf("lead of seed %d, activity %d: %w", seed, l.done, err)
		}
		if l.done > first {
			l.sum.activities += float64(p.batch)
			l.sum.write += l.bill.write
			l.sum.read += l.bill.read
			l.sum.asks += l.bill.asks
		}
	}
	return l.sum, nil
}

type life struct {
	profile
	meters *ledger.Meters
	random *rand.Rand
	shelf  ledger.Shelf
	item   ledger.Item
	done   int
	last   ledger.Entry
	recent []ledger.Entry // the last forty: what a queue may deliver again
	bill   units
	sum    units
	lines  []ledger.Line
}

func (l *life) entry() ledger.Entry {
	l.done++
	at := 20000*86400 + int64(float64(l.done)*86400/l.perDay)
	e := ledger.Entry{
		Key: l.random.Uint64(), PayloadHash: l.random.Uint32(), Type: activity.PageViewed,
		At: at, Received: at + 1 + l.random.Int64N(3), Day: activity.Day(at / 86400),
	}
	if l.random.Float64() < l.ordered {
		e.Made = e.Received
	}
	for len(e.Hits) < min(2, l.signals) {
		h := signal.Number(1 + l.random.IntN(l.signals))
		if (h-1)%10 == 7 || len(e.Hits) == 1 && e.Hits[0] == h {
			continue
		}
		e.Hits = append(e.Hits, h)
	}
	if len(e.Hits) == 2 && e.Hits[0] > e.Hits[1] {
		e.Hits[0], e.Hits[1] = e.Hits[1], e.Hits[0]
	}
	e.Packed = bytes.Repeat([]byte{'x'}, max(0, l.size-e.Size()-1))
	return e
}

// batch is what ingest does for one lead.
func (l *life) batch() error {
	l.bill.read += 0.5 * float64(l.profile.batch) // the identity
	l.bill.read += ledger.ReadUnits(l.item.Size())
	s := ledger.New(l.item.Lead, l.meters)
	if l.item.Version > 0 {
		var err error
		if s, err = ledger.Decode(l.item); err != nil {
			return err
		}
	}
	for range l.profile.batch {
		e := l.entry()
		if err := l.take(s, e); err != nil {
			return err
		}
		l.recent = append(l.recent[max(0, len(l.recent)-39):], e)
		if l.random.Float64() < l.repeats {
			if err := l.take(s, l.recent[l.random.IntN(len(l.recent))]); err != nil {
				return err
			}
		}
		l.last = e
	}
	return l.store(s)
}

func (l *life) take(s *ledger.State, e ledger.Entry) error {
	a := s.Seen(&e)
	if a.Verdict == ledger.Ask {
		l.bill.asks++
		l.fetch(a.Refs)
		var err error
		if a.Verdict, err = s.Resolve(&e, l.shelf); err != nil {
			return err
		}
	}
	if a.Verdict != ledger.Fresh {
		return nil
	}
	return s.Append(l.meters, e)
}

func (l *life) fetch(refs []ledger.Ref) {
	for _, r := range refs {
		l.bill.read += ledger.ReadUnits(ledger.Record{Ref: r, Body: l.shelf[r]}.Size())
	}
}

func (l *life) store(s *ledger.State) error {
	at := ledger.Shelf{}
	for {
		refs, err := s.Wants(l.meters, at)
		if err != nil {
			return err
		}
		if len(refs) == 0 {
			break
		}
		l.fetch(refs)
		for _, r := range refs {
			at[r] = l.shelf[r]
		}
	}
	if err := s.Settle(l.meters, at); err != nil {
		return err
	}
	l.lines = s.Points(l.meters, l.last.Day, l.lines[:0])
	l.dress(s)
	it, records, err := s.Finish(l.meters, at)
	if err != nil {
		return err
	}
	for _, r := range records {
		l.shelf[r.Ref] = r.Body
		l.bill.write += float64(ledger.Units(r.Size()))
	}
	l.bill.write += float64(ledger.Units(max(it.Size(), l.item.Size())))
	l.item = it
	return nil
}

// dress sets what a caller keeps in the item, with sizes as they are in life.
func (l *life) dress(s *ledger.State) {
	s.Playbook, s.Known, s.Band = 37, true, "hot#07"
	s.Stage, s.Grade, s.Persona = 3, 6, 1
	s.Total = 0
	for _, line := range l.lines {
		s.Total += line.Points
	}
	s.Fit, s.Review = 24, l.last.Day+9
	s.Profile = bytes.Repeat([]byte{0x55}, (l.signals+7)/8)
	s.Memory = bytes.Repeat([]byte{7}, l.fields)
}
