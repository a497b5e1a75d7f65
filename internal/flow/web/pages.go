package web

import (
	"html"
	"strings"
)

// The pages are written by hand and not by html/template: reflection in
// templates keeps every method of the program in the binary, which is 6 MB here
// and so a slower cold start. The price is a rule: whatever is not a constant
// goes through text or attr.

// Thanks stands after a form.
func Thanks(v View) []byte {
	p := begin(v)
	p.heading()
	p.paragraph("", v.Text)
	if v.Link != "" {
		p.raw(`<p><a class="button" rel="nofollow" href="`).attr(v.Link).raw(`">`).text(v.Label).raw("</a></p>\n")
		p.raw("<p><small>").say("thanks.mail").raw("</small></p>\n")
	}
	return p.end()
}

// Done says that something was done.
func Done(v View) []byte {
	p := begin(v)
	p.heading()
	p.paragraph("", v.Text)
	return p.end()
}

// Unsubscribe asks whether it is meant, with the body of a mail program's one
// click.
func Unsubscribe(v View) []byte {
	p := begin(v)
	p.heading()
	p.raw("<p>").say("leave.ask").raw("</p>\n")
	p.form(v.Action).raw(`<input type="hidden" name="List-Unsubscribe" value="One-Click">` + "\n")
	p.raw("<button>").say("leave.button").raw("</button>\n</form>\n")
	if v.Other != "" {
		p.raw(`<section><p class="soft">`).say("leave.other").raw(`</p><a href="`).attr(v.Other).raw(`">`).say("leave.prefer").raw("</a></section>\n")
	}
	return p.end()
}

// Confirm asks whether an address is theirs.
func Confirm(v View) []byte {
	p := begin(v)
	p.heading()
	p.raw("<p>").say("confirm.ask").raw("</p>\n")
	p.form(v.Action).raw("<button>").say("confirm.button").raw("</button>\n</form>\n")
	return p.end()
}

// Preferences shows what somebody gets, and changes it.
func Preferences(v View) []byte {
	p := begin(v)
	p.heading()
	if v.Notice != "" {
		p.raw(`<p class="notice" role="status">`).text(v.Notice).raw("</p>\n")
	}
	p.raw(`<p class="soft">`).say("prefer.text").raw("</p>\n")

	p.form(v.Action).raw("<h2>").say("prefer.what").raw("</h2>\n")
	for _, t := range v.Topics {
		p.check("topic", t.Name, t.On).text(t.Title).raw("</span></label>\n")
	}
	p.check("fewer", "1", v.Fewer).say("prefer.fewer").raw("</span></label>\n")
	p.raw("<p>").button("", "save").say("prefer.save").raw("</button></p>\n</form>\n")

	p.raw("<section>\n").form(v.Action).raw("<h2>").say("prefer.pause").raw("</h2>\n")
	if v.Paused != "" {
		p.raw("<p>").say("prefer.paused").raw(" ").text(v.Paused).raw("</p>\n")
		p.button("quiet", "resume").say("prefer.resume")
	} else {
		p.raw(`<p class="soft">`).say("prefer.pausetext").raw("</p>\n")
		p.button("quiet", "pause").say("prefer.pausebutton")
	}
	p.raw("</button>\n</form>\n</section>\n")

	if v.Texts {
		p.raw("<section>\n").form(v.Action).raw("<h2>").say("prefer.texts").raw("</h2>\n")
		p.raw(`<p class="soft">`).say("prefer.textstext").raw("</p>\n")
		p.button("quiet", "texts").say("prefer.textsbutton").raw("</button>\n</form>\n</section>\n")
	}

	p.raw("<section>\n").form(v.Action).raw("<h2>").say("prefer.leave").raw("</h2>\n")
	p.raw(`<p class="soft">`).say("prefer.leavetext").raw("</p>\n")
	p.button("leave", "leave").say("prefer.leavebutton").raw("</button>\n</form>\n</section>\n")
	return p.end()
}

// Error says to a person what was wrong and what to do.
func Error(v View) []byte {
	p := begin(v)
	p.heading()
	p.paragraph("", v.Text)
	if len(v.Errors) > 0 {
		p.raw("<ul>\n")
		for _, e := range v.Errors {
			p.raw("<li><b><bdi>").text(e.Field).raw("</bdi></b>: ").text(e.Words).raw("</li>\n")
		}
		p.raw(`</ul><p class="soft">`).say("error.back").raw("</p>\n")
	}
	if v.ID != "" {
		p.raw("<p><small>").say("error.id").raw(` <bdi dir="ltr">`).text(v.ID).raw("</bdi></small></p>\n")
	}
	return p.end()
}

// page is a page in the making. Each method gives the page, so that a line of
// HTML reads as one.
type page struct {
	strings.Builder
	v View
}

func begin(v View) *page {
	p := &page{v: v}
	p.raw(`<!doctype html>` + "\n" + `<html lang="`).attr(v.locale()).raw(`" dir="`).attr(v.Dir()).raw(`"><head>` + "\n" +
		`<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">` + "\n<title>").text(v.Title)
	if v.Brand != "" {
		p.raw(" · ").text(v.Brand)
	}
	p.raw("</title>\n<style>" + css() + "</style>\n</head><body><main>\n")
	if v.Brand != "" {
		p.paragraph("brand", v.Brand)
	}
	return p
}

func (p *page) end() []byte {
	p.raw("</main></body></html>\n")
	return []byte(p.String())
}

// raw takes constants only.
func (p *page) raw(s string) *page { p.WriteString(s); return p }

func (p *page) text(s string) *page { p.WriteString(html.EscapeString(s)); return p }

// attr is a value between double quotes. A link must be one of ours: a scheme
// is not judged here.
func (p *page) attr(s string) *page { p.WriteString(html.EscapeString(s)); return p }

func (p *page) say(key string) *page { return p.text(Say(p.v.Locale, key)) }

func (p *page) heading() { p.raw("<h1>").text(p.v.Title).raw("</h1>\n") }

func (p *page) paragraph(class, s string) {
	if s == "" {
		return
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	p.raw("<p" + class + ">").text(s).raw("</p>\n")
}

func (p *page) form(action string) *page {
	return p.raw(`<form method="post" action="`).attr(action).raw(`">` + "\n")
}

func (p *page) button(class, do string) *page {
	return p.raw(`<button class="`).attr(class).raw(`" name="do" value="`).attr(do).raw(`">`)
}

func (p *page) check(name, value string, on bool) *page {
	p.raw(`<label><input type="checkbox" name="`).attr(name).raw(`" value="`).attr(value).raw(`"`)
	if on {
		p.raw(" checked")
	}
	return p.raw("><span>")
}
