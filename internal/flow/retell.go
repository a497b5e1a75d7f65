package flow

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// retelling is the life of a lead, told again.
type retelling struct {
	ctx      context.Context
	open     func(ctx context.Context, number uint32) (*playbook.Compiled, error)
	versions []store.Pointer // the oldest first
	newest   *playbook.Compiled
	now      *ledger.State // as it is stored
	end      time.Time

	c       *playbook.Compiled
	at      int // place of c in versions
	s       *ledger.State
	profile lead.Profile
	beside  []aside
	done    []told
}

// aside is something known of the person that the log does not say, and since
// when.
type aside struct {
	lead.Register
	from int64
}

// lookUp finds what a card needs of the profile and the log does not say: what
// was told before any rule named it.
func (p *retelling) lookUp(st PastStore, log []ledger.Entry, all map[uint64]bool) error {
	found, err := st.Fetch(p.ctx, store.Wanted{Profiles: []lead.ID{p.now.Lead}})
	if err != nil {
		return err
	}
	profile, err := lead.DecodeProfile(found.Profiles[p.now.Lead].Body)
	if err != nil {
		return err
	}
	logged, came := map[string]bool{}, map[uint64]int64{}
	for i := range log {
		changes, err := p.changes(&log[i])
		if err != nil {
			return err
		}
		for _, c := range changes {
			logged[c.Name] = true
		}
		came[log[i].Key] = log[i].Received
	}
	for _, r := range profile.Registers {
		if logged[r.Name] {
			continue
		}
		at, ok := came[r.By]
		switch {
		case ok:
		case all[r.By]:
			continue // said later
		default:
			at = r.At // by something that is not in the log
		}
		p.beside = append(p.beside, aside{r, at})
	}
	return nil
}

// changes are the attributes that an entry brought.
func (p *retelling) changes(e *ledger.Entry) ([]activity.Property, error) {
	properties, err := p.newest.Dictionary.Unpack(e.Packed)
	if err != nil {
		return nil, fmt.Errorf("entry %016x: %w", e.Key, err)
	}
	var out []activity.Property
	for _, x := range properties {
		if name, ok := strings.CutPrefix(x.Name, "profile."); ok {
			out = append(out, activity.Property{Name: name, Value: x.Value})
		}
	}
	return out, nil
}

// tell goes through the entries, with publishes and reviews in between.
func (p *retelling) tell(log []ledger.Entry) error {
	from := p.end.Unix() - 1
	if len(log) > 0 {
		from = log[0].Received
	}
	for p.at = 0; p.at+1 < len(p.versions) && p.versions[p.at+1].At <= from; {
		p.at++
	}
	var err error
	if p.c, err = p.open(p.ctx, p.versions[p.at].Number); err != nil {
		return err
	}
	p.s = ledger.New(p.now.Lead, p.c.Rules.Meters())
	p.s.Playbook, p.s.Excluded = p.c.Number, p.now.Excluded
	for i := range log {
		if err := p.until(log[i].Received); err != nil {
			return err
		}
		if err := p.add(&log[i]); err != nil {
			return err
		}
	}
	if err := p.until(p.end.Unix() - 1); err != nil {
		return err
	}
	return p.s.Settle(p.c.Rules.Meters(), nil)
}

// until does what happens without the lead up to a moment: another playbook is
// published, a review comes.
func (p *retelling) until(at int64) error {
	for {
		publish, review := int64(-1), int64(-1)
		if p.at+1 < len(p.versions) && p.versions[p.at+1].At <= at {
			publish = p.versions[p.at+1].At
		}
		if p.s.Review != 0 {
			if r := startOf(p.s.Review, p.c.Zone).Unix(); r <= at {
				review = r
			}
		}
		switch {
		case publish < 0 && review < 0:
			return nil
		case review < 0 || publish >= 0 && publish <= review:
			if err := p.publish(publish); err != nil {
				return err
			}
		default:
			if err := p.decide(review, nil, nil, ""); err != nil {
				return err
			}
		}
	}
}

// standAs puts the lead into the stage that the last decision of then put it
// in, unless it has entered a silent one since.
func (p *retelling) standAs(st PastStore) error {
	stages := p.c.Score.Stages
	if len(stages) == 0 || stages[p.c.Rules.StageOf(p.s.Stage)].Silent {
		return nil
	}
	var last store.Decision
	take := func(d store.Decision) {
		if _, ok := p.c.Rules.StageNamed(d.Subject); ok && d.Kind == decision.Stage && d.At < p.end.Unix() && (d.At > last.At || d.At == last.At && d.N > last.N) {
			last = d
		}
	}
	for _, d := range p.now.Pending {
		take(store.Decision{DecisionKey: KeyOf(p.now.Lead, d), At: d.At})
	}
	for page := ""; ; {
		some, next, err := st.ListDecisions(p.ctx, p.now.Lead, page)
		if err != nil {
			return err
		}
		for _, d := range some {
			take(d)
		}
		if page = next; page == "" {
			break
		}
	}
	if place, ok := p.c.Rules.StageNamed(last.Subject); ok {
		p.s.Stage = p.c.Rules.StageNumber(place)
	}
	return nil
}

func (p *retelling) publish(at int64) error {
	p.at++
	c, err := p.open(p.ctx, p.versions[p.at].Number)
	if err != nil {
		return err
	}
	entries := make([]ledger.Entry, len(p.done))
	for i := range p.done {
		if entries[i], err = under(c, p.newest, p.done[i]); err != nil {
			return err
		}
	}
	s, err := ledger.Replay(p.s.Lead, c.Rules.Meters(), entries)
	if err != nil {
		return err
	}
	s.Known, s.Stage, s.Excluded, s.Audience, s.Memory = p.s.Known, p.s.Stage, p.s.Excluded, p.s.Audience, p.s.Memory
	p.c, p.s = c, s
	p.s.Playbook = c.Number
	return p.decide(at, nil, nil, decision.Rules)
}

func (p *retelling) add(e *ledger.Entry) error {
	changes, err := p.changes(e)
	if err != nil {
		return err
	}
	p.profile.Apply(changes, time.Unix(e.At, 0), e.Key)
	p.s.Known = p.s.Known || p.now.Known && !byStranger[e.Type]
	one := told{*e, e.Received, p.c.Set}
	p.done = append(p.done, one)
	x, err := under(p.c, p.newest, one)
	if err != nil {
		return err
	}
	var was *decision.Was
	if x.Revokes != 0 && p.s.Settled(p.c.Rules.Meters()) {
		was = p.c.Decisions.Before(p.s, p.c.Day(time.Unix(e.Received, 0)))
	}
	if err := p.s.Append(p.c.Rules.Meters(), x); err != nil {
		return err
	}
	a, err := activityOf(p.newest, e)
	if err != nil {
		return err
	}
	return p.decide(e.Received, []decision.Arrived{decision.ArrivedOf(&x, &a)}, was, "")
}

// byStranger are the types that a browser sends before anybody is known.
var byStranger = map[activity.Type]bool{
	activity.PageViewed: true, activity.CTASeen: true, activity.CTAClicked: true, activity.FormSeen: true, activity.FormStarted: true,
	activity.AdClicked: true, activity.SocialShared: true,
}

func (p *retelling) decide(at int64, arrived []decision.Arrived, was *decision.Was, quiet decision.Cause) error {
	for _, r := range p.beside {
		if r.from <= at {
			p.s.Known = p.s.Known || p.now.Known && (r.Name == "email" || r.Name == "phone")
			p.profile.Apply([]activity.Property{{Name: r.Name, Value: r.Value}}, time.Unix(r.At, 0), r.By)
		}
	}
	p.c.Know(p.s, &p.profile)
	if err := p.s.Settle(p.c.Rules.Meters(), nil); err != nil {
		return err
	}
	now := time.Unix(at, 0).UTC()
	concludeAfter(p.c, p.s, was, arrived, now, quiet)
	p.s.Pending = nil // carried out since
	return nil
}
