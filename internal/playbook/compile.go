package playbook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/lead/throwaway"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Load reads the JSON document. Fields that a newer release added are passed
// over, so that old processes go on during an upgrade.
func Load(doc []byte) (*Playbook, error) {
	var p Playbook
	if err := json.Unmarshal(doc, &p); err != nil {
		return nil, fmt.Errorf("read the compiled playbook: %w", err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("read the compiled playbook: its format is %d, this release reads %d: publish it again with this release", p.Format, Format)
	}
	return &p, nil
}

// JSON writes the document. The same playbook always gives the same bytes.
func (p *Playbook) JSON() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		// unreachable: source and Load let only finite numbers and valid conditions in
		panic("playbook: encode: " + err.Error())
	}
	return b.Bytes()
}

// Compiled is a playbook made ready. It is read only and safe to share.
type Compiled struct {
	*Playbook
	Zone       *time.Location
	Set        *signal.Set
	Rules      *score.Rules
	Decisions  *decision.Plan
	Nurture    *nurture.Plan
	Dictionary *ledger.Dictionary

	forms     map[string]*form.Config
	excluded  map[string]ExclusionKind
	fakes     map[string]string
	templates map[string]*mail.Template

	lock  sync.Mutex
	mails map[string]*mail.Compiled // made when first asked for
}

// Compile makes the playbook ready. The error names the first thing that
// cannot work.
func (p *Playbook) Compile() (*Compiled, error) {
	c := &Compiled{Playbook: p, forms: map[string]*form.Config{}, excluded: map[string]ExclusionKind{}, fakes: map[string]string{},
		templates: map[string]*mail.Template{}, mails: map[string]*mail.Compiled{}}
	var err error
	if c.Zone, err = time.LoadLocation(p.Zone); err != nil || p.Zone == "" {
		return nil, fmt.Errorf("zone %q is not an IANA time zone such as Asia/Tehran", p.Zone)
	}
	if c.Set, err = signal.Compile(p.Signals); err != nil {
		return nil, err
	}
	if c.Rules, err = score.New(p.Score, c.Set); err != nil {
		return nil, err
	}
	if c.Decisions, err = decision.Compile(c.Rules, p.Nurture.Tracks); err != nil {
		return nil, err
	}
	if c.Nurture, err = nurture.Compile(p.Nurture); err != nil {
		return nil, err
	}
	for _, f := range slices.Concat(c.Set.Fields(), decision.Fields()) {
		if !slices.Contains(p.Fields, f) {
			return nil, fmt.Errorf("the log does not keep the property %q that a condition asks for: it belongs into fields", f)
		}
	}
	c.Dictionary = ledger.NewDictionary(p.Fields)
	for i := range p.Forms {
		c.forms[p.Forms[i].Name] = &p.Forms[i]
	}
	for i := range p.Mails {
		m := &p.Mails[i]
		c.templates[m.Name+"."+m.Locale] = m
	}
	c.index()
	return c, nil
}

// index looks up excluded and fake identities by kind and value.
func (c *Compiled) index() {
	for _, e := range c.Exclusions {
		for prefix, list := range map[string][]string{"e:": e.Emails, "d:": e.Domains, "p:": e.Phones, "x:": e.Externals} {
			for _, v := range list {
				c.excluded[prefix+v] = e.Kind
			}
		}
	}
	for _, d := range c.Fakes.Domains {
		c.fakes["d:"+d] = disposableDomain
	}
	for _, n := range c.Fakes.Phones {
		c.fakes["p:"+n] = fakePhone
	}
}

// Excluded tells why an identity is kept out: own staff, test, supplier or
// competitor. The identities are normalized; empty ones are not looked at.
func (c *Compiled) Excluded(email, phone, external string) ExclusionKind {
	for _, key := range identityKeys(email, phone, external) {
		if k := c.excluded[key]; k != NotExcluded {
			return k
		}
	}
	return NotExcluded
}

// What an obvious fake is known by.
const (
	disposableDomain = "disposable domain"
	fakePhone        = "obvious fake number"
)

// Fake tells why an identity is an obvious fake, "" if it is none.
func (c *Compiled) Fake(email, phone string) string {
	for _, key := range identityKeys(email, phone, "") {
		if why := c.fakes[key]; why != "" {
			return why
		}
	}
	if c.Fakes.Disposable && c.thrownAway(email) {
		return disposableDomain
	}
	return ""
}

// thrownAway tells that the domain of an address, or one that it lies under, is
// in the built-in list and not excepted.
func (c *Compiled) thrownAway(email string) bool {
	_, domain, _ := strings.Cut(email, "@")
	for domain != "" {
		switch {
		case slices.Contains(c.Fakes.Except, domain):
			return false
		case throwaway.Has(domain):
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

// identityKeys lists what an identity is looked up by: a domain also by those
// it lies under.
func identityKeys(email, phone, external string) []string {
	var keys []string
	if email != "" {
		keys = append(keys, "e:"+email)
		_, domain, _ := strings.Cut(email, "@")
		for domain != "" {
			keys = append(keys, "d:"+domain)
			_, domain, _ = strings.Cut(domain, ".")
		}
	}
	if phone != "" {
		keys = append(keys, "p:"+phone)
	}
	if external != "" {
		keys = append(keys, "x:"+external)
	}
	return keys
}

// Form finds a form by name.
func (c *Compiled) Form(name string) (*form.Config, bool) {
	f, ok := c.forms[name]
	return f, ok
}

// Mail finds a mail in a locale, in the business's usual one where it is
// missing. ok is false when there is no such mail.
func (c *Compiled) Mail(name, locale string) (m *mail.Compiled, ok bool, err error) {
	t := c.templates[name+"."+locale]
	for _, l := range c.Business.Locales {
		if t == nil {
			t = c.templates[name+"."+l]
		}
	}
	if t == nil {
		return nil, false, nil
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	key := t.Name + "." + t.Locale
	if m := c.mails[key]; m != nil {
		return m, true, nil
	}
	if m, err = mail.Compile(*t); err != nil {
		return nil, true, err
	}
	c.mails[key] = m
	return m, true, nil
}

// Attribute finds an attribute by name.
func (p *Playbook) Attribute(name string) (*Attribute, bool) {
	for i := range p.Attributes {
		if p.Attributes[i].Name == name {
			return &p.Attributes[i], true
		}
	}
	return nil, false
}

// ValueTitle is the word for a value: the option's, or the value itself.
func (a *Attribute) ValueTitle(value, locale string) string {
	for _, o := range a.Options {
		if o.Value == value {
			return o.Title.In(locale)
		}
	}
	return value
}

// SignalTitle is the word for a signal on screens, its name where it has none.
func (p *Playbook) SignalTitle(n signal.Number, locale string) string {
	if t, ok := p.Titles[n]; ok && t.In(locale) != "" {
		return t.In(locale)
	}
	for _, d := range p.Signals {
		if d.Number == n {
			return d.Name
		}
	}
	return ""
}

// Offer finds an offer by name.
func (p *Playbook) Offer(name string) (*Offer, bool) {
	for i := range p.Offers {
		if p.Offers[i].Name == name {
			return &p.Offers[i], true
		}
	}
	return nil, false
}

// DigestDay is the day on which a time falls, and whether the work list of that
// day is to leave by then: it is a working day, its hour has come, and people
// are still at work.
func (c *Compiled) DigestDay(t time.Time) (day string, due bool) {
	local := t.In(c.Zone)
	until, works := c.Nurture.WorkDay(t)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	due = works && c.Sales.Digest != nil && clock >= time.Duration(c.Sales.Digest.At)*time.Minute && clock < until
	return local.Format(time.DateOnly), due
}

// Day is the day of the business's calendar on which a time falls.
func (c *Compiled) Day(t time.Time) activity.Day { return activity.DayOf(t, c.Zone) }
