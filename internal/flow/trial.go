package flow

import (
	"context"
	"maps"
	"reflect"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// How says what a lead's score under other rules was made of.
type How uint8

// From the cheapest to the dearest.
const (
	FromRegisters How = iota // what the item holds was enough
	FromTally                // the days on which signals were seen, summed again
	FromLog                  // the log, because a condition is new
)

// Trial brings leads under rules that are not in force, and stores nothing.
type Trial struct {
	store interface {
		HistoryReader
		Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	}
	books     *Books
	old, next *playbook.Compiled
	now       time.Time
	news      []signal.Number
	profiles  bool // the rules may ask something new of profiles
	excluded  bool // other people are excluded
	// Records of histories that were read.
	Records int
}

// NewTrial makes a trial of rules against those in force. next keeps the numbers
// that old gave; it needs none of its own.
func NewTrial(s interface {
	HistoryReader
	PlaybookStore
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
}, old, next *playbook.Compiled, now time.Time) *Trial {
	t := &Trial{store: s, books: NewBooks(s), old: old, next: next, now: now, news: newSignals(next, old)}
	for _, d := range next.Set.Definitions() {
		_, had := old.Set.Definition(d.Number)
		t.profiles = t.profiles || d.Kind == signal.OnProfile && !had
	}
	t.profiles = t.profiles || !reflect.DeepEqual(old.Playbook.Nurture.Tracks, next.Playbook.Nurture.Tracks)
	t.excluded = !reflect.DeepEqual(old.Exclusions, next.Exclusions)
	return t
}

// Tried is one lead under both rules, for looking at.
type Tried struct {
	Before, After *ledger.State
	Made          []ledger.Pending // what publishing would decide, quietly
	How           How
}

// Page tries the leads of one page of ledgers. Leads that others absorbed are
// passed over.
func (t *Trial) Page(ctx context.Context, items []ledger.Item) ([]Tried, error) {
	tried := make([]Tried, 0, len(items))
	want := store.Wanted{}
	for _, it := range items {
		before, err := ledger.Decode(it)
		if err != nil {
			return nil, err
		}
		if before.MovedTo != "" {
			continue
		}
		after, err := ledger.Decode(it)
		if err != nil {
			return nil, err
		}
		tried = append(tried, Tried{Before: before, After: after})
		if t.profiles || before.Playbook < t.old.Number {
			want.Profiles = append(want.Profiles, it.Lead)
		}
		if t.excluded && before.Known {
			want.Recipients = append(want.Recipients, string(it.Lead))
		}
	}
	var found store.Found
	if len(want.Profiles)+len(want.Recipients) > 0 {
		var err error
		if found, err = t.store.Fetch(ctx, want); err != nil {
			return nil, err
		}
	}
	shelf := ledger.Shelf{}
	read := func(refs []ledger.Ref, into ledger.Shelf) error {
		var missing []ledger.Ref
		for _, r := range refs {
			if body, ok := shelf[r]; ok {
				into[r] = body
			} else {
				missing = append(missing, r)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		t.Records += len(missing)
		got, err := t.store.ReadHistory(ctx, missing)
		maps.Copy(shelf, got)
		maps.Copy(into, got)
		return err
	}
	if err := t.gather(tried, shelf, read); err != nil {
		return nil, err
	}
	for i := range tried {
		if err := t.one(ctx, &tried[i], found, read); err != nil {
			return nil, err
		}
	}
	return tried, nil
}

// gather reads what the leads of a page need of their histories, together.
func (t *Trial) gather(tried []Tried, shelf ledger.Shelf, read readRefs) error {
	m := t.next.Rules.Meters()
	for range maxWants {
		var refs []ledger.Ref
		for _, x := range tried {
			var more []ledger.Ref
			var err error
			if len(t.news) > 0 {
				more, err = x.After.LogRefs(shelf)
			} else {
				if x.After.Playbook == t.old.Number && !x.After.LookBack {
					x.After.Adopt(t.old.Rules.Meters(), m)
				}
				more, err = x.After.Wants(m, shelf)
			}
			if err != nil {
				return err
			}
			refs = append(refs, more...)
		}
		if len(refs) == 0 {
			return nil
		}
		if err := read(refs, ledger.Shelf{}); err != nil {
			return err
		}
	}
	return nil
}

// one brings a lead up to date under the old rules, then under the new ones.
func (t *Trial) one(ctx context.Context, x *Tried, found store.Found, read readRefs) error {
	profile, err := lead.DecodeProfile(found.Profiles[x.Before.Lead].Body)
	if err != nil {
		return err
	}
	if b := x.Before; b.Playbook < t.old.Number || b.LookBack {
		if _, _, err := bring(ctx, t.books, t.old, b, ledger.Shelf{}, read); err != nil {
			return err
		}
		t.old.Know(b, profile)
	} else if err := settleNow(t.old.Rules.Meters(), b, ledger.Shelf{}, read); err != nil {
		return err
	}
	conclude(t.old, x.Before, nil, t.now, decision.Rules)

	a := x.After
	// What time alone brings is not what the rules change.
	a.Stage, a.Audience, a.Memory, a.Pending = x.Before.Stage, x.Before.Audience, x.Before.Memory, nil
	if _, x.How, err = bring(ctx, t.books, t.next, a, ledger.Shelf{}, read); err != nil {
		return err
	}
	if a.Profile = x.Before.Profile; t.profiles {
		t.next.Know(a, profile)
	}
	if r, ok := found.Recipients[string(a.Lead)]; ok {
		person, err := nurture.Decode(r.ID, r.Body)
		if err != nil {
			return err
		}
		if person.Email != "" || person.Mobile != "" {
			a.Excluded = uint8(t.next.Excluded(person.Email, person.Mobile, ""))
		}
	}
	x.Made = conclude(t.next, a, nil, t.now, decision.Rules)
	return nil
}
