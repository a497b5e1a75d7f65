package nurture

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Broadcast is one mail to everybody who is in an audience at a chosen time: a
// track of one step, entered by the freezing of the audience and by nothing
// else. Consent, caps, calendar, pacing and the claim are those of any track.
//
// All times are unix seconds, 0 means not yet.
type Broadcast struct {
	ID       string `json:"-"` // of the stored item, like its version
	Version  int64  `json:"-"`
	Title    string `json:"title"`
	Mail     string `json:"mail"`
	Topic    string `json:"topic,omitempty"`
	Audience string `json:"audience"`
	Priority int    `json:"priority,omitempty"`
	At       int64  `json:"at"` // when the audience is frozen
	Planned  int64  `json:"planned"`
	By       string `json:"by"`
	// Expected is what was counted when it was planned.
	Expected Expected `json:"expected"`

	Freezing int64 `json:"freezing,omitempty"` // when the freezing began
	Frozen   int64 `json:"frozen,omitempty"`   // when the last one had been entered
	Entered  int   `json:"entered,omitempty"`  // how many were
	Partial  bool  `json:"partial,omitempty"`  // not all leads could be read in time

	Cancelled   int64  `json:"cancelled,omitempty"`
	CancelledBy string `json:"cancelledBy,omitempty"`
}

// Everybody is the audience of all known leads, where the playbook has none of
// that name.
const Everybody = "everybody"

// broadcastPrefix makes the track's name: no name of a playbook has a dot.
const broadcastPrefix = "broadcast."

// Track is the name of the track that the broadcast is.
func (b *Broadcast) Track() string { return broadcastPrefix + b.ID }

// BroadcastOf gives the broadcast that a track is, "" for one of the playbook.
func BroadcastOf(track string) string {
	id, ok := strings.CutPrefix(track, broadcastPrefix)
	if !ok {
		return ""
	}
	return id
}

// castStep is the name of its one step.
const castStep = "mail"

// The states of a broadcast.
const (
	BroadcastPlanned   = "planned"
	BroadcastFreezing  = "freezing"
	BroadcastFrozen    = "frozen"
	BroadcastCancelled = "cancelled"
)

// State follows from the times.
func (b *Broadcast) State() string {
	switch {
	case b.Cancelled != 0:
		return BroadcastCancelled
	case b.Frozen != 0:
		return BroadcastFrozen
	case b.Freezing != 0:
		return BroadcastFreezing
	}
	return BroadcastPlanned
}

// CancelFence is how long after a cancellation a process that had read the
// broadcast before may still claim a mail of it: no tick lives longer.
const CancelFence = time.Minute

// Settled is the time from which no mail of a cancelled broadcast is claimed any
// more, whatever was going on when it was cancelled.
func (b *Broadcast) Settled() time.Time {
	return time.Unix(b.Cancelled, 0).UTC().Add(CancelFence)
}

// Cancel stops it. It tells whether that changed anything: the first one counts.
func (b *Broadcast) Cancel(by string, now time.Time) bool {
	if b.Cancelled != 0 {
		return false
	}
	b.Cancelled, b.CancelledBy = now.Unix(), by
	return true
}

// track is the broadcast as a track.
func (b *Broadcast) track() *Track {
	return &Track{
		Name: b.Track(), Title: Text{Fa: b.Title, En: b.Title}, Priority: b.Priority, Topic: b.Topic,
		Steps: []Step{{Name: castStep, Class: Marketing, Mail: b.Mail}},
	}
}

// With gives the plan with broadcasts as tracks beside those of the playbook.
// Who is inside one that was cancelled leaves it at the next look.
func (p *Plan) With(broadcasts ...*Broadcast) *Plan {
	if len(broadcasts) == 0 {
		return p
	}
	q := *p
	q.tracks, q.over = maps.Clone(p.tracks), maps.Clone(p.over)
	if q.over == nil {
		q.over = map[string]string{}
	}
	for _, b := range broadcasts {
		if b.Cancelled != 0 {
			q.over[b.Track()] = BroadcastOff
			continue
		}
		q.tracks[b.Track()] = b.track()
	}
	return &q
}

// gone says why a track is not in the plan.
func (p *Plan) gone(track string) string {
	return first(p.over[track], TrackGone)
}

// BroadcastsDue names the broadcasts in which something is due for this person.
func (r *Recipient) BroadcastsDue(now time.Time) []string {
	var ids []string
	for _, e := range r.Enrollments {
		if id := BroadcastOf(e.Track); id != "" && e.Ended == "" && e.Due != 0 && e.Due <= now.Unix() {
			ids = append(ids, id)
		}
	}
	return ids
}

// rememberBroadcasts is how long an ended broadcast stays on the recipient: the
// mark that keeps a repeated freezing from entering a person twice. Messages of
// that job live 14 days.
const rememberBroadcasts = 30 * 24 * time.Hour

// FreezeWithin is how long after its time a broadcast may still be frozen.
const FreezeWithin = 14 * 24 * time.Hour

// freezeAgain is how long a freezing may take before it is looked after: a part
// of it may have ended among the dead letters.
const freezeAgain = time.Hour

// FreezeDue tells whether the freezing is to be begun at now, for the first time
// or, where it did not end, again; late, that its time is over.
func (b *Broadcast) FreezeDue(now time.Time) (due, late bool) {
	switch b.State() {
	case BroadcastPlanned:
		due = b.At <= now.Unix()
	case BroadcastFreezing:
		due = b.Freezing <= now.Add(-freezeAgain).Unix()
	}
	return due, due && now.Unix()-b.At > int64(FreezeWithin/time.Second)
}

// Enter puts the person into a broadcast, and forgets those long over. It
// returns "" or why not, as Enroll does.
func (r *Recipient) Enter(p *Plan, b *Broadcast, now time.Time) string {
	if why := r.Enroll(p.With(b), b.Track(), Entering{}, now); why != "" {
		return why
	}
	if r.outOfAll() { // who is held out of all nurture is out of broadcasts too
		r.Enrollments[len(r.Enrollments)-1].Out = HoldoutAll
	}
	old := now.Add(-rememberBroadcasts).Unix()
	r.Enrollments = slices.DeleteFunc(r.Enrollments, func(e Enrollment) bool {
		return e.Ended != "" && e.Since < old && BroadcastOf(e.Track) != ""
	})
	return ""
}

func (r *Recipient) outOfAll() bool {
	return slices.ContainsFunc(r.Enrollments, func(e Enrollment) bool { return e.Out == HoldoutAll })
}

// Encode gives the bytes of the stored broadcast.
func (b *Broadcast) Encode() ([]byte, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encode broadcast %s: %w", b.ID, err)
	}
	return body, nil
}

// DecodeBroadcast reads the bytes of a stored broadcast.
func DecodeBroadcast(id string, version int64, body []byte) (*Broadcast, error) {
	b := Broadcast{}
	if err := json.Unmarshal(body, &b); err != nil {
		return nil, fmt.Errorf("broadcast %s: %w", id, err)
	}
	b.ID, b.Version = id, version
	return &b, nil
}

// Entered tells whether the person ever entered a track, as far as is remembered.
func (r *Recipient) Entered(track string) bool {
	return slices.ContainsFunc(r.Enrollments, func(e Enrollment) bool { return e.Track == track })
}
