package sim

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/store"
)

var linkIn = regexp.MustCompile(`https://go\.business\.test(/[cdup]/[A-Za-z0-9_-]+)`)

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// react is what follows when a mail arrived: scanners look at every link at
// once, people click, some leave, some complain to their provider.
func (w *World) react(m *mail.Message) {
	d := w.dice
	var click, leave string
	for _, x := range linkIn.FindAllStringSubmatch(m.Text, -1) {
		if strings.HasPrefix(x[1], "/c/") {
			click = x[1]
		}
	}
	for _, h := range m.Headers {
		if x := linkIn.FindStringSubmatch(h.Value); x != nil && h.Name == "List-Unsubscribe" {
			leave = x[1]
		}
	}
	in := func(longest time.Duration, q *request) {
		w.at(w.now.Add(20*time.Second+time.Duration(d.Int64N(int64(longest)))), func() { w.requests = append(w.requests, q) })
	}
	if leave != "" && d.IntN(5) == 0 { // a scanner: only looks
		in(time.Second, &request{method: http.MethodGet, path: leave, agent: browser})
	}
	if click != "" && d.IntN(4) == 0 {
		in(48*time.Hour, &request{method: http.MethodGet, path: click, agent: browser})
	}
	recipient := tagOf(m, "recipient")
	if leave != "" && d.IntN(w.cfg.LeaveOneIn) == 0 {
		q := &request{method: http.MethodPost, path: leave, body: "List-Unsubscribe=One-Click", agent: "mail program",
			answered: func(at time.Time, status int) {
				if status == http.StatusOK {
					w.report.Unsubscribes++
					w.mails.withdrawn[recipient] = max(w.mails.withdrawn[recipient], at.Unix())
					w.mails.promised(recipient, at)
					w.note("unsubscribed", recipient, status)
				}
			}}
		w.mails.asked[recipient] = true
		switch d.IntN(3) {
		case 0:
			in(time.Minute, q)
		case 1:
			in(72*time.Hour, q)
		default: // in the moment in which the next mail is due
			w.at(w.now.Add(time.Hour), func() { w.atDue(recipient, q, 40) })
		}
	}
	if d.IntN(30) == 0 {
		t := "/p/" + w.keys.Person(link.ForPreferences, link.Person{Lead: recipient, Channel: "email", Purpose: "marketing", Locale: "en"}, w.now)
		in(48*time.Hour, &request{method: http.MethodPost, path: t, body: "do=pause", agent: browser, answered: func(at time.Time, status int) {
			if status < 400 {
				w.mails.paused[recipient] = max(w.mails.paused[recipient], at.AddDate(0, 0, 30).Unix())
				w.note("paused", recipient, status)
			}
		}})
	}
}

// atDue asks something right when somebody is served: in the minute in which
// their next step is due.
func (w *World) atDue(recipient string, q *request, tries int) {
	due := time.Unix(w.due[recipient], 0).UTC()
	if due.Before(w.now.Add(time.Minute)) || due.After(w.now.Add(6*time.Hour)) {
		if tries > 0 && w.now.Before(w.end) {
			w.at(w.now.Add(6*time.Hour), func() { w.atDue(recipient, q, tries-1) })
		}
		return
	}
	at := due.Add(time.Minute - time.Second).Truncate(time.Minute).Add(time.Duration(w.dice.IntN(120)) * time.Millisecond)
	w.at(at, func() { w.requests = append(w.requests, q) })
}

// mergeAsked is somebody in sales who sees that two leads are one person.
func (t *town) mergeAsked(p *person) {
	w := t.w
	a, ok := w.leadOf(p.email)
	b, found := w.leadOf(p.second)
	if !ok || !found || a == b {
		return
	}
	if _, seen := w.is[a]; !seen { // an identity given away by a process that died: nobody can see such a lead
		return
	}
	x := activity.Activity{ID: activity.ID(fmt.Sprintf("merge-%d", p.n)), Type: activity.LeadsMerged, At: w.now.Truncate(time.Second),
		Who: activity.WhoIs(string(a)), Source: "console", Properties: []activity.Property{text(flow.PropertyOther, string(b))}}
	w.deliverTo(activity.Encode([]activity.Activity{x}))
}

// leadOf is the lead that an address belongs to now.
func (w *World) leadOf(email string) (lead.ID, bool) {
	id, err := w.mem.LeadOf(context.Background(), store.IdentityOf(string(lead.ByEmail), lead.Identity{Kind: lead.ByEmail, Value: email}.Hash(secret)))
	if err != nil {
		return "", false
	}
	for w.mails.moved[string(id)] != "" {
		id = lead.ID(w.mails.moved[string(id)])
	}
	return id, true
}

// otherAddress is the other one of the same person: what was permitted there
// moves over before two leads become one.
func (w *World) otherAddress(email string) string {
	for _, p := range w.people {
		switch email {
		case p.email:
			return p.second
		case p.second:
			return p.email
		}
	}
	return ""
}
