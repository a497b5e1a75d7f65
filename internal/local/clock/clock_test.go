package clock

import (
	"path/filepath"
	"testing"
	"time"
)

func TestAMoveIsKeptAndWhatHappenedBeforeItKeepsItsTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clock.json")
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	wall := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	c.wall = func() time.Time { return wall }
	if err := c.MoveTo(wall.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	wall = wall.Add(time.Minute)
	if err := c.MoveTo(wall.Add(24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	again.wall = c.wall
	if got := again.Now(); !got.Equal(wall.Add(24 * time.Hour)) {
		t.Errorf("after a restart it is %v", got)
	}
	for _, x := range []struct {
		wall time.Time
		add  time.Duration
	}{{wall.Add(-2 * time.Minute), 0}, {wall.Add(-30 * time.Second), time.Hour}, {wall, 24 * time.Hour}} {
		if got := again.At(x.wall); !got.Equal(x.wall.Add(x.add)) {
			t.Errorf("at %v the clock showed %v, want %v more", x.wall, got, x.add)
		}
	}
}

func TestTimeDoesNotGoBack(t *testing.T) {
	c, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	before := c.Now()
	if err := c.MoveTo(before.Add(-time.Hour)); err != nil || c.Offset() != 0 {
		t.Errorf("offset %v, %v", c.Offset(), err)
	}
}
