package flow

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// write takes what arrived for each lead into its ledger. The steps go over all
// leads together, so that a batch makes few calls; a fault of one lead leaves
// its line and nobody else's. The order is what makes a crash harmless: profile
// and recipient, which bear repetition, then history, which nothing points to
// yet, then the ledger, on its condition.
func (b *batch) write(lines []*line) {
	for _, l := range lines {
		l.err = b.load(l)
	}
	b.readHistory(lines, func(l *line) []ledger.Ref { return l.refs })
	for _, l := range lines {
		b.each(l, b.choose)
	}
	b.readPeople(lines)
	for _, l := range lines {
		b.each(l, b.upgrade)
		b.each(l, b.know)
	}
	b.writeProfiles(lines)
	b.writeRecipients(lines)
	b.outlive(lines)
	for _, l := range lines {
		b.each(l, b.append)
	}
	b.settle(lines)
	for _, l := range lines {
		b.each(l, b.finish)
	}
	b.save(lines)
	for _, l := range lines {
		b.close(l)
	}
}

func (b *batch) each(l *line, do func(l *line) error) {
	if l.err == nil {
		l.err = do(l)
	}
}

// load decodes the ledger of a line, or begins one, and asks which of the
// arrivals it has.
func (b *batch) load(l *line) error {
	if it := b.ledgers[l.id]; it != nil {
		if it.Playbook > b.book.Number {
			return fmt.Errorf("its score was made by playbook %d, this process knows %d: %w", it.Playbook, b.book.Number, store.ErrConflict)
		}
		s, err := b.take(it)
		if err != nil {
			return err
		}
		if s.MovedTo != "" {
			return fmt.Errorf("it was joined to %s: %w", s.MovedTo, store.ErrConflict)
		}
		l.state = s
	} else {
		l.state = ledger.New(l.id, b.book.Rules.Meters())
		l.state.Playbook = b.book.Number
	}
	l.shelf = ledger.Shelf{}
	l.arrived, l.refs, l.records, l.fresh, l.repeated = nil, nil, nil, 0, 0
	for _, a := range l.arrivals {
		b.enter(a)
		if answer := l.state.Seen(&a.entry); answer.Verdict == ledger.Ask {
			l.refs = append(l.refs, answer.Refs...)
		}
	}
	if l.state.Version > 0 && l.state.Playbook == b.book.Number {
		// What a merge of pages will want is known by now: read with the rest, it
		// costs no call of its own.
		more, err := l.state.Wants(b.book.Rules.Meters(), l.shelf)
		if err != nil {
			return err
		}
		l.refs = append(l.refs, more...)
	}
	return nil
}

// enter makes the log's entry of an activity.
func (b *batch) enter(a *arrival) {
	x := &a.a
	e, cut := b.book.Entry(x)
	a.body = nil
	if cut || x.Type == activity.LeadAdjusted || x.Type == activity.FormPosted && b.hasWords(x.Properties) {
		kept := *x
		kept.Who = activity.WhoIs(string(a.lead)) // no address
		a.body = activity.Encode([]activity.Activity{kept})
	}
	a.entry = e
	a.entry.Owner = a.via // so that it goes along where the merge is undone
}

// choose keeps the arrivals that the ledger does not have. Those of one batch
// are compared with each other too.
func (b *batch) choose(l *line) error {
	var fresh []*arrival
	for _, a := range l.arrivals {
		answer := l.state.Seen(&a.entry)
		if answer.Verdict == ledger.Ask {
			v, err := l.state.Resolve(&a.entry, l.shelf)
			if err != nil {
				return err
			}
			answer.Verdict = v
		}
		if answer.Verdict == ledger.Fresh && slices.ContainsFunc(fresh, func(o *arrival) bool { return o.entry.Key == a.entry.Key }) {
			answer.Verdict = ledger.Known
		}
		switch answer.Verdict {
		case ledger.Fresh:
			fresh = append(fresh, a)
		case ledger.Conflict:
			b.log.Warn("an id came again with another payload; the first is kept", "lead", l.id, "entry", fmt.Sprintf("%016x", a.entry.Key), "type", a.a.Type)
			b.taken.Conflicts++
			l.repeated++
		default:
			l.repeated++
		}
	}
	l.take = fresh
	return nil
}

// upgrade brings a ledger under our playbook before anything is added to it, so
// that what the rules change is decided quietly and what the lead does is not.
func (b *batch) upgrade(l *line) error {
	if !b.older(l) {
		return nil
	}
	p, err := lead.DecodeProfile(b.profiles[l.id].Body)
	if err != nil {
		return err
	}
	l.profile, l.upgraded = p, true
	l.records, err = upgrade(b.ctx, b.books, b.book, l.state, p, l.shelf, readFrom(b.ctx, b.store), b.now)
	return err
}

// append logs what is fresh.
func (b *batch) append(l *line) error {
	m := b.book.Rules.Meters()
	l.was = nil
	if slices.ContainsFunc(l.take, func(a *arrival) bool { return a.entry.Revokes != 0 }) && l.state.Settled(m) {
		l.was = b.book.Decisions.Before(l.state, b.book.Day(b.now))
	}
	for _, a := range l.take {
		for _, n := range a.party.ids {
			l.state.Known = l.state.Known || n.kind != lead.ByVisitor
		}
		if a.kind != 0 {
			l.state.Excluded = uint8(a.kind)
		}
		entry, undo := b.book.Burst(l.state, &a.a, a.entry)
		a.entry = entry
		if len(undo) > 0 && l.was == nil && l.state.Settled(m) {
			l.was = b.book.Decisions.Before(l.state, b.book.Day(b.now))
		}
		for _, e := range append([]ledger.Entry{entry}, undo...) {
			if err := l.state.Append(m, e); err != nil {
				return err
			}
		}
		if len(undo) > 0 {
			b.log.Info("clicks of a scanner, recognized late", "lead", l.id, "revoked", len(undo))
		}
		l.arrived = append(l.arrived, decision.ArrivedOf(&a.entry, &a.a))
		if a.body != nil {
			l.records = append(l.records, ledger.Record{Ref: bodyRef(l.id, a.entry.Key), Body: a.body})
		}
		l.fresh++
	}
	// What was taken back before it came, or together with it, is told nobody.
	tail := l.state.Tail()
	for _, a := range l.take {
		if i := slices.IndexFunc(tail, func(e ledger.Entry) bool { return e.Key == a.entry.Key }); i >= 0 && tail[i].Revoked {
			a.entry.Revoked = true
		}
	}
	return nil
}

// bodyRef is where a text lies that is too long for the log.
func bodyRef(id lead.ID, key uint64) ledger.Ref {
	return ledger.Ref{Lead: id, Key: fmt.Sprintf("x%016x", key)}
}

// settle reads what late entries, revocations, merges and compaction want.
func (b *batch) settle(lines []*line) {
	m := b.book.Rules.Meters()
	for range maxWants {
		any := false
		for _, l := range lines {
			l.refs = nil
			if l.err == nil && l.changes() {
				l.refs, l.err = l.state.Wants(m, l.shelf)
				any = any || len(l.refs) > 0
			}
		}
		if !any {
			break
		}
		b.readHistory(lines, func(l *line) []ledger.Ref { return l.refs })
	}
	for _, l := range lines {
		if l.err == nil && l.changes() {
			l.err = l.state.Settle(m, l.shelf)
		}
	}
}

// maxWants bounds how often a ledger may ask for more: tail, runs, their pages.
const maxWants = 8

// changes tells that there is something to store.
func (l *line) changes() bool { return len(l.take) > 0 || l.upgraded }

// finish scores, decides and encodes.
func (b *batch) finish(l *line) error {
	if !l.changes() {
		return nil
	}
	if l.profile != nil {
		b.book.Know(l.state, l.profile)
	}
	l.made = len(concludeAfter(b.book, l.state, l.was, l.arrived, b.now, ""))
	item, records, err := l.state.Finish(b.book.Rules.Meters(), l.shelf)
	if err != nil {
		return err
	}
	l.item, l.write = item, true
	l.records = append(l.records, records...)
	return nil
}

// save puts history, then writes the ledgers.
func (b *batch) save(lines []*line) {
	var records []ledger.Record
	var items []ledger.Item
	var of []*line
	for _, l := range lines {
		if l.err == nil && l.write {
			records = append(records, l.records...)
			items = append(items, l.item)
			of = append(of, l)
		}
	}
	if len(items) == 0 {
		return
	}
	if len(records) > 0 {
		if err := b.store.PutHistory(b.ctx, records); err != nil {
			for _, l := range of {
				l.err = err
			}
			return
		}
	}
	for i, w := range b.store.WriteLedgers(b.ctx, items) {
		l := of[i]
		l.err = w.Err
		switch {
		case w.Err == nil:
			it := l.item
			b.ledgers[l.id] = &it
		case errors.Is(w.Err, store.ErrConflict):
			b.reread(l.id, w.Current)
		}
	}
}

// reread takes what a conflict told, or forgets what was read.
func (b *batch) reread(id lead.ID, current ledger.Item) {
	delete(b.ledgers, id)
	if current.Version != 0 {
		b.ledgers[id] = &current
	}
}

// readHistory reads what lines ask for, all together.
func (b *batch) readHistory(lines []*line, refsOf func(l *line) []ledger.Ref) {
	var refs []ledger.Ref
	for _, l := range lines {
		if l.err == nil {
			refs = append(refs, refsOf(l)...)
		}
	}
	if len(refs) == 0 {
		return
	}
	shelf, err := b.store.ReadHistory(b.ctx, refs)
	for _, l := range lines {
		if l.err != nil {
			continue
		}
		for _, r := range refsOf(l) {
			if body, ok := shelf[r]; ok {
				l.shelf[r] = body
			} else if err != nil {
				l.err = err
				if len(lines) > 1 && errors.Is(err, store.ErrNotFound) {
					// Somebody's record is gone: that must not stop the others.
					one, oneErr := b.store.ReadHistory(b.ctx, refsOf(l))
					if l.err = oneErr; oneErr == nil {
						for r, body := range one {
							l.shelf[r] = body
						}
					}
				}
				break
			}
		}
	}
}
