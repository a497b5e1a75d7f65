package web

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write script.min.js from script.js")

// minify takes comment lines, line breaks and the spaces that JavaScript does
// not need out of script.js, which is written for it. Strings are left alone.
func minify(source string) string {
	var b strings.Builder
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		if b.Len() > 0 && !strings.ContainsAny(b.String()[b.Len()-1:], ";{},([") && !strings.ContainsAny(line[:1], "})]") {
			b.WriteByte(' ')
		}
		b.WriteString(squeeze.ReplaceAllStringFunc(line, func(m string) string {
			if m[0] == '"' || m[0] == '\'' || m[0] == '/' {
				return m
			}
			return strings.TrimSpace(m)
		}))
	}
	return strings.NewReplacer(";}", "}").Replace(b.String()) + "\n"
}

// Strings and regular expressions whole, so that they are passed over; else a
// sign with the spaces around it.
var squeeze = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|/(?:[^/\\\s]|\\.)(?:[^/\\]|\\.)*/[a-z]*|\s*(?:[{}();,:?]|[=!<>+*&|-]+)\s*`)

func TestTheScriptIsMadeFromItsSource(t *testing.T) {
	source, err := os.ReadFile("script.js")
	if err != nil {
		t.Fatal(err)
	}
	want := minify(string(source))
	if *update {
		if err := os.WriteFile("script.min.js", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("script.min.js")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("script.min.js is not what script.js gives; run: go test ./internal/flow/web -run Script -update")
	}
	if len(got) > 3<<10 {
		t.Errorf("the script has %d bytes, want at most 3072", len(got))
	}
	for _, word := range []string{"document.cookie", "eval(", "innerHTML"} {
		if strings.Contains(string(got), word) {
			t.Errorf("the script uses %s", word)
		}
	}
}
