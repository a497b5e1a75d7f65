package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Checking is what was sent and is now looked for.
type Checking struct {
	Externals []string                        // of the leads; each is to be one lead
	Sent      func(i int) []activity.Activity // what was sent of a lead
	Sample    int                             // how many leads are replayed
	Now       time.Time
	Progress  func(done, total int)
}

// Checked is what was found.
type Checked struct {
	Leads     int // different ones
	Entries   int // in all their logs
	Conflicts int // ids that came again with another payload
	Replayed  int
	Equal     int      // of them: score and bytes are those of the replay
	Faults    []string // the first few
}

const (
	lookUps   = 1000 // leads read at once
	maxFaults = 10
)

// Check holds ledgers against what was sent: each lead is there, their logs
// hold every activity once, and for a sample the score is that of a replay.
func (d *Desk) Check(ctx context.Context, k Checking) (Checked, error) {
	c, err := d.shelf().InForce(ctx)
	if err != nil {
		return Checked{}, err
	}
	k.Sample = min(k.Sample, len(k.Externals))
	var out Checked
	ids := make([]lead.ID, len(k.Externals))
	seen := map[lead.ID]bool{}
	total := len(k.Externals) + k.Sample
	tell := func(done int) {
		if k.Progress != nil {
			k.Progress(done, total)
		}
	}
	for from := 0; from < len(ids); from += lookUps {
		to := min(from+lookUps, len(ids))
		if err := d.count(ctx, k.Externals[from:to], ids[from:to], seen, &out); err != nil {
			return out, err
		}
		tell(to)
	}
	out.Leads = len(seen)
	for n := range k.Sample {
		i := n * len(ids) / k.Sample
		if ids[i] == "" {
			continue // told already
		}
		out.Replayed++
		if err := d.replay(ctx, c, ids[i], k.Sent(i), k.Now); err != nil {
			if ctx.Err() != nil {
				return out, ctx.Err()
			}
			out.fault("%s: %v", k.Externals[i], err)
		} else {
			out.Equal++
		}
		tell(len(ids) + n + 1)
	}
	return out, nil
}

func (c *Checked) fault(format string, args ...any) {
	if len(c.Faults) < maxFaults {
		c.Faults = append(c.Faults, fmt.Sprintf(format, args...))
	}
}

// count finds the leads of external ids and adds up their logs.
func (d *Desk) count(ctx context.Context, externals []string, ids []lead.ID, seen map[lead.ID]bool, out *Checked) error {
	w := store.Wanted{Strong: true}
	for _, x := range externals {
		w.Identities = append(w.Identities, d.externalKey(x))
	}
	found, err := d.Store.Fetch(ctx, w)
	if err != nil {
		return err
	}
	ledgers := store.Wanted{Strong: true}
	for i, key := range w.Identities {
		id, ok := found.Identities[key]
		switch {
		case !ok:
			out.fault("%s is no lead", externals[i])
			continue
		case seen[id]:
			out.fault("%s shares the lead %s with another", externals[i], id)
			continue
		}
		ids[i], seen[id] = id, true
		ledgers.Ledgers = append(ledgers.Ledgers, id)
	}
	if len(ledgers.Ledgers) == 0 {
		return nil
	}
	if found, err = d.Store.Fetch(ctx, ledgers); err != nil {
		return err
	}
	for _, id := range ledgers.Ledgers {
		item, ok := found.Ledgers[id]
		if !ok {
			out.fault("lead %s has no ledger", id)
			continue
		}
		s, err := ledger.Decode(item)
		if err != nil {
			return err
		}
		out.Entries += s.Activities()
		out.Conflicts += s.Conflicts()
	}
	return nil
}

func (d *Desk) externalKey(external string) store.IdentityKey {
	return store.IdentityOf(string(lead.ByExternal), lead.Identity{Kind: lead.ByExternal, Value: external}.Hash(d.Secret))
}

// replay makes the score of a lead again, from its log and what was sent, and
// compares. The error says what differs.
func (d *Desk) replay(ctx context.Context, c *playbook.Compiled, id lead.ID, sent []activity.Activity, now time.Time) error {
	s, err := d.open(ctx, c, id)
	if err != nil {
		return err
	}
	log, shelf, err := d.log(ctx, s)
	if err != nil {
		return err
	}
	matched, profile, err := compare(c, log, sent)
	if err != nil {
		return err
	}
	if err := d.read(ctx, s.AllRefs(), shelf); err != nil {
		return err
	}
	m := c.Rules.Meters()
	want, err := s.Canonical(m, shelf)
	if err != nil {
		return err
	}
	again, err := ledger.Replay(s.Lead, m, matched)
	if err != nil {
		return err
	}
	got, err := again.Canonical(m, nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("ids, tally and registers are not those of its %d entries", len(log))
	}
	return sameScore(c, s, again, profile, log, now)
}

// compare holds a log against what was sent. It gives the log as the playbook
// in force matches what was sent, and the profile that comes of it.
func compare(c *playbook.Compiled, log []ledger.Entry, sent []activity.Activity) ([]ledger.Entry, *lead.Profile, error) {
	if len(log) != len(sent) {
		return nil, nil, fmt.Errorf("its log has %d entries, %d activities were sent", len(log), len(sent))
	}
	byKey := map[uint64]*activity.Activity{}
	profile := &lead.Profile{}
	for i := range sent {
		byKey[sent[i].ID.Key()] = &sent[i]
		profile.Apply(sent[i].Profile, sent[i].At, sent[i].ID.Key())
	}
	out := slices.Clone(log)
	for i := range out {
		e := &out[i]
		a := byKey[e.Key]
		switch {
		case a == nil:
			return nil, nil, fmt.Errorf("its log has an entry %016x that was not sent", e.Key)
		case a.Type != e.Type || a.At.Unix() != e.At:
			return nil, nil, fmt.Errorf("entry %016x is a %s of %s, sent was a %s of %s", e.Key, e.Type, moment(e.At), a.Type, moment(a.At.Unix()))
		}
		e.Hits = c.Set.Match(a, nil)
		slices.Sort(e.Hits)
	}
	return out, profile, nil
}

func moment(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// sameScore compares the cards of a stored and a replayed state, and both with
// what the stored one remembers of its card.
func sameScore(c *playbook.Compiled, s, again *ledger.State, profile *lead.Profile, log []ledger.Entry, now time.Time) error {
	again.Playbook, again.Known, again.Stage, again.Excluded, again.MovedTo = s.Playbook, s.Known, s.Stage, s.Excluded, s.MovedTo
	again.Profile = c.Set.Profile(profile)
	today := c.Day(now)
	shown, replayed := c.Rules.Card(s, today), c.Rules.Card(again, today)
	if !reflect.DeepEqual(shown, replayed) {
		return fmt.Errorf("its score is %d in %d lines, that of the replay %d in %d lines, or they differ in a part", shown.Total, len(shown.Lines), replayed.Total, len(replayed.Lines))
	}
	if err := addsUp(shown); err != nil {
		return err
	}
	written := activity.Day(0)
	for i := range log {
		written = max(written, c.Day(time.Unix(log[i].Received, 0)))
	}
	if written == today && s.Playbook == c.Number && s.Excluded == 0 && (s.Total != replayed.Total || s.Band != store.BandKey(replayed.Band, s.Lead)) {
		return fmt.Errorf("it is listed with %d under %s, its score is %d, %s", s.Total, s.Band, replayed.Total, replayed.Band)
	}
	return nil
}

func addsUp(card score.Card) error {
	sum := 0
	for _, l := range card.Lines {
		sum += l.Points
	}
	if sum != card.Total {
		return fmt.Errorf("its lines add up to %d, its total is %d", sum, card.Total)
	}
	return nil
}

// sentAt finds when an activity of a lead happened, by its log; ok is false
// where there is no such lead or activity.
func (d *Desk) sentAt(ctx context.Context, external string, id activity.ID) (at time.Time, ok bool, err error) {
	who, err := d.Store.LeadOf(ctx, d.externalKey(external))
	if errors.Is(err, store.ErrNotFound) {
		return at, false, nil
	}
	if err != nil {
		return at, false, err
	}
	item, err := d.Store.ReadLedger(ctx, who)
	if errors.Is(err, store.ErrNotFound) {
		return at, false, nil
	}
	if err != nil {
		return at, false, err
	}
	s, err := ledger.Decode(item)
	if err != nil {
		return at, false, err
	}
	log, _, err := d.log(ctx, s)
	if err != nil {
		return at, false, err
	}
	for i := range log {
		if log[i].Key == id.Key() {
			return time.Unix(log[i].At, 0), true, nil
		}
	}
	return at, false, nil
}
