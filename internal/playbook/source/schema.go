package source

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// The JSON Schema of a playbook's files is what the reader asks of them: while
// it reads a folder in which everything stands, it notes for each value which
// keys it knew, which words, which numbers. Values in one role are put together;
// what the reader never asked stays open. There is no second list of keys.

// note is what was asked of one value.
type note struct {
	keys        []string // of a mapping, all that are known
	words       []string // of a choice
	ranged      bool
	least, most float64
	whole       bool
	single      bool // one stands for a list of one
	named       bool // a list of mappings with names, or a mapping from names
	wording     bool // {fa, en}, or one text
	condition   bool
	texts       bool // a text; a number is taken for one
}

// noted gives the note of a value to write on.
func (r *reader) noted(v *value) *note {
	if !r.noting || v == nil {
		return &note{}
	}
	if v.note == nil {
		v.note = &note{}
	}
	return v.note
}

// Schema gives the JSON Schema (2020-12) of the files of a playbook, for editors
// that complete and check them. It is made of a playbook that uses everything;
// the error is Faults where that one is not good itself. It does not know names
// that files give each other, nor what only the whole can tell: playbook check
// does.
func Schema(full fs.FS) ([]byte, error) {
	r := newReader(nil, false)
	r.noting = true
	r.load(full)
	if len(r.faults) == 0 {
		r.compile(full)
	}
	if len(r.faults) > 0 {
		return nil, r.faults.sorted()
	}
	b := schemas{}
	parts := map[string]any{}
	for _, s := range sections {
		parts[s] = map[string]any{}
		if v := r.sections[s]; v != nil {
			parts[s] = b.of([]*value{v})
		}
	}
	doc := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Files of a Sarnakh playbook",
		"description": "Sections may lie in any file of the folder, each in one.",
		"type":        "object", "properties": parts, "additionalProperties": false,
	}
	if len(b.conditions) > 0 {
		doc["$defs"] = map[string]any{"condition": b.condition()}
	}
	out, err := json.MarshalIndent(doc, "", " ")
	return append(out, '\n'), err
}

// schemas makes schemas of values.
type schemas struct{ conditions []*value }

// of is the schema of values in one role.
func (b *schemas) of(values []*value) map[string]any {
	values = slices.DeleteFunc(slices.Clone(values), func(v *value) bool { return v == nil || v.kind == null })
	var n note
	kinds := map[kind]bool{}
	choices := true
	for _, v := range values {
		kinds[v.kind] = true
		if v.note == nil {
			choices = false
			continue
		}
		n.add(v.note)
		choices = choices && len(v.note.words) > 0
	}
	if n.condition {
		b.conditions = append(b.conditions, values...)
		return map[string]any{"$ref": "#/$defs/condition"}
	}
	if n.wording {
		both := map[string]any{"type": "object", "properties": map[string]any{"fa": textSchema(), "en": textSchema()}, "additionalProperties": false}
		return map[string]any{"anyOf": []any{textSchema(), both}}
	}
	var parts []any
	if kinds[list] || n.single {
		var items []*value
		for _, v := range values {
			items = append(items, v.items...)
			if n.single && v.kind != list {
				items = append(items, v)
			}
		}
		for _, v := range items { // itself, and no list again
			if v.note != nil && v.kind != list {
				v.note.single = false
			}
		}
		item := b.of(items)
		parts = append(parts, map[string]any{"type": "array", "items": item})
		if n.single {
			return oneOf(append(parts, item))
		}
	}
	if n.named {
		items := b.of(slices.Concat(itemsOf(values), pairsOf(values)))
		return oneOf([]any{map[string]any{"type": "array", "items": items}, map[string]any{"type": "object", "additionalProperties": items}})
	}
	if kinds[mapping] || len(n.keys) > 0 {
		parts = append(parts, b.mapping(values, n.keys))
	}
	if kinds[number] && !n.texts {
		s := map[string]any{"type": "number"}
		if n.whole {
			s["type"] = "integer"
		}
		if n.ranged {
			s["minimum"], s["maximum"] = n.least, n.most
		}
		parts = append(parts, s)
	}
	if kinds[text] || n.texts {
		s := textSchema()
		if choices && len(n.words) > 0 {
			s = map[string]any{"enum": anys(n.words)}
		}
		parts = append(parts, s)
	}
	if kinds[yesNo] {
		parts = append(parts, map[string]any{"type": "boolean"})
	}
	return oneOf(parts)
}

func textSchema() map[string]any {
	// YAML reads 5 and 1405 as numbers; where a text is asked they are texts.
	return map[string]any{"type": []any{"string", "number"}}
}

func oneOf(of []any) map[string]any {
	seen := map[string]bool{}
	of = slices.DeleteFunc(of, func(s any) bool {
		doc, _ := json.Marshal(s) // maps of plain values
		again := seen[string(doc)]
		seen[string(doc)] = true
		return again
	})
	switch len(of) {
	case 0:
		return map[string]any{}
	case 1:
		return of[0].(map[string]any)
	}
	return map[string]any{"anyOf": of}
}

// mapping is the schema of mappings: with the keys that the reader knows, or,
// where it asked for none, from names of the marketer's own.
func (b *schemas) mapping(values []*value, keys []string) map[string]any {
	if len(keys) == 0 {
		return map[string]any{"type": "object", "additionalProperties": b.of(pairsOf(values))}
	}
	properties := map[string]any{}
	for _, key := range keys {
		var under []*value
		for _, v := range values {
			under = append(under, v.get(key))
		}
		properties[key] = b.of(under)
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}

// condition is the schema of all conditions: fields of any name, what they are
// compared with, and conditions under any, all and none.
func (b *schemas) condition() map[string]any {
	scalar := map[string]any{"type": []any{"string", "number", "boolean"}}
	values := map[string]any{"anyOf": []any{scalar, map[string]any{"type": "array", "items": scalar}}}
	comparisons := map[string]any{}
	for _, op := range append(slices.Sorted(maps.Keys(ops)), "list") {
		comparisons[op] = values
	}
	comparisons["exists"] = map[string]any{"type": "boolean"}
	under := map[string]any{"type": "array", "items": map[string]any{"$ref": "#/$defs/condition"}}
	return map[string]any{
		"type": "object", "properties": map[string]any{"all": under, "any": under, "none": under},
		"additionalProperties": map[string]any{"anyOf": []any{scalar, map[string]any{"type": "array", "items": scalar},
			map[string]any{"type": "object", "properties": comparisons, "additionalProperties": false, "minProperties": 1, "maxProperties": 1}}},
	}
}

func (n *note) add(o *note) {
	n.keys = union(n.keys, o.keys)
	n.words = union(n.words, o.words)
	if o.ranged {
		if !n.ranged {
			n.least, n.most = o.least, o.most
		}
		n.ranged, n.least, n.most = true, min(n.least, o.least), max(n.most, o.most)
	}
	n.whole, n.single, n.named = n.whole || o.whole, n.single || o.single, n.named || o.named
	n.wording, n.condition, n.texts = n.wording || o.wording, n.condition || o.condition, n.texts || o.texts
}

func union(a, b []string) []string {
	a = append(slices.Clone(a), b...)
	slices.Sort(a)
	return slices.Compact(a)
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = strings.TrimSpace(s)
	}
	return out
}

func itemsOf(values []*value) (out []*value) {
	for _, v := range values {
		out = append(out, v.items...)
	}
	return out
}

func pairsOf(values []*value) (out []*value) {
	for _, v := range values {
		for _, p := range v.pairs {
			out = append(out, p.value)
		}
	}
	return out
}
