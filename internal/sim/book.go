package sim

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func where(op signal.Op, field string, values ...string) *signal.Condition {
	return &signal.Condition{Op: op, Field: field, Values: signal.Texts(values...)}
}

func onPage(n signal.Number, name, prefix string) signal.Definition {
	return signal.Definition{Number: n, Name: name, Kind: signal.OnActivity, Types: []activity.Type{activity.PageViewed}, Where: where(signal.Prefix, "path", prefix)}
}

func onForm(n signal.Number, name string) signal.Definition {
	return signal.Definition{Number: n, Name: name, Kind: signal.OnActivity, Types: []activity.Type{activity.FormPosted}, Where: where(signal.Eq, "form", name)}
}

func on(n signal.Number, name string, types ...activity.Type) signal.Definition {
	return signal.Definition{Number: n, Name: name, Kind: signal.OnActivity, Types: types}
}

// Book is a business in which every kind of rule stands: points that fade in
// each way, every cap, counts and absence, groups and limits, a lifecycle with
// returns, audiences, tracks that are asked for and that are not, a calendar.
func Book() *playbook.Playbook {
	irWeek := []time.Weekday{time.Saturday, time.Sunday, time.Monday, time.Tuesday, time.Wednesday}
	warm := 20
	return &playbook.Playbook{
		Format: playbook.Format, Name: "simulated", Zone: "Asia/Tehran",
		Business: playbook.Business{Name: nurture.Text{En: "Simulated"}, Region: "IR", Locales: []string{"en"}},
		Fields:   append([]string{"path", "form", "kind", "profile.role", "profile.company", "profile.first_name"}, others("form")...),
		Signals: []signal.Definition{
			onPage(1, "pricing", "/pricing"), onForm(2, "ebook"), onForm(3, "demo"),
			{Number: 4, Name: "role", Kind: signal.OnProfile, Where: where(signal.Eq, "role", "sales_manager")},
			onPage(5, "article", "/blog"), onPage(6, "product", "/product"),
			{Number: 7, Name: "product_3_in_7", Kind: signal.OnCount, Count: &signal.Count{Of: 6, AtLeast: 3, Days: 7}},
			on(8, "clicked", activity.MailClicked), on(9, "left", activity.MailUnsubscribed), on(10, "answered", activity.CallAnswered),
			on(11, "missed", activity.CallMissed), onForm(12, "trial"), on(13, "active", activity.ProductActive),
			{Number: 14, Name: "active_3_of_7", Kind: signal.OnCount, Count: &signal.Count{Of: 13, AtLeast: 3, Days: 7, DistinctDays: true}},
			{Number: 15, Name: "no_product_for_10", Kind: signal.OnCount, Count: &signal.Count{Of: 6, AtLeast: 1, Days: 10, Absent: true}},
			onPage(16, "jobs", "/jobs"), on(17, "accepted", activity.LeadAccepted), on(18, "won", activity.DealWon), onForm(19, "price"),
			onPage(21, "demo_page", "/demo"),
			{Number: 22, Name: "home", Kind: signal.OnActivity, Types: []activity.Type{activity.PageViewed}, Where: where(signal.Eq, "path", "/")},
			{Number: 20, Name: "student", Kind: signal.OnProfile, Where: where(signal.Eq, "role", "student")},
		},
		Score: score.Config{
			Points: []score.Points{
				{Signal: 1, Points: 10, PerDay: 10, HalfLife: 10, Group: "web"},
				{Signal: 2, Points: 15, Cap: 15, WindowDays: 30, HalfLife: 21, Group: "form"},
				{Signal: 3, Points: 30, Cap: 30, WindowDays: 30, HalfLife: 21, Group: "form"},
				{Signal: 5, Points: 1, PerDay: 3, LastDays: 20, Group: "web"},
				{Signal: 6, Points: 2, PerDay: 6, HalfLife: 7, Group: "web"},
				{Signal: 7, Points: 5, Cap: 5, WindowDays: 7, HalfLife: 10, Group: "web"},
				{Signal: 8, Points: 3, Cap: 9, WindowDays: 7, HalfLife: 14},
				{Signal: 9, Points: -15, Once: true, HalfLife: 60},
				{Signal: 10, Points: 5, Cap: 10, WindowDays: 14, Steps: []score.DecayStep{{Day: 7, Percent: 50}, {Day: 21, Percent: 0}}},
				{Signal: 11, Points: -3, Cap: 9, WindowDays: 14},
				{Signal: 12, Points: 20, OnceDays: 60, HalfLife: 30, Group: "form"},
				{Signal: 14, Points: 12, Cap: 12, WindowDays: 14, HalfLife: 14},
				{Signal: 16, Points: -10, OnceDays: 90, HalfLife: 60, Group: "web"},
				{Signal: 21, Points: 3, HalfLife: 5},
				{Signal: 22, Points: 1},
				{Signal: 19, Points: 15, Cap: 15, WindowDays: 14, HalfLife: 14, Group: "form"},
			},
			Groups: []score.Group{{Name: "web", Limits: score.Limits{Min: -10, Max: 24}}, {Name: "form", Limits: score.Limits{Max: 45}}},
			Personas: []score.Persona{
				{Name: "sales", Fit: []score.Fit{{Signal: 4, Points: 24}, {Signal: 20, Points: -20}}},
				{Name: "owner", Fit: []score.Fit{{Signal: 4, Points: 4}}},
			},
			Engagement: score.Limits{Min: -30, Max: 80}, Fit: score.Limits{Min: -40, Max: 40},
			Bands:    []score.Band{{Name: "cold"}, {Name: "warm", From: 20}, {Name: "hot", From: 50}},
			Grades:   score.Grades{Fit: [3]int{28, 18, 8}, Engagement: [3]int{40, 25, 10}},
			Handover: score.Handover{Total: 50, Fit: 8, Engagement: 15, Lower: 40, Days: 5},
			Stages: []score.Stage{
				{Name: "visitor", Number: 1, Silent: true}, {Name: "lead", Number: 2, Enter: []score.Need{{Known: true}}, Reasons: []string{"*"}},
				{Name: "mql", Number: 3, Enter: []score.Need{{Handover: true}, {Seen: []signal.Number{3}}}},
				{Name: "sql", Number: 4, From: "mql", Enter: []score.Need{{Seen: []signal.Number{17}}}},
				{Name: "customer", Number: 5, Enter: []score.Need{{Seen: []signal.Number{18}}}},
				{Name: "lost", Number: 6, Reasons: []string{"competitor"}},
			},
			FastLane:  []signal.Number{3},
			Audiences: []score.Audience{{Number: 1, Name: "warm_and_quiet", Need: score.Need{Total: &warm, Seen: []signal.Number{15}}}},
		},
		Nurture: nurture.Config{
			Zone: "Asia/Tehran", GapHours: 48, Caps: []nurture.Cap{{Count: 2, Days: 7}, {Count: 1, Days: 9, Channel: nurture.SMS}}, HoldStages: []string{"sql"},
			Channels: []nurture.Channel{{Name: nurture.SMS, From: 10 * 60, Until: 18 * 60}}, Holdout: &nurture.Holdout{Percent: 10, All: 5, From: 4},
			Calendar: nurture.Calendar{Open: irWeek, From: 9 * 60, Until: 19 * 60, Closed: []nurture.Closed{{From: "2026-03-20", Until: "2026-04-02"}, {From: "2026-12-01"}}},
			Calls:    nurture.Calendar{Open: irWeek, From: 9 * 60, Until: 18 * 60},
			Tracks: []nurture.Track{
				{Name: "price_list", Priority: 90, Entry: []nurture.Entry{{Form: "price"}}, ReentryDays: 1, Steps: []nurture.Step{{Name: "list", Class: nurture.Asked, Mail: "list"}}},
				{Name: "welcome", Priority: 50, Entry: []nurture.Entry{{Form: "ebook"}}, Ends: []nurture.Entry{{Stage: "mql"}}, ReentryDays: 20, Steps: []nurture.Step{
					{Name: "book", Class: nurture.Asked, Mail: "book"}, {Name: "tips", WaitDays: 1, Mail: "tips"}, {Name: "story", WaitDays: 2, Mail: "story"}}},
				{Name: "evaluation", Priority: 60, Entry: []nurture.Entry{{Signal: "pricing"}}, Ends: []nurture.Entry{{Signal: "demo"}}, ReentryDays: 15, Steps: []nurture.Step{
					{Name: "prices", WaitHours: 5, Mail: "prices"}, {Name: "faq", WaitDays: 1, Mail: "faq"},
					{Name: "call", WaitDays: 1, Task: &nurture.Task{Title: nurture.Text{En: "call"}, WithinHours: 9}, NeedsMobile: true, Unless: "clicked"},
					{Name: "more", WaitDays: 1, Only: "clicked", Mail: "story"}}},
				{Name: "no_budget", Priority: 20, Entry: []nurture.Entry{{Lost: "no_budget"}}, ReentryDays: 30, Steps: []nurture.Step{{Name: "small", WaitDays: 3, Mail: "tips"}}},
				{Name: "texts", Priority: 70, Kind: nurture.Acquisition, OnReply: true, LongestDays: 15, Entry: []nurture.Entry{{Form: "trial"}, {Audience: "warm_and_quiet"}, {Date: "renews_on", Days: -2, Yearly: nurture.Jalali}},
					Goals: []nurture.Entry{{Signal: "active_3_of_7"}}, ReentryDays: 10, Steps: []nurture.Step{
						{Name: "hello", Message: short("hello {{ lead.first_name | default: 'you' }}")},
						{Name: "part", Split: []nurture.Branch{{Seen: "clicked", Goto: "more"}, {Persona: "owner", Goto: "wait"}, {Attribute: "role", Is: "student", Goto: nurture.End}, {Weight: 1, Goto: "wait"}, {Weight: 2, Goto: "again"}}},
						{Name: "wait", Until: &nurture.Until{For: nurture.Entry{Signal: "pricing"}, Days: 2, Otherwise: "again"}, Mail: "prices", Arms: []nurture.Arm{{Name: "a", Weight: 1}, {Name: "b", Weight: 1, Mail: "faq"}}, Then: "more"},
						{Name: "again", At: &nurture.At{Weekdays: []time.Weekday{time.Saturday, time.Monday}, Minute: 11 * 60}, Message: short("again"), Then: "part2"},
						{Name: "more", WaitHours: 2, Class: nurture.Asked, Message: short("more")},
						{Name: "part2", WaitDays: 1, Split: []nurture.Branch{{Audience: "warm_and_quiet", Goto: "again"}, {Goto: "last"}}},
						{Name: "last", Until: &nurture.Until{For: nurture.Entry{Audience: "warm_and_quiet"}, Days: 3, Otherwise: "last"}, Mail: "tips"}}},
				{Name: "wake_up", Priority: 10, Entry: []nurture.Entry{{Silent: 12}}, ReentryDays: 20, Steps: []nurture.Step{{Name: "useful", Mail: "tips"}, {Name: "last", WaitDays: 3, Mail: "faq"}}},
			},
		},
		Mails:      letters("list", "book", "tips", "story", "prices", "faq"),
		Exclusions: []playbook.Exclusion{{Kind: playbook.Staff, Domains: []string{"own.test"}}},
		Fakes:      playbook.Fakes{Domains: []string{"trash.test"}},
		Sales:      playbook.Sales{Contacts: []playbook.Contact{{Name: "sara", Email: "sara@business.test"}}, FastMinutes: 15, HandoverHours: 2, Alerts: playbook.Alerts{AtOnce: 1, Minutes: 11 * 60}, Digest: &playbook.Digest{At: 8*60 + 30}},
	}
}

func others(has ...string) []string {
	return slices.DeleteFunc(decision.Fields(), func(f string) bool { return slices.Contains(has, f) })
}

func short(text string) *nurture.Message {
	return &nurture.Message{Channel: nurture.SMS, Text: nurture.Text{En: text}}
}

func letters(names ...string) []mail.Template {
	var out []mail.Template
	for _, n := range names {
		out = append(out, mail.Template{
			Name: n, Locale: "en", Subject: n + " for {{ lead.first_name | default: 'you' }}", HTML: `<a href="{{ l0 }}">more</a> <a href="{{ l1 }}">leave</a>`,
			Text: "{{ l0 }}\n{{ l1 }}\n", Links: []mail.Link{{Target: "https://business.test/" + n}, {Target: "unsubscribe"}},
		})
	}
	return out
}

// Changed is the next playbook: other points, caps and thresholds, a signal
// gone, others new, one of them a count, and their pages in the log already.
func Changed(was *playbook.Playbook, n int) *playbook.Playbook {
	var p playbook.Playbook
	doc, err := json.Marshal(was)
	if err == nil {
		err = json.Unmarshal(doc, &p)
	}
	if err != nil {
		panic(err) // unreachable: it was made here
	}
	p.Name = was.Name + " again"
	next := signal.Number(30 + 10*n)
	p.Signals = slices.DeleteFunc(p.Signals, func(d signal.Definition) bool { return d.Name == "article" })
	p.Score.Points = slices.DeleteFunc(p.Score.Points, func(x score.Points) bool { return x.Signal == 5 })
	p.Signals = append(p.Signals, onPage(next, "addons", []string{"/addons", "/product/b"}[n-1]),
		signal.Definition{Number: next + 1, Name: "addons_twice", Kind: signal.OnCount, Count: &signal.Count{Of: next, AtLeast: 2, Days: 14}},
		signal.Definition{Number: next + 2, Name: "owner", Kind: signal.OnProfile, Where: [](*signal.Condition){where(signal.Eq, "role", "owner"), where(signal.Prefix, "company", "company")}[n-1]})
	for i := range p.Signals {
		if d := &p.Signals[i]; d.Number >= next {
			d.Name += string(rune('a' + n))
		}
	}
	p.Score.Points = append(p.Score.Points, score.Points{Signal: next, Points: 4, HalfLife: 9, Group: "web"}, score.Points{Signal: next + 1, Points: 6, Cap: 6, WindowDays: 14})
	p.Score.Personas[1].Fit = append(p.Score.Personas[1].Fit, score.Fit{Signal: next + 2, Points: 20})
	for i := range p.Score.Points {
		switch x := &p.Score.Points[i]; x.Signal {
		case 1:
			x.Points -= 2
			x.PerDay -= 2
		case 6:
			x.HalfLife = 12
		case 11:
			x.Cap = 6
		}
	}
	p.Score.Handover.Total -= 5
	p.Score.Handover.Lower -= 5
	p.Score.Bands[2].From -= 5
	return &p
}
