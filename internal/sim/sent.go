package sim

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// sentLog remembers every activity that the queue took, as the world that the
// ledgers are held against.
type sentLog struct {
	w     *World
	by    map[uint64]*sentActivity
	late  int64 // when the latest of the activities was
	order []uint64
	// bad are ids that can be read and must be parked; unread counts messages
	// that cannot be read.
	bad    map[activity.ID]bool
	unread int
}

// sentActivity is what was sent under one id: nearly always one thing.
type sentActivity struct {
	id       activity.ID
	variants []variant
}

// variant is one payload: how the message was, and which of its activities.
type variant struct {
	body []byte
	at   int
}

func newSentLog(w *World) *sentLog {
	return &sentLog{w: w, by: map[uint64]*sentActivity{}, bad: map[activity.ID]bool{}}
}

// kept takes note of a message that the activities queue took.
func (l *sentLog) kept(body []byte, sent time.Time) {
	as, err := activity.Decode(body, sent)
	if err != nil {
		l.unread++
		return
	}
	for i := range as {
		key := as[i].ID.Key()
		s := l.by[key]
		if s == nil {
			s = &sentActivity{id: as[i].ID}
			l.by[key] = s
			l.order = append(l.order, key)
			l.w.report.Activities++
		}
		if at := as[i].At.Unix(); at < l.late {
			l.w.report.OutOfOrder++
		} else {
			l.late = at
		}
		s.variants = append(s.variants, variant{body, i})
		for _, c := range as[i].Consent {
			if c.Granted && as[i].Who.Email != "" {
				g := l.w.mails.granted
				g[as[i].Who.Email] = max(g[as[i].Who.Email], as[i].At.Unix())
			}
		}
	}
}

// as gives the activity of an entry as it was sent: the payload with the
// entry's fingerprint, received when the entry says.
func (s *sentActivity) as(fingerprint uint32, received int64) (activity.Activity, bool) {
	for _, v := range s.variants {
		as, err := activity.Decode(v.body, time.Unix(received, 0))
		if err == nil && as[v.at].Fingerprint() == fingerprint {
			return as[v.at], true
		}
	}
	return activity.Activity{}, false
}
