package flow

import (
	"context"
	"errors"
	"time"

	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
)

// spare is the time that is kept for the calls themselves, and for the marks.
const spare = 12 * time.Second

// mostABulk bounds a bulk call: a lost answer makes all of its mails unknown.
const mostABulk = 20

// reserve asks for leave to send for a page of claims, and keeps those that got
// it: asked-for mail first, then in the order of the page. The rest waits.
func (t *tick) reserve(ctx context.Context, claims []*claimed) (kept []*claimed, waiting []store.Due, g sending.Grant, err error) {
	asked, marketing := 0, 0
	for _, k := range claims {
		switch {
		case k.out.Send == nil:
		case k.out.Send.Class == nurture.Asked:
			asked++
		default:
			marketing++
		}
	}
	if t.closed {
		marketing = 0
	}
	if asked+marketing > 0 {
		within := sending.Hold
		if t.Left != nil {
			within = t.Left() - spare
		}
		if g, err = t.tokens.reserve(ctx, asked, marketing, t.c, t.at(), within); err != nil {
			return nil, nil, g, err
		}
		if g.Total() < asked+marketing {
			t.Log.Info("some mails wait", "asked", asked-g.Asked, "marketing", marketing-g.Marketing, "reason", g.Why)
			// Without anything given, asking again in this tick is in vain.
			if g.Held != "" {
				t.closed = true
				if g.Braked {
					t.rep.Braked = g.Held
				}
			} else if g.Total() == 0 {
				t.stop = true
			}
		}
	}
	asked, marketing = g.Asked, g.Marketing
	for _, k := range claims {
		left := &marketing
		switch {
		case k.out.Send == nil:
			kept = append(kept, k)
			continue
		case k.out.Send.Class == nurture.Asked:
			left = &asked
		}
		if *left == 0 {
			waiting = append(waiting, k.row)
			continue
		}
		*left--
		kept = append(kept, k)
	}
	return kept, waiting, g, nil
}

// letter is a claimed mail that is written.
type letter struct {
	*claimed
	mail mail.Message
}

// alike is what all mails of a bulk call share: the frame, and whom they come
// from and are answered to, who may be the owner of the lead.
type alike struct {
	frame         *mail.Frame
	from, replyTo string
}

// handOver sends what was claimed, at the rate that was given: asked-for mail
// singly, then marketing of one frame together. The fates are noted on the
// recipients.
func (t *tick) handOver(ctx context.Context, sends []*claimed, g sending.Grant) {
	var batches [][]letter
	bulks := map[alike]int{} // the batch that is being filled
	singly := 0              // batches of asked-for mail, which come first
	size := mostABulk
	if g.Gap > 0 {
		size = min(size, max(1, int(time.Second/g.Gap)))
	}
	for _, k := range sends {
		s := k.out.Send
		m, err := t.Letters.write(t.c, k.person, k.profile, s)
		if err != nil {
			t.Log.Error("mail cannot be written", "send", s.ID, "error", err.Error())
			t.settle(k, mail.Handed{Fate: mail.Refused, Err: err})
			continue
		}
		l := letter{k, m}
		switch {
		case s.Class == nurture.Asked:
			batches = append(batches, nil)
			copy(batches[singly+1:], batches[singly:])
			batches[singly] = []letter{l}
			singly++
			for f := range bulks {
				bulks[f]++
			}
		case t.SendBulk == nil || m.Sheet == nil || !m.Sheet.Plain() || len(m.Attachments) > 0:
			batches = append(batches, []letter{l})
		default:
			kind := alike{m.Sheet.Frame, m.From, m.ReplyTo}
			i, ok := bulks[kind]
			if !ok || len(batches[i]) == size {
				i = len(batches)
				batches = append(batches, nil)
				bulks[kind] = i
			}
			batches[i] = append(batches[i], l)
		}
	}
	done := 0
	for _, batch := range batches {
		if !t.stop {
			t.pace(ctx, g.From.Add(time.Duration(done)*g.Gap))
			t.stop = t.Short()
		}
		if t.stop {
			// Claimed and not handed over: nothing was sent, which this process knows for sure.
			for _, l := range batch {
				l.person.Release(t.attempt, t.at().Add(time.Minute))
			}
			continue
		}
		done += len(batch)
		t.sendBatch(ctx, batch)
	}
}

// pace waits until a mail may leave.
func (t *tick) pace(ctx context.Context, until time.Time) {
	if d := until.Sub(t.at()); d > 0 && t.Wait != nil {
		if err := t.Wait(ctx, d); err != nil {
			t.stop = true
		}
	}
}

// sendBatch makes one call, or one for each mail where the mail service refused
// all for the sake of one: one bad recipient stops no other.
func (t *tick) sendBatch(ctx context.Context, batch []letter) {
	if len(batch) > 1 {
		ms := make([]mail.Message, len(batch))
		for i, l := range batch {
			ms[i] = l.mail
		}
		handed := t.SendBulk(ctx, ms)
		if !errors.Is(handed[0].Err, mail.ErrWhole) {
			t.fates(ctx, batch, handed)
			return
		}
		t.Log.Warn("a bulk was refused, its mails are sent one by one", "mails", len(batch), "error", handed[0].Err.Error())
	}
	for _, l := range batch {
		if t.stop || t.Short() {
			t.stop = true
			l.person.Release(t.attempt, t.at().Add(time.Minute))
			continue
		}
		m := l.mail
		m.Content, m.Sheet = m.Whole(), nil
		fate, err := t.Send(ctx, m)
		t.fates(ctx, []letter{l}, []mail.Handed{{Fate: fate, Err: err}})
	}
}

// fates notes what became of mails that were handed over. After an answer that
// asks to wait, or none, all senders pause.
func (t *tick) fates(ctx context.Context, batch []letter, handed []mail.Handed) {
	trouble, taken := false, false
	for i, l := range batch {
		t.settle(l.claimed, handed[i])
		trouble = trouble || handed[i].Fate == mail.Later || handed[i].Fate == mail.Unknown
		taken = taken || handed[i].Fate == mail.Taken
	}
	if trouble {
		t.stop = true
		t.tokens.trouble(ctx, t.at())
	} else if taken {
		t.tokens.well(ctx)
	}
}

// settle notes the fate of one mail on its recipient.
func (t *tick) settle(k *claimed, h mail.Handed) {
	s := k.out.Send
	switch h.Fate {
	case mail.Taken:
		t.rep.Sent++
		k.person.Left(s.ID, t.attempt, t.at())
	case mail.Later:
		t.rep.Later++
		t.Log.Warn("the mail service asks to wait", "send", s.ID, "error", h.Err.Error())
		k.person.Release(t.attempt, t.at().Add(time.Minute))
	case mail.Refused:
		t.rep.Refused++
		t.Log.Error("mail refused", "send", s.ID, "error", h.Err.Error())
		if s.Resent == 0 { // of one that was sent before, the first copy may have left
			k.person.Never(s.ID, "refused by the mail service")
		}
	default:
		t.rep.Unknown++
		t.Log.Error("fate of a mail unknown: it waits for evidence", "send", s.ID, "error", h.Err.Error())
	}
}

// mark stores the fates. One that is not stored is found by its evidence, or
// is parked; it is never sent again on that account.
func (t *tick) mark(ctx context.Context, marks []*claimed) error {
	if len(marks) == 0 {
		return nil
	}
	items := make([]store.Recipient, len(marks))
	for i, k := range marks {
		k.person.SetRank(t.c.Nurture, t.at().Unix())
		var err error
		if items[i], err = pack(k.person, k.person.Version); err != nil {
			return err
		}
	}
	for i, w := range t.Store.WriteRecipients(ctx, items) {
		if w.Err == nil {
			continue
		}
		// Somebody wrote between claim and mark: an unsubscribe, an event. The
		// fate is told again on what stands now.
		k := marks[i]
		if err := t.remark(ctx, k); err != nil {
			t.Log.Error("fate not stored", "recipient", k.was.ID, "error", err.Error())
		}
	}
	return nil
}

func (t *tick) remark(ctx context.Context, k *claimed) error {
	send, after := k.out.Send, k.person
	return update(ctx, t.Store, k.was.ID, func(r *nurture.Recipient) bool {
		switch {
		case after.Hand != nil && after.Hand.Attempt != "":
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
		retry := after.Due()
		if after.Hand != nil { // given back, and in doubt before: see Release
			retry = after.Hand.Lease
		}
		return r.Release(t.attempt, time.Unix(retry, 0))
	})
}
