package signal_test

import (
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func TestProfileSignalsHoldForWhatIsKnown(t *testing.T) {
	s := compile(t,
		signal.Definition{Number: 1, Name: "manager", Kind: signal.OnProfile, Where: ptr(leaf(signal.In, "role", "مدیر فروش", "owner"))},
		signal.Definition{Number: 9, Name: "medium", Kind: signal.OnProfile, Where: ptr(leaf(signal.Range, "staff", 20, 50))},
		signal.Definition{Number: 20, Name: "unknown budget", Kind: signal.OnProfile, Where: ptr(branch(signal.None, leaf(signal.Exists, "budget")))},
		signal.Definition{Number: 21, Name: "view", Kind: signal.OnActivity, Types: []activity.Type{"page.viewed"}},
	)
	check := func(p *lead.Profile, want ...signal.Number) {
		t.Helper()
		var bits signal.Bits
		for _, n := range want {
			bits = bits.With(n)
		}
		if got := s.Profile(p); !got.Equal(bits) {
			t.Errorf("hold %v, want %v", got, bits)
		}
	}
	p := &lead.Profile{}
	check(p, 20)
	p.Apply([]activity.Property{text("role", "مدير  فروش"), number("staff", 35)}, day(1), 1)
	check(p, 1, 9, 20)
	p.Apply([]activity.Property{text("budget", "fits"), text("role", "student")}, day(2), 2)
	check(p, 9)
	if got := s.Attributes(); len(got) != 3 {
		t.Errorf("attributes %v", got)
	}
	if got := s.Fields(); len(got) != 0 {
		t.Errorf("fields %v: the profile's are not the activity's", got)
	}
}

func day(n int) time.Time { return time.Date(2026, 11, n, 9, 0, 0, 0, time.UTC) }
