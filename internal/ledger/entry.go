package ledger

import (
	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Entry is one activity in the log.
type Entry struct {
	// Key is the hash of the activity's id.
	Key uint64
	// Made is the time inside a time-ordered id of ours, in unix seconds; 0 for
	// any other id. An id newer than every spilled one is new without a read. It
	// must follow from the id alone: if it depended on when the activity came, a
	// repeated one could be taken for new.
	Made int64
	// PayloadHash tells a repeated activity from another one under the same id.
	PayloadHash uint32
	Type        activity.Type
	// At is the stated time, Received the time the queue took it, unix seconds.
	At, Received int64
	// Day of the stated time in the business's calendar zone.
	Day activity.Day
	// Hits are the activity signals met, ascending, each once. Count and profile
	// signals are no hits.
	Hits []signal.Number
	// Packed holds the properties that conditions can name: Dictionary.Pack.
	Packed []byte
	Flags  activity.Flag

	// Revokes is the Key of an activity that this one takes out of the tally; 0
	// for none. The revoked one may come later.
	Revokes uint64
	// Points of a manual adjustment, counted up to and with the day Until; with
	// Until 0 for ever.
	Points int
	Until  activity.Day

	// Owner is the absorbed lead that the entry was logged for; "" for the
	// lead's own.
	Owner lead.ID
	// Revoked is set by the ledger: the entry is logged, its hits do not count.
	Revoked bool

	// What a revoking entry takes out of the tally, when the revoked one was
	// already in a page.
	undoDay    activity.Day
	undoHits   []signal.Number
	undoPoints int
	undoUntil  activity.Day
}

// Size is about how many bytes the entry takes in the tail and in a page.
func (e *Entry) Size() int { return len(appendEntry(nil, e, e.At-600, []lead.ID{e.Owner})) }
