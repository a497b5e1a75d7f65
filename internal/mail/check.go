package mail

import "fmt"

// Names is what a check knows about the values a template may name.
type Names struct {
	// Known tells whether a name exists.
	Known func(path string) bool
	// Always tells whether it always has a value; others need a fallback.
	Always func(path string) bool
	// Date tells whether a value is a date; nil where nothing is known of types.
	Date func(path string) bool
}

// Check finds what Compile cannot: unknown names, and values that may be
// missing without a fallback. Each problem is a sentence.
func (c *Compiled) Check(names Names) []string {
	var found []string
	say := func(part, format string, args ...any) {
		found = append(found, fmt.Sprintf("mail %s.%s, %s: ", c.Name, c.Locale, part)+fmt.Sprintf(format, args...))
	}
	var walk func(part string, nodes []node, tested map[string]bool)
	known := func(part, path string) bool {
		if _, ok := linkIndex(path, len(c.Links)); ok || path == "preheader" && part == "html" {
			return true
		}
		if !names.Known(path) {
			say(part, "no value is called %q", path)
			return false
		}
		return true
	}
	walk = func(part string, nodes []node, tested map[string]bool) {
		for _, n := range nodes {
			if o := n.out; o != nil {
				if _, link := linkIndex(o.path, len(c.Links)); link || !known(part, o.path) || o.path == "preheader" {
					continue
				}
				dated := len(o.filters) > 0 && o.filters[0].name == "date"
				if dated && names.Date != nil && !names.Date(o.path) {
					say(part, "%s is no date: an attribute of type date or time is right", o.path)
				}
				if dated && !o.falls() {
					say(part, "%s may be no date: give a fallback, {{ %s | date | default: \"…\" }}", o.path, o.path)
					continue
				}
				if !names.Always(o.path) && !tested[o.path] && !o.falls() {
					say(part, "%s may be missing: give a fallback, {{ %s | default: \"…\" }}", o.path, o.path)
				}
			}
			for _, b := range n.branches {
				inside := tested
				if b.when != nil {
					inside = map[string]bool{}
					for p := range tested {
						inside[p] = true
					}
					for _, t := range b.when.tests {
						known(part, t.path)
						if t.op != "!=" && len(b.when.tests) == 1 {
							inside[t.path] = true
						}
					}
				}
				walk(part, b.then, inside)
			}
		}
	}
	for _, p := range []struct {
		name  string
		nodes []node
	}{{"subject", c.subject}, {"preheader", c.preheader}, {"html", c.html}, {"text", c.text}, {"invite title", c.inviteTitle}, {"invite place", c.invitePlace}} {
		walk(p.name, p.nodes, nil)
	}
	return found
}

func (o *output) falls() bool {
	for _, f := range o.filters {
		if f.name == "default" {
			return true
		}
	}
	return false
}
