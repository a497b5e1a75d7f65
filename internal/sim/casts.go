package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// casts are the broadcasts of the world: who plans and cancels them, and what
// was promised about them.
type casts struct {
	w     *World
	by    map[string]*cast
	since map[string]int64 // when recipients were first seen
}

type cast struct {
	audience  string
	at        int64
	cancelled int64 // as answered
	frozen    bool
}

// plan puts broadcasts on the timeline, and the second thoughts of those who
// planned them: before the time, in the very minutes of the freezing, and while
// the mails are leaving.
func (c *casts) plan() {
	w, d := c.w, rand.New(rand.NewPCG(c.w.cfg.Seed, 4))
	for i := range cmp.Or(w.cfg.Casts, 1+d.IntN(4)) {
		id := fmt.Sprint("cast-", i)
		planned := w.now.Add(time.Duration(d.Float64() * 0.9 * float64(w.end.Sub(w.now))))
		b := &nurture.Broadcast{
			ID: id, Title: id, Mail: pick(d, "tips", "faq", "story"), Audience: pick(d, nurture.Everybody, "warm_and_quiet"), Priority: d.IntN(80),
			Planned: planned.Unix(), At: planned.Add(time.Duration(d.IntN(72*3600)) * time.Second).Unix(), By: "sara",
		}
		w.at(planned, func() {
			if err := flow.WriteBroadcast(context.Background(), w.mem, b); err != nil {
				w.broken("%v", err)
			}
			c.by[id] = &cast{audience: b.Audience, at: b.At}
			w.report.Broadcasts++
			w.note("broadcast", id, b.At)
		})
		if w.cfg.Casts > 0 {
			b.Audience = nurture.Everybody
		}
		at, thoughts := time.Unix(b.At, 0).UTC(), 6
		if w.cfg.Casts > 0 {
			thoughts = 24
		}
		switch d.IntN(thoughts) {
		case 0:
			w.at(planned.Add(at.Sub(planned)/2), func() { c.cancel(id) })
		case 1:
			w.at(at.Add(time.Duration(d.IntN(600))*time.Second), func() { c.cancel(id) })
		case 2:
			w.at(at.Add(time.Duration(d.IntN(5*24*3600))*time.Second), func() { c.cancel(id) })
		case 3:
			w.at(at.Add(time.Minute), func() { c.cancelAsTheyLeave(id, 600) })
		}
	}
}

// cancel is a person who cancels; the answer is there at once.
func (c *casts) cancel(id string) {
	_, err := flow.ChangeBroadcast(context.Background(), c.w.mem, id, func(b *nurture.Broadcast) bool { return b.Cancel("sara", c.w.now) })
	if err != nil {
		c.w.broken("%v", err)
	}
	if x := c.by[id]; x.cancelled == 0 {
		x.cancelled = c.w.now.Unix()
		c.w.report.Cancelled++
	}
	c.w.note("cancelled", id, "")
}

// cancelAsTheyLeave cancels while a nurture process is at work on somebody in it.
func (c *casts) cancelAsTheyLeave(id string, tries int) {
	for _, k := range c.w.mails.order {
		if x := c.w.mails.claims[k]; x.fate == inHand && x.track == "broadcast."+id {
			c.cancel(id)
			return
		}
	}
	if tries > 0 {
		c.w.at(c.w.now.Add(7*time.Second), func() { c.cancelAsTheyLeave(id, tries-1) })
	}
}

// due tells whether one waits for its freezing.
func (c *casts) due() bool {
	for id, x := range c.by {
		if x.frozen || x.at > c.w.now.Unix() {
			continue
		}
		b, err := flow.ReadBroadcast(context.Background(), c.w.mem, id)
		if err != nil {
			return true
		}
		if due, _ := b.FreezeDue(c.w.now); due {
			return true
		}
		x.frozen = b.Cancelled != 0 // over: nothing is frozen any more
	}
	return false
}

// entered holds an entry to the audience: who is entered is a member, as the
// ledger is or was a write ago, and the time has come.
func (c *casts) entered(p *process, before, after *nurture.Recipient) {
	if _, seen := c.since[after.ID]; !seen {
		c.since[after.ID] = c.w.now.Unix()
	}
	for _, e := range after.Enrollments {
		id := nurture.BroadcastOf(e.Track)
		if id == "" || before.Entered(e.Track) || p.of.name == "ingest" { // ingest joins two who are one
			continue
		}
		x := c.by[id]
		c.w.report.Entered++
		switch {
		case x == nil:
			c.w.broken("%s entered %s into a broadcast that nobody planned", p.name, after.ID)
		case e.Since < x.at || e.Round != 1:
			c.w.broken("%s entered %s into %s at %s, round %d: its time is %s", p.name, after.ID, id, clockOf(e.Since), e.Round, clockOf(x.at))
		case !c.member(x.audience, c.w.is[lead.ID(after.ID)]) && !c.member(x.audience, c.w.was[lead.ID(after.ID)]):
			c.w.broken("%s entered %s into %s, who is not in %s", p.name, after.ID, id, x.audience)
		}
	}
}

func (c *casts) member(audience string, it ledger.Item) bool {
	in, err := flow.Member(c.w.newest(), audience)
	if err != nil {
		c.w.broken("%v", err)
		return false
	}
	s, err := ledger.Decode(it)
	return err == nil && in(s)
}

// claimed holds a claim to what was answered to who cancelled.
func (c *casts) claimed(p *process, h *nurture.Send) {
	x := c.by[nurture.BroadcastOf(h.Track)]
	if x == nil {
		return
	}
	c.w.report.CastClaims++
	if x.cancelled == 0 {
		return
	}
	if late := time.Duration(c.w.now.Unix()-x.cancelled) * time.Second; late > nurture.CancelFence {
		c.w.broken("%s claimed %s of %s, %s after it was cancelled", p.name, h.ID, h.Track, late)
	}
	c.w.report.ClaimsInFence++
}

// changed looks at a broadcast that a function wrote. In a world without
// faults, nobody who was in the audience by its time is left out.
func (c *casts) changed(id string) {
	x := c.by[id]
	b, err := flow.ReadBroadcast(context.Background(), c.w.mem, id)
	if err != nil {
		c.w.broken("%v", err)
		return
	}
	if b.Frozen == 0 && b.Cancelled == 0 || x.frozen {
		return
	}
	x.frozen = true
	if b.Partial && c.w.rate == 0 {
		c.w.broken("broadcast %s was not frozen in time, its time was %s", id, clockOf(b.At))
	}
	if b.Cancelled != 0 {
		return
	}
	if c.w.cfg.FaultRate > 0 || x.audience != nurture.Everybody {
		return
	}
	for _, lead := range slices.Sorted(maps.Keys(c.w.is)) {
		if !c.member(x.audience, c.w.is[lead]) || c.since[string(lead)] == 0 || c.since[string(lead)] >= x.at {
			continue
		}
		stored, err := c.w.mem.ReadRecipient(context.Background(), string(lead))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		r, err := nurture.Decode(stored.ID, stored.Body)
		if err != nil || r.Moved == "" && !r.Entered(b.Track()) {
			c.w.broken("%s is in %s since %s and was left out of %s, frozen at %s: %v", lead, x.audience, clockOf(c.since[string(lead)]), id, clockOf(b.Frozen), err)
		}
	}
}

// check holds, at the end, that each was frozen or cancelled.
func (c *casts) check() {
	for _, id := range slices.Sorted(maps.Keys(c.by)) {
		b, err := flow.ReadBroadcast(context.Background(), c.w.mem, id)
		switch {
		case err != nil:
			c.w.broken("%v", err)
		case b.State() != nurture.BroadcastFrozen && b.State() != nurture.BroadcastCancelled:
			c.w.broken("broadcast %s is %s, its time was %s", id, b.State(), clockOf(b.At))
		case (b.Cancelled != 0) != (c.by[id].cancelled != 0):
			c.w.broken("broadcast %s is %s by %s", id, b.State(), b.CancelledBy)
		}
	}
}
