package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
)

// The keys of every entity. PeopleTable has k; DeskTable has k and r;
// HistoryTable (h, r) is keyed by ledger.Ref, LedgerTable (l) by the lead.

// Key of an identity: i#<kind>#<hash>.
func (k IdentityKey) Key() string { return "i#" + string(k) }

// ProfileKey: f#<lead>.
func ProfileKey(id lead.ID) string { return "f#" + string(id) }

// RecipientKey: r#<recipient>.
func RecipientKey(id string) string { return "r#" + id }

// RecipientOfKey is the recipient of a key, as a row of the due index has it.
func RecipientOfKey(k string) string { return strings.TrimPrefix(k, "r#") }

// SuppressionKey: s#<hash>.
func SuppressionKey(hash string) string { return "s#" + hash }

// DeskKey is hash and range key of a record on the desk.
type DeskKey struct{ K, R string }

// PointerKey is where the playbook in force is named.
var PointerKey = DeskKey{"playbook", "current"}

// PlaybookKey is one chunk of a published version; part is Compiled or Source.
// playbook#<number>, <part>#<hash>#<chunk>.
func PlaybookKey(p Pointer, part string, chunk int) DeskKey {
	return DeskKey{"playbook#" + strconv.FormatUint(uint64(p.Number), 10), fmt.Sprintf("%s#%s#%d", part, p.Hash, chunk)}
}

// VersionKey is the entry of a version in the list of versions; numbers are
// padded so that text order is number order.
func VersionKey(number uint32) DeskKey { return DeskKey{"playbooks", fmt.Sprintf("%010d", number)} }

// Key of a decision: decision#<lead>, <kind>#<subject>#<n>.
func (d DecisionKey) Key() DeskKey {
	return DeskKey{"decision#" + string(d.Lead), d.Kind + "#" + d.Subject + "#" + strconv.Itoa(d.N)}
}

// String is the key as one word; messages, logs and webhooks carry it.
func (d DecisionKey) String() string {
	return string(d.Lead) + "/" + d.Kind + "/" + d.Subject + "/" + strconv.Itoa(d.N)
}

// ParseDecisionKey reads what String wrote.
func ParseDecisionKey(s string) (DecisionKey, error) {
	parts := strings.Split(s, "/")
	if len(parts) < 4 {
		return DecisionKey{}, fmt.Errorf("decision key %q: lead/kind/subject/n would be right", s)
	}
	n, err := strconv.Atoi(parts[len(parts)-1])
	if err != nil || n < 1 {
		return DecisionKey{}, fmt.Errorf("decision key %q: it ends with how often, from 1", s)
	}
	// A subject may hold a slash; the other three cannot.
	return DecisionKey{Lead: lead.ID(parts[0]), Kind: parts[1], Subject: strings.Join(parts[2:len(parts)-1], "/"), N: n}, nil
}

// DecisionOfKey reads the range key of a decision record.
func DecisionOfKey(k DeskKey) (DecisionKey, error) {
	kind, rest, ok := strings.Cut(k.R, "#")
	i := strings.LastIndexByte(rest, '#')
	if !ok || i < 0 {
		return DecisionKey{}, fmt.Errorf("decision record %s %s: the range key is kind#subject#n", k.K, k.R)
	}
	n, err := strconv.Atoi(rest[i+1:])
	if err != nil {
		return DecisionKey{}, fmt.Errorf("decision record %s %s: %w", k.K, k.R, err)
	}
	return DecisionKey{Lead: lead.ID(strings.TrimPrefix(k.K, "decision#")), Kind: kind, Subject: rest[:i], N: n}, nil
}

// WorkKey: work, <lead>.
func WorkKey(id lead.ID) DeskKey { return DeskKey{"work", string(id)} }

// WorkList is the index key of one shard of the open list.
func WorkList(shard int) string { return "open#" + strconv.Itoa(shard) }

// QuietList is the index key of one shard of the quiet list, which shares the
// index of the work list.
func QuietList(shard int) string { return "quiet#" + strconv.Itoa(shard) }

// AlertsList is the index key of the alerts that wait to be told together; it
// shares the index of the work list. It has one shard: deliver, which is bounded,
// is the only writer.
const AlertsList = "alerts"

// BellKey is where all who tell sales share how often they may.
var BellKey = DeskKey{"alerts", "bell"}

// ParkedDay is the hash key under which a day's parked messages lie, in UTC.
func ParkedDay(at time.Time) string { return "parked#" + at.UTC().Format(time.DateOnly) }

// Key of a parked message: parked#<day>, <time>#<id>.
func (p Parked) Key() DeskKey {
	return DeskKey{ParkedDay(p.At), p.At.UTC().Format("150405") + "#" + clip(p.ID, 200)}
}

// Key of a proposal: proposals, <lesser lead>#<greater lead>.
func (p Proposal) Key() DeskKey {
	a, b := min(p.A, p.B), max(p.A, p.B)
	return DeskKey{"proposals", string(a) + "#" + string(b)}
}

// Key of a job's segment: job#<id>, <segment>.
func (p Progress) Key() DeskKey { return DeskKey{JobKey(p.Job), fmt.Sprintf("%04d", p.Segment)} }

// JobKey is the hash key under which the segments of a job lie.
func JobKey(job string) string { return "job#" + job }

// BroadcastKey: broadcasts, <id>.
func BroadcastKey(id string) DeskKey { return DeskKey{"broadcasts", id} }

// LeaseKey: lease, <name>.
func LeaseKey(name string) DeskKey { return DeskKey{"lease", name} }

// CountKey: count, <name>.
func CountKey(name string) DeskKey { return DeskKey{"count", name} }

// SendingKey is where all who send mails share what they may.
var SendingKey = DeskKey{"sending", "account"}

// Key of a send of unknown fate: unknown, <recipient>#<send>.
func (u UnknownSend) Key() DeskKey { return DeskKey{"unknown", u.Recipient + "#" + u.Send} }

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
