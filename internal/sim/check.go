package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// calm switches the faults off, lets everything end, and checks what is left.
func (w *World) calm() {
	w.rate = 0
	w.note("calm", "", "")
	// Deliver waits up to twelve hours for a receiver that was down; a review
	// comes once a day.
	for range 38 {
		w.until(w.now.Add(time.Hour))
		for _, q := range w.queues() {
			w.report.Redriven += q.redrive()
		}
	}
	// A review comes ten minutes after the day begins: not in between.
	w.until(w.now.Truncate(24 * time.Hour).Add(46 * time.Hour))
	for range 120 { // nobody in the middle of something
		if !w.working() {
			break
		}
		w.until(w.now.Add(30 * time.Second))
	}
	for _, q := range w.queues() {
		for _, m := range append(q.waiting(), q.dead...) {
			w.broken("message %s, received %d times, never ends", m.id, m.receives)
		}
	}
	for _, f := range w.functions {
		for _, p := range f.processes {
			if p.busy() {
				w.broken("%s never ends", p.name)
			}
			p.abandon()
		}
	}
	w.checkLedgers()
	w.checkPeople()
	w.checkDecisions()
	w.checkDigests()
	w.checkRecipients()
	w.checkParked()
	w.mails.check()
	w.casts.check()
}

func (w *World) queues() []*queue { return []*queue{w.activities, w.deliveries, w.jobs, w.feedback} }

func (w *World) working() bool {
	for _, f := range w.functions {
		if slices.ContainsFunc(f.processes, (*process).busy) {
			return true
		}
	}
	for _, it := range w.is {
		if it.DueShard != "" { // decided a moment ago
			return true
		}
	}
	return slices.ContainsFunc(w.queues(), func(q *queue) bool { return len(q.waiting()) > 0 })
}

// checkLedgers finds every activity once, and every score equal to its replay.
func (w *World) checkLedgers() {
	where := map[uint64]lead.ID{}
	for _, id := range slices.Sorted(maps.Keys(w.is)) {
		it := w.is[id]
		if s, err := ledger.Decode(it); err == nil && s.MovedTo != "" {
			if s.DueShard != "" && len(s.Pending) > 0 {
				w.broken("%s was absorbed and keeps pending decisions", id)
			}
			continue
		}
		w.report.Leads++
		log, err := w.replay(it, true)
		if err != nil {
			w.wrong("%s: %v", id, err)
		}
		for i := range log {
			if other, twice := where[log[i].Key]; twice {
				w.double("activity %s is in the ledgers of %s and %s", w.log.by[log[i].Key].id, other, id)
			}
			where[log[i].Key] = id
		}
		w.countRevocations(log)
		w.report.Entries += len(log)
	}
	for _, key := range w.log.order {
		s := w.log.by[key]
		switch _, is := where[key]; {
		case is && w.log.bad[s.id]:
			w.broken("activity %s is in a ledger: it should have been parked", s.id)
		case !is && !w.log.bad[s.id]:
			w.lost("activity %s is in no ledger", s.id)
		}
	}
}

// countRevocations counts what took evidence back, and what did so before the
// evidence came.
func (w *World) countRevocations(log []ledger.Entry) {
	came := map[uint64]int64{}
	for i := range log {
		came[log[i].Key] = log[i].Received
	}
	for i := range log {
		if log[i].Revokes == 0 {
			continue
		}
		w.report.Revocations++
		if at, is := came[log[i].Revokes]; is && log[i].Received < at {
			w.report.RevokedAhead++
		}
	}
}

// replay makes a lead's ledger anew from what was sent, and compares. At the
// end profile and playbook are held to account too; before that a profile may
// be ahead of its ledger.
func (w *World) replay(it ledger.Item, atEnd bool) ([]ledger.Entry, error) {
	c := w.bookOf(it.Playbook)
	if c == nil || atEnd && c != w.newest() {
		return nil, fmt.Errorf("its score was made by playbook %d, %d is in force", it.Playbook, w.latest)
	}
	s, shelf, err := w.open(it, c)
	if err != nil {
		return nil, err
	}
	log, err := s.Log(shelf)
	if err != nil {
		return nil, err
	}
	entries, profile, err := w.again(c, log)
	if err != nil {
		return log, err
	}
	m := c.Rules.Meters()
	r, err := ledger.Replay(it.Lead, m, entries)
	if err != nil {
		return log, err
	}
	r.Known, r.Excluded, r.Stage, r.Profile, r.Playbook = s.Known, s.Excluded, s.Stage, s.Profile, s.Playbook
	today := c.Day(w.now)
	want, got := cardOf(c, r, today), cardOf(c, s, today)
	if !bytes.Equal(want, got) {
		return log, fmt.Errorf("its card of %s is %s, the replay of its %d activities %s", today, got, len(log), want)
	}
	if err := w.same(s, r, m, shelf); err != nil {
		return log, err
	}
	card := c.Rules.Card(s, today)
	sum := 0
	for _, l := range card.Lines {
		sum += l.Points
	}
	if sum != card.Total {
		return log, fmt.Errorf("the lines of its card come to %d, its total is %d", sum, card.Total)
	}
	if !atEnd {
		return log, nil
	}
	if band := store.BandOf(it.Band); s.Known && s.Excluded == 0 && band != card.Band {
		return log, fmt.Errorf("it is listed as %q and is %s", band, card.Band)
	}
	if len(s.Pending) > 0 {
		w.broken("%s keeps %d pending decisions", it.Lead, len(s.Pending))
	}
	return log, w.sameProfile(it.Lead, c, s, profile)
}

// same compares ids, tally and registers, byte by byte.
func (w *World) same(s, r *ledger.State, m *ledger.Meters, shelf ledger.Shelf) error {
	got, err := s.Canonical(m, shelf)
	if err != nil {
		return err
	}
	want, err := r.Canonical(m, nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("its ledger of %d activities is not that of the replay: %d and %d bytes", s.Activities(), len(got), len(want))
	}
	return nil
}

// open settles a ledger and reads all of its history.
func (w *World) open(it ledger.Item, c *playbook.Compiled) (*ledger.State, ledger.Shelf, error) {
	s, err := ledger.Decode(it)
	if err != nil {
		return nil, nil, err
	}
	m, shelf := c.Rules.Meters(), ledger.Shelf{}
	read := func(refs []ledger.Ref) error {
		got, err := w.mem.ReadHistory(context.Background(), refs)
		maps.Copy(shelf, got)
		return err
	}
	for _, ask := range []func() ([]ledger.Ref, error){
		func() ([]ledger.Ref, error) { return s.Wants(m, shelf) },
		func() ([]ledger.Ref, error) { return s.LogRefs(shelf) },
	} {
		for {
			refs, err := ask()
			if err != nil {
				return nil, nil, err
			}
			if len(refs) == 0 {
				break
			}
			if err := read(refs); err != nil {
				return nil, nil, err
			}
		}
	}
	if err := s.Settle(m, shelf); err != nil {
		return nil, nil, err
	}
	return s, shelf, read(s.AllRefs())
}

// again makes the entries of a log from what was sent, with the hits that the
// playbook gives them, and the profile that they come to.
func (w *World) again(c *playbook.Compiled, log []ledger.Entry) ([]ledger.Entry, *lead.Profile, error) {
	profile := &lead.Profile{}
	out := make([]ledger.Entry, len(log))
	for i, e := range log {
		s := w.log.by[e.Key]
		if s == nil {
			return nil, nil, fmt.Errorf("its log has an entry %016x that nobody sent", e.Key)
		}
		a, ok := s.as(e.PayloadHash, e.Received)
		if !ok {
			return nil, nil, fmt.Errorf("its log has %s with a payload that nobody sent", s.id)
		}
		a.Flags |= e.Flags & activity.Held // found by its address
		if a.Type != e.Type || a.At.Unix() != e.At || c.Day(a.At) != e.Day || a.Flags != e.Flags {
			return nil, nil, fmt.Errorf("its log has %s as %s of %s, it was sent as %s of %s", s.id, e.Type, clockOf(e.At), a.Type, clockOf(a.At.Unix()))
		}
		profile.Apply(slices.DeleteFunc(slices.Clone(a.Profile), func(p activity.Property) bool { return p.Value.Text == nowhere }), a.At, e.Key)
		// Signals that are no more were seen when they were.
		hits := append(slices.Clone(e.Hits), c.Set.Match(&a, nil)...)
		slices.Sort(hits)
		e.Hits = slices.Compact(hits)
		e.Owner = ""
		out[i] = e
	}
	return out, profile, nil
}

func cardOf(c *playbook.Compiled, s *ledger.State, today activity.Day) []byte {
	b, err := json.Marshal(c.Rules.Card(s, today))
	if err != nil {
		panic(err) // unreachable: plain fields
	}
	return b
}

// sameProfile compares what is known of a lead with what was sent; addresses
// are kept as they came first, and are looked at elsewhere.
func (w *World) sameProfile(id lead.ID, c *playbook.Compiled, s *ledger.State, want *lead.Profile) error {
	stored, err := w.mem.ReadProfile(context.Background(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	got, err := lead.DecodeProfile(stored.Body)
	if err != nil {
		return err
	}
	got.Registers = slices.DeleteFunc(got.Registers, func(r lead.Register) bool { return r.Name == "email" || r.Name == "phone" })
	if !bytes.Equal(got.Encode(), want.Encode()) {
		return fmt.Errorf("its profile is %s, what was sent comes to %s", got.Encode(), want.Encode())
	}
	if bits := c.Set.Profile(want); !signal.Bits(bits).Equal(s.Profile) {
		return fmt.Errorf("its profile signals are %x, its profile says %x", s.Profile, bits)
	}
	return nil
}

// wasDead tells that a message with an address was among the dead letters for
// some time.
func (w *World) wasDead(address string) bool {
	return slices.ContainsFunc(w.activities.died, func(body []byte) bool { return bytes.Contains(body, []byte(address)) })
}

// checkPeople holds that two people are never one lead, unless a person said so.
// One exception is known, and counted: a message that gave an address to the
// anonymous lead of a browser, and then failed until it was a dead letter. Until
// it is brought back nothing tells that this lead is known, and who uses the
// same browser takes it for theirs (decision 31).
func (w *World) checkPeople() {
	of := map[lead.ID]*person{}
	for _, p := range w.people {
		for _, address := range []string{p.email, p.second} {
			id, ok := w.leadOf(address)
			if address == "" || !ok {
				continue
			}
			if other := of[id]; other != nil && other != p && (w.wasDead(address) || w.wasDead(other.email)) {
				w.report.Confused++
			} else if other != nil && other != p {
				w.broken("%s and %s are one lead, %s", other.email, address, id)
			}
			of[id] = p
		}
	}
}

// checkParked holds that what cannot be used was set aside with a reason, and
// nothing else.
func (w *World) checkParked() {
	unread, bad := 0, map[string]bool{}
	for day := w.cfg.Start; !day.After(w.now.AddDate(0, 0, 1)); day = day.AddDate(0, 0, 1) {
		for page := ""; ; {
			list, next, err := w.mem.ListParked(context.Background(), day, 100, page)
			if err != nil {
				w.broken("%v", err)
				return
			}
			for _, p := range list {
				w.report.Parked++
				_, id, one := bytes.Cut([]byte(p.ID), []byte("/"))
				switch {
				case p.Reason == "":
					w.broken("%s was parked without a reason", p.ID)
				case p.Source == "feedback" && p.Code == "sales_mail_lost": // shown to whoever runs the house
				case one && w.log.bad[activity.ID(id)]:
					bad[string(id)] = true
				case one || p.Source != "activities":
					w.broken("%s of %s was parked: %s", p.ID, p.Source, p.Reason)
				default:
					unread++
				}
			}
			if page = next; page == "" {
				break
			}
		}
	}
	if unread != w.log.unread || len(bad) != len(w.log.bad) {
		w.lost("%d messages that cannot be read were parked, %d were sent; %d activities, %d were sent", unread, w.log.unread, len(bad), len(w.log.bad))
	}
}
