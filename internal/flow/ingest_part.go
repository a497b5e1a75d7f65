package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// merged is what a merge writes down beside both logs, so that it can be
// undone: when it was, which identities it moved, and what was known of the
// survivor before.
type merged struct {
	At        int64               `json:"at"`
	Owners    []lead.ID           `json:"owners"` // the absorbed lead and whom it had absorbed
	Moved     []store.IdentityKey `json:"moved,omitempty"`
	Profile   []byte              `json:"profile,omitempty"`
	Recipient []byte              `json:"recipient,omitempty"`
}

// mergedRef is where it lies: with the survivor, under the absorbed lead.
func mergedRef(into, from lead.ID) ledger.Ref { return ledger.Ref{Lead: into, Key: "m" + string(from)} }

// keepMerged writes it down before anything is moved. A merge that is tried
// again has moved the recipient already: what was written first stays.
func (b *batch) keepMerged(found store.Found, j join, from *ledger.State) error {
	if r, ok := found.Recipients[string(j.from)]; ok {
		person, err := nurture.Decode(r.ID, r.Body)
		if err != nil {
			return err
		}
		if person.Moved == string(j.into) {
			if _, err := readMerged(b, j.into, j.from); !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
	}
	m := merged{At: b.now.Unix(), Owners: append([]lead.ID{j.from}, from.Owners()...), Moved: j.keys,
		Profile: found.Profiles[j.into].Body, Recipient: found.Recipients[string(j.into)].Body}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("note the merge of %s: %w", j.from, err)
	}
	return b.store.PutHistory(b.ctx, []ledger.Record{{Ref: mergedRef(j.into, j.from), Body: body}})
}

func readMerged(b *batch, into, from lead.ID) (merged, error) {
	ref := mergedRef(into, from)
	got, err := b.store.ReadHistory(b.ctx, []ledger.Ref{ref})
	if err != nil {
		return merged{}, err
	}
	return decodeMerged(got[ref])
}

func decodeMerged(body []byte) (merged, error) {
	var m merged
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("note of a merge: %w", err)
	}
	return m, nil
}

// part undoes merges that a person asked to undo, before what arrived is
// written.
func (b *batch) part() {
	for _, j := range b.parts {
		err := b.partOne(j)
		switch {
		case err == nil:
			b.taken.Partings++
			// What came by an identity of the parted lead is its own again.
			for _, a := range b.open {
				if a.lead == j.into && a.via == j.from {
					a.lead, a.via = j.from, ""
				}
			}
		case errors.Is(err, store.ErrConflict):
			b.forget(j.into)
			b.forget(j.from)
			b.hold(j.into, nil)
		default:
			b.hold(j.into, fmt.Errorf("part %s from %s: %w", j.from, j.into, err))
		}
	}
}

// parting is one merge being undone.
type parting struct {
	join
	note         merged
	into, from   *ledger.State
	back         []ledger.Entry  // what goes back
	backKeys     map[uint64]bool // their keys
	mine, theirs *lead.Profile
}

// partOne takes a lead out of the one that absorbed it: what was its own, and
// what came by its identities since, goes back into its log; what revokes
// something stays on both sides. Profile and recipient go before, then both
// ledgers and the identities in one transaction.
func (b *batch) partOne(j join) error {
	found, err := b.store.Fetch(b.ctx, store.Wanted{
		Ledgers: []lead.ID{j.into, j.from}, Profiles: []lead.ID{j.into, j.from},
		Recipients: []string{string(j.into), string(j.from)}, Strong: true,
	})
	if err != nil {
		return err
	}
	c, m := b.book, b.book.Rules.Meters()
	p := &parting{join: j, backKeys: map[uint64]bool{}}
	if p.into, err = stateOf(found, j.into, m, c.Number); err != nil {
		return err
	}
	if p.from, err = stateOf(found, j.from, m, c.Number); err != nil {
		return err
	}
	switch {
	case p.from.MovedTo != j.into:
		return nil // parted already
	case p.into.MovedTo != "" || p.into.Playbook > c.Number || p.from.Playbook > c.Number:
		return store.ErrConflict
	}
	if done, err := b.askedBefore(found, j); err != nil || done {
		return err
	}
	var was *decision.Was
	if p.into.Settled(m) {
		was = c.Decisions.Before(p.into, c.Day(b.now))
	}
	if p.note, err = readMerged(b, j.into, j.from); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	shelf, read := ledger.Shelf{}, readFrom(b.ctx, b.store)
	if err := p.split(m, shelf, read); err != nil {
		return err
	}
	if err := p.profiles(b, found); err != nil {
		return err
	}
	if err := p.recipients(b, found); err != nil {
		return err
	}
	p.from.MovedTo = ""
	var records []ledger.Record
	for _, x := range []struct {
		s       *ledger.State
		profile *lead.Profile
		was     *decision.Was
		quiet   decision.Cause
	}{{p.into, p.mine, was, ""}, {p.from, p.theirs, nil, decision.Merge}} {
		if err := settleNow(m, x.s, shelf, read); err != nil {
			return err
		}
		if x.s.Playbook < c.Number || x.s.LookBack {
			more, err := upgrade(b.ctx, b.books, c, x.s, x.profile, shelf, read, b.now)
			if err != nil {
				return err
			}
			records = append(records, more...)
		}
		c.Know(x.s, x.profile)
		b.taken.Decisions += len(concludeAfter(c, x.s, x.was, nil, b.now, x.quiet))
	}
	move, err := b.stillMoved(p)
	if err != nil {
		return err
	}
	merge, err := b.writeBoth(m, p.from, p.into, move, shelf, records)
	if err != nil {
		return err
	}
	b.ledgers[j.from], b.ledgers[j.into] = &merge.Into, &merge.From
	for _, k := range move {
		b.owner[k] = j.from
	}
	b.log.Info("a merge was undone", "lead", j.into, "parted", j.from, "entries", len(p.back), "ledger", merge.From.Version)
	return nil
}

// askedBefore tells that the activity that asks for it is in the log: a message
// that comes again, late, does not join or part leads once more.
func (b *batch) askedBefore(found store.Found, j join) (bool, error) {
	it, ok := found.Ledgers[j.into]
	if j.by == nil || !ok {
		return false, nil
	}
	s, err := ledger.Decode(it)
	if err != nil {
		return false, err
	}
	e, _ := b.book.Entry(&j.by.a)
	answer := s.Seen(&e)
	if answer.Verdict == ledger.Ask {
		shelf, err := b.store.ReadHistory(b.ctx, answer.Refs)
		if err != nil {
			return false, err
		}
		if answer.Verdict, err = s.Resolve(&e, shelf); err != nil {
			return false, err
		}
	}
	return answer.Verdict != ledger.Fresh, nil
}

// split divides the log of the survivor.
func (p *parting) split(m *ledger.Meters, shelf ledger.Shelf, read readRefs) error {
	log, err := logOf(p.into, shelf, read)
	if err != nil {
		return err
	}
	theirs, err := logOf(p.from, shelf, read)
	if err != nil {
		return err
	}
	owners := append([]lead.ID{p.join.from}, p.note.Owners...)
	own := map[uint64]bool{}
	for i := range theirs {
		own[theirs[i].Key] = true
		if o := theirs[i].Owner; o != "" {
			owners = append(owners, o)
		}
	}
	for i := range log {
		if e := &log[i]; slices.Contains(owners, e.Owner) {
			p.back, p.backKeys[e.Key], own[e.Key] = append(p.back, *e), true, true
		}
	}
	give := slices.Clone(p.back)
	for i := range log {
		if e := &log[i]; e.Revokes != 0 && own[e.Revokes] && !p.backKeys[e.Key] {
			give = append(give, *e)
		}
	}
	if err := p.into.Release(m, shelf, owners...); err != nil {
		return err
	}
	return p.from.Regain(m, shelf, give)
}

// logOf reads the whole log of a state.
func logOf(s *ledger.State, shelf ledger.Shelf, read readRefs) ([]ledger.Entry, error) {
	for {
		refs, err := s.LogRefs(shelf)
		if err != nil {
			return nil, err
		}
		if len(refs) == 0 {
			return s.Log(shelf)
		}
		if err := read(refs, shelf); err != nil {
			return nil, err
		}
	}
}

// profiles gives each lead what was said of it: what an entry that goes back
// said goes with it, and what it had overwritten comes back.
func (p *parting) profiles(b *batch, found store.Found) error {
	var err error
	if p.mine, err = lead.DecodeProfile(found.Profiles[p.join.into].Body); err != nil {
		return err
	}
	if p.theirs, err = lead.DecodeProfile(found.Profiles[p.join.from].Body); err != nil {
		return err
	}
	before, err := lead.DecodeProfile(p.note.Profile)
	if err != nil {
		return err
	}
	var kept, back lead.Profile
	for _, r := range slices.Concat(p.mine.Registers, before.Registers) {
		if p.backKeys[r.By] {
			back.Merge(&lead.Profile{Registers: []lead.Register{r}})
		} else {
			kept.Merge(&lead.Profile{Registers: []lead.Register{r}})
		}
	}
	p.mine = &kept
	p.theirs.Merge(&back)
	var ps []store.Profile
	for id, profile := range map[lead.ID]*lead.Profile{p.join.into: p.mine, p.join.from: p.theirs} {
		if stored, body := found.Profiles[id], profile.Encode(); string(stored.Body) != string(body) && (stored.Version > 0 || len(profile.Registers) > 0) {
			ps = append(ps, store.Profile{Lead: id, Version: stored.Version, Body: body})
		}
	}
	if len(ps) == 0 {
		return nil
	}
	for _, w := range b.store.WriteProfiles(b.ctx, ps) {
		err = errors.Join(err, w.Err)
	}
	b.forgetPeople(p.join)
	return err
}

// forgetPeople drops what was read of both as people.
func (b *batch) forgetPeople(j join) {
	for _, id := range []lead.ID{j.into, j.from} {
		delete(b.profiles, id)
		delete(b.recipients, id)
	}
}

// partedOn ends an enrollment that goes on under the lead that was parted.
const partedOn = "parted from another lead"

// recipients gives each its addresses, permissions and tracks back. What
// forbids mail stays on both sides, as do the sends that caps count.
func (p *parting) recipients(b *batch, found store.Found) error {
	stored, had := found.Recipients[string(p.join.from)]
	survivor, ok := found.Recipients[string(p.join.into)]
	if !had || !ok {
		return nil // nobody was written to
	}
	from, err := nurture.Decode(stored.ID, stored.Body)
	if err != nil {
		return err
	}
	into, err := nurture.Decode(survivor.ID, survivor.Body)
	if err != nil {
		return err
	}
	before := &nurture.Recipient{ID: into.ID}
	if len(p.note.Recipient) > 0 {
		if before, err = nurture.Decode(into.ID, p.note.Recipient); err != nil {
			return err
		}
	}
	if from.Moved != into.ID {
		return nil // parted by an earlier try
	}
	partRecipient(into, from, before, b.now)
	for _, x := range []struct {
		r       *nurture.Recipient
		version int64
	}{{into, survivor.Version}, {from, stored.Version}} {
		item, err := pack(x.r, x.version)
		if err != nil {
			return err
		}
		if w := b.store.WriteRecipients(b.ctx, []store.Recipient{item}); w[0].Err != nil {
			return w[0].Err
		}
	}
	b.forgetPeople(p.join)
	return nil
}

// partRecipient undoes moveRecipient. before is the survivor as it was then.
func partRecipient(into, from, before *nurture.Recipient, now time.Time) {
	if before.Email == "" && into.Email == from.Email {
		into.Email = ""
	}
	if before.Zone == "" && into.Zone == from.Zone {
		into.Zone = ""
	}
	if before.Mobile == "" && into.Mobile == from.Mobile {
		into.Mobile = ""
	}
	for i := range into.Permissions {
		p := &into.Permissions[i]
		same := func(o nurture.Permission) bool { return o.Channel == p.Channel && o.Purpose == p.Purpose }
		f := slices.IndexFunc(from.Permissions, same)
		if f < 0 {
			continue
		}
		var was nurture.Permission
		if k := slices.IndexFunc(before.Permissions, same); k >= 0 {
			was = before.Permissions[k]
		}
		if theirs := from.Permissions[f]; theirs.Granted != 0 && p.Granted == theirs.Granted && p.Granted != was.Granted {
			p.Granted, p.Wording, p.Proof = was.Granted, was.Wording, was.Proof
			p.Confirmed = was.Confirmed
		}
	}
	for i := range into.Enrollments {
		e := &into.Enrollments[i]
		k := slices.IndexFunc(from.Enrollments, func(o nurture.Enrollment) bool { return o.Track == e.Track && o.Since == e.Since })
		if k < 0 || slices.ContainsFunc(before.Enrollments, func(o nurture.Enrollment) bool { return o.Track == e.Track && o.Since == e.Since }) {
			continue
		}
		if e.Ended == partedOn { // by a try that died between the two writes
			from.Enrollments[k].Ended, from.Enrollments[k].Due = "", now.Unix()
			continue
		}
		from.Enrollments[k] = *e
		if e.Ended == "" {
			into.End(e.Track, partedOn)
		}
	}
	from.Moved = ""
}

// stillMoved are the identities that the merge moved and that the survivor
// still has.
func (b *batch) stillMoved(p *parting) ([]store.IdentityKey, error) {
	if len(p.note.Moved) == 0 {
		return nil, nil
	}
	found, err := b.store.Fetch(b.ctx, store.Wanted{Identities: p.note.Moved, Strong: true})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(p.note.Moved), func(k store.IdentityKey) bool { return found.Identities[k] != p.join.into }), nil
}

// sure tells that a ledger that was looked for and not found is not there: an
// eventual read may be too early, and is then repeated strongly.
func (r *resolving) sure(id lead.ID) bool {
	if r.ledgers[id] != nil || r.fresh[id] {
		return true
	}
	delete(r.ledgers, id)
	r.wanted.Strong = true
	return false
}

// partAsked takes note of a leads.parted activity: the lead it names in other
// was absorbed by the one it is for, and is to be itself again.
func (r *resolving) partAsked(a *arrival, primary lead.ID) {
	v, _ := a.a.Property(PropertyOther)
	other := lead.ID(v.Text)
	if !lead.ValidID(v.Text) || other == primary {
		return
	}
	it, ok := r.ledgers[other]
	if !ok || !r.sure(other) {
		r.wantLedger(other)
		a.lead = ""
		return
	}
	if it != nil && r.head(it).moved == primary && !slices.ContainsFunc(r.batch.parts, func(j join) bool { return j.from == other }) {
		r.batch.parts = append(r.batch.parts, join{into: primary, from: other, by: a})
	}
}
