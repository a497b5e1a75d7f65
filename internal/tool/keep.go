package tool

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
)

// Keeper does what people do with whole leads: it says what is to be done as
// activities, which go the way of all others, and never writes a ledger itself.
type Keeper struct {
	*Desk
	Queue Sender // of activities
	By    string // who asks
	Now   time.Time
}

// sender names the tool as the sender.
const sender = "tool"

// send queues one activity about a lead of ours.
func (k *Keeper) send(ctx context.Context, kind activity.Type, id lead.ID, revokes string, properties ...activity.Property) error {
	a := activity.Activity{
		ID: activity.ID(sender + ":" + rand.Text()), Type: kind, At: k.Now.Truncate(time.Second), Who: activity.WhoIs(string(id)), Source: sender, Revokes: activity.ID(revokes),
		Properties: append(properties, activity.Property{Name: flow.PropertyBy, Value: activity.TextValue(k.By)}),
	}
	body := activity.Encode([]activity.Activity{a})
	if _, err := activity.Decode(body, k.Now); err != nil {
		return err
	}
	return k.Queue.Send(ctx, body)
}

// one finds a lead as it stands: the one that absorbed it, where one did.
func (k *Keeper) one(ctx context.Context, name string) (*ledger.State, error) {
	c, err := k.shelf().InForce(ctx)
	if err != nil {
		return nil, err
	}
	id, err := k.Find(ctx, c, name)
	if err != nil {
		return nil, err
	}
	return k.open(ctx, c, id)
}

// Merge asks that the second lead goes into the first.
func (k *Keeper) Merge(ctx context.Context, out io.Writer, into, from string) error {
	a, err := k.one(ctx, into)
	if err != nil {
		return err
	}
	b, err := k.one(ctx, from)
	if err != nil {
		return err
	}
	if a.Lead == b.Lead {
		return fmt.Errorf("%s and %s are one lead already: %s", into, from, a.Lead)
	}
	if err := k.send(ctx, activity.LeadsMerged, a.Lead, "", activity.Property{Name: flow.PropertyOther, Value: activity.TextValue(string(b.Lead))}); err != nil {
		return err
	}
	fmt.Fprintf(out, "queued: %s with %d activities goes into %s with %d; sarnakh lead unmerge %s %s undoes it\n", b.Lead, b.Activities(), a.Lead, a.Activities(), a.Lead, b.Lead)
	return nil
}

// Unmerge asks that a lead is parted again from the one that absorbed it. Where
// the survivor absorbed several, the second name says which.
func (k *Keeper) Unmerge(ctx context.Context, out io.Writer, into, from string) error {
	a, err := k.one(ctx, into)
	if err != nil {
		return err
	}
	absorbed, err := k.absorbed(ctx, a)
	if err != nil {
		return err
	}
	var id lead.ID
	switch {
	case from != "":
		c, err := k.shelf().InForce(ctx)
		if err != nil {
			return err
		}
		if id, err = k.Find(ctx, c, from); err != nil {
			return err
		}
		if !slices.Contains(absorbed, id) {
			return fmt.Errorf("%s did not absorb %s; it absorbed %v", a.Lead, id, absorbed)
		}
	case len(absorbed) == 1:
		id = absorbed[0]
	case len(absorbed) == 0:
		return fmt.Errorf("%s has absorbed nobody: there is nothing to undo", a.Lead)
	default:
		return fmt.Errorf("%s absorbed %v: name the one that is to be itself again", a.Lead, absorbed)
	}
	if err := k.send(ctx, activity.LeadsParted, a.Lead, "", activity.Property{Name: flow.PropertyOther, Value: activity.TextValue(string(id))}); err != nil {
		return err
	}
	fmt.Fprintf(out, "queued: %s is parted from %s\n", id, a.Lead)
	return nil
}

// absorbed are the leads that went into one, directly.
func (k *Keeper) absorbed(ctx context.Context, s *ledger.State) ([]lead.ID, error) {
	log, _, err := k.log(ctx, s)
	if err != nil {
		return nil, err
	}
	var ids []lead.ID
	for i := range log {
		o := log[i].Owner
		if o == "" || slices.Contains(ids, o) {
			continue
		}
		item, err := k.Store.ReadLedger(ctx, o)
		if err != nil {
			return nil, err
		}
		other, err := ledger.Decode(item)
		if err != nil {
			return nil, err
		}
		if other.MovedTo == s.Lead {
			ids = append(ids, o)
		}
	}
	return ids, nil
}

// Revoke asks that activities are taken back: they turned out not to be what
// they seemed. ids are those of their sender.
func (k *Keeper) Revoke(ctx context.Context, out io.Writer, name string, ids []string, anyway bool) error {
	s, err := k.one(ctx, name)
	if err != nil {
		return err
	}
	log, _, err := k.log(ctx, s)
	if err != nil {
		return err
	}
	for _, id := range ids {
		key := activity.ID(id).Key()
		if !anyway && !slices.ContainsFunc(log, func(e ledger.Entry) bool { return e.Key == key }) {
			return fmt.Errorf("no activity with the id %.128q is in the log of %s: give the id under which it was sent; --anyway takes it back should it still come", id, s.Lead)
		}
	}
	for _, id := range ids {
		if err := k.send(ctx, activity.Revoked, s.Lead, id); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "queued: %d of %s taken back; points go, and decisions that rested on them are withdrawn\n", len(ids), s.Lead)
	return nil
}

// Adjust gives or takes points by hand.
func (k *Keeper) Adjust(ctx context.Context, out io.Writer, name, points, until, why string) error {
	given, err := flow.Adjustment(points, until, why)
	if err != nil {
		return err
	}
	s, err := k.one(ctx, name)
	if err != nil {
		return err
	}
	if err := k.send(ctx, activity.LeadAdjusted, s.Lead, "", given...); err != nil {
		return err
	}
	fmt.Fprintf(out, "queued: %s points for %s\n", points, s.Lead)
	return nil
}
