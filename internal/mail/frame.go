package mail

import (
	"slices"
	"strconv"
	"strings"
)

// Frame is a template as a bulk call takes it: what everybody gets stands once,
// and {{s0}}, {{h0}}, {{t0}} … mark the places in subject, HTML and text that
// are filled for each person. It belongs to one Compiled and is compared by
// address.
type Frame struct {
	Content
	slots []slot
}

// slot is one place: a node of the template, and what its neighbours may not
// hold themselves (see Compiled.frame).
type slot struct {
	name          string
	node          *node // nil where the place is always the same
	escape        func(string) string
	before, after string
}

// Sheet is a rendered mail in pieces: the frame, and what fills it, by slot.
type Sheet struct {
	Frame  *Frame
	Values []string
}

// Names gives the names of the slots, in the order of a sheet's values.
func (f *Frame) Names() []string {
	names := make([]string, len(f.slots))
	for i := range f.slots {
		names[i] = f.slots[i].name
	}
	return names
}

// Plain tells whether a bulk call can carry the sheet as it is. A value that
// itself looks like a place to fill goes singly, whatever the provider would
// make of it.
func (s *Sheet) Plain() bool {
	for _, v := range s.Values {
		if strings.Contains(v, "{{") {
			return false
		}
	}
	return true
}

// frame takes a template apart. A brace or a backslash beside a place would be
// read as a part of it, so it moves into the value; so does a text that holds
// two braces.
//
// With shared, links that stand alone are one place in all parts: only for
// addresses that are the same escaped and not.
func (c *Compiled) frame(shared bool) *Frame {
	f := &Frame{}
	for _, part := range []struct {
		letter string
		nodes  []node
		escape func(string) string
		to     *string
	}{{"s", c.subject, oneLine, &f.Subject}, {"h", c.html, escapeHTML, &f.HTML}, {"t", c.text, plain, &f.Text}} {
		var b strings.Builder
		count, beside := 0, false
		place := func(n *node, before string) {
			count++
			f.slots = append(f.slots, slot{name: part.letter + strconv.Itoa(count), node: n, escape: part.escape, before: before})
			b.WriteString("{{" + f.slots[len(f.slots)-1].name + "}}")
			beside = true
		}
		held := "" // the end of the text before, which the next place takes
		for i := range part.nodes {
			n := &part.nodes[i]
			if n.out != nil && shared && held == "" && c.loneLink(part.nodes, i) {
				name := n.out.path
				if !slices.ContainsFunc(f.slots, func(s slot) bool { return s.name == name }) {
					f.slots = append(f.slots, slot{name: name, node: n, escape: func(s string) string { return s }})
				}
				b.WriteString("{{" + name + "}}")
				beside = false
				continue
			}
			if n.out != nil || n.branches != nil {
				place(n, held)
				held = ""
				continue
			}
			text := held + n.text
			held = ""
			if beside {
				rest := strings.TrimLeft(text, "}")
				f.slots[len(f.slots)-1].after += text[:len(text)-len(rest)]
				text = rest
			}
			if i+1 < len(part.nodes) {
				kept := strings.TrimRight(text, `{\`)
				text, held = kept, text[len(kept):]
			}
			if strings.Contains(text, "{{") {
				place(nil, text)
				continue
			}
			b.WriteString(text)
			beside = beside && text == ""
		}
		*part.to = b.String() + held
	}
	return f
}

// loneLink tells that an output of HTML or text is a link as it is, and that
// nothing beside it has to move into its value.
func (c *Compiled) loneLink(nodes []node, i int) bool {
	o := nodes[i].out
	if _, ok := linkIndex(o.path, len(c.Links)); !ok || len(o.filters) > 0 {
		return false
	}
	return i+1 >= len(nodes) || !strings.HasPrefix(nodes[i+1].text, "}")
}

// Fill renders the template as Render does, in pieces.
func (c *Compiled) Fill(lookup Lookup, links []string) (Sheet, error) {
	all, err := c.names(lookup, links)
	if err != nil {
		return Sheet{}, err
	}
	f := c.shared
	if slices.ContainsFunc(links, func(l string) bool { return !bare(l) }) {
		f = c.framed
	}
	s := Sheet{Frame: f, Values: make([]string, len(f.slots))}
	var b strings.Builder
	for i := range f.slots {
		p := &f.slots[i]
		switch {
		case p.node == nil:
			s.Values[i] = p.before + p.after
			continue
		case p.node.out != nil && p.before == "" && p.after == "":
			s.Values[i] = p.escape(p.node.out.value(all))
			continue
		}
		b.Reset()
		b.WriteString(p.before)
		write(&b, []node{*p.node}, all, p.escape)
		b.WriteString(p.after)
		s.Values[i] = b.String()
	}
	return s, nil
}

// bare tells that an address is the same wherever it stands, escaped or not.
func bare(address string) bool {
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || escaped[c] {
			return false
		}
	}
	return true
}

// escaped are the visible characters that HTML escapes.
var escaped = [256]bool{'<': true, '>': true, '&': true, '\'': true, '"': true}

// Content puts the pieces together.
func (s *Sheet) Content() Content {
	value := make(map[string]string, len(s.Values))
	size := len(s.Frame.HTML)
	for i := range s.Frame.slots {
		value[s.Frame.slots[i].name] = s.Values[i]
		size += len(s.Values[i])
	}
	var b strings.Builder
	join := func(frame string) string {
		b.Reset()
		b.Grow(size)
		for {
			i := strings.Index(frame, "{{")
			if i < 0 {
				break
			}
			j := i + strings.Index(frame[i:], "}}")
			b.WriteString(frame[:i])
			b.WriteString(value[frame[i+2:j]])
			frame = frame[j+2:]
		}
		b.WriteString(frame)
		return b.String()
	}
	return Content{Subject: join(s.Frame.Subject), HTML: join(s.Frame.HTML), Text: join(s.Frame.Text)}
}
