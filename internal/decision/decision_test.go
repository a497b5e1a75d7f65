package decision_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
)

func TestTheLifecycleGoesForwardByItselfAndBackForAReason(t *testing.T) {
	s := begin(t, "role_sales", "staff_20", "industry_core")
	day := day0
	s.want("accepted", s.on(day, scoretest.Activity(day, "lead.accepted")), "stage sql, talk taken, enroll evaluation")
	s.want("deal", s.on(day+1, scoretest.Activity(day+1, "deal.opened")), "stage opportunity #2, talk deal #2")
	s.want("no budget", s.on(day+2, scoretest.Activity(day+2, "lead.returned", "reason", "budget")), "stage returned #3, talk free #3, enroll after_no")
	s.want("what was before does not count", s.on(day+3, scoretest.Activity(day+3, "page.viewed", "kind", "article")), "")
	if stage := s.Card(day + 3).Stage; stage != "iql" {
		t.Errorf("reads again, and is %s", stage)
	}
	s.want("asks for a demo", s.on(day+4, scoretest.Activity(day+4, "form.posted", "form", "demo")),
		"handover, fastlane demo, stage mql #4, unenroll evaluation, unenroll after_no")
	s.want("accepted again", s.on(day+5, scoretest.Activity(day+5, "lead.accepted")), "stage sql #5, talk taken #4")
	s.want("bought", s.on(day+6, scoretest.Activity(day+6, "deal.won")), "stage customer #6, talk free #5")
	s.want("add-ons", s.on(day+7, scoretest.Activity(day+7, "page.viewed", "kind", "addons")), "")
	s.want("add-ons again", s.on(day+8, scoretest.Activity(day+8, "page.viewed", "kind", "addons")), "stage service_ql #7")
	s.want("a person says no", s.on(day+9, scoretest.Activity(day+9, "lead.adjusted", "stage", "lead")), "")
	if stage := s.Card(day + 9).Stage; stage != "lead" {
		t.Errorf("a person put it to lead, it is %s", stage)
	}
	s.want("any other reason", s.on(day+10, scoretest.Activity(day+10, "lead.returned", "reason", "رقیب")), "stage returned #8")
}

func TestAStageCannotBeEnteredFromBeforeItsFirst(t *testing.T) {
	s := begin(t)
	s.State.Known = false
	s.want("a visitor reads", s.on(day0, scoretest.Activity(day0, "page.viewed", "kind", "article")), "")
	if stage := s.Card(day0).Stage; stage != "prospect" {
		t.Errorf("a visitor is %s", stage)
	}
	s.State.Known = true
	s.want("gives an e-mail", s.on(day0+1, scoretest.Activity(day0+1, "profile.changed")), "")
	if stage := s.Card(day0 + 1).Stage; stage != "iql" {
		t.Errorf("known and has read: %s", stage)
	}
}

func TestNobodyIsToldOfAVisitor(t *testing.T) {
	s := begin(t, "role_owner", "staff_5")
	s.State.Known = false
	hot := []*activity.Activity{
		scoretest.Activity(day0, "trial.started"), scoretest.Activity(day0, "product.logged_in"),
		scoretest.Activity(day0, "product.imported"), scoretest.Activity(day0, "form.posted", "form", "price"),
	}
	if got := s.on(day0, hot...); strings.Contains(got, "handover") || strings.Contains(got, "enroll") {
		t.Errorf("told of a visitor: %s", got)
	}
	s.State.Known = true
	s.want("known at last", s.decide(day0, ""), "handover, stage mql, audience hot_trials")
}

func TestAnExcludedLeadHasNoDecisions(t *testing.T) {
	s := begin(t, "role_owner", "staff_5")
	s.State.Excluded = 1
	s.want("own staff asks for a demo", s.on(day0, scoretest.Activity(day0, "form.posted", "form", "demo")), "")
	if c := s.Card(day0); c.Total != 0 || !c.Excluded || len(c.Lines) != 0 {
		t.Errorf("has the card %+v", c)
	}
}

func TestPublishingAndImportingAreQuiet(t *testing.T) {
	s := begin(t, "role_owner", "staff_5")
	s.Do(scoretest.Activity(day0, "trial.started"), scoretest.Activity(day0, "form.posted", "form", "price"))
	s.want("a playbook is published", s.decide(day0, decision.Rules), "handover quietly, stage mql quietly, audience hot_trials quietly")
	s.want("an hour later", s.decide(day0, ""), "")

	s = begin(t, "role_owner", "staff_5")
	old := scoretest.Activity(day0, "call.requested")
	old.Flags = activity.Backfill
	s.want("history is imported", s.on(day0, old), "fastlane call_me quietly, enroll evaluation quietly")
	s.want("and the lead acts", s.on(day0, scoretest.Activity(day0, "call.requested"), old), "fastlane call_me #2")
}

func TestATrackBeginsOnceOrAfterItsPause(t *testing.T) {
	s := begin(t)
	views := func(day activity.Day, n int) []*activity.Activity {
		var out []*activity.Activity
		for range n {
			out = append(out, scoretest.Activity(day, "page.viewed", "kind", "product"))
		}
		return out
	}
	s.want("two views", s.on(day0, views(day0, 2)...), "")
	s.want("the third view", s.on(day0+1, views(day0+1, 1)...), "enroll views")
	s.want("a fourth view, too early to enter again", s.on(day0+2, views(day0+2, 1)...), "")
	s.want("e-book", s.on(day0+3, scoretest.Activity(day0+3, "form.posted", "form", "ebook")), "enroll welcome")
	s.want("e-book again: once for ever", s.on(day0+50, scoretest.Activity(day0+50, "form.posted", "form", "ebook")), "")
	s.want("trial ends the welcome", s.on(day0+51, scoretest.Activity(day0+51, "trial.started")), "unenroll welcome, enroll trial")
	s.want("views, after the pause", s.on(day0+52, views(day0+52, 3)...), "enroll views #2")
}

func TestSilenceIsNoticedOnItsDay(t *testing.T) {
	s := begin(t)
	s.on(day0, scoretest.Activity(day0, "form.posted", "form", "ebook"))
	s.want("59 days", s.wait(day0+59), "")
	s.want("60 days", s.wait(day0+60), "enroll wake")
	s.want("still silent", s.wait(day0+300), "")
	s.want("a click", s.on(day0+301, scoretest.Activity(day0+301, "mail.clicked")), "unenroll wake")
	s.want("silent again", s.wait(day0+361), "enroll wake #2")
}

func TestATrackThatNamesNothingIsRefused(t *testing.T) {
	rules := scoretest.Example().Rules()
	for want, entry := range map[string]nurture.Entry{
		"no signal":  {Signal: "demmo"},
		"no band":    {Band: "boiling"},
		"no stage":   {Stage: "mqll"},
		"0 triggers": {MinFit: 3},
		"2 triggers": {Form: "ebook", Band: "hot"},
	} {
		_, err := decision.Compile(rules, []nurture.Track{{Name: "x", Entry: []nurture.Entry{entry}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want it to say %q", entry, err, want)
		}
	}
}

// Whatever a lead does, in whatever batches, no key comes twice, and what was
// decided is remembered in a few bytes.
func TestNoDecisionComesTwice(t *testing.T) {
	b := scoretest.Example()
	rules := b.Rules()
	plan, err := decision.Compile(rules, tracks)
	if err != nil {
		t.Fatal(err)
	}
	kinds := []activity.Type{"page.viewed", "form.posted", "mail.clicked", "call.requested", "webinar.attended", "trial.started",
		"product.active", "lead.accepted", "lead.returned", "deal.won", "deal.lost", "call.missed"}
	words := rapid.SampledFrom([]string{"article", "product", "pricing", "addons", "ebook", "demo", "budget", "other"})
	rapid.Check(t, func(t *rapid.T) {
		l := b.NewLead(rules, "role_owner", "staff_5")
		seen := map[string]bool{}
		decide := func(day activity.Day, arrived ...decision.Arrived) {
			card := l.Card(day)
			for _, p := range plan.Decide(decision.Input{State: l.State, After: &card, Arrived: arrived, Today: day, Now: day.Date()}) {
				key := fmt.Sprint(p.Kind, "/", p.Name, "/", p.N)
				if seen[key] {
					t.Fatalf("%s twice", key)
				}
				seen[key] = true
			}
			l.State.Pending = l.State.Pending[:0]
		}
		day := day0
		for range rapid.IntRange(1, 25).Draw(t, "batches") {
			for end := day + activity.Day(rapid.IntRange(0, 30).Draw(t, "pause")); day < end; {
				if day++; l.State.Review == day {
					decide(day)
				}
			}
			var arrived []decision.Arrived
			for range rapid.IntRange(1, 4).Draw(t, "batch") {
				w := words.Draw(t, "what")
				a := scoretest.Activity(day, rapid.SampledFrom(kinds).Draw(t, "type"), "kind", w, "form", w, "reason", w)
				arrived = append(arrived, decision.ArrivedOf(l.Do(a)[0], a))
			}
			decide(day, arrived...)
			if l.State.Review != 0 && l.State.Review <= day {
				t.Fatalf("on %s the next review is on %s", day, l.State.Review)
			}
		}
		if n := len(l.State.Memory); n > 80 {
			t.Fatalf("remembers %d bytes", n)
		}
	})
}
