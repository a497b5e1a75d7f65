package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// filter is one event pattern, as event source mappings have them.
type filter struct{ match func(event any) bool }

func (f filter) matches(event any) bool { return f.match(event) }

func unmarshalNumbers(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return d.Decode(v)
}

func compileFilters(patterns []string) ([]filter, error) {
	var out []filter
	for _, p := range patterns {
		var v map[string]any
		if err := unmarshalNumbers([]byte(p), &v); err != nil {
			return nil, fmt.Errorf("filter %s: %w", p, err)
		}
		match, err := compileObject(v)
		if err != nil {
			return nil, fmt.Errorf("filter %s: %w", p, err)
		}
		out = append(out, filter{match})
	}
	return out, nil
}

type test func(value any) bool

func compileObject(pattern map[string]any) (test, error) {
	type part struct {
		name  string
		field func(v any, there bool) bool
	}
	var parts []part
	for name, p := range pattern {
		if list, ok := p.([]any); ok && name == "$or" {
			var either []test
			for _, item := range list {
				object, ok := item.(map[string]any)
				if !ok {
					return nil, fmt.Errorf("$or is a list of patterns")
				}
				one, err := compileObject(object)
				if err != nil {
					return nil, err
				}
				either = append(either, one)
			}
			parts = append(parts, part{"", func(v any, _ bool) bool {
				return slices.ContainsFunc(either, func(t test) bool { return t(v) })
			}})
			continue
		}
		switch p := p.(type) {
		case map[string]any:
			inner, err := compileObject(p)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			parts = append(parts, part{name, func(v any, _ bool) bool { return inner(v) }})
		case []any:
			inner, err := compileList(p)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			parts = append(parts, part{name, inner})
		default:
			return nil, fmt.Errorf("%s: a pattern ends in a list", name)
		}
	}
	var whole test
	whole = func(event any) bool {
		if list, ok := event.([]any); ok { // any element may match
			return slices.ContainsFunc(list, func(e any) bool { return whole(e) })
		}
		object, _ := event.(map[string]any)
		for _, p := range parts {
			if p.name == "" {
				if !p.field(event, true) {
					return false
				}
				continue
			}
			v, there := object[p.name]
			if !p.field(v, there) {
				return false
			}
		}
		return true
	}
	return whole, nil
}

// compileList is the list at the end of a path: one of them has to hold.
func compileList(list []any) (func(v any, there bool) bool, error) {
	var tests []func(v any, there bool) bool
	for _, item := range list {
		t, err := compileTest(item)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return func(v any, there bool) bool {
		for _, t := range tests {
			if many, ok := v.([]any); ok && there {
				if slices.ContainsFunc(many, func(e any) bool { return t(e, true) }) {
					return true
				}
			} else if t(v, there) {
				return true
			}
		}
		return false
	}, nil
}

func compileTest(item any) (func(v any, there bool) bool, error) {
	rule, ok := item.(map[string]any)
	if !ok {
		return func(v any, there bool) bool { return there && equal(item, v) }, nil
	}
	if len(rule) != 1 {
		return nil, fmt.Errorf("a rule has one name, this has %d", len(rule))
	}
	onText := func(hold func(s, want string) bool, arg any) (func(any, bool) bool, error) {
		want, ok := arg.(string)
		if !ok {
			return nil, fmt.Errorf("the rule takes text, not %v", arg)
		}
		return func(v any, there bool) bool { s, ok := v.(string); return there && ok && hold(s, want) }, nil
	}
	for name, arg := range rule {
		switch name {
		case "exists":
			want, ok := arg.(bool)
			if !ok {
				return nil, fmt.Errorf("exists takes true or false")
			}
			return func(v any, there bool) bool {
				_, object := v.(map[string]any) // only leaves exist
				return (there && !object) == want
			}, nil
		case "prefix":
			return onText(strings.HasPrefix, arg)
		case "suffix":
			return onText(strings.HasSuffix, arg)
		case "equals-ignore-case":
			return onText(strings.EqualFold, arg)
		case "numeric":
			return numeric(arg)
		case "anything-but":
			not, ok := arg.([]any)
			if !ok {
				not = []any{arg}
			}
			inner, err := compileList(not)
			if err != nil {
				return nil, err
			}
			return func(v any, there bool) bool { return there && !inner(v, there) }, nil
		default:
			return nil, fmt.Errorf("the local run does not know the rule %q", name)
		}
	}
	return nil, fmt.Errorf("an empty rule") // unreachable: it has one name
}

func equal(want, got any) bool {
	if a, ok := want.(json.Number); ok {
		b, ok := got.(json.Number)
		if !ok {
			return false
		}
		x, err1 := a.Float64()
		y, err2 := b.Float64()
		return err1 == nil && err2 == nil && x == y
	}
	switch got.(type) {
	case map[string]any, []any:
		return false
	}
	return want == got
}

func numeric(arg any) (func(v any, there bool) bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) == 0 || len(list)%2 != 0 {
		return nil, fmt.Errorf("numeric takes [operator, number, …]")
	}
	type bound struct {
		op string
		n  float64
	}
	var bounds []bound
	for i := 0; i < len(list); i += 2 {
		op, _ := list[i].(string)
		number, isNumber := list[i+1].(json.Number)
		n, err := number.Float64()
		if !isNumber || err != nil || !slices.Contains([]string{"=", "<", "<=", ">", ">="}, op) {
			return nil, fmt.Errorf("numeric does not know %v %v", list[i], list[i+1])
		}
		bounds = append(bounds, bound{op, n})
	}
	return func(v any, there bool) bool {
		number, ok := v.(json.Number) // the numbers of DynamoDB are text, and none of these rules is for them
		x, err := number.Float64()
		if !there || !ok || err != nil {
			return false
		}
		for _, b := range bounds {
			holds := b.op == "=" && x == b.n || b.op == "<" && x < b.n || b.op == "<=" && x <= b.n || b.op == ">" && x > b.n || b.op == ">=" && x >= b.n
			if !holds {
				return false
			}
		}
		return true
	}, nil
}
