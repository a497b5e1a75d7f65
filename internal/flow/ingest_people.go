package flow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// wantsProfile tells that an activity says something about the person.
func (a *arrival) wantsProfile() bool {
	return len(a.a.Profile) > 0 || a.bringsAddress() && (a.party.email != "" || a.party.phone != "")
}

// bringsAddress tells that an address may be new to us: it was nobody's, it
// came with a form, or (attach says so) an earlier delivery of the message may
// have died between giving the identity away and keeping the address.
func (a *arrival) bringsAddress() bool {
	return a.address || a.a.Type == activity.FormPosted || a.a.Type == activity.ProfileChanged
}

// wantsRecipient tells that an activity changes what may be written to whom.
func (a *arrival) wantsRecipient() bool {
	if a.bringsAddress() && (a.party.email != "" || a.party.phone != "") {
		return true
	}
	_, taken := a.owner()
	return len(a.a.Consent) > 0 && a.a.Flags&activity.Held == 0 || locale(&a.a) != "" || a.zoned || taken || a.stops() || a.a.Type == activity.OfferRedeemed
}

func locale(a *activity.Activity) string {
	for _, p := range a.Profile {
		if p.Name == "locale" && (p.Value.Text == "fa" || p.Value.Text == "en") {
			return p.Value.Text
		}
	}
	return ""
}

// redeem checks the code of an offer against those that the lead was given: one
// that was not, that is over or that was used is kept in the log as held, and
// meets no signal.
func (b *batch) redeem(l *line, a *arrival) {
	if a.a.Type != activity.OfferRedeemed {
		return
	}
	code, _ := a.a.Property("code")
	why := l.recipient.Redeem(code.Text, a.a.At, a.entry.Key)
	if why == "" {
		return
	}
	b.log.Warn("a redeemed offer is not believed", "lead", l.id, "activity", fmt.Sprintf("%016x", a.entry.Key), "reason", why)
	held := a.a
	held.Flags |= activity.Held
	a.entry, _ = b.book.Entry(&held)
}

// stops tells that an address must not be written to any more.
func (a *arrival) stops() bool {
	return a.a.Source != public && (a.a.Type == activity.MailBounced || a.a.Type == activity.MailComplained)
}

// addressHash is the keyed hash of an address, "" for none.
func (b *batch) addressHash(email string) string {
	if email == "" {
		return ""
	}
	return lead.Identity{Kind: lead.ByEmail, Value: email}.Hash(b.secret)
}

// outlive keeps, under keyed hashes, the addresses that must not be written to,
// so that they are known when the lead is not any more.
func (b *batch) outlive(lines []*line) {
	for _, l := range lines {
		if l.err != nil || l.recipient == nil || !slices.ContainsFunc(l.take, (*arrival).stops) {
			continue
		}
		for _, s := range l.recipient.Suppressed {
			if err := b.store.Suppress(b.ctx, store.Suppression{Hash: b.addressHash(s.Address), Reason: s.Reason, At: s.At}); err != nil {
				l.err = err
				break
			}
		}
	}
}

// owner tells whether an activity says who of sales has the lead: who took or
// accepted it, nobody once it is returned. Strangers have no say.
func (a *arrival) owner() (who string, said bool) {
	if a.a.Source == public {
		return "", false
	}
	switch a.a.Type {
	case activity.LeadReturned:
		return "", true
	case activity.LeadTaken, activity.LeadAccepted:
		for _, name := range []string{"owner", "by"} {
			if v, ok := a.a.Property(name); ok && v.Text != "" {
				return clip(v.Text, 100), true
			}
		}
	}
	return "", false
}

// readPeople reads the profiles and recipients that fresh activities change,
// and the profiles of leads that an older playbook looked at.
func (b *batch) readPeople(lines []*line) {
	// Strongly: the bits that a profile gives go into the ledger even where the
	// profile itself needs no write, so an old one would undo somebody's change.
	w := store.Wanted{Strong: true}
	for _, l := range lines {
		if l.err != nil {
			continue
		}
		l.needProfile = b.older(l)
		for _, a := range l.take {
			l.needProfile = l.needProfile || a.wantsProfile()
			l.needRecipient = l.needRecipient || a.wantsRecipient()
			if h := b.addressHash(a.party.email); h != "" && a.bringsAddress() {
				if _, ok := b.remembered[h]; !ok {
					w.Suppressions = append(w.Suppressions, h)
				}
			}
		}
		if _, ok := b.profiles[l.id]; l.needProfile && !ok {
			w.Profiles = append(w.Profiles, l.id)
		}
		if _, ok := b.recipients[l.id]; l.needRecipient && !ok {
			w.Recipients = append(w.Recipients, string(l.id))
		}
	}
	if len(w.Profiles)+len(w.Recipients)+len(w.Suppressions) == 0 {
		return
	}
	found, err := b.store.Fetch(b.ctx, w)
	for _, l := range lines {
		if l.err == nil && err != nil && (l.needProfile || l.needRecipient) {
			l.err = err
		}
	}
	if err == nil {
		for _, h := range w.Suppressions {
			b.remembered[h] = found.Suppressions[h]
		}
	}
	for _, id := range w.Profiles {
		b.profiles[id] = found.Profiles[id]
	}
	for _, id := range w.Recipients {
		b.recipients[lead.ID(id)] = found.Recipients[id]
	}
}

// older tells that the stored item was made by an older playbook, or wants its
// log looked through again.
func (b *batch) older(l *line) bool {
	return len(l.take) > 0 && l.state.Version > 0 && (l.state.Playbook < b.book.Number || l.state.LookBack)
}

// know brings profile and recipient up to date in memory.
func (b *batch) know(l *line) error {
	if l.needProfile && l.profile == nil {
		p, err := lead.DecodeProfile(b.profiles[l.id].Body)
		if err != nil {
			return err
		}
		l.profile = p
	}
	if l.needRecipient {
		stored := b.recipients[l.id]
		l.recipient = &nurture.Recipient{ID: string(l.id)}
		if stored.Version != 0 {
			r, err := nurture.Decode(string(l.id), stored.Body)
			if err != nil {
				return err
			}
			l.recipient = r
		}
	}
	for _, a := range l.take {
		if l.profile != nil {
			l.profileChanged = l.profile.Apply(a.changes(), a.a.At, a.entry.Key) || l.profileChanged
		}
		if l.recipient != nil && l.recipient.Erased == 0 {
			if s := b.remembered[b.addressHash(a.party.email)]; s.Reason != "" && a.bringsAddress() {
				l.recipient.Recall(a.party.email, s.Reason, time.Unix(s.At, 0))
			}
			a.tell(l.recipient)
			b.redeem(l, a)
			l.recipient.AskToConfirm(b.book.Nurture, b.now)
		}
	}
	l.settleZone()
	return nil
}

// changes are the attributes that an activity brings; addresses are among them,
// for the eyes of sales.
func (a *arrival) changes() []activity.Property {
	changes := a.known()
	if !a.bringsAddress() {
		return changes
	}
	changes = changes[:len(changes):len(changes)]
	if a.party.email != "" {
		changes = append(changes, activity.Property{Name: "email", Value: activity.TextValue(a.party.email)})
	}
	if a.party.phone != "" {
		changes = append(changes, activity.Property{Name: "phone", Value: activity.TextValue(a.party.phone)})
	}
	return changes
}

// tell brings the recipient up to date. Everything here bears repetition.
func (a *arrival) tell(r *nurture.Recipient) {
	signed := a.a.Source != public
	if e := a.party.email; e != "" && a.bringsAddress() && r.Email != e && (r.Email == "" || signed || r.SuppressedFor(r.Email) != "") {
		r.Email = e
	}
	if p := a.party.phone; p != "" && a.party.mobile && a.bringsAddress() && r.Mobile != p && (r.Mobile == "" || signed) {
		r.Mobile = p
	}
	if l := locale(&a.a); l != "" {
		r.Locale = l
	}
	if a.a.Flags&activity.Held != 0 {
		return
	}
	if e := a.party.email; e != "" && a.stops() {
		reason := "bounce"
		if a.a.Type == activity.MailComplained {
			reason = "complaint"
			r.Withdraw("email", "", a.a.At)
		}
		r.Suppress(e, reason, a.a.At) // another system's mail; ours was noted by feedback, with its address
	}
	if who, said := a.owner(); said {
		r.SetOwner(who, a.a.At)
	}
	for _, c := range a.a.Consent {
		channel, purpose := c.Channel, c.Purpose
		if purpose == "" && c.Granted {
			purpose = "marketing"
		}
		if c.Granted {
			r.Grant(channel, purpose, a.a.At, c.Wording, c.Proof)
		} else {
			r.Withdraw(channel, purpose, a.a.At)
		}
	}
}

// writeProfiles stores the profiles that changed.
func (b *batch) writeProfiles(lines []*line) {
	var ps []store.Profile
	var of []*line
	for _, l := range lines {
		if l.err == nil && l.profileChanged {
			ps = append(ps, store.Profile{Lead: l.id, Version: b.profiles[l.id].Version, Body: l.profile.Encode()})
			of = append(of, l)
		}
	}
	if len(ps) == 0 {
		return
	}
	for i, w := range b.store.WriteProfiles(b.ctx, ps) {
		l := of[i]
		if l.err = w.Err; w.Err == nil {
			p := ps[i]
			p.Version++
			b.profiles[l.id] = p
		} else if errors.Is(w.Err, store.ErrConflict) {
			delete(b.profiles, l.id)
		}
	}
}

// writeRecipients stores the recipients that changed.
func (b *batch) writeRecipients(lines []*line) {
	var rs []store.Recipient
	var of []*line
	for _, l := range lines {
		if l.err != nil || l.recipient == nil || l.recipient.Erased != 0 {
			continue
		}
		body, err := l.recipient.Encode()
		if err != nil {
			l.err = err
			continue
		}
		stored := b.recipients[l.id]
		if string(stored.Body) == string(body) || stored.Version == 0 && l.recipient.Email == "" && l.recipient.Mobile == "" && len(l.recipient.Permissions) == 0 {
			continue // nothing new, or nobody to write to
		}
		rs = append(rs, store.Recipient{ID: string(l.id), Version: stored.Version, Body: body, DueAt: l.recipient.Due(), Rank: l.recipient.Rank})
		of = append(of, l)
	}
	if len(rs) == 0 {
		return
	}
	for i, w := range b.store.WriteRecipients(b.ctx, rs) {
		l := of[i]
		if l.err = w.Err; w.Err == nil {
			r := rs[i]
			r.Version++
			b.recipients[l.id] = r
		} else if errors.Is(w.Err, store.ErrConflict) {
			delete(b.recipients, l.id)
		}
	}
}

// hasWords tells that a form brought a text that the log does not keep.
func (b *batch) hasWords(ps []activity.Property) bool {
	for _, p := range ps {
		if p.Value.Kind == activity.Text && strings.ContainsAny(p.Value.Text, " \n") && !slices.Contains(b.book.Fields, p.Name) {
			return true
		}
	}
	return false
}
