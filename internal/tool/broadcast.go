package tool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// CastStore is what is asked and done about broadcasts.
type CastStore interface {
	WalkStore
	flow.PlaybookStore
	flow.BroadcastStore
	ProgressStore
	flow.BroadcastLister
}

// Casting is a broadcast to plan, as a person said it.
type Casting struct {
	ID, Title, Mail, Topic, Audience, At, By string
	Priority                                 int
	Now                                      time.Time
}

var castID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// Moment reads a time of the business as people write it: "2026-12-01 10:00",
// or "1405-09-10 10:00" of the Jalali calendar.
func Moment(s string, zone *time.Location) (time.Time, error) {
	wrong := fmt.Errorf(`%.30q is no time: "2026-12-01 10:00" is right, or "1405-09-10 10:00" (Jalali), in the business's zone, %s`, s, zone)
	date, clock, ok := strings.Cut(strings.TrimSpace(persian.Latin(s)), " ")
	day, err := Day(date)
	if !ok || err != nil || day == 0 {
		return time.Time{}, wrong
	}
	t, err := time.Parse("15:04", strings.TrimSpace(clock))
	if err != nil {
		return time.Time{}, wrong
	}
	y, m, d := day.Date().Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, zone), nil
}

// ReadCasting checks what a person said against the playbook: the mail, the
// audience and the topic are there, and the time has not passed.
func ReadCasting(c *playbook.Compiled, x Casting) (*nurture.Broadcast, error) {
	at, err := Moment(x.At, c.Zone)
	if err != nil {
		return nil, err
	}
	if at.Before(x.Now) {
		return nil, fmt.Errorf("%s has passed: a broadcast is planned ahead", x.At)
	}
	if _, err := flow.Member(c, x.Audience); err != nil {
		var names []string
		for _, a := range c.Score.Audiences {
			names = append(names, a.Name)
		}
		return nil, fmt.Errorf("%w: there are %s", err, strings.Join(append(names, nurture.Everybody), ", "))
	}
	if _, ok, err := c.Mail(x.Mail, "fa"); !ok || err != nil {
		return nil, errors.Join(fmt.Errorf("there is no mail %q in playbook %d", x.Mail, c.Number), err)
	}
	if !slices.ContainsFunc(c.Nurture.Topics, func(t nurture.Topic) bool { return t.Name == x.Topic }) && x.Topic != "" {
		var names []string
		for _, t := range c.Nurture.Topics {
			names = append(names, t.Name)
		}
		return nil, fmt.Errorf("there is no topic %q: there are %s", x.Topic, strings.Join(names, ", "))
	}
	id := cmp.Or(x.ID, at.In(c.Zone).Format("2006-01-02")+"-"+x.Mail)
	if !castID.MatchString(id) {
		return nil, fmt.Errorf("%.60q is no name of a broadcast: 1 to 40 of a-z, 0-9, _ and -", id)
	}
	return &nurture.Broadcast{
		ID: id, Title: cmp.Or(x.Title, x.Mail), Mail: x.Mail, Topic: x.Topic, Audience: x.Audience, Priority: x.Priority,
		At: at.Unix(), Planned: x.Now.Unix(), By: x.By,
	}, nil
}

// Expect counts what would come of a broadcast with those who are in its
// audience now: who gets it at its time, and who is held or skipped, and why.
func Expect(ctx context.Context, s CastStore, c *playbook.Compiled, b *nurture.Broadcast, now time.Time, tell func(read int)) (nurture.Expected, error) {
	member, err := flow.Member(c, b.Audience)
	if err != nil {
		return nurture.Expected{}, err
	}
	out := nurture.Expected{At: now.Unix()}
	err = Walk(ctx, s, tell, func(st *ledger.State, r *nurture.Recipient) error {
		if !member(st) {
			return nil
		}
		note := nurture.Note{Kind: "skipped", Reason: nurture.Nobody}
		if r != nil {
			var err error
			if note, err = r.Expect(c.Nurture, b, time.Unix(b.At, 0).UTC()); err != nil {
				return err
			}
		}
		out.Add(note)
		return nil
	})
	return out, err
}

// PlanCast stores a broadcast with what was counted.
func PlanCast(ctx context.Context, s CastStore, b *nurture.Broadcast) error {
	err := flow.WriteBroadcast(ctx, s, b)
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("there is a broadcast %q already: give another name with --id", b.ID)
	}
	return err
}

// CancelCast stops a broadcast.
func CancelCast(ctx context.Context, s CastStore, id, by string, now time.Time) (*nurture.Broadcast, error) {
	b, err := flow.ChangeBroadcast(ctx, s, id, func(b *nurture.Broadcast) bool { return b.Cancel(by, now) })
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("there is no broadcast %q: sarnakh broadcast list names them", id)
	}
	return b, err
}

// Outcome counts what became of a broadcast so far.
func Outcome(ctx context.Context, s CastStore, b *nurture.Broadcast, tell func(read int)) (nurture.Outcomes, error) {
	var out nurture.Outcomes
	err := Walk(ctx, s, tell, func(_ *ledger.State, r *nurture.Recipient) error {
		if r != nil {
			out.Add(r, b)
		}
		return nil
	})
	return out, err
}
