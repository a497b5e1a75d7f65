package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Nurture is the minute tick: who is due is claimed, one mail a person at
// most, and what was claimed is sent once.
type Nurture struct {
	Store interface {
		DueRecipients(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error)
		Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
		WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient]
		ReadRecipient(ctx context.Context, id string) (store.Recipient, error)
		WriteRecipient(ctx context.Context, r store.Recipient) error
		NoteUnknown(ctx context.Context, u store.UnknownSend) error
		SendingStore
		WorkStore
		HistoryReader
		BroadcastReader
	}
	// Playbook gives the one in force; ErrNoPlaybook when there is none yet.
	Playbook func(ctx context.Context) (*playbook.Compiled, error)
	// Send hands a mail over with exactly one attempt; SendBulk some of one
	// frame, each with a fate of its own. Without SendBulk all go singly.
	Send     func(ctx context.Context, m mail.Message) (mail.Fate, error)
	SendBulk func(ctx context.Context, ms []mail.Message) []mail.Handed
	// Quota asks the mail service what the account may send. Nil: no bound.
	Quota   func(ctx context.Context) (sending.Quota, error)
	Letters *Letters
	// Messages takes short messages to the deliveries queue.
	Messages Outbox
	// Short tells that the time of the invocation is nearly up, Left how much
	// there is. Elapsed is how long the tick runs already, and Wait lets time
	// pass. Without these three there is time enough, and none passes.
	Short   func() bool
	Left    func() time.Duration
	Elapsed func() time.Duration
	Wait    func(ctx context.Context, d time.Duration) error
	Log     *slog.Logger
}

// NurtureReport counts what a tick did.
type NurtureReport struct {
	Due, Claimed, Sent, Later, Refused, Unknown, Parked, Held, Skipped, Ended, Tasks, Messages, Lost int
	// Waiting had to stay due, for the rate, a quota, the warm-up or the brake.
	Waiting int
	// OldestDue is how long the one who waited longest was overdue.
	OldestDue time.Duration
	// Braked says why marketing is stopped, "" where it is not.
	Braked string
}

// nurturePage is how many recipients are worked on together; indexPage how many
// rows of the due index are read in a call; and of all that are due, a tick
// takes the most urgent.
const (
	nurturePage = 100
	indexPage   = 1000
	mostATick   = 20_000
)

// tick is one run of Nurture.
type tick struct {
	*Nurture
	c       *playbook.Compiled
	began   time.Time
	attempt string
	rep     *NurtureReport
	tokens  tokens
	// closed: marketing gets no more in this tick. stop: nobody does.
	closed, stop bool
}

// at is the time by now.
func (t *tick) at() time.Time {
	if t.Elapsed == nil {
		return t.began
	}
	return t.began.Add(t.Elapsed())
}

// Tick serves everybody who is due, the most urgent first, as far as the
// account may send. attempt names this invocation: it marks its claims.
func (n *Nurture) Tick(ctx context.Context, now time.Time, attempt string) (NurtureReport, error) {
	var rep NurtureReport
	due, err := n.urgent(ctx, now, &rep)
	if err != nil || len(due) == 0 {
		return rep, err // when nobody is due, the index was all that was asked
	}
	c, err := n.Playbook(ctx)
	if errors.Is(err, ErrNoPlaybook) {
		return rep, nil
	}
	if err != nil {
		return rep, fmt.Errorf("nurture: %w", err)
	}
	t := &tick{Nurture: n, c: c, began: now, attempt: attempt, rep: &rep, tokens: tokens{store: n.Store, quota: n.Quota, log: n.Log}}
	for len(due) > 0 && !t.stop {
		if t.closed {
			before := len(due)
			due = slices.DeleteFunc(due, func(d store.Due) bool { return d.Rank > 0 && d.Rank <= nurture.RankMarketing })
			if rep.Waiting += before - len(due); len(due) == 0 {
				break
			}
		}
		page := due[:min(len(due), nurturePage)]
		rest := due[len(page):]
		waiting, err := t.serve(ctx, page)
		if err != nil {
			return rep, err
		}
		if t.closed || t.stop {
			rep.Waiting += len(waiting)
			waiting = nil
		}
		due = append(waiting, rest...)
		if len(due) > 0 && n.Short() {
			n.Log.Warn("out of time, the next tick goes on")
			break
		}
	}
	return rep, nil
}

// urgent reads who is due, and keeps the most urgent. What the rows say may be
// old; nobody is left out for good, because who is served leaves the index.
func (n *Nurture) urgent(ctx context.Context, now time.Time, rep *NurtureReport) ([]store.Due, error) {
	var all []store.Due
	best := func() {
		slices.SortFunc(all, func(a, b store.Due) int {
			return cmp.Or(b.Rank-a.Rank, cmp.Compare(a.At, b.At), strings.Compare(a.ID, b.ID))
		})
		all = all[:min(len(all), mostATick)]
	}
	for shard := range store.DueShards {
		for page := ""; ; {
			due, next, err := n.Store.DueRecipients(ctx, shard, now, indexPage, page)
			if err != nil {
				return nil, fmt.Errorf("nurture: due recipients, shard %d: %w", shard, err)
			}
			for _, d := range due {
				rep.OldestDue = max(rep.OldestDue, now.Sub(time.Unix(d.At, 0)))
			}
			rep.Due += len(due)
			if all = append(all, due...); len(all) > 2*mostATick {
				best()
			}
			if page = next; page == "" || n.Short() {
				break
			}
		}
	}
	best()
	return all, nil
}

// claimed is one person in the middle of a tick.
type claimed struct {
	row     store.Due
	was     store.Recipient
	person  *nurture.Recipient
	out     nurture.Outcome
	profile *lead.Profile
}

// serve works on one page of recipients. waiting are those for whose mail there
// is no leave yet: nothing was written for them.
func (t *tick) serve(ctx context.Context, due []store.Due) (waiting []store.Due, err error) {
	claims, err := t.decide(ctx, due)
	if err != nil {
		return nil, err
	}
	claims, waiting, grant, err := t.reserve(ctx, claims)
	if err != nil {
		return nil, err
	}
	// A task, and what is given up, is recorded before the step is left behind:
	// repeated, it is the same.
	kept := claims[:0]
	for _, k := range claims {
		if err := t.record(ctx, k); err != nil {
			t.Log.Error("not recorded, the step comes again", "recipient", k.was.ID, "error", err.Error())
			continue
		}
		if err := t.messages(ctx, k, t.at()); err != nil {
			t.Log.Error("message not queued, the step comes again", "recipient", k.was.ID, "error", err.Error())
			continue
		}
		kept = append(kept, k)
	}
	items := make([]store.Recipient, len(kept))
	for i, k := range kept {
		k.person.SetRank(t.c.Nurture, t.at().Unix())
		if items[i], err = pack(k.person, k.was.Version); err != nil {
			return nil, err
		}
	}
	var sends []*claimed
	for i, w := range t.Store.WriteRecipients(ctx, items) {
		k := kept[i]
		switch {
		case errors.Is(w.Err, store.ErrConflict):
			t.rep.Lost++ // somebody else decided first; what is still due comes with the next tick
			continue
		case w.Err != nil:
			t.Log.Error("claim not stored", "recipient", k.was.ID, "error", w.Err.Error())
			t.rep.Lost++
			continue
		}
		t.tell(k)
		t.rep.Messages += len(k.out.Messages)
		if k.out.Send != nil {
			t.rep.Claimed++
			k.person.Version = k.was.Version + 1
			sends = append(sends, k)
		}
	}
	t.handOver(ctx, sends, grant)
	return waiting, t.mark(ctx, sends)
}

// record notes what must be known before the recipient moves on.
func (t *tick) record(ctx context.Context, k *claimed) error {
	if err := t.tasks(ctx, k); err != nil {
		return err
	}
	for _, note := range k.out.Notes {
		if note.Kind != "unknown" {
			continue
		}
		for _, s := range k.person.Sends {
			if !s.Unknown {
				continue
			}
			u := store.UnknownSend{Recipient: k.was.ID, Send: s.ID, Mail: s.Mail, Track: note.Track, Step: note.Step, At: s.At}
			if err := t.Store.NoteUnknown(ctx, u); err != nil {
				return err
			}
		}
	}
	return nil
}

// decide reads the page and claims in memory.
func (t *tick) decide(ctx context.Context, due []store.Due) ([]*claimed, error) {
	now, c := t.at(), t.c
	want := store.Wanted{}
	for _, d := range due {
		want.Recipients = append(want.Recipients, d.ID)
	}
	found, err := t.Store.Fetch(ctx, want)
	if err != nil {
		return nil, fmt.Errorf("nurture: read recipients: %w", err)
	}
	people := map[string]*nurture.Recipient{}
	more := store.Wanted{}
	for id, item := range found.Recipients {
		r, err := nurture.Decode(id, item.Body)
		if err != nil {
			t.Log.Error("recipient cannot be read", "recipient", id, "error", err.Error())
			continue
		}
		r.Version = item.Version
		if r.Hand == nil && (r.Due() == 0 || r.Due() > now.Unix()) {
			continue // the index was old
		}
		people[id] = r
		more.Profiles = append(more.Profiles, lead.ID(id))
		if r.AsksLedger(c.Nurture, now) {
			more.Ledgers = append(more.Ledgers, lead.ID(id))
		}
	}
	if len(people) == 0 {
		return nil, nil
	}
	plan, err := t.plan(ctx, c, due, people, now)
	if err != nil {
		return nil, err
	}
	known, err := t.Store.Fetch(ctx, more)
	if err != nil {
		return nil, fmt.Errorf("nurture: read profiles: %w", err)
	}
	var claims []*claimed
	for _, d := range due {
		r := people[d.ID]
		if r == nil {
			continue
		}
		delete(people, d.ID)
		profile, err := lead.DecodeProfile(known.Profiles[lead.ID(d.ID)].Body)
		if err != nil {
			t.Log.Error("profile cannot be read", "recipient", d.ID, "error", err.Error())
			continue
		}
		facts := nurture.Facts{Date: dates(profile), Attribute: profile.Text}
		if item, ok := known.Ledgers[lead.ID(d.ID)]; ok {
			if err := factsOf(ctx, t.Store, c, item, now, &facts); err != nil {
				t.Log.Error("ledger cannot be read, the step comes again", "recipient", d.ID, "error", err.Error())
				continue
			}
		}
		out := r.Claim(plan, facts, now, t.attempt, nurture.DefaultTiming)
		if o := issuedBy(t.c, r.ID, out.Send); o != nil {
			r.Take(*o)
		}
		if !out.Changed {
			continue
		}
		claims = append(claims, &claimed{row: d, was: found.Recipients[d.ID], person: r, out: out, profile: profile})
	}
	return claims, nil
}

func (t *tick) tasks(ctx context.Context, k *claimed) error {
	for _, x := range k.out.Tasks {
		reason := WorkReason{ID: x.ID, Kind: "task", Title: x.Task.Title, Track: x.Track, At: t.at().Unix(), Due: x.Due.Unix()}
		if err := AddWork(ctx, t.Store, lead.ID(k.was.ID), reason); err != nil {
			return err
		}
		t.rep.Tasks++
	}
	return nil
}

// messages queues the short messages of a claim before it is stored: deliver
// carries out none whose claim does not stand, and a message twice is one.
func (n *Nurture) messages(ctx context.Context, k *claimed, now time.Time) error {
	if len(k.out.Messages) == 0 {
		return nil
	}
	bodies := make([][]byte, len(k.out.Messages))
	for i, m := range k.out.Messages {
		bodies[i] = messageOf(k.was.ID, m, now).Encode()
	}
	return n.Messages.SendAll(ctx, bodies)
}

// tell logs and counts what was decided without a mail.
func (t *tick) tell(k *claimed) {
	for _, note := range k.out.Notes {
		switch note.Kind {
		case "held":
			t.rep.Held++
		case "skipped":
			t.rep.Skipped++
		case "ended":
			t.rep.Ended++
		case "unknown":
			t.rep.Parked++
		}
		t.Log.Info("nurture "+note.Kind, "recipient", k.was.ID, "track", note.Track, "step", note.Step, "reason", note.Reason, "until", note.Until)
	}
}

// dates reads date attributes of a profile.
func dates(p *lead.Profile) func(field string) time.Time {
	return func(field string) time.Time {
		t, err := time.Parse(time.DateOnly, p.Text(field))
		if err != nil {
			return time.Time{}
		}
		return t
	}
}
