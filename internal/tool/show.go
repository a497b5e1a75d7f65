package tool

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
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

// Showing is what to show of a lead.
type Showing struct {
	Name   string // address, phone number, external id or id of the lead
	Locale string // fa or en
	Now    time.Time
	Log    bool // every entry of the log
	Bytes  bool // the compact item, as text
	// At is the day whose card to show, as it was shown then; 0 is today.
	// Hindsight: what is known today about that day.
	At        activity.Day
	Hindsight bool
}

// Show writes a lead: the card whose lines add up, what is known, what was
// decided, and on demand its log and its bytes.
func (d *Desk) Show(ctx context.Context, out io.Writer, v Showing) error {
	c, err := d.shelf().InForce(ctx)
	if err != nil {
		return err
	}
	id, err := d.Find(ctx, c, v.Name)
	if err != nil {
		return err
	}
	s, err := d.open(ctx, c, id)
	if err != nil {
		return err
	}
	if v.At != 0 {
		return d.showPast(ctx, out, c, id, v)
	}
	var b bytes.Buffer
	sheet := sheet{Showing: v, c: c, w: wordsOf(v.Locale), out: &b}
	if s.Lead != id {
		fmt.Fprintf(&b, sheet.w.absorbed+"\n", id, s.Lead)
	}
	if sheet.adjusted, err = flow.Adjustments(ctx, d.Store, s, c.Day(v.Now)); err != nil {
		return err
	}
	sheet.card(s, c.Rules.Card(s, c.Day(v.Now)))
	if err := d.profile(ctx, &sheet, s.Lead); err != nil {
		return err
	}
	if err := d.decisions(ctx, &sheet, s); err != nil {
		return err
	}
	if v.Log {
		entries, _, err := d.log(ctx, s)
		if err != nil {
			return err
		}
		if err := sheet.log(entries); err != nil {
			return err
		}
	}
	if v.Bytes {
		b.WriteByte('\n')
		if err := s.Inspect(&b, func(n signal.Number) string { return c.SignalTitle(n, "en") }); err != nil {
			return err
		}
	}
	_, err = out.Write(b.Bytes())
	return err
}

// sheet is one lead being written.
type sheet struct {
	Showing
	c        *playbook.Compiled
	w        words
	out      *bytes.Buffer
	adjusted []flow.Adjusted // by hand, and still holding
}

func (s *sheet) card(state *ledger.State, card score.Card) {
	fmt.Fprintf(s.out, "%s %s\n", s.w.lead, card.Lead)
	facts := []string{
		s.w.total + " " + s.w.number(card.Total), s.title(card.Band, s.bands()), s.w.grade + " " + card.Grade, s.title(card.Stage, s.stages()),
		fmt.Sprintf(s.w.activities, s.w.number(state.Activities())), fmt.Sprintf(s.w.book, s.w.number(int(card.Playbook))), s.w.day(card.Day),
	}
	if card.Excluded {
		facts = append(facts, s.c.Aside(playbook.ExclusionKind(state.Excluded), "", "", s.Locale))
	}
	fmt.Fprintln(s.out, strings.Join(slices.DeleteFunc(facts, func(f string) bool { return f == "" }), " · "))
	s.standing(card)
	sum := 0
	for _, l := range card.Lines {
		sum += l.Points
		fmt.Fprintf(s.out, "%s  %s\n", s.w.points(l.Points), s.line(l))
	}
	fmt.Fprintf(s.out, "%s  %s\n", s.w.points(sum), s.w.total)
	for _, y := range card.WhyNow {
		fmt.Fprintf(s.out, "%s: %s %s\n", s.w.why, s.c.SignalTitle(y.Signal, s.Locale), s.w.signed(y.Points))
	}
	for _, y := range card.WouldRaise {
		fmt.Fprintf(s.out, "%s: %s %s\n", s.w.raise, s.c.SignalTitle(y.Signal, s.Locale), s.w.signed(y.Points))
	}
	if n := card.NextCrossing; n != nil {
		fmt.Fprintf(s.out, s.w.next+"\n", s.w.day(n.Day), s.title(n.To, s.bands()), s.w.number(n.Total))
	}
}

// line puts one line of a card into words.
func (s *sheet) line(l score.Line) string {
	name := cmp.Or(s.c.SignalTitle(l.Signal, s.Locale), l.Name)
	switch l.Kind {
	case score.KindSignal:
		return fmt.Sprintf(s.w.seen, name, s.w.number(l.Count), s.w.day(l.LastDay))
	case score.KindCap:
		if l.Days > 0 {
			return fmt.Sprintf(s.w.capped, name, s.w.number(l.Limit), s.w.number(l.Days))
		}
		return fmt.Sprintf(s.w.limited, name, s.w.number(l.Limit))
	case score.KindGroup:
		return fmt.Sprintf(s.w.limited, s.title(l.Name, s.groups()), s.w.number(l.Limit))
	case score.KindEngagement:
		return fmt.Sprintf(s.w.limited, s.w.engagement, s.w.number(l.Limit))
	case score.KindFitLimit:
		return fmt.Sprintf(s.w.limited, s.w.fit, s.w.number(l.Limit))
	case score.KindFit:
		return s.w.fit + ": " + name
	case score.KindFunnel:
		return s.w.funnel + ": " + s.title(l.Name, s.steps())
	case score.KindManual:
		return s.byHand(l)
	}
	return cmp.Or(name, string(l.Kind))
}

type titled struct {
	name  string
	title score.Title
}

func (s *sheet) bands() (out []titled) {
	for _, b := range s.c.Score.Bands {
		out = append(out, titled{b.Name, b.Title})
	}
	return out
}

func (s *sheet) stages() (out []titled) {
	for _, b := range s.c.Score.Stages {
		out = append(out, titled{b.Name, b.Title})
	}
	return out
}

func (s *sheet) title(name string, of []titled) string {
	for _, t := range of {
		if t.name == name {
			return cmp.Or(pick(t.title, s.Locale), name)
		}
	}
	return name
}

func pick(t score.Title, locale string) string {
	if locale == "en" {
		return cmp.Or(t.En, t.Fa)
	}
	return cmp.Or(t.Fa, t.En)
}

// profile writes what is known of the person.
func (d *Desk) profile(ctx context.Context, s *sheet, id lead.ID) error {
	found, err := d.Store.Fetch(ctx, store.Wanted{Profiles: []lead.ID{id}, Recipients: []string{string(id)}})
	if err != nil {
		return err
	}
	p, err := lead.DecodeProfile(found.Profiles[id].Body)
	if err != nil {
		return err
	}
	for _, r := range p.Registers {
		name, text := r.Name, lead.Words(r.Value)
		if a, ok := s.c.Attribute(r.Name); ok {
			name, text = a.Title.In(s.Locale), a.ValueTitle(text, s.Locale)
		}
		fmt.Fprintf(s.out, "%s: %s\n", name, text)
	}
	stored, ok := found.Recipients[string(id)]
	if !ok {
		return nil
	}
	r, err := nurture.Decode(string(id), stored.Body)
	if err != nil {
		return err
	}
	if why := s.c.Aside(playbook.NotExcluded, r.Email, r.Mobile, s.Locale); why != "" {
		fmt.Fprintln(s.out, why)
	}
	yes := s.w.no
	if r.Consents("email", "marketing", s.c.Nurture.DoubleOptIn) {
		yes = s.w.yes
	}
	fmt.Fprintf(s.out, "%s: %s\n", s.w.consent, yes)
	for _, line := range MailLines(s.c, r, s.Locale, s.Now) {
		fmt.Fprintln(s.out, line)
	}
	return nil
}

// decisions writes what was decided and why, the newest first, and what waits.
func (d *Desk) decisions(ctx context.Context, s *sheet, state *ledger.State) error {
	var all []store.Decision
	for page := ""; ; {
		some, next, err := d.Store.ListDecisions(ctx, state.Lead, page)
		if err != nil {
			return err
		}
		all = append(all, some...)
		if page = next; page == "" {
			break
		}
	}
	if s.At != 0 {
		end := s.end().Unix()
		all = slices.DeleteFunc(all, func(d store.Decision) bool { return d.At >= end })
	}
	for _, p := range state.Pending {
		key := flow.KeyOf(state.Lead, p)
		if !slices.ContainsFunc(all, func(d store.Decision) bool { return d.DecisionKey == key }) {
			all = append(all, store.Decision{DecisionKey: key, At: p.At, Quiet: p.Quiet, Reason: p.Reason})
		}
	}
	slices.SortStableFunc(all, func(a, b store.Decision) int { return cmp.Compare(b.At, a.At) })
	pending := make([]ledger.Pending, len(all))
	for i, a := range all {
		pending[i] = ledger.Pending{Kind: a.Kind, Name: a.Subject, N: uint16(a.N), Reason: a.Reason, At: a.At, Quiet: a.Quiet}
	}
	s.sentences(pending)
	return nil
}

// sentences writes decisions in words.
func (s *sheet) sentences(all []ledger.Pending) {
	titles := s.c.DecisionTitles(s.Locale)
	for _, p := range all {
		note := ""
		if p.Quiet {
			note = " " + s.w.quiet
		}
		fmt.Fprintf(s.out, "%s  %s%s\n", s.w.moment(time.Unix(p.At, 0), s.c.Zone), s.c.Decisions.Sentence(p, s.Locale, titles), note)
	}
}

// log writes every entry, the oldest first.
func (s *sheet) log(entries []ledger.Entry) error {
	fmt.Fprintf(s.out, "\n"+s.w.entries+"\n", s.w.number(len(entries)))
	for i := range entries {
		e := &entries[i]
		var more []string
		properties, err := s.c.Dictionary.Unpack(e.Packed)
		if err != nil {
			return fmt.Errorf("log, entry %016x: %w", e.Key, err)
		}
		for _, p := range properties {
			more = append(more, p.Name+"="+lead.Words(p.Value))
		}
		for _, h := range e.Hits {
			more = append(more, "→ "+s.c.SignalTitle(h, s.Locale))
		}
		for _, f := range []struct {
			flag activity.Flag
			word string
		}{{activity.Machine, "machine"}, {activity.Held, "held"}, {activity.Backfill, "backfill"}, {activity.ClampedPast, "clamped"}, {activity.ClampedFuture, "clamped"}, {activity.PointsIgnored, "points ignored"}} {
			if e.Flags&f.flag != 0 {
				more = append(more, "("+f.word+")")
			}
		}
		if e.Points != 0 {
			more = append(more, s.w.points(e.Points))
		}
		if e.Revoked {
			more = append(more, "("+s.w.revoked+")")
		}
		fmt.Fprintf(s.out, "%s  %-17s %s\n", s.w.moment(time.Unix(e.At, 0), s.c.Zone), e.Type, strings.Join(more, " "))
	}
	return nil
}
