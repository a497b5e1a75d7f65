package console

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// work is the list of leads worth a call, most urgent first.
func (c *Console) work(r *request) (any, error) {
	ctx := r.Context()
	var ids []lead.ID
	items := map[lead.ID]store.Work{}
	for shard := range store.WorkShards {
		some, _, err := c.Store.ListWork(ctx, shard, 100, "")
		if err != nil {
			return nil, err
		}
		for _, w := range some {
			ids = append(ids, w.Lead)
			items[w.Lead] = w
		}
	}
	var err error
	out := []map[string]any{}
	found := store.Found{}
	if len(ids) > 0 {
		if found, err = c.Store.Fetch(ctx, store.Wanted{Profiles: ids}); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		item, err := flow.ReadWorkItem(items[id])
		if err != nil {
			return nil, err
		}
		profile, err := lead.DecodeProfile(found.Profiles[id].Body)
		if err != nil {
			return nil, err
		}
		for i, reason := range item.Reasons {
			if reason.Title.In(r.locale) == "" {
				item.Reasons[i].Title = flow.WorkTitle(reason.Kind)
			}
		}
		out = append(out, map[string]any{"id": id, "rank": items[id].Rank, "name": nameOf(profile), "phone": profile.Text("phone"), "reasons": item.Reasons, "owner": item.Owner})
	}
	sortByRank(out)
	return map[string]any{"work": out}, nil
}

// parked lists messages set aside on a UTC day: ?day=2026-11-24, today without.
func (c *Console) parked(r *request) (any, error) {
	day := r.Now
	if s := r.URL.Query().Get("day"); s != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, s); err != nil {
			return nil, bad("day", "a day is written 2026-11-24")
		}
	}
	list, _, err := c.Store.ListParked(r.Context(), day, 100, "")
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, p := range list {
		out = append(out, map[string]any{"at": p.At, "id": p.ID, "source": p.Source, "code": p.Code, "reason": p.Reason})
	}
	return map[string]any{"parked": out, "day": day.UTC().Format(time.DateOnly)}, nil
}

// words is what screens need of the playbook.
func (c *Console) words(r *request) (any, error) {
	book, err := c.Playbook(r.Context())
	if err != nil {
		return nil, err
	}
	type band struct {
		Name  string `json:"name"`
		Title string `json:"title"`
		From  int    `json:"from"`
	}
	var bands []band
	for _, b := range book.Score.Bands {
		bands = append(bands, band{b.Name, title(b.Title.Fa, b.Title.En, b.Name, r.locale), b.From})
	}
	signals := map[signal.Number]string{}
	for _, d := range book.Signals {
		signals[d.Number] = book.SignalTitle(d.Number, r.locale)
	}
	return map[string]any{"number": book.Number, "name": book.Name, "business": book.Business.Name.In(r.locale), "zone": book.Playbook.Zone, "bands": bands, "signals": signals}, nil
}
