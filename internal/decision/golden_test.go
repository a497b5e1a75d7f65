package decision_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
)

const day0 = activity.Day(20580)

// tracks are when the series of the example business begin and end.
var tracks = []nurture.Track{
	{Name: "welcome", Entry: []nurture.Entry{{Form: "ebook"}}, Ends: []nurture.Entry{{Stage: "mql"}, {Signal: "trial"}}},
	{Name: "evaluation", Entry: []nurture.Entry{{Signal: "pricing"}, {Band: "warm", MinFit: 18}}, Ends: []nurture.Entry{{Signal: "demo"}}, ReentryDays: 90},
	{Name: "trial", Entry: []nurture.Entry{{Signal: "trial"}}, Ends: []nurture.Entry{{Stage: "customer"}}},
	{Name: "after_no", Entry: []nurture.Entry{{Lost: "budget"}}, Ends: []nurture.Entry{{Signal: "demo"}, {Signal: "call_me"}}, ReentryDays: 30},
	{Name: "wake", Entry: []nurture.Entry{{Silent: 60}}, Ends: []nurture.Entry{{Signal: "click"}}, ReentryDays: 90},
	{Name: "views", Entry: []nurture.Entry{{Signal: "product_3_in_7"}}, ReentryDays: 7},
}

// story is a lead whose decisions are made day by day, as the flows do.
type story struct {
	*scoretest.Lead
	t    *testing.T
	plan *decision.Plan
}

func begin(t *testing.T, profile ...string) *story {
	t.Helper()
	b := scoretest.Example()
	lead := b.NewLead(b.Rules(), profile...)
	plan, err := decision.Compile(lead.Rules, tracks)
	if err != nil {
		t.Fatal(err)
	}
	return &story{lead, t, plan}
}

// on does the activities, all of one day, in one batch and gives the decisions
// as text.
func (s *story) on(day activity.Day, activities ...*activity.Activity) string {
	entries := s.Do(activities...)
	var arrived []decision.Arrived
	for i := range entries {
		arrived = append(arrived, decision.ArrivedOf(entries[i], activities[i]))
	}
	return s.decide(day, "", arrived...)
}

func (s *story) decide(day activity.Day, quiet decision.Cause, arrived ...decision.Arrived) string {
	s.t.Helper()
	card := s.Card(day)
	in := decision.Input{State: s.State, After: &card, Arrived: arrived, Today: day, Now: day.Date().Add(13 * time.Hour), Quiet: quiet}
	made := s.plan.Decide(in)
	if s.State.Review != 0 && s.State.Review <= day {
		s.t.Errorf("on %s the next review is on %s", day, s.State.Review)
	}
	in.Arrived = nil
	if again := s.plan.Decide(in); len(again) > 0 {
		s.t.Errorf("asked again on %s: %s", day, words(again))
	}
	return words(made)
}

// wait reviews the lead on each review day up to a day, and gives what was
// decided.
func (s *story) wait(until activity.Day) string {
	s.t.Helper()
	var all []string
	for s.State.Review != 0 && s.State.Review <= until {
		if w := s.decide(s.State.Review, ""); w != "" {
			all = append(all, w)
		}
	}
	return strings.Join(all, "; ")
}

func words(pending []ledger.Pending) string {
	var out []string
	for _, p := range pending {
		w := p.Kind
		if p.Name != "" {
			w += " " + p.Name
		}
		if r, err := decision.DecodeReason(p.Reason); err != nil {
			w += " " + err.Error()
		} else if r.Left {
			w += " left"
		}
		if p.N > 1 {
			w += fmt.Sprint(" #", p.N)
		}
		if p.Quiet {
			w += " quietly"
		}
		out = append(out, w)
	}
	return strings.Join(out, ", ")
}

func (s *story) want(when, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: %q, want %q", when, got, want)
	}
}

func TestMaryamIsToldOnceAndAgainAfterTwoWeeksBelow(t *testing.T) {
	s := begin(t, "role_sales", "staff_20", "industry_core")
	s.want("e-book", s.on(day0, scoretest.Activity(day0, "form.posted", "form", "ebook")),
		"enroll welcome, enroll evaluation")
	if stage := s.Card(day0).Stage; stage != "iql" {
		t.Errorf("after the e-book she is %s", stage)
	}
	next := day0 + 1
	busy := func(day activity.Day) []*activity.Activity {
		return []*activity.Activity{
			scoretest.Activity(day, "page.viewed", "kind", "pricing"),
			scoretest.Activity(day, "mail.clicked"),
			scoretest.Activity(day, "webinar.signed_up"),
			scoretest.Activity(day, "webinar.attended"),
		}
	}
	s.want("next day", s.on(next, busy(next)...), "handover, stage mql, unenroll welcome")
	last := s.State.Pending[2]
	if r, _ := decision.DecodeReason(last.Reason); r.Total != 59 || r.Grade != "B2" || len(r.Signals) == 0 {
		t.Errorf("the reason is %+v", r)
	}
	s.want("the three weeks after", s.wait(next+25), "")
	s.want("up again too early", s.on(next+26, busy(next+26)...), "")
	s.want("more than two weeks below", s.wait(next+26+45), "")
	again := next + 26 + 46
	s.want("up again", s.on(again, busy(again)...), "handover #2")
}

func TestTheFastLaneTellsEachRequestOnceAtAnyScore(t *testing.T) {
	s := begin(t)
	s.want("call me", s.on(day0, scoretest.Activity(day0, "call.requested")), "fastlane call_me")
	s.want("twice more at once", s.on(day0, scoretest.Activity(day0, "call.requested"), scoretest.Activity(day0, "call.requested")), "fastlane call_me #2")
	r, _ := decision.DecodeReason(s.State.Pending[1].Reason)
	if r.Count != 2 {
		t.Errorf("two requests told together: %+v", r)
	}
	s.want("a demo", s.on(day0+1, scoretest.Activity(day0+1, "form.posted", "form", "demo")), "fastlane demo #3")
	machine := scoretest.Activity(day0+2, "call.requested")
	machine.Flags = activity.Machine
	s.want("a machine", s.on(day0+2, machine), "")
}

func TestARequestThatAlsoMakesHotIsOneAlert(t *testing.T) {
	s := begin(t, "role_sales", "staff_20", "industry_core")
	s.want("a demo", s.on(day0, scoretest.Activity(day0, "form.posted", "form", "demo")), "handover, fastlane demo, stage mql")
	if r, _ := decision.DecodeReason(s.State.Pending[0].Reason); !r.Asked {
		t.Errorf("the hand-over would tell sales a second time: %+v", r)
	}
	other := begin(t, "role_owner", "staff_5")
	other.want("hot by a trial", other.on(day0, scoretest.Activity(day0, "trial.started"), scoretest.Activity(day0, "product.logged_in"), scoretest.Activity(day0, "form.posted", "form", "price")), "handover, stage mql, audience hot_trials, enroll trial")
	if r, _ := decision.DecodeReason(other.State.Pending[0].Reason); r.Asked {
		t.Errorf("nobody asked: %+v", r)
	}
}

func TestTheOwnerOnTrialIsHandedOverAndBecomesAPQL(t *testing.T) {
	s := begin(t, "role_owner", "staff_5")
	s.want("first days", s.on(day0+1, scoretest.Activity(day0, "product.active"), scoretest.Activity(day0+1, "product.active")), "")
	s.want("third day", s.on(day0+2,
		scoretest.Activity(day0+2, "form.posted", "form", "trial"),
		scoretest.Activity(day0+2, "trial.started"),
		scoretest.Activity(day0+2, "product.logged_in"),
		scoretest.Activity(day0+2, "product.active"),
	), "handover, stage pql, audience hot_trials, enroll trial")
	if stage := s.Card(day0 + 2).Stage; stage != "pql" {
		t.Errorf("is %s", stage)
	}
	s.want("cooling down", s.wait(day0+40), "audience hot_trials left #2, enroll evaluation")
}

func TestFitAloneMakesNobodyHot(t *testing.T) {
	s := begin(t, "role_sales", "staff_20", "industry_core", "budget_fits", "decides", "need", "realistic")
	s.want("one article", s.on(day0, scoretest.Activity(day0, "page.viewed", "kind", "article")), "enroll evaluation")
	if stage := s.Card(day0).Stage; stage != "iql" {
		t.Errorf("is %s", stage)
	}
}
