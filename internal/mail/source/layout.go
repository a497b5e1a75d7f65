package source

import (
	"embed"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/sarnakh/sarnakh/internal/mail"
)

// Shared is what the mails of a playbook have in common: layouts by name, and
// pieces by name.locale, with the text of their files. What is not there is
// built in, where it is: the layout "default" and the piece "footer".
type Shared struct {
	Layouts map[string]string
	Pieces  map[string]string
}

// The folders of shared parts, below that of the mails.
const (
	LayoutFolder = "layouts" // layouts/<name>.html
	PieceFolder  = "pieces"  // pieces/<name>.<locale>.md
)

//go:embed builtin
var builtin embed.FS

// layout gives the text of a layout.
func (s Shared) layout(name string) (string, error) {
	if src, ok := s.Layouts[name]; ok {
		return src, nil
	}
	if name == "default" {
		src, err := builtin.ReadFile("builtin/layout.html")
		return string(src), err
	}
	return "", fmt.Errorf("no layout %q: write %s/%s.html beside the mails", name, LayoutFolder, name)
}

func (s Shared) piece(name, locale string) (string, error) {
	if src, ok := s.Pieces[name+"."+locale]; ok {
		return src, nil
	}
	if src, err := builtin.ReadFile("builtin/" + name + "." + locale + ".md"); err == nil {
		return string(src), nil
	}
	return "", fmt.Errorf("no piece %q in this language: write %s/%s.%s.md beside the mails", name, PieceFolder, name, locale)
}

// renders finds {% render "name" %}: the one place where a mail takes in
// another file, when it is published. A piece takes in nothing, so there are
// no circles.
var renders = regexp.MustCompile(`\{%-?\s*render\s+(?:"([a-z0-9_-]+)"|'([a-z0-9_-]+)')\s*-?%\}`)

// expand puts pieces where a source asks for them.
func (s Shared) expand(src, locale string) (string, error) {
	var missing error
	out := renders.ReplaceAllStringFunc(src, func(tag string) string {
		m := renders.FindStringSubmatch(tag)
		text, err := s.piece(m[1]+m[2], locale)
		if err == nil {
			err = CheckPiece(text)
		}
		if err != nil && missing == nil {
			missing = fmt.Errorf("piece %q: %w", m[1]+m[2], err)
		}
		return strings.TrimRight(text, "\n")
	})
	return out, missing
}

// CheckPiece tells what is wrong with a piece by itself.
func CheckPiece(src string) error {
	if renders.MatchString(src) {
		return errors.New("a piece takes in no other piece")
	}
	if p := mail.Syntax(src); p != nil {
		return p
	}
	return nil
}

// blank hides the tags that expand replaces, so that the places of other
// faults stay what they are in the file.
func blank(src string) string {
	return renders.ReplaceAllStringFunc(src, func(tag string) string { return strings.Repeat(" ", len(tag)) })
}

// dress puts the words of a mail into a layout, and gives the HTML and what of
// the layout belongs into the text part: its pieces.
func (l *linker) dress(layout, inner string, shared Shared, b Business) (page, foot string, err error) {
	if n := strings.Count(layout, "{{ content }}"); n != 1 {
		return "", "", fmt.Errorf("a layout holds {{ content }} once, this one %d times", n)
	}
	if !strings.Contains(layout, "{{ preheader }}") {
		return "", "", errors.New("the layout lacks {{ preheader }}, hidden at its beginning: the line that inboxes show")
	}
	lang, dir, align := "fa", "rtl", "right"
	if l.locale == "en" {
		lang, dir, align = "en", "ltr", "left"
	}
	layout = strings.NewReplacer("{{ lang }}", lang, "{{ dir }}", dir, "{{ align }}", align, "{{ business.address }}", html.EscapeString(b.Address)).Replace(layout)
	if !strings.Contains(layout, `dir="`+dir+`"`) || !strings.Contains(layout, "direction:"+dir) {
		return "", "", errors.New(`the layout gives no direction that mail clients keep: dir="{{ dir }}" and style="direction:{{ dir }}"`)
	}
	if b.Site == "" {
		layout = traps.ReplaceAllString(layout, "")
	}
	guarded, tags := guard([]byte(layout))
	linked, err := l.rewrite(string(guarded), true)
	if err != nil {
		return "", "", fmt.Errorf("layout: %w", err)
	}
	var pieces []string
	page = renders.ReplaceAllStringFunc(restore(linked, tags), func(tag string) string {
		m := renders.FindStringSubmatch(tag)
		src, pieceErr := shared.piece(m[1]+m[2], l.locale)
		if pieceErr == nil {
			pieceErr = CheckPiece(src)
		}
		part := ""
		if pieceErr == nil {
			part, pieceErr = l.markdown(strings.ReplaceAll(src, "{{ business.address }}", b.Address), fine)
		}
		if pieceErr != nil && err == nil {
			err = fmt.Errorf("piece %q: %w", m[1]+m[2], pieceErr)
		}
		pieces = append(pieces, toText(part))
		return part
	})
	if err != nil {
		return "", "", err
	}
	before, after, _ := strings.Cut(page, "{{ content }}")
	return before + inner + after, strings.Join(pieces, "\n"), nil
}

// traps finds the link that people do not see: without a site it has nowhere
// to lead.
var traps = regexp.MustCompile(`<a href="trap"[^>]*></a>\n?`)
