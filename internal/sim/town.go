package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
)

// person is somebody in the town. One may use two addresses, until a person in
// sales says that the two leads are one.
type person struct {
	n        int
	email    string
	second   string // another address of the same person; "" for most
	phone    string
	external string // what the CRM calls them; "" for strangers
	browsers []string
	busy     float64 // how much of what happens is theirs
	ids      []activity.ID
}

// phoneOf knows Iranian mobiles and lines of Tehran: the real one weighs 6 MB.
func phoneOf(string) lead.Phone {
	return func(raw string) (string, bool, error) {
		switch {
		case len(raw) == 11 && strings.HasPrefix(raw, "09"):
			return "+98" + raw[1:], true, nil
		case len(raw) == 11 && strings.HasPrefix(raw, "021"):
			return "+98" + raw[1:], false, nil
		}
		return "", false, errors.New("phone: not a number that can be called")
	}
}

// town is the people and what they will do, made before anything happens: the
// same whatever goes wrong meanwhile.
type town struct {
	w    *World
	dice *rand.Rand
	n    int
}

// populate fills the timeline.
func (w *World) populate() {
	t := &town{w: w, dice: rand.New(rand.NewPCG(w.cfg.Seed, 2))}
	for i := range w.cfg.People {
		t.settle(i)
	}
	span := w.end.Sub(w.now)
	for t.n < w.cfg.Activities {
		at := t.dice.Float64()
		if w.cfg.Shuffled {
			at /= 3
		}
		t.act(w.now.Add(time.Duration(at * float64(span))))
	}
	for i := range w.cfg.Books[1:] {
		at := w.now.Add(span * time.Duration(i+1) / time.Duration(len(w.cfg.Books)))
		w.at(at.Add(time.Duration(t.dice.IntN(3600))*time.Second), w.publish)
	}
	for _, p := range w.people {
		if p.second != "" {
			w.at(w.now.Add(time.Duration((0.3+0.5*t.dice.Float64())*float64(span))), func() { t.mergeAsked(p) })
		}
	}
	for range 1 + w.cfg.Activities/200 {
		w.at(w.now.Add(time.Duration(t.dice.Float64()*float64(span))), t.nonsense)
	}
}

func (t *town) settle(i int) {
	d := t.dice
	p := &person{n: i, email: fmt.Sprintf("p%d@example.ir", i), phone: fmt.Sprintf("0912%07d", 1000+i)}
	switch {
	case i%11 == 7:
		p.email = fmt.Sprintf("p%d@own.test", i) // staff: kept, not scored
	case i%13 == 9:
		p.email = fmt.Sprintf("p%d@trash.test", i) // a fake: held
	case i%t.w.cfg.TwinOneIn == t.w.cfg.TwinOneIn/2:
		p.second = fmt.Sprintf("p%d.home@example.ir", i)
	}
	for range 1 + d.IntN(3) {
		p.browsers = append(p.browsers, fmt.Sprintf("browser%012d", d.IntN(1e9)))
	}
	if i > 0 && d.IntN(6) == 0 { // one computer for two
		p.browsers = append(p.browsers, t.w.people[d.IntN(i)].browsers[0])
	}
	if d.IntN(3) == 0 {
		p.external = fmt.Sprintf("crm-%d", i)
	}
	p.busy = 0.2 + d.ExpFloat64()
	if i == 0 {
		p.busy += 0.3 * float64(t.w.cfg.People) // one lead with a long history
	}
	t.w.people = append(t.w.people, p)
}

func (t *town) somebody() *person {
	all := 0.0
	for _, p := range t.w.people {
		all += p.busy
	}
	x := t.dice.Float64() * all
	for _, p := range t.w.people {
		if x -= p.busy; x < 0 {
			return p
		}
	}
	return t.w.people[0]
}

func text(name, value string) activity.Property {
	return activity.Property{Name: name, Value: activity.TextValue(value)}
}

// id is time-ordered, as those of our own pages are, or a sender's.
func (t *town) id(at time.Time, p *person) activity.ID {
	t.n++
	id := activity.ID(fmt.Sprintf("sender-%d-%d", p.n, t.n))
	if t.dice.IntN(2) == 0 {
		var u ulid.ULID
		if t.dice.IntN(12) == 0 { // a sender whose clock is fast
			at = at.Add(time.Duration(t.dice.IntN(48*3600)) * time.Second)
		}
		_ = u.SetTime(uint64(at.UnixMilli()))
		_ = u.SetEntropy(fmt.Appendf(nil, "%010d", t.n))
		id = activity.ID(u.String())
	}
	return id
}

// act lets somebody do something at a time; what it comes to may reach us late.
func (t *town) act(at time.Time) {
	d, p := t.dice, t.somebody()
	var as []activity.Activity
	switch n := d.IntN(100); {
	case n < t.w.cfg.Forms:
		as = []activity.Activity{t.posts(p, at)}
	case n < max(75, t.w.cfg.Forms+5):
		as = t.visit(p, at)
	case n < 90:
		as = []activity.Activity{t.told(p, at)}
	case n < 95:
		as = t.revokes(p, at)
	default:
		a := t.plain(p, at, activity.ProfileChanged)
		a.Who, a.Source = activity.Who{Email: p.email}, "crm"
		a.Profile = []activity.Property{text("role", pick(d, "sales_manager", "owner", "student")), text("company", fmt.Sprint("company ", d.IntN(5)))}
		as = []activity.Activity{a}
	}
	for i := range as {
		p.ids = append(p.ids, as[i].ID)
	}
	t.send(at, as)
}

func pick(d *rand.Rand, of ...string) string { return of[d.IntN(len(of))] }

func (t *town) plain(p *person, at time.Time, typ activity.Type) activity.Activity {
	return activity.Activity{ID: t.id(at, p), Type: typ, At: at.UTC().Truncate(time.Second), Source: "capture"}
}

// visit is some pages in one browser.
func (t *town) visit(p *person, at time.Time) []activity.Activity {
	d := t.dice
	browser := p.browsers[d.IntN(len(p.browsers))]
	var as []activity.Activity
	for i := range 1 + d.IntN(4) {
		a := t.plain(p, at.Add(time.Duration(i)*40*time.Second), activity.PageViewed)
		a.Who.Visitor = browser
		a.Properties = []activity.Property{text("path", pick(d, "/pricing", "/product/a", "/product/b", "/blog/x", "/", "/jobs", "/addons", "/demo"))}
		if d.IntN(25) == 0 {
			a.Flags |= activity.Machine
		}
		as = append(as, a)
	}
	return as
}

// nowhere is a time zone that there is not: it is dropped on the way.
const nowhere = "Asia/Teheran"

// posts is a form, mostly with consent.
func (t *town) posts(p *person, at time.Time) activity.Activity {
	d := t.dice
	a := t.plain(p, at, activity.FormPosted)
	a.Who = activity.Who{Email: p.email, Visitor: p.browsers[d.IntN(len(p.browsers))]}
	if p.second != "" && d.IntN(3) == 0 {
		a.Who.Email = p.second
	}
	if d.IntN(3) == 0 && a.Who.Email == p.email {
		a.Who.Phone = p.phone
	}
	a.Properties = []activity.Property{text("form", pick(d, "ebook", "ebook", "price", "demo", "trial"))}
	a.Profile = []activity.Property{text("first_name", fmt.Sprint("name ", p.n)), text("role", pick(d, "sales_manager", "owner", "student"))}
	if d.IntN(4) > 0 {
		a.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1", Proof: "form"}}
	}
	if a.Who.Phone != "" && d.IntN(2) == 0 {
		a.Consent = append(a.Consent, activity.Consent{Channel: "sms", Purpose: "marketing", Granted: d.IntN(5) > 0, Wording: "v1", Proof: "form"})
	}
	if d.IntN(8) == 0 {
		a.Profile = append(a.Profile, text("renews_on", at.AddDate(-d.IntN(3), 0, d.IntN(30)).Format(time.DateOnly)))
	}
	if d.IntN(40) == 0 {
		a.Flags |= activity.Backfill
	}
	// Some browsers say where they are, by the person and not by the dice; one
	// name there is not. Who moves says so from the middle of a month on.
	if zone := [...]string{1: "Europe/Berlin", 3: "America/Toronto", 4: nowhere, 8: ""}[p.n%9]; zone != "" {
		if at.Day() > 15 && p.n%9 == 1 {
			zone = "Pacific/Auckland"
		}
		a.Profile = append(a.Profile, text("timezone", zone))
	}
	return a
}

// told is what sales, the CRM or the product says.
func (t *town) told(p *person, at time.Time) activity.Activity {
	d := t.dice
	types := []activity.Type{activity.CallAnswered, activity.CallMissed, activity.ProductActive, activity.ProductActive, activity.ProductActive,
		activity.LeadAccepted, activity.LeadTaken, activity.DealOpened, activity.DealWon, activity.DealLost, activity.LeadReturned, activity.LeadAdjusted, activity.MailReplied}
	a := t.plain(p, at, types[d.IntN(len(types))])
	a.Source = "crm"
	a.Who.Email = p.email
	if p.external != "" {
		a.Who.External = p.external
		if d.IntN(2) == 0 {
			a.Who.Email = ""
		}
	}
	switch a.Type {
	case activity.DealLost, activity.LeadReturned:
		a.Properties = []activity.Property{text("reason", pick(d, "no_budget", "not_now", "competitor", "no_answer"))}
	case activity.LeadAdjusted:
		a.Properties = []activity.Property{{Name: "points", Value: activity.NumberValue(float64(d.IntN(21) - 10))}}
		if d.IntN(2) == 0 {
			a.Properties = append(a.Properties, text("until", at.AddDate(0, 0, d.IntN(20)).Format(time.DateOnly)))
		}
	}
	return a
}

// revokes takes evidence back, now and then before it came.
func (t *town) revokes(p *person, at time.Time) []activity.Activity {
	d := t.dice
	if len(p.ids) == 0 {
		return nil
	}
	a := t.plain(p, at, activity.Revoked)
	a.Source, a.Revokes = "console", p.ids[d.IntN(len(p.ids))]
	a.Who = activity.Who{Email: p.email}
	return []activity.Activity{a}
}

// send brings activities to the queue: mostly at once, sometimes days late;
// some senders send twice, with the same ids.
func (t *town) send(at time.Time, as []activity.Activity) {
	d := t.dice
	if len(as) == 0 {
		return
	}
	if span := t.w.end.Sub(t.w.now); t.w.cfg.Shuffled {
		at = t.w.now.Add(span/3 + time.Duration(d.Float64()*float64(span*2/3)))
	} else if d.IntN(8) == 0 {
		at = at.Add(time.Duration(d.IntN(13*24*3600)) * time.Second)
		if at.After(t.w.end) {
			at = t.w.end
		}
	}
	bodies := [][]byte{activity.Encode(as)}
	if d.IntN(2) == 0 {
		bodies = nil
		for i := range as {
			bodies = append(bodies, activity.Encode(as[i:i+1]))
		}
	}
	for _, b := range bodies {
		t.w.at(at, func() { t.w.deliverTo(b) })
		if d.IntN(6) == 0 {
			again := at.Add(time.Duration(d.IntN(8*24*3600)) * time.Second)
			t.w.at(again, func() { t.w.deliverTo(b) })
		}
	}
	// Another thing under the same id: the first one counts. Not where it brought
	// a profile: registers are written before the ledger says which was first.
	if d.IntN(60) == 0 && len(as[0].Profile) == 0 {
		x := as[0]
		x.Type, x.Properties, x.Profile, x.Consent, x.Revokes, x.Source = activity.AdClicked, nil, nil, nil, "", "crm"
		b := activity.Encode([]activity.Activity{x})
		t.w.at(at.Add(time.Duration(d.IntN(3600))*time.Second), func() { t.w.deliverTo(b) })
	}
}

// deliverTo is a sender at the queue: after an error it sends again later.
func (w *World) deliverTo(body []byte) {
	if w.rate > 0 {
		switch n := w.dice.Float64(); {
		case n < w.rate/2: // it never came
			w.at(w.now.Add(time.Minute), func() { w.deliverTo(body) })
			return
		case n < w.rate: // it came, and the sender does not know
			w.at(w.now.Add(time.Minute), func() { w.deliverTo(body) })
		}
	}
	w.activities.put(body)
}

// nonsense is what must be parked with a reason.
func (t *town) nonsense() {
	w := t.w
	id := fmt.Sprintf("bad-%d", w.invocations+len(w.log.bad))
	switch w.dice.IntN(4) {
	case 0:
		w.activities.put([]byte("{" + id))
	case 1:
		w.activities.put([]byte(`{"v":99,"id":"` + id + `","type":"page.viewed","lead":{"email":"a@example.ir"}}`))
	case 2:
		w.log.bad[activity.ID(id)] = true
		w.activities.put([]byte(`{"v":1,"id":"` + id + `","type":"page.viewed","lead":{"external":"lead:abcdefghijklmnop"}}`))
	default:
		w.log.bad[activity.ID(id)] = true
		w.activities.put([]byte(`{"v":1,"id":"` + id + `","type":"page.viewed","lead":{"phone":"12"}}`))
	}
}
