package source

import (
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/mail"
)

const small = `<html lang="{{ lang }}" dir="{{ dir }}"><body style="direction:{{ dir }}">{{ preheader }}<h1>{{ business.name }}</h1>{{ content }}{% render "end" %}</body></html>`

func TestALayoutAndPiecesOfThePlaybookDressAMail(t *testing.T) {
	shared := Shared{Layouts: map[string]string{"letter": small}, Pieces: map[string]string{
		"end.fa": "[بس است](unsubscribe)\n", "bye.fa": "با احترام، {{ lead.owner | default: 'ما' }}\n", "bye.en": "Yours\n"}}
	tpl, err := Compile("m.fa.md", []byte("---\nsubject: x\nlayout: letter\n---\nسلام\n\n{% render \"bye\" %}\n"), "m", "fa", business, shared)
	if err != nil {
		t.Fatal(err)
	}
	c, err := mail.Compile(tpl)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Render(func(p string) (string, bool) { return map[string]string{"business.name": "دفتر<b>"}[p], true }, []string{"https://x.example/u/1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<html lang="fa" dir="rtl">`, "direction:rtl", "<h1>دفتر&lt;b&gt;</h1>", "با احترام، ما", `href="https://x.example/u/1"`} {
		if !strings.Contains(got.HTML, want) {
			t.Errorf("HTML lacks %s:\n%s", want, got.HTML)
		}
	}
	if want := "سلام\n\nبا احترام، ما\n\n-- \nبس است:\nhttps://x.example/u/1\n"; got.Text != want {
		t.Errorf("text %q, want %q", got.Text, want)
	}
}

func TestWhatIsWrongWithSharedPartsIsSaid(t *testing.T) {
	layouts := map[string]string{
		"none": "<html></html>", "twice": strings.Replace(small, "{{ content }}", "{{ content }}{{ content }}", 1), "hidden": strings.Replace(small, "{{ preheader }}", "", 1),
		"flat": strings.ReplaceAll(small, "direction:{{ dir }}", ""), "script": strings.Replace(small, "<h1>", "<script>1</script><h1>", 1),
		"image": strings.Replace(small, "<h1>", `<img src="https://x.example/a.png"><h1>`, 1), "good": small,
	}
	pieces := map[string]string{"end.fa": "x", "round.fa": `{% render "round" %}`, "open.fa": "{% if lead.x %}", "link.fa": "[x](nowhere)"}
	for src, want := range map[string]string{
		"layout: lost\n---\nx":                   `no layout "lost"`,
		"layout: none\n---\nx":                   "{{ content }} once",
		"layout: twice\n---\nx":                  "2 times",
		"layout: hidden\n---\nx":                 "{{ preheader }}",
		"layout: flat\n---\nx":                   "direction",
		"layout: script\n---\nx":                 "<script>",
		"layout: image\n---\nx":                  "alternative text",
		"---\n{% render \"lost\" %}":             `no piece "lost"`,
		"---\n{% render \"round\" %}":            "no other piece",
		"---\n{% render \"open\" %}":             "without {% endif %}",
		"---\n{% render \"link\" %}":             "absolute https",
		"---\n{% render lost %}":                 "not part of a mail",
		"---\n[x](#part)\n\n## a":                "no heading is marked",
		"---\n[x](trap)":                         "only a layout",
		"---\n[x](offer)":                        "absolute https",
		"---\n![a](http://x.example/a.png)":      "absolute https",
		"---\n{% if lead.a %}":                   "without {% endif %}",
		"layout: good\n---\n![a](data:image/p,)": "absolute https",
		"---\n":                                  "no text",

		"invite: {title: t}\n---\nx":                    "at what time",
		"invite: {at: demo_at}\n---\nx":                 "give one",
		"invite: {at: d, title: t, minutes: 2}\n---\nx": "5 to 1440",
		"invite: {at: d, title: \"{{ a\"}\n---\nx":      "without }}",
		"invite: {at: d, title: t, length: 3}\n---\nx":  "length",
	} {
		_, err := Compile("m.md", []byte("---\nsubject: x\n"+src+"\n"), "m", "fa", business, Shared{Layouts: layouts, Pieces: pieces})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "m.md:") {
			t.Errorf("%q: error %v, want …%s…", src, err, want)
		}
	}
	good := "---\nsubject: x\nlayout: good\n---\n[part](#part) and [site](https://x.example/)\n\n## Part {#part}\n"
	tpl, err := Compile("m.md", []byte(good), "m", "en", business, Shared{Layouts: layouts, Pieces: map[string]string{"end.en": "[x](unsubscribe)"}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(tpl.HTML, `href="#part"`) || !strings.Contains(tpl.HTML, `id="part"`) || len(tpl.Links) != 2 {
		t.Errorf("the anchor: %+v\n%s", tpl.Links, tpl.HTML)
	}
}

func TestLintFindsWhatPeopleWouldNotForgive(t *testing.T) {
	bare := Shared{Layouts: map[string]string{"bare": strings.Replace(small, `{% render "end" %}`, "", 1)}}
	for _, c := range []struct {
		src  string
		use  Use
		want string // "" for nothing
	}{
		{"subject: x\npreheader: y\n---\nx", Use{Marketing: true}, ""},
		{"subject: x\npreheader: y\nlayout: bare\n---\nx", Use{Marketing: true}, "a way out"},
		{"subject: x\npreheader: y\nlayout: bare\n---\nx", Use{}, ""},
		{"subject: " + strings.Repeat("x", 160) + "\npreheader: y\n---\nx", Use{}, "the subject has up to 160"},
		{"subject: " + strings.Repeat("x", 70) + "\npreheader: y\n---\nx", Use{}, "warning: the subject has 70"},
		{"subject: x\n---\nx", Use{}, "warning: there is no preheader"},
		{"subject: '{{ lead.a }}'\npreheader: y\n---\nx", Use{}, "the subject is empty"},
		{"subject: x\npreheader: y\n---\n" + strings.Repeat("x ", 60<<10), Use{}, "mail programs cut at 102"},
		{"subject: x\npreheader: y\n---\n" + strings.Repeat("[a](https://x.example/)\n\n", 250), Use{}, "mail programs cut at 102"}, // signed links are long
		{"subject: x\npreheader: y\n---\n[a](magnet)", Use{}, "lead nowhere"},
		{"subject: x\npreheader: y\n---\n[a](magnet)", Use{Magnet: true}, ""},
		{"subject: x\npreheader: y\n---\nx", Use{Confirm: true}, "no link to confirm"},
		{"subject: x\npreheader: y\n---\n{{ lead.a | default: 'b' }} [a](confirm)", Use{Confirm: true}, "repeats what was posted"},
		{"subject: x\npreheader: y\n---\n[a](confirm)", Use{Confirm: true}, ""},
	} {
		tpl, err := Compile("m.md", []byte("---\n"+c.src+"\n"), "m", "fa", business, bare)
		if err != nil {
			t.Fatalf("%.60q: %v", c.src, err)
		}
		m, err := mail.Compile(tpl)
		if err != nil {
			t.Fatal(err)
		}
		faults, warnings := Lint(m, c.use)
		for _, w := range warnings {
			faults = append(faults, "warning: "+w)
		}
		if c.want == "" && len(faults) > 0 || c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)) {
			t.Errorf("%.60q: %q, want %q", c.src, faults, c.want)
		}
	}
}

func TestAnAddressInTheTextStandsAloneOnItsLine(t *testing.T) {
	tpl, err := Compile("m.md", []byte("---\nsubject: x\n---\nSee [here](https://x.example/a). Or [there](https://x.example/b), [too](https://x.example/c) · [fin](preferences)\n\none  \ntwo\n"), "m", "en", business, Shared{Pieces: map[string]string{"footer.en": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "See here:\n{{ l0 }}\nOr there:\n{{ l1 }}\ntoo:\n{{ l2 }}\nfin:\n{{ l3 }}\n\none\ntwo\n\n-- \nx\n"; tpl.Text != want {
		t.Errorf("text %q, want %q", tpl.Text, want)
	}
}
