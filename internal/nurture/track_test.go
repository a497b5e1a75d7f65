package nurture

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// walk takes a person through a track, hour by hour, and says what happened.
func walk(t *testing.T, p *Plan, r *Recipient, facts Facts, from time.Time, hours int, happens map[int]func(now time.Time)) string {
	t.Helper()
	var said []string
	for h := range hours {
		now := from.Add(time.Duration(h) * time.Hour)
		if do := happens[h]; do != nil {
			do(now)
		}
		for {
			o := r.Claim(p, facts, now, "a", DefaultTiming)
			for _, k := range o.Tasks {
				said = append(said, fmt.Sprintf("%d task %s", h, k.Step))
			}
			for _, m := range o.Messages {
				said = append(said, fmt.Sprintf("%d %s %s", h, m.Channel, m.Step))
				r.Carried(m.ID, "")
			}
			for _, n := range o.Notes {
				if n.Kind != "held" {
					said = append(said, fmt.Sprintf("%d %s", h, n.Reason))
				}
			}
			if o.Send == nil {
				break
			}
			said = append(said, fmt.Sprintf("%d mail %s", h, o.Send.Mail))
			r.Left(o.Send.ID, "a", now)
		}
	}
	return strings.Join(said, ", ")
}

// free is a plan with one track and nothing that holds mail.
func free(t *testing.T, track Track, change func(*Config)) *Plan {
	t.Helper()
	track.Name = "x"
	c := Config{Zone: "Asia/Tehran", Tracks: []Track{track}}
	if change != nil {
		change(&c)
	}
	p, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func enter(t *testing.T, p *Plan, r *Recipient, at time.Time) *Recipient {
	t.Helper()
	if why := r.Enroll(p, "x", Entering{}, at); why != "" {
		t.Fatal(why)
	}
	return r
}

func TestAWeekdayAndHourAreThoseOfTheLeadsZone(t *testing.T) {
	p := free(t, Track{Steps: []Step{{Name: "a", Mail: "a", WaitDays: 1, At: &At{Weekdays: []time.Weekday{time.Saturday, time.Monday}, Minute: 10 * 60}}}}, nil)
	for zone, want := range map[string]string{"": "Asia/Tehran", "America/New_York": "America/New_York", "no/zone": "Asia/Tehran"} {
		r := reader(t)
		r.Zone = zone
		enter(t, p, r, noon) // Tuesday
		z, err := time.LoadLocation(want)
		if err != nil {
			t.Fatal(err)
		}
		if due := time.Unix(r.Due(), 0); !due.Equal(time.Date(2026, 11, 28, 10, 0, 0, 0, z)) {
			t.Errorf("%q: due %s", zone, due.In(z))
		}
	}
	// A time of day that a clock change skips is the first one after it.
	p = free(t, Track{Steps: []Step{{Name: "a", Mail: "a", At: &At{Minute: 2*60 + 30}}}}, nil)
	berlin, _ := time.LoadLocation("Europe/Berlin")
	r := reader(t)
	r.Zone = "Europe/Berlin"
	enter(t, p, r, time.Date(2027, 3, 27, 12, 0, 0, 0, berlin))
	if due := time.Unix(r.Due(), 0).In(berlin); due.Format("01-02 15:04") != "03-28 03:00" {
		t.Errorf("in the gap: %s", due)
	}
}

func TestAStepWaitsUntilSomethingHappensOrTheTimeIsOver(t *testing.T) {
	track := Track{Steps: []Step{
		{Name: "first", Mail: "first", Class: Asked},
		{Name: "thanks", Mail: "thanks", Class: Asked, Until: &Until{For: Entry{Signal: "click"}, Days: 2, Otherwise: "call"}, Then: End},
		{Name: "call", Task: &Task{}},
	}}
	p := free(t, track, nil)
	click := func(r *Recipient, at time.Duration) func(time.Time) {
		return func(now time.Time) { r.Happened(p, "x", Entry{Signal: "click"}, now.Add(at), now) }
	}
	for _, c := range []struct {
		name    string
		happens func(r *Recipient) map[int]func(time.Time)
		want    string
	}{
		{"clicks", func(r *Recipient) map[int]func(time.Time) { return map[int]func(time.Time){5: click(r, 0)} }, "0 mail first, 5 mail thanks"},
		{"does not", nil, "0 mail first, 48 task call, 48 finished"},
		{"clicked before the wait began", func(r *Recipient) map[int]func(time.Time) {
			return map[int]func(time.Time){5: click(r, -6*time.Hour)}
		}, "0 mail first, 48 task call, 48 finished"},
		{"something else", func(r *Recipient) map[int]func(time.Time) {
			return map[int]func(time.Time){5: func(now time.Time) { r.Happened(p, "x", Entry{Signal: "visit"}, now, now) }}
		}, "0 mail first, 48 task call, 48 finished"},
		{"sales talks and lets go: it still waits", func(r *Recipient) map[int]func(time.Time) {
			return map[int]func(time.Time){5: func(now time.Time) { r.SetTalk("taken", now) }, 9: func(now time.Time) { r.SetTalk("", now) }, 20: click(r, 0)}
		}, "0 mail first, 20 mail thanks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := enter(t, p, reader(t), noon)
			var happens map[int]func(time.Time)
			if c.happens != nil {
				happens = c.happens(r)
			}
			got := walk(t, p, r, Facts{}, noon, 60, happens)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestWhatTheLedgerSawInTimeCountsAlthoughItsEventIsLate(t *testing.T) {
	p := free(t, Track{Steps: []Step{{Name: "w", Mail: "w", Class: Asked, Until: &Until{For: Entry{Signal: "click"}, Days: 2, Otherwise: End}}}}, nil)
	seen := map[time.Time]bool{} // clicks
	facts := Facts{Seen: func(_ string, since time.Time) bool {
		for at := range seen {
			if !at.Before(since.Truncate(24 * time.Hour)) { // to the day, as the ledger answers
				return true
			}
		}
		return false
	}}
	r := enter(t, p, reader(t), noon)
	walk(t, p, r, facts, noon, 1, nil)
	seen[noon.Add(30*time.Hour)] = true
	if got := walk(t, p, r, facts, noon, 60, nil); !strings.HasPrefix(got, "48 mail w") {
		t.Errorf("clicked on the second day: %s", got)
	}
	// Earlier on the day of the entry does not count for what comes after it.
	clear(seen)
	seen[noon.Add(-2*time.Hour)] = true
	r = enter(t, p, reader(t), noon)
	if got := walk(t, p, r, facts, noon, 60, nil); got != "48 finished" {
		t.Errorf("clicked before: %s", got)
	}
	// Who is in an audience already does not have to come in.
	p = free(t, Track{Steps: []Step{{Name: "w", Mail: "w", Class: Asked, Until: &Until{For: Entry{Audience: "warm"}, Days: 2, Otherwise: End}}}}, nil)
	r = enter(t, p, reader(t), noon)
	if got := walk(t, p, r, Facts{InAudience: func(string) bool { return true }}, noon, 2, nil); !strings.HasPrefix(got, "0 mail w") {
		t.Errorf("inside already: %s", got)
	}
}

func TestPeoplePartAtASplitAndEachStaysOnTheirSide(t *testing.T) {
	mail := func(name string) Step { return Step{Name: name, Mail: name, Class: Asked, Then: End} }
	p := free(t, Track{Steps: []Step{
		{Name: "part", Split: []Branch{{Audience: "warm", Goto: "a"}, {Persona: "owner", Goto: "b"}, {Seen: "click", Goto: "c"}, {Attribute: "channel", Is: "sms", Goto: "d"}, {Weight: 30, Goto: "e"}, {Weight: 70, Goto: "f"}}},
		mail("a"), mail("b"), mail("c"), mail("d"), mail("e"), mail("f"),
	}}, nil)
	no := Facts{InAudience: func(string) bool { return false }, Persona: func() string { return "" }, Seen: func(string, time.Time) bool { return false }, Attribute: func(string) string { return "" }}
	with := func(change func(*Facts)) Facts { f := no; change(&f); return f }
	for want, facts := range map[string]Facts{
		"a": with(func(f *Facts) { f.InAudience = func(n string) bool { return n == "warm" } }),
		"b": with(func(f *Facts) { f.Persona = func() string { return "owner" } }),
		"c": with(func(f *Facts) {
			f.Seen = func(n string, since time.Time) bool { return n == "click" && since.Equal(noon) }
		}),
		"d": with(func(f *Facts) { f.Attribute = func(string) string { return "sms" } }),
	} {
		if got := walk(t, p, enter(t, p, reader(t), noon), facts, noon, 1, nil); !strings.HasPrefix(got, "0 mail "+want) {
			t.Errorf("want %s: %s", want, got)
		}
	}
	count := 0
	for i := range 4000 {
		r := reader(t)
		r.ID = fmt.Sprint("lead", i)
		got := walk(t, p, enter(t, p, r, noon), no, noon, 1, nil)
		again := reader(t)
		again.ID = r.ID
		if other := walk(t, p, enter(t, p, again, noon.Add(time.Hour)), no, noon.Add(time.Hour), 1, nil); other != got {
			t.Fatalf("%s went %s, and the second time %s", r.ID, got, other)
		}
		if strings.HasPrefix(got, "0 mail e") {
			count++
		}
	}
	if count < 1080 || count > 1320 { // 1200 ± 4 standard deviations of 29
		t.Errorf("%d of 4000 went where 30 %% should", count)
	}
}

func TestArmsAreRememberedWithTheSend(t *testing.T) {
	p := free(t, Track{Steps: []Step{{Name: "s", Mail: "plain", Class: Asked, Offer: "o", Arms: []Arm{{Name: "a", Weight: 1}, {Name: "b", Weight: 1, Mail: "bold", Offer: "p"}}}}}, nil)
	seen := map[string]int{}
	for i := range 200 {
		r := reader(t)
		r.ID = fmt.Sprint(i)
		enter(t, p, r, noon)
		s := r.Claim(p, Facts{}, noon, "a", DefaultTiming).Send
		seen[s.Arm+" "+s.Mail+" "+p.OfferOf(s)]++
		r.Left(s.ID, "a", noon)
		if r.Sends[0].Arm != s.Arm {
			t.Fatalf("%+v of %+v", r.Sends[0], s)
		}
	}
	if len(seen) != 2 || seen["a plain o"] < 60 || seen["b bold p"] < 60 {
		t.Errorf("%v", seen)
	}
}

func TestAMessageNeedsAMobileAndAConsentOfItsOwnAndKeepsItsOwnCapsAndHours(t *testing.T) {
	sms := func(name string, days int) Step {
		return Step{Name: name, WaitDays: days, Message: &Message{Channel: SMS, Text: Text{Fa: "سلام"}}}
	}
	p := free(t, Track{Steps: []Step{sms("a", 0), {Name: "m", Mail: "m"}, sms("b", 1)}}, func(c *Config) {
		c.Calendar = Calendar{Open: irWeek, From: 9 * 60, Until: 19 * 60}
		c.Channels = []Channel{{Name: SMS, From: 10 * 60, Until: 18 * 60}}
		c.Caps = []Cap{{Count: 1, Days: 14, Channel: SMS}}
	})
	at := time.Date(2026, 11, 24, 5, 30, 0, 0, time.UTC) // nine in Tehran
	r := enter(t, p, reader(t), at)
	if got := walk(t, p, r, Facts{}, at, 30, nil); got != "0 no_mobile, 0 mail m, 24 no_mobile, 24 finished" {
		t.Errorf("no mobile: %s", got)
	}
	r = reader(t)
	r.Mobile = "+989121112233"
	if got := walk(t, p, enter(t, p, r, at), Facts{}, at, 30, nil); got != "0 no_consent:sms, 0 mail m, 24 no_consent:sms, 24 finished" {
		t.Errorf("consent for e-mail is none for SMS: %s", got)
	}
	r = &Recipient{ID: "r", Mobile: "+989121112233"} // a mobile is enough
	r.Grant(SMS, "marketing", at.Add(-time.Hour), "v1", "form")
	got := walk(t, p, enter(t, p, r, at), Facts{}, at, 17*24, nil)
	// Two weeks after Tuesday ten is Tuesday ten.
	if got != fmt.Sprintf("1 sms a, 1 no_email, %d sms b, %d finished", 1+14*24, 1+14*24) {
		t.Errorf("with consent: %s", got)
	}
}

func TestAMessageIsClaimedOnceAndSettledOnce(t *testing.T) {
	p := free(t, Track{Steps: []Step{{Name: "a", Message: &Message{Channel: SMS, Text: Text{Fa: "x"}}}}}, nil)
	r := &Recipient{ID: "r", Mobile: "+989121112233"}
	r.Grant(SMS, "marketing", noon, "v1", "form")
	enter(t, p, r, noon.Add(time.Second))
	o := r.Claim(p, Facts{}, noon.Add(time.Hour), "a", DefaultTiming)
	if len(o.Messages) != 1 || o.Send != nil || r.Message(o.Messages[0].ID) == nil || !r.Message(o.Messages[0].ID).Open {
		t.Fatalf("%+v", o)
	}
	if again := r.Claim(p, Facts{}, noon.Add(2*time.Hour), "b", DefaultTiming); again.Changed {
		t.Fatalf("%+v", again)
	}
	if !r.Carried(o.Messages[0].ID, "") || r.Carried(o.Messages[0].ID, "again") || r.Sends[0].Failed != "" {
		t.Fatalf("%+v", r.Sends)
	}
}

func TestATrackEndsWithItsGoalOrExhaustedOrAfterItsGreatestLength(t *testing.T) {
	track := Track{Goals: []Entry{{Signal: "demo"}}, LongestDays: 10, Steps: []Step{{Name: "a", Mail: "a"}, {Name: "b", Mail: "b", WaitDays: 3}, {Name: "c", Mail: "c", WaitDays: 30}}}
	p := free(t, track, nil)
	r := enter(t, p, reader(t), noon)
	if got := walk(t, p, r, Facts{}, noon, 12*24, nil); got != "0 mail a, 72 mail b, 240 too_long:10" {
		t.Errorf("too long: %s", got)
	}
	r = enter(t, p, reader(t), noon)
	r.SetTalk("deal", noon)
	if got := walk(t, p, r, Facts{}, noon, 12*24, map[int]func(time.Time){250: func(now time.Time) { r.SetTalk("", now) }}); got != "250 too_long:10" {
		t.Errorf("while sales was talking: %s", got)
	}
	track.LongestDays = 0
	track.Steps = track.Steps[:2]
	p = free(t, track, nil)
	r = enter(t, p, reader(t), noon)
	walk(t, p, r, Facts{}, noon, 100, nil)
	if r.Enrollments[0].Ended != Exhausted {
		t.Errorf("%+v", r.Enrollments[0])
	}
	r = enter(t, p, reader(t), noon)
	r.End("x", Because(Goal, "signal", "demo"))
	if got := walk(t, p, r, Facts{}, noon, 100, nil); got != "" || r.Enrollments[0].Ended != "goal:signal:demo" {
		t.Errorf("%s, %+v", got, r.Enrollments[0])
	}
}

func TestACircleWithAWaitGoesRoundAndEachRoundIsAnotherMail(t *testing.T) {
	p := free(t, Track{LongestDays: 20, Steps: []Step{{Name: "a", Mail: "a", Class: Asked, WaitDays: 5, Then: "a"}}}, nil)
	r := enter(t, p, reader(t), noon)
	ids := map[string]bool{}
	for d := range 30 {
		if s := r.Claim(p, Facts{}, noon.AddDate(0, 0, d), "a", DefaultTiming).Send; s != nil {
			ids[s.ID] = true
			if d == 10 {
				r.Release("a", noon.AddDate(0, 0, d+1))
				continue
			}
			r.Left(s.ID, "a", noon)
		}
	}
	if len(ids) != 3 || r.Enrollments[0].Ended == "" {
		t.Errorf("%d mails in 20 days, %+v", len(ids), r.Enrollments)
	}
}

func TestWhoIsInsideWhenThePlaybookChangesFinishesSensibly(t *testing.T) {
	mail := func(name string) Step { return Step{Name: name, Mail: name, Class: Asked, WaitDays: 1} }
	was := free(t, Track{Steps: []Step{mail("a"), mail("b"), mail("c")}}, nil)
	for _, c := range []struct {
		name  string
		steps []Step
		want  string
	}{
		{"the same", []Step{mail("a"), mail("b"), mail("c")}, "mail b, mail c"},
		{"moved", []Step{mail("b"), mail("a"), mail("c")}, "mail b, mail a, mail c"},
		{"gone: what stands in its place", []Step{mail("a"), mail("n"), mail("c")}, "mail n, mail c"},
		{"shorter: finished", []Step{mail("a")}, "finished"},
		{"a wait was put in: it waits", []Step{mail("a"), {Name: "b", Mail: "b", Class: Asked, Until: &Until{For: Entry{Signal: "s"}, Days: 1, Otherwise: "c"}}, mail("c")}, "mail c"},
		{"a split was put in its place", []Step{mail("a"), {Name: "p", Split: []Branch{{Goto: "c"}}}, mail("c")}, "mail c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := enter(t, was, reader(t), noon)
			walk(t, was, r, Facts{}, noon, 25, nil)
			got := walk(t, free(t, Track{Steps: c.steps}, nil), r, Facts{}, noon.Add(25*time.Hour), 24*10, nil)
			var plain []string
			for _, s := range strings.Split(got, ", ") {
				_, s, _ = strings.Cut(s, " ")
				plain = append(plain, s)
			}
			if got := strings.Join(plain, ", "); strings.TrimSuffix(got, ", finished") != c.want && got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestATrackThatCannotWorkIsRefusedInWords(t *testing.T) {
	split := func(to ...string) Step {
		s := Step{Name: "s"}
		for _, name := range to {
			s.Split = append(s.Split, Branch{Seen: "x", Goto: name})
		}
		return s
	}
	for want, steps := range map[string][]Step{
		"there is no step \"b\"":           {{Name: "a", Mail: "m", Then: "b"}},
		"circle without a wait: a → b → a": {{Name: "a", Mail: "m"}, {Name: "b", Mail: "m", Then: "a"}},
		"circle without a wait: s → s":     {split("s", "end")},
		"nobody reaches step b":            {{Name: "a", Mail: "m", Then: End}, {Name: "b", Mail: "m"}},
		"give one of mail":                 {{Name: "a", Mail: "m", Task: &Task{}}},
		"waits for 0s":                     {{Name: "a", Mail: "m", Until: &Until{For: Entry{Signal: "x"}, Otherwise: "a"}}},
		"has the weight 0":                 {{Name: "a", Arms: []Arm{{Name: "x", Mail: "m"}}}},
		"minute 1440":                      {{Name: "a", Mail: "m", At: &At{Minute: 1440}}},
	} {
		_, err := Compile(Config{Tracks: []Track{{Name: "x", Steps: steps}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	if _, err := Compile(Config{Tracks: []Track{{Name: "x", Steps: []Step{{Name: "a", Mail: "m", WaitDays: 1}, {Name: "b", Mail: "m", Then: "a"}}}}}); err != nil {
		t.Errorf("a circle that waits is none: %v", err)
	}
}

func TestAHoldOutBeginsWithEnoughEntriesAndLastsWhateverTheNumbersBecome(t *testing.T) {
	config := func(percent, all int) func(*Config) {
		return func(c *Config) { c.Holdout = &Holdout{Percent: percent, All: all, From: 1000} }
	}
	track := Track{ReentryDays: 1, Steps: []Step{{Name: "asked", Mail: "asked", Class: Asked}, {Name: "m", Mail: "m", WaitHours: 1}, {Name: "t", Task: &Task{}}}}
	p := free(t, track, config(10, 5))
	out := map[string]int{}
	for i := range 5000 {
		r := reader(t)
		r.ID = fmt.Sprint("lead", i)
		if r.Enroll(p, "x", Entering{Entries: 999}, noon); r.Enrollments[0].Out != "" {
			t.Fatal("held out before there are enough")
		}
		r.Enrollments = nil
		r.Enroll(p, "x", Entering{Entries: 1000}, noon)
		e := &r.Enrollments[0]
		out[e.Out]++
		got := walk(t, p, r, Facts{}, noon, 3, nil)
		want := map[string]string{"": "0 mail asked, 1 mail m, 1 task t, 1 finished", "track": "0 mail asked, 1 held_out:track, 1 held_out:track, 1 finished", "all": "0 mail asked, 1 held_out:all, 1 held_out:all, 1 finished"}[e.Out]
		if got != want {
			t.Fatalf("%q: %s", e.Out, got)
		}
		was := e.Out
		r.Enroll(free(t, track, config(1, 0)), "x", Entering{Entries: 9999}, noon.AddDate(0, 0, 2))
		if was != "" && r.Enrollments[0].Out != was {
			t.Fatalf("held out of %q, and later of %q", was, r.Enrollments[0].Out)
		}
	}
	if out["all"] < 190 || out["all"] > 310 || out["track"] < 390 || out["track"] > 560 {
		t.Errorf("of 5000: %v", out)
	}
}

func TestABusyRecipientStaysUnderAKibibyte(t *testing.T) {
	names := []string{"price_list", "welcome", "evaluation", "trial", "after_purchase", "no_budget", "wake_up", "sunset", "renewal"}
	p := plan(t, func(c *Config) {
		c.Caps = append(c.Caps, Cap{Count: 1, Days: 14, Channel: SMS})
		c.Tracks = nil
		for _, n := range names {
			c.Tracks = append(c.Tracks, Track{Name: n, Goals: []Entry{{Signal: "x"}}, ReentryDays: 90, Steps: []Step{
				{Name: "first-step", Mail: n + "-first", WaitDays: 2}, {Name: "text", Message: &Message{Channel: SMS, Text: Text{Fa: "x"}}}, {Name: "second-step", Mail: n + "-second", WaitDays: 4}}})
		}
	})
	r := reader(t)
	r.ID, r.Email, r.Mobile, r.Zone = "abcdefghijklmnop", "maryam.mohammadi@example.ir", "+989121112233", "Asia/Tehran"
	r.Grant(SMS, "marketing", noon, "v1", "form:ebook")
	most := 0
	for day := range 3 * 365 {
		at := noon.AddDate(0, 0, day)
		if day%20 == 0 {
			r.Enroll(p, names[day/20%len(names)], Entering{}, at)
		}
		for {
			o := r.Claim(p, Facts{}, at, "a-request-id-of-36-letters-or-so----", DefaultTiming)
			for _, m := range o.Messages {
				r.Carried(m.ID, "")
			}
			if o.Send == nil {
				break
			}
			r.Left(o.Send.ID, "a-request-id-of-36-letters-or-so----", at)
		}
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(b))
	}
	b, _ := r.Encode()
	t.Logf("after three years %d bytes, at most %d: %d enrollments, %d sends", len(b), most, len(r.Enrollments), len(r.Sends))
	if most > 1024 {
		t.Errorf("%d bytes: %s", most, b)
	}
}
