// Package scoretest is the example business written by hand, for tests of the
// score and of what follows from it. The playbook of the repository says the
// same in YAML.
package scoretest

import (
	"fmt"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Business is the scoring of the example business.
type Business struct {
	Config score.Config
	Defs   []signal.Definition
}

// Rules compiles the business. It panics where the example is wrong.
func (b *Business) Rules() *score.Rules {
	r, err := score.Compile(b.Config, b.Defs)
	if err != nil {
		panic(fmt.Sprintf("scoretest: %v", err))
	}
	return r
}

// Number finds a signal by name. It panics where there is none.
func (b *Business) Number(name string) signal.Number {
	for _, d := range b.Defs {
		if d.Name == name {
			return d.Number
		}
	}
	panic("scoretest: there is no signal " + name)
}

func (b *Business) numbers(names ...string) []signal.Number {
	out := make([]signal.Number, len(names))
	for i, n := range names {
		out[i] = b.Number(n)
	}
	return out
}

func (b *Business) define(d signal.Definition) {
	d.Number = signal.Number(len(b.Defs) + 1)
	b.Defs = append(b.Defs, d)
}

// on defines a signal on activities of one type; where is field and values, or
// nothing.
func (b *Business) on(name string, t activity.Type, where ...string) {
	d := signal.Definition{Name: name, Kind: signal.OnActivity, Types: []activity.Type{t}}
	if len(where) > 0 {
		d.Where = &signal.Condition{Op: signal.In, Field: where[0], Values: signal.Texts(where[1:]...)}
	}
	b.define(d)
}

func (b *Business) count(name, of string, c signal.Count) {
	c.Of = b.Number(of)
	b.define(signal.Definition{Name: name, Kind: signal.OnCount, Count: &c})
}

func (b *Business) profile(name, field string, values ...string) {
	c := &signal.Condition{Op: signal.In, Field: field, Values: signal.Texts(values...)}
	b.define(signal.Definition{Name: name, Kind: signal.OnProfile, Where: c})
}

func (b *Business) profileRange(name, field string, low, high float64) {
	c := &signal.Condition{Op: signal.Range, Field: field, Values: []signal.Constant{signal.NumberOf(low), signal.NumberOf(high)}}
	b.define(signal.Definition{Name: name, Kind: signal.OnProfile, Where: c})
}

func (b *Business) points(name, group string, p score.Points) {
	p.Signal, p.Group = b.Number(name), group
	b.Config.Points = append(b.Config.Points, p)
}

// Example is the business of the golden leads: a cloud CRM sold by phone.
func Example() *Business {
	b := &Business{}
	b.defineActivities()
	b.defineProfile()
	b.scoreEngagement()
	b.scoreFit()
	b.lifecycle()
	return b
}

func (b *Business) defineActivities() {
	b.on("article", "page.viewed", "kind", "article")
	b.on("product_page", "page.viewed", "kind", "product")
	b.on("pricing", "page.viewed", "kind", "pricing")
	b.on("jobs", "page.viewed", "kind", "jobs")
	b.count("product_3_in_7", "product_page", signal.Count{AtLeast: 3, Days: 7})
	b.define(signal.Definition{Name: "contact", Kind: signal.OnActivity, Types: []activity.Type{"form.posted"}, Where: &signal.Condition{
		Op: signal.All, Of: []signal.Condition{{Op: signal.Exists, Field: signal.FieldEmail}, {Op: signal.Exists, Field: signal.FieldPhone}}}})
	b.on("ebook", "form.posted", "form", "ebook")
	b.on("ask_price", "form.posted", "form", "price")
	b.on("demo", "form.posted", "form", "demo")
	b.on("click", "mail.clicked")
	b.on("offer_click", "mail.clicked", "kind", "offer")
	b.on("reply", "mail.replied")
	b.on("unsubscribed", "mail.unsubscribed")
	b.on("call_price", "call.price_asked")
	b.on("call_me", "call.requested")
	b.on("answered", "call.answered")
	b.on("missed", "call.missed")
	b.on("refused", "call.refused")
	b.on("share", "social.shared")
	b.on("direct", "social.asked")
	b.on("ad", "ad.clicked")
	b.on("webinar_signup", "webinar.signed_up")
	b.on("webinar_there", "webinar.attended")
	b.on("stand", "stand.visited")
	b.on("trial", "trial.started")
	b.on("login", "product.logged_in")
	b.on("invited", "product.invited")
	b.on("imported", "product.imported")
	b.on("active", "product.active")
	b.count("active_3_of_7", "active", signal.Count{AtLeast: 3, Days: 7, DistinctDays: true})
	b.on("accepted", "lead.accepted")
	b.on("deal", "deal.opened")
	b.on("won", "deal.won")
	b.on("addons", "page.viewed", "kind", "addons")
	b.count("addons_2_in_14", "addons", signal.Count{AtLeast: 2, Days: 14})
	b.count("away", "article", signal.Count{AtLeast: 1, Days: 30, Absent: true})
}

func (b *Business) defineProfile() {
	b.profile("role_sales", "role", "sales_manager")
	b.profile("role_owner", "role", "owner")
	b.profile("role_it", "role", "it_manager")
	b.profile("role_other", "role", "other_manager")
	b.profileRange("staff_1", "staff", 1, 4)
	b.profileRange("staff_5", "staff", 5, 19)
	b.profileRange("staff_20", "staff", 20, 50)
	b.profileRange("staff_51", "staff", 51, 200)
	b.profileRange("staff_201", "staff", 201, 1e6)
	b.profile("industry_core", "industry", "distribution", "services", "training")
	b.profile("industry_no", "industry", "not_served")
	b.profile("far", "area", "outside")
	b.profile("budget_fits", "budget", "fits")
	b.profile("budget_not", "budget", "does_not")
	b.profile("decides", "authority", "decides")
	b.profile("advises", "authority", "advises")
	b.profile("no_authority", "authority", "none")
	b.profile("need", "need", "stated")
	b.profile("no_need", "need", "none")
	b.profile("realistic", "expectation", "realistic")
	b.profile("unrealistic", "expectation", "not")
	b.profile("student", "job", "student", "job_seeker")
}

func (b *Business) scoreEngagement() {
	c := &b.Config
	c.Engagement, c.Fit = score.Limits{Min: -30, Max: 80}, score.Limits{Min: -40, Max: 40}
	for _, g := range []struct {
		name, fa string
		min, max int
	}{
		{"web", "وب", -30, 20}, {"form", "فرم", 0, 40}, {"email", "ایمیل", -30, 15}, {"phone", "تلفن", -12, 25},
		{"social", "شبکه‌ها", 0, 8}, {"ads", "تبلیغات", 0, 4}, {"event", "رویداد", 0, 20}, {"product", "محصول", 0, 35},
	} {
		c.Groups = append(c.Groups, score.Group{Name: g.name, Title: score.Title{Fa: g.fa, En: g.name}, Limits: score.Limits{Min: g.min, Max: g.max}})
	}
	b.points("article", "web", score.Points{Points: 1, PerDay: 3, HalfLife: 7})
	b.points("product_page", "web", score.Points{Points: 2, PerDay: 6, HalfLife: 10})
	b.points("pricing", "web", score.Points{Points: 6, OnceDays: 1, Cap: 12, WindowDays: 7, HalfLife: 10})
	b.points("product_3_in_7", "web", score.Points{Points: 5, Cap: 5, WindowDays: 7, HalfLife: 10})
	b.points("jobs", "web", score.Points{Points: -10, OnceDays: 90, HalfLife: 60})
	b.points("contact", "form", score.Points{Points: 5, Once: true})
	b.points("ebook", "form", score.Points{Points: 6, Cap: 12, WindowDays: 30, HalfLife: 21})
	b.points("ask_price", "form", score.Points{Points: 15, Cap: 15, WindowDays: 14, HalfLife: 14})
	b.points("demo", "form", score.Points{Points: 30, Cap: 30, WindowDays: 30, HalfLife: 21})
	b.points("click", "email", score.Points{Points: 3, Cap: 9, WindowDays: 7, HalfLife: 14})
	b.points("offer_click", "email", score.Points{Points: 8, Cap: 8, WindowDays: 7, HalfLife: 14})
	b.points("reply", "email", score.Points{Points: 12, Cap: 12, WindowDays: 14, HalfLife: 21})
	b.points("unsubscribed", "email", score.Points{Points: -15, Once: true, HalfLife: 180})
	b.points("call_price", "phone", score.Points{Points: 15, Cap: 20, WindowDays: 14, HalfLife: 14})
	b.points("call_me", "phone", score.Points{Points: 20, Cap: 20, WindowDays: 14, HalfLife: 14})
	b.points("answered", "phone", score.Points{Points: 5, Cap: 10, WindowDays: 14, HalfLife: 21})
	b.points("missed", "phone", score.Points{Points: -3, Cap: 9, WindowDays: 14, HalfLife: 14})
	b.points("refused", "phone", score.Points{Points: -12, Once: true, HalfLife: 365})
	b.points("share", "social", score.Points{Points: 3, Cap: 6, WindowDays: 30, HalfLife: 14})
	b.points("direct", "social", score.Points{Points: 8, Cap: 8, WindowDays: 30, HalfLife: 14})
	b.points("ad", "ads", score.Points{Points: 2, Cap: 4, WindowDays: 7, HalfLife: 14})
	b.points("webinar_signup", "event", score.Points{Points: 4, Cap: 20, WindowDays: 30, HalfLife: 21})
	b.points("webinar_there", "event", score.Points{Points: 12, Cap: 20, WindowDays: 30, HalfLife: 21})
	b.points("stand", "event", score.Points{Points: 8, Cap: 20, WindowDays: 30, HalfLife: 21})
	b.points("trial", "product", score.Points{Points: 20, OnceDays: 180, HalfLife: 30})
	b.points("login", "product", score.Points{Points: 5, Once: true, HalfLife: 30})
	b.points("invited", "product", score.Points{Points: 8, Once: true, HalfLife: 30})
	b.points("imported", "product", score.Points{Points: 10, Once: true, HalfLife: 30})
	b.points("active_3_of_7", "product", score.Points{Points: 12, Cap: 12, WindowDays: 14, HalfLife: 14})
}

func (b *Business) scoreFit() {
	type row struct {
		signal             string
		sales, owner, tech int
	}
	personas := []score.Persona{
		{Name: "sales_manager", Title: score.Title{Fa: "مدیر فروش", En: "Sales manager"}},
		{Name: "owner", Title: score.Title{Fa: "صاحب کسب‌وکار", En: "Owner"}},
		{Name: "it_manager", Title: score.Title{Fa: "مدیر فناوری", En: "IT manager"}},
	}
	for _, r := range []row{
		{"role_sales", 8, 3, 3}, {"role_owner", 3, 10, 3}, {"role_it", 3, 3, 5}, {"role_other", 3, 3, 3},
		{"staff_1", -10, -6, -10}, {"staff_5", 4, 8, 0}, {"staff_20", 10, 6, 6}, {"staff_51", 6, 2, 10}, {"staff_201", 0, -4, 4},
		{"industry_core", 6, 6, 3}, {"industry_no", -8, -8, -8}, {"far", -15, -15, -15},
		{"budget_fits", 8, 8, 4}, {"budget_not", -10, -10, -10},
		{"decides", 8, 8, 6}, {"advises", 3, 3, 4}, {"no_authority", -8, -8, -4},
		{"need", 6, 6, 6}, {"no_need", -10, -10, -10}, {"realistic", 4, 4, 4}, {"unrealistic", -6, -6, -6},
		{"student", -30, -30, -30},
	} {
		for i, points := range []int{r.sales, r.owner, r.tech} {
			personas[i].Fit = append(personas[i].Fit, score.Fit{Signal: b.Number(r.signal), Points: points})
		}
	}
	b.Config.Personas = personas
}

func (b *Business) lifecycle() {
	c := &b.Config
	c.Bands = []score.Band{
		{Name: "cold", Title: score.Title{Fa: "سرد", En: "Cold"}},
		{Name: "warm", Title: score.Title{Fa: "ولرم", En: "Warm"}, From: 20},
		{Name: "hot", Title: score.Title{Fa: "داغ", En: "Hot"}, From: 50},
	}
	c.Grades = score.Grades{Fit: [3]int{28, 18, 8}, Engagement: [3]int{40, 25, 10}}
	c.Handover = score.Handover{Total: 50, Fit: 8, Engagement: 15, Lower: 40, Days: 14}
	c.FastLane = b.numbers("demo", "call_me")
	zero := 0
	c.Stages = []score.Stage{
		{Name: "prospect", Title: score.Title{Fa: "مشتری بالقوه"}},
		{Name: "lead", Title: score.Title{Fa: "سرنخ"}, Enter: []score.Need{{Known: true}}, Silent: true},
		{Name: "returned", Title: score.Title{Fa: "برگشت به پرورش"}, Reasons: []string{"not_now", "budget", "*"}},
		{Name: "iql", Title: score.Title{Fa: "سرنخ اطلاعاتی"}, Enter: []score.Need{{Seen: b.numbers("article", "ebook")}}, From: "lead", Silent: true},
		{Name: "mql", Title: score.Title{Fa: "سرنخ بازاریابی"}, Enter: []score.Need{{Handover: true}}, From: "lead"},
		{Name: "pql", Title: score.Title{Fa: "سرنخ محصول"}, Enter: []score.Need{{All: b.numbers("trial", "active_3_of_7"), Fit: &zero}}, From: "lead"},
		{Name: "sql", Title: score.Title{Fa: "سرنخ فروش"}, Enter: []score.Need{{Seen: b.numbers("accepted")}}, From: "lead"},
		{Name: "opportunity", Title: score.Title{Fa: "فرصت فروش"}, Enter: []score.Need{{Seen: b.numbers("deal")}}, From: "lead"},
		{Name: "customer", Title: score.Title{Fa: "مشتری"}, Enter: []score.Need{{Seen: b.numbers("won")}}, From: "lead"},
		{Name: "service_ql", Title: score.Title{Fa: "سرنخ خدمات"}, Enter: []score.Need{{Seen: b.numbers("addons_2_in_14"), Days: 14}}, From: "customer"},
	}
	c.Funnel = []score.Step{
		{Name: "awareness", Title: score.Title{Fa: "آگاهی"}, Part: "top", Signals: b.numbers("article", "ad")},
		{Name: "interest", Title: score.Title{Fa: "علاقه"}, Part: "middle", Signals: b.numbers("ebook", "webinar_signup", "webinar_there", "product_3_in_7")},
		{Name: "decision", Title: score.Title{Fa: "تصمیم"}, Part: "bottom", Signals: b.numbers("pricing", "ask_price", "call_price", "trial")},
		{Name: "action", Title: score.Title{Fa: "اقدام"}, Part: "bottom", Signals: b.numbers("demo", "deal")},
	}
	low := 20
	c.Audiences = []score.Audience{
		{Name: "hot_trials", Title: score.Title{Fa: "آزمایشی‌های داغ"}, Need: score.Need{Seen: b.numbers("trial"), Days: 30, Handover: true}},
		{Name: "cooling", Title: score.Title{Fa: "رو به سردی"}, Need: score.Need{All: b.numbers("away"), Below: &low}},
	}
}
