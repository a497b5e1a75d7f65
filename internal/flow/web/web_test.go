package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

// Nothing that a person or a playbook said can become markup, on any page and
// in any field.
func TestWhatIsSaidStaysText(t *testing.T) {
	const evil = `"><svg onload=alert(1)>'{{.}}`
	v := View{
		Locale: evil, Brand: evil, Title: evil, Text: evil, Notice: evil, Action: evil, Link: evil, Label: evil, Other: evil, ID: evil, Paused: evil,
		Errors: []FieldWords{{evil, evil}}, Topics: []Topic{{evil, evil, true}},
	}
	for name, make := range map[string]func(View) []byte{
		"thanks": Thanks, "done": Done, "unsubscribe": Unsubscribe, "confirm": Confirm, "preferences": Preferences, "error": Error,
	} {
		page := make(v)
		if bytes.Contains(page, []byte("<svg")) || bytes.Contains(page, []byte(`"">`)) {
			t.Errorf("%s lets markup through: %s", name, page)
		}
		if !bytes.Contains(page, []byte("&lt;svg")) {
			t.Errorf("%s shows nothing of it", name)
		}
	}
}

// The policy allows the page's own style and nothing else: a hash that does not
// fit would show it bare.
func TestThePolicyAllowsTheStyleOfThePage(t *testing.T) {
	page := string(Done(View{Title: "x"}))
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(Policy(), want) {
		t.Errorf("the policy is %s, want %s in it", Policy(), want)
	}
	if strings.Contains(page, " style=") {
		t.Error("a style attribute, which the policy refuses")
	}
}

func TestEveryWordIsThereInBothLanguages(t *testing.T) {
	source := map[string]bool{}
	for _, name := range []string{
		"thanks.title", "leave.title", "left.title", "confirm.title", "confirmed.title", "prefer.title", "did.save", "did.pause", "did.resume", "did.texts",
		"error.400", "error.404", "error.405", "error.410", "error.413", "error.415", "error.429", "error.500", "error.503", "error.token", "error.return",
	} {
		source[name] = true
	}
	for key := range source {
		fa, en := words(key)
		if fa == "" || en == "" || fa == en {
			t.Errorf("%s is %q and %q", key, fa, en)
		}
	}
	// No page may show a hole where a word is missing.
	v := View{Locale: "en", Title: "x", Text: "x", Texts: true, Link: "/d", Label: "x", Other: "/p", ID: "x", Errors: []FieldWords{{"x", "x"}}, Topics: []Topic{{"x", "x", false}}}
	hole := regexp.MustCompile(`<(h1|h2|p|button|a|small|li)( [^>]*)?></`)
	for _, locale := range []string{"fa", "en"} {
		for _, paused := range []string{"", "soon"} {
			v.Locale, v.Paused = locale, paused
			for _, make := range []func(View) []byte{Thanks, Done, Unsubscribe, Confirm, Preferences, Error} {
				if m := hole.Find(make(v)); m != nil {
					t.Errorf("%s: a hole at %s", locale, m)
				}
			}
		}
	}
}
