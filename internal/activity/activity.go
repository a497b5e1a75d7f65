// Package activity is what leads do: one thing one lead did, never changed,
// and the message by which it arrives. It knows nothing of what an activity is
// worth, nor who the lead turns out to be.
package activity

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// ID is the sender's idempotency key, at most 128 bytes. The same id for the
// same lead is the same activity.
type ID string

// Type names a kind of activity: two or more words of a-z, 0-9 and _ with dots
// between them. Senders may use types of their own.
type Type string

// The types that the house itself sends or treats in a way of their own.
const (
	PageViewed       Type = "page.viewed"
	CTASeen          Type = "cta.seen"
	CTAClicked       Type = "cta.clicked"
	FormSeen         Type = "form.seen"
	FormStarted      Type = "form.started"
	FormPosted       Type = "form.posted"
	FileDownloaded   Type = "file.downloaded"
	MailSent         Type = "mail.sent"
	MailClicked      Type = "mail.clicked"
	MailOpened       Type = "mail.opened"
	MailReplied      Type = "mail.replied"
	MailBounced      Type = "mail.bounced"
	MailComplained   Type = "mail.complained"
	MailUnsubscribed Type = "mail.unsubscribed"
	CallAnswered     Type = "call.answered"
	CallMissed       Type = "call.missed"
	CallRequested    Type = "call.requested"
	CallPriceAsked   Type = "call.price_asked"
	CallRefused      Type = "call.refused"
	SocialShared     Type = "social.shared"
	SocialAsked      Type = "social.asked"
	AdClicked        Type = "ad.clicked"
	WebinarSignedUp  Type = "webinar.signed_up"
	WebinarAttended  Type = "webinar.attended"
	StandVisited     Type = "stand.visited"
	TrialStarted     Type = "trial.started"
	ProductLoggedIn  Type = "product.logged_in"
	ProductInvited   Type = "product.invited"
	ProductImported  Type = "product.imported"
	ProductActive    Type = "product.active"
	OfferRedeemed    Type = "offer.redeemed"
	DealOpened       Type = "deal.opened"
	DealWon          Type = "deal.won"
	DealLost         Type = "deal.lost"
	ProfileChanged   Type = "profile.changed"
	ConsentChanged   Type = "consent.changed"
	LeadTaken        Type = "lead.taken"
	LeadAccepted     Type = "lead.accepted"
	LeadReturned     Type = "lead.returned"
	LeadAdjusted     Type = "lead.adjusted"
	Revoked          Type = "activity.revoked"
	LeadsMerged      Type = "leads.merged"
	LeadsParted      Type = "leads.parted" // a merge is undone
)

// Day counts days since 1970-01-01 of the business's calendar.
type Day int32

// DayOf is the calendar day of an instant in a zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Date is the day as a date, at midnight UTC.
func (d Day) Date() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String writes the day as 2026-11-24.
func (d Day) String() string { return d.Date().Format(time.DateOnly) }

// Who is the lead as the sender knows them; any may be empty, not all. The
// texts are as sent: package lead normalizes them.
type Who struct{ Email, Phone, Visitor, External string }

// Nobody tells that no identity was given.
func (w Who) Nobody() bool { return w == Who{} }

// direct begins an external id that is a lead's own id.
const direct = "lead:"

// WhoIs names a lead by their own id, as only senders of ours can.
func WhoIs(lead string) Who { return Who{External: direct + lead} }

// Lead gives the lead's own id, where the sender knows it.
func (w Who) Lead() (id string, ok bool) { return strings.CutPrefix(w.External, direct) }

// Kind tells which part of a Value counts.
type Kind uint8

// The kinds of values.
const (
	Text Kind = iota
	Number
	Bool
	List // of texts
)

// Value is a typed value of a property or an attribute.
type Value struct {
	Kind   Kind
	Text   string
	Number float64
	Bool   bool
	List   []string
}

// TextValue, NumberValue, BoolValue and ListValue make values.
func TextValue(s string) Value      { return Value{Kind: Text, Text: s} }
func NumberValue(n float64) Value   { return Value{Kind: Number, Number: n} }
func BoolValue(b bool) Value        { return Value{Kind: Bool, Bool: b} }
func ListValue(list []string) Value { return Value{Kind: List, List: list} }

// Property is a named value.
type Property struct {
	Name  string
	Value Value
}

// Consent is a permission given or withdrawn with the activity.
type Consent struct {
	Channel, Purpose string
	Granted          bool
	Wording          string // version of the words that were shown
	Proof            string // where it was given
}

// Flag marks an activity; several may be set.
type Flag uint8

// The flags.
const (
	ClampedPast   Flag = 1 << iota // the stated time was too old and was moved
	ClampedFuture                  // the stated time lay ahead and was moved
	Machine                        // not done by a person: scores nothing
	Held                           // kept, but not scored or mailed, until a person looks
	Backfill                       // imported history: nobody is told
	PointsIgnored                  // the sender gave points, which are ours to give
)

// Activity is one thing one lead did. Times are UTC and whole seconds.
type Activity struct {
	ID         ID
	Type       Type
	At         time.Time // stated by the sender, clamped to what can be
	Received   time.Time // when the queue took it
	Flags      Flag
	Who        Who
	Properties []Property
	Profile    []Property // attributes that change with it
	Consent    []Consent
	Source     string // who sent it: capture, console, an automation's name
	Revokes    ID     // of an activity.revoked
}

// Property finds a property by name.
func (a *Activity) Property(name string) (Value, bool) { return find(a.Properties, name) }

func find(ps []Property, name string) (Value, bool) {
	for i := range ps {
		if ps[i].Name == name {
			return ps[i].Value, true
		}
	}
	return Value{}, false
}

// Key is the id as the log keeps it: 8 bytes of its SHA-256, never 0. Within
// one lead of 10,000 activities two ids share a key with probability 3e-12.
func (id ID) Key() uint64 {
	h := sha256.Sum256([]byte(id))
	if k := binary.BigEndian.Uint64(h[:]); k != 0 {
		return k
	}
	return 1
}

// Made tells when an id was made, if it is a ULID (26 characters of Crockford's
// base 32, the first ten the time). Ours are.
func (id ID) Made() (time.Time, bool) {
	if len(id) != 26 || id[0] > '7' {
		return time.Time{}, false
	}
	var ms uint64
	for i := range len(id) {
		n := crockford(id[i])
		if n < 0 {
			return time.Time{}, false
		}
		if i < 10 {
			ms = ms<<5 | uint64(n)
		}
	}
	return time.UnixMilli(int64(ms)).UTC(), true
}

func crockford(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'z':
		b -= 'a' - 'A'
	}
	switch {
	case b >= 'A' && b <= 'H':
		return int(b-'A') + 10
	case b == 'J' || b == 'K':
		return int(b-'J') + 18
	case b == 'M' || b == 'N':
		return int(b-'M') + 20
	case b >= 'P' && b <= 'T':
		return int(b-'P') + 22
	case b >= 'V' && b <= 'Z':
		return int(b-'V') + 27
	}
	return -1
}

// Fingerprint tells two activities under one id apart: a hash of what was said,
// not of when it arrived. A clamped time is left out, since it depends on that.
func (a *Activity) Fingerprint() uint32 {
	h := sha256.New()
	var n [8]byte
	say := func(s string) {
		binary.BigEndian.PutUint32(n[:4], uint32(len(s)))
		h.Write(n[:4])
		h.Write([]byte(s))
	}
	say(string(a.Type))
	if a.Flags&(ClampedPast|ClampedFuture) == 0 && !a.At.Equal(a.Received) {
		binary.BigEndian.PutUint64(n[:], uint64(a.At.Unix()))
		h.Write(n[:])
	}
	for _, ps := range [][]Property{a.Properties, a.Profile} {
		say("|")
		for _, p := range ps {
			say(p.Name)
			say(p.Value.Text)
			binary.BigEndian.PutUint64(n[:], math.Float64bits(p.Value.Number))
			h.Write(n[:])
			if p.Value.Bool {
				say("true")
			}
			for _, t := range p.Value.List {
				say(t)
			}
		}
	}
	for _, c := range a.Consent {
		say(c.Channel)
		say(c.Purpose)
		if c.Granted {
			say("granted")
		}
	}
	say(string(a.Revokes))
	return binary.BigEndian.Uint32(h.Sum(nil))
}
