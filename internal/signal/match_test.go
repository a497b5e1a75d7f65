package signal_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// rules makes n signals over 20 activity types, three conditions each, with
// the repeats that a marketer's rules have.
func rules(n int) []signal.Definition {
	defs := make([]signal.Definition, n)
	for i := range defs {
		c := branch(signal.All,
			leaf(signal.Eq, "form", fmt.Sprint("form-", i%40)),
			leaf(signal.Gte, "depth", i%30),
			leaf(signal.Prefix, "path", fmt.Sprint("/p", i)),
		)
		defs[i] = signal.Definition{Number: signal.Number(i + 1), Name: fmt.Sprint("s", i), Kind: signal.OnActivity,
			Types: []activity.Type{activity.Type(fmt.Sprint("type.", i%20))}, Where: &c}
	}
	return defs
}

func visit() *activity.Activity {
	return &activity.Activity{Type: "type.3", Properties: []activity.Property{
		text("path", "/p3/قيمت"), text("form", "form-3"), number("depth", 12), text("referrer", "https://example.com/"),
	}}
}

// What is taken as folded at a glance is folded.
func TestPlainTextIsItsOwnFoldedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching("[!-~]{1,20}").Draw(t, "word")
		c := leaf(signal.Eq, "x", word)
		s := compile2(t, signal.Definition{Number: 1, Name: "s", Kind: signal.OnActivity, Types: []activity.Type{"x"}, Where: &c})
		if got := s.Match(&activity.Activity{Type: "x", Properties: []activity.Property{text("x", word)}}, nil); len(got) != 1 {
			t.Fatalf("%q does not equal itself", word)
		}
	})
}

func compile2(t *rapid.T, defs ...signal.Definition) *signal.Set {
	s, err := signal.Compile(defs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMatchDoesNotAllocate(t *testing.T) {
	s := compile(t, rules(1000)...)
	a, out := visit(), make([]signal.Number, 0, 64)
	if n := testing.AllocsPerRun(100, func() { out = s.Match(a, out[:0]) }); n > 0.5 {
		t.Errorf("%v allocations", n)
	}
	if !slices.Equal(out, []signal.Number{4}) {
		t.Errorf("met %v", out)
	}
}

func TestASetIsSafeToShare(t *testing.T) {
	s := compile(t, rules(200)...)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got := s.Match(visit(), nil); !slices.Equal(got, []signal.Number{4}) {
					t.Errorf("met %v", got)
					return
				}
			}
		})
	}
	wg.Wait()
}

// The compiled set, with its shared conditions and scratch, answers as a naive
// walk over each tree does.
func TestMatchAgreesWithAPlainReading(t *testing.T) {
	words := []string{"a", "B", "ab", "مدير", "12", "true", ""}
	value := rapid.Custom(func(t *rapid.T) signal.Constant {
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return signal.NumberOf(float64(rapid.IntRange(10, 13).Draw(t, "n")))
		case 1:
			return signal.BoolOf(rapid.Bool().Draw(t, "b"))
		}
		return signal.TextOf(rapid.SampledFrom(words[:6]).Draw(t, "w"))
	})
	field := rapid.SampledFrom([]string{"p", "q", "r"})
	var condition func(depth int) *rapid.Generator[signal.Condition]
	condition = func(depth int) *rapid.Generator[signal.Condition] {
		return rapid.Custom(func(t *rapid.T) signal.Condition {
			if depth > 0 && rapid.Bool().Draw(t, "branch") {
				return signal.Condition{
					Op: rapid.SampledFrom([]signal.Op{signal.All, signal.Any, signal.None}).Draw(t, "op"),
					Of: rapid.SliceOfN(condition(depth-1), 1, 3).Draw(t, "of"),
				}
			}
			c := signal.Condition{Field: field.Draw(t, "field"), Op: rapid.SampledFrom([]signal.Op{signal.Eq, signal.Ne, signal.In, signal.Contains, signal.Exists, signal.Gte}).Draw(t, "op")}
			switch c.Op {
			case signal.Contains:
				c.Values = signal.Texts(rapid.SampledFrom(words[:6]).Draw(t, "part"))
			case signal.Gte:
				c.Values = []signal.Constant{signal.NumberOf(12)}
			case signal.Eq, signal.Ne, signal.In:
				c.Values = rapid.SliceOfN(value, 1, 8).Draw(t, "values")
			}
			return c
		})
	}
	property := rapid.Custom(func(t *rapid.T) activity.Value {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return activity.Value{Kind: activity.Number, Number: float64(rapid.IntRange(10, 13).Draw(t, "n"))}
		case 1:
			return activity.Value{Kind: activity.Bool, Bool: rapid.Bool().Draw(t, "b")}
		case 2:
			return activity.Value{Kind: activity.List, List: rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(t, "list")}
		}
		return activity.Value{Kind: activity.Text, Text: rapid.SampledFrom(words).Draw(t, "w")}
	})
	rapid.Check(t, func(t *rapid.T) {
		var defs []signal.Definition
		hashes := map[string]bool{}
		for i, c := range rapid.SliceOfN(condition(2), 1, 6).Draw(t, "conditions") {
			d := signal.Definition{Number: signal.Number(i + 1), Name: fmt.Sprint("s", i), Kind: signal.OnActivity, Types: []activity.Type{"x"}, Where: &c}
			if h := signal.HashOf(d); !hashes[h] {
				hashes[h] = true
				defs = append(defs, d)
			}
		}
		s, err := signal.Compile(defs)
		if err != nil {
			t.Fatal(err)
		}
		a := activity.Activity{Type: "x"}
		for _, name := range []string{"p", "q", "r"} {
			if rapid.Bool().Draw(t, "has "+name) {
				a.Properties = append(a.Properties, activity.Property{Name: name, Value: property.Draw(t, name)})
			}
		}
		var want []signal.Number
		for _, d := range defs {
			if plain(*d.Where, &a) {
				want = append(want, d.Number)
			}
		}
		if got := s.Match(&a, nil); !slices.Equal(got, want) {
			t.Fatalf("met %v, want %v", got, want)
		}
	})
}

func plain(c signal.Condition, a *activity.Activity) bool {
	switch c.Op {
	case signal.All:
		return !slices.ContainsFunc(c.Of, func(k signal.Condition) bool { return !plain(k, a) })
	case signal.Any:
		return slices.ContainsFunc(c.Of, func(k signal.Condition) bool { return plain(k, a) })
	case signal.None:
		return !slices.ContainsFunc(c.Of, func(k signal.Condition) bool { return plain(k, a) })
	case signal.Ne:
		return !plain(signal.Condition{Op: signal.In, Field: c.Field, Values: c.Values}, a)
	}
	v, ok := a.Property(c.Field)
	if !ok {
		return false
	}
	texts := v.List
	if v.Kind == activity.Text {
		texts = []string{v.Text}
	}
	for i := range texts {
		texts = slices.Clone(texts)
		texts[i] = persian.Fold(texts[i])
	}
	switch c.Op {
	case signal.Exists:
		return v.Kind == activity.Number || v.Kind == activity.Bool || len(texts) > 0 && (v.Kind == activity.List || texts[0] != "")
	case signal.Gte:
		return v.Kind == activity.Number && v.Number >= 12 || v.Kind == activity.Text && texts[0] == "12"
	}
	for _, k := range c.Values {
		switch {
		case k.Kind == activity.Text:
			want := persian.Fold(k.Text)
			for _, s := range texts {
				if s == want || c.Op == signal.Contains && contains(s, want) {
					return true
				}
			}
		case k.Kind == activity.Number && (v.Kind == activity.Number && v.Number == k.Number || v.Kind == activity.Text && texts[0] == fmt.Sprint(k.Number)):
			return true
		case k.Kind == activity.Bool && (v.Kind == activity.Bool && v.Bool == k.Bool || v.Kind == activity.Text && texts[0] == fmt.Sprint(k.Bool)):
			return true
		}
	}
	return false
}

func contains(s, part string) bool {
	for i := 0; i+len(part) <= len(s); i++ {
		if s[i:i+len(part)] == part {
			return true
		}
	}
	return false
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := compile(b, rules(n)...)
			a, out := visit(), make([]signal.Number, 0, 64)
			a.Properties[0] = text("path", "/p3/pricing")
			b.ReportAllocs()
			for b.Loop() {
				out = s.Match(a, out[:0])
			}
		})
	}
}
