package tool_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/console"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// answer is what the API says of a lead: the page shows these words and adds
// none of its own.
type answer struct {
	Card  score.Card
	Lines []struct {
		Title  string
		Points int
		Kind   score.Kind
		Until  string `json:"untilDay"`
		Given  []flow.Adjusted
	}
	WhyNow     []string
	WouldRaise []struct {
		Title  string
		Points int
	}
	Next *struct {
		Day, To string
		Total   int
	}
	BandTitle, StageTitle, PersonaTitle, FunnelTitle, LeadingTitle string
}

func (h *house) api(t *testing.T, now time.Time, path string, out any) {
	t.Helper()
	books := flow.NewBooks(h.Store)
	site := (&console.Console{Store: h.Store, Playbook: books.InForce, Open: books.Open, Secret: key, Visit: func(*http.Request) console.Visit {
		return console.Visit{Now: now, RequestID: "r", User: "sara", Log: slog.New(slog.DiscardHandler)}
	}}).Handler()
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

var (
	aLine = regexp.MustCompile(`(?m)^ *([+-]\d+)  (.*)$`)
	aWord = func(what string) *regexp.Regexp { return regexp.MustCompile(`(?m)^` + what + `: (.*) ([+-]\d+)$`) }
)

// sameCard holds that `lead show` and the API say the same of a lead, line by
// line, with why, what would raise it and the next crossing.
func sameCard(t *testing.T, text string, a answer) {
	t.Helper()
	lines := aLine.FindAllStringSubmatch(text, -1)
	if len(lines) != len(a.Lines)+1 {
		t.Fatalf("%d lines shown, %d by the API:\n%s\n%+v", len(lines)-1, len(a.Lines), text, a.Lines)
	}
	sum := 0
	for i, l := range a.Lines {
		sum += l.Points
		if lines[i][1] != fmt.Sprintf("%+d", l.Points) || l.Kind != score.KindManual && !strings.Contains(lines[i][2], l.Title) {
			t.Errorf("line %d: %v, by the API %+d %s", i, lines[i], l.Points, l.Title)
		}
		for _, g := range l.Given {
			if !strings.Contains(lines[i][2], g.By) || !strings.Contains(lines[i][2], g.Why) || !strings.Contains(lines[i][2], l.Until) {
				t.Errorf("line %d: %v, by the API %+v until %s", i, lines[i], g, l.Until)
			}
		}
	}
	if last := lines[len(lines)-1]; last[1] != fmt.Sprintf("%+d", a.Card.Total) || sum != a.Card.Total {
		t.Errorf("the lines add up to %d, the total is %d, shown %v", sum, a.Card.Total, last)
	}
	var why []string
	for _, m := range aWord("why now").FindAllStringSubmatch(text, -1) {
		why = append(why, m[1])
	}
	if !slices.Equal(why, a.WhyNow) {
		t.Errorf("why now %q, by the API %q", why, a.WhyNow)
	}
	raise := aWord("would raise it").FindAllStringSubmatch(text, -1)
	if len(raise) != len(a.WouldRaise) {
		t.Fatalf("would raise it %q, by the API %+v", raise, a.WouldRaise)
	}
	for i, r := range a.WouldRaise {
		if raise[i][1] != r.Title || raise[i][2] != fmt.Sprintf("%+d", r.Points) {
			t.Errorf("would raise it %q, by the API %+v", raise[i], r)
		}
	}
	next := ""
	if a.Next != nil {
		next = fmt.Sprintf("by time alone: on %s it becomes %s, with %d\n", a.Next.Day, a.Next.To, a.Next.Total)
	}
	if !strings.Contains(text, next) || next == "" && strings.Contains(text, "by time alone") {
		t.Errorf("next crossing %q is not in\n%s", next, text)
	}
	for _, word := range []string{a.BandTitle, a.StageTitle, "grade " + a.Card.Grade, a.PersonaTitle, a.FunnelTitle, a.LeadingTitle} {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in\n%s", word, text)
		}
	}
}

func TestTheSameCardIsShownByTheToolAndTheAPINowAndOnAPastDay(t *testing.T) {
	for _, seed := range []uint64{3} {
		h, cards := live(t, seed)
		days := 0
		for _, c := range cards[len(cards)-24:] {
			at := c.day.Format(time.DateOnly)
			day, err := tool.Day(at)
			if err != nil {
				t.Fatal(err)
			}
			var a answer
			h.api(t, noon, "/api/leads/"+string(c.id)+"?locale=en&at="+at, &a)
			sameCard(t, h.show(t, tool.Showing{Name: string(c.id), Locale: "en", At: day}), a)
			if days++; t.Failed() {
				t.Fatalf("seed %d, %s on %s", seed, c.id, at)
			}
			var today answer
			h.api(t, noon, "/api/leads/"+string(c.id)+"?locale=en", &today)
			sameCard(t, h.show(t, tool.Showing{Name: string(c.id), Locale: "en"}), today)
		}
		if days < 24 {
			t.Fatalf("only %d cards", days)
		}
	}
}

func TestPointsByHandSayWhoWhyAndUntilWhenEverywhere(t *testing.T) {
	h := newHouse(t)
	given, err := flow.Adjustment("۱۲", "2026-12-05", "در نمایشگاه گفت همین ماه می‌خرد")
	if err != nil {
		t.Fatal(err)
	}
	a := activity.Activity{ID: "adj-1", Type: activity.LeadAdjusted, At: noon, Who: activity.Who{Email: "sara@example.ir"}, Source: "console",
		Properties: append(given, activity.Property{Name: "by", Value: activity.TextValue("reza")})}
	h.take(t, noon, []byte(sara), activity.Encode([]activity.Activity{a}))
	id, err := h.desk.Find(t.Context(), h.book(t), "sara@example.ir")
	if err != nil {
		t.Fatal(err)
	}
	var got answer
	h.api(t, noon, "/api/leads/"+string(id)+"?locale=en", &got)
	text := h.show(t, tool.Showing{Name: "sara@example.ir", Locale: "en"})
	sameCard(t, text, got)
	if want := "  +12  given by people until 2026-12-05 (+12 by reza: در نمایشگاه گفت همین ماه می‌خرد)"; !strings.Contains(text, want) {
		t.Errorf("%s\nlacks %s", text, want)
	}
	var then answer
	h.api(t, noon.AddDate(0, 0, 2), "/api/leads/"+string(id)+"?locale=en&at="+noon.Format(time.DateOnly), &then)
	if len(then.Lines) == 0 || then.Card.Manual != 12 {
		t.Errorf("on the day it was given: %+v", then.Card)
	}
	for _, bad := range [][3]string{{"0", "", "x"}, {"many", "", "x"}, {"1001", "", "x"}, {"5", "tomorrow", "x"}, {"5", "", " "}} {
		if p, err := flow.Adjustment(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%v became %v", bad, p)
		}
	}
}
