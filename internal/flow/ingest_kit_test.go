package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// line0 is the scoring side of the house over a store in memory.
type line0 struct {
	t      *testing.T
	mem    *memory.Store
	ingest *Ingest
	now    time.Time
	log    *slog.Logger
	n      int
}

var (
	testSecret = []byte("a secret of the tests, long enough for anybody")
	monday     = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
)

// smallBook is a playbook in which each thing stands once: a price page worth
// 10 a day that fades, an e-book worth 15, a demo worth 30 on the fast lane, a
// role worth 24 of fit, hot and hand-over from 50.
func smallBook() *playbook.Playbook {
	eq := func(field, value string) *signal.Condition {
		return &signal.Condition{Op: signal.Eq, Field: field, Values: signal.Texts(value)}
	}
	return &playbook.Playbook{
		Format: playbook.Format, Name: "small", Zone: "Asia/Tehran",
		Business: playbook.Business{Name: nurture.Text{En: "Small"}, Region: "IR", Locales: []string{"fa", "en"}},
		Fields:   append([]string{"path", "profile.role"}, decision.Fields()...),
		Signals: []signal.Definition{
			{Number: 1, Name: "pricing", Kind: signal.OnActivity, Types: []activity.Type{activity.PageViewed}, Where: eq("path", "/pricing")},
			{Number: 2, Name: "ebook", Kind: signal.OnActivity, Types: []activity.Type{activity.FormPosted}, Where: eq("form", "ebook")},
			{Number: 3, Name: "demo", Kind: signal.OnActivity, Types: []activity.Type{activity.FormPosted}, Where: eq("form", "demo")},
			{Number: 4, Name: "role", Kind: signal.OnProfile, Where: eq("role", "sales_manager")},
		},
		Score: score.Config{
			Points: []score.Points{
				{Signal: 1, Points: 10, PerDay: 10, HalfLife: 10},
				{Signal: 2, Points: 15, Cap: 15, WindowDays: 30, HalfLife: 21},
				{Signal: 3, Points: 30, Cap: 30, WindowDays: 30, HalfLife: 21},
			},
			Personas:   []score.Persona{{Name: "sales", Fit: []score.Fit{{Signal: 4, Points: 24}}}},
			Engagement: score.Limits{Min: -30, Max: 80}, Fit: score.Limits{Min: -40, Max: 40},
			Bands:    []score.Band{{Name: "cold"}, {Name: "warm", From: 20}, {Name: "hot", From: 50}},
			Grades:   score.Grades{Fit: [3]int{28, 18, 8}, Engagement: [3]int{40, 25, 10}},
			Handover: score.Handover{Total: 50, Fit: 8, Engagement: 15, Lower: 40, Days: 14},
			Stages:   []score.Stage{{Name: "visitor", Number: 1}, {Name: "lead", Number: 2, Enter: []score.Need{{Known: true}}}},
			FastLane: []signal.Number{3},
		},
		Nurture:    nurture.Config{Zone: "Asia/Tehran"},
		Exclusions: []playbook.Exclusion{{Kind: playbook.Staff, Domains: []string{"own.ir"}}},
		Fakes:      playbook.Fakes{Domains: []string{"trash.test"}},
	}
}

func publish(t *testing.T, s *memory.Store, p *playbook.Playbook, number uint32) {
	t.Helper()
	p.Number = number
	if _, err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), store.Playbook{Pointer: store.Pointer{Number: number, Name: p.Name}, Compiled: p.JSON()}, number-1); err != nil {
		t.Fatal(err)
	}
}

// phoneFor knows Iranian mobiles and lines of Tehran: the real one weighs 6 MB.
func phoneFor(string) lead.Phone {
	return func(raw string) (string, bool, error) {
		switch {
		case len(raw) == 11 && strings.HasPrefix(raw, "09"):
			return "+98" + raw[1:], true, nil
		case len(raw) == 11 && strings.HasPrefix(raw, "021"):
			return "+98" + raw[1:], false, nil
		}
		return "", false, errors.New("phone: not a number that can be called")
	}
}

func newLine(t *testing.T) *line0 {
	t.Helper()
	mem := memory.New()
	publish(t, mem, smallBook(), 1)
	l := &line0{t: t, mem: mem, now: monday, log: slog.New(slog.DiscardHandler)}
	l.ingest = l.worker(mem)
	return l
}

func (l *line0) worker(s IngestStore) *Ingest {
	f := NewIngest(s, testSecret, phoneFor)
	f.pause = func(context.Context, int) error { return nil }
	return f
}

// act makes an activity; properties come in pairs.
func act(id string, typ activity.Type, who activity.Who, properties ...string) activity.Activity {
	a := activity.Activity{ID: activity.ID(id), Type: typ, At: monday, Who: who, Source: "capture"}
	for i := 0; i+1 < len(properties); i += 2 {
		a.Properties = append(a.Properties, activity.Property{Name: properties[i], Value: activity.TextValue(properties[i+1])})
	}
	return a
}

func (l *line0) message(a ...activity.Activity) Message {
	l.n++
	return Message{ID: fmt.Sprint("m", l.n), Body: activity.Encode(a), Received: l.now, Attempt: 1}
}

// take sends each activity in a message of its own, in one batch.
func (l *line0) take(as ...activity.Activity) Taken {
	l.t.Helper()
	var ms []Message
	for _, a := range as {
		ms = append(ms, l.message(a))
	}
	got := l.ingest.Run(l.t.Context(), l.log, ms, l.now)
	for id, err := range got.Failed {
		l.t.Fatalf("message %s failed: %v", id, err)
	}
	return got
}

func (l *line0) leadOf(kind lead.Kind, value string) lead.ID {
	l.t.Helper()
	id, err := l.mem.LeadOf(l.t.Context(), store.IdentityOf(string(kind), lead.Identity{Kind: kind, Value: value}.Hash(testSecret)))
	if err != nil {
		l.t.Fatalf("%s %s: %v", kind, value, err)
	}
	for {
		s := l.state(id)
		if s.MovedTo == "" {
			return id
		}
		id = s.MovedTo
	}
}

func (l *line0) state(id lead.ID) *ledger.State {
	l.t.Helper()
	it, err := l.mem.ReadLedger(l.t.Context(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	s, err := ledger.Decode(it)
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

func (l *line0) book() *playbook.Compiled {
	l.t.Helper()
	c, err := NewBooks(l.mem).InForce(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// card is the score of a lead, from its stored item alone.
func (l *line0) card(id lead.ID, now time.Time) score.Card {
	l.t.Helper()
	c, s := l.book(), l.state(id)
	if err := settleNow(c.Rules.Meters(), s, ledger.Shelf{}, readFrom(l.t.Context(), l.mem)); err != nil {
		l.t.Fatal(err)
	}
	return c.Rules.Card(s, c.Day(now))
}

// canonical is what a lead's ledger holds, however it came to be.
func (l *line0) canonical(id lead.ID) string {
	l.t.Helper()
	c, s := l.book(), l.state(id)
	shelf, err := l.mem.ReadHistory(l.t.Context(), s.AllRefs())
	if err != nil {
		l.t.Fatal(err)
	}
	if err := settleNow(c.Rules.Meters(), s, shelf, readFrom(l.t.Context(), l.mem)); err != nil {
		l.t.Fatal(err)
	}
	b, err := s.Canonical(c.Rules.Meters(), shelf)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

func (l *line0) pending(id lead.ID) []string {
	l.t.Helper()
	var out []string
	for _, p := range l.state(id).Pending {
		word := p.Kind
		if p.Quiet {
			word += " (quiet)"
		}
		out = append(out, word)
	}
	return out
}

// box is a queue that keeps what was sent.
type box struct {
	mu     sync.Mutex
	bodies [][]byte
	fail   error
}

func (b *box) SendAll(_ context.Context, bodies [][]byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	b.bodies = append(b.bodies, bodies...)
	return nil
}

func (b *box) take() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.bodies
	b.bodies = nil
	return out
}

// shaky is a store whose calls fail, before or after they had their effect, and
// whose reads may be old, by a seeded dice.
type shaky struct {
	*memory.Store
	mu    sync.Mutex
	dice  *rand.Rand
	rate  float64
	calls int
	hurt  int
}

var errShaky = errors.New("the network")

// roll tells whether the call fails before or after its effect.
func (s *shaky) roll() (before, after bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	x := s.dice.Float64()
	before, after = x < s.rate/2, x >= s.rate/2 && x < s.rate
	if before || after {
		s.hurt++
	}
	return before, after
}

func (s *shaky) chance(p float64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.Float64() < p
}

// around runs a call with its fault.
func around[T any](s *shaky, do func() (T, error)) (T, error) {
	var zero T
	before, after := s.roll()
	if before {
		return zero, errShaky
	}
	v, err := do()
	if after {
		return zero, errShaky
	}
	return v, err
}

func (s *shaky) Fetch(ctx context.Context, w store.Wanted) (store.Found, error) {
	return around(s, func() (store.Found, error) {
		f, err := s.Store.Fetch(ctx, w)
		if !w.Strong { // an eventual read may miss what was just written
			for _, k := range slices.Sorted(maps.Keys(f.Identities)) { // sorted: the same dice, the same misses
				if s.chance(s.rate) {
					delete(f.Identities, k)
				}
			}
			for _, id := range slices.Sorted(maps.Keys(f.Ledgers)) {
				if s.chance(s.rate) {
					delete(f.Ledgers, id)
				}
			}
		}
		return f, err
	})
}

func (s *shaky) ClaimIdentities(ctx context.Context, ids []store.Identity) ([]store.Identity, error) {
	return around(s, func() ([]store.Identity, error) { return s.Store.ClaimIdentities(ctx, ids) })
}

func (s *shaky) MergeLeads(ctx context.Context, m store.Merge) error {
	_, err := around(s, func() (int, error) { return 0, s.Store.MergeLeads(ctx, m) })
	return err
}

func (s *shaky) PutHistory(ctx context.Context, rs []ledger.Record) error {
	_, err := around(s, func() (int, error) { return 0, s.Store.PutHistory(ctx, rs) })
	return err
}

func (s *shaky) ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error) {
	return around(s, func() (ledger.Shelf, error) { return s.Store.ReadHistory(ctx, refs) })
}

func (s *shaky) Park(ctx context.Context, p store.Parked) error {
	_, err := around(s, func() (int, error) { return 0, s.Store.Park(ctx, p) })
	return err
}

func (s *shaky) Propose(ctx context.Context, p store.Proposal) error {
	_, err := around(s, func() (int, error) { return 0, s.Store.Propose(ctx, p) })
	return err
}

func (s *shaky) WriteLedgers(ctx context.Context, items []ledger.Item) []store.Written[ledger.Item] {
	return shake(s, items, func(it []ledger.Item) []store.Written[ledger.Item] { return s.Store.WriteLedgers(ctx, it) })
}

func (s *shaky) WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile] {
	return shake(s, ps, func(x []store.Profile) []store.Written[store.Profile] { return s.Store.WriteProfiles(ctx, x) })
}

func (s *shaky) WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient] {
	return shake(s, rs, func(x []store.Recipient) []store.Written[store.Recipient] { return s.Store.WriteRecipients(ctx, x) })
}

// shake gives each item of a batch its own fault.
func shake[T any](s *shaky, items []T, do func([]T) []store.Written[T]) []store.Written[T] {
	out := make([]store.Written[T], len(items))
	for i := range items {
		before, after := s.roll()
		if !before {
			out[i] = do(items[i : i+1])[0]
		}
		if before || after {
			out[i] = store.Written[T]{Err: errShaky}
		}
	}
	return out
}
