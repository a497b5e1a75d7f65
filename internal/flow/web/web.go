// Package web holds what the public API shows: the page script and the few
// pages that capture answers with, in Persian and English. It knows words and
// looks, not what a form or a permission is.
package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/persian"
)

//go:embed script.min.js
var script []byte

//go:embed style.css
var style string

// Script is the page script as it is served.
func Script() []byte { return script }

// View is what a page shows; each page in pages.go uses the fields it needs.
type View struct {
	Locale string // fa or en
	Brand  string

	Title  string
	Text   string
	Notice string // what was just done
	Action string // where its form posts to
	Link   string // the thing to take: a download
	Label  string // its words
	Other  string // another way: preferences instead of leaving
	Errors []FieldWords
	ID     string // of the request, for who asks us

	Fewer  bool
	Texts  bool   // text messages are agreed to
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

func (v View) locale() string {
	if v.Locale == "en" {
		return "en"
	}
	return "fa"
}

// Dir is the direction of the page.
func (v View) Dir() string {
	if v.Locale == "en" {
		return "ltr"
	}
	return "rtl"
}

// Policy is the Content-Security-Policy of every page: its own style, no
// script, no picture, nothing from elsewhere.
func Policy() string {
	sum := sha256.Sum256([]byte(css()))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

func css() string { return strings.TrimSpace(style) }

// Date writes a day for people: Jalali in Persian.
func Date(locale string, t time.Time, zone *time.Location) string {
	if locale == "en" {
		return t.In(zone).Format("Monday, 2 January 2006")
	}
	return persian.FormatDate(t, zone)
}
