package source

import (
	"fmt"
	"html"
	"io"
	"strings"

	xhtml "golang.org/x/net/html"
)

// rewrite puts {{ lN }} in the place of each address. A layout may have a style
// sheet and links that people do not see, words may not.
func (l *linker) rewrite(src string, layout bool) (string, error) {
	var b strings.Builder
	var anchors []string
	ids := map[string]bool{}
	z := xhtml.NewTokenizer(strings.NewReader(src))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			if z.Err() != io.EOF {
				return "", z.Err()
			}
			for _, a := range anchors {
				if !ids[a] && l.err == nil {
					l.err = fmt.Errorf("link to #%s: no heading is marked {#%s}", a, a)
				}
			}
			return b.String(), l.err
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			tok := z.Token()
			for _, a := range tok.Attr {
				if a.Key == "id" {
					ids[a.Val] = true
				}
			}
			switch tok.Data {
			case "a":
				for i, a := range tok.Attr {
					if a.Key != "href" {
						continue
					}
					if id, ok := strings.CutPrefix(a.Val, "#"); ok {
						anchors = append(anchors, id)
					} else if a.Val == trap && !layout {
						return "", fmt.Errorf("link to %q: only a layout has one", trap)
					} else {
						tok.Attr[i].Val = fmt.Sprintf("{{ l%d }}", l.number(a.Val))
					}
				}
			case "code": // a code or an address keeps its order in right-to-left text
				tok.Attr = append(tok.Attr, xhtml.Attribute{Key: "dir", Val: "ltr"}, xhtml.Attribute{Key: "style", Val: "unicode-bidi:isolate;font-family:Consolas,Menlo,monospace"})
			case "ol":
				if l.locale == "fa" {
					tok.Attr = append(tok.Attr, xhtml.Attribute{Key: "style", Val: "list-style-type:persian"})
				}
			case "img":
				if !hasAttr(tok, "alt") {
					return "", fmt.Errorf("an image without alternative text: ![what it shows](address)")
				}
				for _, a := range tok.Attr {
					if a.Key == "src" && !strings.HasPrefix(a.Val, "https://") {
						return "", fmt.Errorf("image %q: an absolute https address", a.Val)
					}
				}
			case "style":
				if !layout {
					return "", fmt.Errorf("<style> does not belong in a mail: it goes into a layout")
				}
			case "script", "iframe", "form", "object", "embed", "link":
				return "", fmt.Errorf("<%s> does not belong in a mail", tok.Data)
			}
			b.WriteString(tok.String())
		default:
			b.Write(z.Raw())
		}
	}
}

func hasAttr(t xhtml.Token, key string) bool {
	for _, a := range t.Attr {
		if a.Key == key && a.Val != "" {
			return true
		}
	}
	return false
}

// buttons styles a paragraph that holds nothing but a link.
func buttons(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "<p><a ")
		if i < 0 {
			break
		}
		j := strings.Index(s[i:], "</p>")
		if j < 0 {
			break
		}
		para := s[i : i+j+4]
		if strings.HasSuffix(para, "</a></p>") && strings.Count(para, "<a ") == 1 {
			para = strings.Replace(para, "<p><a ", `<p style="margin:28px 0;text-align:center"><a class="button" style="display:inline-block;padding:12px 28px;border-radius:8px;background-color:#0b6e4f;color:#ffffff;text-decoration:none;font-weight:700" `, 1)
		}
		b.WriteString(s[:i])
		b.WriteString(para)
		s = s[i+j+4:]
	}
	b.WriteString(s)
	return b.String()
}

// colored gives the links that are no buttons a color: not every client reads a
// style sheet.
func colored(s, color string) string {
	return strings.ReplaceAll(s, "<a href=", `<a style="color:`+color+`" href=`)
}

// toText says the HTML in plain text: paragraphs apart, items with a dash,
// addresses on lines of their own after their words, with nothing behind them
// that a mail program could take for a part of them.
func toText(src string) string {
	var b strings.Builder
	var href string
	linked, broken := false, false // what was just written: an address, a line break
	z := xhtml.NewTokenizer(strings.NewReader(src))
	for {
		kind := z.Next()
		if kind == xhtml.ErrorToken {
			break
		}
		tok := z.Token()
		switch kind {
		case xhtml.TextToken:
			text := html.UnescapeString(tok.Data)
			if linked {
				text = strings.TrimLeft(text, " .,;:!?،؛؟·\n")
				if text != "" {
					b.WriteString("\n")
				}
			}
			if broken {
				text = strings.TrimPrefix(text, "\n")
			}
			b.WriteString(text)
			linked, broken = linked && text == "", broken && text == ""
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			switch tok.Data {
			case "a":
				for _, a := range tok.Attr {
					if a.Key == "href" {
						href = a.Val
					}
				}
				if linked {
					b.WriteString("\n")
					linked = false
				}
			case "li":
				b.WriteString("- ")
			case "br":
				b.WriteString("\n")
				broken = true
			case "img":
				for _, a := range tok.Attr {
					if a.Key == "alt" {
						b.WriteString("[" + a.Val + "]")
					}
				}
			}
		case xhtml.EndTagToken:
			switch tok.Data {
			case "a":
				if href != "" && !strings.HasPrefix(href, "#") {
					b.WriteString(":\n" + href)
					linked = true
				}
				href = ""
			case "p", "h1", "h2", "h3", "ul", "ol", "blockquote":
				b.WriteString("\n\n")
				linked, broken = false, false
			}
		}
	}
	text := b.String()
	for strings.Contains(text, "\n\n\n") {
		text = strings.ReplaceAll(text, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(text)
}
