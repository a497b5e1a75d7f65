package source

import (
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/mail"
)

const welcome = `---
subject: "{{ lead.first_name | default: 'دوست من' }}، کتابی که خواستید"
preheader: سه فصل، بیست دقیقه
links:
  https://daftaryar.example/demo: offer
---
سلام {{ lead.first_name | default: "دوست من" }}،

[دریافت کتاب](magnet)

- یک
- دو & سه

{% if lead.role == "sales_manager" %}برای [مدیر فروش](https://daftaryar.example/demo).{% else %}برای شما.{% endif %}
`

var business = Business{Name: "دفتریار", Address: "تهران، خیابان ولیعصر", Site: "https://daftaryar.example"}

func compile(t *testing.T, src string) mail.Template {
	t.Helper()
	got, err := Compile("mails/welcome.fa.md", []byte(src), "welcome", "fa", business, Shared{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOneSourceGivesSubjectHTMLAndTextWithTheSameLinks(t *testing.T) {
	tpl := compile(t, welcome)
	c, err := mail.Compile(tpl)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"lead.first_name": `مریم <b>"x"</b>`, "lead.role": "sales_manager"}
	links := make([]string, len(tpl.Links))
	for i := range links {
		links[i] = "https://go.example/c/" + string(rune('a'+i)) + "?x=1&y=2"
	}
	got, err := c.Render(func(p string) (string, bool) { v, ok := values[p]; return v, ok }, links)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != `مریم <b>"x"</b>، کتابی که خواستید` {
		t.Errorf("subject %q", got.Subject)
	}
	for _, want := range []string{`مریم &lt;b&gt;`, `href="https://go.example/c/a?x=1&amp;y=2"`, `dir="rtl"`, "دو &amp; سه", `class="button"`, "سه فصل"} {
		if !strings.Contains(got.HTML, want) {
			t.Errorf("HTML lacks %s:\n%s", want, got.HTML)
		}
	}
	for _, want := range []string{"https://go.example/c/a?x=1&y=2", "- دو & سه", "لغو اشتراک:\nhttps://go.example/c/e"} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("text lacks %s:\n%s", want, got.Text)
		}
	}
	if strings.Contains(got.HTML, "{{") || strings.Contains(got.Text, "\ue000") {
		t.Error("tags were left over")
	}
	if tpl.Links[1].Kind != "offer" || !strings.Contains(tpl.Links[1].Target, "utm_campaign=welcome") {
		t.Errorf("links %+v", tpl.Links)
	}
}

func TestWhatIsWrongWithAMailIsSaidWithItsPlace(t *testing.T) {
	head := "---\nsubject: x\n---\n"
	for src, want := range map[string]string{
		"hello":                                   "begins with a line of ---",
		"---\nsubject: x\n":                       "the head does not end",
		"---\npreheader: x\n---\nhi":              "needs a subject",
		"---\nsubject: x\nsubjekt: y\n---\nhi":    "subjekt",
		head + "{% for x in y %}{% endfor %}":     "not part of a mail",
		head + "{{ lead.name | shout }}":          "no filter",
		head + "{% if lead.x %}open":              "without {% endif %}",
		head + "[x](http://insecure.example)":     "absolute https",
		head + "[x](javascript:alert)":            "absolute https",
		head + "![](https://x.example/a.png)":     "alternative text",
		"---\nsubject: x\nlinks: {q: r}\n---\nhi": "no link in the text",
		head + "{{ lead.first_name":               "without }}",
	} {
		_, err := Compile("m.md", []byte(src), "m", "fa", business, Shared{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "m.md:") {
			t.Errorf("%q: error %v, want …%s…", src, err, want)
		}
	}
}

func TestACheckFindsUnknownNamesAndMissingFallbacks(t *testing.T) {
	c, err := mail.Compile(compile(t, "---\nsubject: x {{ lead.nmae }}\n---\nسلام {{ lead.first_name }} {% if lead.city %}{{ lead.city }}{% endif %} {{ lead.first_name | default: 'y' }}"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"lead.first_name": true, "lead.city": true, "business.name": true}
	got := c.Check(mail.Names{Known: func(p string) bool { return known[p] }, Always: func(p string) bool { return p == "business.name" }})
	if len(got) != 3 || !strings.Contains(got[0], "lead.nmae") || !strings.Contains(got[1], "fallback") {
		t.Errorf("found %q", got)
	}
}

func FuzzAnyMailCompilesOrSaysWhyNot(f *testing.F) {
	f.Add(welcome)
	f.Add("---\nsubject: x\n---\n{% if a %}{% elsif b == 'c' and d %}{{ e | truncate: 3 }}{% else %}{% endif %}")
	f.Fuzz(func(t *testing.T, src string) {
		tpl, err := Compile("m.md", []byte(src), "m", "fa", business, Shared{})
		if err != nil {
			return
		}
		c, err := mail.Compile(tpl)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Render(func(string) (string, bool) { return "v", true }, make([]string, len(tpl.Links))); err != nil {
			t.Fatal(err)
		}
	})
}
