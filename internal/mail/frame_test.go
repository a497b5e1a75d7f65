package mail

import (
	"strings"
	"testing"
)

// handlebars fills a frame as a provider does: names in two braces, nothing
// escaped, and values are not looked at again. What it would misread fails.
func handlebars(t *testing.T, frame string, data map[string]string) string {
	t.Helper()
	var b strings.Builder
	for {
		i := strings.Index(frame, "{{")
		if i < 0 {
			return b.String() + frame
		}
		if i > 0 && frame[i-1] == '\\' {
			t.Fatalf("a backslash before a place: %q", frame)
		}
		j := strings.Index(frame[i:], "}}")
		if j < 0 || strings.HasPrefix(frame[i:], "{{{") || strings.HasPrefix(frame[i+j:], "}}}") {
			t.Fatalf("not a plain place: %q", frame)
		}
		v, ok := data[frame[i+2:i+j]]
		if !ok {
			t.Fatalf("no value for %q", frame[i:i+j+2])
		}
		b.WriteString(frame[:i] + v)
		frame = frame[i+j+2:]
	}
}

func same(t *testing.T, c *Compiled, lookup Lookup, links []string) {
	t.Helper()
	want, err := c.Render(lookup, links)
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := c.Fill(lookup, links)
	if err != nil {
		t.Fatal(err)
	}
	if got := sheet.Content(); got != want {
		t.Errorf("put together %q, rendered %q", got, want)
	}
	data := map[string]string{}
	for i, name := range sheet.Frame.Names() {
		data[name] = sheet.Values[i]
	}
	got := Content{Subject: handlebars(t, sheet.Frame.Subject, data), HTML: handlebars(t, sheet.Frame.HTML, data), Text: handlebars(t, sheet.Frame.Text, data)}
	if got != want {
		t.Errorf("filled by the provider %q, rendered %q", got, want)
	}
}

func TestAFilledFrameIsTheRenderedMail(t *testing.T) {
	lookup := func(path string) (string, bool) {
		v, ok := map[string]string{"lead.first_name": `<مریم> "{" \`, "lead.city": "قم"}[path]
		return v, ok
	}
	for _, html := range []string{
		"", "plain", "{{ lead.first_name }}", "a{ {{ lead.first_name }} }b", "a{{{ lead.first_name }}}b", `\{{ lead.city }}`, `c:\{{ lead.city }}}} x`,
		"{{ lead.city }}{{ lead.first_name }}", "@media x{a{b:c}}{{ lead.city }}}", "{% if lead.city %}in {{ lead.city }}{% else %}x{% endif %}}{{ l0 }}",
		"{% if lead.none %}x{% endif %}", "{{ preheader }}{{ lead.none | default: 'y' }}", "{{ l0 }}", "a{ {{ l0 }}}", "{ {{ l0 }}{{ l0 }}", `\{{ l0 }}`, "x{{ l0 }}}{{ l0 | upcase }}",
	} {
		c, err := Compile(Template{Name: "m", Locale: "fa", Subject: "s " + html, Preheader: "p {{ lead.city }}", HTML: html, Text: html, Links: []Link{{Target: "unsubscribe"}}})
		if err != nil {
			if strings.Contains(html, "{{{") {
				continue // the language itself refuses it
			}
			t.Fatal(err)
		}
		same(t, c, lookup, []string{"https://x.example/u/1?a=b&c"})
		same(t, c, lookup, []string{"https://x.example/u/1"})
	}
}

func TestAValueThatLooksLikeAPlaceIsNotPlain(t *testing.T) {
	c, err := Compile(Template{Name: "m", Locale: "fa", HTML: "{{ lead.first_name }}"})
	if err != nil {
		t.Fatal(err)
	}
	for name, plain := range map[string]bool{"Maryam": true, "{h0}": true, "{{h0}}": false, "{{": false} {
		s, err := c.Fill(func(string) (string, bool) { return name, true }, nil)
		if err != nil || s.Plain() != plain {
			t.Errorf("%q: plain %v, %v", name, s.Plain(), err)
		}
	}
}

func FuzzAFilledFrameIsTheRenderedMail(f *testing.F) {
	f.Add("a{ {{ x }}} {% if y %}{{ y }}{% endif %}}", "v", "{{")
	f.Add(`\{{ x }}{{ preheader }}}`, "}", `\`)
	f.Fuzz(func(t *testing.T, src, x, y string) {
		c, err := Compile(Template{Name: "m", Locale: "fa", Subject: src, Preheader: src, HTML: src, Text: src})
		if err != nil {
			t.Skip()
		}
		same(t, c, func(path string) (string, bool) {
			switch path {
			case "x":
				return x, true
			case "y":
				return y, y != ""
			}
			return "", false
		}, nil)
	})
}
