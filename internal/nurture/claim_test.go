package nurture

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func plan(t interface{ Fatal(...any) }, change func(*Config)) *Plan {
	c := Config{
		Zone: "Asia/Tehran", GapHours: 48, Caps: []Cap{{Count: 2, Days: 7}},
		Calendar: Calendar{Open: irWeek, From: 9 * 60, Until: 19 * 60},
		Calls:    Calendar{Open: irWeek, From: 9 * 60, Until: 18 * 60},
		Tracks: []Track{
			{Name: "welcome", Topic: "tips", Steps: []Step{
				{Name: "book", Class: Asked, Mail: "book"},
				{Name: "mistakes", WaitDays: 2, Mail: "mistakes"},
				{Name: "call", WaitDays: 1, Task: &Task{Title: Text{En: "call"}, WithinHours: 2}, NeedsMobile: true, Unless: "click"},
				{Name: "story", WaitDays: 1, Mail: "story"},
			}},
			{Name: "evaluate", Priority: 5, ReentryDays: 30, Steps: []Step{{Name: "prices", Mail: "prices"}, {Name: "faq", WaitHours: 1, Mail: "faq"}}},
		},
	}
	if change != nil {
		change(&c)
	}
	p, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// noon is a Tuesday in the hours.
var noon = time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)

func reader(t *testing.T) *Recipient {
	r := &Recipient{ID: "r1", Email: "maryam@example.ir"}
	r.Grant("email", "marketing", noon.Add(-time.Hour), "v1", "form:ebook")
	return r
}

// serve claims and marks until nothing is due, and gives what left.
func serve(r *Recipient, p *Plan, now time.Time) (mails []string, notes []Note) {
	for {
		o := r.Claim(p, Facts{}, now, "a", DefaultTiming)
		notes = append(notes, o.Notes...)
		if o.Send == nil {
			return mails, notes
		}
		mails = append(mails, o.Send.Mail)
		r.Left(o.Send.ID, "a", now)
	}
}

func TestAskedForMailLeavesAtOnceInTheNightAndWithoutConsent(t *testing.T) {
	p := plan(t, nil)
	night := time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC)
	r := &Recipient{ID: "r1", Email: "a@example.ir"}
	if why := r.Enroll(p, "welcome", Entering{}, night); why != "" {
		t.Fatal(why)
	}
	if got, _ := serve(r, p, night); strings.Join(got, " ") != "book" {
		t.Fatalf("left: %v", got)
	}
}

func TestNoMailGoesToASuppressedAddressAlsoWhenItWasAskedFor(t *testing.T) {
	p, r := plan(t, nil), reader(t)
	r.Suppress(r.Email, "bounce", noon)
	r.Enroll(p, "welcome", Entering{}, noon)
	if got, notes := serve(r, p, noon); len(got) != 0 || len(notes) == 0 || notes[0].Reason != because(Suppression, "bounce") {
		t.Errorf("left: %v, %+v", got, notes)
	}
}

func TestWithoutConsentMarketingStepsAreSkippedWithTheReasonAndTheTrackGoesOn(t *testing.T) {
	p := plan(t, nil)
	r := &Recipient{ID: "r1", Email: "a@example.ir", Mobile: "+989121112233"}
	r.Enroll(p, "welcome", Entering{}, noon)
	serve(r, p, noon)
	mails, notes := serve(r, p, noon.Add(48*time.Hour))
	if len(mails) != 0 || len(notes) != 1 || notes[0].Reason != because(NoConsent, Email) {
		t.Fatalf("mails %v, notes %v", mails, notes)
	}
	o := r.Claim(p, Facts{}, noon.Add(73*time.Hour), "a", DefaultTiming)
	if len(o.Tasks) != 1 || o.Tasks[0].Step != "call" {
		t.Fatalf("the call task stays: %+v", o)
	}
}

func TestAWithdrawalAfterTheGrantStopsMarketingWhateverArrivesFirst(t *testing.T) {
	for _, order := range [][]string{{"grant", "withdraw"}, {"withdraw", "grant"}} {
		r := &Recipient{}
		for _, what := range order {
			if what == "grant" {
				r.Grant("email", "marketing", noon, "v1", "")
			} else {
				r.Withdraw("email", "marketing", noon.Add(time.Second))
			}
		}
		if r.Consents("email", "marketing", false) {
			t.Errorf("%v: consent overrode a later withdrawal", order)
		}
	}
	r := &Recipient{}
	r.Withdraw("email", "", noon)
	r.Grant("email", "marketing", noon.Add(time.Hour), "v2", "")
	if !r.Consents("email", "marketing", false) {
		t.Error("a consent given after the withdrawal counts")
	}
}

func TestAPersonInAClaimGetsNothingElse(t *testing.T) {
	p := plan(t, nil)
	r := reader(t)
	r.Enroll(p, "welcome", Entering{}, noon)
	r.Enroll(p, "evaluate", Entering{}, noon)
	o := r.Claim(p, Facts{}, noon, "one", DefaultTiming)
	if o.Send == nil || o.Send.Mail != "book" {
		t.Fatalf("asked-for mail goes first: %+v", o)
	}
	if again := r.Claim(p, Facts{}, noon.Add(time.Minute), "two", DefaultTiming); again.Send != nil || again.Changed {
		t.Fatalf("a second worker claimed inside the lease: %+v", again)
	}
	if r.Left(o.Send.ID, "two", noon) {
		t.Fatal("the answer of another attempt was taken")
	}
}

func TestMarketingOfUnknownFateIsParkedAndNeverRepeatedButAskedForMailIsSentOnceMore(t *testing.T) {
	p := plan(t, nil)
	r := reader(t)
	r.Enroll(p, "welcome", Entering{}, noon)
	asked := r.Claim(p, Facts{}, noon, "one", DefaultTiming).Send.ID
	late := noon.Add(61 * time.Minute)
	o := r.Claim(p, Facts{}, late, "two", DefaultTiming)
	if o.Send == nil || o.Send.ID != asked || o.Send.Attempt != "two" {
		t.Fatalf("asked-for mail is sent once more under its id: %+v", o)
	}
	o = r.Claim(p, Facts{}, late.Add(2*time.Hour), "three", DefaultTiming)
	if o.Send != nil || r.Hand != nil || !r.Sends[0].Unknown {
		t.Fatalf("and only once: %+v", o)
	}
	if !r.Left(asked, "", late) || r.Sends[0].Unknown {
		t.Fatal("late evidence settles the fate")
	}
	r.Enroll(p, "evaluate", Entering{}, noon)
	if o = r.Claim(p, Facts{}, noon, "m", DefaultTiming); o.Send == nil || o.Send.Class != Marketing {
		t.Fatalf("%+v", o)
	}
	if o = r.Claim(p, Facts{}, noon.Add(2*time.Hour), "n", DefaultTiming); o.Send != nil {
		t.Fatalf("marketing mail of unknown fate was repeated: %+v", o)
	}
}

func TestAskedForMailLeavesTwiceAtMostHoweverOftenTheSecondIsPutOff(t *testing.T) {
	p, r := plan(t, nil), reader(t)
	r.Enroll(p, "welcome", Entering{}, noon)
	copies := 0
	for hour := range 20 {
		now := noon.Add(time.Duration(hour) * 61 * time.Minute)
		o := r.Claim(p, Facts{}, now, fmt.Sprint(hour), DefaultTiming)
		switch {
		case o.Send == nil || o.Send.Class != Asked:
		case hour == 1 || hour == 2: // throttled
			r.Release(o.Send.Attempt, now.Add(time.Minute))
		default:
			copies++ // and no answer comes
		}
	}
	if copies != 2 || r.Hand != nil && r.Hand.Class == Asked || !r.Sends[0].Unknown {
		t.Errorf("%d copies may have left: %+v, %+v", copies, r.Hand, r.Sends)
	}
}

func TestASendOfUnknownFateIsRememberedUntilSomebodySaysWhatBecameOfIt(t *testing.T) {
	p := plan(t, nil)
	r := reader(t)
	for i, class := range []Class{Marketing, Asked} {
		r.remember(Sent{ID: string(class), Mail: "m", At: noon.Unix() + int64(i), Class: class, Unknown: true})
	}
	unknown := func() (n int) {
		for _, s := range r.Sends {
			if s.Unknown {
				n++
			}
		}
		return n
	}
	now := noon
	for month := range 12 {
		now = now.AddDate(0, 1, 0)
		for i := range keepOthers {
			r.remember(Sent{ID: fmt.Sprint(month, i), Mail: "m", At: now.Unix(), Class: Asked})
		}
		r.forget(p, now)
	}
	if unknown() != 2 {
		t.Fatalf("after a year %d of two are known to be unknown: %+v", unknown(), r.Sends)
	}
	r.Left("marketing", "", now)
	r.Never("asked", "as a person found out")
	if r.forget(p, now); unknown() != 0 || len(r.Sends) > keepOthers+keepShown {
		t.Errorf("%d sends are kept: %+v", len(r.Sends), r.Sends)
	}
}

func TestAMailThatWasInDoubtAndThenThrottledIsSentOnceMoreAndNoThirdTime(t *testing.T) {
	p := plan(t, nil)
	r := reader(t)
	r.Enroll(p, "welcome", Entering{}, noon)
	at := noon
	o := r.Claim(p, Facts{}, at, "one", DefaultTiming)
	if o.Send == nil || o.Send.Class != Asked {
		t.Fatalf("%+v", o)
	}
	sent := 1 // and nothing is heard of it
	for i := range 40 {
		at = at.Add(20 * time.Minute)
		attempt := fmt.Sprint("again ", i)
		if o = r.Claim(p, Facts{}, at, attempt, DefaultTiming); o.Send == nil || o.Send.Class != Asked {
			continue
		}
		if i < 15 {
			if !r.Release(attempt, at.Add(time.Minute)) || r.Hand == nil {
				t.Fatal("the doubt is forgotten")
			}
			continue
		}
		sent++
	}
	if sent != 2 || r.Hand != nil {
		t.Errorf("%d copies may have left, in hand is %+v", sent, r.Hand)
	}
}

func TestAThrottledSendGoesBackToItsPlace(t *testing.T) {
	p := plan(t, nil)
	r := reader(t)
	r.Enroll(p, "evaluate", Entering{}, noon)
	before := r.Enrollments[0]
	o := r.Claim(p, Facts{}, noon, "one", DefaultTiming)
	id := o.Send.ID
	if !r.Release("one", noon.Add(time.Minute)) {
		t.Fatal("not released")
	}
	after := r.Enrollments[0]
	if after.Step != before.Step || r.Due() != noon.Add(time.Minute).Unix() {
		t.Fatalf("%+v, was %+v", after, before)
	}
	if o = r.Claim(p, Facts{}, noon.Add(time.Minute), "two", DefaultTiming); o.Send == nil || o.Send.ID != id {
		t.Fatalf("the same mail is claimed again: %+v", o)
	}
}

func TestWhileSalesIsTalkingMarketingWaitsAndWakesAfterwards(t *testing.T) {
	p := plan(t, nil)
	r := reader(t)
	r.Enroll(p, "evaluate", Entering{}, noon)
	r.SetHold(true, "sql", noon)
	if mails, notes := serve(r, p, noon); len(mails) != 0 || len(notes) != 1 || r.Due() != 0 {
		t.Fatalf("mails %v notes %v due %d", mails, notes, r.Due())
	}
	r.SetHold(false, "lead", noon.Add(time.Hour))
	if mails, _ := serve(r, p, noon.Add(time.Hour)); len(mails) != 1 {
		t.Fatalf("mails %v", mails)
	}
}

func TestHeldMailSaysTheRuleAndTheTime(t *testing.T) {
	p := plan(t, nil)
	r := reader(t)
	r.Enroll(p, "evaluate", Entering{}, noon)
	serve(r, p, noon)
	_, notes := serve(r, p, noon.Add(time.Hour))
	// 48 h after Tuesday noon is Thursday: closed until Saturday nine.
	want := time.Date(2026, 11, 28, 5, 30, 0, 0, time.UTC)
	if len(notes) != 1 || notes[0].Reason != because(Gap, 48, "") || !notes[0].Until.Equal(want) {
		t.Fatalf("notes %+v, want until %s", notes, want)
	}
}

func TestNobodyEverGetsMoreThanTheCapsOrOutsideTheCalendar(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := plan(rt, func(c *Config) {
			for i := range 4 {
				c.Tracks = append(c.Tracks, Track{Name: string(rune('a' + i)), ReentryDays: 1, Steps: []Step{{Name: "x", Mail: "x"}, {Name: "y", Mail: "y", WaitHours: 5}}})
			}
		})
		r := &Recipient{ID: "r", Email: "a@example.ir"}
		r.Grant("email", "marketing", noon, "v1", "")
		var left []time.Time
		now := noon
		for range rapid.IntRange(10, 120).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 2000).Draw(rt, "minutes")) * time.Minute)
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				r.Enroll(p, rapid.SampledFrom([]string{"a", "b", "c", "d", "evaluate"}).Draw(rt, "track"), Entering{}, now)
			case 1:
				r.Pause(now.Add(time.Hour), now)
			default:
				o := r.Claim(p, Facts{}, now, "a", DefaultTiming)
				if o.Send == nil {
					continue
				}
				left = append(left, now)
				if !open(p.Calendar, now, p.zone) {
					rt.Fatalf("a mail left at %s", now.In(p.zone))
				}
				switch rapid.IntRange(0, 2).Draw(rt, "fate") {
				case 0:
					r.Left(o.Send.ID, "a", now)
				case 1:
					r.Release("a", now.Add(time.Minute))
					left = left[:len(left)-1]
				}
			}
		}
		for i := range left {
			if i > 0 && left[i].Sub(left[i-1]) < 48*time.Hour {
				rt.Fatalf("two mails %s apart", left[i].Sub(left[i-1]))
			}
			if i > 1 && left[i].Sub(left[i-2]) < 7*24*time.Hour {
				rt.Fatalf("three mails in %s", left[i].Sub(left[i-2]))
			}
		}
		b, err := r.Encode()
		if err != nil {
			rt.Fatal(err)
		}
		if back, err := Decode("r", b); err != nil || back.Due() != r.Due() {
			rt.Fatalf("encode and decode: %v", err)
		}
	})
}

func TestABusyRecipientFitsTheItem(t *testing.T) {
	p := plan(t, nil)
	r := reader(t)
	r.Mobile = "+989121112233"
	for _, name := range []string{"welcome", "evaluate"} {
		r.Enroll(p, name, Entering{}, noon)
	}
	for i := range 6 {
		at := noon.Add(time.Duration(i) * 100 * time.Hour)
		r.remember(Sent{ID: sendID("r1", &r.Enrollments[0], i), Mail: "a-mail-name", At: at.Unix(), Class: Marketing})
	}
	b, _ := r.Encode()
	if len(b) > 900 {
		t.Fatalf("%d bytes: %s", len(b), b)
	}
}

func TestAShortMessageWhoseTriesEndedCountsAsOneThatMayHaveLeft(t *testing.T) {
	for _, why := range []string{TooLate, Withdrawn, NoMobile, TrackGone} { // an earlier try may have been taken
		s := Sent{Class: Marketing, Channel: SMS, Failed: why}
		if !s.counts("") || !s.counts(SMS) || s.counts(Email) {
			t.Errorf("%s: a second one could leave within the cap", why)
		}
	}
	for _, s := range []Sent{{Class: Marketing, Channel: SMS, Failed: NoReceiver}, {Class: Marketing, Failed: Withdrawn}} {
		if s.counts("") {
			t.Errorf("%+v never left, and counts", s)
		}
	}
}
