package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// The business in the middle of things, and then a week: exactly the mails leave
// that the playbook promises, by a calculation that walks from tick to tick and
// looks at the rules as a person reads them. It shares nothing with the claim
// but the playbook and where people stand when the week begins.
func TestAWeekOfTheBusinessBringsExactlyTheMailsThatThePlaybookPromises(t *testing.T) {
	r := newRun(t)
	r.ready()
	out, code := r.tool("", "business", "--locale", "en")
	if code != 0 {
		t.Fatalf("code %d: %s", code, out)
	}
	for _, shows := range []string{
		"no step is left, and the goal was not reached", // exhausted
		"paused by the person, until",
		"weekend, until", // held by the calendar
		"no consent",
		"☎ ", // a call for sales
		"everybody",
		"planned", // the broadcast
	} {
		if !strings.Contains(out, shows) {
			t.Errorf("%q is nowhere in:\n%s", shows, out)
		}
	}
	c, err := flow.NewBooks(r.store).InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := &localRun{page: r.world().get("PAGE_URL"), inbox: r.world().get("INBOX_URL")}
	begin, err := run.now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := flow.Broadcasts(t.Context(), r.store)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d broadcasts, %v", len(list), err)
	}
	var promised []promise
	people := []string{"arash", "kaveh", "leila", "narges", "omid", "bahar", "sina"}
	for _, name := range people {
		id, err := r.desk.Find(t.Context(), c, name+"@example.ir")
		if err != nil {
			t.Fatal(err)
		}
		item, err := r.store.ReadRecipient(t.Context(), string(id))
		if err != nil {
			t.Fatal(err)
		}
		p, err := nurture.Decode(item.ID, item.Body)
		if err != nil {
			t.Fatal(err)
		}
		w := week{t: t, c: c, r: p, name: name + "@example.ir"}
		promised = append(promised, w.walk(begin, begin.Add(7*24*time.Hour), list[0])...)
	}
	if err := run.forward(t.Context(), 7*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	var came []promise
	for _, name := range people {
		came = append(came, mailsSince(t, run, name+"@example.ir", begin)...)
	}
	slices.SortFunc(promised, byTime)
	slices.SortFunc(came, byTime)
	broadcasts := 0
	for _, p := range promised {
		i := slices.IndexFunc(came, func(x promise) bool {
			return x.to == p.to && slices.Contains(strings.Split(p.mail, "|"), x.mail) && x.at.Sub(p.at).Abs() <= 65*time.Minute
		})
		if i < 0 {
			t.Errorf("promised and not there: %s", p)
			continue
		}
		if p.mail == list[0].Mail {
			broadcasts++
		}
		came = slices.Delete(came, i, i+1)
	}
	for _, x := range came {
		t.Errorf("there and not promised: %s", x)
	}
	if len(promised) < 5 || broadcasts < 2 {
		t.Errorf("a week of %d mails, %d of them of the broadcast, shows little: %v", len(promised), broadcasts, promised)
	}
	if t.Failed() {
		t.Logf("promised: %v\nit stood:\n%s", promised, out)
	}
	r.lists(c, run, begin)
	b, err := flow.ReadBroadcast(t.Context(), r.store, list[0].ID)
	if err != nil || b.State() != nurture.BroadcastFrozen || b.Entered != len(people) {
		t.Errorf("%+v, %v", b, err)
	}
	if out, code := r.tool("", "broadcast", "show", b.ID); code != 0 || !strings.Contains(out, fmt.Sprintf("%d in the frozen audience, %d left", len(people), broadcasts)) {
		t.Errorf("code %d: %s", code, out)
	}
}

// lists holds the daily lists of a week to their promise: a call is open all
// week, so the team gets one each working morning, which names who is to be
// called, and none on other days.
func (r *aRun) lists(c *playbook.Compiled, run *localRun, begin time.Time) {
	t := r.t
	end := begin.Add(7 * 24 * time.Hour)
	kaveh, err := r.desk.Find(t.Context(), c, "kaveh@example.ir")
	if err != nil {
		t.Fatal(err)
	}
	if w, err := r.store.ReadWork(t.Context(), kaveh); err != nil || w.Rank == "" {
		t.Fatalf("the call to kaveh is not open any more: %+v, %v", w, err)
	}
	came := map[string]int{} // by local day
	for _, m := range salesMails(t, run, localSales) {
		if m.kind != "digest" || !m.at.After(begin) {
			continue
		}
		local := m.at.In(c.Zone)
		came[local.Format(time.DateOnly)]++
		if early := local.Hour()*60+local.Minute() < c.Sales.Digest.At; early || !strings.Contains(m.text, "/#/leads/"+string(kaveh)) {
			t.Errorf("a list at %s:\n%s", local.Format(time.DateTime), m.text)
		}
	}
	sure := 0
	for day := begin.In(c.Zone); !day.After(end.AddDate(0, 0, 1)); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		works := slices.Contains(c.Playbook.Nurture.Calls.Open, day.Weekday())
		for _, x := range c.Playbook.Nurture.Calls.Closed {
			works = works && (date < x.From || date > cmp.Or(x.Until, x.From))
		}
		hour := time.Date(day.Year(), day.Month(), day.Day(), 0, c.Sales.Digest.At, 0, 0, c.Zone)
		switch {
		case !works && came[date] > 0, came[date] > 1:
			t.Errorf("%d lists on %s, a working day: %v", came[date], date, works)
		case works && hour.After(begin) && hour.Before(end.Add(-time.Hour)):
			if sure++; came[date] != 1 {
				t.Errorf("no list on %s: %v", date, came)
			}
		}
	}
	if sure == 0 {
		t.Logf("no working morning in the week from %s", begin)
	}
}

// salesMail is what somebody of sales got.
type salesMail struct {
	at         time.Time
	kind, text string
}

func salesMails(t *testing.T, run *localRun, to string) (out []salesMail) {
	t.Helper()
	var list struct {
		Mails []struct {
			ID   string
			At   time.Time
			Tags map[string][]string
		}
	}
	if err := getJSON(t.Context(), run.inbox+"/mails?limit=500&to="+url.QueryEscape(to), &list); err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Mails {
		var one struct{ Text string }
		if err := getJSON(t.Context(), run.inbox+"/mails/"+url.PathEscape(m.ID), &one); err != nil {
			t.Fatal(err)
		}
		kind := ""
		if k := m.Tags["kind"]; len(k) > 0 {
			kind = k[0]
		}
		out = append(out, salesMail{m.At, kind, one.Text})
	}
	return out
}

type promise struct {
	to, mail string // several mails with | between: an experiment's
	at       time.Time
}

func (p promise) String() string { return p.at.Format("2006-01-02 15:04 ") + p.mail + " to " + p.to }

func byTime(a, b promise) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.to, b.to)) }

func mailsSince(t *testing.T, run *localRun, to string, since time.Time) []promise {
	t.Helper()
	var list struct {
		Mails []struct {
			At   time.Time
			Tags map[string][]string
		}
	}
	if err := getJSON(context.Background(), run.inbox+"/mails?limit=500&to="+url.QueryEscape(to), &list); err != nil {
		t.Fatal(err)
	}
	var out []promise
	for _, m := range list.Mails {
		if m.At.After(since) && len(m.Tags["mail"]) > 0 {
			out = append(out, promise{to, m.Tags["mail"][0], m.At.UTC()})
		}
	}
	return out
}

// week walks one person through some days.
type week struct {
	t    *testing.T
	c    *playbook.Compiled
	r    *nurture.Recipient
	name string
	in   []place
	sent []time.Time // of marketing
}

// place is where the person stands in a track.
type place struct {
	track *nurture.Track
	step  int
	due   time.Time
	until time.Time // of a step that waits for something: when it waits no more
}

func (w *week) walk(from, to time.Time, b *nurture.Broadcast) (out []promise) {
	for _, e := range w.r.Enrollments {
		track := w.c.Nurture.Track(e.Track)
		if e.Ended != "" || track == nil {
			continue
		}
		p := place{track: track, step: slices.IndexFunc(track.Steps, func(s nurture.Step) bool { return s.Name == e.Step }), due: time.Unix(e.Due, 0)}
		if e.Out != "" || p.step < 0 {
			w.t.Fatalf("%s stands at %+v: this calculation knows no such place", w.name, e)
		}
		if s := &track.Steps[p.step]; e.Began != 0 && s.Until != nil {
			p.until = time.Unix(e.Began, 0).Add(s.Until.Within())
		}
		w.in = append(w.in, p)
	}
	for _, s := range w.r.Sends {
		if s.Class == nurture.Marketing && s.Failed == "" {
			w.sent = append(w.sent, time.Unix(s.At, 0))
		}
	}
	frozen := false
	// Ticks are half an hour apart in a jump of days, and a second late.
	for tick := from.Truncate(30 * time.Minute).Add(30 * time.Minute); !tick.After(to); tick = tick.Add(30 * time.Minute) {
		now := tick.Add(time.Second)
		if mail := w.serve(now); mail != "" {
			out = append(out, promise{w.name, mail, tick.UTC()})
		}
		if !frozen && !tick.Before(time.Unix(b.At, 0)) { // the next tick finds who was entered
			frozen = true
			w.in = append(w.in, place{track: &nurture.Track{Name: b.Track(), Priority: b.Priority, Topic: b.Topic, Steps: []nurture.Step{{Name: "mail", Class: nurture.Marketing, Mail: b.Mail}}}, due: now})
		}
	}
	return out
}

// serve does what is due and gives the mail that leaves, "" for none.
func (w *week) serve(now time.Time) string {
	slices.SortStableFunc(w.in, func(a, b place) int {
		return cmp.Or(b.track.Priority-a.track.Priority, a.due.Compare(b.due), cmp.Compare(a.track.Name, b.track.Name))
	})
	for again := true; again; {
		again = false
		for i := range w.in {
			p := &w.in[i]
			if p.step >= len(p.track.Steps) || p.due.After(now) {
				continue
			}
			s := &p.track.Steps[p.step]
			mails := s.Mails()
			switch {
			case s.Until != nil && p.until.IsZero():
				p.until = now.Add(s.Until.Within())
				continue
			case s.Until != nil && now.Before(p.until):
				continue
			case s.Until != nil && s.Until.Otherwise != s.Name: // nobody clicks in this week
				w.goTo(p, s.Until.Otherwise, now)
			case len(s.Split) > 0:
				for _, b := range s.Split {
					if b.Audience == "" && b.Persona == "" && b.Seen == "" && b.Attribute == "" {
						w.goTo(p, b.Goto, now)
						break
					}
				}
			case s.Only != "" || s.OnlyIn != "" || s.Task != nil || s.Message != nil, // nobody permitted messages
				s.Class != nurture.Asked && !w.r.Consents("email", "marketing", w.c.Nurture.DoubleOptIn):
				w.next(p, now)
			case s.Class != nurture.Asked && !w.may(now):
				continue
			default:
				w.next(p, now)
				if s.Class != nurture.Asked {
					w.sent = append(w.sent, now)
				}
				return strings.Join(mails, "|")
			}
			again = true
		}
	}
	return ""
}

func (w *week) next(p *place, now time.Time) {
	if then := p.track.Steps[p.step].Then; then != "" {
		w.goTo(p, then, now)
		return
	}
	w.stand(p, p.step+1, now)
}

func (w *week) goTo(p *place, step string, now time.Time) {
	if i := slices.IndexFunc(p.track.Steps, func(s nurture.Step) bool { return s.Name == step }); i >= 0 {
		w.stand(p, i, now)
		return
	}
	p.step = len(p.track.Steps)
}

func (w *week) stand(p *place, step int, now time.Time) {
	p.step, p.until = step, time.Time{}
	if step >= len(p.track.Steps) {
		return
	}
	s := &p.track.Steps[step]
	p.due = now.Add(s.Wait())
	if s.At == nil {
		return
	}
	for { // minute by minute to the weekday and hour
		l := p.due.In(w.c.Zone)
		if (len(s.At.Weekdays) == 0 || slices.Contains(s.At.Weekdays, l.Weekday())) && l.Hour()*60+l.Minute() == s.At.Minute {
			return
		}
		p.due = p.due.Truncate(time.Minute).Add(time.Minute)
	}
}

// may tells, by the rules as a person reads them, whether marketing may leave.
func (w *week) may(now time.Time) bool {
	n := w.c.Playbook.Nurture
	if w.r.Held || w.r.Talk != "" || now.Unix() < w.r.Paused {
		return false
	}
	for _, s := range w.sent {
		if now.Sub(s) < time.Duration(n.GapHours)*time.Hour {
			return false
		}
	}
	for _, c := range n.Caps {
		if c.Channel != "" && c.Channel != nurture.Email {
			continue
		}
		inside := 0
		for _, s := range w.sent {
			if now.Sub(s) < time.Duration(c.Days)*24*time.Hour {
				inside++
			}
		}
		if inside >= c.Count {
			return false
		}
	}
	local := now.In(w.c.Zone)
	day, minute := local.Format(time.DateOnly), local.Hour()*60+local.Minute()
	for _, x := range n.Calendar.Closed {
		if day >= x.From && day <= cmp.Or(x.Until, x.From) {
			return false
		}
	}
	return slices.Contains(n.Calendar.Open, local.Weekday()) && minute >= n.Calendar.From && minute < n.Calendar.Until
}
