package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Each working morning sales gets the work list by mail: who took leads gets
// theirs, and the team what nobody took. A list is a decision of the day and
// the person: rescore's tick queues those of today that have no record yet,
// deliver carries them out like any alert, once.

// digestKind is the kind of a daily list; its subject is the day, and with a
// slash the name of a contact.
const digestKind = "digest"

const (
	doneEmpty = "digest.empty" // there was no open work, and no mail
	doneLate  = "digest.late"  // its day was over before it could leave
)

const (
	// mostWork bounds how much of the list is read for a digest, and mostLines
	// what is written out: mail programs cut what is over 100 KB.
	mostWork  = 2000
	mostLines = 80
)

// WorkLister lists open work.
type WorkLister interface {
	ListWork(ctx context.Context, shard, limit int, page string) ([]store.Work, string, error)
}

func digestKey(day, person string) store.DecisionKey {
	if person != "" {
		day += "/" + person
	}
	return store.DecisionKey{Lead: salesDesk, Kind: digestKind, Subject: day, N: 1}
}

// Digests queues the work lists of today that are not queued yet, once their
// hour has come; they are due until people go home, so that a tick that was
// missed makes them late and does not lose them. It tells how many it queued.
func (r *Rescore) Digests(ctx context.Context, now time.Time) (int, error) {
	c, err := r.books.InForce(ctx)
	if errors.Is(err, ErrNoPlaybook) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("daily lists: %w", err)
	}
	day, due := c.DigestDay(now)
	known := fmt.Sprint(day, "#", c.Number)
	if !due || r.listed == known {
		return 0, nil
	}
	keys := []store.DecisionKey{digestKey(day, "")}
	for _, k := range c.Sales.Contacts {
		if k.Email != "" {
			keys = append(keys, digestKey(day, k.Name))
		}
	}
	have, err := r.store.ReadDecisions(ctx, keys)
	if err != nil {
		return 0, fmt.Errorf("daily lists: %w", err)
	}
	var bodies [][]byte
	var records []store.Decision
	for _, key := range keys {
		if _, ok := have[key]; ok {
			continue
		}
		d := Delivery{Format: 1, Key: key.String(), Lead: key.Lead, Kind: key.Kind, Subject: key.Subject, N: key.N, At: now.UTC(), Playbook: c.Number}
		bodies = append(bodies, d.Encode())
		records = append(records, store.Decision{DecisionKey: key, Playbook: c.Number, At: now.Unix(), Body: d.Encode()})
	}
	if len(records) > 0 {
		// The queue first, as dispatch does: a record without a message would be a list that nobody sends.
		if err := r.dispatch.queue.SendAll(ctx, bodies); err != nil {
			return 0, fmt.Errorf("daily lists: %w", err)
		}
		for _, err := range r.store.RecordDecisions(ctx, records) {
			if err != nil && !errors.Is(err, store.ErrConflict) { // a conflict: another tick was as fast
				return 0, fmt.Errorf("daily lists: %w", err)
			}
		}
	}
	r.listed = known
	return len(records), nil
}

// digest sends one list of open work.
func (j *job) digest() error {
	day, person, _ := strings.Cut(j.msg.Subject, "/")
	if today := j.now.In(j.c.Zone).Format(time.DateOnly); today != day {
		j.Log.Warn("a daily list could not leave on its day", "list", j.msg.Subject)
		j.mark(doneLate)
		j.mark(doneAlert)
		return nil
	}
	to, theirs := j.deskOf(person)
	var all []openWork
	if to != "" {
		var err error
		if all, err = j.openWork(theirs); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		j.mark(doneEmpty)
		j.mark(doneAlert)
		return nil
	}
	return j.once(func() (mail.Message, error) { return j.digestMail(to, all) })
}

// deskOf is where the list of a contact, or with "" of the team, goes, and whose
// leads stand on it. "" is nowhere: what is theirs stands on another's list, or
// no address is known.
func (j *job) deskOf(person string) (to string, theirs func(owner *playbook.Contact) bool) {
	team := j.Sales
	if strings.HasSuffix(team, ".invalid") { // as the template has it until somebody says
		team = ""
	}
	if person == "" {
		return team, func(o *playbook.Contact) bool {
			return o == nil || o.Email == "" || strings.EqualFold(o.Email, team)
		}
	}
	contacts := j.c.Sales.Contacts
	i := slices.IndexFunc(contacts, func(k playbook.Contact) bool { return k.Name == person })
	if i < 0 || contacts[i].Email == "" || strings.EqualFold(contacts[i].Email, team) {
		return "", nil
	}
	theirs = func(o *playbook.Contact) bool { return o != nil && strings.EqualFold(o.Email, contacts[i].Email) }
	// Two contacts with one mailbox get one list, the first's.
	if slices.IndexFunc(contacts, func(k playbook.Contact) bool { return theirs(&k) }) != i {
		return "", nil
	}
	return contacts[i].Email, theirs
}

// openWork is a lead with open reasons.
type openWork struct {
	lead lead.ID
	item *WorkItem
	due  int64 // the earliest of its reasons
}

// openWork reads the open work whose owners are asked for: what is overdue
// first, then in the order of the list.
func (j *job) openWork(theirs func(owner *playbook.Contact) bool) ([]openWork, error) {
	var all []store.Work
	for shard := range store.WorkShards {
		for page := ""; ; {
			some, next, err := j.Store.ListWork(j.ctx, shard, 100, page)
			if err != nil {
				return nil, err
			}
			if all = append(all, some...); len(all) > mostWork {
				j.Log.Warn("the work list is longer than a daily list reads", "read", len(all))
				break
			}
			if page = next; page == "" {
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b store.Work) int { return strings.Compare(a.Rank, b.Rank) })
	w := store.Wanted{}
	for _, x := range all {
		w.Recipients = append(w.Recipients, string(x.Lead))
	}
	found := store.Found{}
	if len(all) > 0 {
		var err error
		if found, err = j.Store.Fetch(j.ctx, w); err != nil {
			return nil, fmt.Errorf("owners: %w", err)
		}
	}
	var out []openWork
	for _, x := range all {
		r := &nurture.Recipient{} // of whom nothing is known but the call that is to be made
		if stored, ok := found.Recipients[string(x.Lead)]; ok {
			var err error
			if r, err = nurture.Decode(stored.ID, stored.Body); err != nil {
				return nil, err
			}
		}
		item, err := ReadWorkItem(x)
		if err != nil {
			return nil, err
		}
		if len(item.Reasons) == 0 || !theirs(ownerOf(j.c, r)) {
			continue
		}
		o := openWork{lead: x.Lead, item: item, due: item.Reasons[0].Due}
		for _, reason := range item.Reasons {
			o.due = min(o.due, reason.Due)
		}
		out = append(out, o)
	}
	now := j.now.Unix()
	slices.SortStableFunc(out, func(a, b openWork) int {
		switch aLate, bLate := a.due < now, b.due < now; {
		case aLate && bLate:
			return cmp.Compare(a.due, b.due)
		case aLate:
			return -1
		case bLate:
			return 1
		}
		return 0
	})
	return out, nil
}

// digestMail writes who is to be called, why, and until when.
func (j *job) digestMail(to string, all []openWork) (mail.Message, error) {
	shown := all[:min(len(all), mostLines)]
	w := store.Wanted{}
	for _, x := range shown {
		w.Profiles = append(w.Profiles, x.lead)
	}
	found, err := j.Store.Fetch(j.ctx, w)
	if err != nil {
		return mail.Message{}, fmt.Errorf("profiles: %w", err)
	}
	l := saleList{wording: j.wording(), url: j.ConsoleURL + "/#/work"}
	late := 0
	for _, x := range all {
		if x.due < j.now.Unix() {
			late++
		}
	}
	l.title = fmt.Sprintf(l.say("کار امروز: %s نفر", "Today's work: %s people"), l.digits(len(all)))
	if late > 0 {
		l.title += fmt.Sprintf(l.say("، %s نفر دیرشده", ", %s overdue"), l.digits(late))
	}
	overdue, open := salePart{title: l.say("دیرشده", "Overdue")}, salePart{title: l.say("باز", "Open")}
	for _, x := range shown {
		profile, err := lead.DecodeProfile(found.Profiles[x.lead].Body)
		if err != nil {
			return mail.Message{}, err
		}
		line := j.workLine(l.wording, x, profile)
		if line.late {
			overdue.lines = append(overdue.lines, line)
		} else {
			open.lines = append(open.lines, line)
		}
	}
	for _, p := range []salePart{overdue, open} {
		if len(p.lines) > 0 {
			l.parts = append(l.parts, p)
		}
	}
	if more := len(all) - len(shown); more > 0 {
		l.foot = fmt.Sprintf(l.say("و %s نفر دیگر در فهرست کار.", "And %s more on the work list."), l.digits(more))
	}
	return mail.Message{
		From: j.From, To: to, Content: mail.Content{Subject: l.title, HTML: l.html(), Text: l.text()},
		Headers: j.headers(), Tags: j.tags(),
	}, nil
}

// workLine says of one lead until when, what to do and why.
func (j *job) workLine(w wording, x openWork, profile *lead.Profile) saleLine {
	due := time.Unix(x.due, 0)
	line := saleLine{
		name: w.nameOf(profile), reach: cmp.Or(profile.Text("phone"), profile.Text("email")), url: j.ConsoleURL + "/#/leads/" + string(x.lead),
		notes: []string{w.say("تا ", "by ") + moment(due, j.c.Zone, w.locale)}, late: due.Before(j.now),
	}
	for _, r := range x.item.Reasons {
		what := cmp.Or(r.Title.In(w.locale), WorkTitle(r.Kind).In(w.locale))
		if why := w.why(j.c, Delivery{Reason: r.Why}); why != "" {
			what += ": " + why
		}
		if r.Total > 0 {
			what += fmt.Sprintf(w.say(" (امتیاز %s)", " (score %s)"), w.digits(r.Total))
		}
		line.notes = append(line.notes, what)
	}
	return line
}
