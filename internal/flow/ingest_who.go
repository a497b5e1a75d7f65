package flow

import (
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// party is who an activity says its lead is.
type party struct {
	direct lead.ID // by our own id, which only signed links and our tools know
	ids    []named // the surest first; visitors last
	email  string
	phone  string
	mobile bool
}

// named is an identity with its key, and the lead it would be the first of.
type named struct {
	kind lead.Kind
	key  store.IdentityKey
	id   lead.ID
	weak bool // a desk, not a person: a role address, a landline
}

// identify reads the identities of an activity. One that names nobody is
// parked.
func (b *batch) identify(a *arrival) {
	a.party, a.entry = party{}, ledger.Entry{}
	who := a.a.Who
	if id, ok := who.Lead(); ok {
		if !lead.ValidID(id) {
			b.parkOne(a, "identity", "lead.external names a lead of ours by an id that is none: lead: and 16 characters would be right")
			return
		}
		a.party.direct = lead.ID(id)
		who.External = ""
	}
	p := &a.party
	normalize := b.phoneOf(b.book.Business.Region)
	ids, faults := lead.Identify(who, func(raw string) (string, bool, error) {
		e164, mobile, err := normalize(raw)
		p.phone, p.mobile = e164, mobile
		return e164, mobile, err
	})
	if len(ids) == 0 && p.direct == "" {
		text := "no identity: give lead.email, lead.phone, lead.visitor or lead.external"
		if len(faults) > 0 {
			text = faults[0].Error() // says what is wrong, never what was given
		}
		b.parkOne(a, "identity", text)
		return
	}
	external := ""
	for _, id := range ids {
		hash := id.Hash(b.secret)
		n := named{kind: id.Kind, key: store.IdentityOf(string(id.Kind), hash), id: lead.IDOf(id.Kind, hash)}
		switch id.Kind {
		case lead.ByEmail:
			p.email, n.weak = id.Value, lead.Email(id.Value).IsRole()
		case lead.ByPhone:
			n.weak = !p.mobile
		case lead.ByExternal:
			external = id.Value
		}
		p.ids = append(p.ids, n)
	}
	// A desk counts only where nothing names a person.
	if slices.ContainsFunc(p.ids, func(n named) bool { return !n.weak && n.kind != lead.ByVisitor }) {
		p.ids = slices.DeleteFunc(p.ids, func(n named) bool { return n.weak })
	}
	a.kind = b.book.Excluded(p.email, p.phone, external)
	if b.book.Fake(p.email, p.phone) != "" {
		a.a.Flags |= activity.Held
	}
}

// fetch reads what is wanted into the batch.
func (b *batch) fetch(w store.Wanted) error {
	// The pointer rides along where it costs no call of its own, and is looked
	// at in any case when it was not for some seconds.
	n := len(w.Identities) + len(w.Ledgers) + len(w.Profiles) + len(w.Recipients)
	b.mu.Lock()
	w.Playbook = n%getsACall != 0 || b.now.Sub(b.read) > pointerAge
	b.mu.Unlock()
	found, err := b.store.Fetch(b.ctx, w)
	if err != nil {
		return err
	}
	for _, k := range w.Identities {
		b.asked[k] = true
		b.owner[k] = found.Identities[k]
	}
	for _, id := range w.Ledgers {
		b.ledgers[id] = nil
		b.fresh[id] = w.Strong
		if it, ok := found.Ledgers[id]; ok {
			b.ledgers[id] = &it
		}
	}
	for _, id := range w.Recipients {
		b.recipients[lead.ID(id)] = found.Recipients[id]
	}
	if w.Playbook && found.Playbook.Number != 0 {
		if p := b.keepPointer(found.Playbook, b.now); p.Number > b.book.Number {
			return b.openBook(p.Number)
		}
	}
	return nil
}

const (
	getsACall  = 100 // keys that one batch read takes
	pointerAge = 5 * time.Second
)

func (b *batch) propose(p store.Proposal) error {
	pair := [2]lead.ID{min(p.A, p.B), max(p.A, p.B)}
	b.mu.Lock()
	had := b.proposed[pair]
	b.mu.Unlock()
	if had || p.A == p.B {
		return nil
	}
	if err := b.store.Propose(b.ctx, p); err != nil {
		return err
	}
	b.taken.Proposals++
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.proposed) > 10_000 {
		clear(b.proposed)
	}
	b.proposed[pair] = true
	return nil
}
