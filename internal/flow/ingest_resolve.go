package flow

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// join is an anonymous lead that turned out to be a known one, or two leads
// that a person says are one.
type join struct {
	into, from lead.ID
	keys       []store.IdentityKey
	by         *arrival // the activity that asks for it; nil where a visitor turned out to be somebody
}

// resolve finds the lead of every open activity: it reads what it must know,
// gives unowned identities away, and looks again until nothing is left to do.
func (b *batch) resolve(strong bool) error {
	b.proposals = nil // of all looks: once its identity is claimed, a reason is no longer seen
	for range 10 {
		b.joins, b.parts = b.joins[:0], b.parts[:0]
		r := resolving{batch: b, owner: map[store.IdentityKey]lead.ID{}, wanted: store.Wanted{Strong: strong},
			seen: map[any]bool{}, gave: map[lead.ID]map[lead.Kind]bool{}, claimed: map[store.IdentityKey][]*arrival{}}
		for _, a := range b.open {
			if !a.done {
				r.one(a)
			}
		}
		switch {
		case r.wants():
			if err := b.fetch(r.wanted); err != nil {
				return err
			}
		case len(r.claims) > 0:
			won, err := b.store.ClaimIdentities(b.ctx, r.claims)
			if err != nil {
				return err
			}
			for i, id := range won {
				b.owner[id.Key] = id.Lead
				if id.Lead == r.claims[i].Lead {
					for _, a := range r.claimed[id.Key] {
						a.address = true
					}
				}
			}
		default:
			for _, p := range b.proposals {
				if err := b.propose(p); err != nil {
					return err
				}
			}
			return nil
		}
	}
	b.asked = map[store.IdentityKey]bool{}
	return store.ErrConflict // identities move under our hands: look again later
}

// resolving is one look over the open activities.
type resolving struct {
	*batch
	owner   map[store.IdentityKey]lead.ID  // what will be claimed in this look
	known   []lead.ID                      // leads that are given a known identity
	gave    map[lead.ID]map[lead.Kind]bool // which kinds
	wanted  store.Wanted
	seen    map[any]bool
	claims  []store.Identity
	claimed map[store.IdentityKey][]*arrival
}

func (r *resolving) wants() bool {
	w := &r.wanted
	return len(w.Identities)+len(w.Ledgers)+len(w.Recipients) > 0
}

func (r *resolving) wantLedger(id lead.ID) {
	if _, ok := r.ledgers[id]; !ok && !r.seen[id] {
		r.seen[id] = true
		r.wanted.Ledgers = append(r.wanted.Ledgers, id)
	}
}

// leadOf follows an identity to the lead it belongs to now; ok is false when
// something must be read first.
func (r *resolving) leadOf(n named) (id lead.ID, ok bool) {
	id = r.owner[n.key]
	if id == "" {
		if !r.asked[n.key] {
			if !r.seen[n.key] {
				r.seen[n.key] = true
				r.wanted.Identities = append(r.wanted.Identities, n.key)
			}
			return "", false
		}
		if id = r.batch.owner[n.key]; id == "" {
			return "", true
		}
	}
	return r.follow(id)
}

// follow goes on to the lead that absorbed another.
func (r *resolving) follow(id lead.ID) (lead.ID, bool) {
	for range 16 {
		it, ok := r.ledgers[id]
		if !ok {
			r.wantLedger(id)
			return "", false
		}
		if it == nil {
			return id, true
		}
		moved := r.head(it).moved
		if moved == "" {
			return id, true
		}
		id = moved
	}
	return id, true
}

func (r *resolving) isKnown(id lead.ID) bool {
	if slices.Contains(r.known, id) {
		return true
	}
	it := r.ledgers[id]
	return it != nil && r.head(it).known
}

// head is what finding out who somebody is asks of a ledger.
type head struct {
	moved lead.ID
	known bool
	state *ledger.State // for who changes it, once
}

// head reads an item once, however often it is asked.
func (b *batch) head(it *ledger.Item) head {
	h, ok := b.heads[it]
	if !ok {
		if s, err := ledger.Decode(*it); err == nil { // a fault shows when the lead is written
			h = head{s.MovedTo, s.Known, s}
		}
		b.heads[it] = h
	}
	return h
}

// guesses is up to how many activities their ledgers are guessed.
const guesses = getsACall / 2

// one finds the lead of one activity, as far as what was read allows.
func (r *resolving) one(a *arrival) {
	p := &a.party
	a.lead = ""
	// The ledger that this most likely leads to is read with the identities
	// where both fit one call. In a larger batch a guess saves no call, and a
	// wrong one (the lead is named after another identity) costs a read.
	likely := p.direct
	if likely == "" {
		likely = p.ids[0].id
	}
	if p.direct != "" || !r.asked[p.ids[0].key] && len(r.open) <= guesses {
		r.wantLedger(likely)
	}
	owners := make([]lead.ID, len(p.ids))
	complete := true
	for i, n := range p.ids {
		id, ok := r.leadOf(n)
		owners[i], complete = id, complete && ok
	}
	primary := lead.ID("")
	if p.direct != "" {
		id, ok := r.follow(p.direct)
		if !ok || !complete {
			return
		}
		if r.ledgers[id] == nil && !r.pending(id) {
			if r.fresh[id] {
				r.parkOne(a, "unknown_lead", "lead.external names a lead that is not there; an activity cannot make one under an id of ours")
			} else {
				delete(r.ledgers, id) // an eventual read may be too early: once more, strongly
				r.wanted.Strong = true
				r.wantLedger(id)
			}
			return
		}
		primary = id
	}
	if !complete {
		return
	}
	if primary == "" {
		var ok bool
		if primary, ok = r.anchor(a, owners); !ok {
			return
		}
	}
	r.attach(a, primary, owners)
}

// pending tells that the lead gets its first identity in this batch.
func (r *resolving) pending(id lead.ID) bool {
	for _, owner := range r.batch.owner {
		if owner == id {
			return true
		}
	}
	return false
}

// anchor names the lead of an activity by its identities: the surest that has
// an owner, unless a less sure one only shares a phone or a browser with a
// person who has another address.
func (r *resolving) anchor(a *arrival, owners []lead.ID) (lead.ID, bool) {
	ids := a.party.ids
	at := slices.IndexFunc(owners, func(id lead.ID) bool { return id != "" })
	if at < 0 {
		return ids[0].id, true
	}
	if !r.isKnown(owners[at]) {
		// A lead that has an identity and no ledger was read too early, or is being
		// made: before an address is given to it, it must not be somebody already.
		if at > 0 && r.owner[ids[at].key] == "" && !r.sure(owners[at]) {
			r.wantLedger(owners[at])
			return "", false
		}
		return owners[at], true
	}
	for i := range at { // surer than the one with an owner, and nobody's yet
		if ids[i].kind == lead.ByExternal {
			continue
		}
		has, ok := r.has(owners[at], ids[i].kind)
		if !ok {
			return "", false
		}
		if has {
			r.batch.proposals = append(r.batch.proposals, store.Proposal{
				A: owners[at], B: ids[i].id, At: a.a.Received, By: string(a.a.ID),
				Reason: "one " + string(a.a.Type) + " named a new " + string(ids[i].kind) + " and the " + string(ids[at].kind) + " of a person who has another",
			})
			return ids[0].id, true
		}
	}
	return owners[at], true
}

// has tells whether a lead has an address of a kind.
func (r *resolving) has(id lead.ID, kind lead.Kind) (has, ok bool) {
	if r.gave[id][kind] {
		return true, true
	}
	stored, ok := r.recipients[id]
	if !ok {
		r.wantRecipient(id)
		return false, false
	}
	if stored.Version == 0 {
		return false, true
	}
	person, err := nurture.Decode(stored.ID, stored.Body)
	if err != nil {
		return true, true // cannot be read: rather two leads than two people in one
	}
	if kind == lead.ByPhone {
		return person.Mobile != "", true
	}
	return person.Email != "", true
}

func (r *resolving) wantRecipient(id lead.ID) {
	if _, ok := r.recipients[id]; !ok && !r.seen["r"+id] {
		r.seen["r"+id] = true
		r.wanted.Recipients = append(r.wanted.Recipients, string(id))
	}
}

// take gives the decoded item to who will change it.
func (b *batch) take(it *ledger.Item) (*ledger.State, error) {
	h := b.heads[it]
	if h.state == nil {
		return ledger.Decode(*it)
	}
	s := h.state
	h.state = nil
	b.heads[it] = h
	return s, nil
}

// attach gives the activity to its lead, with every identity that is nobody's;
// anonymous leads are joined to it, known ones proposed.
func (r *resolving) attach(a *arrival, primary lead.ID, owners []lead.ID) {
	a.lead, a.via = primary, r.cameBy(a, primary, owners)
	if _, ok := r.ledgers[primary]; !ok {
		r.wantLedger(primary)
	}
	for i, n := range a.party.ids {
		other := owners[i]
		switch {
		case other == "" && n.kind == lead.ByExternal && r.addressIsFree(a):
			continue // the next look gives it to whoever has the address by then
		case other == "":
			if len(r.claimed[n.key]) == 0 {
				r.claims = append(r.claims, store.Identity{Key: n.key, Lead: primary})
			}
			r.claimed[n.key] = append(r.claimed[n.key], a)
			r.owner[n.key] = primary
		case other != primary && n.kind == lead.ByVisitor:
			if !r.isKnown(other) && r.isPerson(a) {
				r.joinTo(primary, other, n.key)
			}
		case other != primary && a.party.direct == "":
			r.batch.proposals = append(r.batch.proposals, store.Proposal{
				A: primary, B: other, At: a.a.Received, By: string(a.a.ID),
				Reason: "one " + string(a.a.Type) + " named the " + string(n.kind) + " of another person",
			})
		}
		if n.kind != lead.ByVisitor && (other == "" || other == primary) {
			r.knows(primary, n.kind)
			// Only what is the lead's own: that of another person stays with them,
			// however often the message comes.
			a.address = a.address || a.message.Attempt > 1 && n.kind != lead.ByExternal
		}
	}
	if a.a.Type == activity.LeadsMerged && a.a.Source != public {
		r.mergeAsked(a, primary)
	}
	if a.a.Type == activity.LeadsParted && a.a.Source != public {
		r.partAsked(a, primary)
	}
}

// addressIsFree tells that an address of the activity was nobody's when it was
// read. It is claimed before the id that a sender knows the lead by: the read may
// have been too old, or another process be giving the address away right now, and
// an id that was given to a new lead by then would make two of one person.
func (r *resolving) addressIsFree(a *arrival) bool {
	for _, n := range a.party.ids {
		if r.batch.owner[n.key] == "" && (n.kind == lead.ByEmail || n.kind == lead.ByPhone) {
			return true
		}
	}
	return false
}

// cameBy gives the absorbed lead by whose identity alone an activity found its
// way, "" where one of its identities is the lead's own.
func (r *resolving) cameBy(a *arrival, primary lead.ID, owners []lead.ID) lead.ID {
	if a.party.direct != "" {
		if a.party.direct != primary {
			return a.party.direct
		}
		return ""
	}
	via := lead.ID("")
	for i, n := range a.party.ids {
		switch owner := r.batch.owner[n.key]; {
		case owners[i] != primary:
		case owner == "" || owner == primary:
			return ""
		case via == "":
			via = owner
		}
	}
	return via
}

func (r *resolving) knows(id lead.ID, kind lead.Kind) {
	if !slices.Contains(r.known, id) {
		r.known = append(r.known, id)
	}
	if r.gave[id] == nil {
		r.gave[id] = map[lead.Kind]bool{}
	}
	r.gave[id][kind] = true
}

// isPerson tells that the activity names somebody, not only a browser.
func (r *resolving) isPerson(a *arrival) bool {
	return a.party.direct != "" || a.party.ids[0].kind != lead.ByVisitor
}

// public is the source of what strangers send.
const public = playbook.Public

// PropertyOther names, in a leads.merged activity, the id of the lead that goes
// into the one the activity is for.
const PropertyOther = "other"

func (r *resolving) mergeAsked(a *arrival, primary lead.ID) {
	v, _ := a.a.Property(PropertyOther)
	if !lead.ValidID(v.Text) {
		return
	}
	other, ok := r.follow(lead.ID(v.Text))
	if ok && !r.sure(other) {
		r.wantLedger(other)
		ok = false
	}
	if !ok {
		a.lead = ""
		return
	}
	if other != primary && r.ledgers[other] != nil {
		n := len(r.batch.joins)
		if r.joinTo(primary, other, ""); len(r.batch.joins) > n {
			r.batch.joins[n].by = a
		}
	}
}

func (r *resolving) joinTo(into, from lead.ID, key store.IdentityKey) {
	for i := range r.batch.joins {
		if j := &r.batch.joins[i]; j.into == into && j.from == from {
			if key != "" && !slices.Contains(j.keys, key) {
				j.keys = append(j.keys, key)
			}
			return
		}
	}
	j := join{into: into, from: from}
	if key != "" {
		j.keys = []store.IdentityKey{key}
	}
	r.batch.joins = append(r.batch.joins, j)
}
