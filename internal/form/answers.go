package form

import "strings"

// answer is one thing that was said, and all names under which it may be known.
type answer struct {
	names    []string
	kind     string // what a form builder calls its type: email, phone_number, …
	values   []string
	null     bool // null was sent
	group    bool // not a value: a group nobody reads
	repeated bool // one key, several values, in a body where that is not a list
	number   bool // sent as a JSON number
	boolean  bool
	used     bool
}

// answers flattens a tree. A list of entries such as {"name": …, "value": …}
// gives one answer an entry, whatever the form builder calls the two.
func answers(root *Node) []answer {
	var all []answer
	collect(&all, "", root, 0)
	return all
}

func collect(all *[]answer, path string, n *Node, depth int) {
	if depth > maxDepth {
		return // unreachable: bodies are no deeper
	}
	switch n.Kind {
	case Map:
		for i := range n.Members {
			m := &n.Members[i]
			names := []string{m.Key}
			if path != "" {
				names = []string{path + "." + m.Key, m.Key}
			}
			if values, ok := scalars(&m.Node); ok {
				*all = append(*all, answer{
					names: names, values: values, null: m.Kind == Null, repeated: m.Repeated,
					number: m.Number, boolean: m.Bool,
				})
				continue
			}
			before := len(*all)
			collect(all, names[0], &m.Node, depth+1)
			if len(*all) == before || depth == 0 {
				*all = append(*all, answer{names: names, group: true})
			}
		}
	case List:
		for i := range n.Items {
			if a, ok := entry(&n.Items[i]); ok {
				*all = append(*all, a)
			} else {
				collect(all, path, &n.Items[i], depth+1)
			}
		}
	}
}

// scalars gives the values of a scalar or of a list of nothing else.
func scalars(n *Node) ([]string, bool) {
	switch n.Kind {
	case Null:
		return nil, true
	case Scalar:
		return []string{n.Text}, true
	case List:
		var values []string
		for _, item := range n.Items {
			if item.Kind != Scalar {
				return nil, false
			}
			values = append(values, item.Text)
		}
		return values, true
	}
	return nil, false
}

// Where entries of name-value lists keep the two: HubSpot, Facebook, LinkedIn,
// Typeform, Tally, Google Ads and their like.
var (
	nameKeys  = []string{"name", "key", "id", "ref", "column_id", "field_id", "question_id", "label", "title", "question", "column_name"}
	valueKeys = []string{"value", "values", "answer", "string_value", "text", "email", "phone_number", "number", "boolean", "date", "url"}
)

// entry reads one entry of a name-value list.
func entry(n *Node) (answer, bool) {
	var a answer
	if n.Kind != Map {
		return a, false
	}
	name := func(from *Node) {
		for _, k := range nameKeys {
			if v, ok := from.Get(k); ok && v.Kind == Scalar && v.Text != "" {
				a.names = append(a.names, v.Text)
			}
		}
	}
	name(n)
	if t, ok := n.Get("type"); ok {
		a.kind = t.Text
	}
	if field, ok := n.Get("field"); ok { // Typeform: the answer points to its question
		name(field)
		if a.kind == "" {
			if t, ok := field.Get("type"); ok {
				a.kind = t.Text
			}
		}
	}
	if len(a.names) == 0 {
		return a, false
	}
	keys := valueKeys
	if a.kind != "" {
		keys = append([]string{a.kind}, valueKeys...)
	}
	for _, k := range keys {
		v, ok := n.Get(k)
		if !ok || v.Kind == Null {
			continue
		}
		if values, ok := scalars(v); ok {
			a.values, a.number, a.boolean = values, v.Number, v.Bool
			return a, true
		}
		for _, inner := range []string{"label", "labels", "text"} { // {"choice": {"label": …}}
			if w, ok := v.Get(inner); ok {
				if values, ok := scalars(w); ok {
					a.values = values
					return a, true
				}
			}
		}
	}
	_, hasValue := n.Get("value")
	return a, hasValue // null: asked and not answered
}

// dig follows a path such as "data.fields".
func dig(n *Node, path string) *Node {
	for key := range strings.SplitSeq(path, ".") {
		child, ok := n.Get(key)
		if !ok {
			return nil
		}
		n = child
	}
	return n
}
