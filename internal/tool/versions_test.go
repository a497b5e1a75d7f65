package tool_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store/memory"
	"github.com/sarnakh/sarnakh/internal/tool"
)

func TestADifferenceIsToldInTheWordsOfMarketersAndNothingIsLeftOut(t *testing.T) {
	dir := example(t)
	old, err := tool.ReadFolder(dir, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	signals := filepath.Join(dir, "signals.yaml")
	replace(t, signals, "    points: 6\n    group: web\n    once_in: 1\n    cap: 12\n    cap_days: 7\n    half_life: 10", "    points: 8\n    group: web\n    once_in: 1\n    cap: 16\n    cap_days: 7\n    half_life: 14")
	replace(t, signals, "where: {path: {prefix: /jobs}}", "where: {path: {prefix: /careers}}")
	replace(t, signals, "\nsignals:\n", "\nsignals:\n  any_blog: {on: page.viewed, where: {path: {prefix: /b}}, points: 3, group: web, half_life: 20, title: {fa: وبلاگ, en: Blog}}\n")
	replace(t, filepath.Join(dir, "people.yaml"), "\"+989120000000\"", "\"+989120000001\"")
	next, err := tool.ReadFolder(dir, old, noon)
	if err != nil {
		t.Fatal(err)
	}
	for locale, want := range map[string][]string{
		"en": {"~ signal: Viewed the pricing page: points 6 → 8; cap 12 in 7 days → 16 in 7 days; half-life 10 days → 14 days",
			"~ signal: Viewed the jobs page: it looks for something else now", "+ signal: Blog: points 3, group Web, half-life 20 days", "~ other: obvious fakes: its details changed"},
		"fa": {"~ نشانه: صفحه‌ی قیمت را دید: امتیاز ۶ → ۸", "نیم‌عمر ۱۰ روز → ۱۴ روز"},
	} {
		var b bytes.Buffer
		n, err := tool.Compare(&b, old, next, locale)
		if err != nil || n != 4 {
			t.Errorf("%d changes, %v, want 4:\n%s", n, err, b.String())
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s lacks %q:\n%s", locale, w, b.String())
			}
		}
	}
	var b bytes.Buffer
	if n, err := tool.Compare(&b, next, next, "fa"); err != nil || n != 0 {
		t.Errorf("the same differs: %v %s", err, b.String())
	}
}

func TestRollingBackSaysWhatWasSaidUnderANewNumberAndNumbersStay(t *testing.T) {
	s, jobs, dir := memory.New(), &outbox{}, example(t)
	publish := func() {
		if _, err := tool.Publish(t.Context(), s, jobs, tool.Publishing{Folder: os.DirFS(dir), By: "me", Now: noon}); err != nil {
			t.Fatal(err)
		}
	}
	publish()
	replace(t, filepath.Join(dir, "signals.yaml"), "\nsignals:\n", "\nsignals:\n  any_blog: {on: page.viewed, where: {path: {prefix: /b}, city: x}, points: 3, group: web, half_life: 20}\n")
	replace(t, filepath.Join(dir, "signals.yaml"), "points: 30", "points: 26")
	publish()
	got, err := tool.RollBack(t.Context(), s, jobs, 1, tool.Publishing{By: "me", Now: noon.Add(time.Hour)})
	if err != nil || got.Number != 3 || got.Job == "" {
		t.Fatalf("%+v %v", got, err)
	}
	read := func(n uint32) *playbook.Playbook {
		p, err := tool.ReadVersion(t.Context(), s, n)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second, third := read(1), read(2), read(3)
	var b bytes.Buffer
	if n, err := tool.Compare(&b, first, third, "en"); err != nil || n != 0 {
		t.Errorf("not what it said: %v\n%s", err, b.String())
	}
	if d := cmp.Diff(second.Fields, third.Fields); d != "" || len(third.Fields) <= len(first.Fields) {
		t.Errorf("places of the log's properties moved:\n%s", d)
	}
	for _, d := range third.Signals {
		for _, was := range first.Signals {
			if was.Name == d.Name && was.Number != d.Number {
				t.Errorf("signal %s was %d and is %d", d.Name, was.Number, d.Number)
			}
		}
	}
	if err := tool.ListVersions(t.Context(), s, &b, "en", time.UTC); err != nil || strings.Count(b.String(), "\n") != 3 || !strings.Contains(b.String(), "back to what playbook 1 said") {
		t.Errorf("%v:\n%s", err, b.String())
	}
	if _, err := tool.RollBack(t.Context(), s, jobs, 9, tool.Publishing{Now: noon}); err == nil || !strings.Contains(err.Error(), "no playbook 9") {
		t.Errorf("to what never was: %v", err)
	}
}
