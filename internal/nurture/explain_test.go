package nurture

import (
	"testing"
	"time"
)

func TestWhatWillComeOfAStepIsForetoldByTheClaimItself(t *testing.T) {
	p := plan(t, nil)
	later := noon.AddDate(0, 0, 2)
	for _, c := range []struct {
		name, kind, reason string
		change             func(r *Recipient)
	}{
		{"free", "held", Weekend, func(*Recipient) {}}, // two days after a Tuesday is a Thursday
		{"left", "skipped", because(NoConsent, Email), func(r *Recipient) { r.Withdraw("email", "marketing", noon) }},
		{"paused", "held", Paused, func(r *Recipient) { r.Pause(noon.AddDate(0, 0, 30), noon) }},
	} {
		r := reader(t)
		r.Enroll(p, "welcome", Entering{}, noon)
		serve(r, p, noon)
		c.change(r)
		before, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		n, ok := r.Forecast(p, "welcome", noon.Add(time.Hour))
		if !ok || n.Kind != c.kind || n.Reason != c.reason {
			t.Errorf("%s: %+v, %v", c.name, n, ok)
		}
		if after, _ := r.Encode(); string(after) != string(before) {
			t.Errorf("%s: looking changed the recipient", c.name)
		}
		// What was foretold comes.
		o := r.Claim(p, Facts{}, later, "a", DefaultTiming)
		if len(o.Notes) == 0 || o.Notes[0].Kind != n.Kind || o.Notes[0].Reason != n.Reason {
			t.Errorf("%s: foretold %+v, it came to %+v", c.name, n, o.Notes)
		}
	}
	r := reader(t)
	if _, ok := r.Forecast(p, "welcome", noon); ok {
		t.Error("foretold for somebody who is not inside")
	}
}

func TestASendNamesTheTrackAndStepThatItWasFor(t *testing.T) {
	p, b := plan(t, nil), news()
	r := reader(t)
	r.Enroll(p, "welcome", Entering{}, noon)
	r.Enter(p, b, noon)
	serve(r, p.With(b), noon)
	if len(r.Sends) != 2 {
		t.Fatalf("%+v", r.Sends)
	}
	got := map[string]bool{}
	for _, s := range r.Sends {
		track, step := r.SentFor(p, s)
		got[track+"/"+step] = true
	}
	if !got["welcome/book"] || !got["broadcast.yalda/mail"] {
		t.Errorf("%v", got)
	}
	if track, _ := r.SentFor(p, Sent{ID: "other"}); track != "" {
		t.Errorf("an unknown send was for %s", track)
	}
}
