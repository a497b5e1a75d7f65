package flow_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

var (
	pageForm  = regexp.MustCompile(`(?s)<form method="post" action="\{\{public_url\}\}/f/([a-z]+)" data-form="([a-z]+)">(.*?)</form>`)
	pageField = regexp.MustCompile(`<(?:input|select|textarea)[^>]* name="([^"]+)"`)
	pageValue = regexp.MustCompile(`(?s)<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>`)
	optValue  = regexp.MustCompile(`<option value="([^"]+)"`)
	agreement = regexp.MustCompile(`name="(consent_[a-z]+)" value="yes"><span>([^<]+)</span>`)
)

// A page that is edited must not drift away from the playbook: a field that the
// form does not know would be lost, and consent to other words than were
// recorded is no consent.
func TestTheSamplePagesPostWhatThePlaybooksFormsTake(t *testing.T) {
	p, err := source.Read(os.DirFS("../../playbook"), nil)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("../../playbook/pages/*.html")
	if err != nil || len(pages) < 6 {
		t.Fatalf("pages: %v, %v", pages, err)
	}
	seen, boxes := map[string]bool{}, map[string]map[string]bool{}
	for _, file := range pages {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		locale := filepath.Base(file)[:2]
		for _, m := range pageForm.FindAllStringSubmatch(string(b), -1) {
			where := filepath.Base(file) + ", form " + m[1]
			i := slices.IndexFunc(p.Forms, func(c form.Config) bool { return c.Name == m[1] })
			if i < 0 || m[1] != m[2] {
				t.Errorf("%s: not in the playbook, or named twice differently", where)
				continue
			}
			seen[m[1]+" "+locale] = true
			c := &p.Forms[i]
			checkFields(t, where, c, m[3])
			for _, a := range agreement.FindAllStringSubmatch(m[3], -1) {
				j := slices.IndexFunc(c.Consents, func(x form.Consent) bool { return x.Name == a[1] })
				if j < 0 || c.Consents[j].Text.In(locale) != a[2] {
					t.Errorf("%s: %s shows other words than the playbook records", where, a[1])
					continue
				}
				if boxes[a[1]] == nil {
					boxes[a[1]] = map[string]bool{}
				}
				boxes[a[1]][m[1]+" "+locale] = true
				if a[1] == "consent_sms" && !strings.Contains(m[3], `name="mobile"`) {
					t.Errorf("%s: text messages without a mobile", where)
				}
				checkConsent(t, where, c, &c.Consents[j])
			}
			if !strings.Contains(m[3], `name="_lang" value="`+locale+`"`) || !strings.Contains(m[3], `name="`+c.Honeypot+`"`) {
				t.Errorf("%s: without its language or its honeypot", where)
			}
		}
	}
	for _, name := range []string{"ebook", "price", "demo", "call", "trial"} {
		if !seen[name+" fa"] || !seen[name+" en"] {
			t.Errorf("form %s is not on a page in both languages", name)
		}
	}
	if len(boxes["consent_sms"]) != 6 {
		t.Errorf("text messages are agreed to on %v", boxes["consent_sms"])
	}
	for box, on := range boxes {
		for form := range on {
			if name, _, _ := strings.Cut(form, " "); !on[name+" fa"] || !on[name+" en"] {
				t.Errorf("%s of form %s is not there in both languages", box, name)
			}
		}
	}
}

// checkConsent ticks one box and looks for the permission, with the words that
// were shown.
func checkConsent(t *testing.T, where string, c *form.Config, x *form.Consent) {
	t.Helper()
	tree, err := form.ParseBody(urlencoded, "", []byte("email=a%40b.example&mobile=09121112233&"+x.Name+"=yes"), false)
	if err != nil {
		t.Fatal(err)
	}
	post, err := c.Check(tree)
	if err != nil || len(post.Consent) != 1 {
		t.Fatalf("%s: %s gives %+v, %v", where, x.Name, post, err)
	}
	got := post.Consent[0]
	if !got.Granted || got.Channel != x.Channel || got.Purpose != "marketing" || !strings.HasPrefix(got.Wording, x.Wording+"#") || got.Proof != "form:"+c.Name {
		t.Errorf("%s: %s records %+v", where, x.Name, got)
	}
}

func checkFields(t *testing.T, where string, c *form.Config, body string) {
	t.Helper()
	known := []string{"_lang", c.Honeypot}
	for _, f := range c.Fields {
		known = append(known, f.Name)
		if f.Required && !strings.Contains(body, `name="`+f.Name+`"`) {
			t.Errorf("%s: %s is required and not asked for", where, f.Name)
		}
	}
	for _, x := range c.Consents {
		known = append(known, x.Name)
	}
	for _, m := range pageField.FindAllStringSubmatch(body, -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("%s: the form does not know %s", where, m[1])
		}
	}
	for _, m := range pageValue.FindAllStringSubmatch(body, -1) {
		i := slices.IndexFunc(c.Fields, func(f form.Field) bool { return f.Name == m[1] })
		for _, v := range optValue.FindAllStringSubmatch(m[2], -1) {
			if i < 0 || !slices.ContainsFunc(c.Fields[i].Options, func(o form.Option) bool { return o.Value == v[1] }) {
				t.Errorf("%s: %s has no option %s", where, m[1], v[1])
			}
		}
	}
}
