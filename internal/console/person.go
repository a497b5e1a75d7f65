package console

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// attributeTitles name the attributes that every playbook has.
var attributeTitles = map[string]nurture.Text{
	"email": {Fa: "ایمیل", En: "E-mail"}, "phone": {Fa: "موبایل", En: "Mobile"}, "locale": {Fa: "زبان", En: "Language"}, "name": {Fa: "نام", En: "Name"},
	"timezone": {Fa: "منطقه‌ی زمانی", En: "Time zone"},
}

// person adds what lies beside the ledger.
func (c *Console) person(r *request, book *playbook.Compiled, id lead.ID, out map[string]any) error {
	ctx := r.Context()
	found, err := c.Store.Fetch(ctx, store.Wanted{Profiles: []lead.ID{id}, Recipients: []string{string(id)}})
	if err != nil {
		return err
	}
	profile, err := lead.DecodeProfile(found.Profiles[id].Body)
	if err != nil {
		return err
	}
	type attribute struct {
		Name  string `json:"name"`
		Title string `json:"title"`
		Value string `json:"value"`
		Text  string `json:"text"`
	}
	var attributes []attribute
	for _, reg := range profile.Registers {
		a := attribute{Name: reg.Name, Title: reg.Name, Value: lead.Words(reg.Value), Text: lead.Words(reg.Value)}
		if t, ok := attributeTitles[reg.Name]; ok {
			a.Title = t.In(r.locale)
		}
		if known, ok := book.Attribute(reg.Name); ok {
			a.Title, a.Text = known.Title.In(r.locale), known.ValueTitle(a.Value, r.locale)
		}
		attributes = append(attributes, a)
	}
	out["name"], out["attributes"] = nameOf(profile), attributes
	if stored, ok := found.Recipients[string(id)]; ok {
		rec, err := nurture.Decode(string(id), stored.Body)
		if err != nil {
			return err
		}
		out["mail"] = mailView(book, rec, r.locale, r.Now)
		if why := book.Aside(playbook.NotExcluded, rec.Email, rec.Mobile, r.locale); why != "" && out["aside"] == nil {
			out["aside"] = why
		}
	}
	decisions, _, err := c.Store.ListDecisions(ctx, id, "")
	if err != nil {
		return err
	}
	slices.SortStableFunc(decisions, func(a, b store.Decision) int { return cmp.Compare(b.At, a.At) })
	titles := book.DecisionTitles(r.locale)
	var made []map[string]any
	for _, d := range decisions {
		text := book.Decisions.Sentence(ledger.Pending{Kind: d.Kind, Name: d.Subject, N: uint16(d.N), Reason: d.Reason, At: d.At, Quiet: d.Quiet}, r.locale, titles)
		made = append(made, map[string]any{"text": text, "kind": d.Kind, "subject": d.Subject, "n": d.N, "at": time.Unix(d.At, 0).UTC(), "quiet": d.Quiet, "reason": json.RawMessage(cmp.Or(string(d.Reason), "null")), "done": d.Done, "playbook": d.Playbook})
	}
	out["decisions"] = made
	w, err := c.Store.ReadWork(ctx, id)
	if err == nil {
		item, err := flow.ReadWorkItem(w)
		if err != nil {
			return err
		}
		out["work"] = item
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}
