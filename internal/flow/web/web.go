// Package web holds what the public API shows: the page script and the few
// pages that capture answers with, in Persian and English. It knows words and
// looks, not what a form or a permission is.
package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/persian"
)

//go:embed script.min.js
var script []byte

//go:embed pages.html
var pages string

//go:embed style.css
var style string

// Script is the page script as it is served.
func Script() []byte { return script }

// View is what a page shows. Each page uses the fields that its part of
// pages.html names.
type View struct {
	Locale string // fa or en
	Brand  string

	Title   string
	Text    string
	Notice  string // what was just done
	Action  string // where its form posts to
	Link    string // the thing to take: a download
	Label   string // its words
	Other   string // another way: preferences instead of leaving
	Errors  []FieldWords
	ID      string // of the request, for who asks us
	Minutes int

	Fewer  bool
	Paused string // until when, for people
	Topics []Topic
}

// FieldWords says what is wrong with one field, to people.
type FieldWords struct{ Field, Words string }

// Topic is a subject of mails with its switch.
type Topic struct {
	Name, Title string
	On          bool
}

// Dir is the direction of the page.
func (v View) Dir() string {
	if v.Locale == "en" {
		return "ltr"
	}
	return "rtl"
}

// T gives a wording of words.go.
func (v View) T(key string) string { return Say(v.Locale, key) }

// Pages renders. It is safe for use by several goroutines.
type Pages struct {
	t      *template.Template
	policy string
}

// New parses the pages.
func New() (*Pages, error) {
	t, err := template.New("pages").Parse(pages)
	if err != nil {
		return nil, fmt.Errorf("pages.html: %w", err)
	}
	css := strings.TrimSpace(style)
	sum := sha256.Sum256([]byte(css))
	p := &Pages{
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	}
	p.t = t.Funcs(nil)
	if _, err := p.t.New("style").Parse(css); err != nil {
		return nil, fmt.Errorf("style.css: %w", err)
	}
	return p, nil
}

// Policy is the Content-Security-Policy of every page: no script, no picture,
// nothing from elsewhere.
func (p *Pages) Policy() string { return p.policy }

// Render makes one page: thanks, preferences, unsubscribe, confirm, done,
// error.
func (p *Pages) Render(name string, v View) ([]byte, error) {
	var b bytes.Buffer
	if err := p.t.ExecuteTemplate(&b, name, v); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// Date writes a day for people: Jalali in Persian.
func Date(locale string, t time.Time, zone *time.Location) string {
	if locale == "en" {
		return t.In(zone).Format("Monday, 2 January 2006")
	}
	return persian.FormatDate(t, zone)
}
