package ledger

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// seeded is a lead of the given age: two activities a day, hits among the
// signals of business.
func seeded(r *rand.Rand, n int) []Entry {
	out := make([]Entry, n)
	for i := range out {
		at := 20000*86400 + int64(i)*43200 + r.Int64N(9000)
		e := Entry{
			Key: r.Uint64(), PayloadHash: r.Uint32(), Type: activity.Type("page.viewed"),
			At: at, Received: at + 2, Made: at + 2, Day: activity.Day(at / 86400),
			Packed: bytes.Repeat([]byte{1}, 28),
		}
		for _, h := range []signal.Number{1, 2, 3, 5, 6, 7, 8, 10, 12, 14} {
			if r.IntN(5) == 0 {
				e.Hits = append(e.Hits, h)
			}
		}
		out[i] = e
	}
	return out
}

func BenchmarkOneActivity(b *testing.B) {
	m := business(b)
	x := newTable()
	log := seeded(rand.New(rand.NewPCG(1, 2)), 500)
	for _, e := range log[:400] {
		if _, err := x.write(m, anna, []Entry{e}); err != nil {
			b.Fatal(err)
		}
	}
	it := x.item
	lines := make([]Line, 0, 40)
	e := log[400]
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(it); err != nil {
				b.Fatal(err)
			}
		}
	})
	s, _ := Decode(it)
	b.Run("points", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			lines = s.Points(m, e.Day, lines[:0])
		}
	})
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.item()
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, _ := Decode(it)
			if s.Seen(&e).Verdict != Fresh {
				b.Fatal("not fresh")
			}
			if err := s.Append(m, e); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Wants(m, nil); err != nil {
				b.Fatal(err)
			}
			if err := s.Settle(m, nil); err != nil {
				b.Fatal(err)
			}
			lines = s.Points(m, e.Day, lines[:0])
			if _, _, err := s.Finish(m, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
