package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/store"
)

// A lead that becomes hot is told at once, in a mail of its own. When many
// become hot together, an import that is told loudly or a busy hour, the first
// few are told so, and the rest wait a little and are told in one mail, a list.
//
// Which of the two it is stands on the decision's own record, which one worker
// alone can write: either its mail is claimed there, or it is put among those
// that wait, from where only a list takes it. One list is on its way at a time:
// whom it tells is written on the bell, which all share, before its mail is
// claimed, and is taken off there when each of them knows that it was told. The
// message of a decision that waits is not acknowledged until then, so whoever
// dies on the way, another goes on where he was.

const (
	doneWaits = "alert.waits" // it waits to be told with others, since then
	doneGroup = "alert.group" // the number of the list that told it
)

// salesDesk is whose decisions the mails to sales are that concern many leads.
// No lead has such an id.
const salesDesk = lead.ID("sales")

// groupKind is the kind of a list of hot leads.
const groupKind = "alerts"

// mostInGroup bounds a list: mail programs cut what is over 100 KB.
const mostInGroup = 100

// AlertStore keeps what is told together.
type AlertStore interface {
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	ReadDecisions(ctx context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error)
	ListAlerts(ctx context.Context, limit int, page string) ([]store.DecisionKey, string, error)
	ReadBell(ctx context.Context) (store.Bell, error)
	WriteBell(ctx context.Context, b store.Bell) error
}

// bell is what all who tell sales share.
type bell struct {
	// Alone are the alerts that left alone within the last while, oldest first.
	Alone []rung `json:"alone,omitempty"`
	// N is the number of the last list, and Open whom it tells, by their keys,
	// while it is on its way.
	N    int      `json:"n,omitempty"`
	Open []string `json:"open,omitempty"`
}

type rung struct {
	Key string `json:"key"`
	At  int64  `json:"at"`
}

// changeBell changes the bell by one conditional write. change tells whether
// there is anything to write.
func (j *job) changeBell(change func(*bell) bool) (*bell, error) {
	for range tries {
		was, err := j.Store.ReadBell(j.ctx)
		if err != nil {
			return nil, err
		}
		b := &bell{}
		if len(was.Body) > 0 {
			if err := json.Unmarshal(was.Body, b); err != nil {
				return nil, fmt.Errorf("bell: %w", err)
			}
		}
		if !change(b) {
			return b, nil
		}
		body, err := json.Marshal(b)
		if err != nil {
			return nil, fmt.Errorf("bell: %w", err)
		}
		if err = j.Store.WriteBell(j.ctx, store.Bell{Version: was.Version, Body: body}); !errors.Is(err, store.ErrConflict) {
			return b, err
		}
	}
	return nil, &AgainError{5 * time.Second, fmt.Errorf("bell: %w", store.ErrConflict)}
}

// alert tells sales: at once, or with others. Who asked for a person is always
// told at once.
func (j *job) alert() error {
	if j.did(doneWaits) {
		return j.together()
	}
	if j.msg.Kind == decision.Handover && !j.did(doneClaim) {
		switch alone, err := j.alone(); {
		case err != nil:
			return err
		case !alone:
			return j.wait()
		}
	}
	return j.once(j.alertMail)
}

// alone tells that a mail of its own may tell of this decision: so many may in
// a while. Asked again it is the same answer, as long as the while lasts.
func (j *job) alone() (bool, error) {
	most, within := j.c.Sales.AlertLimits()
	since, may := j.now.Add(-within).Unix(), false
	_, err := j.changeBell(func(b *bell) bool {
		b.Alone = slices.DeleteFunc(b.Alone, func(r rung) bool { return r.At <= since })
		had := slices.ContainsFunc(b.Alone, func(r rung) bool { return r.Key == j.msg.Key })
		if may = had || len(b.Alone) < most; had || !may {
			return false
		}
		b.Alone = append(b.Alone, rung{j.msg.Key, j.now.Unix()})
		return true
	})
	return may, err
}

// wait puts the decision among those that are told together.
func (j *job) wait() error {
	was := j.rec
	j.rec.Waits, j.rec.Rank = fmt.Sprintf("%011d", j.now.Unix()), ""
	j.mark(doneWaits)
	j.rec.Done = with(j.rec.Done, doneBy, j.claimant())
	if err := j.save(); err != nil {
		j.rec = was
		return err
	}
	return j.together()
}

// together waits for its time, and then tells all who wait.
func (j *job) together() error {
	_, within := j.c.Sales.AlertLimits()
	if left := time.Unix(j.rec.Done[doneWaits], 0).Add(within).Sub(j.now); left > 0 {
		return &AgainError{left + time.Second, errors.New("waits to be told with others")}
	}
	if err := j.save(); err != nil { // the record is written below, by its key
		return err
	}
	for range tries { // a list may be on its way that does not hold this one
		if err := j.tellGroup(); err != nil {
			return err
		}
		rec, err := j.Store.ReadDecision(j.ctx, j.rec.DecisionKey)
		if err != nil {
			return err
		}
		if j.rec = rec; j.did(doneAlert) {
			return nil
		}
	}
	return &AgainError{time.Minute, errors.New("other lists were on their way")}
}

// tellGroup sends the list that is on its way, or a new one of all who wait, and
// notes on each that it was told.
func (j *job) tellGroup() error {
	var unread error
	b, err := j.changeBell(func(b *bell) bool {
		if len(b.Open) > 0 {
			return false
		}
		b.N++
		b.Open, unread = j.waiting()
		return unread == nil
	})
	if err := errors.Join(unread, err); err != nil {
		return err
	}
	g, err := j.group(b.N)
	if err != nil {
		return err
	}
	if begun := time.Unix(g.rec.Done[doneClaim], 0); !g.did(doneAlert) && j.now.Before(begun.Add(alertUnknown)) {
		return &AgainError{time.Minute, errors.New("a list is on its way")} // most likely another is in the middle of it
	}
	members, err := j.members(b.Open)
	if err != nil {
		return err
	}
	switch {
	case g.did(doneAlert):
	case len(members) == 0: // all were told, or taken back, meanwhile
		g.mark(doneAlert)
	default:
		err = g.once(func() (mail.Message, error) { return g.listMail(members) })
	}
	if saved := g.save(); err == nil {
		err = saved
	}
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := m.told(g); err != nil {
			return err
		}
	}
	_, err = j.changeBell(func(now *bell) bool {
		if now.N != b.N || len(now.Open) == 0 {
			return false
		}
		now.Open = nil
		return true
	})
	return err
}

// waiting are the keys of those who wait, this one for sure: the index may be a
// moment behind.
func (j *job) waiting() ([]string, error) {
	listed, _, err := j.Store.ListAlerts(j.ctx, mostInGroup, "")
	if err != nil {
		return nil, err
	}
	listed = slices.DeleteFunc(listed, func(k store.DecisionKey) bool { return k == j.rec.DecisionKey })
	keys := []string{j.rec.DecisionKey.String()}
	for _, k := range listed[:min(len(listed), mostInGroup-1)] {
		keys = append(keys, k.String())
	}
	return keys, nil
}

// members are those of the decisions that are still to be told.
func (j *job) members(names []string) ([]*job, error) {
	keys := make([]store.DecisionKey, len(names))
	for i, name := range names {
		var err error
		if keys[i], err = store.ParseDecisionKey(name); err != nil {
			return nil, err
		}
	}
	records, err := j.Store.ReadDecisions(j.ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []*job
	for _, key := range keys {
		rec, ok := records[key]
		if !ok || rec.Waits == "" || rec.Done[doneAlert] != 0 {
			continue
		}
		msg, err := DecodeDelivery(rec.Body)
		if err != nil { // the list tells of the lead, if not why
			msg = Delivery{Format: 1, Key: key.String(), Lead: key.Lead, Kind: key.Kind, Subject: key.Subject, N: key.N}
		}
		m := &job{Deliver: j.Deliver, ctx: j.ctx, c: j.c, msg: msg, rec: rec, now: j.now}
		switch back, err := m.takenBack(); {
		case err != nil:
			return nil, err
		case back: // its own message closes it
			continue
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b *job) int { return cmp.Compare(b.msg.Total, a.msg.Total) })
	return out, nil
}

// group is the list of a number as a decision of its own: under its record the
// mail leaves once.
func (j *job) group(n int) (*job, error) {
	key := store.DecisionKey{Lead: salesDesk, Kind: groupKind, N: n}
	msg := Delivery{Format: 1, Key: key.String(), Lead: key.Lead, Kind: key.Kind, N: n, At: j.now.UTC(), Playbook: j.c.Number}
	rec, err := j.Store.ReadDecision(j.ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		rec, err = j.begin(j.ctx, key, msg)
	}
	if err != nil {
		return nil, err
	}
	return &job{Deliver: j.Deliver, ctx: j.ctx, c: j.c, msg: msg, rec: rec, now: j.now}, nil
}

// told notes that the list told of this one, whatever else is written on its
// record meanwhile.
func (m *job) told(by *job) error {
	for range tries {
		m.rec.Waits = ""
		m.rec.Done = with(with(m.rec.Done, doneGroup, int64(by.rec.N)), doneAlert, m.now.Unix())
		if by.did(doneDoubt) {
			m.rec.Done = with(m.rec.Done, doneDoubt, m.now.Unix())
		}
		err := m.Store.WriteDecision(m.ctx, m.rec)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if m.rec, err = m.Store.ReadDecision(m.ctx, m.rec.DecisionKey); err != nil {
			return err
		}
		if m.did(doneAlert) || m.rec.Waits == "" {
			return nil
		}
	}
	return fmt.Errorf("decision %s: %w", m.rec.DecisionKey, store.ErrConflict)
}

// listMail writes what sales needs of several leads, the best first. One alone
// is an alert like any other.
func (g *job) listMail(members []*job) (mail.Message, error) {
	if len(members) == 1 {
		m, err := members[0].alertMail()
		m.Headers, m.Tags = g.headers(), g.tags()
		return m, err
	}
	w := store.Wanted{}
	for _, m := range members {
		w.Profiles = append(w.Profiles, m.msg.Lead)
	}
	found, err := g.Store.Fetch(g.ctx, w)
	if err != nil {
		return mail.Message{}, fmt.Errorf("profiles: %w", err)
	}
	l := saleList{wording: g.wording(), url: g.ConsoleURL + "/#/work"}
	l.title = fmt.Sprintf(l.say("%s سرنخ داغ", "%s hot leads"), l.digits(len(members)))
	lines := make([]saleLine, len(members))
	for i, m := range members {
		profile, err := lead.DecodeProfile(found.Profiles[m.msg.Lead].Body)
		if err != nil {
			return mail.Message{}, err
		}
		score := fmt.Sprintf(l.say("امتیاز %s", "score %s"), l.digits(m.msg.Total))
		if company := profile.Text("company"); company != "" {
			score = company + l.say("، ", ", ") + score
		}
		lines[i] = saleLine{name: l.nameOf(profile), reach: cmp.Or(profile.Text("phone"), profile.Text("email")), url: m.leadURL(), notes: []string{score}}
		if why := l.why(g.c, m.msg); why != "" {
			lines[i].notes = append(lines[i].notes, why)
		}
	}
	l.parts = []salePart{{lines: lines}}
	return mail.Message{
		From: g.From, To: g.Sales, Content: mail.Content{Subject: l.title, HTML: l.html(), Text: l.text()},
		Headers: g.headers(), Tags: g.tags(),
	}, nil
}
