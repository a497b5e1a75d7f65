// Package source turns the Markdown file of a mail into a mail.Template: HTML
// in the house's layout, text from the same words, links numbered so that each
// person gets signed ones. The tool and the console use it at publish; no
// function that sends mail needs it.
package source

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/parser"
)

// Business is what the layout says about the sender.
type Business struct {
	Name    string // in the mail's language
	Address string // postal address, in the footer
	Site    string // absolute https URL
	Opens   bool   // mails bring a picture that tells when they are looked at
}

// front is the head of a mail file.
type front struct {
	Subject   string `yaml:"subject"`
	Preheader string `yaml:"preheader"`
	// Layout is the page around the words; "default" where empty.
	Layout string `yaml:"layout"`
	// Links names what a click on a link means, by its address as written.
	Links map[string]string `yaml:"links"`
	// Invite is an appointment that the mail brings where its time is known.
	Invite *invite `yaml:"invite"`
}

type invite struct {
	At      string `yaml:"at"`
	Minutes int    `yaml:"minutes"`
	Title   string `yaml:"title"`
	Place   string `yaml:"place"`
}

// Special addresses that a mail may link to; they become links of the person.
var special = map[string]bool{"magnet": true, "preferences": true, "confirm": true, "unsubscribe": true}

// Compile reads one mail file: YAML between two lines of ---, then Markdown
// with {{ values }} and {% render "pieces" %}. An error says file:line: what,
// and what would be right.
func Compile(file string, src []byte, name, locale string, b Business, shared Shared) (mail.Template, error) {
	t := mail.Template{Name: name, Locale: locale}
	fail := func(line int, format string, args ...any) (mail.Template, error) {
		return t, fmt.Errorf("%s:%d: %s", file, line, fmt.Sprintf(format, args...))
	}
	head, body, at, err := split(src)
	if err != nil {
		return fail(1, "%s", err)
	}
	var f front
	if err := yaml.UnmarshalWithOptions(head, &f, yaml.Strict()); err != nil {
		return fail(2, "%s", firstLine(yaml.FormatError(err, false, false)))
	}
	if strings.TrimSpace(f.Subject) == "" {
		return fail(1, "a mail needs a subject")
	}
	if locale != "fa" && locale != "en" {
		return fail(1, "locale %q: fa or en", locale)
	}
	t.Subject, t.Preheader = f.Subject, f.Preheader
	if i := f.Invite; i != nil {
		switch {
		case i.At == "":
			return fail(1, "invite: at what time? at: names an attribute of type time")
		case strings.TrimSpace(i.Title) == "":
			return fail(1, "invite: a calendar shows its title: give one")
		case i.Minutes != 0 && (i.Minutes < 5 || i.Minutes > 24*60):
			return fail(1, "invite: %d minutes: 5 to 1440 are possible, 30 where nothing is said", i.Minutes)
		}
		t.Invite = &mail.Invite{At: i.At, Minutes: cmp.Or(i.Minutes, 30), Title: i.Title, Place: i.Place}
	}

	if err := mail.Syntax(blank(string(body))); err != nil {
		return t, fmt.Errorf("%s:%d:%d: %s", file, at+err.Line-1, err.Col, err.What)
	}
	written, err := shared.expand(string(body), locale)
	if err != nil {
		return fail(at, "%s", err)
	}
	layout, err := shared.layout(cmp.Or(f.Layout, "default"))
	if err != nil {
		return fail(1, "%s", err)
	}
	links := linker{kinds: f.Links, mail: name, locale: locale, site: b.Site, seen: map[string]int{}}
	inner, err := links.markdown(written, prose)
	if err != nil {
		return fail(at, "%s", err)
	}
	for target := range f.Links {
		if _, used := links.seen[target]; !used {
			return fail(1, "links: no link in the text goes to %s", target)
		}
	}
	text := toText(inner)
	if text == "" {
		return fail(at, "the mail has no text: who reads without pictures sees nothing")
	}
	page, foot, err := links.dress(layout, inner, shared, b)
	if err != nil {
		return fail(1, "%s", err)
	}
	if b.Opens {
		before, after, _ := strings.Cut(page, "</body>")
		page = before + fmt.Sprintf(`<img src="{{ l%d }}" width="1" height="1" alt="" style="display:block;border:0">`, len(links.links)) + "\n</body>" + after
		links.links = append(links.links, mail.Link{Target: "pixel"})
	}
	t.HTML, t.Links = page, links.links
	t.Text = text + "\n"
	if foot != "" {
		t.Text += "\n-- \n" + foot + "\n"
	}
	if _, err := mail.Compile(t); err != nil {
		return fail(1, "%s", err)
	}
	return t, nil
}

// look tells how the links of a text look, for programs that read no style
// sheet: in the words of a mail one that stands alone is a button, in fine
// print they are as gray as it.
type look int

const (
	prose look = iota
	fine
)

// markdown makes HTML of a text, its links numbered.
func (l *linker) markdown(src string, as look) (string, error) {
	guarded, tags := guard([]byte(src))
	var out bytes.Buffer
	if err := goldmark.New(goldmark.WithParserOptions(parser.WithHeadingAttribute())).Convert(guarded, &out); err != nil {
		return "", err
	}
	made, err := l.rewrite(out.String(), false)
	if err != nil {
		return "", err
	}
	color := "#5b6a70"
	if as == prose {
		made, color = buttons(made), "#0b6e4f"
	}
	return restore(colored(made, color), tags), nil
}

// split parts the head from the body, and tells the line at which the body
// begins.
func split(src []byte) (head, body []byte, line int, err error) {
	src = bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(src, []byte("---\n"))
	if !ok {
		return nil, nil, 0, errors.New("a mail begins with a line of ---, then subject: …")
	}
	head, body, ok = bytes.Cut(rest, []byte("\n---\n"))
	if !ok {
		return nil, nil, 0, errors.New("the head does not end: a line of --- goes before the text")
	}
	return head, body, 3 + bytes.Count(head, []byte("\n")) + 1, nil
}

// guard puts a private character in the place of each tag, so that Markdown
// neither escapes nor formats it.
func guard(src []byte) ([]byte, []string) {
	var tags []string
	var out bytes.Buffer
	s := string(src)
	for {
		i := strings.Index(s, "{{")
		if j := strings.Index(s, "{%"); j >= 0 && (i < 0 || j < i) {
			i = j
		}
		if i < 0 {
			break
		}
		end := "}}"
		if s[i+1] == '%' {
			end = "%}"
		}
		j := strings.Index(s[i+2:], end)
		if j < 0 {
			break
		}
		out.WriteString(s[:i])
		fmt.Fprintf(&out, "\ue000%d\ue001", len(tags))
		tags = append(tags, s[i:i+j+4])
		s = s[i+j+4:]
	}
	out.WriteString(s)
	return out.Bytes(), tags
}

func restore(s string, tags []string) string {
	for i, t := range tags {
		s = strings.ReplaceAll(s, fmt.Sprintf("\ue000%d\ue001", i), t)
	}
	return s
}

// linker numbers the links of a mail.
type linker struct {
	kinds  map[string]string
	mail   string
	locale string
	site   string
	links  []mail.Link
	seen   map[string]int
	err    error
}

// number gives the place of a target among the links.
func (l *linker) number(target string) int {
	if n, ok := l.seen[target]; ok {
		return n
	}
	link := mail.Link{Target: target, Kind: l.kinds[target]}
	if target == trap {
		link = mail.Link{Target: l.site, Kind: trap}
	} else if !special[target] {
		u, err := url.Parse(target)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			if l.err == nil {
				l.err = fmt.Errorf("link to %q: an absolute https address, #anchor of a heading, or one of confirm, magnet, preferences, unsubscribe", target)
			}
			return 0
		}
		q := u.Query()
		for k, v := range map[string]string{"utm_source": "sarnakh", "utm_medium": "email", "utm_campaign": l.mail} {
			if !q.Has(k) {
				q.Set(k, v)
			}
		}
		u.RawQuery = q.Encode()
		link.Target = u.String()
	}
	l.seen[target] = len(l.links)
	l.links = append(l.links, link)
	return len(l.links) - 1
}

// trap is the address, in a layout, of a link that people do not see: who
// follows it reads mails by machine.
const trap = "trap"

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
