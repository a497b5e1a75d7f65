package console

import (
	"errors"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

// lead is everything about one lead: the card and its lines, who they are,
// what they did, what was decided, how they may be written to.
func (c *Console) lead(r *request) (any, error) {
	ctx := r.Context()
	id := lead.ID(r.PathValue("id"))
	if !lead.ValidID(string(id)) {
		return nil, errNotFound
	}
	book, err := c.Playbook(ctx)
	if err != nil {
		return nil, err
	}
	item, err := c.Store.ReadLedger(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	if r.URL.Query().Get("at") != "" {
		return c.past(r, book, item)
	}
	s, err := flow.OpenState(ctx, c.Store, book, item)
	if err != nil {
		return nil, err
	}
	adjusted, err := flow.Adjustments(ctx, c.Store, s, book.Day(r.Now))
	if err != nil {
		return nil, err
	}
	out := cardView(book, s, book.Rules.Card(s, book.Day(r.Now)), adjusted, r.locale)
	latest, err := flow.Recent(ctx, c.Store, s, shownEntries)
	if err != nil {
		return nil, err
	}
	out["recent"], out["today"] = recent(book, latest, r.locale), book.Day(r.Now).String()
	return out, c.person(r, book, id, out)
}

// find gives the lead of an identity: ?email=, ?phone= (as +98…), ?external=.
func (c *Console) find(r *request) (any, error) {
	for _, kind := range []lead.Kind{lead.ByEmail, lead.ByPhone, lead.ByExternal} {
		v := r.URL.Query().Get(string(kind))
		if v == "" {
			continue
		}
		if kind == lead.ByEmail {
			e, err := lead.NormalizeEmail(v)
			if err != nil {
				return nil, bad("email", err.Error())
			}
			v = e.Address()
		}
		id, err := c.Store.LeadOf(r.Context(), store.IdentityOf(string(kind), lead.Identity{Kind: kind, Value: v}.Hash(c.Secret)))
		if errors.Is(err, store.ErrNotFound) {
			return nil, errNotFound
		}
		return map[string]any{"id": id}, err
	}
	return nil, bad("query", "give email, phone or external")
}
