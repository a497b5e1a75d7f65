package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/preview"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// Preview arithmetic: leads of a usual month of the business, whose tallies are
// decoded, under rules with other points, caps, half-lives and thresholds.

const (
	previewLeads  = 1_000_000
	previewPeople = 1_000 // distinct leads; they come in turns
	previewCores  = 2
)

// sampled is a lead, ready to be previewed.
type sampled struct {
	item  ledger.Item
	shelf ledger.Shelf
	state *ledger.State // settled under the old rules
	tally ledger.Tally
}

func previewFigures(ctx context.Context, r *report) error {
	r.title("preview of a changed playbook over 1,000,000 leads")
	old, err := example()
	if err != nil {
		return err
	}
	was, err := old.Compile()
	if err != nil {
		return err
	}
	is, err := harder(old).Compile()
	if err != nil {
		return err
	}
	leads, day, err := previewed(ctx, was)
	if err != nil {
		return err
	}
	if err := sameAsRebuilt(leads, is, day); err != nil {
		return err
	}
	cells, activities := 0, 0
	for _, l := range leads {
		cells += len(l.tally)
		activities += l.state.Activities()
	}
	n := float64(len(leads))
	r.note("preview.activities a lead", float64(activities)/n, "")
	r.note("preview.cells of a tally", float64(cells)/n, "signal and day")

	for _, x := range []struct {
		name string
		new  *playbook.Compiled
	}{{"points, caps, half-lives, thresholds", is}, {"thresholds alone", thresholds(old)}} {
		began, spent := time.Now(), cpu()
		result := compareAll(leads, was, x.new, day)
		wall, used := time.Since(began), cpu()-spent
		if result.Leads != previewLeads || result.Up+result.Down+len(result.Bands) == 0 {
			return fmt.Errorf("preview: %+v", result)
		}
		r.note("preview.wall time, "+x.name, wall.Seconds(), "s")
		// What else runs on the machine does not count: processor time over the cores.
		r.most("preview.time of 2 cores, "+x.name, used.Seconds()/previewCores, "s", 10)
	}
	from := cpu()
	for _, l := range leads {
		s, err := ledger.Decode(l.item)
		if err != nil {
			return err
		}
		if _, err := s.Tally(l.shelf); err != nil {
			return err
		}
	}
	r.note("preview.reading: items and histories decoded, 2 cores", (cpu()-from).Seconds()/n*previewLeads/previewCores, "s")
	return nil
}

// harder is the rules with every number of points, caps and half-lives changed,
// and every threshold.
func harder(old *playbook.Playbook) *playbook.Playbook {
	p, err := playbook.Load(old.JSON())
	if err != nil {
		panic(err) // unreachable: it was made by us
	}
	p.Number = old.Number + 1
	for i := range p.Score.Points {
		x := &p.Score.Points[i]
		if x.Points > 0 {
			x.Points++
		} else if x.Points < 0 {
			x.Points--
		}
		if x.PerDay > 0 {
			x.PerDay += 2
		}
		if x.Cap > 0 {
			x.Cap += 3
		}
		if x.HalfLife > 0 {
			x.HalfLife += 4
		}
	}
	lower(p)
	return p
}

func lower(p *playbook.Playbook) {
	for i := 1; i < len(p.Score.Bands); i++ {
		p.Score.Bands[i].From -= 5
	}
	p.Score.Handover.Total -= 5
	p.Score.Handover.Lower -= 5
}

func thresholds(old *playbook.Playbook) *playbook.Compiled {
	p, err := playbook.Load(old.JSON())
	if err != nil {
		panic(err) // unreachable: it was made by us
	}
	p.Number = old.Number + 1
	lower(p)
	c, err := p.Compile()
	if err != nil {
		panic(err) // unreachable: only thresholds moved
	}
	return c
}

// previewed lets people live through three months of the business, from a few
// activities to a hundred each.
func previewed(ctx context.Context, c *playbook.Compiled) ([]sampled, activity.Day, error) {
	mem := memory.New()
	w, err := newTown(ctx, mem, previewPeople, nil)
	if err != nil {
		return nil, 0, err
	}
	all := w.people
	dice := rand.New(rand.NewPCG(1, 1))
	for range 24 {
		w.people = nil
		for _, p := range all {
			if dice.IntN(3) > 0 || len(w.people) == 0 && p == all[len(all)-1] {
				w.people = append(w.people, p)
			}
		}
		if _, err := w.ingestOnly(ctx, 2, 40*time.Hour, business); err != nil {
			return nil, 0, err
		}
	}
	items, _, err := mem.ScanLedgers(ctx, 0, 1, 0, "")
	if err != nil {
		return nil, 0, err
	}
	var out []sampled
	for _, it := range items {
		l := sampled{item: it, shelf: ledger.Shelf{}}
		if l.state, err = ledger.Decode(it); err != nil {
			return nil, 0, err
		}
		if !l.state.Known {
			continue
		}
		for {
			refs, err := l.state.LogRefs(l.shelf)
			if err != nil {
				return nil, 0, err
			}
			if len(refs) == 0 {
				break
			}
			got, err := mem.ReadHistory(ctx, refs)
			if err != nil {
				return nil, 0, err
			}
			for ref, body := range got {
				l.shelf[ref] = body
			}
		}
		if err := l.state.Settle(c.Rules.Meters(), l.shelf); err != nil {
			return nil, 0, err
		}
		if l.tally, err = l.state.Tally(l.shelf); err != nil {
			return nil, 0, err
		}
		out = append(out, l)
	}
	return out, c.Day(w.now), nil
}

// sameAsRebuilt holds the short way to the long one: registers made from a tally
// give the card that a settled state gives.
func sameAsRebuilt(leads []sampled, c *playbook.Compiled, day activity.Day) error {
	for _, l := range leads {
		s, err := ledger.Decode(l.item)
		if err != nil {
			return err
		}
		if err := s.Settle(c.Rules.Meters(), l.shelf); err != nil {
			return err
		}
		short, long := c.Rules.Measure(l.state.Under(c.Rules.Meters(), l.tally), day), c.Rules.Measure(s, day)
		if short != long {
			return fmt.Errorf("preview of %s: %+v by its tally, %+v by its log", l.item.Lead, short, long)
		}
	}
	return nil
}

// compareAll previews a million leads on two cores.
func compareAll(leads []sampled, was, is *playbook.Compiled, day activity.Day) preview.Result {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(previewCores))
	sum := preview.New(was.Rules, is.Rules, day, 10)
	meters := is.Rules.Meters()
	adopted := meters.Fingerprint() == was.Rules.Meters().Fingerprint()
	var group sync.WaitGroup
	var lock sync.Mutex
	for core := range previewCores {
		group.Go(func() {
			c := preview.New(was.Rules, is.Rules, day, 10)
			for i := core; i < previewLeads; i += previewCores {
				l := &leads[i%len(leads)]
				after := l.state
				if !adopted {
					after = l.state.Under(meters, l.tally)
				}
				c.Add(l.state, after)
			}
			lock.Lock()
			defer lock.Unlock()
			sum.Join(c)
		})
	}
	group.Wait()
	return sum.Result()
}
