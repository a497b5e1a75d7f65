package score_test

import (
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
)

// day0 begins windows of 7, 14 and 30 days of the calendar, so that no cap
// window ends in the middle of a story.
const day0 = activity.Day(20580)

// The five golden leads of the example business.

func TestMaryamIsWarmThenHotAndFallsAfterThreeWeeks(t *testing.T) {
	b := scoretest.Example()
	maryam := b.NewLead(b.Rules(), "role_sales", "staff_20", "industry_core")

	maryam.Do(scoretest.Activity(day0, "form.posted", "form", "ebook"))
	c := maryam.Card(day0)
	check(t, "after the e-book", c, want{total: 35, fit: 24, engagement: 11, band: "warm", grade: "B3", persona: "sales_manager"})
	if c.Handover || c.Funnel != "interest" {
		t.Errorf("hand-over %v, funnel %s", c.Handover, c.Funnel)
	}

	next := day0 + 1
	maryam.Do(
		scoretest.Activity(next, "page.viewed", "kind", "pricing"),
		scoretest.Activity(next, "mail.clicked"),
		scoretest.Activity(next, "webinar.signed_up"),
		scoretest.Activity(next, "webinar.attended"),
	)
	c = maryam.Card(next)
	check(t, "the next day", c, want{total: 59, fit: 24, engagement: 35, band: "hot", grade: "B2", persona: "sales_manager"})
	if !c.Handover || c.Funnel != "decision" || c.Leading != "event" {
		t.Errorf("hand-over %v, funnel %s, leading %s", c.Handover, c.Funnel, c.Leading)
	}
	if c.NextCrossing == nil || c.NextCrossing.To != "warm" {
		t.Errorf("next crossing %+v", c.NextCrossing)
	}

	if c := maryam.Card(next + 21); c.BelowLower() {
		t.Errorf("on the 21st day she has %d", c.Total)
	}
	if c := maryam.Card(next + 22); !c.BelowLower() || c.Total != 39 {
		t.Errorf("on the 22nd day she has %d, want 39", c.Total)
	}
}

func TestTheStudentWhoReadsEverythingIsNeverHot(t *testing.T) {
	b := scoretest.Example()
	student := b.NewLead(b.Rules(), "student")
	read := func(day activity.Day, kind string, times int) {
		for range times {
			student.Do(scoretest.Activity(day, "page.viewed", "kind", kind))
		}
	}
	read(day0, "article", 10)
	read(day0, "product", 10)
	read(day0, "pricing", 10)
	for range 10 {
		student.Do(
			scoretest.Activity(day0, "mail.clicked"),
			scoretest.Activity(day0, "mail.clicked", "kind", "offer"),
			scoretest.Activity(day0, "webinar.signed_up"),
			scoretest.Activity(day0, "webinar.attended"),
			scoretest.Activity(day0, "stand.visited"),
			scoretest.Activity(day0, "form.posted", "form", "ebook"),
		)
	}
	c := student.Card(day0)
	check(t, "having read everything", c, want{total: 42, fit: -30, engagement: 72, band: "warm", grade: "D1", persona: "sales_manager"})
	if c.Handover {
		t.Error("is handed over")
	}
}

func TestTheOwnerOnTrialIsCutAtTheProductLimit(t *testing.T) {
	b := scoretest.Example()
	owner := b.NewLead(b.Rules(), "role_owner", "staff_5")
	owner.Do(
		scoretest.Activity(day0, "product.active"),
		scoretest.Activity(day0+1, "product.active"),
		scoretest.Activity(day0+2, "form.posted", "form", "trial"),
		scoretest.Activity(day0+2, "trial.started"),
		scoretest.Activity(day0+2, "product.logged_in"),
		scoretest.Activity(day0+2, "product.active"),
	)
	c := owner.Card(day0 + 2)
	check(t, "on the third active day", c, want{total: 58, fit: 18, engagement: 40, band: "hot", grade: "B1", persona: "owner"})
	limit := find(c, score.KindGroup, "product")
	if limit == nil || limit.Points != -2 || limit.Limit != 35 {
		t.Errorf("limit of the product: %+v, want -2 of 35", limit)
	}
	if pql, _ := owner.Rules.StageNamed("pql"); !c.CanEnter(pql) {
		t.Error("is no PQL")
	}
}

func TestAPerfectFitWithOneArticleIsNeitherHotNorReady(t *testing.T) {
	b := scoretest.Example()
	lead := b.NewLead(b.Rules(), "role_sales", "staff_20", "industry_core", "budget_fits", "decides", "need", "realistic")
	lead.Do(scoretest.Activity(day0, "page.viewed", "kind", "article"))
	c := lead.Card(day0)
	check(t, "with one article", c, want{total: 41, fit: 40, engagement: 1, band: "warm", grade: "A4", persona: "sales_manager"})
	if mql, _ := lead.Rules.StageNamed("mql"); c.Handover || c.CanEnter(mql) {
		t.Error("fit alone made it ready")
	}
	if limit := find(c, score.KindFitLimit, ""); limit == nil || limit.Points != -10 || limit.Limit != 40 {
		t.Errorf("limit of the fit: %+v, want -10 of 40", limit)
	}
}

func TestACallFromAMobileIsWarm(t *testing.T) {
	b := scoretest.Example()
	caller := b.NewLead(b.Rules())
	caller.Do(scoretest.Activity(day0, "call.requested"))
	check(t, "after the call", caller.Card(day0), want{total: 20, engagement: 20, band: "warm", grade: "D3", persona: "sales_manager"})
}

type want struct {
	total, fit, engagement int
	band, grade, persona   string
}

func check(t *testing.T, when string, c score.Card, w want) {
	t.Helper()
	got := want{c.Total, c.Fit, c.Engagement, c.Band, c.Grade, c.Persona}
	if got != w {
		t.Errorf("%s: %+v, want %+v", when, got, w)
		for _, l := range c.Lines {
			t.Logf("  %+v", l)
		}
	}
	sum(t, c)
}

func sum(t interface{ Errorf(string, ...any) }, c score.Card) {
	lines := 0
	for _, l := range c.Lines {
		lines += l.Points
	}
	if lines != c.Total || c.Fit+c.Engagement+c.Manual != c.Total {
		t.Errorf("the lines add up to %d, the total is %d = %d + %d + %d", lines, c.Total, c.Fit, c.Engagement, c.Manual)
	}
}

func find(c score.Card, kind score.Kind, name string) *score.Line {
	for i := range c.Lines {
		if c.Lines[i].Kind == kind && c.Lines[i].Name == name {
			return &c.Lines[i]
		}
	}
	return nil
}
