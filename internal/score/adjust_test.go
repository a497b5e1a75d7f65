package score_test

import (
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
)

func TestPointsByHandAreLinesWithTheirEndsAndAReviewSeesThem(t *testing.T) {
	b := scoretest.Example()
	l := b.NewLead(b.Rules())
	l.Adjust(day0, 30, day0+9)
	l.Adjust(day0, 5, 0)
	l.Adjust(day0, -7, day0+20)
	l.Adjust(day0, 1, day0+20)
	far := day0 + 40*366
	l.Adjust(day0, 18, far)
	c := l.Card(day0)
	sum(t, c)
	type by struct {
		points int
		until  activity.Day
	}
	var got []by
	for _, line := range c.Lines {
		if line.Kind == score.KindManual {
			got = append(got, by{line.Points, line.Until})
		}
	}
	want := []by{{5, 0}, {30, day0 + 9}, {-6, day0 + 20}, {18, far}}
	if len(got) != len(want) {
		t.Fatalf("lines %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: %v, want %v", i, got[i], want[i])
		}
	}
	if c.Manual != 47 || c.ReviewDay != day0+10 || c.NextCrossing == nil || c.NextCrossing.Day != day0+10+11 && c.NextCrossing.To != "cold" {
		t.Errorf("by hand %d, review %s, next %+v", c.Manual, c.ReviewDay, c.NextCrossing)
	}
	if c := l.Card(day0 + 10); c.Manual != 17 || c.ReviewDay != day0+21 {
		t.Errorf("the day after the first end: %d, review %s", c.Manual, c.ReviewDay)
	}
	if c := l.Card(day0 + 21); c.Manual != 23 || c.ReviewDay != far+1 {
		t.Errorf("after the second: %d, review %s, want %s", c.Manual, c.ReviewDay, far+1)
	}
}
