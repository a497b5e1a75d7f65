package console

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// shownEntries is how much of the log a page shows.
const shownEntries = 20

// shownLine is a line of the card in words.
type shownLine struct {
	score.Line
	Title string `json:"title"`
	Last  string `json:"last,omitempty"`
}

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
	out := cardView(book, s, book.Rules.Card(s, book.Day(r.Now)), r.locale)
	latest, err := flow.Recent(ctx, c.Store, s, shownEntries)
	if err != nil {
		return nil, err
	}
	out["recent"], out["today"] = recent(book, latest, r.locale), book.Day(r.Now).String()
	return out, c.person(r, book, id, out)
}

// cardView is a card with its lines in words.
func cardView(book *playbook.Compiled, s *ledger.State, card score.Card, locale string) map[string]any {
	out := map[string]any{"id": s.Lead, "card": card, "lines": lines(book, card, locale), "bandTitle": bandTitle(book, card.Band, locale), "stageTitle": stageTitle(book, card.Stage, locale), "activities": s.Activities()}
	if s.MovedTo != "" {
		out["movedTo"] = s.MovedTo
	}
	if s.Excluded != 0 {
		out["excluded"] = playbook.ExclusionKind(s.Excluded).String()
	}
	for _, p := range book.Score.Personas {
		if p.Name == card.Persona {
			out["personaTitle"] = title(p.Title.Fa, p.Title.En, p.Name, locale)
		}
	}
	var why []string
	var raise []map[string]any
	for _, w := range card.WhyNow {
		why = append(why, book.SignalTitle(w.Signal, locale))
	}
	for _, w := range card.WouldRaise {
		raise = append(raise, map[string]any{"title": book.SignalTitle(w.Signal, locale), "points": w.Points})
	}
	out["whyNow"], out["wouldRaise"] = why, raise
	if n := card.NextCrossing; n != nil {
		out["next"] = map[string]any{"day": n.Day.String(), "to": bandTitle(book, n.To, locale), "total": n.Total}
	}
	return out
}

// recent are the latest activities in words, the newest first.
func recent(book *playbook.Compiled, latest []ledger.Entry, locale string) []map[string]any {
	var rows []map[string]any
	for i := len(latest) - 1; i >= 0 && len(rows) < shownEntries; i-- {
		e := &latest[i]
		if e.Type == activity.CTASeen || e.Type == activity.FormSeen {
			continue // what passed before their eyes tells little; the log keeps it
		}
		var hits []string
		for _, h := range e.Hits {
			hits = append(hits, book.SignalTitle(h, locale))
		}
		rows = append(rows, map[string]any{"type": e.Type, "path": pathOf(book, e), "at": time.Unix(e.At, 0).UTC(), "signals": hits, "machine": e.Flags&activity.Machine != 0, "revoked": e.Revoked})
	}
	return rows
}

// pathOf is the page on which something was done, if the log kept it.
func pathOf(book *playbook.Compiled, e *ledger.Entry) string {
	properties, err := book.Dictionary.Unpack(e.Packed)
	if err != nil {
		return "" // packed under a newer playbook, in the minute of its roll-back
	}
	for _, p := range properties {
		if p.Name == "path" {
			return p.Value.Text
		}
	}
	return ""
}

// lines puts the card's lines into words.
func lines(book *playbook.Compiled, card score.Card, locale string) []shownLine {
	out := make([]shownLine, 0, len(card.Lines))
	for _, l := range card.Lines {
		shown := shownLine{Line: l, Title: l.Name}
		if l.Signal != 0 {
			shown.Title = cmp.Or(book.SignalTitle(l.Signal, locale), l.Name)
		}
		if l.Kind == score.KindGroup {
			shown.Title = groupTitle(book, l.Name, locale)
		}
		if l.Count > 0 {
			shown.Last = l.LastDay.String()
		}
		out = append(out, shown)
	}
	return out
}

func groupTitle(book *playbook.Compiled, name, locale string) string {
	for _, g := range book.Score.Groups {
		if g.Name == name {
			return title(g.Title.Fa, g.Title.En, name, locale)
		}
	}
	return name
}

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
	var made []map[string]any
	for _, d := range decisions {
		made = append(made, map[string]any{"kind": d.Kind, "subject": d.Subject, "n": d.N, "at": time.Unix(d.At, 0).UTC(), "quiet": d.Quiet, "reason": json.RawMessage(cmp.Or(string(d.Reason), "null")), "done": d.Done, "playbook": d.Playbook})
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
			if reason.Title.In(r.locale) != "" {
				continue
			}
			item.Reasons[i].Title = workTitles[reason.Kind]
		}
		out = append(out, map[string]any{"id": id, "rank": items[id].Rank, "name": nameOf(profile), "phone": profile.Text("phone"), "reasons": item.Reasons, "owner": item.Owner})
	}
	sortByRank(out)
	return map[string]any{"work": out}, nil
}

var workTitles = map[string]nurture.Text{
	"fastlane": {Fa: "خودش خواسته؛ همین حالا زنگ بزنید", En: "Asked for it: call now"},
	"handover": {Fa: "داغ شده است", En: "Became hot"},
}

// act queues what a person did with a lead as an activity.
func (c *Console) act(r *request) (any, error) {
	id := r.PathValue("id")
	if !lead.ValidID(id) {
		return nil, errNotFound
	}
	var in struct {
		ID         string            `json:"id"`
		Type       activity.Type     `json:"type"`
		Properties map[string]string `json:"properties"`
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, bad("body", `send {"id":"…","type":"call.answered"}`)
	}
	if !actable[in.Type] {
		return nil, bad("type", "people may send lead.taken, lead.accepted, lead.returned, call.answered, call.missed, call.refused")
	}
	if in.ID == "" || len(in.ID) > 100 {
		return nil, bad("id", "an id of 1 to 100 characters makes the act happen once")
	}
	a := activity.Activity{ID: activity.ID("console:" + in.ID), Type: in.Type, At: r.Now, Who: activity.WhoIs(id), Source: "console"}
	for _, name := range []string{"reason", "note", "next"} {
		if v := in.Properties[name]; v != "" {
			a.Properties = append(a.Properties, activity.Property{Name: name, Value: activity.TextValue(v)})
		}
	}
	a.Properties = append(a.Properties, activity.Property{Name: "by", Value: activity.TextValue(r.User)})
	body := activity.Encode([]activity.Activity{a})
	if _, err := activity.Decode(body, r.Now); err != nil {
		return nil, bad("body", err.Error())
	}
	if err := c.Queue(r.Context(), body); err != nil {
		return nil, err
	}
	if in.Type != activity.CallMissed {
		if err := flow.CloseWork(r.Context(), c.Store, lead.ID(id)); err != nil {
			return nil, err
		}
	}
	return map[string]any{"queued": a.ID}, nil
}

// actable are the activities that people at the console may send.
var actable = map[activity.Type]bool{
	activity.LeadTaken: true, activity.LeadAccepted: true, activity.LeadReturned: true,
	activity.CallAnswered: true, activity.CallMissed: true, activity.CallRefused: true,
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
