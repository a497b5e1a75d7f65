package sim

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// shop is the store as one process sees it: each call can fail, a batch in
// part, and an eventual read may be old.
type shop struct{ p *process }

// Pages are small, so that a small world has several.
const (
	duePage  = 3
	scanPage = 4
	// alertPage bounds a list of hot leads.
	alertPage = 5
)

func (s shop) old() bool { return s.p.w.rate > 0 && s.p.w.dice.IntN(40) == 0 }

// Fetch reads many records; without Strong some of them as they were before.
func (s shop) Fetch(ctx context.Context, w store.Wanted) (store.Found, error) {
	key := fmt.Sprintf("%d+%d+%d+%d", len(w.Identities), len(w.Ledgers), len(w.Profiles), len(w.Recipients))
	return around(s.p, "fetch", key, false, func() (store.Found, error) {
		found, err := s.p.w.mem.Fetch(ctx, w)
		if err != nil || w.Strong {
			return found, err
		}
		for _, k := range w.Identities {
			if s.old() {
				delete(found.Identities, k)
			}
		}
		for _, id := range slices.Sorted(slices.Values(w.Ledgers)) {
			if s.old() {
				if was, ok := s.p.w.was[id]; ok {
					found.Ledgers[id] = was
				} else {
					delete(found.Ledgers, id)
				}
			}
		}
		for _, id := range slices.Sorted(slices.Values(w.Recipients)) {
			if was, ok := s.p.w.wasTo[id]; ok && s.old() {
				found.Recipients[id] = was
			}
		}
		return found, nil
	})
}

// ClaimIdentities may give some away before it fails.
func (s shop) ClaimIdentities(ctx context.Context, ids []store.Identity) ([]store.Identity, error) {
	f := s.p.meet("claim", fmt.Sprint(len(ids)))
	switch f {
	case before, conflict:
		return nil, errBefore
	case throttled:
		return nil, errThrottle
	}
	done := some(s.p, f, ids)
	out, err := s.p.w.mem.ClaimIdentities(ctx, done)
	s.p.died(f)
	if f == after {
		return nil, errAfter
	}
	return out, err
}

func (s shop) WriteLedgers(ctx context.Context, items []ledger.Item) []store.Written[ledger.Item] {
	return batch(s.p, "write ledgers", fmt.Sprint(len(items)), items, func(it ledger.Item) store.Written[ledger.Item] {
		before := s.p.w.is[it.Lead]
		out := s.p.w.mem.WriteLedgers(ctx, []ledger.Item{it})[0]
		if s.p.job == flow.JobPlaybook && out.Err == nil {
			s.p.w.quietly(before, it)
		}
		return out
	})
}

func (s shop) MergeLeads(ctx context.Context, m store.Merge) error {
	return act(s.p, "merge", string(m.From.Lead), true, func() error {
		err := s.p.w.mem.MergeLeads(ctx, m)
		if err == nil {
			s.p.w.report.Merges++
			s.p.w.mails.joined(m.From.Lead, m.Into.Lead)
		}
		return err
	})
}

// PutHistory may keep some of the records and fail.
func (s shop) PutHistory(ctx context.Context, records []ledger.Record) error {
	records = slices.Clone(records)
	slices.SortFunc(records, func(a, b ledger.Record) int { return strings.Compare(a.Key, b.Key) })
	f := s.p.meet("put history", fmt.Sprint(len(records)))
	switch f {
	case before, conflict:
		return errBefore
	case throttled:
		return errThrottle
	}
	err := s.p.w.mem.PutHistory(ctx, some(s.p, f, records))
	s.p.died(f)
	if f == after {
		return errAfter
	}
	return err
}

func (s shop) ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error) {
	return around(s.p, "read history", fmt.Sprint(len(refs)), false, func() (ledger.Shelf, error) { return s.p.w.mem.ReadHistory(ctx, refs) })
}

func (s shop) WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile] {
	return batch(s.p, "write profiles", fmt.Sprint(len(ps)), ps, func(p store.Profile) store.Written[store.Profile] {
		return s.p.w.mem.WriteProfiles(ctx, []store.Profile{p})[0]
	})
}

func (s shop) ReadProfile(ctx context.Context, id lead.ID) (store.Profile, error) {
	return around(s.p, "read profile", string(id), false, func() (store.Profile, error) { return s.p.w.mem.ReadProfile(ctx, id) })
}

func (s shop) WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient] {
	return batch(s.p, "write recipients", fmt.Sprint(len(rs)), rs, func(r store.Recipient) store.Written[store.Recipient] {
		return s.writeRecipient(ctx, r)
	})
}

func (s shop) WriteRecipient(ctx context.Context, r store.Recipient) error {
	return act(s.p, "write recipient", r.ID, true, func() error { return s.writeRecipient(ctx, r).Err })
}

// writeRecipient writes, and shows what changed to whoever watches the mail.
func (s shop) writeRecipient(ctx context.Context, r store.Recipient) store.Written[store.Recipient] {
	w := s.p.w
	was, _ := w.mem.ReadRecipient(ctx, r.ID)
	out := w.mem.WriteRecipients(ctx, []store.Recipient{r})[0]
	if out.Err == nil {
		for _, key := range slices.Clone(s.p.unmarked) {
			if c := w.mails.claims[key]; c != nil && c.recipient == r.ID {
				s.p.marked(key)
			}
		}
	}
	is, err := w.mem.ReadRecipient(ctx, r.ID)
	if err == nil && is.Version != was.Version {
		w.due[r.ID] = is.DueAt
		if was.Version > 0 {
			w.wasTo[r.ID] = was
		}
		w.mails.watch(s.p, was, is)
	} else if err == nil && !bytes.Equal(is.Body, was.Body) {
		w.broken("recipient %s changed without a new version", r.ID)
	}
	return out
}

func (s shop) ReadSending(ctx context.Context) (store.Sending, error) {
	return around(s.p, "read sending", "", false, func() (store.Sending, error) { return s.p.w.mem.ReadSending(ctx) })
}

func (s shop) WriteSending(ctx context.Context, x store.Sending) error {
	return act(s.p, "write sending", "", true, func() error { return s.p.w.mem.WriteSending(ctx, x) })
}

func (s shop) NoteUnknown(ctx context.Context, u store.UnknownSend) error {
	return act(s.p, "note unknown", u.Send, false, func() error { return s.p.w.mem.NoteUnknown(ctx, u) })
}

func (s shop) ReadRecipient(ctx context.Context, id string) (store.Recipient, error) {
	return around(s.p, "read recipient", id, false, func() (store.Recipient, error) { return s.p.w.mem.ReadRecipient(ctx, id) })
}

// DueRecipients reads an index, which may lag behind: it names some who are
// done and leaves some out.
func (s shop) DueRecipients(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	type answer struct {
		due  []store.Due
		next string
	}
	a, err := around(s.p, "due recipients", fmt.Sprint(shard), false, func() (answer, error) {
		due, next, err := s.p.w.mem.DueRecipients(ctx, shard, until, min(limit, duePage), page)
		return answer{s.lag(due), next}, err
	})
	return a.due, a.next, err
}

func (s shop) DueLedgers(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	type answer struct {
		due  []store.Due
		next string
	}
	a, err := around(s.p, "due ledgers", fmt.Sprint(shard), false, func() (answer, error) {
		due, next, err := s.p.w.mem.DueLedgers(ctx, shard, until, min(limit, duePage), page)
		return answer{s.lag(due), next}, err
	})
	return a.due, a.next, err
}

func (s shop) lag(due []store.Due) []store.Due {
	due = slices.DeleteFunc(due, func(store.Due) bool { return s.old() })
	if len(due) > 0 && s.old() {
		due = append(due, due[0])
	}
	return due
}

func (s shop) ScanLedgers(ctx context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error) {
	type answer struct {
		items []ledger.Item
		next  string
	}
	a, err := around(s.p, "scan", fmt.Sprint(segment), false, func() (answer, error) {
		items, next, err := s.p.w.mem.ScanLedgers(ctx, segment, of, min(limit, scanPage), page)
		for i := range items {
			if was, ok := s.p.w.was[items[i].Lead]; ok && s.old() {
				items[i] = was
			}
		}
		return answer{items, next}, err
	})
	return a.items, a.next, err
}

func (s shop) ReadLedger(ctx context.Context, id lead.ID) (ledger.Item, error) {
	return around(s.p, "read ledger", string(id), false, func() (ledger.Item, error) { return s.p.w.mem.ReadLedger(ctx, id) })
}

// RecordDecisions puts each record by itself: some stand when it fails. A
// conflict is only ever a record that is there.
func (s shop) RecordDecisions(ctx context.Context, ds []store.Decision) []error {
	out := make([]error, len(ds))
	for i, d := range ds {
		err, fault := around(s.p, "record decision", d.DecisionKey.String(), false, func() (error, error) {
			return s.p.w.mem.RecordDecisions(ctx, []store.Decision{d})[0], nil
		})
		if out[i] = err; fault != nil {
			out[i] = fault
		}
	}
	return out
}

func (s shop) ReadDecision(ctx context.Context, key store.DecisionKey) (store.Decision, error) {
	return around(s.p, "read decision", key.String(), false, func() (store.Decision, error) { return s.p.w.mem.ReadDecision(ctx, key) })
}

func (s shop) ReadDecisions(ctx context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error) {
	return around(s.p, "read decisions", fmt.Sprint(len(keys)), false, func() (map[store.DecisionKey]store.Decision, error) {
		return s.p.w.mem.ReadDecisions(ctx, keys)
	})
}

// WriteDecisions may write some, and lose the answers of others.
func (s shop) WriteDecisions(ctx context.Context, ds []store.Decision) []error {
	out := make([]error, len(ds))
	for i, w := range batch(s.p, "write decisions", fmt.Sprint(len(ds)), ds, func(d store.Decision) store.Written[store.Decision] {
		return store.Written[store.Decision]{Err: s.p.w.mem.WriteDecisions(ctx, []store.Decision{d})[0]}
	}) {
		out[i] = w.Err
	}
	return out
}

func (s shop) ListQuiet(ctx context.Context, shard int, prefix string, limit int, page string) ([]store.QuietRow, string, error) {
	return s.p.w.mem.ListQuiet(ctx, shard, prefix, limit, page) // the world asks for what people see
}

func (s shop) ListWork(ctx context.Context, shard, limit int, page string) (list []store.Work, next string, err error) {
	list, err = around(s.p, "list work", "", false, func() (some []store.Work, err error) {
		some, next, err = s.p.w.mem.ListWork(ctx, shard, min(limit, alertPage), page)
		return some, err
	})
	return list, next, err
}

// ListAlerts is an index: it may leave out who came a moment ago.
func (s shop) ListAlerts(ctx context.Context, limit int, page string) ([]store.DecisionKey, string, error) {
	next := ""
	keys, err := around(s.p, "list alerts", "", false, func() (keys []store.DecisionKey, err error) {
		keys, next, err = s.p.w.mem.ListAlerts(ctx, min(limit, alertPage), page)
		return keys, err
	})
	return slices.DeleteFunc(keys, func(store.DecisionKey) bool { return s.old() }), next, err
}

func (s shop) ReadBell(ctx context.Context) (store.Bell, error) {
	return around(s.p, "read bell", "", false, func() (store.Bell, error) { return s.p.w.mem.ReadBell(ctx) })
}

func (s shop) WriteBell(ctx context.Context, b store.Bell) error {
	return act(s.p, "write bell", "", true, func() error { return s.p.w.mem.WriteBell(ctx, b) })
}

func (s shop) WriteDecision(ctx context.Context, d store.Decision) error {
	err := act(s.p, "write decision", d.DecisionKey.String(), true, func() error { return s.p.w.mem.WriteDecision(ctx, d) })
	if err == nil {
		s.p.marked("decision " + tagCode.EncodeToString([]byte(d.DecisionKey.String())))
	}
	return err
}

func (s shop) ReadWork(ctx context.Context, id lead.ID) (store.Work, error) {
	return around(s.p, "read work", string(id), false, func() (store.Work, error) { return s.p.w.mem.ReadWork(ctx, id) })
}

func (s shop) WriteWork(ctx context.Context, x store.Work) error {
	return act(s.p, "write work", string(x.Lead), true, func() error { return s.p.w.mem.WriteWork(ctx, x) })
}

func (s shop) ReadCount(ctx context.Context, name string) (int, error) {
	return around(s.p, "read count", name, false, func() (int, error) { return s.p.w.mem.ReadCount(ctx, name) })
}

func (s shop) AddCount(ctx context.Context, name string, was int) error {
	return act(s.p, "add count", name, true, func() error { return s.p.w.mem.AddCount(ctx, name, was) })
}

func (s shop) Park(ctx context.Context, p store.Parked) error {
	return act(s.p, "park", p.ID, false, func() error { return s.p.w.mem.Park(ctx, p) })
}

func (s shop) Propose(ctx context.Context, p store.Proposal) error {
	return act(s.p, "propose", string(p.A), false, func() error { return s.p.w.mem.Propose(ctx, p) })
}

func (s shop) Suppress(ctx context.Context, sup store.Suppression) error {
	return act(s.p, "suppress", sup.Hash, false, func() error { return s.p.w.mem.Suppress(ctx, sup) })
}

func (s shop) SaveProgress(ctx context.Context, p store.Progress) error {
	return act(s.p, "progress", p.Job, false, func() error { return s.p.w.mem.SaveProgress(ctx, p) })
}

func (s shop) ReadPointer(ctx context.Context) (store.Pointer, error) {
	return around(s.p, "pointer", "", false, func() (store.Pointer, error) { return s.p.w.mem.ReadPointer(ctx) })
}

func (s shop) ReadPlaybook(ctx context.Context, n uint32) (store.Playbook, error) {
	return around(s.p, "playbook", fmt.Sprint(n), false, func() (store.Playbook, error) { return s.p.w.mem.ReadPlaybook(ctx, n) })
}

func (s shop) ReadBroadcast(ctx context.Context, id string) (store.Broadcast, error) {
	return around(s.p, "read broadcast", id, false, func() (store.Broadcast, error) { return s.p.w.mem.ReadBroadcast(ctx, id) })
}

func (s shop) WriteBroadcast(ctx context.Context, b store.Broadcast) error {
	return act(s.p, "write broadcast", b.ID, true, func() error {
		err := s.p.w.mem.WriteBroadcast(ctx, b)
		if err == nil {
			s.p.w.casts.changed(b.ID)
		}
		return err
	})
}

func (s shop) ListBroadcasts(ctx context.Context, limit int, page string) ([]store.Broadcast, string, error) {
	type answer struct {
		list []store.Broadcast
		next string
	}
	a, err := around(s.p, "list broadcasts", "", false, func() (answer, error) {
		list, next, err := s.p.w.mem.ListBroadcasts(ctx, limit, page)
		return answer{list, next}, err
	})
	return a.list, a.next, err
}

func (s shop) ListProgress(ctx context.Context, job string) ([]store.Progress, error) {
	return around(s.p, "list progress", job, false, func() ([]store.Progress, error) { return s.p.w.mem.ListProgress(ctx, job) })
}
