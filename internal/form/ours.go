package form

import (
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Sources are the properties that say where somebody came from, as links carry
// them. Each comes twice: the latest, and the first ever under first_.
var Sources = []string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer"}

// ours reads the fields that our script, or the author of a page, adds beside
// the form's own. They are never needed and never a reason to refuse, except
// when they come twice.
func ours(p *Post, all []answer, wrong func(field, code string)) {
	take := func(name string) string {
		for i := range all {
			a := &all[i]
			if a.names[0] != name || a.group {
				continue
			}
			a.used = true
			if a.repeated || len(a.values) > 1 {
				wrong(name, "repeated")
				return ""
			}
			if len(a.values) == 1 {
				return clean(a.values[0], false)
			}
		}
		return ""
	}
	p.Token = take("_token")
	p.Return = take("return")
	p.Who.Visitor = Visitor(take("_visitor"))
	if l := take("_lang"); l == "fa" || l == "en" {
		p.Locale = l
		p.Profile = append(p.Profile, text("locale", l))
	}
	p.zone = short(take("_zone"))
	if ms, err := strconv.ParseInt(take("_ms"), 10, 64); err == nil && ms >= 0 && ms < int64(30*24*time.Hour/time.Millisecond) {
		p.Filled = time.Duration(ms) * time.Millisecond
	}
	for _, name := range []string{"path", "variant"} {
		if v := short(take("_" + name)); v != "" {
			p.Properties = append(p.Properties, text(name, v))
		}
	}
	for _, name := range Sources {
		// A page without our script may pass utm_source on as a plain field.
		for _, key := range []string{name, "_" + name} {
			if v := short(take(key)); v != "" {
				p.Properties = append(p.Properties, text(name, v))
				break
			}
		}
		if v := short(take("_first_" + name)); v != "" {
			p.Properties = append(p.Properties, text("first_"+name, v))
		}
	}
}

func text(name, v string) activity.Property {
	return activity.Property{Name: name, Value: activity.Value{Kind: activity.Text, Text: v}}
}

// Visitor gives a visitor's id if it looks like one of ours, else nothing: what
// is no id must not become one.
func Visitor(s string) string {
	if len(s) < 16 || len(s) > 40 {
		return ""
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return ""
		}
	}
	return s
}

// Short bounds a value of a public property.
func Short(s string) string { return short(clean(s, false)) }

func short(s string) string {
	const most = 200
	n := 0
	for i := range s {
		if n == most {
			return strings.TrimSpace(s[:i])
		}
		n++
	}
	return s
}
