package console

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// row is a lead in the ranked list.
type row struct {
	ID         lead.ID      `json:"id"`
	Name       string       `json:"name"`
	Email      string       `json:"email,omitempty"`
	Company    string       `json:"company,omitempty"`
	Score      int          `json:"score"`
	Fit        int          `json:"fit"`
	Engagement int          `json:"engagement"`
	Grade      string       `json:"grade"`
	Band       string       `json:"band"`
	BandTitle  string       `json:"bandTitle"`
	Stage      string       `json:"stage,omitempty"`
	Why        []string     `json:"why,omitempty"`
	LastDay    activity.Day `json:"-"`
	Last       string       `json:"last,omitempty"`
}

// bandRead is how many leads of one band are read to be put in order.
const bandRead = 500

// leads is the ranked list: bands from the top, exact order by today's score
// within what was read. ?band= asks for one band, ?limit= for how many.
func (c *Console) leads(r *request) (any, error) {
	book, err := c.Playbook(r.Context())
	if err != nil {
		return nil, err
	}
	limit := 50
	if s := r.URL.Query().Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > 200 {
			return nil, bad("limit", "limit is a number from 1 to 200")
		}
	}
	bands := book.Score.Bands
	want := r.URL.Query().Get("band")
	var rows []row
	more := false
	known := want == ""
	for i := len(bands) - 1; i >= 0 && len(rows) < limit; i-- {
		if want != "" && bands[i].Name != want {
			continue
		}
		known = true
		found, cut, err := c.band(r, book, bands[i].Name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
		more = more || cut
	}
	if !known {
		return nil, bad("band", fmt.Sprintf("no band %.40q: there are %s", want, bandNames(book)))
	}
	// A lead whose band changed by time alone since its last review stands where
	// its score of today puts it.
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Or(b.Score-a.Score, int(b.LastDay-a.LastDay), cmp.Compare(a.ID, b.ID)) })
	if len(rows) > limit {
		rows, more = rows[:limit], true
	}
	return map[string]any{"leads": rows, "more": more, "day": book.Day(r.Now).String()}, nil
}

func bandNames(book *playbook.Compiled) string {
	var names []string
	for _, b := range book.Score.Bands {
		names = append(names, b.Name)
	}
	return strings.Join(names, ", ")
}

// band reads the leads of one band and scores them as of today.
func (c *Console) band(r *request, book *playbook.Compiled, name string) (rows []row, cut bool, err error) {
	ctx := r.Context()
	var ids []lead.ID
	for shard := range store.BandShards {
		some, next, err := c.Store.LeadsInBand(ctx, store.BandShardKey(name, shard), bandRead/store.BandShards, "")
		if err != nil {
			return nil, false, fmt.Errorf("leads in band %s: %w", name, err)
		}
		ids = append(ids, some...)
		cut = cut || next != ""
	}
	for part := range slices.Chunk(ids, 100) {
		found, err := c.Store.Fetch(ctx, store.Wanted{Ledgers: part, Profiles: part})
		if err != nil {
			return nil, false, fmt.Errorf("leads in band %s: %w", name, err)
		}
		for _, id := range part {
			item, ok := found.Ledgers[id]
			if !ok {
				continue // the index was old
			}
			one, err := c.row(ctx, r, book, item, found.Profiles[id])
			if err != nil {
				return nil, false, err
			}
			rows = append(rows, one)
		}
	}
	return rows, cut, nil
}

func (c *Console) row(ctx context.Context, r *request, book *playbook.Compiled, item ledger.Item, stored store.Profile) (row, error) {
	s, err := flow.OpenState(ctx, c.Store, book, item)
	if err != nil {
		return row{}, err
	}
	profile, err := lead.DecodeProfile(stored.Body)
	if err != nil {
		return row{}, err
	}
	today := book.Day(r.Now)
	card := book.Rules.Card(s, today)
	_, last := s.Days()
	out := row{
		ID: item.Lead, Name: nameOf(profile), Email: profile.Text("email"), Company: profile.Text("company"),
		Score: card.Total, Fit: card.Fit, Engagement: card.Engagement, Grade: card.Grade, Band: card.Band, BandTitle: bandTitle(book, card.Band, r.locale), Stage: stageTitle(book, card.Stage, r.locale),
		LastDay: last, Last: last.String(),
	}
	for _, w := range card.WhyNow {
		out.Why = append(out.Why, book.SignalTitle(w.Signal, r.locale))
	}
	return out, nil
}

// nameOf is how a lead is called on screens.
func nameOf(p *lead.Profile) string {
	for _, n := range []string{"name", "full_name"} {
		if v := p.Text(n); v != "" {
			return v
		}
	}
	return strings.TrimSpace(p.Text("first_name") + " " + p.Text("last_name"))
}

func bandTitle(book *playbook.Compiled, name, locale string) string {
	for _, b := range book.Score.Bands {
		if b.Name == name {
			return title(b.Title.Fa, b.Title.En, name, locale)
		}
	}
	return name
}

func stageTitle(book *playbook.Compiled, name, locale string) string {
	for _, s := range book.Score.Stages {
		if s.Name == name {
			return title(s.Title.Fa, s.Title.En, name, locale)
		}
	}
	return name
}

func title(fa, en, name, locale string) string {
	if locale == "en" {
		return cmp.Or(en, name)
	}
	return cmp.Or(fa, name)
}
