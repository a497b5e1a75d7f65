package flow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
)

func asked(id string, kind activity.Type, into, from lead.ID) activity.Activity {
	a := act(id, kind, activity.WhoIs(string(into)), PropertyOther, string(from))
	a.Source = "tool"
	return a
}

const (
	annas = "anna@example.ir"
	berts = "bert@example.ir"
)

// two makes two people, with different deeds, roles and permissions.
func (l *line0) two(n int) (anna, bert lead.ID) {
	l.t.Helper()
	for i := range n {
		l.take(act(fmt.Sprint("a", i), activity.PageViewed, activity.Who{Email: annas}, "path", "/x"))
		l.take(act(fmt.Sprint("b", i), activity.PageViewed, activity.Who{Email: berts}, "path", "/y"))
	}
	form := act("af", activity.FormPosted, activity.Who{Email: annas}, "form", "ebook")
	form.Profile = []activity.Property{{Name: "role", Value: activity.TextValue("owner")}}
	l.take(form)
	form = act("bf", activity.FormPosted, activity.Who{Email: berts}, "form", "demo")
	form.At = monday.Add(time.Minute)
	form.Profile = []activity.Property{{Name: "role", Value: activity.TextValue("sales_manager")}}
	form.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1", Proof: "form"}}
	l.take(form)
	return l.leadOf(lead.ByEmail, annas), l.leadOf(lead.ByEmail, berts)
}

func (l *line0) role(id lead.ID) string {
	l.t.Helper()
	p, err := l.mem.ReadProfile(l.t.Context(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	profile, err := lead.DecodeProfile(p.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return profile.Text("role")
}

func (l *line0) person(id lead.ID) *nurture.Recipient {
	l.t.Helper()
	item, err := l.mem.ReadRecipient(l.t.Context(), string(id))
	if err != nil {
		l.t.Fatal(err)
	}
	r, err := nurture.Decode(item.ID, item.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func TestAMergeThatIsUndoneLeavesBothAsIfItHadNotBeen(t *testing.T) {
	for _, n := range []int{2, 90} { // all in the tail, and pages and runs
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			l, apart := newLine(t), newLine(t)
			anna, bert := l.two(n)
			apart.two(n)
			l.take(asked("merge", activity.LeadsMerged, anna, bert))
			if l.leadOf(lead.ByEmail, berts) != anna {
				t.Fatal("they are not one lead")
			}
			if c := l.card(anna, l.now); c.Fit != 24 || c.Engagement != 45 {
				t.Fatalf("as one: %+v", c)
			}
			// What comes for either finds its way, and goes along.
			for _, x := range []*line0{l, apart} {
				x.take(act("a-later", activity.PageViewed, activity.Who{Email: annas}, "path", "/pricing"))
				x.take(act("b-later", activity.PageViewed, activity.Who{Email: berts}, "path", "/pricing"))
			}
			l.take(asked("part", activity.LeadsParted, anna, bert))
			apart.take(asked("merge", activity.LeadsMerged, anna, anna), asked("part", activity.LeadsParted, anna, anna))
			if got := l.leadOf(lead.ByEmail, berts); got != bert {
				t.Fatalf("bert's address leads to %s", got)
			}
			if l.canonical(bert) != apart.canonical(bert) {
				t.Errorf("bert's ledger is not what it would be: %d entries, want %d", l.state(bert).Activities(), apart.state(bert).Activities())
			}
			a, b := l.state(anna), apart.state(anna)
			if a.Activities() != b.Activities() {
				t.Errorf("anna has %d activities, want %d", a.Activities(), b.Activities())
			}
			for _, id := range []lead.ID{anna, bert} {
				got, want := l.card(id, l.now), apart.card(id, l.now)
				if got.Total != want.Total || got.Fit != want.Fit || got.Band != want.Band || got.Stage != want.Stage {
					t.Errorf("%s: %d = fit %d, %s, %s, want %d = fit %d, %s, %s", id, got.Total, got.Fit, got.Band, got.Stage, want.Total, want.Fit, want.Band, want.Stage)
				}
			}
			if r := l.role(anna); r != "owner" {
				t.Errorf("anna is %q", r)
			}
			if r := l.role(bert); r != "sales_manager" {
				t.Errorf("bert is %q", r)
			}
			if l.person(anna).Consents("email", "marketing", false) || !l.person(bert).Consents("email", "marketing", false) || l.person(bert).Moved != "" {
				t.Errorf("permissions: anna %+v, bert %+v", l.person(anna), l.person(bert))
			}
			// Late repeats of both messages change nothing.
			was := l.state(anna).Version
			l.take(asked("part", activity.LeadsParted, anna, bert))
			l.take(asked("merge", activity.LeadsMerged, anna, bert))
			if l.leadOf(lead.ByEmail, berts) != bert || l.state(anna).Version != was {
				t.Errorf("a message that came again joined them")
			}
			// And they can become one again.
			l.take(asked("merge-2", activity.LeadsMerged, anna, bert))
			if l.leadOf(lead.ByEmail, berts) != anna {
				t.Errorf("they could not become one again")
			}
		})
	}
}

func TestAVisitorWhoWasSomebodyElseIsThemselvesAgainWithTheirIdentity(t *testing.T) {
	l := newLine(t)
	l.take(act("known", activity.PageViewed, activity.Who{Email: annas}, "path", "/x"))
	l.take(act("v1", activity.PageViewed, activity.Who{Visitor: visitor}, "path", "/pricing"))
	browser := l.leadOf(lead.ByVisitor, visitor)
	l.take(act("f", activity.FormPosted, activity.Who{Email: annas, Visitor: visitor}, "form", "ebook"))
	anna := l.leadOf(lead.ByEmail, annas)
	if l.leadOf(lead.ByVisitor, visitor) != anna {
		t.Fatal("the visitor is not anna")
	}
	l.take(asked("part", activity.LeadsParted, anna, browser))
	if got := l.leadOf(lead.ByVisitor, visitor); got != browser {
		t.Errorf("the browser leads to %s, want %s", got, browser)
	}
	if a, v := l.card(anna, l.now), l.card(browser, l.now); a.Total != 15 || v.Total != 10 {
		t.Errorf("anna has %d, the visitor %d; want 15 and 10", a.Total, v.Total)
	}
	l.take(act("v2", activity.PageViewed, activity.Who{Visitor: visitor}, "path", "/x"))
	if n := l.state(browser).Activities(); n != 2 {
		t.Errorf("the visitor has %d activities, want 2", n)
	}
}

func TestAHandOverThatOnlyTwoTogetherMetIsWithdrawnWhenTheyArePartedAgain(t *testing.T) {
	l := newLine(t)
	l.take(act("demo", activity.FormPosted, activity.Who{Email: annas}, "form", "demo"))
	role := act("role", activity.ProfileChanged, activity.Who{Email: berts})
	role.Profile = []activity.Property{{Name: "role", Value: activity.TextValue("sales_manager")}}
	l.take(role)
	anna, bert := l.leadOf(lead.ByEmail, annas), l.leadOf(lead.ByEmail, berts)
	l.take(asked("merge", activity.LeadsMerged, anna, bert))
	if !slices.Contains(l.kinds(anna), "handover") {
		t.Fatalf("as one: %v", l.kinds(anna))
	}
	l.take(asked("part", activity.LeadsParted, anna, bert))
	if !slices.Contains(l.kinds(anna), "withdrawn handover") || slices.Contains(l.kinds(anna), "withdrawn fastlane.demo") {
		t.Errorf("parted: %v", l.kinds(anna))
	}
}

func TestARevocationHoldsOnBothSidesOfAPartedMerge(t *testing.T) {
	l := newLine(t)
	anna, bert := l.two(1)
	l.take(asked("merge", activity.LeadsMerged, anna, bert))
	l.take(revoke("r", "bf", activity.Who{Email: annas})) // bert's demo, by anna's address
	l.take(asked("part", activity.LeadsParted, anna, bert))
	if c := l.card(bert, l.now); c.Engagement != 0 {
		t.Errorf("bert has %d of what was revoked", c.Engagement)
	}
}

func TestAPartingWithFaultsEndsAsOneWithout(t *testing.T) {
	for seed := range uint64(30) {
		l := newLine(t)
		anna, bert := l.two(1)
		l.take(asked("merge", activity.LeadsMerged, anna, bert))
		bad := &shaky{Store: l.mem, dice: rand.New(rand.NewPCG(seed, 1)), rate: 0.2}
		w := l.worker(bad)
		m := l.message(asked("part", activity.LeadsParted, anna, bert))
		for m.Attempt = 1; m.Attempt < 60; m.Attempt++ {
			if got := w.Run(t.Context(), l.log, []Message{m}, l.now); len(got.Failed) == 0 {
				break
			}
		}
		if l.leadOf(lead.ByEmail, berts) != bert || l.role(anna) != "owner" || l.role(bert) != "sales_manager" {
			t.Fatalf("seed %d: after %d tries bert's address leads to %s, roles %q and %q", seed, m.Attempt, l.leadOf(lead.ByEmail, berts), l.role(anna), l.role(bert))
		}
		if l.person(anna).Consents("email", "marketing", false) || !l.person(bert).Consents("email", "marketing", false) {
			t.Fatalf("seed %d: permissions are mixed up", seed)
		}
		if l.state(bert).Activities() != 2 || l.card(bert, l.now).Total != 54 {
			t.Fatalf("seed %d: bert has %d activities, total %d", seed, l.state(bert).Activities(), l.card(bert, l.now).Total)
		}
	}
}
