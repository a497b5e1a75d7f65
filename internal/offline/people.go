package offline

import (
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// people finds out who did what, by the rules of ingest: the same normalized
// identity is the same lead, a visitor is the person they turn out to be, and
// two people who are known are never joined by what one activity says.
type people struct {
	c      *playbook.Compiled
	phone  lead.Phone
	owner  map[lead.Identity]*group
	groups []*group
	out    *Scored
}

// group is a lead in the making.
type group struct {
	ids   []lead.Identity // those that are its own, in their order
	did   []act
	first int
	into  *group // another one took it in
}

func (g *group) head() *group {
	for g.into != nil {
		g = g.into
	}
	return g
}

func (g *group) has(k lead.Kind) bool {
	return slices.ContainsFunc(g.ids, func(i lead.Identity) bool { return i.Kind == k })
}

// known tells that it is somebody, not only a browser.
func (g *group) known() bool {
	return slices.ContainsFunc(g.ids, func(i lead.Identity) bool { return i.Kind != lead.ByVisitor })
}

// take gives one activity to its lead.
func (p *people) take(place int, a *activity.Activity) {
	var e164 string
	var mobile bool
	ids, _ := lead.Identify(a.Who, func(raw string) (string, bool, error) {
		var err error
		e164, mobile, err = p.phone(raw)
		return e164, mobile, err
	})
	if len(ids) == 0 {
		p.out.Nobody++
		return
	}
	var email, external string
	weak := func(i lead.Identity) bool { // a desk, not a person
		return i.Kind == lead.ByEmail && lead.Email(i.Value).IsRole() || i.Kind == lead.ByPhone && !mobile
	}
	for _, i := range ids {
		switch i.Kind {
		case lead.ByEmail:
			email = i.Value
		case lead.ByExternal:
			external = i.Value
		}
	}
	if slices.ContainsFunc(ids, func(i lead.Identity) bool { return !weak(i) && i.Kind != lead.ByVisitor }) {
		ids = slices.DeleteFunc(ids, weak)
	}
	x := act{Activity: a, excluded: p.c.Excluded(email, e164, external)}
	if p.c.Fake(email, e164) != "" {
		held := *a
		held.Flags |= activity.Held
		x.Activity = &held
	}
	g := p.anchor(ids)
	if g == nil {
		g = &group{first: place}
		p.groups = append(p.groups, g)
	}
	fresh := p.attach(g, ids)
	x.known = slices.ContainsFunc(ids, func(i lead.Identity) bool { return i.Kind != lead.ByVisitor })
	x.changes = a.Profile
	if fresh || a.Type == activity.FormPosted || a.Type == activity.ProfileChanged {
		x.changes = slices.Clone(a.Profile)
		for name, v := range map[string]string{"email": email, "phone": e164} {
			if v != "" {
				x.changes = append(x.changes, activity.Property{Name: name, Value: activity.TextValue(v)})
			}
		}
	}
	g.did = append(g.did, x)
}

// anchor gives the lead of the surest identity that has one, unless it only
// shares a phone or a browser with a person who has another address. nil is a
// new lead.
func (p *people) anchor(ids []lead.Identity) *group {
	for at, i := range ids {
		g := p.ownerOf(i)
		if g == nil {
			continue
		}
		if g.known() && slices.ContainsFunc(ids[:at], func(surer lead.Identity) bool { return surer.Kind != lead.ByExternal && g.has(surer.Kind) }) {
			p.out.Apart++
			return nil
		}
		return g
	}
	return nil
}

func (p *people) ownerOf(i lead.Identity) *group {
	if g := p.owner[i]; g != nil {
		return g.head()
	}
	return nil
}

// attach gives a lead the identities that are nobody's, and takes in the
// visitor it turned out to be. fresh tells that an address is new.
func (p *people) attach(g *group, ids []lead.Identity) (fresh bool) {
	person := ids[0].Kind != lead.ByVisitor
	for _, i := range ids {
		other := p.ownerOf(i)
		switch {
		case other == nil:
			p.owner[i] = g
			g.ids = append(g.ids, i)
			fresh = fresh || i.Kind != lead.ByVisitor
		case other == g:
		case i.Kind == lead.ByVisitor && person && !other.known():
			other.into = g
			g.ids, g.did, g.first = append(g.ids, other.ids...), append(g.did, other.did...), min(g.first, other.first)
			other.ids, other.did = nil, nil
		case i.Kind != lead.ByVisitor:
			p.out.Apart++
		}
	}
	return fresh
}

// leads are the groups that are left, as leads.
func (p *people) leads() []*Lead {
	var out []*Lead
	for _, g := range p.groups {
		if g.into != nil {
			continue
		}
		slices.SortStableFunc(g.did, func(a, b act) int { return a.At.Compare(b.At) })
		surest := slices.MinFunc(g.ids, func(a, b lead.Identity) int { return rank(a.Kind) - rank(b.Kind) })
		out = append(out, &Lead{ID: lead.IDOf(surest.Kind, surest.Hash(nameless)), Name: surest.Value, Names: g.ids, did: g.did, first: g.first})
	}
	return out
}

// nameless keys the ids of leads that exist in no store: they differ from those
// of any house, so that nobody takes one for the other.
var nameless = []byte("sarnakh: leads of a file")

// rank is how well a kind of identity names a lead to a reader.
func rank(k lead.Kind) int {
	return slices.Index([]lead.Kind{lead.ByEmail, lead.ByPhone, lead.ByExternal, lead.ByVisitor}, k)
}
