package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/tool/bank"
)

// person is one lead of the traffic: what they do next is drawn from a seed.
type person struct {
	n       int
	random  *rand.Rand
	visitor string
	done    int
	calls   []activity.Activity // the demo's, in turns
}

func newPerson(n int, calls []activity.Activity) *person {
	return &person{n: n, random: rand.New(rand.NewPCG(uint64(n), 7)), visitor: fmt.Sprintf("v%015d", n), calls: calls}
}

func (p *person) email() string { return fmt.Sprintf("person%d@company%d.example", p.n, p.n%97) }

func text(name, v string) activity.Property {
	return activity.Property{Name: name, Value: activity.TextValue(v)}
}

// act is an activity with an id that the house makes: time-ordered.
func (p *person) act(t activity.Type, at time.Time, ps ...activity.Property) activity.Activity {
	p.done++
	var id ulid.ULID
	_ = id.SetTime(uint64(at.UnixMilli())) // unreachable: the years of a bench fit
	for i := 6; i < 16; i++ {
		id[i] = byte(p.random.Uint32())
	}
	return activity.Activity{ID: activity.ID(id.String()), Type: t, At: at, Who: activity.Who{Visitor: p.visitor}, Properties: ps, Source: "page"}
}

// foreign is one with an id of another system.
func (p *person) foreign(source string, t activity.Type, at time.Time, ps ...activity.Property) activity.Activity {
	a := p.act(t, at, ps...)
	a.ID, a.Source = activity.ID(fmt.Sprintf("%s:%d:%d", source, p.n, p.done)), source
	a.Who = activity.Who{Email: p.email()}
	return a
}

// form is a posted form: who they are, what they are, what they allow.
func (p *person) form(name string, at time.Time) activity.Activity {
	a := p.act(activity.FormPosted, at, text("form", name), text("path", "/"+name), text("variant", "b"),
		text("utm_source", "newsletter"), text("utm_medium", "email"), text("utm_campaign", "autumn"))
	a.Source = "capture"
	a.Who.Email = p.email()
	a.Profile = []activity.Property{text("first_name", "مریم"), text("company", "شرکت نمونه"),
		text("role", "sales_manager"), text("employees", "20-50"), text("industry", "distribution")}
	a.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1", Proof: "form:" + name}}
	return a
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// business is what a lead of the example business does, in the shares of a
// usual month: pages, the parts of pages, mails, calls and the product.
func (p *person) business(at time.Time) activity.Activity {
	if p.done == 0 {
		return p.form("ebook", at)
	}
	r := p.random
	path := pick(r, "/", "/pricing", "/product/crm", "/product/follow-up", "/blog/seven-mistakes", "/blog/what-a-lead-is", "/demo", "/addons")
	switch n := r.IntN(100); {
	case n < 45:
		return p.act(activity.PageViewed, at, text("path", path), text("variant", pick(r, "a", "b")),
			text("utm_source", pick(r, "google", "newsletter", "instagram")), text("utm_medium", "cpc"), text("utm_campaign", "autumn"),
			text("referrer", "www.google.com/search"))
	case n < 55:
		return p.act(activity.CTASeen, at, text("path", path), text("variant", "a"), text("cta", "demo"))
	case n < 61:
		return p.act(activity.CTAClicked, at, text("path", path), text("variant", "a"), text("cta", pick(r, "demo", "trial")))
	case n < 66:
		return p.act(pick(r, activity.FormSeen, activity.FormStarted), at, text("path", path), text("form", "demo"))
	case n < 75:
		return p.foreign("feedback", activity.MailSent, at, text("mail", "evaluation-demo"), text("send", "0123456789abcdef"), text("track", "evaluation"))
	case n < 82:
		return p.act(activity.MailClicked, at, text("mail", "evaluation-demo"), text("send", "0123456789abcdef"),
			text("link", "https://www.example.com/demo?m=1"), text("kind", pick(r, "offer", "")), text("track", "evaluation"), text("trust", "human"))
	case n < 84:
		return p.act(activity.FileDownloaded, at, text("file", "followup-book"), text("form", "ebook"))
	case n < 85:
		return p.form(pick(r, "ebook", "price"), at)
	case n < 90:
		return p.foreign("crm", pick(r, activity.CallAnswered, activity.CallMissed, activity.CallPriceAsked), at, text("campaign", "autumn"))
	}
	return p.foreign("product", pick(r, activity.ProductLoggedIn, activity.ProductActive, activity.ProductInvited), at)
}

// demo is the demo's calls and outcomes, one after the other, as of one lead.
func (p *person) demo(at time.Time) activity.Activity {
	a := p.calls[(p.n*131+p.done)%len(p.calls)]
	if p.done == 0 {
		a = p.calls[0] // the profile
	}
	p.done++
	a.ID = activity.ID(fmt.Sprintf("bank-%d-call-%d", p.n, p.done))
	a.Who, a.At = activity.Who{External: fmt.Sprintf("bank-%d", p.n)}, at
	return a
}

// demoCalls reads the demo's first rows: a profile, then all their calls and
// outcomes. Without the set it is the demo's own small one.
func demoCalls(rows int) (list []activity.Activity, err error) {
	var in io.Reader
	f, err := os.Open("../shared/data/bank-additional-full.csv.gz")
	switch {
	case err == nil:
		defer f.Close()
		if in, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("read the bank's rows: %w", err)
		}
	case os.IsNotExist(err):
		in = strings.NewReader(bankHead + strings.Repeat(bankRow, rows))
	default:
		return nil, err
	}
	for row, err := range bank.Read(in, rows) {
		if err != nil {
			return nil, err
		}
		for _, a := range row.Activities(start) {
			a.Flags = 0 // it happens now
			if a.Type != activity.ProfileChanged || len(list) == 0 {
				list = append(list, a)
			}
		}
	}
	return list, nil
}

const (
	bankHead = `age;job;marital;education;default;housing;loan;contact;month;day_of_week;duration;campaign;pdays;previous;poutcome;emp.var.rate;cons.price.idx;cons.conf.idx;euribor3m;nr.employed;y` + "\n"
	bankRow  = `56;management;married;basic.4y;no;unknown;no;telephone;may;mon;261;3;999;0;nonexistent;1.1;93.994;-36.4;4.857;5191;no` + "\n"
)

// start is when the traffic begins.
var start = time.Date(2025, 11, 24, 6, 0, 0, 0, time.UTC)
