package form

import "fmt"

// Node is a piece of a body, whatever it came as. Numbers and ids are kept as
// the text that was sent: an id of 20 digits must not become a float.
type Node struct {
	Kind    Kind
	Text    string   // Scalar
	Items   []Node   // List
	Members []Member // Map, in the order sent
	// Repeated marks a list that was made of one key posted several times.
	Repeated bool
	// Number and Bool tell a scalar that was not sent as text.
	Number, Bool bool
}

// Kind is the shape of a node.
type Kind uint8

// The shapes.
const (
	Null Kind = iota
	Scalar
	List
	Map
)

// Member is one entry of a map.
type Member struct {
	Key string
	Node
}

// Limits of a body. What people and form builders send lies far below.
const (
	MaxBody  = 64 << 10
	maxDepth = 20
	maxKeys  = 100  // of one map
	maxNodes = 2000 // of a body
	maxValue = 10_000
	maxName  = 200
)

// Get gives a member, and whether it is there.
func (n *Node) Get(key string) (*Node, bool) {
	if n.Kind == Map {
		for i := range n.Members {
			if n.Members[i].Key == key {
				return &n.Members[i].Node, true
			}
		}
	}
	return nil, false
}

// add sets a path of keys below a map. An empty key means: the next in a list
// ("tags[]"). What is already there makes a repeated list.
func (n *Node) add(path []string, value Node, b *budget) error {
	if err := b.take(); err != nil {
		return err
	}
	if len(path) == 0 {
		switch {
		case n.Kind == Null:
			*n = value
		case n.Kind == List && n.Repeated:
			n.Items = append(n.Items, value)
		case n.Kind == Scalar:
			*n = Node{Kind: List, Repeated: true, Items: []Node{*n, value}}
		default:
			return fault("shape", "a key is used for a value and for a group")
		}
		return nil
	}
	key := path[0]
	if key == "" { // a list: only values stand in it
		if len(path) > 1 || (n.Kind != Null && n.Kind != List) {
			return fault("shape", "brackets without a name may only stand at the end of a key")
		}
		n.Kind = List
		n.Items = append(n.Items, value)
		return nil
	}
	if n.Kind == Null {
		n.Kind = Map
	}
	if n.Kind != Map {
		return fault("shape", "a key is used for a value and for a group")
	}
	child, ok := n.Get(key)
	if !ok {
		if len(n.Members) >= maxKeys {
			return fault("too_many_fields", fmt.Sprintf("more than %d fields", maxKeys))
		}
		n.Members = append(n.Members, Member{Key: key})
		child = &n.Members[len(n.Members)-1].Node
	}
	return child.add(path[1:], value, b)
}

// budget bounds the nodes of one body.
type budget struct{ left int }

func (b *budget) take() error {
	if b.left--; b.left < 0 {
		return fault("too_many_fields", "the body has too many values")
	}
	return nil
}
