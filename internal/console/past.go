package console

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// past is the card that was shown on a day (?at=2026-11-01), or with
// &hindsight=1 what is known today about it, and what had been done by then.
func (c *Console) past(r *request, book *playbook.Compiled, item ledger.Item) (any, error) {
	t, err := time.Parse(time.DateOnly, r.URL.Query().Get("at"))
	if err != nil {
		return nil, bad("at", "a day is written 2026-11-24")
	}
	day := activity.DayOf(t, time.UTC)
	if day > book.Day(r.Now) {
		return nil, bad("at", "that day has not come yet")
	}
	hindsight := r.URL.Query().Get("hindsight") == "1"
	p, err := flow.AsOf(r.Context(), c.Store, c.Open, item, day, hindsight)
	if err != nil {
		return nil, err
	}
	adjusted, err := flow.AdjustmentsIn(r.Context(), c.Store, p.State, p.Log, day)
	if err != nil {
		return nil, err
	}
	out := cardView(p.Book, p.State, p.Card, adjusted, r.locale)
	// The log may name signals that the playbook of then did not have.
	out["recent"], out["at"], out["hindsight"] = recent(book, p.Log, r.locale), day.String(), hindsight
	out["today"] = book.Day(r.Now).String()
	found, err := c.Store.Fetch(r.Context(), store.Wanted{Profiles: []lead.ID{item.Lead}})
	if err != nil {
		return nil, err
	}
	profile, err := lead.DecodeProfile(found.Profiles[item.Lead].Body)
	if err != nil {
		return nil, err
	}
	out["name"] = nameOf(profile)
	return out, nil
}
