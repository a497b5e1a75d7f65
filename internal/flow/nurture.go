package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
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
		WorkStore
		HistoryReader
		BroadcastReader
	}
	// Playbook gives the one in force; ErrNoPlaybook when there is none yet.
	Playbook func(ctx context.Context) (*playbook.Compiled, error)
	// Send hands a mail over with exactly one attempt.
	Send    func(ctx context.Context, m mail.Message) (mail.Fate, error)
	Letters *Letters
	// Messages takes short messages to the deliveries queue.
	Messages Outbox
	// Short tells that the time of the invocation is nearly up.
	Short func() bool
	Log   *slog.Logger
}

// NurtureReport counts what a tick did.
type NurtureReport struct {
	Due, Claimed, Sent, Later, Refused, Unknown, Parked, Held, Skipped, Ended, Tasks, Messages, Lost int
	// OldestDue is how long the one who waited longest was overdue.
	OldestDue time.Duration
}

// page is how many recipients are worked on together.
const nurturePage = 50

// Tick serves everybody who is due. attempt names this invocation: it marks
// its claims.
func (n *Nurture) Tick(ctx context.Context, now time.Time, attempt string) (NurtureReport, error) {
	var rep NurtureReport
	c, err := n.Playbook(ctx)
	if errors.Is(err, ErrNoPlaybook) {
		return rep, nil
	}
	if err != nil {
		return rep, fmt.Errorf("nurture: %w", err)
	}
	for shard := range store.DueShards {
		for page := ""; ; {
			due, next, err := n.Store.DueRecipients(ctx, shard, now, nurturePage, page)
			if err != nil {
				return rep, fmt.Errorf("nurture: due recipients, shard %d: %w", shard, err)
			}
			for _, d := range due {
				rep.OldestDue = max(rep.OldestDue, now.Sub(time.Unix(d.At, 0)))
			}
			rep.Due += len(due)
			stop, err := n.serve(ctx, c, due, now, attempt, &rep)
			if err != nil || stop {
				return rep, err
			}
			if page = next; page == "" {
				break
			}
			if n.Short() {
				n.Log.Warn("out of time, the next tick goes on")
				return rep, nil
			}
		}
	}
	return rep, nil
}

// claimed is one person in the middle of a tick.
type claimed struct {
	was     store.Recipient
	person  *nurture.Recipient
	out     nurture.Outcome
	profile *lead.Profile
}

// serve works on one page of recipients. stop says that the provider asked to
// wait.
func (n *Nurture) serve(ctx context.Context, c *playbook.Compiled, due []store.Due, now time.Time, attempt string, rep *NurtureReport) (stop bool, err error) {
	if len(due) == 0 {
		return false, nil
	}
	claims, err := n.decide(ctx, c, due, now, attempt)
	if err != nil {
		return false, err
	}
	// A task is recorded before the step is left behind: repeated, it is the
	// same task.
	kept := claims[:0]
	for _, k := range claims {
		if err := n.tasks(ctx, k, now, rep); err != nil {
			n.Log.Error("task not recorded, the step comes again", "recipient", k.was.ID, "error", err.Error())
			continue
		}
		if err := n.messages(ctx, k, now); err != nil {
			n.Log.Error("message not queued, the step comes again", "recipient", k.was.ID, "error", err.Error())
			continue
		}
		kept = append(kept, k)
	}
	items := make([]store.Recipient, len(kept))
	for i, k := range kept {
		if items[i], err = pack(k.person, k.was.Version); err != nil {
			return false, err
		}
	}
	var marks []*claimed
	for i, w := range n.Store.WriteRecipients(ctx, items) {
		k := kept[i]
		switch {
		case errors.Is(w.Err, store.ErrConflict):
			rep.Lost++ // somebody else decided first; what is still due comes with the next tick
			continue
		case w.Err != nil:
			n.Log.Error("claim not stored", "recipient", k.was.ID, "error", w.Err.Error())
			rep.Lost++
			continue
		}
		n.tell(k, rep)
		rep.Messages += len(k.out.Messages)
		if k.out.Send == nil {
			continue
		}
		rep.Claimed++
		k.person.Version = k.was.Version + 1
		if n.Short() {
			// Claimed and not handed over: nothing was sent, which this process knows for sure.
			k.person.Release(attempt, now.Add(time.Minute))
			stop = true
		} else if n.send(ctx, c, k, now, attempt, rep) {
			stop = true
		}
		marks = append(marks, k)
	}
	return stop, n.mark(ctx, marks)
}

// decide reads the page and claims in memory.
func (n *Nurture) decide(ctx context.Context, c *playbook.Compiled, due []store.Due, now time.Time, attempt string) ([]*claimed, error) {
	want := store.Wanted{}
	for _, d := range due {
		want.Recipients = append(want.Recipients, d.ID)
	}
	found, err := n.Store.Fetch(ctx, want)
	if err != nil {
		return nil, fmt.Errorf("nurture: read recipients: %w", err)
	}
	people := map[string]*nurture.Recipient{}
	more := store.Wanted{}
	for id, item := range found.Recipients {
		r, err := nurture.Decode(id, item.Body)
		if err != nil {
			n.Log.Error("recipient cannot be read", "recipient", id, "error", err.Error())
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
	plan, err := n.plan(ctx, c, due, people, now)
	if err != nil {
		return nil, err
	}
	known, err := n.Store.Fetch(ctx, more)
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
			n.Log.Error("profile cannot be read", "recipient", d.ID, "error", err.Error())
			continue
		}
		facts := nurture.Facts{Date: dates(profile), Attribute: profile.Text}
		if item, ok := known.Ledgers[lead.ID(d.ID)]; ok {
			if err := factsOf(ctx, n.Store, c, item, now, &facts); err != nil {
				n.Log.Error("ledger cannot be read, the step comes again", "recipient", d.ID, "error", err.Error())
				continue
			}
		}
		out := r.Claim(plan, facts, now, attempt, nurture.DefaultTiming)
		if !out.Changed {
			continue
		}
		claims = append(claims, &claimed{was: found.Recipients[d.ID], person: r, out: out, profile: profile})
	}
	return claims, nil
}

// send hands over one claimed mail and notes its fate. It tells whether the
// provider asked to wait.
func (n *Nurture) send(ctx context.Context, c *playbook.Compiled, k *claimed, now time.Time, attempt string, rep *NurtureReport) bool {
	s := k.out.Send
	m, err := n.Letters.write(c, k.person, k.profile, s)
	if err != nil {
		n.Log.Error("mail cannot be written", "send", s.ID, "error", err.Error())
		k.person.Never(s.ID, "the mail could not be written")
		rep.Refused++
		return false
	}
	fate, err := n.Send(ctx, m)
	switch fate {
	case mail.Taken:
		rep.Sent++
		k.person.Left(s.ID, attempt, now)
	case mail.Later:
		rep.Later++
		n.Log.Warn("the mail service asks to wait", "send", s.ID, "error", err.Error())
		k.person.Release(attempt, now.Add(2*time.Minute))
		return true
	case mail.Refused:
		rep.Refused++
		n.Log.Error("mail refused", "send", s.ID, "error", err.Error())
		k.person.Never(s.ID, "refused by the mail service")
	default:
		rep.Unknown++
		n.Log.Error("fate of a mail unknown: it waits for evidence", "send", s.ID, "error", err.Error())
	}
	return false
}

// mark stores the fates. One that is not stored is found by its evidence, or
// is parked; it is never sent again on that account.
func (n *Nurture) mark(ctx context.Context, marks []*claimed) error {
	if len(marks) == 0 {
		return nil
	}
	items := make([]store.Recipient, len(marks))
	for i, k := range marks {
		var err error
		if items[i], err = pack(k.person, k.person.Version); err != nil {
			return err
		}
	}
	for i, w := range n.Store.WriteRecipients(ctx, items) {
		if w.Err == nil {
			continue
		}
		// Somebody wrote between claim and mark: an unsubscribe, an event. The
		// fate is told again on what stands now.
		k := marks[i]
		if err := n.remark(ctx, k); err != nil {
			n.Log.Error("fate not stored", "recipient", k.was.ID, "error", err.Error())
		}
	}
	return nil
}

func (n *Nurture) remark(ctx context.Context, k *claimed) error {
	send, after := k.out.Send, k.person
	return update(ctx, n.Store, k.was.ID, func(r *nurture.Recipient) bool {
		switch {
		case after.Hand != nil:
			return false // unknown: stays in hand
		case r.Hand == nil || r.Hand.ID != send.ID:
			return false // settled already
		}
		for _, s := range after.Sends {
			if s.ID == send.ID {
				if s.Failed != "" {
					return r.Never(send.ID, s.Failed)
				}
				return r.Left(send.ID, send.Attempt, time.Unix(send.Claimed, 0))
			}
		}
		return r.Release(send.Attempt, time.Unix(after.Due(), 0))
	})
}

func (n *Nurture) tasks(ctx context.Context, k *claimed, now time.Time, rep *NurtureReport) error {
	for _, t := range k.out.Tasks {
		reason := WorkReason{ID: t.ID, Kind: "task", Title: t.Task.Title, Track: t.Track, At: now.Unix(), Due: t.Due.Unix()}
		if err := AddWork(ctx, n.Store, lead.ID(k.was.ID), reason); err != nil {
			return err
		}
		rep.Tasks++
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
func (n *Nurture) tell(k *claimed, rep *NurtureReport) {
	for _, note := range k.out.Notes {
		switch note.Kind {
		case "held":
			rep.Held++
		case "skipped":
			rep.Skipped++
		case "ended":
			rep.Ended++
		case "unknown":
			rep.Parked++
		}
		n.Log.Info("nurture "+note.Kind, "recipient", k.was.ID, "track", note.Track, "step", note.Step, "reason", note.Reason, "until", note.Until)
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
