package sim

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
)

// mails watches every write of a recipient and every mail that leaves, and
// says what was promised about them.
type mails struct {
	w         *World
	claims    map[string]*claim
	order     []string            // of claims
	addresses map[string][]string // that a recipient had
	granted   map[string]int64    // by address: the newest consent that was sent
	withdrawn map[string]int64    // by recipient: the newest unsubscribe that was answered
	paused    map[string]int64    // by recipient: until when, as answered
	stopped   map[string]string   // addresses that bounced or complained, as far as we heard
	asked     map[string]bool     // recipients who posted an unsubscribe, answered or not
	moved     map[string]string   // recipients of leads that were absorbed
	texts     map[string]*claim   // short messages
	known     map[string]known    // recipients as they were last seen
}

// known is a recipient at a version, so that it is not read twice.
type known struct {
	version int64
	r       *nurture.Recipient
}

// claim is one send, over all its attempts.
type claim struct {
	send      string
	recipient string
	mail      string
	track     string
	class     nurture.Class
	at        int64   // of the newest attempt
	left      []int64 // claim times of the attempts that left
	fate      string
}

// The fates of a claim.
const (
	inHand   = "in hand"
	sent     = "sent"
	failed   = "failed"
	unknown  = "unknown"
	released = "released"
)

func newMails(w *World) *mails {
	return &mails{w: w, claims: map[string]*claim{}, addresses: map[string][]string{}, granted: map[string]int64{}, withdrawn: map[string]int64{},
		paused: map[string]int64{}, stopped: map[string]string{}, asked: map[string]bool{}, moved: map[string]string{}, texts: map[string]*claim{}, known: map[string]known{}}
}

// watch compares a recipient before and after a write.
func (m *mails) watch(p *process, was, is store.Recipient) {
	after, err := nurture.Decode(is.ID, is.Body)
	if err != nil {
		m.w.broken("%v", err)
		return
	}
	before := &nurture.Recipient{}
	if k := m.known[is.ID]; k.version == was.Version && k.r != nil {
		before = k.r
	} else if was.Version > 0 {
		if before, err = nurture.Decode(was.ID, was.Body); err != nil {
			m.w.broken("%v", err)
			return
		}
	}
	m.known[is.ID] = known{is.Version, after}
	if after.Email != "" && !slices.Contains(m.addresses[is.ID], after.Email) {
		m.addresses[is.ID] = append(m.addresses[is.ID], after.Email)
	}
	m.w.casts.entered(p, before, after)
	if h := after.Hand; h != nil && h.Attempt != "" && (before.Hand == nil || before.Hand.ID != h.ID || before.Hand.Attempt != h.Attempt) {
		m.claimed(p, after, h)
	}
	for _, s := range after.Sends {
		m.text(p, after, s)
		c := m.claims[s.ID]
		switch {
		case c == nil || c.recipient != is.ID: // taken over from one that was absorbed
		case s.Unknown:
			c.fate = unknown
		case s.Failed != "":
			c.fate = failed
		default:
			c.fate = sent
		}
	}
	if h := before.Hand; h != nil && (after.Hand == nil || after.Hand.ID != h.ID) {
		if !slices.ContainsFunc(after.Sends, func(s nurture.Sent) bool { return s.ID == h.ID }) {
			m.claims[h.ID].fate = released
		}
	}
}

// claimed holds a claim to what the person was promised by then.
func (m *mails) claimed(p *process, r *nurture.Recipient, h *nurture.Send) {
	w := m.w
	c := m.claims[h.ID]
	if c == nil {
		c = &claim{send: h.ID, recipient: r.ID, mail: h.Mail, track: h.Track, class: h.Class}
		m.claims[h.ID] = c
		m.order = append(m.order, h.ID)
	}
	c.at, c.fate = h.Claimed, inHand
	w.casts.claimed(p, h)
	w.report.Claims++
	if why := m.stopped[r.Email]; why != "" {
		w.broken("%s claimed %s for an address that had a %s", p.name, h.ID, why)
	}
	if into := m.moved[r.ID]; into != "" && c.fate == "" {
		w.broken("%s claimed %s for %s, which was absorbed by %s", p.name, h.ID, r.ID, into)
	}
	if h.Class != nurture.Marketing {
		return
	}
	// Who asked for leave before the brake shut may still use it.
	if s, err := sending.Decode(first(m.w.mem.ReadSending(context.Background())).Body); err != nil || s.Shut != 0 && h.Claimed > s.Shut+60 {
		w.broken("%s claimed %s at %s although the brake is shut (%v)", p.name, h.ID, clockOf(h.Claimed), err)
	}
	group := m.group(r.ID)
	var granted, withdrawn, paused int64
	for _, id := range group {
		withdrawn, paused = max(withdrawn, m.withdrawn[id]), max(paused, m.paused[id])
		for _, a := range m.addresses[id] {
			granted = max(granted, m.granted[a], m.granted[m.w.otherAddress(a)])
		}
	}
	switch {
	case granted == 0:
		w.broken("%s claimed %s for %s, who never consented", p.name, h.ID, r.ID)
	case granted <= withdrawn:
		w.late("%s claimed %s for %s at %s: an unsubscribe of %s was answered, the last consent is of %s", p.name, h.ID, r.ID, clockOf(h.Claimed), clockOf(withdrawn), clockOf(granted))
	case h.Claimed < paused:
		w.broken("%s claimed %s for %s at %s: paused until %s was answered", p.name, h.ID, r.ID, clockOf(h.Claimed), clockOf(paused))
	}
	if !m.open(h.Claimed, r) {
		w.broken("%s claimed %s at %s, when the business writes to nobody", p.name, h.ID, clockOf(h.Claimed))
	}
}

func first[T any](v T, _ error) T { return v }

func clockOf(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// group is all the recipients that are one person now.
func (m *mails) group(id string) []string {
	root := func(x string) string {
		for m.moved[x] != "" {
			x = m.moved[x]
		}
		return x
	}
	out := []string{id}
	for x := range m.moved {
		if x != id && root(x) == root(id) {
			out = append(out, x)
		}
	}
	return out
}

// promised holds an answer to its word: who is that person now does not permit
// marketing any more.
func (m *mails) promised(id string, at time.Time) {
	for m.moved[id] != "" {
		id = m.moved[id]
	}
	stored, err := m.w.mem.ReadRecipient(context.Background(), id)
	if err != nil {
		return // nobody is written to there
	}
	r, err := nurture.Decode(id, stored.Body)
	if err != nil {
		m.w.broken("%v", err)
		return
	}
	for _, p := range r.Permissions {
		if p.Channel == "email" && p.Purpose == "marketing" && p.Granted != 0 && p.Withdrawn < at.Unix() {
			m.w.late("an unsubscribe of %s was answered at %s, and their permission is of %s, withdrawn %s", id, clockOf(at.Unix()), clockOf(p.Granted), clockOf(p.Withdrawn))
		}
	}
}

// clock is the time where somebody is: the business's where nobody said.
func (m *mails) clock(unix int64, r *nurture.Recipient) time.Time {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		m.w.broken("%s is in the zone %q, which there is not", r.ID, r.Zone)
	}
	if r.Zone == "" || err != nil {
		zone = m.w.newest().Zone
	} else {
		m.w.report.Abroad++
	}
	return time.Unix(unix, 0).In(zone)
}

// open tells, by the rule as a person reads it, whether mails may leave.
func (m *mails) open(unix int64, r *nurture.Recipient) bool {
	c := m.w.newest().Playbook.Nurture.Calendar
	at := m.clock(unix, r)
	day := at.Format(time.DateOnly)
	for _, x := range c.Closed {
		until := x.Until
		if until == "" {
			until = x.From
		}
		if day >= x.From && day <= until {
			return false
		}
	}
	minute := at.Hour()*60 + at.Minute()
	return len(c.Open) == 0 || slices.Contains(c.Open, at.Weekday()) && minute >= c.From && minute < c.Until
}

// away notes that a copy of a mail left.
func (m *mails) away(send string) {
	if c := m.claims[send]; c != nil {
		c.left = append(c.left, c.at)
	}
}

// heard takes note of an event that feedback has dealt with.
func (m *mails) heard(body []byte) {
	var e struct {
		EventType string
		Mail      struct {
			Destination []string
			Tags        map[string][]string
		}
		Bounce struct{ BounceType string }
	}
	if json.Unmarshal(body, &e) != nil || len(e.Mail.Destination) == 0 || len(e.Mail.Tags["send_id"]) == 0 {
		return
	}
	switch {
	case e.EventType == "Bounce" && e.Bounce.BounceType == "Permanent":
		m.stopped[e.Mail.Destination[0]] = "bounce"
	case e.EventType == "Complaint":
		m.stopped[e.Mail.Destination[0]] = "complaint"
	}
}

// check says, at the end, what became of every send.
func (m *mails) check() {
	w := m.w
	byPerson := map[string][]int64{}
	listed := map[string]bool{}
	if err := flow.UnknownSends(context.Background(), w.mem, func(u store.UnknownSend) error { listed[u.Send] = true; return nil }); err != nil {
		w.broken("%v", err)
	}
	for _, id := range m.order {
		c := m.claims[id]
		copies := len(w.post.copies[id])
		switch {
		case c.class == nurture.Marketing && copies > 1:
			w.report.Twice++
			w.double("%d copies of marketing mail %s left to %s", copies, id, c.recipient)
		case copies > 2, copies == 2 && w.post.doubt[id] == 0:
			w.double("%d copies of asked-for mail %s left to %s, %d answers were lost", copies, id, c.recipient, w.post.doubt[id])
		}
		switch c.fate {
		case sent:
			if copies == 0 && (w.post.never[id] == 0 || w.post.told[id].never) {
				w.report.None++
				w.broken("send %s of %s counts as sent and never left", id, c.recipient)
			}
		case failed:
			if copies > 0 {
				w.broken("send %s of %s counts as failed and left", id, c.recipient)
			}
		case released:
			if copies > 0 {
				w.broken("send %s of %s was given back and left", id, c.recipient)
			}
		case unknown:
			w.report.Unknown++
			if !listed[id] {
				w.report.Unlisted++
				w.broken("send %s of %s is of unknown fate and not on the list", id, c.recipient)
			}
			if copies > 0 {
				w.report.UnknownLeft++
			}
			if t := w.post.told[id]; t.left || t.never {
				w.report.Unheard++
				w.broken("send %s of %s is unknown although an event told of it", id, c.recipient)
			}
		default:
			w.broken("send %s of %s has no fate: %s since %s", id, c.recipient, c.fate, clockOf(c.at))
		}
		if c.class == nurture.Marketing {
			byPerson[c.recipient] = append(byPerson[c.recipient], c.left...)
		}
	}
	m.checkTexts(byPerson)
	n := w.newest().Playbook.Nurture
	for _, id := range slices.Sorted(maps.Keys(byPerson)) {
		at := byPerson[id]
		slices.Sort(at)
		for i := range at {
			if i > 0 && at[i]-at[i-1] < int64(n.GapHours)*3600 {
				w.broken("two marketing mails to %s within %d hours, at %s and %s", id, n.GapHours, clockOf(at[i-1]), clockOf(at[i]))
			}
			for _, limit := range n.Caps {
				if limit.Channel != "" {
					continue // see checkTexts
				}
				if j := i - limit.Count; j >= 0 && at[i]-at[j] < int64(limit.Days)*86400 {
					w.broken("%d marketing mails to %s within %d days, up to %s", limit.Count+1, id, limit.Days, clockOf(at[i]))
				}
			}
		}
	}
}

// joined notes that a lead was absorbed by another.
func (m *mails) joined(from, into lead.ID) { m.moved[string(from)] = string(into) }
