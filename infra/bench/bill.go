package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// tables is what the flows need of a store, in memory or on an engine.
type tables interface {
	flow.IngestStore
	flow.RescoreStore
	Publish(ctx context.Context, p store.Playbook, was uint32) error
}

// bill is what DynamoDB charges, by the sizes of items.
type bill struct {
	ledger, index, history, people, desk float64 // write units
	read                                 float64
	moves                                int // of index keys
}

func (b bill) write() float64 { return b.ledger + b.index + b.history + b.people + b.desk }

func (b bill) minus(o bill) bill {
	return bill{b.ledger - o.ledger, b.index - o.index, b.history - o.history, b.people - o.people, b.desk - o.desk, b.read - o.read, b.moves - o.moves}
}

// billed is a store that counts what each call would cost: a write is the
// larger of old and new size in KiB, an index entry that comes or goes 1 and
// one that moves 2, a condition that fails what the item is worth, an eventual
// read half a unit for 4 KiB, a strong one twice that.
type billed struct {
	tables
	bill
	kept map[string]kept // by table and key
}

type kept struct {
	size      int
	band, due string // index keys
}

func newBilled(t tables) *billed { return &billed{tables: t, kept: map[string]kept{}} }

// put bills a write of an item, and what it moves in the indexes.
func (b *billed) put(key string, now kept) (units float64) {
	old, there := b.kept[key]
	if !there {
		old = kept{}
	}
	b.kept[key] = now
	for _, x := range [][2]string{{old.band, now.band}, {old.due, now.due}} {
		switch {
		case x[0] == x[1]:
		case x[0] == "" || x[1] == "":
			b.index++
			b.moves++
		default:
			b.index += 2
			b.moves++
		}
	}
	return float64(ledger.Units(max(old.size, now.size)))
}

// refused bills a condition that failed.
func (b *billed) refused(key string) float64 { return float64(ledger.Units(b.kept[key].size)) }

func (b *billed) get(strong bool, keys ...string) {
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[k] {
			continue
		}
		seen[k] = true
		u := ledger.ReadUnits(b.kept[k].size)
		if strong {
			u *= 2
		}
		b.read += u
	}
}

func identityKey(k store.IdentityKey) string { return "P" + k.Key() }
func profileKey(id lead.ID) string           { return "P" + store.ProfileKey(id) }
func recipientKey(id string) string          { return "P" + store.RecipientKey(id) }
func ledgerKey(id lead.ID) string            { return "L" + string(id) }
func historyKey(r ledger.Ref) string         { return "H" + string(r.Lead) + r.Key }
func decisionKey(d store.DecisionKey) string { return "D" + d.String() }
func due(shard string, at int64) string {
	if shard == "" {
		return ""
	}
	return shard + "/" + strconv.FormatInt(at, 10)
}

// digits is what a number takes beside its name: a byte for two digits, one more.
func digits(n int64) int { return (len(strconv.FormatInt(n, 10))+1)/2 + 1 }

func (b *billed) Fetch(ctx context.Context, w store.Wanted) (store.Found, error) {
	var keys []string
	for _, k := range w.Identities {
		keys = append(keys, identityKey(k))
	}
	for _, id := range w.Ledgers {
		keys = append(keys, ledgerKey(id))
	}
	for _, id := range w.Profiles {
		keys = append(keys, profileKey(id))
	}
	for _, id := range w.Recipients {
		keys = append(keys, recipientKey(id))
	}
	for _, h := range w.Suppressions {
		keys = append(keys, "P"+store.SuppressionKey(h))
	}
	if w.Playbook {
		keys = append(keys, "Dpointer")
	}
	b.get(w.Strong, keys...)
	return b.tables.Fetch(ctx, w)
}

func (b *billed) ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error) {
	var keys []string
	for _, r := range refs {
		keys = append(keys, historyKey(r))
	}
	b.get(false, keys...)
	return b.tables.ReadHistory(ctx, refs)
}

func (b *billed) ClaimIdentities(ctx context.Context, ids []store.Identity) ([]store.Identity, error) {
	out, err := b.tables.ClaimIdentities(ctx, ids)
	seen := map[string]bool{}
	for _, id := range ids {
		k := identityKey(id.Key)
		if seen[k] {
			continue
		}
		seen[k] = true
		if _, there := b.kept[k]; there {
			b.people += b.refused(k)
			b.get(true, k)
			continue
		}
		b.people += b.put(k, kept{size: len(k) + 1 + len(id.Lead)})
	}
	return out, err
}

func (b *billed) PutHistory(ctx context.Context, records []ledger.Record) error {
	seen := map[ledger.Ref]bool{}
	for _, r := range records {
		if !seen[r.Ref] {
			seen[r.Ref] = true
			b.history += b.put(historyKey(r.Ref), kept{size: r.Size()})
		}
	}
	return b.tables.PutHistory(ctx, records)
}

func (b *billed) WriteLedgers(ctx context.Context, items []ledger.Item) []store.Written[ledger.Item] {
	out := b.tables.WriteLedgers(ctx, items)
	for i, it := range items {
		k := ledgerKey(it.Lead)
		if errors.Is(out[i].Err, store.ErrConflict) {
			b.ledger += b.refused(k)
			continue
		}
		now := kept{size: it.Size(), band: it.Band, due: due(it.DueShard, it.DueAt)}
		if it.Band == "" {
			now.band = b.kept[k].band // it stays where it is
		}
		b.ledger += b.put(k, now)
	}
	return out
}

func (b *billed) WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile] {
	out := b.tables.WriteProfiles(ctx, ps)
	for i, p := range ps {
		k := profileKey(p.Lead)
		if errors.Is(out[i].Err, store.ErrConflict) {
			b.people += b.refused(k)
			continue
		}
		b.people += b.put(k, kept{size: len(k) + 1 + digits(p.Version+1) + 1 + len(p.Body)})
	}
	return out
}

func (b *billed) WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient] {
	out := b.tables.WriteRecipients(ctx, rs)
	for i, r := range rs {
		k := recipientKey(r.ID)
		if errors.Is(out[i].Err, store.ErrConflict) {
			b.people += b.refused(k)
			continue
		}
		now := kept{size: len(k) + 1 + digits(r.Version+1) + 1 + len(r.Body)}
		if r.DueAt != 0 {
			now.size += 3 + 3 + digits(r.DueAt)
			now.due = due("x", r.DueAt)
		}
		b.people += b.put(k, now)
	}
	return out
}

func (b *billed) RecordDecisions(ctx context.Context, ds []store.Decision) []error {
	out := b.tables.RecordDecisions(ctx, ds)
	for i, d := range ds {
		k := decisionKey(d.DecisionKey)
		if out[i] != nil {
			b.desk += b.refused(k)
			continue
		}
		key := d.Key()
		b.desk += b.put(k, kept{size: len(key.K) + len(key.R) + len(d.Body) + len(d.Reason) + 40})
	}
	return out
}

func (b *billed) ReadDecisions(ctx context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error) {
	for _, k := range keys {
		b.get(true, decisionKey(k))
	}
	return b.tables.ReadDecisions(ctx, keys)
}

// DueLedgers asks an index: half a unit for what is found.
func (b *billed) DueLedgers(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	b.read += 0.5
	return b.tables.DueLedgers(ctx, shard, until, limit, page)
}

// ScanLedgers reads a page: half a unit for 4 KiB, whatever the items.
func (b *billed) ScanLedgers(ctx context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error) {
	items, next, err := b.tables.ScanLedgers(ctx, segment, of, limit, page)
	size := 0
	for _, it := range items {
		size += it.Size()
	}
	b.read += ledger.ReadUnits(size)
	return items, next, err
}
