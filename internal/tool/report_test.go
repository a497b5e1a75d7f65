package tool

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/experiment"
	"github.com/sarnakh/sarnakh/internal/nurture"
)

func TestTheReportCountsEachStateOnceAndComparesHoldOutsAndArms(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)
	at := func(e nurture.Enrollment) func(*nurture.Recipient) {
		e.Track, e.Round, e.Since = "welcome", 1, now.Unix()
		return func(r *nurture.Recipient) { r.Enrollments = append(r.Enrollments, e) }
	}
	people := []func(*nurture.Recipient){
		at(nurture.Enrollment{Step: "mistakes", Due: now.Add(time.Hour).Unix()}),
		at(nurture.Enrollment{Step: "story", Due: now.Add(48 * time.Hour).Unix(), Held: nurture.Weekend}),
		at(nurture.Enrollment{Step: "story", Held: nurture.SalesTalks}),
		at(nurture.Enrollment{Ended: nurture.Exhausted}),
		at(nurture.Enrollment{Ended: nurture.Because(nurture.Goal, "stage", "mql")}),
		func(r *nurture.Recipient) {
			r.Remember(nurture.Sent{ID: "x", At: now.Unix(), Class: nurture.Marketing, Unknown: true})
		},
		nil,
	}
	for i := range 4000 { // half of the treated reach the goal, a fifth of those held out
		e := nurture.Enrollment{Ended: nurture.Finished}
		if i%2 == 0 {
			e.Out = nurture.HoldoutTrack
		}
		if e.Out == "" && i%4 == 1 || e.Out != "" && i%10 == 0 {
			e.Ended = nurture.Because(nurture.Goal, "stage", "mql")
		}
		people = append(people, at(e))
	}
	s, c := hall(t, now, people...)
	list, err := NurtureReport(t.Context(), s, c, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var w *TrackReport
	for i := range list {
		if list[i].Track == "welcome" {
			w = &list[i]
		}
	}
	if w == nil || w.Entered != 4005 || w.Inside != 3 || w.Exhausted != 1 || w.HeldOut != 2000 || w.Goal != 1+1000+400 {
		t.Fatalf("%+v", w.TrackCount)
	}
	steps, rest := 0, 0
	for _, x := range w.At {
		steps += x.Count
	}
	for _, x := range w.Rest {
		rest += x.Count
	}
	if steps != w.Inside || rest != w.Entered-1 { // all but the one who waits for the hour, and is held by nothing
		t.Errorf("%d stand at steps, %d are inside; %d are held or over, %d entered", steps, w.Inside, rest, w.Entered)
	}
	h := w.Holdout[byGoal]
	if h.First.People != 2000 || h.First.Won != 400 || h.Rest[0].Arm.Won != 1001 || h.Rest[0].Verdict != experiment.Better || h.Winner != "treated" {
		t.Errorf("%+v", h)
	}
	if last := list[len(list)-1]; last.Track != "" || last.Unknown != 1 {
		t.Errorf("the mail of unknown fate, of a track that nobody knows any more: %v", tracksOf(list))
	}
	if w.At[0].Step != "mistakes" || w.At[1].Step != "story" {
		t.Errorf("steps in another order than the track's: %v", w.At)
	}
	var out bytes.Buffer
	for locale, words := range map[string][]string{
		"fa": {"خوش‌آمد: ۴۰۰۵ نفر", "گروه شاهد، رسیدن به هدف", "شاهد: ۴۰۰ از ۲۰۰۰ نفر، ۲۰٫۰٪", "بهتر از نخستین", "نامه با سرنوشت نامعلوم", "روز تعطیل هفته"},
		"en": {"Welcome: 4005 entered, 3 inside", "held out: 400 of 2000, 20.0 %", "better than the first", "mails of unknown fate", "sales is talking"},
	} {
		out.Reset()
		if err := WriteNurtureReport(&out, c, list, locale); err != nil {
			t.Fatal(err)
		}
		for _, x := range words {
			if !strings.Contains(out.String(), x) {
				t.Errorf("%q is missing in:\n%s", x, out.String())
			}
		}
	}
	out.Reset()
	if err := JSONNurtureReport(&out, list); err != nil || !json.Valid(out.Bytes()) {
		t.Errorf("%v: %s", err, out.String())
	}
	if one, err := NurtureReport(t.Context(), s, c, "welcome", nil); err != nil || len(one) != 1 {
		t.Errorf("one track: %d, %v", len(one), err)
	}
	if _, err := NurtureReport(t.Context(), s, c, "nope", nil); err == nil {
		t.Error("a track that nobody knows was reported")
	}
}

func tracksOf(list []TrackReport) (out []string) {
	for _, t := range list {
		out = append(out, t.Track)
	}
	return out
}
