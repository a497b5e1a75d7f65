package console

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestEachWordOfThePagesStandsOnceInBothLanguages(t *testing.T) {
	src, err := os.ReadFile("web/words.js")
	if err != nil {
		t.Fatal(err)
	}
	fa, en, ok := strings.Cut(string(src), "\n  en: {")
	if !ok {
		t.Fatal("words.js has no English part")
	}
	_, fa, _ = strings.Cut(fa, "\n  fa: {")
	key := regexp.MustCompile(`(?m)(?:^\s+|, )("[a-z_. ]*"|[A-Za-z]+): "`)
	keys := func(part, locale string) map[string]bool {
		seen := map[string]bool{}
		for _, m := range key.FindAllStringSubmatch(part, -1) {
			name := strings.Trim(m[1], `"`)
			if seen[name] {
				t.Errorf("%s: %q stands twice, and the second hides the first", locale, name)
			}
			seen[name] = true
		}
		return seen
	}
	a, b := keys(fa, "fa"), keys(en, "en")
	if len(a) < 100 {
		t.Fatalf("only %d words were found", len(a))
	}
	for name := range a {
		if !b[name] {
			t.Errorf("%q has no English word", name)
		}
	}
	for name := range b {
		if !a[name] {
			t.Errorf("%q has no Persian word", name)
		}
	}
}
