// Package template reads a SAM template for a run on this machine.
//
// Every resource type and every property is either understood, or on a short
// list of things that mean nothing here (and is reported as such), or an error
// with its line: a template never behaves differently here in silence.
package template

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Template is a template with its parameters set.
type Template struct {
	Path       string
	root       *value
	parameters map[string]*value
	conditions map[string]*value
	resources  []*resource
}

type resource struct {
	id, kind   string
	line       int
	condition  string
	properties *value
}

// Load reads the template at path; overrides are values for its parameters.
func Load(path string, overrides map[string]string) (*Template, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	t, err := Parse(source, overrides)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.Path = path
	return t, nil
}

// Parse is Load for a template in memory.
func Parse(source []byte, overrides map[string]string) (*Template, error) {
	root, err := readYAML(source)
	if err != nil {
		return nil, err
	}
	t := &Template{root: root, parameters: map[string]*value{}, conditions: map[string]*value{}}
	var faults []error
	for _, f := range root.fields {
		switch f.name {
		case "AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Globals", "Resources", "Outputs", "Rules":
		default:
			faults = append(faults, faultf(f.line, "a template has no section %s", f.name))
		}
	}
	faults = append(faults, t.readParameters(overrides)...)
	if conditions := root.field("Conditions"); conditions != nil {
		for _, f := range conditions.fields {
			t.conditions[f.name] = f.value
		}
	}
	faults = append(faults, t.readGlobalsAndResources()...)
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Template) readParameters(overrides map[string]string) (faults []error) {
	left := map[string]string{}
	for k, v := range overrides {
		left[k] = v
	}
	section := t.root.field("Parameters")
	if section != nil {
		for _, f := range section.fields {
			v := f.value.field("Default")
			if given, ok := left[f.name]; ok {
				v = textAt(f.line, given)
				delete(left, f.name)
			}
			if v == nil {
				faults = append(faults, faultf(f.line, "parameter %s has no default and was given no value", f.name))
				continue
			}
			kindOf := f.value.field("Type")
			if kindOf != nil && (kindOf.text == "CommaDelimitedList" || strings.HasPrefix(kindOf.text, "List<")) {
				out := &value{line: v.line, kind: list, text: v.text}
				if v.text != "" {
					for _, part := range strings.Split(v.text, ",") {
						out.list = append(out.list, textAt(v.line, strings.TrimSpace(part)))
					}
				}
				v = out
			} else if kindOf != nil && kindOf.text == "String" {
				v = textAt(v.line, v.text)
			}
			if allowed := f.value.field("AllowedValues"); allowed != nil {
				if !slices.ContainsFunc(allowed.list, func(a *value) bool { return a.text == v.text }) {
					faults = append(faults, faultf(f.line, "parameter %s may not be %q", f.name, v.text))
				}
			}
			t.parameters[f.name] = v
		}
	}
	for name := range left {
		faults = append(faults, fmt.Errorf("a value was given for %s, which is no parameter of the template", name))
	}
	return faults
}

func (t *Template) readGlobalsAndResources() (faults []error) {
	globals := map[string]*value{}
	if section := t.root.field("Globals"); section != nil {
		for _, f := range section.fields {
			switch f.name {
			case "Function", "HttpApi":
				globals["AWS::Serverless::"+f.name] = f.value
			default:
				faults = append(faults, faultf(f.line, "the local run does not know Globals of %s", f.name))
			}
		}
	}
	section := t.root.field("Resources")
	if section == nil {
		return append(faults, faultf(1, "the template has no Resources"))
	}
	for _, f := range section.fields {
		res := &resource{id: f.name, line: f.line}
		for _, part := range f.value.fields {
			switch part.name {
			case "Type":
				res.kind = part.value.text
			case "Condition":
				res.condition = part.value.text
			case "Properties":
				res.properties = part.value
			case "DependsOn", "Metadata", "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy":
			default:
				faults = append(faults, faultf(part.line, "%s: a resource has no %s", f.name, part.name))
			}
		}
		if res.kind == "" {
			faults = append(faults, faultf(f.line, "%s has no Type", f.name))
		}
		if res.properties == nil || res.properties.kind == null {
			res.properties = &value{line: f.line, kind: mapping}
		}
		if g := globals[res.kind]; g != nil {
			res.properties = merge(g, res.properties)
		}
		t.resources = append(t.resources, res)
	}
	return faults
}

// merge lays own over global as SAM does: maps are merged, lists are joined
// with the global ones first, everything else is replaced.
func merge(global, own *value) *value {
	if isIntrinsic(global) || isIntrinsic(own) {
		return own
	}
	if global.kind == list && own.kind == list {
		return &value{line: own.line, kind: list, list: slices.Concat(global.list, own.list)}
	}
	if global.kind != mapping || own.kind != mapping {
		return own
	}
	out := &value{line: own.line, kind: mapping}
	for _, f := range global.fields {
		if mine := own.field(f.name); mine != nil {
			f.value = merge(f.value, mine)
		}
		out.fields = append(out.fields, f)
	}
	for _, f := range own.fields {
		if global.field(f.name) == nil {
			out.fields = append(out.fields, f)
		}
	}
	return out
}

func isIntrinsic(v *value) bool {
	return v.kind == mapping && len(v.fields) == 1 && (v.fields[0].name == "Ref" || strings.HasPrefix(v.fields[0].name, "Fn::"))
}

func (t *Template) resource(id string) *resource {
	for _, r := range t.resources {
		if r.id == id {
			return r
		}
	}
	return nil
}
