package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// The way from the bytes of a queue's event to scores, without the store: read
// the envelope and the messages, key, dedupe and find the signals, add up the
// lead. Reading is ours, or encoding/json's; all after it is the same. What is
// judged starts from decoded ledgers, which the store gives and the queue does
// not; the way with them, and with the whole working of a card and its review
// day, is printed beside it.

const batchSize = 100

// desk is leads with a past, and an event with something new of each.
type desk struct {
	book  *playbook.Compiled
	items []ledger.Item // by person
	known []*ledger.State
	raw   []byte
	hits  []signal.Number
	total int // of all scores, so that nothing is optimized away
}

func newDesk() (*desk, error) {
	p, err := example()
	if err != nil {
		return nil, err
	}
	d := &desk{}
	if d.book, err = p.Compile(); err != nil {
		return nil, err
	}
	var e events.SQSEvent
	for i := range batchSize {
		who := newPerson(i, nil)
		s := ledger.New(lead.ID(fmt.Sprintf("lead%012d", i)), d.book.Rules.Meters())
		at := start
		for range 100 {
			at = at.Add(12 * time.Hour)
			a := who.business(at)
			a.Received = at
			if s, err = d.past(s, &a); err != nil {
				return nil, err
			}
		}
		item, _, err := s.Finish(d.book.Rules.Meters(), ledger.Shelf{})
		if err != nil {
			return nil, err
		}
		d.items, d.known = append(d.items, item), append(d.known, s)
		sent := at.Add(12 * time.Hour)
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: fmt.Sprintf("19dd0b57-b21e-4ac1-bd88-01bbb068%04d", i), ReceiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a00zZ3VbXqLzYx0J8Qy8x8Q2lSt6g9wqf5j",
			Body: string(activity.Encode([]activity.Activity{who.business(sent)})), Md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": strconv.FormatInt(sent.UnixMilli(), 10),
				"SenderId": "AIDAIENQZJOLO23YVJ4VO", "ApproximateFirstReceiveTimestamp": strconv.FormatInt(sent.UnixMilli()+100, 10)},
			MessageAttributes: map[string]events.SQSMessageAttribute{}, EventSource: "aws:sqs",
			EventSourceARN: "arn:aws:sqs:eu-central-1:000000000000:sarnakh-activities", AWSRegion: "eu-central-1",
		})
	}
	d.raw, err = json.Marshal(e)
	return d, err
}

// past appends what a lead did before.
func (d *desk) past(s *ledger.State, a *activity.Activity) (*ledger.State, error) {
	m := d.book.Rules.Meters()
	if err := s.Append(m, d.entry(a)); err != nil {
		return nil, err
	}
	if err := s.Settle(m, ledger.Shelf{}); err != nil {
		return nil, err
	}
	item, _, err := s.Finish(m, ledger.Shelf{})
	if err != nil {
		return nil, err
	}
	return ledger.Decode(item)
}

func (d *desk) entry(a *activity.Activity) ledger.Entry {
	d.hits = d.book.Set.Match(a, d.hits[:0])
	packed, _ := d.book.Dictionary.Pack(a.Properties)
	return ledger.Entry{
		Key: a.ID.Key(), PayloadHash: a.Fingerprint(), Type: a.Type, At: a.At.Unix(), Received: a.Received.Unix(),
		Day: d.book.Day(a.At), Flags: a.Flags, Hits: slices.Clone(d.hits), Packed: packed,
	}
}

// sum adds up a lead whose ledger is at hand.
func (d *desk) sum(i int, a *activity.Activity) {
	e := d.entry(a)
	if d.known[i].Seen(&e).Verdict == ledger.Known {
		panic("a new activity is known already")
	}
	d.total += len(e.Hits) + d.book.Rules.Measure(d.known[i], e.Day).Total
}

// score takes a stored ledger to the new card.
func (d *desk) score(i int, a *activity.Activity) {
	s, err := ledger.Decode(d.items[i])
	if err != nil {
		panic(err) // unreachable: it was encoded a moment ago
	}
	e := d.entry(a)
	if s.Seen(&e).Verdict == ledger.Known || s.Append(d.book.Rules.Meters(), e) != nil {
		panic("a new activity is known already")
	}
	card := d.book.Rules.Card(s, e.Day)
	d.total += card.Total
}

func (d *desk) ours(then func(int, *activity.Activity)) error {
	b, err := event.ReadBatch(context.Background(), d.raw)
	if err != nil {
		return err
	}
	for i, m := range b.Messages {
		list, err := activity.Decode(m.Body, m.Sent)
		if err != nil {
			return err
		}
		then(i, &list[0])
	}
	return nil
}

// message is an activity as one would write it for encoding/json.
type message struct {
	V          int               `json:"v"`
	ID         string            `json:"id"`
	Type       string            `json:"type"`
	At         time.Time         `json:"at"`
	Lead       map[string]string `json:"lead"`
	Properties map[string]any    `json:"properties"`
	Profile    map[string]any    `json:"profile"`
	Consent    []struct {
		Channel, Purpose, Wording, Proof string
		Granted                          bool
	} `json:"consent"`
	Source string `json:"source"`
}

func (d *desk) theirs(then func(int, *activity.Activity)) error {
	var e events.SQSEvent
	if err := json.Unmarshal(d.raw, &e); err != nil {
		return err
	}
	for i, r := range e.Records {
		ms, err := strconv.ParseInt(r.Attributes["SentTimestamp"], 10, 64)
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal([]byte(r.Body), &m); err != nil {
			return err
		}
		a := activity.Activity{
			ID: activity.ID(m.ID), Type: activity.Type(m.Type), At: m.At.UTC(), Received: time.UnixMilli(ms).UTC().Truncate(time.Second), Source: m.Source,
			Who:        activity.Who{Email: m.Lead["email"], Phone: m.Lead["phone"], Visitor: m.Lead["visitor"], External: m.Lead["external"]},
			Properties: values(m.Properties), Profile: values(m.Profile),
		}
		for _, c := range m.Consent {
			a.Consent = append(a.Consent, activity.Consent{Channel: c.Channel, Purpose: c.Purpose, Granted: c.Granted, Wording: c.Wording, Proof: c.Proof})
		}
		then(i, &a)
	}
	return nil
}

func values(m map[string]any) []activity.Property {
	ps := make([]activity.Property, 0, len(m))
	for name, v := range m {
		p := activity.Property{Name: name}
		switch v := v.(type) {
		case string:
			p.Value = activity.TextValue(v)
		case float64:
			p.Value = activity.NumberValue(v)
		case bool:
			p.Value = activity.BoolValue(v)
		}
		ps = append(ps, p)
	}
	return ps
}

func byteFigures(_ context.Context, r *report) error {
	d, err := newDesk()
	if err != nil {
		return err
	}
	r.title("queue bytes → score: an event of 100 messages, leads with 100 activities, playbook of the example business")
	var failed error
	run := func(read func(func(int, *activity.Activity)) error, then func(int, *activity.Activity)) func() {
		return func() {
			if err := read(then); err != nil {
				failed = err
			}
		}
	}
	for _, then := range []func(int, *activity.Activity){d.sum, d.score} {
		d.total = 0
		run(d.ours, then)()
		mine := d.total
		run(d.theirs, then)()
		if failed != nil || d.total != 2*mine || mine == 0 {
			return fmt.Errorf("both ways give %d and %d points: %w", mine, d.total-mine, failed)
		}
	}
	show := func(name string, rounds int, then func(int, *activity.Activity)) float64 {
		a, b, ratio := compared(rounds, run(d.ours, then), run(d.theirs, then))
		r.note("bytes."+name+", ours", a/batchSize/1000, "µs an activity")
		r.note("bytes."+name+", encoding/json", b/batchSize/1000, "µs an activity")
		return ratio
	}
	show("read", 9, func(int, *activity.Activity) {})
	ratio := show("score", 15, d.sum)
	r.most("bytes.score / encoding/json", ratio, "x", 0.55)
	r.note("bytes.stored ledger to card / encoding/json", show("stored ledger to card", 9, d.score), "x")
	if failed != nil || math.IsNaN(ratio) {
		return failed
	}
	return nil
}
