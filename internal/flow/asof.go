package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
)

// PastStore is what a look at a past day reads.
type PastStore interface {
	HistoryReader
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	ListPlaybooks(ctx context.Context, limit int, page string) ([]store.Pointer, string, error)
	ListDecisions(ctx context.Context, id lead.ID, page string) ([]store.Decision, string, error)
}

// Past is a lead as of a day.
type Past struct {
	Book  *playbook.Compiled
	State *ledger.State // for looking at, not for storing
	Card  score.Card
	Log   []ledger.Entry // what counts, the oldest first
}

// AsOf gives the card of a lead that was shown on a day: made of what had been
// received by its end, under the playbook of then. With hindsight it is what is
// known today about that day: everything that was done by its end, whenever it
// came, without what was revoked since, under the playbook of today.
//
// The stage of a lead is moved by decisions, so its life is told again from the
// first entry, with each publish in its place; where decisions were recorded,
// the stage is the one they say, since the log does not hold since when a lead
// was known. When an absorbed lead was joined
// is not in the log: it counts from the first entry that the survivor got after
// the last one of the absorbed lead.
func AsOf(ctx context.Context, st PastStore, open func(ctx context.Context, number uint32) (*playbook.Compiled, error), item ledger.Item, day activity.Day, hindsight bool) (Past, error) {
	versions, err := versionsOf(ctx, st)
	if err != nil {
		return Past{}, err
	}
	if len(versions) == 0 {
		return Past{}, ErrNoPlaybook
	}
	newest, err := open(ctx, versions[len(versions)-1].Number)
	if err != nil {
		return Past{}, err
	}
	now, err := ledger.Decode(item)
	if err != nil {
		return Past{}, err
	}
	log, err := wholeLog(ctx, st, now)
	if err != nil {
		return Past{}, err
	}
	p := &retelling{ctx: ctx, open: open, versions: versions, newest: newest, now: now, end: startOf(day+1, newest.Zone)}
	all := map[uint64]bool{}
	for i := range log {
		all[log[i].Key] = true
	}
	if hindsight {
		p.versions = versions[len(versions)-1:]
		log = known(log, day)
	} else {
		log = arrived(log, p.end)
	}
	if err := p.lookUp(st, log, all); err != nil {
		return Past{}, err
	}
	if err := p.tell(log); err != nil {
		return Past{}, fmt.Errorf("lead %s as of %s: %w", now.Lead, day, err)
	}
	if !hindsight {
		if err := p.standAs(st); err != nil {
			return Past{}, err
		}
	}
	out := Past{Book: p.c, State: p.s, Card: p.c.Rules.Card(p.s, day)}
	for i := range p.done {
		out.Log = append(out.Log, p.done[i].Entry)
	}
	slices.SortStableFunc(out.Log, func(a, b ledger.Entry) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Key, b.Key)) })
	return out, nil
}

// startOf is the first instant of a day of the business's calendar.
func startOf(day activity.Day, zone *time.Location) time.Time {
	d := day.Date()
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, zone)
}

// versionsOf lists what was published, the oldest first.
func versionsOf(ctx context.Context, st PastStore) ([]store.Pointer, error) {
	var all []store.Pointer
	for page := ""; ; {
		some, next, err := st.ListPlaybooks(ctx, 100, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if page = next; page == "" {
			slices.Reverse(all)
			return all, nil
		}
	}
}

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

// told is an entry with the moment at which it began to count, and the signals
// of the rules under which it was taken.
type told struct {
	ledger.Entry
	from int64
	set  *signal.Set
}

// arrived are the entries that counted before an end, in the order in which
// they began to.
func arrived(log []ledger.Entry, end time.Time) []ledger.Entry {
	last := map[lead.ID]int64{} // of an absorbed lead: its last entry
	for i := range log {
		if e := &log[i]; e.Owner != "" {
			last[e.Owner] = max(last[e.Owner], e.Received)
		}
	}
	joined := map[lead.ID]int64{}
	for owner, at := range last {
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
			if err := p.decide(review, nil, ""); err != nil {
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
	return p.decide(at, nil, decision.Rules)
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
	if err := p.s.Append(p.c.Rules.Meters(), x); err != nil {
		return err
	}
	a, err := activityOf(p.newest, e)
	if err != nil {
		return err
	}
	return p.decide(e.Received, []decision.Arrived{decision.ArrivedOf(&x, &a)}, "")
}

// byStranger are the types that a browser sends before anybody is known.
var byStranger = map[activity.Type]bool{
	activity.PageViewed: true, activity.CTASeen: true, activity.CTAClicked: true, activity.FormSeen: true, activity.FormStarted: true,
	activity.AdClicked: true, activity.SocialShared: true,
}

func (p *retelling) decide(at int64, arrived []decision.Arrived, quiet decision.Cause) error {
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
	conclude(p.c, p.s, arrived, now, quiet)
	p.s.Pending = nil // carried out since
	return nil
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
