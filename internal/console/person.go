package console

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// attributeTitles name the attributes that every playbook has.
var attributeTitles = map[string]nurture.Text{
	"email": {Fa: "ایمیل", En: "E-mail"}, "phone": {Fa: "موبایل", En: "Mobile"}, "locale": {Fa: "زبان", En: "Language"}, "name": {Fa: "نام", En: "Name"},
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
		out["mail"] = mailView(book, rec, r.locale)
	}
	decisions, _, err := c.Store.ListDecisions(ctx, id, "")
	if err != nil {
		return err
	}
	slices.SortStableFunc(decisions, func(a, b store.Decision) int { return cmp.Compare(b.At, a.At) })
	titles := decision.Titles{
		Signal: func(n signal.Number) string { return book.SignalTitle(n, r.locale) },
		Track: func(name string) string {
			if t := book.Nurture.Track(name); t != nil {
				return cmp.Or(t.Title.In(r.locale), name)
			}
			return name
		},
	}
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

// mailView says how a person may be written to, what left, what waits and why.
func mailView(book *playbook.Compiled, r *nurture.Recipient, locale string) map[string]any {
	var tracks, sends []map[string]any
	for _, e := range r.Enrollments {
		name := e.Track
		if t := book.Nurture.Track(e.Track); t != nil {
			name = t.Title.In(locale)
		}
		t := map[string]any{"track": e.Track, "title": name, "step": stepTitle(book, e, locale), "held": book.Why(e.Held, locale), "ended": book.Why(e.Ended, locale), "heldOut": e.Out != ""}
		if e.Due != 0 {
			t["due"] = time.Unix(e.Due, 0).UTC()
		}
		tracks = append(tracks, t)
	}
	for i := len(r.Sends) - 1; i >= 0; i-- {
		s := r.Sends[i]
		sends = append(sends, map[string]any{"mail": mailTitle(book, s.Mail, locale), "at": time.Unix(s.At, 0).UTC(), "class": s.Class, "channel": s.Channel, "open": s.Open, "unknown": s.Unknown, "failed": book.Why(s.Failed, locale)})
	}
	v := map[string]any{"consent": r.Consents("email", "marketing", book.Nurture.DoubleOptIn), "suppressed": r.SuppressedFor(r.Email), "salesTalking": r.Held || r.Talk != "", "tracks": tracks, "sends": sends}
	if r.Paused != 0 {
		v["paused"] = time.Unix(r.Paused, 0).UTC()
	}
	return v
}

// mailTitle is the subject of a mail as somebody without a name reads it.
func mailTitle(book *playbook.Compiled, name, locale string) string {
	m, ok, err := book.Mail(name, locale)
	if !ok || err != nil {
		return name
	}
	c, err := m.Render(func(string) (string, bool) { return "", false }, make([]string, len(m.Links)))
	if err != nil || c.Subject == "" {
		return name
	}
	return c.Subject
}

// stepTitle says what comes next in a track.
func stepTitle(book *playbook.Compiled, e nurture.Enrollment, locale string) string {
	t := book.Nurture.Track(e.Track)
	if t == nil {
		return e.Step
	}
	for _, s := range t.Steps {
		switch {
		case s.Name != e.Step:
		case s.Task != nil:
			return s.Task.Title.In(locale)
		case s.Message != nil:
			return s.Message.Text.In(locale)
		case len(s.Mails()) > 0:
			return mailTitle(book, s.Mails()[0], locale)
		}
	}
	return e.Step
}
