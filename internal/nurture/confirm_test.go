package nurture

import (
	"testing"
	"time"
)

func TestAnAddressIsAskedToConfirmOnceADayAndThreeTimesAMonth(t *testing.T) {
	p, err := Compile(Config{Zone: "UTC", DoubleOptIn: true})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	r := &Recipient{ID: "a", Email: "a@example.ir"}
	if r.AskToConfirm(p, began) {
		t.Fatal("asked without a consent")
	}
	r.Grant("email", "marketing", began, "v1", "form:ebook")
	var asked []int
	left := 0
	for hour := range 24 * 61 {
		now := began.Add(time.Duration(hour) * time.Hour)
		if r.AskToConfirm(p, now) {
			asked = append(asked, hour)
		}
		if o := r.Claim(p, Facts{}, now, "x", DefaultTiming); o.Send != nil {
			if o.Send.Mail != ConfirmMail || o.Send.Class != Asked {
				t.Fatalf("sent %+v", o.Send)
			}
			r.Left(o.Send.ID, "x", now)
			left++
		}
	}
	want := []int{0, 24, 48, 720, 744, 768, 1440}
	if len(asked) != len(want) {
		t.Fatalf("asked in the hours %v, want %v", asked, want)
	}
	for i := range want {
		if asked[i] != want[i] {
			t.Fatalf("asked in the hours %v, want %v", asked, want)
		}
	}
	if left != 7 {
		t.Errorf("%d mails left, want 7", left)
	}
	r.Confirm("email", "marketing", began.Add(90*24*time.Hour))
	if r.AskToConfirm(p, began.Add(100*24*time.Hour)) {
		t.Error("asked though it was confirmed")
	}
	if none, err := Compile(Config{Zone: "UTC"}); err != nil || none.Track(ConfirmTrack) != nil {
		t.Errorf("the track is there where nobody wants it (%v)", err)
	}
}

func TestWhatOutlivesAPersonIsRecalled(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	r := &Recipient{ID: "a", Email: "a@example.ir"}
	r.Grant("email", "marketing", at, "v1", "")
	if got := r.Outliving(); len(got) != 0 {
		t.Errorf("outlives %+v", got)
	}
	r.Withdraw("email", "", at.Add(time.Hour))
	r.Suppress("old@example.ir", "bounce", at)
	next := &Recipient{ID: "b", Email: "a@example.ir"}
	for _, s := range r.Outliving() {
		next.Recall(s.Address, s.Reason, time.Unix(s.At, 0))
	}
	next.Grant("email", "marketing", at, "v1", "")
	if next.Consents("email", "marketing", false) || next.SuppressedFor("old@example.ir") != "bounce" || next.SuppressedFor("a@example.ir") != "" {
		t.Errorf("recalled %+v", next)
	}
	next.Grant("email", "marketing", at.Add(2*time.Hour), "v1", "")
	if !next.Consents("email", "marketing", false) {
		t.Error("who left cannot come back")
	}
}
