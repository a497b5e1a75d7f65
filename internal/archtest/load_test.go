package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v4"
)

// template is template.yaml as plain maps, lists and scalars; intrinsics in their long form.
type template struct {
	source    map[string]any // as written
	resources map[string]any // as CloudFormation gets them; as written when expanded is false
	expanded  bool
}

// The template is read and expanded once for all tests.
var load = sync.OnceValues(func() (*template, error) {
	text, err := os.ReadFile(root + "/template.yaml")
	if err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, fmt.Errorf("template.yaml: %w", err)
	}
	v, err := plain(node.Content[0])
	if err != nil {
		return nil, fmt.Errorf("template.yaml: %w", err)
	}
	t := &template{source: v.(map[string]any)}
	t.resources = t.source["Resources"].(map[string]any)

	python := root + "/.local/sam/venv/bin/python"
	if _, err := os.Stat(python); err != nil {
		return t, nil // sees says what that leaves out
	}
	c := exec.Command(python, root+"/infra/sam/expand.py", root+"/template.yaml")
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("expand template.yaml: %w\n%s", err, complaint.String())
	}
	var expanded struct{ Resources map[string]any }
	if err := json.Unmarshal(out, &expanded); err != nil {
		return nil, fmt.Errorf("expand template.yaml: %w", err)
	}
	t.resources, t.expanded = expanded.Resources, true
	return t, nil
})

func read(t *testing.T) *template {
	t.Helper()
	v, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// expand is read for tests of what SAM makes out of the template, which need SAM's translator.
func expand(t *testing.T) *template {
	t.Helper()
	v := read(t)
	if v.expanded {
		return v
	}
	const how = "left out: what SAM makes of the template (event sources, permissions, schedules); its translator comes with: infra/sam/sam.sh setup"
	if os.Getenv("CI") == "true" {
		t.Fatal(how)
	}
	t.Skip(how)
	return nil
}

func plain(n *yaml.Node) (any, error) {
	if tag := n.Tag; strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		inner := *n
		inner.Tag = ""
		if n.Kind == yaml.ScalarNode {
			inner.Tag = "!!str"
		}
		v, err := plain(&inner)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(tag, "!")
		switch {
		case name == "GetAtt":
			if s, ok := v.(string); ok {
				id, attribute, _ := strings.Cut(s, ".")
				v = []any{id, attribute}
			}
			name = "Fn::GetAtt"
		case name != "Ref" && name != "Condition":
			name = "Fn::" + name
		}
		return map[string]any{name: v}, nil
	}
	switch n.Kind {
	case yaml.ScalarNode:
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, err
		}
		if i, ok := v.(int); ok {
			return float64(i), nil // as JSON has it
		}
		return v, nil
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			v, err := plain(c)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := plain(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			out[n.Content[i].Value] = v
		}
		return out, nil
	}
	return nil, errors.New("aliases are not for templates")
}

// at walks down maps; nil where the way ends.
func at(v any, way ...string) any {
	for _, w := range way {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[w]
	}
	return v
}

func text(v any, way ...string) string { s, _ := at(v, way...).(string); return s }

func number(v any, way ...string) float64 { f, _ := at(v, way...).(float64); return f }

func list(v any, way ...string) []any { l, _ := at(v, way...).([]any); return l }

// each gives the resources of a type, by logical id; the test fails when there is none.
func (v *template) each(t *testing.T, kind string, f func(id string, properties, resource map[string]any)) {
	t.Helper()
	found := false
	for id, r := range v.resources {
		if text(r, "Type") != kind {
			continue
		}
		found = true
		p, _ := at(r, "Properties").(map[string]any)
		f(id, p, r.(map[string]any))
	}
	if !found {
		t.Errorf("the template has no %s", kind)
	}
}

// of gives the logical id that a Ref or GetAtt names.
func of(v any) string {
	if s := text(v, "Ref"); s != "" {
		return s
	}
	if l := list(v, "Fn::GetAtt"); len(l) > 0 {
		s, _ := l[0].(string)
		return s
	}
	return ""
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
