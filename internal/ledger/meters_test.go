package ledger

import (
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func TestWeightsAreThoseOfTheHalfLife(t *testing.T) {
	for _, h := range []int{1, 2, 7, 10, 21, 365, MaxDecay} {
		for r, w := range weights(h) {
			if exact := fade(Decay{Kind: HalfLife, Days: h}, -r) * 1024; float64(w) < exact-0.501 || float64(w) > exact+0.501 {
				t.Errorf("half-life %d, day %d: %d where %f is exact", h, r, w, exact)
			}
		}
	}
}

func TestPointsAreHalfAfterAHalfLifeToTheLastPoint(t *testing.T) {
	for _, h := range []int{1, 3, 7, 10, 21, 60} {
		m, err := NewMeters([]Meter{{Signal: 1, Points: 64, Decay: Decay{Kind: HalfLife, Days: h}}})
		if err != nil {
			t.Fatal(err)
		}
		for d := activity.Day(20000); d < 20000+activity.Day(9*h); d++ {
			s, err := Replay(anna, m, []Entry{{Key: 1, Day: d, Hits: []signal.Number{1}}})
			if err != nil {
				t.Fatal(err)
			}
			for n, want := 0, 64; want > 0; n, want = n+1, want/2 {
				if got := s.Points(m, d+activity.Day(n*h), nil)[0].Points; got != want {
					t.Fatalf("half-life %d, %d of them after day %d: %d points, want %d", h, n, d, got, want)
				}
				if n == 0 {
					continue
				}
				if got := s.Points(m, d+activity.Day(n*h-1), nil)[0].Points; got < want {
					t.Fatalf("half-life %d, a day before %d of them: %d points", h, n, got)
				}
			}
		}
	}
}

func TestAMeterThatCannotBeIsNamed(t *testing.T) {
	half := Decay{Kind: HalfLife, Days: 7}
	for _, c := range []struct {
		say string
		m   []Meter
	}{
		{"number must be", []Meter{{Signal: 0}}},
		{"there are two", []Meter{{Signal: 1}, {Signal: 1}}},
		{"at most 10000", []Meter{{Signal: 1, Points: -10_001}}},
		{"limit is negative", []Meter{{Signal: 1, PerDay: -1}}},
		{"without a cap", []Meter{{Signal: 1, CapDays: 7}}},
		{"once and a cap", []Meter{{Signal: 1, Once: true, Cap: 5}}},
		{"half-life of 0", []Meter{{Signal: 1, Decay: Decay{Kind: HalfLife}}}},
		{"decay window of 367", []Meter{{Signal: 1, Decay: Decay{Kind: Window, Days: 367}}}},
		{"step of 0 percent", []Meter{{Signal: 1, Decay: Decay{Kind: Steps, Steps: []Step{{3, 5}}}}}},
		{"days ascend", []Meter{{Signal: 1, Decay: Decay{Kind: Steps, Steps: []Step{{3, 5}, {2, 0}}}}}},
		{"kind 9", []Meter{{Signal: 1, Decay: Decay{Kind: 9}}}},
		{"counts signal 9", []Meter{{Signal: 1, Decay: half, Count: &signal.Count{Of: 9, AtLeast: 1, Days: 7}}}},
		{"counts 0 in 7", []Meter{{Signal: 1}, {Signal: 2, Count: &signal.Count{Of: 1, Days: 7}}}},
		{"profile and count", []Meter{{Signal: 2, Profile: true, Count: &signal.Count{Of: 1, AtLeast: 1, Days: 7}}}},
		{"keeps 400", []Meter{{Signal: 1, Keep: 400}}},
		{"without end", []Meter{{Signal: 1, Cap: 3, CapDays: 9999}}},
	} {
		if _, err := NewMeters(c.m); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%+v: error %v, want one that says %q", c.m, err, c.say)
		}
	}
}

func TestCountsLookBackAsFarAsTheyAreKept(t *testing.T) {
	m, err := NewMeters([]Meter{
		{Signal: 1, Keep: 14},
		{Signal: 2, Keep: 5, Count: &signal.Count{Of: 1, AtLeast: 2, Days: 3}},
		{Signal: 3, Points: -4, Count: &signal.Count{Of: 1, AtLeast: 2, Days: 10, Absent: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var log []Entry
	for i, d := range []activity.Day{100, 101, 101, 110, 112, 113} {
		log = append(log, Entry{Key: uint64(i + 1), Day: d, At: int64(d) * 86400, Received: int64(d) * 86400, Hits: []signal.Number{1}})
	}
	s, err := Replay(anna, m, log)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		n        signal.Number
		today    activity.Day
		days     int
		distinct bool
		want     int
	}{
		{1, 113, 13, false, 5}, {1, 113, 13, true, 4}, {1, 113, 1, false, 1}, {1, 120, 8, false, 1},
		{2, 113, 2, false, 2}, {2, 113, 5, false, 2}, {7, 113, 9, false, 0},
	} {
		if got := s.Count(m, c.n, c.today, c.days, c.distinct); got != c.want {
			t.Errorf("count %+v is %d", c, got)
		}
	}
	if n, last := s.Ever(m, 1); n != 6 || last != 113 {
		t.Errorf("signal 1 ever: %d, %d", n, last)
	}
	if n, last := s.Ever(m, 2); n != 3 || last != 113 { // days 101, 112, 113
		t.Errorf("signal 2 ever: %d, %d", n, last)
	}
	for today, want := range map[activity.Day]int{113: 0, 121: 0, 122: -4} {
		points := 0
		for _, line := range s.Points(m, today, nil) {
			if line.Signal == 3 {
				points = line.Points
			}
		}
		if points != want {
			t.Errorf("absence on day %d is worth %d, want %d", today, points, want)
		}
	}
}

func TestPointsDoNotAllocate(t *testing.T) {
	x, m := full(t)
	s := x.state(t)
	lines := s.Points(m, 0, nil)
	if n := testing.AllocsPerRun(100, func() { lines = s.Points(m, s.high+3, lines[:0]) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
