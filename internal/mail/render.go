package mail

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

// Lookup gives the value of a name such as lead.first_name, and whether it is
// known. Values are plain text: numbers and dates are formatted by the caller.
type Lookup func(path string) (string, bool)

// filterArgs names the filters and how many arguments each takes; date may do
// without its own.
var filterArgs = map[string]int{"default": 1, "upcase": 0, "downcase": 0, "capitalize": 0, "strip": 0, "truncate": 1, "digits": 0, "append": 1, "prepend": 1, "date": 1}

func filterNames() []string {
	var names []string
	for n := range filterArgs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Compiled is a Template made ready. It is read only, and safe to share.
type Compiled struct {
	Template
	subject, preheader, html, text []node
	inviteTitle, invitePlace       []node
	framed, shared                 *Frame
}

// Compile parses the sources of a template.
func Compile(t Template) (*Compiled, error) {
	c := &Compiled{Template: t}
	invite := Invite{}
	if t.Invite != nil {
		invite = *t.Invite
	}
	for _, part := range []struct {
		name string
		src  string
		to   *[]node
	}{{"subject", t.Subject, &c.subject}, {"preheader", t.Preheader, &c.preheader}, {"html", t.HTML, &c.html}, {"text", t.Text, &c.text},
		{"invite title", invite.Title, &c.inviteTitle}, {"invite place", invite.Place, &c.invitePlace}} {
		nodes, err := parse(part.src, t.Locale)
		if err != nil {
			return nil, fmt.Errorf("mail %s.%s, %s: %w", t.Name, t.Locale, part.name, err)
		}
		*part.to = nodes
	}
	c.framed, c.shared = c.frame(false), c.frame(true)
	return c, nil
}

// Content is what a mail says, ready to be sent.
type Content struct {
	Subject string
	HTML    string
	Text    string
}

// Render fills the template. links holds one address for each of
// Template.Links, in that order. Values are escaped for where they stand: HTML
// in the HTML part, one line in the subject.
func (c *Compiled) Render(lookup Lookup, links []string) (Content, error) {
	all, err := c.names(lookup, links)
	if err != nil {
		return Content{}, err
	}
	var b strings.Builder
	write(&b, c.subject, all, oneLine)
	out := Content{Subject: b.String()}
	b.Reset()
	b.Grow(len(c.Template.HTML) + len(c.Template.HTML)/4)
	write(&b, c.html, all, escapeHTML)
	out.HTML = b.String()
	b.Reset()
	write(&b, c.text, all, plain)
	out.Text = b.String()
	return out, nil
}

// names gives the values of a mail: what the caller knows, the links, and the
// preheader, which the HTML shows.
func (c *Compiled) names(lookup Lookup, links []string) (Lookup, error) {
	if len(links) != len(c.Links) {
		return nil, fmt.Errorf("mail %s.%s has %d links, %d addresses were given", c.Name, c.Locale, len(c.Links), len(links))
	}
	pre := ""
	all := func(path string) (string, bool) {
		if n, ok := linkIndex(path, len(links)); ok {
			return links[n], true
		}
		if path == "preheader" {
			return pre, true
		}
		return lookup(path)
	}
	var b strings.Builder
	write(&b, c.preheader, all, oneLine)
	pre = b.String()
	return all, nil
}

func escapeHTML(s string) string { return html.EscapeString(s) }

func linkIndex(path string, n int) (int, bool) {
	if len(path) < 2 || path[0] != 'l' {
		return 0, false
	}
	i, err := strconv.Atoi(path[1:])
	return i, err == nil && i >= 0 && i < n
}

func write(b *strings.Builder, nodes []node, lookup Lookup, escape func(string) string) {
	for i := range nodes {
		switch n := &nodes[i]; {
		case n.out != nil:
			b.WriteString(escape(n.out.value(lookup)))
		case n.branches != nil:
			for _, br := range n.branches {
				if br.when == nil || br.when.holds(lookup) {
					write(b, br.then, lookup, escape)
					break
				}
			}
		default:
			b.WriteString(n.text)
		}
	}
}

func (o *output) value(lookup Lookup) string {
	v, _ := lookup(o.path)
	for _, f := range o.filters {
		v = f.apply(v)
	}
	return v
}

func (f filter) apply(v string) string {
	switch f.name {
	case "default":
		if strings.TrimSpace(v) == "" {
			return f.args[0]
		}
	case "upcase":
		return strings.ToUpper(v)
	case "downcase":
		return strings.ToLower(v)
	case "capitalize":
		if r := []rune(v); len(r) > 0 {
			return strings.ToUpper(string(r[:1])) + string(r[1:])
		}
	case "strip":
		return strings.TrimSpace(v)
	case "append":
		return v + f.args[0]
	case "prepend":
		return f.args[0] + v
	case "truncate":
		n, _ := strconv.Atoi(f.args[0])
		if r := []rune(v); len(r) > n {
			return string(r[:n]) + "…"
		}
	case "date":
		return sayDate(v, f.args[0], f.locale)
	case "digits":
		return persianDigits.Replace(v)
	}
	return v
}

var persianDigits = strings.NewReplacer("0", "۰", "1", "۱", "2", "۲", "3", "۳", "4", "۴", "5", "۵", "6", "۶", "7", "۷", "8", "۸", "9", "۹")

func (c *cond) holds(lookup Lookup) bool {
	ok := c.tests[0].holds(lookup)
	for i, t := range c.tests[1:] {
		if c.join[i] == "and" {
			ok = ok && t.holds(lookup)
		} else {
			ok = ok || t.holds(lookup)
		}
	}
	return ok
}

func (t test) holds(lookup Lookup) bool {
	v, _ := lookup(t.path)
	switch t.op {
	case "==":
		return v == t.want
	case "!=":
		return v != t.want
	case "contains":
		return strings.Contains(v, t.want)
	}
	return v != "" && v != "false"
}

// plain keeps line breaks but no other control character.
func plain(s string) string {
	if bare(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// oneLine is for headers: a break there would begin another header.
func oneLine(s string) string {
	if bare(s) {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s))
}
