package decision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
)

// with is a story with tracks of its own.
func with(t *testing.T, tracks ...nurture.Track) *story {
	t.Helper()
	b := scoretest.Example()
	lead := b.NewLead(b.Rules())
	plan, err := decision.Compile(lead.Rules, tracks)
	if err != nil {
		t.Fatal(err)
	}
	return &story{lead, t, plan}
}

// dated tells the dates of the profile.
func (s *story) dated(dates map[string]string) {
	s.State.Memory = s.plan.Dates(s.State.Memory, func(name string) (activity.Day, bool) {
		t, err := time.Parse(time.DateOnly, dates[name])
		return activity.DayOf(t, time.UTC), err == nil
	})
}

func TestADateOfTheProfileLetsInOnItsDayEveryYearInEitherCalendar(t *testing.T) {
	for _, yearly := range []string{nurture.Jalali, nurture.Gregorian} {
		for _, date := range []string{"1983-03-20", "1980-02-29", "1970-01-01", "2027-11-24", "1990-12-31"} {
			s := with(t, nurture.Track{Name: "renewal", Entry: []nurture.Entry{{Date: "renews_on", Days: -30, Yearly: yearly}}, ReentryDays: 300})
			s.dated(map[string]string{"renews_on": date})
			s.decide(day0, "")
			born, _ := time.Parse(time.DateOnly, date)
			var got, want []string
			for day := day0 + 1; day < day0+6*365; day++ {
				if s.State.Review == day && strings.HasPrefix(s.decide(day, ""), "enroll") {
					got = append(got, day.String())
				}
				// Said again: thirty days from today is that day of the year.
				then := day.Date().AddDate(0, 0, 30)
				is := then.Month() == born.Month() && then.Day() == born.Day()
				if born.Month() == time.February && born.Day() == 29 && then.Month() == time.March && then.Day() == 1 && then.AddDate(0, 0, -1).Day() == 28 {
					is = true
				}
				if yearly == nurture.Jalali {
					a, b, tomorrow := persian.DateOf(then, time.UTC), persian.DateOf(born, time.UTC), persian.DateOf(then.AddDate(0, 0, 1), time.UTC)
					is = a.Month == b.Month && (a.Day == b.Day || a.Day == b.Day-1 && tomorrow.Day == 1)
				}
				if is {
					want = append(want, day.String())
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") || len(want) < 5 {
				t.Errorf("%s, %s: entered on %v, want %v", date, yearly, got, want)
			}
		}
	}
}

func TestADateThatMovesOrComesLateIsSeen(t *testing.T) {
	s := with(t, nurture.Track{Name: "again", Entry: []nurture.Entry{{Date: "call_on", Days: 2}}, ReentryDays: 1})
	on := func(d activity.Day) map[string]string { return map[string]string{"call_on": d.String()} }
	s.want("no date", s.decide(day0, ""), "")
	s.dated(on(day0 + 10))
	s.want("a date", s.decide(day0, ""), "")
	if s.State.Review != day0+12 {
		t.Errorf("the review is on %s", s.State.Review)
	}
	s.dated(on(day0 + 20))
	s.want("it moved", s.decide(day0+12, ""), "")
	s.want("two days after it", s.wait(day0+40), "enroll again")
	s.dated(on(day0 + 38))
	s.want("a date of the day before yesterday", s.decide(day0+41, ""), "enroll again #2")
	s.dated(on(day0 + 30))
	s.want("one long past", s.decide(day0+50, ""), "")
	s.dated(nil)
	s.want("none any more", s.decide(day0+51, ""), "")
}

func TestAnAudienceLetsInWhenItIsEnteredOrLeft(t *testing.T) {
	s := with(t,
		nurture.Track{Name: "hot", Entry: []nurture.Entry{{Audience: "cooling"}}, ReentryDays: 1},
		nurture.Track{Name: "back", Entry: []nurture.Entry{{Left: "cooling"}}, ReentryDays: 1})
	s.on(day0, scoretest.Activity(day0, "page.viewed", "kind", "article"))
	got := s.wait(day0 + 200)
	if !strings.Contains(got, "audience cooling, enroll hot") || strings.Contains(got, "enroll back") {
		t.Errorf("silent for long: %s", got)
	}
	got = s.on(day0+201, scoretest.Activity(day0+201, "page.viewed", "kind", "article"))
	if !strings.Contains(got, "audience cooling left #2, enroll back") {
		t.Errorf("back: %s", got)
	}
}

func TestAGoalAPurchaseAndAReplyEndTracks(t *testing.T) {
	track := nurture.Track{Name: "x", Entry: []nurture.Entry{{Form: "ebook"}}, Goals: []nurture.Entry{{Signal: "demo"}}, ReentryDays: 1}
	for _, c := range []struct {
		name  string
		kind  nurture.Kind
		reply bool
		what  *activity.Activity
		ends  bool
		goal  bool
	}{
		{"goal", "", false, scoretest.Activity(day0+1, "form.posted", "form", "demo"), true, true},
		{"purchase", nurture.Acquisition, false, scoretest.Activity(day0+1, "deal.won"), true, true},
		{"purchase of a customer", nurture.Customer, false, scoretest.Activity(day0+1, "deal.won"), false, false},
		{"reply", "", true, scoretest.Activity(day0+1, "mail.replied"), true, false},
		{"reply to one that goes on", "", false, scoretest.Activity(day0+1, "mail.replied"), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			track.Kind, track.OnReply = c.kind, c.reply
			s := with(t, track)
			s.on(day0, scoretest.Activity(day0, "form.posted", "form", "ebook"))
			s.on(day0+1, c.what)
			ended := false
			for _, p := range s.State.Pending {
				if p.Kind != decision.Unenroll {
					continue
				}
				ended = true
				if r, err := decision.DecodeReason(p.Reason); err != nil || r.Goal != c.goal {
					t.Errorf("reason %+v, %v", r, err)
				}
			}
			if ended != c.ends {
				t.Errorf("ended: %v", ended)
			}
		})
	}
}

func TestAStepThatWaitsIsToldWhileSomebodyMayStandThere(t *testing.T) {
	s := with(t, nurture.Track{Name: "x", Entry: []nurture.Entry{{Form: "ebook"}}, Steps: []nurture.Step{
		{Name: "a", Mail: "a", Until: &nurture.Until{For: nurture.Entry{Signal: "pricing"}, Days: 5, Otherwise: "a"}},
		{Name: "b", Mail: "b", Until: &nurture.Until{For: nurture.Entry{Audience: "cooling"}, Days: 200, Otherwise: "b"}},
	}})
	price := func(d activity.Day) string {
		var wakes []string
		for _, w := range strings.Split(s.on(d, scoretest.Activity(d, "page.viewed", "kind", "pricing")), ", ") {
			if strings.HasPrefix(w, "wake") {
				wakes = append(wakes, w)
			}
		}
		return strings.Join(wakes, ", ")
	}
	s.want("not inside", price(day0), "")
	s.on(day0, scoretest.Activity(day0, "form.posted", "form", "ebook"), scoretest.Activity(day0, "page.viewed", "kind", "article"))
	s.want("inside", price(day0+1), "wake x")
	s.want("again", price(day0+2), "wake x #2")
	if got := s.wait(day0 + 150); !strings.Contains(got, "audience cooling, wake x #3") {
		t.Errorf("an audience: %s", got)
	}
	s.want("nobody stands there after a year", price(day0+400), "")
}

func TestATrackThatNamesWhatIsNotThereIsRefused(t *testing.T) {
	b := scoretest.Example()
	rules := b.Rules()
	for want, track := range map[string]nurture.Track{
		"there is no audience \"x\"": {Entry: []nurture.Entry{{Audience: "x"}}},
		"a date lets people into":    {Entry: []nurture.Entry{{Form: "f"}}, Ends: []nurture.Entry{{Date: "d"}}},
		"it names 2 triggers":        {Entry: []nurture.Entry{{Form: "f", Date: "d"}}},
		"at most 366 days":           {Entry: []nurture.Entry{{Date: "d", Days: 400}}},
		"goal 1: there is no signal": {Entry: []nurture.Entry{{Form: "f"}}, Goals: []nurture.Entry{{Signal: "x"}}},
		"step a 1: there is no":      {Entry: []nurture.Entry{{Form: "f"}}, Steps: []nurture.Step{{Name: "a", Until: &nurture.Until{For: nurture.Entry{Signal: "x"}}}}},
		"does not happen":            {Entry: []nurture.Entry{{Form: "f"}}, Steps: []nurture.Step{{Name: "a", Until: &nurture.Until{For: nurture.Entry{Signal: "away"}}}}},
	} {
		track.Name = "t"
		if _, err := decision.Compile(rules, []nurture.Track{track}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func TestSalesTalkingIsToldOnceAndEndsWithReturnLossOrPurchase(t *testing.T) {
	for _, end := range []activity.Type{"lead.returned", "deal.lost", "deal.won"} {
		s := with(t)
		told := func(today, d activity.Day, what activity.Type) string {
			a := scoretest.Activity(d, what)
			var out []string
			for _, w := range strings.Split(s.decide(today, "", decision.ArrivedOf(s.Do(a)[0], a)), ", ") {
				if strings.HasPrefix(w, "talk") {
					out = append(out, w)
				}
			}
			return strings.Join(out, ", ")
		}
		talk := func(d activity.Day, what activity.Type) string { return told(d, d, what) }
		s.want("taken", talk(day0, "lead.taken"), "talk taken")
		s.want("accepted", talk(day0+1, "lead.accepted"), "")
		s.want("a deal", talk(day0+2, "deal.opened"), "talk deal #2")
		s.want("an older story", told(day0+2, day0+1, end), "")
		s.want(string(end), talk(day0+3, end), "talk free #3")
		s.want("a customer with a new deal", talk(day0+4, "deal.opened"), "talk deal #4")
		s.want("and that is over", talk(day0+5, end), "talk free #5")
	}
}
