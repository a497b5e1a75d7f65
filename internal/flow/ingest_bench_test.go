package flow

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// BenchmarkABatchOfAHundredLeads is ingest on memory: what is left is ours.
func BenchmarkABatchOfAHundredLeads(b *testing.B) {
	mem := memory.New()
	p := smallBook()
	p.Number = 1
	if err := mem.Publish(b.Context(), store.Playbook{Pointer: store.Pointer{Number: 1}, Compiled: p.JSON()}, 0); err != nil {
		b.Fatal(err)
	}
	f := NewIngest(mem, testSecret, phoneFor)
	log := slog.New(slog.DiscardHandler)
	n := 0
	batch := func() []Message {
		ms := make([]Message, 100)
		for i := range ms {
			n++
			a := act(fmt.Sprint("id-", n), activity.PageViewed, activity.Who{External: fmt.Sprint("crm-", i)}, "path", "/pricing")
			a.At = monday.AddDate(0, 0, n/100%40)
			ms[i] = Message{ID: fmt.Sprint(n), Body: activity.Encode([]activity.Activity{a}), Received: monday, Attempt: 1}
		}
		return ms
	}
	for b.Loop() {
		b.StopTimer()
		ms := batch()
		b.StartTimer()
		if got := f.Run(b.Context(), log, ms, monday); got.Fresh != 100 {
			b.Fatalf("%+v", got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/100, "µs/activity")
}
