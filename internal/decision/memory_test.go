package decision

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sarnakh/sarnakh/internal/activity"
)

func marks(t *rapid.T, name string) memory {
	var m memory
	for range rapid.IntRange(0, 6).Draw(t, name) {
		k := m.mark(uint16(rapid.SampledFrom([]int{1, 2, 3, 4, 16, 300, 65535}).Draw(t, "id")))
		k.state = uint8(rapid.IntRange(1, 255).Draw(t, "state"))
		k.n = uint16(rapid.IntRange(0, 65535).Draw(t, "n"))
		k.since = activity.Day(rapid.SampledFrom([]int{0, 1, 19999, 20000, 20001, 20600, 90000, -5}).Draw(t, "since"))
	}
	return m
}

func TestAMemorySurvivesItsBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := marks(t, "marks")
		if back := decodeMemory(m.encode()); !slices.Equal(back.marks, m.marks) {
			t.Fatalf("%+v became %+v", m.marks, back.marks)
		}
	})
}

func TestBrokenMemoryIsReadAsFarAsItGoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := marks(t, "marks")
		b := m.encode()
		cut := decodeMemory(b[:rapid.IntRange(0, len(b)).Draw(t, "cut")])
		for i, k := range cut.marks {
			if m.marks[i] != k {
				t.Fatalf("read %+v, wrote %+v", k, m.marks[i])
			}
		}
		decodeMemory(rapid.SliceOf(rapid.Byte()).Draw(t, "noise"))
	})
}

func TestJoinedMemoriesForgetNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := marks(t, "a"), marks(t, "b")
		ab := decodeMemory(Join(a.encode(), b.encode()))
		ba := decodeMemory(Join(b.encode(), a.encode()))
		if !slices.Equal(ab.marks, ba.marks) {
			t.Fatalf("%+v and %+v", ab.marks, ba.marks)
		}
		for _, k := range slices.Concat(a.marks, b.marks) {
			if got := ab.mark(k.id); got.n < k.n || got.state&k.state != k.state {
				t.Fatalf("%+v became %+v", k, *got)
			}
		}
	})
}

func TestAReasonFitsTheItem(t *testing.T) {
	r := Reason{Total: -1000, Fit: -1000, Engagement: -1000, Grade: "A1", Signals: []Signal{4096, 4095, 4094}, By: "lost", What: strings.Repeat("نه", 60)}
	b := r.encode()
	if len(b) > maxReason {
		t.Errorf("%d bytes", len(b))
	}
	back, err := DecodeReason(b)
	if err != nil || back.By != "lost" || back.What != "" || len(back.Signals) != 3 {
		t.Errorf("%+v, %v", back, err)
	}
}
