package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// BroadcastReader reads one broadcast, strongly.
type BroadcastReader interface {
	ReadBroadcast(ctx context.Context, id string) (store.Broadcast, error)
}

// BroadcastStore keeps broadcasts.
type BroadcastStore interface {
	BroadcastReader
	WriteBroadcast(ctx context.Context, b store.Broadcast) error
}

// BroadcastLister lists broadcasts.
type BroadcastLister interface {
	ListBroadcasts(ctx context.Context, limit int, page string) ([]store.Broadcast, string, error)
}

// Broadcasts lists all broadcasts, the latest first.
func Broadcasts(ctx context.Context, s BroadcastLister) ([]*nurture.Broadcast, error) {
	var out []*nurture.Broadcast
	for page := ""; ; {
		some, next, err := s.ListBroadcasts(ctx, scanPage, page)
		if err != nil {
			return nil, err
		}
		for _, item := range some {
			b, err := nurture.DecodeBroadcast(item.ID, item.Version, item.Body)
			if err != nil {
				return nil, err
			}
			out = append(out, b)
		}
		if page = next; page == "" {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b *nurture.Broadcast) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// FreezeStore is what the freezing of an audience needs.
type FreezeStore interface {
	BroadcastStore
	RecipientStore
	BroadcastLister
	ListProgress(ctx context.Context, job string) ([]store.Progress, error)
	WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient]
}

// ReadBroadcast reads one as it stands.
func ReadBroadcast(ctx context.Context, s BroadcastReader, id string) (*nurture.Broadcast, error) {
	item, err := s.ReadBroadcast(ctx, id)
	if err != nil {
		return nil, err
	}
	return nurture.DecodeBroadcast(item.ID, item.Version, item.Body)
}

// WriteBroadcast stores one on the condition of its version.
func WriteBroadcast(ctx context.Context, s BroadcastStore, b *nurture.Broadcast) error {
	body, err := b.Encode()
	if err != nil {
		return err
	}
	return s.WriteBroadcast(ctx, store.Broadcast{ID: b.ID, Version: b.Version, Body: body})
}

// ChangeBroadcast changes one by a conditional write, beginning again when
// somebody else was first, and gives what stands then. change tells whether
// there is anything to write.
func ChangeBroadcast(ctx context.Context, s BroadcastStore, id string, change func(*nurture.Broadcast) bool) (*nurture.Broadcast, error) {
	var err error
	for range tries {
		var b *nurture.Broadcast
		if b, err = ReadBroadcast(ctx, s, id); err != nil {
			return nil, err
		}
		if !change(b) {
			return b, nil
		}
		if err = WriteBroadcast(ctx, s, b); !errors.Is(err, store.ErrConflict) {
			return b, err
		}
	}
	return nil, fmt.Errorf("broadcast %s: %d tries: %w", id, tries, err)
}

// Member tells whether a lead is in an audience, as its ledger says. An error
// names an audience that the playbook does not have.
func Member(c *playbook.Compiled, audience string) (func(s *ledger.State) bool, error) {
	counts := func(s *ledger.State) bool { return s.Known && s.MovedTo == "" && s.Excluded == 0 }
	for i := range c.Score.Audiences {
		if c.Score.Audiences[i].Name == audience {
			bit := c.Rules.AudienceNumber(i)
			return func(s *ledger.State) bool { return counts(s) && s.Audience.Has(signal.Number(bit)) }, nil
		}
	}
	if audience == nurture.Everybody {
		return counts, nil
	}
	return nil, fmt.Errorf("there is no audience %q in playbook %d", audience, c.Number)
}

// freezeJob is the id of the job that freezes a broadcast's audience.
func freezeJob(id string) string { return "freeze-" + id }

// FreezeJob is the id under which the progress of a broadcast's freezing is kept.
func FreezeJob(b *nurture.Broadcast) string { return freezeJob(b.ID) }

// Broadcasts begins the freezing of those whose time has come; one a tick too
// late or twice is begun once. It tells how many.
func (r *Rescore) Broadcasts(ctx context.Context, log *slog.Logger, now time.Time) (int, error) {
	begun := 0
	for page := ""; ; {
		list, next, err := r.store.ListBroadcasts(ctx, scanPage, page)
		if err != nil {
			return begun, err
		}
		for _, item := range list {
			b, err := nurture.DecodeBroadcast(item.ID, item.Version, item.Body)
			if err != nil {
				log.Error("a broadcast cannot be read", "broadcast", item.ID, "error", err.Error())
				continue
			}
			if due, _ := b.FreezeDue(now); !due {
				continue
			}
			if err := r.begin(ctx, log, b, now); err != nil {
				return begun, err
			}
			begun++
		}
		if page = next; page == "" {
			return begun, nil
		}
	}
}

// begin queues the freezing, then notes that it began: in this order, a process
// that dies in between begins it twice and nobody is left out. One that cannot
// be frozen any more is cancelled, with the reason; one that could be only in
// part says so.
func (r *Rescore) begin(ctx context.Context, log *slog.Logger, b *nurture.Broadcast, now time.Time) error {
	c, err := r.books.InForce(ctx)
	if err != nil {
		return err
	}
	_, late := b.FreezeDue(now)
	_, unknown := Member(c, b.Audience)
	switch {
	case unknown != nil:
		b.Cancel("the system: "+unknown.Error(), now)
	case late && b.Freezing == 0:
		b.Cancel("the system: its time had passed long ago", now)
	case late:
		kept, err := r.store.ListProgress(ctx, freezeJob(b.ID))
		if err != nil {
			return err
		}
		b.Frozen, b.Partial = now.Unix(), true
		for _, p := range kept {
			b.Entered += p.Changed
		}
	default:
		if err := r.cut(ctx, Job{Format: 1, Kind: JobFreeze, ID: freezeJob(b.ID)}); err != nil {
			return err
		}
		b.Freezing = now.Unix()
	}
	err = WriteBroadcast(ctx, r.store, b)
	if errors.Is(err, store.ErrConflict) {
		log.Info("a broadcast was changed meanwhile", "broadcast", b.ID)
		return nil // the next tick looks again
	}
	log.Info("broadcast", "broadcast", b.ID, "state", b.State(), "partial", b.Partial)
	return err
}

// freeze works on one segment: everybody who is in the audience is entered, and
// what was read once is not read again, so that who joins later stays outside.
func (r *Rescore) freeze(ctx context.Context, log *slog.Logger, c *playbook.Compiled, j Job, now time.Time, short func() bool) error {
	id := strings.TrimPrefix(j.ID, freezeJob(""))
	kept, err := r.store.ListProgress(ctx, j.ID)
	if err != nil {
		return err
	}
	for _, p := range kept {
		if p.Segment == j.Segment && p.Of == j.Of && (p.Done || p.Read > j.Read) {
			j.Read, j.Changed, j.Page = p.Read, p.Changed, p.Page
			if p.Done {
				return r.closeFreeze(ctx, log, j, now)
			}
		}
	}
	for {
		b, err := ReadBroadcast(ctx, r.store, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("job %s: there is no such broadcast", j.ID)
		case err != nil:
			return err
		case b.Cancelled != 0 || b.At > now.Unix() || now.Unix()-b.At > int64(nurture.FreezeWithin/time.Second):
			log.Info("nobody is entered into a broadcast any more", "broadcast", id, "state", b.State())
			return nil
		}
		member, err := Member(c, b.Audience)
		if err != nil {
			_, err = ChangeBroadcast(ctx, r.store, id, func(b *nurture.Broadcast) bool { return b.Cancel("the system: "+err.Error(), now) })
			return err
		}
		items, next, err := r.store.ScanLedgers(ctx, j.Segment, j.Of, scanPage, j.Page)
		if err != nil {
			return err
		}
		entered, err := r.enter(ctx, log, c, b, member, items, now)
		if err != nil {
			return err
		}
		j.Read, j.Changed, j.Page = j.Read+len(items), j.Changed+entered, next
		if err := r.store.SaveProgress(ctx, store.Progress{
			Job: j.ID, Segment: j.Segment, Of: j.Of, Read: j.Read, Changed: j.Changed, Page: next, Done: next == "", At: now.Unix(),
		}); err != nil {
			return err
		}
		if next == "" {
			return r.closeFreeze(ctx, log, j, now)
		}
		if short() {
			return r.jobs.SendAll(ctx, [][]byte{j.Encode()})
		}
	}
}

// enter puts the members of one page into the broadcast and tells how many are
// inside. Who is inside already counts, and is not written.
func (r *Rescore) enter(ctx context.Context, log *slog.Logger, c *playbook.Compiled, b *nurture.Broadcast, member func(*ledger.State) bool, items []ledger.Item, now time.Time) (int, error) {
	var want store.Wanted
	for _, it := range items {
		s, err := ledger.Decode(it)
		if err != nil {
			log.Error("a ledger cannot be read", "lead", it.Lead, "error", err.Error())
			continue
		}
		if member(s) {
			want.Recipients = append(want.Recipients, string(s.Lead))
		}
	}
	if len(want.Recipients) == 0 {
		return 0, nil
	}
	found, err := r.store.Fetch(ctx, want)
	if err != nil {
		return 0, err
	}
	inside := 0
	var changed []store.Recipient
	for _, id := range want.Recipients {
		stored, ok := found.Recipients[id]
		if !ok {
			continue // known by a name of the CRM's alone: nobody to write to
		}
		p, err := nurture.Decode(id, stored.Body)
		if err != nil {
			log.Error("a recipient cannot be read", "recipient", id, "error", err.Error())
			continue
		}
		if !enterOne(c, p, b, now) {
			if p.Entered(b.Track()) {
				inside++
			}
			continue
		}
		item, err := pack(p, stored.Version)
		if err != nil {
			return 0, err
		}
		changed = append(changed, item)
	}
	for i, w := range r.store.WriteRecipients(ctx, changed) {
		if w.Err != nil && !errors.Is(w.Err, store.ErrConflict) {
			return 0, w.Err
		}
		if w.Err != nil { // an unsubscribe, an event, another tick
			in := false
			err := update(ctx, r.store, changed[i].ID, func(p *nurture.Recipient) bool {
				did := enterOne(c, p, b, now)
				in = did || p.Entered(b.Track())
				return did
			})
			if err != nil {
				return 0, err
			}
			if !in {
				continue
			}
		}
		inside++
	}
	return inside, nil
}

// enterOne enters a person who is not inside yet and was not joined to another.
func enterOne(c *playbook.Compiled, p *nurture.Recipient, b *nurture.Broadcast, now time.Time) bool {
	return p.Moved == "" && p.Enter(c.Nurture, b, now) == ""
}

// closeFreeze notes on the broadcast that everybody was entered, when the last
// segment is done.
func (r *Rescore) closeFreeze(ctx context.Context, log *slog.Logger, j Job, now time.Time) error {
	log.Info("segment done", "job", j.ID, "segment", j.Segment, "of", j.Of, "read", j.Read, "entered", j.Changed)
	kept, err := r.store.ListProgress(ctx, j.ID)
	if err != nil {
		return err
	}
	done, entered := 0, 0
	for _, p := range kept {
		if p.Done && p.Of == j.Of {
			done++
			entered += p.Changed
		}
	}
	if done < j.Of {
		return nil
	}
	_, err = ChangeBroadcast(ctx, r.store, strings.TrimPrefix(j.ID, freezeJob("")), func(b *nurture.Broadcast) bool {
		if b.Frozen != 0 {
			return false
		}
		b.Freezing = cmp.Or(b.Freezing, now.Unix())
		b.Frozen, b.Entered = now.Unix(), entered
		return true
	})
	return err
}

// plan is the plan of the playbook together with the broadcasts in which
// something is due for these people. Where nobody is in one, nothing is read.
func (n *Nurture) plan(ctx context.Context, c *playbook.Compiled, due []store.Due, people map[string]*nurture.Recipient, now time.Time) (*nurture.Plan, error) {
	asked := map[string]bool{}
	var named []*nurture.Broadcast
	for _, d := range due {
		r := people[d.ID]
		if r == nil {
			continue
		}
		for _, id := range r.BroadcastsDue(now) {
			if asked[id] {
				continue
			}
			asked[id] = true
			b, err := ReadBroadcast(ctx, n.Store, id)
			if errors.Is(err, store.ErrNotFound) {
				n.Log.Error("a broadcast is not known: who is in it leaves it", "broadcast", id)
				b, err = &nurture.Broadcast{ID: id, Cancelled: now.Unix()}, nil
			}
			if err != nil {
				return nil, fmt.Errorf("nurture: %w", err)
			}
			named = append(named, b)
		}
	}
	return c.Nurture.With(named...), nil
}
