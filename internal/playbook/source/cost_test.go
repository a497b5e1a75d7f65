package source_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

func TestConditionsThatWouldBeSlowAreRefused(t *testing.T) {
	signals := func(op string, n, values int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "  x%d: {on: page.viewed, points: 1, where: {path: {%s: [", i, op)
			for k := range values {
				fmt.Fprintf(&b, "/%d-%d-, ", i, k)
			}
			b.WriteString("/z]}}}\n")
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"1,000 texts inside":       {signals("contains", 10, 100), false},
		"2,000 prefixes":           {signals("prefix", 10, 200), false},
		"100 texts inside":         {signals("contains", 10, 10), true},
		"2,000 texts to be equal":  {signals("in", 10, 200), true},
		"500 signals of one value": {signals("in", 500, 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults, _ := source.Check(folder("signals.yaml", "  demo: {on", c.text+"  demo: {on"), nil, time.Time{})
			refused := len(faults) > 0 && strings.Contains(faults[0].Problem, "the conditions on page.viewed would take")
			if refused == c.ok || c.ok && len(faults) > 0 {
				t.Errorf("faults: %.300v", faults)
			}
		})
	}
}
