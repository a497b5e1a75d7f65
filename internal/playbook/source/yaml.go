package source

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of the files of a playbook.
const (
	maxFile  = 1 << 20
	maxDepth = 12     // lists and mappings inside each other
	maxNodes = 60_000 // values of one file
	maxKeys  = 16_000 // keys of one file: the largest set of signals has fewer
	maxText  = 4 << 10
)

type kind uint8

const (
	null kind = iota
	text
	number
	yesNo
	list
	mapping
)

func (k kind) String() string {
	return [...]string{"nothing", "a text", "a number", "true or false", "a list", "a mapping"}[k]
}

// place is where something stands.
type place struct {
	file      string
	line, col int
}

// value is one YAML value with its place. Scalars keep the words as written.
type value struct {
	place
	kind   kind
	text   string
	number float64
	yes    bool
	items  []*value
	pairs  []pair
	note   *note // what the reader asked of it, while it notes that
}

type pair struct {
	place
	key   string
	value *value
}

// get finds the value under a key, nil where there is none.
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	for i := range v.pairs {
		if v.pairs[i].key == key {
			return v.pairs[i].value
		}
	}
	return nil
}

// parse reads one file. Anchors, tags, merge keys and several documents are
// refused: a playbook needs none of them, and a reader would have to think.
func (r *reader) parse(file string, src []byte) (v *value) {
	at := place{file, 1, 1}
	switch {
	case len(src) > maxFile:
		r.fault(at, fmt.Sprintf("the file has %d bytes", len(src)), fmt.Sprintf("at most %d are possible", maxFile))
		return nil
	case !utf8.Valid(src):
		r.fault(at, "the file is not UTF-8", "save it as UTF-8")
		return nil
	case tooMany(src):
		// Said before the parser sees it: its time grows with the square of keys.
		r.fault(at, "the file is too large", fmt.Sprintf("at most %d keys and %d values are possible", maxKeys, maxNodes))
		return nil
	case tooDeep(src):
		r.fault(at, "lists or mappings nest too deep", fmt.Sprintf("at most %d are possible", maxDepth))
		return nil
	}
	defer func() {
		// The parser is not ours; what it cannot read must not end the tool.
		if p := recover(); p != nil {
			r.fault(at, "this is not YAML", "check brackets, quotes and indentation")
			v = nil
		}
	}()
	f, err := parser.ParseBytes(src, 0)
	if err != nil {
		r.fault(placeOf(file, err), "this is not YAML: "+short(err), "check brackets, quotes and indentation")
		return nil
	}
	c := converter{reader: r, file: file}
	for _, d := range f.Docs {
		if d.Body == nil || d.Body.Type() == ast.CommentType {
			continue
		}
		if v != nil {
			r.fault(c.place(d.Body), "a second document begins", "one file holds one document")
			return v
		}
		v = c.value(d.Body, 0)
	}
	return v
}

// tooDeep bounds what the parser would recurse into, before it does.
func tooDeep(src []byte) bool {
	depth := 0
	for _, c := range src {
		switch c {
		case '[', '{':
			if depth++; depth > 1000 {
				return true
			}
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	for line := range strings.Lines(string(src)) {
		t := strings.TrimLeft(line, " ")
		if len(line)-len(t) > 1000 || strings.Count(line, "- ") > 1000 || strings.Count(line, "? ") > 1000 {
			return true
		}
	}
	return false
}

// tooMany bounds keys and values by what separates them. Words of a text that
// look like separators are counted too: no playbook comes near the limits.
func tooMany(src []byte) bool {
	keys, values := 0, 0
	for i, c := range src {
		ends := i+1 == len(src) || src[i+1] == ' ' || src[i+1] == '\n' || src[i+1] == '\r'
		switch {
		case c == ':' && ends:
			keys++
		case c == ',' || c == '-' && ends:
			values++
		}
	}
	return keys > maxKeys || keys+values > maxNodes
}

// placeOf reads "[3:7] …" from the parser's error.
func placeOf(file string, err error) place {
	p := place{file, 1, 1}
	s := err.Error()
	if i := strings.IndexByte(s, '['); i >= 0 {
		_, _ = fmt.Sscanf(s[i:], "[%d:%d]", &p.line, &p.col)
	}
	return p
}

func short(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	if _, after, ok := strings.Cut(s, "] "); ok {
		s = after
	}
	return clip(s)
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

type converter struct {
	*reader
	file  string
	nodes int
}

func (c *converter) place(n ast.Node) place {
	p := place{c.file, 1, 1}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.line, p.col = t.Position.Line, t.Position.Column
	}
	return p
}

// value converts one node; nil after a fault.
func (c *converter) value(n ast.Node, depth int) *value {
	if n == nil {
		return &value{place: place{c.file, 1, 1}}
	}
	v := &value{place: c.place(n)}
	if c.nodes++; c.nodes > maxNodes || depth > maxDepth {
		if c.nodes <= maxNodes+1 {
			c.fault(v.place, "the file is too large or nests too deep", fmt.Sprintf("at most %d values and %d levels are possible", maxNodes, maxDepth))
			c.nodes = maxNodes + 1
		}
		return nil
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		v.kind = mapping
		for _, p := range n.Values {
			c.pair(v, p, depth)
		}
		if len(n.Values) > 0 {
			v.place = c.place(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		v.kind = mapping
		c.pair(v, n, depth)
		v.place = c.place(n.Key)
	case *ast.SequenceNode:
		v.kind = list
		for _, item := range n.Values {
			if i := c.value(item, depth+1); i != nil {
				v.items = append(v.items, i)
			}
		}
	case *ast.NullNode:
	case *ast.BoolNode:
		v.kind, v.yes, v.text = yesNo, n.Value, n.String()
	case *ast.IntegerNode, *ast.FloatNode:
		v.kind, v.text = number, n.GetToken().Value
		f, err := strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64)
		if i, e := strconv.ParseInt(strings.ReplaceAll(v.text, "_", ""), 0, 64); e == nil {
			f, err = float64(i), nil
		}
		if v.number = f; err != nil || math.IsInf(f, 0) || math.Abs(f) > 1<<53 {
			c.fault(v.place, "the number cannot be kept exactly", "write a smaller one, or put it into quotes")
		}
	case *ast.StringNode:
		v.kind, v.text = text, n.Value
	case *ast.LiteralNode:
		v.kind, v.text = text, n.Value.Value
	default:
		c.fault(v.place, fmt.Sprintf("YAML's %s is not used in a playbook", n.Type()), "write the value itself")
		return nil
	}
	if v.kind == text {
		c.checkText(v)
	}
	return v
}

func (c *converter) checkText(v *value) {
	if len(v.text) > maxText {
		c.fault(v.place, fmt.Sprintf("the text has %d bytes", len(v.text)), fmt.Sprintf("at most %d are possible", maxText))
		v.text = ""
	}
	for _, r := range v.text {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			c.fault(v.place, "the text holds a control character", "type it again")
			return
		}
	}
}

func (c *converter) pair(v *value, p *ast.MappingValueNode, depth int) {
	at := c.place(p.Key)
	k, ok := p.Key.(ast.Node)
	key := ""
	switch k := k.(type) {
	case *ast.StringNode:
		key = k.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		key = k.GetToken().Value
	default:
		ok = false
	}
	if !ok || p.Key.GetToken().Type == token.MergeKeyType || len(key) > maxText {
		c.fault(at, "the key is no plain word", "write a name")
		return
	}
	for i := range v.pairs {
		if v.pairs[i].key == key {
			c.fault(at, fmt.Sprintf("%s stands twice", clip(key)), fmt.Sprintf("the first is in line %d", v.pairs[i].line))
			return
		}
	}
	if child := c.value(p.Value, depth+1); child != nil {
		if child.kind == null || child.line == 1 && child.col == 1 && at.line > 1 {
			child.place = at
		}
		v.pairs = append(v.pairs, pair{at, key, child})
	}
}
