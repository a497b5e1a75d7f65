package decision_test

import (
	"testing"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
)

func TestADecisionSaysWhy(t *testing.T) {
	s := begin(t, "role_sales", "staff_20", "industry_core")
	s.on(day0, scoretest.Activity(day0, "form.posted", "form", "ebook"))
	s.on(day0+1, scoretest.Activity(day0+1, "webinar.attended"), scoretest.Activity(day0+1, "webinar.signed_up"),
		scoretest.Activity(day0+1, "page.viewed", "kind", "pricing"), scoretest.Activity(day0+1, "call.requested"))
	s.on(day0+2, scoretest.Activity(day0+2, "lead.returned", "reason", "budget"))
	s.wait(day0 + 62)
	titles := decision.Titles{Signal: func(n decision.Signal) string {
		d, _ := s.Rules.Signals().Definition(n)
		return map[string]string{"call_me": "درخواست تماس", "webinar_there": "حضور در وبینار", "pricing": "صفحه‌ی قیمت"}[d.Name]
	}}
	want := map[string][2]string{ // by kind and name, the first of each
		"enroll welcome":    {"به مسیر «welcome» وارد شد؛ فرم «ebook» را فرستاد", "Entered the track “welcome”; posted the form “ebook”"},
		"enroll evaluation": {"به مسیر «evaluation» وارد شد؛ «ولرم» شد", "Entered the track “evaluation”; became “Warm”"},
		"handover ":         {"آماده‌ی تماس: امتیاز ۷۶ (تناسب ۲۴، رفتار ۵۲، رتبه‌ی \u2068B1\u2069)؛ درخواست تماس، حضور در وبینار، صفحه‌ی قیمت", "Ready for a call: 76 points (fit 24, engagement 52, grade B1); call_me, webinar_there, pricing"},
		"fastlane call_me":  {"خودش خواست: درخواست تماس", "Asked for it: call_me"},
		"stage mql":         {"به مرحله‌ی «سرنخ بازاریابی» رفت؛ با امتیاز ۷۶", "Moved to stage “سرنخ بازاریابی”; with 76 points"},
		"stage returned":    {"به مرحله‌ی «برگشت به پرورش» رفت؛ دلیل: budget", "Moved to stage “برگشت به پرورش”; reason: budget"},
		"enroll after_no":   {"به مسیر «after_no» وارد شد؛ دلیل: budget", "Entered the track “after_no”; reason: budget"},
		"unenroll welcome":  {"از مسیر «welcome» بیرون آمد؛ به مرحله‌ی «سرنخ بازاریابی» رسید", "Left the track “welcome”; reached the stage “سرنخ بازاریابی”"},
		"enroll wake":       {"به مسیر «wake» وارد شد؛ ۶۰ روز خبری نبود", "Entered the track “wake”; nothing heard for 60 days"},
	}
	for _, p := range s.State.Pending {
		key := p.Kind + " " + p.Name
		w, ok := want[key]
		if !ok {
			continue
		}
		delete(want, key)
		if got := s.plan.Sentence(p, "fa", titles); got != w[0] {
			t.Errorf("%s in Persian:\n%s\n%s", key, got, w[0])
		}
		if got := s.plan.Sentence(p, "en", decision.Titles{}); got != w[1] {
			t.Errorf("%s in English:\n%s\n%s", key, got, w[1])
		}
	}
	for key := range want {
		t.Errorf("%s was not decided", key)
	}
}

func TestADealThatIsLostWithoutAReasonIsToldWithoutOne(t *testing.T) {
	s := begin(t)
	p := ledger.Pending{Kind: decision.Stage, Name: "returned", N: 1, Reason: []byte(`{"b":"reason"}`)}
	if got := s.plan.Sentence(p, "fa", decision.Titles{}); got != "به مرحله‌ی «برگشت به پرورش» رفت" {
		t.Error(got)
	}
}

func TestAFormAStepAndSalesTalkingAreSaidInTheReadersLanguage(t *testing.T) {
	s := begin(t, "role_sales")
	titles := decision.Titles{Form: func(name string) string { return "عنوان " + name }, Track: func(name string) string { return "مسیر " + name }}
	for _, c := range []struct{ kind, name, by, want string }{
		{decision.Enroll, "welcome", `{"t":0,"f":0,"e":0,"b":"form","x":"ebook"}`, "به مسیر «مسیر welcome» وارد شد؛ فرم «عنوان ebook» را فرستاد"},
		{decision.Wake, "evaluation", `{}`, "گام بعدی مسیر «مسیر evaluation»"},
		{decision.Talk, "taken", `{}`, "فروش برداشت: تبلیغ می‌ماند"},
	} {
		if got := s.plan.Sentence(ledger.Pending{Kind: c.kind, Name: c.name, N: 1, Reason: []byte(c.by)}, "fa", titles); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.name, got, c.want)
		}
	}
}
