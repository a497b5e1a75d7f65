package score_test

import (
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/score/scoretest"
)

// busy is a lead with twelve signals on many days, one of them a penalty.
func busy() *scoretest.Lead {
	b := scoretest.Example()
	l := b.NewLead(b.Rules(), "role_sales", "staff_20", "industry_core")
	names := []string{"article", "product_page", "pricing", "contact", "ebook", "click", "reply", "missed", "ad", "webinar_there", "trial", "active"}
	for i := range 60 {
		l.Hits(day0+activity.Day(i/2), b.Number(names[i%len(names)]))
	}
	return l
}

func BenchmarkCard(b *testing.B) {
	l := busy()
	var c score.Card
	b.ReportAllocs()
	for b.Loop() {
		l.Rules.CardInto(&c, l.State, day0+30)
	}
}

func BenchmarkMeasure(b *testing.B) {
	l := busy()
	b.ReportAllocs()
	for b.Loop() {
		l.Rules.Measure(l.State, day0+30)
	}
}

func BenchmarkBrief(b *testing.B) {
	l := busy()
	b.ReportAllocs()
	for b.Loop() {
		l.Rules.Brief(l.State, day0+30)
	}
}
