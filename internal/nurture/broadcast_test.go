package nurture

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func news() *Broadcast {
	return &Broadcast{ID: "yalda", Title: "Yalda", Mail: "yalda", Topic: "tips", Audience: "warm", At: noon.Unix()}
}

func TestABroadcastIsATrackThatObeysWhatEveryTrackObeys(t *testing.T) {
	p, b := plan(t, nil), news()
	later := noon.Add(8 * time.Hour) // after hours
	for _, c := range []struct {
		name   string
		change func(r *Recipient)
		at     time.Time
		kind   string
		reason string
	}{
		{"free", func(*Recipient) {}, noon, "sent", ""},
		{"no consent", func(r *Recipient) { r.Withdraw("email", "marketing", noon) }, noon, "skipped", because(NoConsent, Email)},
		{"bounced", func(r *Recipient) { r.Suppress(r.Email, "bounce", noon) }, noon, "skipped", because(Suppression, "bounce")},
		{"no address", func(r *Recipient) { r.Email = "" }, noon, "skipped", NoEmail},
		{"topic", func(r *Recipient) { r.Prefer(false, []string{"tips"}) }, noon, "skipped", because(TopicOff, "tips")},
		{"erased", func(r *Recipient) { r.Erase(noon) }, noon, "skipped", "erased"},
		{"sales", func(r *Recipient) { r.SetHold(true, "sql", noon) }, noon, "held", SalesTalks},
		{"paused", func(r *Recipient) { r.Pause(noon.AddDate(0, 0, 30), noon) }, noon, "held", Paused},
		{"gap", func(r *Recipient) { r.Remember(Sent{ID: "x", At: noon.Add(-time.Hour).Unix(), Class: Marketing}) }, noon, "held", because(Gap, 48, "")},
		{"held out", func(r *Recipient) {
			r.Enrollments = []Enrollment{{Track: "welcome", Since: noon.Unix(), Out: HoldoutAll, Ended: Finished}}
		}, noon, "skipped", because(HeldOut, HoldoutAll)},
		{"night", func(*Recipient) {}, later, "held", QuietHours},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reader(t)
			c.change(r)
			before, err := r.Encode()
			if err != nil {
				t.Fatal(err)
			}
			n, err := r.Expect(p, b, c.at)
			if err != nil || n.Kind != c.kind || n.Reason != c.reason {
				t.Fatalf("expected %s, %q: %+v, %v", c.kind, c.reason, n, err)
			}
			if after, _ := r.Encode(); string(after) != string(before) {
				t.Fatalf("counting changed the recipient: %s", after)
			}
			// What is expected is what comes of it.
			if why := r.Enter(p, b, c.at); why != "" {
				if c.kind != "skipped" || why != c.reason {
					t.Fatalf("not entered: %q", why)
				}
				return
			}
			o := r.Claim(p.With(b), Facts{}, c.at, "a", DefaultTiming)
			if (o.Send != nil) != (c.kind == "sent") {
				t.Fatalf("claimed %+v", o)
			}
			if last := r.Enrollments[len(r.Enrollments)-1]; c.kind == "skipped" && last.Ended != c.reason {
				t.Errorf("it ended with %q", last.Ended)
			}
			if why := r.Enter(p, b, c.at.Add(time.Minute)); why == "" {
				t.Error("entered a second time")
			}
		})
	}
}

func TestACancelledBroadcastEndsForEverybodyWhoWaits(t *testing.T) {
	p, b := plan(t, nil), news()
	r := reader(t)
	if why := r.Enter(p, b, noon); why != "" {
		t.Fatal(why)
	}
	if ids := r.BroadcastsDue(noon); len(ids) != 1 || ids[0] != b.ID {
		t.Fatalf("due in %v", ids)
	}
	if !b.Cancel("sara", noon) || b.Cancel("reza", noon.Add(time.Hour)) || b.CancelledBy != "sara" || b.State() != BroadcastCancelled {
		t.Fatalf("the first who cancels counts: %+v", b)
	}
	o := r.Claim(p.With(b), Facts{}, noon, "a", DefaultTiming)
	if o.Send != nil || r.Enrollments[0].Ended != BroadcastOff || r.Due() != 0 {
		t.Fatalf("claimed %+v, enrollment %+v", o.Send, r.Enrollments[0])
	}
}

func TestWhatBroadcastsLeaveOnARecipientIsForgottenAfterAMonth(t *testing.T) {
	p, r := plan(t, nil), reader(t)
	for week := range 60 {
		at := noon.AddDate(0, 0, 7*week)
		b := news()
		b.ID = fmt.Sprint("week-", week)
		if why := r.Enter(p, b, at); why != "" {
			t.Fatal(why)
		}
		if o := r.Claim(p.With(b), Facts{}, at, "a", DefaultTiming); o.Send == nil {
			t.Fatalf("week %d: %+v", week, o.Notes)
		}
		r.Left(r.Hand.ID, "a", at)
	}
	body, err := r.Encode()
	if err != nil || len(r.Enrollments) > 6 || len(body) > 2048 {
		t.Fatalf("after 60 weeks %d enrollments in %d bytes, %v", len(r.Enrollments), len(body), err)
	}
}

func TestAFreezingThatComesAgainEntersNobodyTwiceAsLongAsItsMessagesLive(t *testing.T) {
	p, r := plan(t, nil), reader(t)
	for day := range 15 {
		b := news()
		b.ID = fmt.Sprint("day-", day)
		at := noon.AddDate(0, 0, day)
		r.Enter(p, b, at)
		r.End(b.Track(), Finished)
		first := news()
		first.ID = "day-0"
		if why := r.Enter(p, first, at.Add(time.Hour)); why == "" {
			t.Fatalf("entered once more on day %d", day)
		}
	}
}

func TestExpectationsAreCountedByReason(t *testing.T) {
	var x Expected
	for range 3 {
		x.Add(Note{Kind: "sent"})
	}
	for i := range 4 {
		x.Add(Note{Kind: "held", Reason: "weekend", Until: noon.Add(time.Duration(i) * time.Hour)})
	}
	x.Add(Note{Kind: "skipped", Reason: "no_consent:email"})
	if x.Members != 8 || x.Sent != 3 || len(x.Rest) != 2 || x.Rest[0].Count != 4 || x.Rest[0].Until != noon.Add(3*time.Hour).Unix() || x.Rest[1].Reason != "no_consent:email" {
		t.Fatalf("%+v", x)
	}
}

func TestNoTrackOfAPlaybookIsTakenForABroadcast(t *testing.T) {
	b := news()
	if BroadcastOf(b.Track()) != b.ID || BroadcastOf("broadcast") != "" || BroadcastOf("broadcast-x") != "" || !strings.Contains(b.Track(), ".") {
		t.Fatalf("track %q", b.Track())
	}
}
