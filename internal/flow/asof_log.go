package flow

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

func wholeLog(ctx context.Context, st HistoryReader, s *ledger.State) ([]ledger.Entry, error) {
	shelf := ledger.Shelf{}
	for {
		refs, err := s.LogRefs(shelf)
		if err != nil {
			return nil, err
		}
		if len(refs) == 0 {
			return s.Log(shelf)
		}
		if err := readFromHistory(ctx, st, refs, shelf); err != nil {
			return nil, err
		}
	}
}

func readFromHistory(ctx context.Context, st HistoryReader, refs []ledger.Ref, shelf ledger.Shelf) error {
	got, err := st.ReadHistory(ctx, refs)
	for r, body := range got {
		shelf[r] = body
	}
	return err
}

// mergesOf reads when absorbed leads were joined to one, as their merges noted
// it; of older merges there is no note.
func mergesOf(ctx context.Context, st HistoryReader, into lead.ID, log []ledger.Entry) (map[lead.ID]int64, error) {
	noted := map[lead.ID]int64{}
	seen := map[lead.ID]bool{}
	for i := range log {
		owner := log[i].Owner
		if owner == "" || seen[owner] {
			continue
		}
		seen[owner] = true
		ref := mergedRef(into, owner)
		got, err := st.ReadHistory(ctx, []ledger.Ref{ref})
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m, err := decodeMerged(got[ref])
		if err != nil {
			return nil, err
		}
		for _, o := range m.Owners {
			noted[o] = m.At
		}
	}
	return noted, nil
}

// told is an entry with the moment at which it began to count, and the signals
// of the rules under which it was taken.
type told struct {
	ledger.Entry
	from int64
	set  *signal.Set
}

// arrived are the entries that counted before an end, in the order in which
// they began to.
func arrived(log []ledger.Entry, end time.Time, noted map[lead.ID]int64) []ledger.Entry {
	last := map[lead.ID]int64{} // of an absorbed lead: its last entry
	for i := range log {
		if e := &log[i]; e.Owner != "" {
			last[e.Owner] = max(last[e.Owner], e.Received)
		}
	}
	joined := map[lead.ID]int64{}
	for owner, at := range last {
		if when, ok := noted[owner]; ok {
			joined[owner] = when
			continue
		}
		joined[owner] = at
		first := int64(0)
		for i := range log {
			if e := &log[i]; e.Owner == "" && e.Received >= at && (first == 0 || e.Received < first) {
				first = e.Received
			}
		}
		joined[owner] = max(at, first)
	}
	var out []ledger.Entry
	for _, e := range log {
		if e.Owner != "" {
			e.Received = max(e.Received, joined[e.Owner])
		}
		if e.Received < end.Unix() {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b ledger.Entry) int {
		return cmp.Or(cmp.Compare(a.Received, b.Received), cmp.Compare(a.At, b.At), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// known are the entries of what was done by a day, as of today: what was
// revoked is out, whenever that was.
func known(log []ledger.Entry, day activity.Day) []ledger.Entry {
	revoked := map[uint64]bool{}
	for i := range log {
		if log[i].Revokes != 0 {
			revoked[log[i].Revokes] = true
		}
	}
	var out []ledger.Entry
	for _, e := range log {
		if e.Day <= day && !revoked[e.Key] {
			e.Received = e.At // told in the order in which it was done
			out = append(out, e)
		}
	}
	return out
}

// under is an entry as it was logged under a playbook: its hits are those of
// signals that the playbook has, and of signals that are new since it came.
func under(c, newest *playbook.Compiled, e told) (ledger.Entry, error) {
	x := ledger.Entry{
		Key: e.Key, Made: e.Made, PayloadHash: e.PayloadHash, Type: e.Type, At: e.At, Received: e.Received, Day: e.Day,
		Packed: e.Packed, Flags: e.Flags, Revokes: e.Revokes, Points: e.Points, Until: e.Until, Owner: e.Owner,
	}
	for _, h := range e.Hits {
		if _, ok := c.Set.Definition(h); ok {
			x.Hits = append(x.Hits, h)
		}
	}
	if e.set == c.Set {
		return x, nil
	}
	a, err := activityOf(newest, &e.Entry)
	if err != nil {
		return x, err
	}
	for _, h := range c.Set.Match(&a, nil) {
		if _, had := e.set.Definition(h); !had {
			x.Hits = append(x.Hits, h)
		}
	}
	slices.Sort(x.Hits)
	x.Hits = slices.Compact(x.Hits)
	return x, nil
}
