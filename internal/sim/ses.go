package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/sending"
)

// post is the mail service: it knows which mails really left, and tells of
// them by events, some of which get lost.
type post struct {
	w      *World
	copies map[string][]time.Time // by send id or decision tag: when each copy left
	doubt  map[string]int         // how often the answer to a send was lost
	never  map[string]int         // taken, and then rejected: no mail left, an event says so
	told   map[string]told        // what the events that were not lost said
	named  map[listed]int         // how many copies of a list named a lead
	n      int
}

// told is whether an event told that a mail left, or never will.
type told struct{ left, never bool }

func tagOf(m *mail.Message, name string) string {
	for _, t := range m.Tags {
		if t.Name == name {
			return t.Value
		}
	}
	return ""
}

func keyOf(m *mail.Message) string {
	if id := tagOf(m, "send_id"); id != "" {
		return id
	}
	return "decision " + tagOf(m, "decision")
}

var errMail = errors.New("sim: the mail service did not answer as it should")

// send hands a mail over for a process, with one attempt.
func (o *post) send(p *process) func(ctx context.Context, m mail.Message) (mail.Fate, error) {
	return func(_ context.Context, m mail.Message) (mail.Fate, error) {
		key := keyOf(&m)
		f := p.meet("ses", key)
		switch f {
		case throttled, conflict:
			return mail.Later, errMail
		case before:
			// Nothing left, and the caller cannot know.
			o.doubt[key]++
			return mail.Unknown, errMail
		}
		if f != fine {
			o.doubt[key]++
		}
		o.leave(&m, key)
		p.died(f)
		if f == after {
			return mail.Unknown, errMail
		}
		p.unmarked = append(p.unmarked, key)
		return mail.Taken, nil
	}
}

// sendBulk hands over several: each has a fate of its own, and one of them may
// spoil the call for all.
func (o *post) sendBulk(p *process) func(ctx context.Context, ms []mail.Message) []mail.Handed {
	return func(_ context.Context, ms []mail.Message) []mail.Handed {
		w := o.w
		out := make([]mail.Handed, len(ms))
		all := func(f mail.Fate, err error) []mail.Handed {
			for i := range out {
				out[i] = mail.Handed{Fate: f, Err: err}
			}
			return out
		}
		if len(ms) > 20 {
			w.broken("%s: a bulk of %d mails", p.name, len(ms))
		}
		f := p.meet("ses bulk", keyOf(&ms[0]))
		switch {
		case f == throttled || f == conflict:
			return all(mail.Later, errMail)
		case f == fine && w.rate > 0 && w.dice.IntN(40) == 0:
			return all(mail.Refused, fmt.Errorf("%w: %w", mail.ErrWhole, errMail))
		}
		w.report.Bulks++
		w.report.Bulked += len(ms)
		for i := range ms {
			key := keyOf(&ms[i])
			happened := f != before
			switch {
			case f == fine && w.rate > 0 && w.dice.IntN(60) == 0:
				out[i] = mail.Handed{Fate: mail.Later, Err: errMail} // this entry was throttled
				continue
			case f == fine && w.rate > 0 && w.dice.IntN(60) == 0:
				out[i] = mail.Handed{Fate: mail.Unknown, Err: errMail}
				happened = w.dice.IntN(2) == 0
			case f != fine && f != before:
				happened = w.dice.IntN(4) != 0
			}
			if f != fine || out[i].Err != nil {
				o.doubt[key]++
			}
			if happened {
				o.leave(&ms[i], key)
			}
			if f == fine && out[i].Err == nil {
				p.unmarked = append(p.unmarked, key)
			}
		}
		p.died(f)
		if f != fine {
			return all(mail.Unknown, errMail)
		}
		return out
	}
}

// quota is what the account may send: in some worlds little.
func (o *post) quota(p *process) func(context.Context) (sending.Quota, error) {
	return func(context.Context) (sending.Quota, error) {
		return around(p, "quota", "", false, func() (sending.Quota, error) {
			return sending.Quota{PerSecond: []float64{0.2, 1, 14, 50}[o.w.cfg.Seed%4], PerDay: -1}, nil
		})
	}
}

// leave sends a mail on its way, and tells what becomes of it.
func (o *post) leave(m *mail.Message, key string) {
	w := o.w
	o.n++
	id := fmt.Sprintf("ses-%d", o.n)
	if w.rate > 0 && w.dice.IntN(150) == 0 {
		o.never[key]++
		o.event(id, m, "Reject", `,"reject":{"reason":"Bad content"}`)
		return
	}
	if c := w.mails.claims[key]; tagOf(m, "send_id") != "" && (c == nil || c.fate != inHand) {
		w.broken("mail %s left without a claim that stands", key)
	}
	o.copies[key] = append(o.copies[key], w.now)
	w.mails.away(key)
	w.report.Mails++
	w.note("mail", key, m.To)
	o.event(id, m, "Send", "")
	if strings.HasPrefix(key, "decision ") {
		o.names(m, key)
		o.event(id, m, "Delivery", `,"delivery":{}`)
		return
	}
	switch n := w.dice.IntN(100); {
	case n < 2:
		o.event(id, m, "Bounce", fmt.Sprintf(`,"bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":%q}]}`, m.To))
		return
	case n < 4:
		o.event(id, m, "Bounce", fmt.Sprintf(`,"bounce":{"bounceType":"Transient","bouncedRecipients":[{"emailAddress":%q}]}`, m.To))
		return
	case n < 4+w.cfg.Complain:
		o.event(id, m, "Complaint", fmt.Sprintf(`,"complaint":{"complainedRecipients":[{"emailAddress":%q}]}`, m.To))
	}
	o.event(id, m, "Delivery", `,"delivery":{}`)
	w.react(m)
}

// event tells of a mail, unless the event is lost.
func (o *post) event(id string, m *mail.Message, kind, more string) {
	w := o.w
	if w.dice.Float64() < w.cfg.EventLoss {
		w.report.EventsLost++
		return
	}
	t := o.told[keyOf(m)]
	t.left, t.never = t.left || kind != "Reject", t.never || kind == "Reject"
	o.told[keyOf(m)] = t
	tags := map[string][]string{}
	for _, t := range m.Tags {
		tags[t.Name] = []string{t.Value}
	}
	b, err := json.Marshal(tags)
	if err != nil {
		panic(err) // unreachable: texts
	}
	body := fmt.Sprintf(`{"eventType":%q,"mail":{"messageId":%q,"timestamp":%q,"destination":[%q],"tags":%s}%s}`,
		kind, id, w.now.UTC().Format(time.RFC3339Nano), m.To, b, more)
	w.at(w.now.Add(time.Duration(w.dice.IntN(30_000))*time.Millisecond), func() { w.feedback.put([]byte(body)) })
}
