package signal_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func leaf(op signal.Op, field string, values ...any) signal.Condition {
	c := signal.Condition{Op: op, Field: field}
	for _, v := range values {
		switch v := v.(type) {
		case string:
			c.Values = append(c.Values, signal.TextOf(v))
		case int:
			c.Values = append(c.Values, signal.NumberOf(float64(v)))
		case float64:
			c.Values = append(c.Values, signal.NumberOf(v))
		case bool:
			c.Values = append(c.Values, signal.BoolOf(v))
		}
	}
	return c
}

func branch(op signal.Op, of ...signal.Condition) signal.Condition {
	return signal.Condition{Op: op, Of: of}
}

func text(name, value string) activity.Property {
	return activity.Property{Name: name, Value: activity.Value{Kind: activity.Text, Text: value}}
}

func number(name string, value float64) activity.Property {
	return activity.Property{Name: name, Value: activity.Value{Kind: activity.Number, Number: value}}
}

func list(name string, values ...string) activity.Property {
	return activity.Property{Name: name, Value: activity.Value{Kind: activity.List, List: values}}
}

func yes(name string, value bool) activity.Property {
	return activity.Property{Name: name, Value: activity.Value{Kind: activity.Bool, Bool: value}}
}

func compile(t testing.TB, defs ...signal.Definition) *signal.Set {
	t.Helper()
	s, err := signal.Compile(defs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAConditionHolds(t *testing.T) {
	for _, test := range []struct {
		name string
		c    signal.Condition
		p    []activity.Property
		want bool
	}{
		{"equal text", leaf(signal.Eq, "form", "ebook"), []activity.Property{text("form", "ebook")}, true},
		{"equal after folding case", leaf(signal.Eq, "form", "Ebook"), []activity.Property{text("form", "eBOOK")}, true},
		{"equal after folding Arabic letters", leaf(signal.Eq, "job", "مدیر فروش"), []activity.Property{text("job", "مدير فروش")}, true},
		{"equal after folding digits", leaf(signal.Eq, "code", "12"), []activity.Property{text("code", "۱۲")}, true},
		{"other text", leaf(signal.Eq, "form", "ebook"), []activity.Property{text("form", "demo")}, false},
		{"missing is not equal", leaf(signal.Eq, "form", "ebook"), nil, false},
		{"ne of other", leaf(signal.Ne, "form", "ebook"), []activity.Property{text("form", "demo")}, true},
		{"ne of missing", leaf(signal.Ne, "form", "ebook"), nil, true},
		{"ne of same", leaf(signal.Ne, "form", "ebook"), []activity.Property{text("form", "ebook")}, false},
		{"in a list of eight", leaf(signal.In, "x", "a", "b", "c", "d", "e", "f", "g", "h"), []activity.Property{text("x", "G")}, true},
		{"not in a list of eight", leaf(signal.In, "x", "a", "b", "c", "d", "e", "f", "g", "h"), []activity.Property{text("x", "z")}, false},
		{"list has one of", leaf(signal.In, "tags", "red", "blue"), []activity.Property{list("tags", "green", "BLUE")}, true},
		{"list has none of", leaf(signal.Ne, "tags", "red"), []activity.Property{list("tags", "green", "red")}, false},
		{"prefix", leaf(signal.Prefix, "path", "/blog/"), []activity.Property{text("path", "/blog/a")}, true},
		{"suffix", leaf(signal.Suffix, "path", ".pdf"), []activity.Property{text("path", "/a.PDF")}, true},
		{"contains", leaf(signal.Contains, "text", "قیمت"), []activity.Property{text("text", "این قيمت چند؟")}, true},
		{"range in", leaf(signal.Range, "minutes", 20, 90), []activity.Property{number("minutes", 20)}, true},
		{"range out", leaf(signal.Range, "minutes", 20, 90), []activity.Property{number("minutes", 19.5)}, false},
		{"number from a form's text", leaf(signal.Gte, "staff", 20), []activity.Property{text("staff", "۳۵")}, true},
		{"text is no number", leaf(signal.Gte, "staff", 20), []activity.Property{text("staff", "many")}, false},
		{"gt", leaf(signal.Gt, "n", 3), []activity.Property{number("n", 3)}, false},
		{"lt", leaf(signal.Lt, "n", 3), []activity.Property{number("n", 2.5)}, true},
		{"lte", leaf(signal.Lte, "n", -3), []activity.Property{text("n", "-3.0")}, true},
		{"bool", leaf(signal.Eq, "on", true), []activity.Property{yes("on", true)}, true},
		{"bool of text", leaf(signal.Eq, "on", true), []activity.Property{text("on", "True")}, true},
		{"bool false", leaf(signal.Eq, "on", true), []activity.Property{yes("on", false)}, false},
		{"number equal", leaf(signal.Eq, "n", 5), []activity.Property{number("n", 5)}, true},
		{"text constant is not a number", leaf(signal.Eq, "n", "5"), []activity.Property{number("n", 5)}, false},
		{"exists", leaf(signal.Exists, "x"), []activity.Property{text("x", "1")}, true},
		{"empty text does not exist", leaf(signal.Exists, "x"), []activity.Property{text("x", "")}, false},
		{"all", branch(signal.All, leaf(signal.Eq, "a", 1), leaf(signal.Eq, "b", 2)), []activity.Property{number("a", 1), number("b", 2)}, true},
		{"all but one", branch(signal.All, leaf(signal.Eq, "a", 1), leaf(signal.Eq, "b", 2)), []activity.Property{number("a", 1)}, false},
		{"any", branch(signal.Any, leaf(signal.Eq, "a", 1), leaf(signal.Eq, "b", 2)), []activity.Property{number("b", 2)}, true},
		{"none", branch(signal.None, leaf(signal.Eq, "a", 1), leaf(signal.Eq, "b", 2)), []activity.Property{number("b", 2)}, false},
		{"nested", branch(signal.All, leaf(signal.Exists, "a"), branch(signal.None, branch(signal.Any, leaf(signal.Eq, "b", 1), leaf(signal.Eq, "b", 2)))), []activity.Property{number("a", 1), number("b", 3)}, true},
		{"source", leaf(signal.Eq, signal.FieldSource, "crm"), nil, true},
		{"has an e-mail", leaf(signal.Exists, signal.FieldEmail), nil, true},
		{"has no phone", leaf(signal.Exists, signal.FieldPhone), nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := compile(t, signal.Definition{Number: 7, Name: "s", Kind: signal.OnActivity, Types: []activity.Type{"x"}, Where: &test.c})
			a := activity.Activity{Type: "x", Source: "crm", Who: activity.Who{Email: "a@b.ir"}, Properties: test.p}
			for range 2 { // the second time with a used scratch
				if got := slices.Contains(s.Match(&a, nil), 7); got != test.want {
					t.Errorf("%v with %v: %v, want %v", test.c, test.p, got, test.want)
				}
			}
		})
	}
}

func TestASignalLooksOnlyAtItsTypes(t *testing.T) {
	s := compile(t,
		signal.Definition{Number: 1, Name: "view", Kind: signal.OnActivity, Types: []activity.Type{"page.viewed"}},
		signal.Definition{Number: 2, Name: "ours", Kind: signal.OnActivity, Where: ptr(leaf(signal.Eq, "own", true))},
		signal.Definition{Number: 3, Name: "both", Kind: signal.OnActivity, Types: []activity.Type{"page.viewed", "mail.clicked", "page.viewed"}},
	)
	for _, test := range []struct {
		a    activity.Activity
		want []signal.Number
	}{
		{activity.Activity{Type: "page.viewed"}, []signal.Number{1, 3}},
		{activity.Activity{Type: "mail.clicked", Properties: []activity.Property{yes("own", true)}}, []signal.Number{2, 3}},
		{activity.Activity{Type: "call.missed", Properties: []activity.Property{yes("own", true)}}, []signal.Number{2}},
		{activity.Activity{Type: "call.missed"}, nil},
	} {
		if got := s.Match(&test.a, nil); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v", test.a.Type, got, test.want)
		}
	}
}

func TestAMachineMeetsNoSignalThatDoesNotAskForIt(t *testing.T) {
	s := compile(t,
		signal.Definition{Number: 1, Name: "click", Kind: signal.OnActivity, Types: []activity.Type{"mail.clicked"}},
		signal.Definition{Number: 2, Name: "scanner", Kind: signal.OnActivity, Types: []activity.Type{"mail.clicked"}, Where: ptr(leaf(signal.Eq, signal.FieldMachine, true))},
	)
	a := activity.Activity{Type: "mail.clicked"}
	if got := s.Match(&a, nil); !slices.Equal(got, []signal.Number{1}) {
		t.Errorf("a person: %v", got)
	}
	a.Flags = activity.Machine
	if got := s.Match(&a, nil); !slices.Equal(got, []signal.Number{2}) {
		t.Errorf("a machine: %v", got)
	}
	a.Flags = activity.Machine | activity.Held
	if got := s.Match(&a, nil); len(got) != 0 {
		t.Errorf("a machine, held: %v", got)
	}
}

func ptr[T any](v T) *T { return &v }

func TestTheHashIsOfWhatIsAskedNotOfHowItIsWritten(t *testing.T) {
	define := func(c signal.Condition) signal.Definition {
		return signal.Definition{Number: 1, Name: "s", Kind: signal.OnActivity, Types: []activity.Type{"b", "a"}, Where: &c}
	}
	base := signal.HashOf(define(branch(signal.All, leaf(signal.In, "a", "مدير", "X"), leaf(signal.Ne, "b", 2))))
	for _, same := range []signal.Condition{
		branch(signal.All, leaf(signal.Ne, "b", 2), leaf(signal.In, "a", "x", "مدیر", "x")),
		branch(signal.All, branch(signal.All, leaf(signal.In, "a", "x", "مدیر")), branch(signal.None, leaf(signal.Eq, "b", 2))),
		branch(signal.Any, branch(signal.All, leaf(signal.Eq, "a", "x", "مدیر"), leaf(signal.Ne, "b", 2))),
	} {
		if got := signal.HashOf(define(same)); got != base {
			t.Errorf("%v: %s, want %s", same, got, base)
		}
	}
	renamed := define(branch(signal.All, leaf(signal.In, "a", "مدير", "X"), leaf(signal.Ne, "b", 2)))
	renamed.Name, renamed.Number, renamed.Types = "other", 9, []activity.Type{"a", "b", "a"}
	if signal.HashOf(renamed) != base {
		t.Error("a new name is a new signal")
	}
	for _, other := range []signal.Condition{
		leaf(signal.In, "a", "مدیر", "x"),
		branch(signal.All, leaf(signal.In, "a", "مدیر"), leaf(signal.Ne, "b", 2)),
		branch(signal.Any, leaf(signal.In, "a", "مدیر", "x"), leaf(signal.Ne, "b", 2)),
		branch(signal.All, leaf(signal.In, "a", "مدیر", "x"), leaf(signal.Ne, "b", "2")),
	} {
		if signal.HashOf(define(other)) == base {
			t.Errorf("%v has the same hash", other)
		}
	}
}

func TestADefinitionSurvivesJSON(t *testing.T) {
	d := signal.Definition{Number: 3, Name: "s", Kind: signal.OnActivity, Types: []activity.Type{"x"},
		Where: ptr(branch(signal.All, leaf(signal.In, "a", "x", "1"), leaf(signal.Range, "n", 1, 2.5), leaf(signal.Eq, "b", true)))}
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back signal.Definition
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d, back) {
		t.Errorf("%s became %+v", b, back)
	}
	for _, bad := range []string{`[null]`, `[{}]`, `[[1]]`, `[1e999]`} {
		var c []signal.Constant
		if json.Unmarshal([]byte(bad), &c) == nil {
			t.Errorf("%s was read as %v", bad, c)
		}
	}
}

func TestHostileRulesAreRefused(t *testing.T) {
	deep := leaf(signal.Exists, "a")
	for range 5000 {
		deep = branch(signal.None, deep)
	}
	wide := branch(signal.Any)
	for i := range 200 {
		wide.Of = append(wide.Of, leaf(signal.Exists, fmt.Sprint("f", i)))
	}
	long := leaf(signal.In, "a")
	for i := range 300 {
		long.Values = append(long.Values, signal.TextOf(fmt.Sprint(i)))
	}
	where := func(c signal.Condition) signal.Definition {
		return signal.Definition{Number: 1, Name: "s", Kind: signal.OnActivity, Types: []activity.Type{"x"}, Where: &c}
	}
	count := func(c signal.Count) signal.Definition {
		return signal.Definition{Number: 1, Name: "s", Kind: signal.OnCount, Count: &c}
	}
	for name, test := range map[string]struct {
		d    signal.Definition
		says string
	}{
		"deep":               {where(deep), "deeper"},
		"wide":               {where(wide), "more than 64"},
		"long list":          {where(long), "300 values"},
		"long text":          {where(leaf(signal.Eq, "a", strings.Repeat("x", 257))), "1 to 256 bytes"},
		"no value":           {where(leaf(signal.Eq, "a")), "needs a value"},
		"no field":           {where(leaf(signal.Exists, "")), "field name"},
		"range backwards":    {where(leaf(signal.Range, "a", 3, 1)), "lower first"},
		"number on prefix":   {where(leaf(signal.Prefix, "a", 1)), "text values"},
		"text on gt":         {where(leaf(signal.Gt, "a", "1")), "one number"},
		"unknown op":         {where(leaf("like", "a", "x")), "no such comparison"},
		"empty all":          {where(branch(signal.All)), "needs conditions"},
		"personal value":     {where(leaf(signal.Eq, signal.FieldEmail, "a@b.ir")), "exists"},
		"exists with value":  {where(leaf(signal.Exists, "a", "x")), "no value"},
		"no types, no where": {signal.Definition{Number: 1, Name: "s", Kind: signal.OnActivity}, "every activity"},
		"no number":          {signal.Definition{Name: "s", Kind: signal.OnActivity, Types: []activity.Type{"x"}}, "number 0"},
		"unknown kind":       {signal.Definition{Number: 1, Name: "s", Kind: "x"}, "kind"},
		"counts itself":      {count(signal.Count{Of: 1, AtLeast: 1, Days: 7}), "another signal"},
		"counts a century":   {count(signal.Count{Of: 2, AtLeast: 1, Days: 36500}), "36500 days"},
		"counts never":       {count(signal.Count{Of: 2, AtLeast: 0, Days: 7}), "at least 0"},
		"too many days":      {count(signal.Count{Of: 2, AtLeast: 9, Days: 7, DistinctDays: true}), "cannot be"},
		"counts nothing":     {count(signal.Count{Of: 2, AtLeast: 3, Days: 7}), "on activities"},
		"wrong hash":         {signal.Definition{Number: 1, Name: "s", Hash: "abc", Kind: signal.OnActivity, Types: []activity.Type{"x"}}, "hash"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := signal.Compile([]signal.Definition{test.d})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("says %v, want it to say %q", err, test.says)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("too long to read: %d bytes", len(err.Error()))
			}
		})
	}
	var many []signal.Definition
	for i := range 300 {
		c := branch(signal.Any)
		for j := range 40 {
			c.Of = append(c.Of, leaf(signal.Eq, "a", i*100+j))
		}
		many = append(many, signal.Definition{Number: signal.Number(i + 1), Name: fmt.Sprint("s", i), Kind: signal.OnActivity, Types: []activity.Type{"x"}, Where: &c})
	}
	if _, err := signal.Compile(many); err == nil || !strings.Contains(err.Error(), "distinct conditions") {
		t.Errorf("12,000 conditions: %v", err)
	}
}

func TestTwinsAreRefused(t *testing.T) {
	d := signal.Definition{Number: 1, Name: "a", Kind: signal.OnActivity, Types: []activity.Type{"x"}}
	e := d
	e.Number, e.Name = 2, "b"
	if _, err := signal.Compile([]signal.Definition{d, e}); err == nil || !strings.Contains(err.Error(), "asks the same") {
		t.Error(err)
	}
	e.Types = []activity.Type{"y"}
	e.Name = "a"
	if _, err := signal.Compile([]signal.Definition{d, e}); err == nil || !strings.Contains(err.Error(), "stands twice") {
		t.Error(err)
	}
	e.Name, e.Number = "b", 1
	if _, err := signal.Compile([]signal.Definition{d, e}); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Error(err)
	}
}

func TestBitsAreASet(t *testing.T) {
	var b signal.Bits
	for _, n := range []signal.Number{3, 70, 8} {
		b = b.With(n)
	}
	if !b.Has(3) || !b.Has(70) || !b.Has(8) || b.Has(4) || b.Has(700) {
		t.Errorf("%v", b)
	}
	b = b.Without(70).Without(900)
	if b.Has(70) || len(b) != 2 {
		t.Errorf("%v: the end is cut", b)
	}
	if !b.Equal(append(slices.Clone(b), 0, 0)) || b.Equal(slices.Clone(b).Without(3)) {
		t.Error("trailing zeros say nothing, others do")
	}
}
