package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// morning is an office with the daily list at half past eight, and a playbook
// that is published.
type morning struct {
	*office
	box     *box
	rescore *Rescore
}

func newMorning(t *testing.T) *morning {
	return newMorningOf(t, func(o *office) {
		o.book.Sales.Digest = &playbook.Digest{At: 8*60 + 30}
		o.book.Sales.Contacts = []playbook.Contact{{Name: "sara", Email: "sara@x.example"}, {Name: "reza", Email: "reza@x.example"}, {Name: "twin", Email: "Sara@x.example"}, {Name: "nobody"}}
	})
}

func newMorningOf(t *testing.T, change func(*office)) *morning {
	o := newOffice(t)
	change(o)
	if err := o.store.Publish(t.Context(), store.Playbook{Pointer: store.Pointer{Number: 1}, Compiled: o.book.JSON()}, 0); err != nil {
		t.Fatal(err)
	}
	m := &morning{office: o, box: &box{}}
	m.rescore = NewRescore(o.store, &box{}, m.box)
	return m
}

// at sets the clock to an hour of Tehran on a day.
func (m *morning) at(day, hour, minute int) {
	m.now = time.Date(2026, 11, day, hour, minute, 0, 0, m.book.Zone)
}

// tick runs rescore's tick and carries out what it queued.
func (m *morning) tick() (lists int) {
	m.t.Helper()
	n, err := m.rescore.Digests(m.t.Context(), m.now)
	if err != nil {
		m.t.Fatal(err)
	}
	m.carry()
	return n
}

func (m *morning) carry() {
	m.t.Helper()
	for _, body := range m.box.take() {
		if err := m.handle(body); err != nil {
			m.t.Fatal(err)
		}
	}
}

// work puts somebody on the work list.
func (m *morning) work(i int, owner string, r WorkReason) lead.ID {
	m.t.Helper()
	id := lead.ID(fmt.Sprintf("abcdefghijklmn%c%c", 'b'+i/26, 'a'+i%26))
	profile := &lead.Profile{}
	profile.Apply([]activity.Property{{Name: "first_name", Value: activity.TextValue(fmt.Sprint("<lead ", i, ">"))}, {Name: "phone", Value: activity.TextValue("+989121112233")}}, m.now, 1)
	if err := m.store.WriteProfile(m.t.Context(), store.Profile{Lead: id, Body: profile.Encode()}); err != nil {
		m.t.Fatal(err)
	}
	if owner != "" {
		err := upsert(m.t.Context(), m.store, string(id), func(x *nurture.Recipient) bool { x.SetOwner(owner, m.now); return true })
		if err != nil {
			m.t.Fatal(err)
		}
	}
	r.ID = fmt.Sprint("reason ", i)
	if err := AddWork(m.t.Context(), m.store, id, r); err != nil {
		m.t.Fatal(err)
	}
	return id
}

func to(ms []mail.Message) (out []string) {
	for _, m := range ms {
		out = append(out, m.To)
	}
	return out
}

func TestEachWorkingMorningEverybodyGetsTheirOpenWorkOnceOverdueFirst(t *testing.T) {
	m := newMorning(t)
	m.at(24, 8, 0)
	hour := func(h int) int64 { return m.now.Add(time.Duration(h) * time.Hour).Unix() }
	mine := m.work(0, "sara", WorkReason{Kind: "task", Title: nurture.Text{Fa: "پس از دمو زنگ بزنید", En: "call"}, Due: hour(30)})
	late := m.work(1, "sara@X.example", WorkReason{Kind: "handover", Total: 62, Due: hour(-20)})
	free := m.work(2, "", WorkReason{Kind: "fastlane", Due: hour(1)})
	gone := m.work(3, "who left the business", WorkReason{Kind: "task", Due: hour(2)})
	if n := m.tick(); n != 0 || len(m.sent) != 0 {
		t.Fatalf("before its hour %d lists", n)
	}
	m.at(24, 8, 30)
	if n := m.tick(); n != 4 { // the team and three with an address
		t.Fatalf("%d lists were queued", n)
	}
	if got := fmt.Sprint(to(m.sent)); len(m.sent) != 2 || !strings.Contains(got, "sales@x.example") || !strings.Contains(got, "sara@x.example") {
		t.Fatalf("mails left to %s", got)
	}
	byTo := map[string]mail.Message{m.sent[0].To: m.sent[0], m.sent[1].To: m.sent[1]}
	sara, team := byTo["sara@x.example"], byTo["sales@x.example"]
	if sara.Subject != "کار امروز: ۲ نفر، ۱ نفر دیرشده" {
		t.Errorf("the subject is %q", sara.Subject)
	}
	if i, j := strings.Index(sara.Text, string(late)), strings.Index(sara.Text, string(mine)); i < 0 || j < i {
		t.Errorf("what is overdue does not come first:\n%s", sara.Text)
	}
	for _, want := range []string{`lang="fa" dir="rtl"`, "تا دوشنبه ۲ آذر ۱۴۰۵، ۱۲:۰۰", "داغ شده است (امتیاز ۶۲)", "پس از دمو زنگ بزنید", "&lt;lead 1&gt;", `<bdi dir="ltr">+989121112233</bdi>`, "https://c.x.example/#/leads/" + string(mine)} {
		if !strings.Contains(sara.HTML, want) {
			t.Errorf("%q is nowhere in:\n%s", want, sara.HTML)
		}
	}
	if !strings.Contains(team.Text, string(free)) || !strings.Contains(team.Text, string(gone)) || strings.Contains(team.Text, string(mine)) {
		t.Errorf("the team's list is:\n%s", team.Text)
	}
	// Later ticks, of this process and of new ones, and messages given again, change nothing.
	m.tick()
	m.rescore = NewRescore(m.store, &box{}, m.box)
	m.at(24, 12, 0)
	m.tick()
	for _, person := range []string{"", "sara", "twin"} {
		key := digestKey("2026-11-24", person)
		d := Delivery{Format: 1, Key: key.String(), Lead: key.Lead, Kind: key.Kind, Subject: key.Subject, N: 1, At: m.now}
		if err := m.handle(d.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.sent) != 2 {
		t.Errorf("%d mails left", len(m.sent))
	}
	m.at(25, 9, 0)
	if m.tick(); len(m.sent) != 4 {
		t.Errorf("the next day %d mails left", len(m.sent)-2)
	}
}

func TestTheDailyListKeepsTheCalendarAndComesLateRatherThanNotOnItsDay(t *testing.T) {
	m := newMorning(t)
	m.work(0, "", WorkReason{Kind: "fastlane", Due: m.now.Unix()})
	m.at(26, 9, 0) // a Thursday
	if n := m.tick(); n != 0 {
		t.Errorf("%d lists on a day off", n)
	}
	m.at(24, 15, 0) // the tick was down since the morning
	if m.tick(); len(m.sent) != 1 {
		t.Errorf("%d mails left", len(m.sent))
	}
	m.at(25, 18, 1) // it was down all day
	if n := m.tick(); n != 0 {
		t.Errorf("%d lists when everybody has gone home", n)
	}
	// A message that comes the next day is of no use any more.
	key := digestKey("2026-11-25", "")
	m.at(28, 9, 0)
	d := Delivery{Format: 1, Key: key.String(), Lead: key.Lead, Kind: key.Kind, Subject: key.Subject, N: 1, At: m.now}
	if err := m.handle(d.Encode()); err != nil || len(m.sent) != 1 {
		t.Errorf("%v, %d mails left", err, len(m.sent))
	}
}

func TestNoWorkIsNoMailAndNeitherIsAnAddressThatNobodyGave(t *testing.T) {
	m := newMorning(t)
	m.at(24, 9, 0)
	if n := m.tick(); n != 4 || len(m.sent) != 0 {
		t.Errorf("%d lists, %d mails", n, len(m.sent))
	}
	m.work(0, "", WorkReason{Kind: "fastlane", Due: m.now.Unix()})
	m.at(25, 9, 0)
	n, err := m.rescore.Digests(t.Context(), m.now)
	if err != nil || n != 4 {
		t.Fatal(n, err)
	}
	m.team = "sales@unset.invalid"
	if m.carry(); len(m.sent) != 0 {
		t.Errorf("mails left to %v", to(m.sent))
	}
}

// breaking is a store whose record of a list is lost once after its message was
// queued.
type breaking struct {
	*memory.Store
	fail bool
}

func (b *breaking) RecordDecisions(ctx context.Context, ds []store.Decision) []error {
	if b.fail {
		b.fail = false
		out := make([]error, len(ds))
		for i := range out {
			out[i] = errors.New("the process died")
		}
		return out
	}
	return b.Store.RecordDecisions(ctx, ds)
}

func TestAListThatWasQueuedTwiceLeavesOnce(t *testing.T) {
	m := newMorning(t)
	m.work(0, "", WorkReason{Kind: "fastlane", Due: m.now.Unix()})
	m.at(24, 9, 0)
	m.rescore = NewRescore(&breaking{m.store, true}, &box{}, m.box)
	if _, err := m.rescore.Digests(t.Context(), m.now); err == nil {
		t.Fatal("the lost record was not told")
	}
	if m.carry(); len(m.sent) != 1 { // before the record, which deliver makes itself
		t.Fatalf("%d mails left", len(m.sent))
	}
	m.now = m.now.Add(5 * time.Minute)
	if m.tick(); len(m.sent) != 1 {
		t.Errorf("%d mails left", len(m.sent))
	}
}

func TestAListOfUnknownFateWaitsForItsEvent(t *testing.T) {
	m := newMorning(t)
	m.work(0, "", WorkReason{Kind: "fastlane", Due: m.now.Unix()})
	m.at(24, 9, 0)
	m.fates = []mail.Fate{mail.Unknown}
	if _, err := m.rescore.Digests(t.Context(), m.now); err != nil {
		t.Fatal(err)
	}
	bodies := m.box.take()
	for _, b := range bodies {
		_ = m.handle(b)
	}
	if err := m.event(eventOf("Send", m.sent[0], "")); err != nil {
		t.Fatal(err)
	}
	m.now = m.now.Add(time.Hour)
	for _, b := range bodies {
		if err := m.handle(b); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.sent) != 1 {
		t.Errorf("%d mails left", len(m.sent))
	}
}

func TestAMailToSalesThatComesBackIsSeen(t *testing.T) {
	m := newMorning(t)
	m.work(0, "", WorkReason{Kind: "fastlane", Due: m.now.Unix()})
	m.at(24, 9, 0)
	m.tick()
	if err := m.event(eventOf("Bounce", m.sent[0], `,"bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"sales@x.example"}]}`)); err != nil {
		t.Fatal(err)
	}
	list, _, err := m.store.ListParked(t.Context(), m.now, 10, "")
	if err != nil || len(list) != 1 || list[0].Code != salesMailLost || strings.Contains(list[0].Reason, "@") {
		t.Errorf("%+v, %v", list, err)
	}
}
