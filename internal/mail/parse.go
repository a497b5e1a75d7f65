package mail

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The language is the part of Liquid that a mail needs: {{ value | filter }},
// {% if %} {% elsif %} {% else %} {% endif %}. There are no loops and no
// includes, so every template ends, in time that its length bounds; and values
// are escaped where they stand, which Liquid itself leaves to the author.

// maxTemplate bounds one source, in bytes; maxDepth the nesting of ifs.
const (
	maxTemplate = 256 << 10
	maxDepth    = 8
)

// node is a literal, an output or an if.
type node struct {
	text     string // literal
	out      *output
	branches []branch
}

type output struct {
	path    string
	filters []filter
	pos     int
}

type filter struct {
	name   string
	args   []string
	locale string // whose words a date is written in
}

type branch struct {
	when *cond // nil for else
	then []node
}

// cond is a chain of tests joined by one word, as in Liquid from left to
// right.
type cond struct {
	tests []test
	join  []string // and, or; between the tests
}

type test struct {
	path string
	op   string // "" truthy, ==, !=, contains
	want string
	pos  int
}

// Problem is a fault in a template, with its place (both from 1).
type Problem struct {
	Line, Col int
	What      string
}

func (p *Problem) Error() string { return fmt.Sprintf("%d:%d: %s", p.Line, p.Col, p.What) }

type parser struct {
	src    string
	locale string
	pos    int
}

// Syntax finds the first fault of a source, nil where there is none.
func Syntax(src string) *Problem {
	_, err := parse(src, "")
	if p, ok := err.(*Problem); ok {
		return p
	}
	return nil
}

// parse reads a source; its error is always a *Problem.
func parse(src, locale string) ([]node, error) {
	if len(src) > maxTemplate {
		return nil, &Problem{1, 1, fmt.Sprintf("a template of %d bytes; at most %d", len(src), maxTemplate)}
	}
	p := &parser{src: src, locale: locale}
	nodes, end, err := p.block(0)
	if err == nil && end != "" {
		err = p.fault(p.pos, "{%% %s %%} without an if before it", end)
	}
	return nodes, err
}

func (p *parser) fault(pos int, format string, args ...any) error {
	before := p.src[:min(pos, len(p.src))]
	line := 1 + strings.Count(before, "\n")
	col := 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
	return &Problem{line, col, fmt.Sprintf(format, args...)}
}

// block reads nodes up to the end, or up to the tag that closes or continues
// the if around it, which it gives.
func (p *parser) block(depth int) (nodes []node, end string, err error) {
	for p.pos < len(p.src) {
		rest := p.src[p.pos:]
		i := strings.IndexByte(rest, '{')
		for i >= 0 && i+1 < len(rest) && rest[i+1] != '{' && rest[i+1] != '%' {
			j := strings.IndexByte(rest[i+1:], '{')
			if j < 0 {
				i = -1
				break
			}
			i += 1 + j
		}
		if i < 0 || i+1 >= len(rest) {
			nodes = append(nodes, node{text: rest})
			p.pos = len(p.src)
			break
		}
		if i > 0 {
			nodes = append(nodes, node{text: rest[:i]})
		}
		start := p.pos + i
		closing := "}}"
		if rest[i+1] == '%' {
			closing = "%}"
		}
		j := strings.Index(rest[i+2:], closing)
		if j < 0 {
			return nil, "", p.fault(start, "%s without %s", rest[i:i+2], closing)
		}
		inner := strings.Trim(rest[i+2:i+2+j], "- \t\n")
		p.pos = start + j + 4
		if closing == "}}" {
			out, err := p.output(inner, start)
			if err != nil {
				return nil, "", err
			}
			nodes = append(nodes, node{out: out})
			continue
		}
		word, arg, _ := strings.Cut(inner, " ")
		switch word {
		case "if":
			if depth >= maxDepth {
				return nil, "", p.fault(start, "ifs nested deeper than %d", maxDepth)
			}
			n, err := p.branches(arg, start, depth+1)
			if err != nil {
				return nil, "", err
			}
			nodes = append(nodes, n)
		case "elsif", "else", "endif":
			if depth == 0 {
				return nil, "", p.fault(start, "{%% %s %%} without an if before it", word)
			}
			return nodes, inner, nil
		case "for", "tablerow", "include", "render", "capture", "assign", "case", "unless", "cycle":
			return nil, "", p.fault(start, "{%% %s %%} is not part of a mail: use if, elsif, else, endif", word)
		default:
			return nil, "", p.fault(start, "no tag %q: use if, elsif, else, endif", word)
		}
	}
	if depth > 0 {
		return nil, "", p.fault(p.pos, "an if without {%% endif %%}")
	}
	return nodes, "", nil
}

func (p *parser) branches(arg string, start, depth int) (node, error) {
	var n node
	for {
		c, err := p.cond(arg, start)
		if err != nil {
			return n, err
		}
		then, end, err := p.block(depth)
		if err != nil {
			return n, err
		}
		n.branches = append(n.branches, branch{when: c, then: then})
		word, rest, _ := strings.Cut(end, " ")
		switch word {
		case "elsif":
			arg = rest
			continue
		case "else":
			then, end, err = p.block(depth)
			if err != nil {
				return n, err
			}
			if end != "endif" {
				return n, p.fault(p.pos, "after else comes endif, not %s", end)
			}
			n.branches = append(n.branches, branch{then: then})
		}
		return n, nil
	}
}

func (p *parser) output(s string, pos int) (*output, error) {
	parts := splitOutside(s, '|')
	path := strings.TrimSpace(parts[0])
	if !isPath(path) {
		return nil, p.fault(pos, "{{ %s }}: a value is written like lead.first_name", s)
	}
	out := &output{path: path, pos: pos}
	for _, part := range parts[1:] {
		name, args, _ := strings.Cut(part, ":")
		f := filter{name: strings.TrimSpace(name), locale: p.locale}
		want, ok := filterArgs[f.name]
		if !ok {
			return nil, p.fault(pos, "no filter %q: there are %s", f.name, strings.Join(filterNames(), ", "))
		}
		if strings.TrimSpace(args) != "" {
			for _, a := range splitOutside(args, ',') {
				v, ok := constant(strings.TrimSpace(a))
				if !ok {
					return nil, p.fault(pos, "filter %s: %q is neither a text in quotes nor a number", f.name, strings.TrimSpace(a))
				}
				f.args = append(f.args, v)
			}
		}
		if f.name == "date" {
			if len(f.args) == 0 {
				f.args = []string{"full"}
			}
			if _, ok := dateFormats[f.args[0]]; !ok {
				return nil, p.fault(pos, "no date is written as %q: there are %s", f.args[0], strings.Join(dateFormatNames(), ", "))
			}
			if len(out.filters) > 0 {
				return nil, p.fault(pos, "filter date comes first, and default after it: a text is no date")
			}
		}
		if len(f.args) != want {
			return nil, p.fault(pos, "filter %s takes %d argument(s), not %d", f.name, want, len(f.args))
		}
		if f.name == "truncate" {
			if n, err := strconv.Atoi(f.args[0]); err != nil || n < 1 || n > 10000 {
				return nil, p.fault(pos, "truncate takes a number from 1 to 10000")
			}
		}
		out.filters = append(out.filters, f)
	}
	return out, nil
}

func (p *parser) cond(s string, pos int) (*cond, error) {
	words := fields(s)
	c := &cond{}
	for len(words) > 0 {
		t := test{path: words[0], pos: pos}
		if !isPath(t.path) {
			return nil, p.fault(pos, "if %s: a value is written like lead.first_name", s)
		}
		words = words[1:]
		if len(words) > 0 && (words[0] == "==" || words[0] == "!=" || words[0] == "contains") {
			if len(words) < 2 {
				return nil, p.fault(pos, "if %s: %s needs something to compare with", s, words[0])
			}
			v, ok := constant(words[1])
			if !ok {
				return nil, p.fault(pos, "if %s: compare with a text in quotes or a number", s)
			}
			t.op, t.want = words[0], v
			words = words[2:]
		}
		c.tests = append(c.tests, t)
		if len(words) == 0 {
			break
		}
		if words[0] != "and" && words[0] != "or" || len(words) == 1 {
			return nil, p.fault(pos, "if %s: join two tests with and, or", s)
		}
		c.join = append(c.join, words[0])
		words = words[1:]
	}
	if len(c.tests) == 0 {
		return nil, p.fault(pos, "an if without a test")
	}
	return c, nil
}

func isPath(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' {
		return false
	}
	for i := range len(s) {
		b := s[i]
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' && i > 0 || b == '_' || b == '.' || b == '-' && i > 0) {
			return false
		}
	}
	return true
}

// constant reads a quoted text or a number.
func constant(s string) (string, bool) {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1], true
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s, true
	}
	return "", false
}

// splitOutside splits at a byte that is not inside quotes.
func splitOutside(s string, sep byte) []string {
	var parts []string
	var quote byte
	from := 0
	for i := range len(s) {
		switch b := s[i]; {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'':
			quote = b
		case b == sep:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// fields splits at spaces that are not inside quotes.
func fields(s string) []string {
	return slices.DeleteFunc(splitOutside(strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "\t", " "), ' '), func(f string) bool { return f == "" })
}
