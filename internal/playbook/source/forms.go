package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

func (r *reader) formText(v *value) form.Text {
	t := r.titled(v)
	return form.Text{Fa: t.Fa, En: t.En}
}

func (r *reader) readForms() {
	r.entries("consents", "name", 20, func(name string, at place, v *value) {
		r.fields(v, "name", "field", "channel", "purpose", "wording", "text")
		r.consents[name] = v
	})
	r.entries("forms", "name", 100, func(name string, at place, v *value) {
		if !r.fields(v, "name", "title", "locale", "fields", "consents", "magnet", "thanks", "thanks_text", "hosts",
			"token", "token_hours", "honeypot", "min_seconds", "source") {
			return
		}
		f := form.Config{
			Name: name, Title: r.formText(v.get("title")), Locale: r.choice(v.get("locale"), "fa", "en"),
			Thanks: r.text(v.get("thanks")), ThanksText: r.formText(v.get("thanks_text")), Hosts: r.texts(v.get("hosts")),
			TokenHours: r.whole(v.get("token_hours"), 1, 24*31), Honeypot: r.text(v.get("honeypot")), MinSeconds: r.decimal(v.get("min_seconds"), 0, 120),
		}
		if t := r.choice(v.get("token"), "optional", "required", "hold"); t != "" && t != "optional" {
			f.Token = form.TokenPolicy(t)
		}
		for _, i := range r.list(v.get("fields")) {
			if len(f.Fields) >= 100 {
				r.fault(i.place, "more than 100 fields", "a form asks only what it needs")
				break
			}
			r.readField(&f, i)
		}
		r.readFormConsents(&f, v.get("consents"))
		if m := v.get("magnet"); r.fields(m, "name", "title", "url", "days") {
			f.Magnet = &form.Magnet{Name: r.name(m, "name"), Title: r.formText(m.get("title")), URL: r.need(m, "url"), Days: r.whole(m.get("days"), 1, 366)}
			if u := f.Magnet.URL; u != "" && (!strings.HasPrefix(u, "/") || strings.HasPrefix(u, "//")) {
				r.https(m.get("url"))
			}
		}
		if s := v.get("source"); r.fields(s, "json", "at", "guess", "test") {
			f.Source = form.Source{JSON: r.text(s.get("json")), At: r.text(s.get("at")), Guess: r.yes(s.get("guess")), Test: r.text(s.get("test"))}
		}
		r.checkForm(&f, at)
		r.p.Forms = append(r.p.Forms, f)
	})
}

func (r *reader) checkForm(f *form.Config, at place) {
	identity := f.Source.Guess
	for _, k := range f.Fields {
		identity = identity || k.Identity != ""
		if k.Name == f.Honeypot && k.Name != "" {
			r.fault(at, fmt.Sprintf("%s is a field and the honeypot", k.Name), "people must not see the honeypot: give it another name")
		}
	}
	if !identity {
		r.fault(at, fmt.Sprintf("form %s asks for nothing that names the lead", f.Name), "give a field identity: email, phone or external")
	}
}

func (r *reader) readField(f *form.Config, v *value) {
	if !r.fields(v, "name", "type", "label", "required", "options", "max", "min", "limit", "identity", "attribute", "names") {
		return
	}
	k := form.Field{
		Name: r.name(v, "name"), Label: r.formText(v.get("label")), Required: r.yes(v.get("required")),
		Type: form.Type(r.choice(v.get("type"), "email", "phone", "text", "textarea", "number", "choice", "many", "yes", "date", "time")),
		Max:  r.whole(v.get("max"), 1, 10_000), Names: r.texts(v.get("names")),
		Min: r.decimal(v.get("min"), -1e12, 1e12), Limit: r.decimal(v.get("limit"), -1e12, 1e12),
		Identity: form.Identity(r.choice(v.get("identity"), "email", "phone", "external")),
	}
	if slices.ContainsFunc(f.Fields, func(o form.Field) bool { return o.Name == k.Name }) && k.Name != "" {
		r.fault(v.place, fmt.Sprintf("field %s stands twice", k.Name), "keep one of them")
	}
	var a *playbook.Attribute
	if name := r.text(v.get("attribute")); name != "" {
		var ok bool
		if a, ok = r.p.Attribute(name); !ok {
			r.unknown(v.get("attribute").place, "attribute", name, r.attributeNames())
		} else {
			r.use("attribute", name)
			k.Attribute = name
		}
	}
	for _, o := range r.options(v.get("options")) {
		k.Options = append(k.Options, form.Option{Value: o.Value, Label: form.Text{Fa: o.Title.Fa, En: o.Title.En}})
		if a != nil && len(a.Options) > 0 && !slices.ContainsFunc(a.Options, func(p playbook.Option) bool { return p.Value == o.Value }) {
			r.fault(v.get("options").place, fmt.Sprintf("%s is no option of the attribute %s", clip(o.Value), a.Name), "a form offers what the attribute has")
		}
	}
	if a != nil {
		if len(k.Options) == 0 && (a.Type == playbook.ChoiceAttribute || a.Type == playbook.ListAttribute) {
			for _, o := range a.Options {
				k.Options = append(k.Options, form.Option{Value: o.Value, Label: form.Text{Fa: o.Title.Fa, En: o.Title.En}})
			}
		}
		if k.Label == (form.Text{}) {
			k.Label = form.Text{Fa: a.Title.Fa, En: a.Title.En}
		}
		if k.Type == "" {
			k.Type = map[playbook.AttributeType]form.Type{playbook.ChoiceAttribute: form.Choice, playbook.ListAttribute: form.Many,
				playbook.NumberAttribute: form.Number, playbook.YesAttribute: form.Yes, playbook.DateAttribute: form.Date, playbook.TimeAttribute: form.Time}[a.Type]
		}
	}
	if (k.Type == form.Choice || k.Type == form.Many) && len(k.Options) == 0 {
		r.fault(v.place, fmt.Sprintf("field %s is a choice without options", k.Name), "list them, or name an attribute that has them")
	}
	f.Fields = append(f.Fields, k)
}

// readFormConsents reads the check boxes: names of declared consents.
func (r *reader) readFormConsents(f *form.Config, v *value) {
	for _, i := range r.list(v) {
		name, required := "", false
		if i.kind == mapping {
			if !r.fields(i, "name", "required") {
				continue
			}
			name, required = r.text(i.get("name")), r.yes(i.get("required"))
		} else {
			name = r.text(i)
		}
		c := r.consents[name]
		if name == "" || c == nil {
			r.unknown(i.place, "consent", name, keysOf(r.consents))
			continue
		}
		r.use("consents", name)
		k := form.Consent{Name: r.need(c, "field"), Channel: r.choice(c.get("channel"), "email", "phone", "sms"), Purpose: r.need(c, "purpose"),
			Wording: r.need(c, "wording"), Text: r.formText(c.get("text")), Required: required}
		if k.Channel == "" && c.get("channel") == nil {
			r.fault(c.place, "channel is missing", "email, phone or sms")
		}
		if k.Text == (form.Text{}) {
			r.fault(c.place, "the words are missing", "text: {fa: …, en: …}, as they are shown")
		}
		f.Consents = append(f.Consents, k)
	}
}
