package flow

import (
	"errors"
	"fmt"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// join makes two leads one, before what arrived is written: an anonymous lead
// whose visitor turned out to be somebody, or a pair that a person named.
// Activities of a lead whose join met a conflict wait for the next round.
func (b *batch) join() {
	moved := map[lead.ID]lead.ID{}
	now := func(id lead.ID) lead.ID {
		for moved[id] != "" {
			id = moved[id]
		}
		return id
	}
	for _, j := range b.joins {
		if j.into, j.from = now(j.into), now(j.from); j.into == j.from {
			continue
		}
		err := b.joinOne(j)
		switch {
		case errors.Is(err, errAskedBefore):
		case err == nil:
			b.taken.Merges++
			moved[j.from] = j.into
			for _, a := range b.open {
				if a.lead == j.from {
					a.lead, a.via = j.into, j.from
				}
			}
		case errors.Is(err, store.ErrConflict):
			b.forget(j.into)
			b.forget(j.from)
			b.hold(j.into, nil)
		default:
			b.hold(j.into, fmt.Errorf("join %s to %s: %w", j.from, j.into, err))
		}
	}
}

// errAskedBefore says that the message that asks for a merge came again: what
// became of the leads since is not undone.
var errAskedBefore = errors.New("asked for before")

// hold takes a lead's activities out of this round, or fails them.
func (b *batch) hold(id lead.ID, err error) {
	for _, a := range b.open {
		if a.done || a.lead != id {
			continue
		}
		if a.lead = ""; err != nil {
			b.fail(a.message, err)
			a.done = true
		}
	}
}

// forget drops what was read of a lead.
func (b *batch) forget(id lead.ID) {
	delete(b.ledgers, id)
	delete(b.profiles, id)
	delete(b.recipients, id)
}

func (b *batch) joinOne(j join) error {
	c, m := b.book, b.book.Rules.Meters()
	// Both are read strongly: a merge is rare, and a transaction is not cheap.
	found, err := b.store.Fetch(b.ctx, store.Wanted{
		Ledgers: []lead.ID{j.into, j.from}, Profiles: []lead.ID{j.into, j.from},
		Recipients: []string{string(j.into), string(j.from)}, Strong: true,
	})
	if err != nil {
		return err
	}
	into, err := stateOf(found, j.into, m, c.Number)
	if err != nil {
		return err
	}
	from, err := stateOf(found, j.from, m, c.Number)
	if err != nil {
		return err
	}
	if into.MovedTo != "" || from.MovedTo != "" || into.Playbook > c.Number || from.Playbook > c.Number {
		return store.ErrConflict
	}
	if j.by == nil && from.Known {
		return store.ErrConflict // no visitor any more, only an old read said so: somebody else uses the same browser
	}
	if done, err := b.askedBefore(found, j); err != nil {
		return err
	} else if done {
		return errAskedBefore
	}
	if err := b.keepMerged(found, j, from); err != nil {
		return err
	}
	profile, err := b.joinProfiles(found, j)
	if err != nil {
		return err
	}
	if err := b.joinRecipients(found, j, from.Known); err != nil {
		return err
	}
	shelf, read := ledger.Shelf{}, readFrom(b.ctx, b.store)
	used, err := stateOf(found, j.from, m, c.Number) // Absorb uses it up
	if err != nil {
		return err
	}
	var records []ledger.Record
	for _, s := range []*ledger.State{into, used} {
		if s.Version > 0 && (s.Playbook < c.Number || s.LookBack) {
			more, err := upgrade(b.ctx, b.books, c, s, profile, shelf, read, b.now)
			if err != nil {
				return err
			}
			records = append(records, more...)
		}
	}
	if err := into.Absorb(used); err != nil {
		return err
	}
	if err := settleNow(m, into, shelf, read); err != nil {
		return err
	}
	var quiet decision.Cause // a visitor turned out to be somebody: what they did is theirs, and told
	if into.Known && from.Known {
		quiet = decision.Merge
	}
	into.Known = into.Known || from.Known
	into.Excluded = max(into.Excluded, from.Excluded)
	into.Memory = decision.Join(into.Memory, from.Memory)
	if c.Rules.StageOf(from.Stage) > c.Rules.StageOf(into.Stage) {
		into.Stage = from.Stage
	}
	c.Know(into, profile)
	b.taken.Decisions += len(conclude(c, into, nil, b.now, quiet))

	// The absorbed lead keeps its log, so that the merge can be undone.
	if err := settleNow(m, from, shelf, read); err != nil {
		return err
	}
	from.MovedTo, from.Review, from.Playbook = into.Lead, 0, c.Number
	if from.Band != "" {
		from.Band = movedBand
	}
	merge, err := b.writeBoth(m, into, from, j.keys, shelf, records)
	if err != nil {
		return err
	}
	b.ledgers[j.into], b.ledgers[j.from] = &merge.Into, &merge.From
	for _, k := range j.keys {
		b.owner[k] = j.into
	}
	b.log.Info("two leads are one", "lead", j.into, "absorbed", j.from, "ledger", merge.Into.Version)
	return nil
}

// stateOf decodes what was found of a lead, or begins it.
func stateOf(found store.Found, id lead.ID, m *ledger.Meters, number uint32) (*ledger.State, error) {
	if it, ok := found.Ledgers[id]; ok {
		return ledger.Decode(it)
	}
	s := ledger.New(id, m)
	s.Playbook = number
	return s, nil
}

// joinProfiles moves what is known of one lead to the other, before the merge:
// registers bear repetition.
func (b *batch) joinProfiles(found store.Found, j join) (*lead.Profile, error) {
	into, err := lead.DecodeProfile(found.Profiles[j.into].Body)
	if err != nil {
		return nil, err
	}
	from, err := lead.DecodeProfile(found.Profiles[j.from].Body)
	if err != nil {
		return nil, err
	}
	stored := store.Profile{Lead: j.into, Version: found.Profiles[j.into].Version, Body: found.Profiles[j.into].Body}
	if into.Merge(from) {
		stored.Body = into.Encode()
		if err := b.store.WriteProfiles(b.ctx, []store.Profile{stored})[0].Err; err != nil {
			return nil, err
		}
		stored.Version++
	}
	b.profiles[j.into] = stored
	return into, nil
}

// joinRecipients moves permissions, suppressions and tracks; the absorbed one
// is not written to again.
func (b *batch) joinRecipients(found store.Found, j join, known bool) error {
	have, ok := found.Recipients[string(j.from)]
	from := &nurture.Recipient{ID: string(j.from)}
	if ok {
		var err error
		if from, err = nurture.Decode(have.ID, have.Body); err != nil {
			return err
		}
	} else if !known {
		return nil // nothing was ever decided for an anonymous lead
	}
	stored := found.Recipients[string(j.into)]
	into := &nurture.Recipient{ID: string(j.into)}
	if stored.Version != 0 {
		var err error
		if into, err = nurture.Decode(stored.ID, stored.Body); err != nil {
			return err
		}
	}
	if into.Erased != 0 {
		return nil
	}
	moveRecipient(into, from)
	delete(b.recipients, j.into)
	// One after the other: a track is not ended before it goes on elsewhere.
	for _, x := range []struct {
		r       *nurture.Recipient
		version int64
	}{{into, stored.Version}, {from, have.Version}} {
		item, err := pack(x.r, x.version)
		if err != nil {
			return err
		}
		if w := b.store.WriteRecipients(b.ctx, []store.Recipient{item}); w[0].Err != nil {
			return w[0].Err
		}
	}
	return nil
}

// writeBoth stores two leads of which one gets identities of the other: first
// the history that their items point to, then both items and the identities, all
// or nothing.
func (b *batch) writeBoth(m *ledger.Meters, gets, gives *ledger.State, move []store.IdentityKey, shelf ledger.Shelf, records []ledger.Record) (store.Merge, error) {
	merge := store.Merge{Move: move}
	for _, x := range []struct {
		state *ledger.State
		item  *ledger.Item
	}{{gets, &merge.Into}, {gives, &merge.From}} {
		item, more, err := x.state.Finish(m, shelf)
		if err != nil {
			return merge, err
		}
		*x.item, records = item, append(records, more...)
	}
	if len(records) > 0 {
		if err := b.store.PutHistory(b.ctx, records); err != nil {
			return merge, err
		}
	}
	return merge, b.store.MergeLeads(b.ctx, merge)
}
