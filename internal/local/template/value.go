package template

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A value is one node of the template that remembers its line. Short
// intrinsics (!Ref x) are read as their long form ({Ref: x}), so that the
// resolver knows one spelling.
type value struct {
	line   int
	kind   kind
	text   string // of a scalar, as it was written
	list   []*value
	fields []field // of a map, in order
}

type field struct {
	name  string
	line  int
	value *value
}

type kind int

const (
	null kind = iota
	text
	number
	boolean
	list
	mapping
)

func (k kind) String() string {
	return [...]string{"nothing", "text", "a number", "true or false", "a list", "a map"}[k]
}

func (v *value) field(name string) *value {
	if v == nil {
		return nil
	}
	for _, f := range v.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

func textAt(line int, s string) *value { return &value{line: line, kind: text, text: s} }

// LineError is a fault at a line of the template.
type LineError struct {
	Line int
	Text string
}

func (e *LineError) Error() string { return fmt.Sprintf("template line %d: %s", e.Line, e.Text) }

func faultf(line int, format string, args ...any) error {
	return &LineError{Line: line, Text: fmt.Sprintf(format, args...)}
}

// readYAML uses go.yaml.in/yaml, not goccy/go-yaml, because the latter stops at
// a quoted short intrinsic inside braces: {ArnEquals: !Sub "…"}.
func readYAML(source []byte) (*value, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, faultf(second.Line, "a template is one YAML document, here a second one begins")
	}
	if len(document.Content) != 1 {
		return nil, faultf(1, "the template is empty")
	}
	return readNode(document.Content[0])
}

func readNode(n *yaml.Node) (*value, error) {
	if n.Kind == yaml.AliasNode {
		return readNode(n.Alias)
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return readTagged(n)
	}
	return readPlain(n)
}

func readPlain(n *yaml.Node) (*value, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		v := &value{line: n.Line, kind: text, text: n.Value}
		switch n.ShortTag() {
		case "!!null":
			v.kind, v.text = null, ""
		case "!!bool":
			if b, err := strconv.ParseBool(n.Value); err == nil { // yes and on stay text, as in YAML 1.2
				v.kind, v.text = boolean, strconv.FormatBool(b)
			}
		case "!!int", "!!float":
			v.kind = number
		}
		return v, nil
	case yaml.SequenceNode:
		out := &value{line: n.Line, kind: list}
		for _, item := range n.Content {
			v, err := readNode(item)
			if err != nil {
				return nil, err
			}
			out.list = append(out.list, v)
		}
		return out, nil
	case yaml.MappingNode:
		out := &value{line: n.Line, kind: mapping}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if out.field(key.Value) != nil {
				return nil, faultf(key.Line, "%s is there twice", key.Value)
			}
			if key.Kind != yaml.ScalarNode || key.Value == "<<" {
				return nil, faultf(key.Line, "a key of a template is plain text")
			}
			v, err := readNode(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			out.fields = append(out.fields, field{name: key.Value, line: key.Line, value: v})
		}
		return out, nil
	}
	return nil, faultf(n.Line, "this is nothing a template has")
}

func readTagged(n *yaml.Node) (*value, error) {
	name := strings.TrimPrefix(n.Tag, "!")
	plain := *n
	plain.Tag = ""
	if n.Kind == yaml.ScalarNode {
		plain.Tag = "!!str" // !Ref 123 names a thing, not a number
	}
	inner, err := readPlain(&plain)
	if err != nil {
		return nil, err
	}
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	return &value{line: n.Line, kind: mapping, fields: []field{{name: name, line: n.Line, value: inner}}}, nil
}
