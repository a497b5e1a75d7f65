package nurture

import (
	"cmp"
	"slices"
	"time"
)

// Recipient is one lead as somebody to write to: permission, what was sent,
// and the tracks they are in. It is one stored item, and every decision about
// a mail is one conditional write of it.
//
// All times are unix seconds, 0 means never.
type Recipient struct {
	ID      string `json:"i"`
	Email   string `json:"e,omitempty"`
	Mobile  string `json:"m,omitempty"`
	Locale  string `json:"l,omitempty"`  // fa where empty
	Zone    string `json:"z,omitempty"`  // IANA; the business's where empty
	Stage   string `json:"g,omitempty"`  // lifecycle stage last told
	StageN  int    `json:"k,omitempty"`  // by the decision with this number
	Held    bool   `json:"h,omitempty"`  // sales is talking: by the stage
	Talk    string `json:"y,omitempty"`  // sales is talking: the lead is taken, or a deal is open
	TalkN   int    `json:"yn,omitempty"` // by the decision with this number
	Erased  int64  `json:"x,omitempty"`
	Moved   string `json:"o,omitempty"` // the recipient that this one became part of
	Paused  int64  `json:"p,omitempty"` // marketing waits until then
	Fewer   bool   `json:"f,omitempty"` // half of each cap
	Owner   string `json:"u,omitempty"` // who of sales took the lead, as they are called there
	OwnedAt int64  `json:"v,omitempty"` // since when, as stated
	Version int64  `json:"-"`           // of the stored item, kept beside the bytes
	Rank    int    `json:"q,omitempty"` // how urgent the next step is, see SetRank

	Permissions []Permission `json:"c,omitempty"`
	Suppressed  []Suppressed `json:"s,omitempty"`
	TopicsOff   []string     `json:"t,omitempty"`
	Sends       []Sent       `json:"n,omitempty"` // newest last, bounded
	Enrollments []Enrollment `json:"r,omitempty"`
	Asked       []int64      `json:"ask,omitempty"` // when they were asked to confirm; bounded
	Hand        *Send        `json:"d,omitempty"`   // the send in hand
	Issued      []Issued     `json:"iss,omitempty"` // codes of offers they were given; bounded
}

// Permission is the register of one channel and purpose: the newest grant and
// the newest withdrawal by stated time, so that order of arrival cannot matter
// and a consent never overrides a later withdrawal.
type Permission struct {
	Channel   string `json:"c"`
	Purpose   string `json:"p"`
	Granted   int64  `json:"g,omitempty"`
	Withdrawn int64  `json:"w,omitempty"`
	Confirmed int64  `json:"o,omitempty"` // double opt-in
	Wording   string `json:"v,omitempty"` // version of the words that were shown
	Proof     string `json:"f,omitempty"`
}

// Suppressed is an address that must not be written to, and why: bounce,
// complaint, manual or import.
type Suppressed struct {
	Address string `json:"a"`
	Reason  string `json:"r"`
	At      int64  `json:"t"`
}

// Sent is a mail or message that left, or may have left.
type Sent struct {
	ID      string `json:"i"`
	Mail    string `json:"m"` // of a message: track and step, with a slash
	At      int64  `json:"t"`
	Class   Class  `json:"c"`
	Channel string `json:"h,omitempty"` // e-mail where empty
	Arm     string `json:"a,omitempty"` // of an experiment
	Open    bool   `json:"o,omitempty"` // a message that is claimed and not yet carried out
	Unknown bool   `json:"u,omitempty"` // its fate is not known; parked, never repeated
	Failed  string `json:"f,omitempty"` // why it never left
}

// over is the channel of a send.
func (s *Sent) over() string { return cmp.Or(s.Channel, Email) }

// counts tells whether caps count it. What is of unknown fate may have left.
func (s *Sent) counts(channel string) bool {
	// Whatever ended the tries of a short message, an earlier one may have been taken and its answer lost; not so
	// where nobody takes any.
	left := s.Failed == "" || s.over() != Email && s.Failed != NoReceiver
	return s.Class == Marketing && left && (channel == "" || s.over() == channel)
}

// Enrollment is one lead's place in one track.
type Enrollment struct {
	Track string `json:"t"`
	Round int    `json:"n"` // 1 for the first entry
	Since int64  `json:"s"`
	Step  string `json:"p,omitempty"`
	Index int    `json:"x,omitempty"`
	Due   int64  `json:"d,omitempty"` // 0: waits for an event, or has ended
	Held  string `json:"h,omitempty"` // the rule that postponed the step
	Ended string `json:"e,omitempty"` // why it ended
	Out   string `json:"o,omitempty"` // held out, to compare: of the track or of all
	Lap   int    `json:"l,omitempty"` // how often the person was sent back to an earlier step
	// A step that waits for something: since when, whether it had come earlier
	// on that same day, and whether it has come.
	Began int64 `json:"b,omitempty"`
	Early bool  `json:"y,omitempty"`
	Met   bool  `json:"m,omitempty"`
}

// Send is a mail that was claimed: decided and reserved, not yet known to have
// left.
type Send struct {
	ID      string `json:"i"`
	Attempt string `json:"a"`
	Track   string `json:"t"`
	Step    string `json:"p"`
	Index   int    `json:"x"`
	Round   int    `json:"n"`
	Mail    string `json:"m"`
	Class   Class  `json:"c"`
	Claimed int64  `json:"k"`
	Lease   int64  `json:"l"`
	Resent  int    `json:"r,omitempty"`
	Arm     string `json:"b,omitempty"` // of an experiment
	Lap     int    `json:"q,omitempty"`
	// WasDue keeps the due key of the item where it was while the send is in
	// hand: moving it costs more than looking at it once more.
	WasDue int64 `json:"w"`
}

// Grant records a consent given at a stated time.
func (r *Recipient) Grant(channel, purpose string, at time.Time, wording, proof string) {
	p := r.permission(channel, purpose)
	if t := at.Unix(); t > p.Granted {
		p.Granted, p.Wording, p.Proof = t, wording, proof
	}
}

// Withdraw records a withdrawal at a stated time. A purpose of "" withdraws
// every purpose of the channel. It tells whether anything changed.
func (r *Recipient) Withdraw(channel, purpose string, at time.Time) (changed bool) {
	withdraw := func(p *Permission) {
		if p.Withdrawn < at.Unix() {
			p.Withdrawn, changed = at.Unix(), true
		}
	}
	if purpose == "" {
		for i := range r.Permissions {
			if r.Permissions[i].Channel == channel {
				withdraw(&r.Permissions[i])
			}
		}
		purpose = "marketing"
	}
	withdraw(r.permission(channel, purpose))
	return changed
}

// Confirm records that the person proved the address.
func (r *Recipient) Confirm(channel, purpose string, at time.Time) {
	p := r.permission(channel, purpose)
	p.Confirmed = max(p.Confirmed, at.Unix())
}

// Consents tells whether the person may be written to for a purpose. A grant
// and a withdrawal of the same second are a withdrawal.
func (r *Recipient) Consents(channel, purpose string, confirmed bool) bool {
	for _, p := range r.Permissions {
		if p.Channel == channel && p.Purpose == purpose {
			return p.Granted > p.Withdrawn && (!confirmed || p.Confirmed > p.Withdrawn)
		}
	}
	return false
}

func (r *Recipient) permission(channel, purpose string) *Permission {
	for i := range r.Permissions {
		if p := &r.Permissions[i]; p.Channel == channel && p.Purpose == purpose {
			return p
		}
	}
	r.Permissions = append(r.Permissions, Permission{Channel: channel, Purpose: purpose})
	return &r.Permissions[len(r.Permissions)-1]
}

// Suppress stops all mail to an address, asked-for mail too.
func (r *Recipient) Suppress(address, reason string, at time.Time) {
	for _, s := range r.Suppressed {
		if s.Address == address {
			return
		}
	}
	r.Suppressed = append(r.Suppressed, Suppressed{Address: address, Reason: reason, At: at.Unix()})
}

// SuppressedFor gives the reason why an address may not be written to, "" if
// it may.
func (r *Recipient) SuppressedFor(address string) string {
	for _, s := range r.Suppressed {
		if s.Address == address {
			return s.Reason
		}
	}
	return ""
}

// Prefer sets what the person asked for on the preference page.
func (r *Recipient) Prefer(fewer bool, topicsOff []string) {
	r.Fewer, r.TopicsOff = fewer, slices.Sorted(slices.Values(topicsOff))
}

// Pause holds marketing until then; a time in the past resumes.
func (r *Recipient) Pause(until, now time.Time) {
	r.Paused = until.Unix()
	r.wake(now)
}

// SetHold notes that sales began or stopped talking to the person, by the stage
// of the lifecycle. Waiting steps become due again when it stops.
func (r *Recipient) SetHold(held bool, stage string, now time.Time) {
	was := r.talking()
	r.Held, r.Stage = held, stage
	if was && !r.talking() {
		r.wake(now)
	}
}

// SetTalk notes that the lead is taken or has an open deal; "" is neither.
func (r *Recipient) SetTalk(talk string, now time.Time) {
	was := r.talking()
	r.Talk = talk
	if was && !r.talking() {
		r.wake(now)
	}
}

func (r *Recipient) talking() bool { return r.Held || r.Talk != "" }

// SetOwner notes who of sales has the lead since a stated time, "" for nobody.
// The newest statement holds, in whatever order they come.
func (r *Recipient) SetOwner(who string, at time.Time) {
	if t := at.Unix(); t > r.OwnedAt || t == r.OwnedAt && who > r.Owner {
		r.Owner, r.OwnedAt = who, t
	}
}

// Erase forgets everything but the fact. What must outlive it (see Outliving)
// is to be kept under keyed hashes before.
func (r *Recipient) Erase(at time.Time) {
	*r = Recipient{ID: r.ID, Version: r.Version, Erased: at.Unix(), Hand: r.Hand}
}

// wake makes steps that a rule holds due at once, so that the rule is asked
// again.
func (r *Recipient) wake(now time.Time) {
	for i := range r.Enrollments {
		// A step that waits for something goes on waiting: it is asked again, and
		// finds its own end.
		if e := &r.Enrollments[i]; e.Ended == "" && e.Held != "" {
			e.Due = now.Unix()
		}
	}
}

// Due is when the recipient must be looked at next, 0 for never. While a send
// is in hand it stays where it was.
func (r *Recipient) Due() int64 {
	if r.Hand != nil {
		return r.Hand.WasDue
	}
	var due int64
	for _, e := range r.Enrollments {
		if e.Ended == "" && e.Due != 0 && (due == 0 || e.Due < due) {
			due = e.Due
		}
	}
	return due
}
