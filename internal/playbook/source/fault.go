// Package source reads the YAML files of a playbook, checks them and compiles
// them. Whoever writes a playbook is told everything that is wrong at once,
// with file, line, column and what would be right. Only the tool and the
// console use it; a function loads what it made.
package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong, or in a warning one that looks wrong.
type Fault struct {
	File      string
	Line, Col int
	Problem   string
	Remedy    string
}

func (f Fault) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Col, f.Problem)
	if f.Remedy != "" {
		s += "; " + f.Remedy
	}
	return s
}

// Faults is everything that is wrong with a playbook, in order of place.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].String()
	}
	return strings.Join(lines, "\n")
}

// maxFaults bounds what is told: a hostile file must not fill the screen.
const maxFaults = 200

func (f Faults) sorted() Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	f = slices.Compact(f)
	if len(f) > maxFaults {
		f = f[:maxFaults]
	}
	return f
}

// suggest gives the remedy for a name that does not exist.
func suggest(name string, known []string) string {
	best, least := "", 1+len(name)/3
	for _, k := range known {
		if n := distance(strings.ToLower(k), strings.ToLower(name)); n <= least && (best == "" || n < least) {
			best, least = k, n
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %s?", best)
	case len(known) == 0:
		return "none is declared yet"
	}
	return "possible: " + listed(known)
}

// listed names at most 20 of the names.
func listed(names []string) string {
	if len(names) > 20 {
		return strings.Join(names[:20], ", ") + fmt.Sprintf(" and %d more", len(names)-20)
	}
	return strings.Join(names, ", ")
}

// distance counts the edits between two words, a swap of neighbors as one.
// Words longer than any name are simply far.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > 64 || len(t) > 64 {
		return 1 << 10
	}
	rows := [3][]int{make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range s {
		before, last, row := rows[(i+2)%3], rows[i%3], rows[(i+1)%3]
		row[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return rows[len(s)%3][len(t)]
}
