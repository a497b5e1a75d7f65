package tool

import (
	"fmt"
	"strings"
)

// ReadSettings reads a file of settings such as .local/env: lines of
// export NAME='value', as a shell would source them. Other lines are passed over.
func ReadSettings(text string) (map[string]string, error) {
	out := map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		name, exported := strings.CutPrefix(name, "export ")
		if !ok || !exported {
			continue
		}
		if strings.HasPrefix(value, "'") {
			plain, ok := unquote(value)
			if !ok {
				return nil, fmt.Errorf("line %d: the quotes of %s do not close", n, name)
			}
			value = plain
		}
		out[strings.TrimSpace(name)] = value
	}
	return out, nil
}

// unquote reads single quotes, in which '\” is a quote.
func unquote(s string) (string, bool) {
	if len(s) < 2 || !strings.HasSuffix(s, "'") {
		return "", false
	}
	return strings.ReplaceAll(s[1:len(s)-1], `'\''`, "'"), true
}
