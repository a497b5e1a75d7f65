package source

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

func (r *reader) readBusiness() {
	v := r.sections["business"]
	if v == nil {
		r.fault(place{"playbook.yaml", 1, 1}, "no file has the section business", "say at least name, zone and locales in it")
		return
	}
	if !r.fields(v, "name", "title", "address", "site", "region", "currency", "shown_as", "shown_per", "locales", "zone") {
		return
	}
	r.p.Name = r.name(v, "name")
	b := &r.p.Business
	b.Name, b.Address = r.titled(v.get("title")), r.titled(v.get("address"))
	if b.Name == (playbook.Text{}) {
		r.fault(v.place, "title is missing", "say how the business is called, in fa and en")
	}
	b.Region, b.Currency = strings.ToUpper(r.text(v.get("region"))), r.text(v.get("currency"))
	b.ShownAs, b.ShownPer = r.titled(v.get("shown_as")), r.whole(v.get("shown_per"), 1, 1000)
	if s := v.get("site"); s != nil {
		b.Site = r.https(s)
	}
	for _, l := range r.list(v.get("locales")) {
		if s := r.choice(l, "fa", "en"); s != "" {
			b.Locales = append(b.Locales, s)
		}
	}
	if len(b.Locales) == 0 {
		b.Locales = []string{"fa"}
	}
	r.p.Zone = r.need(v, "zone")
	if _, err := time.LoadLocation(r.p.Zone); err != nil && r.p.Zone != "" {
		r.fault(v.get("zone").place, fmt.Sprintf("there is no time zone %q", clip(r.p.Zone)), "IANA names are right, such as Asia/Tehran")
	}
	r.p.Nurture.Zone = r.p.Zone
}

// https reads an absolute address that people can be sent to.
func (r *reader) https(v *value) string {
	s := r.text(v)
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil) {
		r.fault(v.place, "this is no web address that people can be sent to", "https://… with a host is right")
		return ""
	}
	return s
}

func (r *reader) readAttributes() {
	r.entries("attributes", "name", 200, func(name string, at place, v *value) {
		if !r.fields(v, "name", "type", "title", "options", "personal", "source") {
			return
		}
		a := playbook.Attribute{
			Name: name, Title: r.titled(v.get("title")), Personal: r.yes(v.get("personal")),
			Source: r.choice(v.get("source"), "form", "call", "product", "other"),
			Type:   playbook.AttributeType(r.choice(v.get("type"), "text", "choice", "number", "yes", "date", "time", "list")),
		}
		if v.get("type") == nil {
			a.Type = playbook.TextAttribute
		}
		if a.Title == (playbook.Text{}) {
			r.fault(at, fmt.Sprintf("attribute %s has no title", name), "say how it is called on screens, in fa and en")
		}
		a.Options = r.options(v.get("options"))
		if a.Type == playbook.ChoiceAttribute && len(a.Options) == 0 {
			r.fault(at, fmt.Sprintf("attribute %s is a choice without options", name), "list them: value: title")
		}
		r.p.Attributes = append(r.p.Attributes, a)
	})
}

// options reads {value: title, …}.
func (r *reader) options(v *value) []playbook.Option {
	if !r.isKind(v, mapping, "value: title") {
		return nil
	}
	var out []playbook.Option
	for _, p := range v.pairs {
		if p.key == "" || len(p.key) > 60 {
			r.fault(p.place, "an option has 1 to 60 bytes", "")
			continue
		}
		out = append(out, playbook.Option{Value: p.key, Title: r.titled(p.value)})
	}
	if len(out) > 100 {
		r.fault(v.place, fmt.Sprintf("%d options", len(out)), "at most 100 are possible")
		out = out[:100]
	}
	return out
}

func (r *reader) readExclusions() {
	v := r.sections["exclusions"]
	if v != nil && r.fields(v, "staff", "test", "supplier", "competitor") {
		for _, p := range v.pairs {
			kind, ok := playbook.ExclusionKindOf(p.key)
			if !ok || !r.fields(p.value, "emails", "domains", "phones", "externals") {
				continue
			}
			r.p.Exclusions = append(r.p.Exclusions, playbook.Exclusion{
				Kind: kind, Emails: r.emails(p.value.get("emails")), Domains: r.domains(p.value.get("domains")),
				Phones: r.phones(p.value.get("phones")), Externals: r.texts(p.value.get("externals")),
			})
		}
	}
	if f := r.sections["fakes"]; f != nil && r.fields(f, "domains", "phones", "disposable", "except") {
		r.p.Fakes = playbook.Fakes{
			Domains: r.domains(f.get("domains")), Phones: r.phones(f.get("phones")),
			Disposable: r.yes(f.get("disposable")), Except: r.domains(f.get("except")),
		}
		if except := f.get("except"); except != nil && !r.p.Fakes.Disposable {
			r.fault(except.place, "except takes domains out of the built-in list, which is not in use", "give disposable: true, or leave except out")
		}
	}
}

func (r *reader) emails(v *value) []string {
	var out []string
	for _, i := range r.list(v) {
		if s := r.text(i); s != "" {
			e, err := lead.NormalizeEmail(s)
			if err != nil {
				r.fault(i.place, "this is no e-mail address", "name@example.com is right")
				continue
			}
			out = append(out, string(e))
		}
	}
	return out
}

func (r *reader) domains(v *value) []string {
	var out []string
	for _, i := range r.list(v) {
		if s := r.text(i); s != "" {
			e, err := lead.NormalizeEmail("x@" + s)
			if err != nil {
				r.fault(i.place, "this is no domain", "example.com is right")
				continue
			}
			out = append(out, e.Domain())
		}
	}
	return out
}

// phones reads numbers in international form: the tables that could tell more
// are 6 MB, and whoever writes a playbook can write +98.
func (r *reader) phones(v *value) []string {
	var out []string
	for _, i := range r.list(v) {
		s := strings.NewReplacer(" ", "", "-", "").Replace(persian.Latin(r.text(i)))
		if s == "" {
			continue
		}
		digits := strings.TrimPrefix(s, "+")
		if s == digits || len(digits) < 8 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
			r.fault(i.place, "this is no international phone number", "+98 912 000 0000 is right, in quotes")
			continue
		}
		out = append(out, s)
	}
	return out
}

func (r *reader) readSales() {
	v := r.sections["sales"]
	if v == nil || !r.fields(v, "contacts", "fast_minutes", "handover_hours", "alerts", "digest", "retries", "weekly_new", "reasons") {
		return
	}
	s := &r.p.Sales
	s.FastMinutes = r.whole(v.get("fast_minutes"), 1, 24*60)
	s.HandoverHours = r.whole(v.get("handover_hours"), 1, 24*14)
	s.WeeklyNew = r.whole(v.get("weekly_new"), 1, 1000)
	r.readAlerts(v.get("alerts"))
	if d := v.get("digest"); d != nil && r.fields(d, "at") {
		r.need(d, "at")
		s.Digest = &playbook.Digest{At: r.clock(d.get("at"), 0)}
	}
	for _, c := range r.list(v.get("contacts")) {
		if !r.fields(c, "name", "title", "email", "phone") {
			continue
		}
		k := playbook.Contact{Name: r.name(c, "name"), Title: r.titled(c.get("title"))}
		if e := r.emails(c.get("email")); len(e) == 1 {
			if k.Email = e[0]; lead.Email(k.Email).NoReply() {
				r.fault(c.get("email").place, "nobody reads this address, and people answer mails", "give the mailbox of a person, or one that somebody reads")
			}
		}
		if n := r.phones(c.get("phone")); len(n) == 1 {
			k.Phone = n[0]
		}
		s.Contacts = append(s.Contacts, k)
	}
	for _, i := range r.list(v.get("retries")) {
		days, hours := r.span(i)
		s.Retries = append(s.Retries, playbook.Retry{Days: days, Hours: hours})
	}
	for _, o := range r.options(v.get("reasons")) {
		s.Reasons = append(s.Reasons, playbook.Reason{Name: o.Value, Title: o.Title})
	}
}

// readAlerts reads when hot leads are told together.
func (r *reader) readAlerts(v *value) {
	if v == nil || !r.fields(v, "at_once", "minutes") {
		return
	}
	s := &r.p.Sales
	s.Alerts.AtOnce = r.whole(v.get("at_once"), 1, 100)
	s.Alerts.Minutes = r.whole(v.get("minutes"), 1, 240)
	if _, within := s.AlertLimits(); s.HandoverHours > 0 && within >= time.Duration(s.HandoverHours)*time.Hour {
		r.fault(v.place, fmt.Sprintf("a hot lead may wait %d minutes to be told, and is to be called within %d hours", int(within.Minutes()), s.HandoverHours), "less minutes are right")
	}
}

// checkDigest holds the hour of the daily list against the calendar.
func (r *reader) checkDigest() {
	d, calls := r.p.Sales.Digest, r.p.Nurture.Calls
	if d == nil || len(calls.Open) == 0 || d.At < calls.Until {
		return
	}
	at := r.sections["sales"].get("digest").get("at")
	r.fault(at.place, "nobody is at work any more when the list leaves: it would never", fmt.Sprintf("an hour before %02d:%02d is right, the end of calls in the calendar", calls.Until/60, calls.Until%60))
}

func (r *reader) reasonNames() []string {
	var names []string
	for _, n := range r.p.Sales.Reasons {
		names = append(names, n.Name)
	}
	return names
}

// reason looks a return reason up; a playbook that declares none takes any.
func (r *reader) reason(v *value) string {
	s := r.text(v)
	if names := r.reasonNames(); s != "" && s != "*" && len(names) > 0 && !slices.Contains(names, s) {
		r.unknown(v.place, "reason", s, names)
	}
	return s
}

func (r *reader) readOffers() {
	r.entries("offers", "name", 50, func(name string, at place, v *value) {
		if !r.fields(v, "name", "title", "percent", "hours", "prefix") {
			return
		}
		o := playbook.Offer{Name: name, Title: r.titled(v.get("title")), Percent: r.whole(v.get("percent"), 1, 100),
			Hours: r.whole(v.get("hours"), 1, 24*366), Prefix: r.text(v.get("prefix"))}
		if o.Hours == 0 {
			r.fault(at, fmt.Sprintf("offer %s does not end", name), "say hours")
		}
		r.p.Offers = append(r.p.Offers, o)
	})
}

func (r *reader) readLearning() {
	v := r.sections["learning"]
	if v == nil || !r.fields(v, "maturity_days", "base_rate_percent", "min_won", "min_leads", "forecast_months") {
		return
	}
	l := &r.p.Learning
	l.MaturityDays = r.whole(v.get("maturity_days"), 1, 3*366)
	l.BaseRatePercent = r.decimal(v.get("base_rate_percent"), 0, 100)
	l.MinWon, l.MinLeads = r.whole(v.get("min_won"), 1, 1_000_000), r.whole(v.get("min_leads"), 1, 10_000_000)
	for _, m := range r.list(v.get("forecast_months")) {
		l.ForecastMonths = append(l.ForecastMonths, r.whole(m, 1, 24))
	}
}
