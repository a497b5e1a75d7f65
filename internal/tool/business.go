package tool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Business plays some weeks of the example business through a line: people ask
// for the book, look at prices, try the product, fall silent, and the clock goes
// on in between, until it stands in the middle of things: mails wait, one of
// them for the weekend to be over, one person paused, one is at the end of a
// series, sales has calls to make, a broadcast is planned.
type Business struct {
	Store interface {
		CastStore
		ListWork(ctx context.Context, shard, limit int, page string) ([]store.Work, string, error)
	}
	Desk  *Desk
	Queue Outbox
	// Now is the time of the line. Forward moves it and comes back when all that
	// fell due is done; Rest waits until what was sent is taken in.
	Now     func(ctx context.Context) (time.Time, error)
	Forward func(ctx context.Context, by time.Duration) error
	Rest    func(ctx context.Context) error
	// Pause is what a person does at the preference page to which their last
	// mail leads.
	Pause func(ctx context.Context, email string) error
	// Crowd is how many more ask for the book in the first week.
	Crowd int
	Tell  func(words string)
}

// weeks is how long it plays.
const businessWeeks = 5

// act is something that somebody does so long before the end.
type businessAct struct {
	before time.Duration
	words  string
	do     func(ctx context.Context, at time.Time) error
}

// businessCast are the people, and what each is there to show.
var businessCast = []struct {
	email string
	shows nurture.Text
}{
	{"arash@example.ir", nurture.Text{Fa: "به پایان سری رسیده", En: "at the end of a series"}},
	{"kaveh@example.ir", nurture.Text{Fa: "کار تماس برای فروش", En: "a call for sales to make"}},
	{"leila@example.ir", nurture.Text{Fa: "در میانه‌ی آزمایش", En: "in the middle of the trial"}},
	{"narges@example.ir", nurture.Text{Fa: "خودش خواسته صبر کنیم", En: "paused by herself"}},
	{"omid@example.ir", nurture.Text{Fa: "نامه‌اش تا پایان تعطیلی می‌ماند", En: "a mail held by the calendar"}},
	{"bahar@example.ir", nurture.Text{Fa: "بعد از «نه»: چند هفته صبر", En: "after a no: waits for weeks"}},
	{"sina@example.ir", nurture.Text{Fa: "بی‌اجازه: تنها آنچه خواست", En: "no consent: only what he asked for"}},
}

// Play runs it and gives the time at which it stands.
func (b *Business) Play(ctx context.Context) (time.Time, error) {
	c, err := b.Desk.shelf().InForce(ctx)
	if err != nil {
		return time.Time{}, err
	}
	now, err := b.Now(ctx)
	if err != nil {
		return time.Time{}, err
	}
	end := businessEnd(c, now)
	acts := b.acts()
	slices.SortStableFunc(acts, func(x, y businessAct) int { return cmp.Compare(y.before, x.before) })
	for _, a := range acts {
		if err := b.goTo(ctx, end.Add(-a.before)); err != nil {
			return end, err
		}
		at, err := b.Now(ctx)
		if err != nil {
			return end, err
		}
		b.Tell(at.In(c.Zone).Format("2006-01-02 15:04") + "  " + a.words)
		if err := a.do(ctx, at); err != nil {
			return end, fmt.Errorf("%s: %w", a.words, err)
		}
		if err := b.Rest(ctx); err != nil {
			return end, err
		}
	}
	if err := b.goTo(ctx, end); err != nil {
		return end, err
	}
	return end, b.announce(ctx, c, end)
}

// goTo moves the clock to a time, which may be the present.
func (b *Business) goTo(ctx context.Context, to time.Time) error {
	now, err := b.Now(ctx)
	if err != nil || !now.Before(to) {
		return err
	}
	return b.Forward(ctx, to.Sub(now))
}

// businessEnd is the first Thursday, eleven in the morning, that lies five weeks
// ahead with no holiday of many days in between or in the two weeks after: what
// fell due that morning waits for the weekend to be over.
func businessEnd(c *playbook.Compiled, now time.Time) time.Time {
	y, m, d := now.In(c.Zone).Date()
	end := time.Date(y, m, d+businessWeeks*7+1, 11, 0, 0, 0, c.Zone)
	for end.Weekday() != time.Thursday {
		end = end.AddDate(0, 0, 1)
	}
	for range 60 {
		from, until := end.AddDate(0, 0, -businessWeeks*7-1).Format(time.DateOnly), end.AddDate(0, 0, 14).Format(time.DateOnly)
		long := false
		for _, x := range c.Nurture.Calendar.Closed {
			a, errA := time.Parse(time.DateOnly, x.From)
			z, errZ := time.Parse(time.DateOnly, cmp.Or(x.Until, x.From))
			long = long || errA == nil && errZ == nil && z.Sub(a) > 4*24*time.Hour && x.From <= until && cmp.Or(x.Until, x.From) >= from
		}
		if !long {
			break
		}
		end = end.AddDate(0, 0, 7)
	}
	return end
}

const day = 24 * time.Hour

// acts are what people do, and when.
func (b *Business) acts() []businessAct {
	says := func(as ...activity.Activity) func(context.Context, time.Time) error {
		return func(ctx context.Context, at time.Time) error { return b.send(ctx, at, as) }
	}
	acts := []businessAct{
		{34 * day, "Arash asks for the book", says(asksFor("ebook", "آرش", "arash@example.ir", "", true))},
		{34*day - time.Hour, "Sina asks for the book and permits no marketing", says(asksFor("ebook", "سینا", "sina@example.ir", "", false))},
		{16 * day, "Kaveh asks for the price list and looks at the prices", says(
			asksFor("price", "کاوه", "kaveh@example.ir", "09121110001", true), looksAt("/pricing", "kaveh@example.ir"))},
		{9 * day, "Narges asks for the book", says(asksFor("ebook", "نرگس", "narges@example.ir", "", true))},
		{7 * day, "Leila starts the trial", says(asksFor("trial", "لیلا", "leila@example.ir", "09121110002", true))},
		{6 * day, "Bahar says no: the budget", says(asksFor("price", "بهار", "bahar@example.ir", "", true), loses("no_budget", "bahar@example.ir"))},
		{4 * day, "Narges pauses for thirty days", func(ctx context.Context, _ time.Time) error { return b.Pause(ctx, "narges@example.ir") }},
		{49 * time.Hour, "Omid asks for the book", says(asksFor("ebook", "امید", "omid@example.ir", "", true))},
	}
	if b.Crowd > 0 {
		acts = append(acts, businessAct{33 * day, fmt.Sprintf("%d more ask for the book", b.Crowd), func(ctx context.Context, at time.Time) error {
			var as []activity.Activity
			for i := range b.Crowd {
				as = append(as, asksFor("ebook", "", fmt.Sprintf("crowd%d@example.ir", i), "", true))
			}
			return b.send(ctx, at, as)
		}})
	}
	return acts
}

func asksFor(form, name, email, mobile string, consent bool) activity.Activity {
	a := activity.Activity{Type: activity.FormPosted, Who: activity.Who{Email: email, Phone: mobile}}
	a.Properties = []activity.Property{{Name: "form", Value: activity.TextValue(form)}}
	if name != "" {
		a.Profile = []activity.Property{{Name: "first_name", Value: activity.TextValue(name)}}
	}
	if consent {
		a.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1", Proof: "form:" + form}}
	}
	return a
}

func looksAt(path, email string) activity.Activity {
	return activity.Activity{Type: activity.PageViewed, Who: activity.Who{Email: email}, Properties: []activity.Property{{Name: "path", Value: activity.TextValue(path)}}}
}

func loses(reason, email string) activity.Activity {
	return activity.Activity{Type: activity.DealLost, Who: activity.Who{Email: email}, Properties: []activity.Property{{Name: "reason", Value: activity.TextValue(reason)}}}
}

// send queues activities as what happens now. Their ids say who, what and on
// which day, so that a demo played twice at once counts once.
func (b *Business) send(ctx context.Context, at time.Time, as []activity.Activity) error {
	var bodies [][]byte
	for i := range as {
		a := as[i]
		a.At, a.Source = at.UTC().Truncate(time.Second), "business"
		what := string(a.Type)
		if len(a.Properties) > 0 {
			what += ":" + a.Properties[0].Value.Text
		}
		a.ID = activity.ID(fmt.Sprintf("business-%s-%s-%s", a.Who.Email, what, at.UTC().Format(time.DateOnly)))
		bodies = append(bodies, activity.Encode([]activity.Activity{a}))
	}
	for part := range slices.Chunk(bodies, 10) {
		if err := b.Queue.SendAll(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// announce plans a broadcast for the Sunday after.
func (b *Business) announce(ctx context.Context, c *playbook.Compiled, now time.Time) error {
	at := now.In(c.Zone).AddDate(0, 0, 3)
	x := Casting{
		ID: "news-" + at.Format("2006-01-02"), Title: "خبر تازه / News", Mail: "wake-useful", Audience: nurture.Everybody, By: "sara", Priority: 30,
		At: at.Format("2006-01-02") + " 10:00", Now: now,
	}
	cast, err := ReadCasting(c, x)
	if err != nil {
		return err
	}
	if cast.Expected, err = Expect(ctx, b.Store, c, cast, now, nil); err != nil {
		return err
	}
	err = PlanCast(ctx, b.Store, cast)
	if err != nil && strings.Contains(err.Error(), "--id") {
		return nil // the demo was played before
	}
	return err
}

// Write says how the business stands: each of the people, the calls that sales
// has to make, the broadcasts.
func (b *Business) Write(ctx context.Context, out io.Writer, locale string, now time.Time) error {
	c, err := b.Desk.shelf().InForce(ctx)
	if err != nil {
		return err
	}
	w := wordsOf(locale)
	fmt.Fprintln(out, w.moment(now, c.Zone))
	for _, p := range businessCast {
		id, err := b.Desk.Find(ctx, c, p.email)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s (%s)\n", p.email, p.shows.In(locale))
		item, err := b.Desk.Store.Fetch(ctx, store.Wanted{Recipients: []string{string(id)}, Strong: true})
		if err != nil {
			return err
		}
		stored, ok := item.Recipients[string(id)]
		if !ok {
			return errors.New(p.email + " is nobody to write to")
		}
		r, err := nurture.Decode(string(id), stored.Body)
		if err != nil {
			return err
		}
		for _, line := range MailLines(c, r, locale, now) {
			fmt.Fprintln(out, "  "+line)
		}
	}
	if err := b.calls(ctx, out, c, locale); err != nil {
		return err
	}
	list, err := flow.Broadcasts(ctx, b.Store)
	if err != nil {
		return err
	}
	for _, x := range list {
		if err := WriteCast(out, c, x, locale); err != nil {
			return err
		}
	}
	return nil
}

// calls writes what sales has to do, the most urgent first.
func (b *Business) calls(ctx context.Context, out io.Writer, c *playbook.Compiled, locale string) error {
	w := wordsOf(locale)
	for shard := range store.WorkShards {
		list, _, err := b.Store.ListWork(ctx, shard, 100, "")
		if err != nil {
			return err
		}
		for _, item := range list {
			work, err := flow.ReadWorkItem(item)
			if err != nil {
				return err
			}
			found, err := b.Desk.Store.Fetch(ctx, store.Wanted{Profiles: []lead.ID{item.Lead}})
			if err != nil {
				return err
			}
			p, err := lead.DecodeProfile(found.Profiles[item.Lead].Body)
			if err != nil {
				return err
			}
			for _, r := range work.Reasons {
				title := cmp.Or(r.Title.In(locale), r.Kind)
				fmt.Fprintf(out, "☎ %s  %s: %s\n", w.moment(time.Unix(r.Due, 0), c.Zone), cmp.Or(p.Text("email"), string(item.Lead)), title)
			}
		}
	}
	return nil
}
