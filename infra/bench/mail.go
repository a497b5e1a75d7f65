package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/aws/ses"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

var silent = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 4}))

// mailBook is the example with tracks of one mail each: 10 KB of HTML, six links
// and three values of the person.
func mailBook() (*playbook.Compiled, error) {
	p, err := example()
	if err != nil {
		return nil, err
	}
	paragraph := `<p style="margin:0 0 16px;font:16px/1.8 Vazirmatn,Tahoma,sans-serif">` + strings.Repeat("دفترچه‌ای که خواسته بودید آماده است و ", 8) + "</p>\n"
	html := `<!doctype html><html dir="rtl" lang="fa"><head><style>@media (prefers-color-scheme:dark){body{background:#111}}</style></head><body>{{ preheader }}<p>سلام {{ lead.first_name | default: "دوست" }} از {{ lead.city | default: "ایران" }}</p>`
	text := ""
	links := []mail.Link{{Target: "unsubscribe"}, {Target: "preferences"}}
	for i := range 4 {
		links = append(links, mail.Link{Target: fmt.Sprintf("https://business.example/page/%d?utm_source=sarnakh&utm_medium=email", i)})
	}
	for i := range links {
		html += fmt.Sprintf(`<a href="{{ l%d }}">اینجا</a>`, i)
		text += fmt.Sprintf("{{ l%d }}\n", i)
	}
	for len(html) < 10<<10 {
		html += paragraph
	}
	p.Mails = append(p.Mails, mail.Template{Name: "bench", Locale: "fa", Subject: `{{ lead.first_name | default: "دوست" }}، یک نکته`, Preheader: "نکته‌ای برای {{ lead.first_name }}",
		HTML: html + "</body></html>", Text: strings.Repeat("متن همین نامه. ", 40) + text, Links: links})
	for i := range 4 {
		p.Nurture.Tracks = append(p.Nurture.Tracks, nurture.Track{Name: fmt.Sprintf("bench%d", i), Priority: 10 * i, Entry: []nurture.Entry{{Stage: "lead"}},
			Steps: []nurture.Step{{Name: "only", Mail: "bench"}, {Name: "next", Mail: "bench", WaitDays: 30}}})
	}
	p.Nurture.Tracks = append(p.Nurture.Tracks, nurture.Track{Name: "asked", Entry: []nurture.Entry{{Stage: "lead"}}, Steps: []nurture.Step{{Name: "only", Mail: "bench", Class: nurture.Asked}}})
	p.Nurture.Calendar, p.Nurture.DoubleOptIn = nurture.Calendar{}, false
	return p.Compile()
}

// addressed puts people before the step of a track, due now.
func addressed(ctx context.Context, s writer, c *playbook.Compiled, from, n int, track func(i int) string, now time.Time) error {
	var rs []store.Recipient
	var ps []store.Profile
	for i := from; i < from+n; i++ {
		id := lead.IDOf(lead.ByEmail, fmt.Sprintf("person%d@y.example", i))
		r := &nurture.Recipient{ID: string(id), Email: fmt.Sprintf("person%d@y.example", i), Mobile: fmt.Sprintf("+9891211%05d", i), Zone: "Asia/Tehran"}
		r.Grant("email", "marketing", now.Add(-24*time.Hour), "2026-1", "form:ebook")
		r.Sends = []nurture.Sent{{ID: fmt.Sprintf("abcdefghijklm%03d", i%1000), Mail: "welcome", At: now.AddDate(0, 0, -9).Unix(), Class: nurture.Asked}}
		r.Enrollments = []nurture.Enrollment{{Track: track(i), Round: 1, Since: now.Add(-time.Hour).Unix(), Step: "only", Due: now.Unix()}}
		r.SetRank(c.Nurture, now.Unix())
		body, err := r.Encode()
		if err != nil {
			return err
		}
		rs = append(rs, store.Recipient{ID: r.ID, Body: body, DueAt: r.Due(), Rank: r.Rank})
		p := &lead.Profile{}
		p.Apply([]activity.Property{{Name: "first_name", Value: activity.TextValue("مریم")}, {Name: "city", Value: activity.TextValue("اصفهان")}}, now, 1)
		ps = append(ps, store.Profile{Lead: id, Body: p.Encode()})
	}
	for _, w := range s.WriteRecipients(ctx, rs) {
		if w.Err != nil {
			return w.Err
		}
	}
	for _, w := range s.WriteProfiles(ctx, ps) {
		if w.Err != nil {
			return w.Err
		}
	}
	return nil
}

type writer interface {
	WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient]
	WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile]
}

func letters() (*flow.Letters, error) {
	keys, err := link.NewKeys("a secret of the bench, long enough for anybody")
	return &flow.Letters{Keys: keys, PublicURL: "https://go.business.example", From: "hello@business.example"}, err
}

// stubSender is SES's client against a process that takes everything.
func stubSender(url string) *ses.Sender {
	return ses.New(aws.Config{Region: "eu-central-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}, "set")
}

func mailFigures(ctx context.Context, r *report) error {
	r.title("mails: due, claimed, rendered (10 KB), handed over, marked; against a real engine and a stub of SES in processes of their own")
	stub, stop, err := startStub(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := eachMail(ctx, r, stub); err != nil {
		return err
	}
	return nothingDue(ctx, r)
}

// eachMail compares the whole tick with sending one by one, and counts what the
// engine says was written.
func eachMail(ctx context.Context, r *report, stub string) error {
	const people, rounds = 600, 9
	c, err := mailBook()
	if err != nil {
		return err
	}
	e := &engine{}
	e.reset()
	metered, names, err := e.tables(ctx)
	if err != nil {
		return err
	}
	// As functions have it: asking what a call consumed costs, too.
	s := dynamo.New(e.client(os.Getenv("SARNAKH_DYNAMODB_ENDPOINT")), names, nil)
	l, err := letters()
	if err != nil {
		return err
	}
	sender := stubSender(stub)
	var events []mail.Message
	p := &parts{Store: s}
	n := &flow.Nurture{Store: p, Playbook: func(context.Context) (*playbook.Compiled, error) { return c, nil }, Send: sender.Send, Letters: l,
		Short: func() bool { return false }, Log: silent,
		SendBulk: p.sendBulk(func(ctx context.Context, ms []mail.Message) []mail.Handed {
			events = append(events, ms...)
			return sender.SendBulk(ctx, ms)
		})}
	var whole mail.Message
	var ones []float64
	of := map[string][]float64{} // the parts of a mail, in µs
	var promised, all []float64  // ÷ one by one
	var written float64
	calls := 0
	alone := func(n int) (time.Duration, error) {
		from := cpu()
		for range n {
			if whole.To == "" {
				break // nothing was sent yet: the round that is not timed
			}
			if fate, err := sender.Send(ctx, whole); fate != mail.Taken {
				return 0, err
			}
		}
		return cpu() - from, nil
	}
	for round := range rounds {
		now := start.AddDate(0, 0, round)
		if err := addressed(ctx, s, c, round*people, people, func(i int) string { return "bench0" }, now); err != nil {
			return err
		}
		// The first round makes the connections and is counted; the rest is timed.
		if p.reset(); round == 0 {
			p.Store = metered
		}
		e.reset()
		events = events[:0]
		// Half of the measure before the tick and half after it: what else slows
		// the machine slows both.
		before, err := alone(people / 2)
		if err != nil {
			return err
		}
		from := cpu()
		rep, err := n.Tick(ctx, now, fmt.Sprint("attempt ", round))
		spent := cpu() - from
		if err != nil || rep.Sent != people {
			return fmt.Errorf("a tick of %d mails: %+v, %w", people, rep, err)
		}
		calls += e.total()
		if round == 0 {
			whole = events[0]
			whole.Content, whole.Sheet = whole.Whole(), nil
		}
		after, err := alone(people - people/2)
		if err != nil {
			return err
		}
		one := before + after
		f := &flow.Feedback{Store: p.Store, Log: silent, Queue: func(context.Context, []byte) error { return nil }}
		for _, m := range events {
			if err := f.Handle(ctx, "event", sendEvent(m, now), now); err != nil {
				return err
			}
		}
		written += e.write
		if p.Store = s; round == 0 {
			continue
		}
		ones = append(ones, float64(one.Microseconds())/people)
		rest := p.index + p.read + p.leave + p.mark // what the promise does not name
		for name, part := range map[string]time.Duration{
			"who is due: index": p.index, "reading recipients and profiles": p.read, "deciding, rendering, links": spent - rest - p.claim - p.send,
			"claim": p.claim, "leave to send": p.leave, "bulk send": p.send, "mark": p.mark, "all": spent,
		} {
			of[name] = append(of[name], float64(part.Nanoseconds())/1000/people)
		}
		promised, all = append(promised, float64(spent-rest)/float64(one)), append(all, float64(spent)/float64(one))
	}
	r.most("mail.cpu of claim, rendering, links, sending ÷ one SendEmail", median(promised), "", 0.25)
	r.note("mail.cpu of the whole tick ÷ one SendEmail", median(all), "")
	r.note("mail.cpu of one SendEmail of 10 KB", median(ones), "µs")
	for _, name := range []string{"all", "who is due: index", "reading recipients and profiles", "deciding, rendering, links", "claim", "leave to send", "bulk send", "mark"} {
		r.note("mail.  of a mail: "+name, median(of[name]), "µs")
	}
	r.most("mail.write from the claim to the evidence, a mail", written/people, wu, 5)
	r.note("mail.calls to DynamoDB, a mail", float64(calls)/(people*rounds), "")
	return nil
}

func sendEvent(m mail.Message, now time.Time) []byte {
	tags := map[string]string{}
	for _, t := range m.Tags {
		tags[t.Name] = t.Value
	}
	return fmt.Appendf(nil, `{"eventType":"Send","mail":{"messageId":"m","timestamp":%q,"destination":[%q],"tags":{"send_id":[%q],"recipient":[%q],"mail":["bench"]}},"send":{}}`,
		now.UTC().Format(time.RFC3339), m.To, tags["send_id"], tags["recipient"])
}

// countedStore counts the calls of a tick.
type countedStore struct {
	*memory.Store
	calls int
}

func (s *countedStore) DueRecipients(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	s.calls++
	return s.Store.DueRecipients(ctx, shard, until, limit, page)
}

func (s *countedStore) Fetch(ctx context.Context, w store.Wanted) (store.Found, error) {
	s.calls++
	return s.Store.Fetch(ctx, w)
}

func (s *countedStore) ReadSending(ctx context.Context) (store.Sending, error) {
	s.calls++
	return s.Store.ReadSending(ctx)
}

func (s *countedStore) ReadPointer(ctx context.Context) (store.Pointer, error) {
	s.calls++
	return s.Store.ReadPointer(ctx)
}

func (s *countedStore) ReadPlaybook(ctx context.Context, n uint32) (store.Playbook, error) {
	s.calls++
	return s.Store.ReadPlaybook(ctx, n)
}

// nothingDue counts the calls of ticks for which everybody has time.
func nothingDue(ctx context.Context, r *report) error {
	s := &countedStore{Store: memory.New()}
	const people = 1_000_000
	for i := 0; i < people; i += 10_000 {
		rs := make([]store.Recipient, 10_000)
		for j := range rs {
			rs[j] = store.Recipient{ID: fmt.Sprint(i + j), Body: []byte{1}, DueAt: start.Add(time.Hour + time.Duration(i+j)*time.Second).Unix()}
		}
		s.WriteRecipients(ctx, rs)
	}
	quota := 0
	n := &flow.Nurture{Store: s, Playbook: flow.NewBooks(s).InForce, Short: func() bool { return false }, Log: silent,
		Quota: func(context.Context) (sending.Quota, error) { quota++; return sending.Quota{}, nil }}
	for range 10 {
		if rep, err := n.Tick(ctx, start, "attempt"); err != nil || rep.Due != 0 {
			return fmt.Errorf("an idle tick: %+v, %w", rep, err)
		}
	}
	r.most("mail.calls of a tick with nothing due, 1,000,000 wait", float64(s.calls+quota)/10, "", 10)

	e := &engine{}
	e.reset()
	db, err := e.open(ctx)
	if err != nil {
		return err
	}
	for i := 0; i < 2000; i += 100 {
		rs := make([]store.Recipient, 100)
		for j := range rs {
			rs[j] = store.Recipient{ID: fmt.Sprint(i + j), Body: []byte{1}, DueAt: start.Add(time.Hour).Unix()}
		}
		db.WriteRecipients(ctx, rs)
	}
	e.reset()
	n.Store, n.Playbook = db, flow.NewBooks(db).InForce
	if _, err := n.Tick(ctx, start, "attempt"); err != nil {
		return err
	}
	r.most("mail.requests of the same to an engine, 2,000 wait", float64(e.total()), "", 10)
	return nil
}

// entries counts the mails of a bulk call.
func entries(body []byte) int { return bytes.Count(body, []byte(`"ReplacementEmailContent"`)) }
