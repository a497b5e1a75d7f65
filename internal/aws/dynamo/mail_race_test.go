package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// races is how many people say no while their mail is claimed. SARNAKH_RACES
// asks for more, as nightly does.
func races(t *testing.T, usual int) int {
	if s := os.Getenv("SARNAKH_RACES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("SARNAKH_RACES: %v", err)
		}
		return n
	}
	if testing.Short() {
		return usual / 5
	}
	return usual
}

func TestNobodyIsClaimedAfterTheirNoWasAnswered(t *testing.T) {
	t.Run("memory", func(t *testing.T) { raceClaims(t, memory.New(), races(t, 10_000)) })
	t.Run("engine", func(t *testing.T) {
		db := client(t, "SARNAKH_DYNAMODB_ENDPOINT")
		raceClaims(t, dynamo.New(db, tables(t, db), nil), races(t, 500))
	})
}

// raceStore is what the race needs of both stores.
type raceStore interface {
	DueRecipients(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error)
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient]
	WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile]
	NoteUnknown(ctx context.Context, u store.UnknownSend) error
	Park(ctx context.Context, p store.Parked) error
	ReadDecision(ctx context.Context, key store.DecisionKey) (store.Decision, error)
	WriteDecision(ctx context.Context, d store.Decision) error
	flow.RecipientStore
	flow.SendingStore
	flow.WorkStore
	flow.HistoryReader
	flow.BroadcastReader
}

// history orders what happens by one count: when the write of a claim begins,
// when a no is answered, when a mail leaves.
type history struct {
	raceStore
	clock atomic.Int64
	mu    sync.Mutex
	// by recipient, 0 where it did not happen
	claim, answered, left map[string]int64
}

func (h *history) WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient] {
	began := h.clock.Add(1)
	out := h.raceStore.WriteRecipients(ctx, rs)
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, r := range rs {
		if x, err := nurture.Decode(r.ID, r.Body); err == nil && out[i].Err == nil && x.Hand != nil && h.claim[r.ID] == 0 {
			h.claim[r.ID] = began
		}
	}
	return out
}

func (h *history) note(m map[string]int64, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m[id] == 0 {
		m[id] = h.clock.Add(1)
	}
}

// raceClaims lets n people say no, by unsubscribe, complaint or erasure, while
// two ticks claim their mails.
func raceClaims(t *testing.T, s raceStore, n int) {
	p := &playbook.Playbook{Format: playbook.Format, Number: 1, Name: "race", Zone: "UTC", Fields: decision.Fields(),
		Business: playbook.Business{Name: nurture.Text{Fa: "x"}, Locales: []string{"fa"}},
		Score:    score.Config{Bands: []score.Band{{Name: "cold"}, {Name: "hot", From: 50}}, Grades: score.Grades{Fit: [3]int{28, 18, 8}, Engagement: [3]int{40, 25, 10}}, Fit: score.Limits{Min: -40, Max: 40}, Engagement: score.Limits{Min: -30, Max: 80}},
		Nurture:  nurture.Config{Zone: "UTC", Tracks: []nurture.Track{{Name: "tips", Entry: []nurture.Entry{{Form: "x"}}, Steps: []nurture.Step{{Name: "one", Mail: "tips"}}}}},
		Mails:    []mail.Template{{Name: "tips", Locale: "fa", Subject: "x", HTML: "{{ l0 }}", Text: "{{ l0 }}", Links: []mail.Link{{Target: "unsubscribe"}}}},
	}
	c, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := link.NewKeys("a secret of at least sixteen characters")
	if err != nil {
		t.Fatal(err)
	}
	h := &history{raceStore: s, claim: map[string]int64{}, answered: map[string]int64{}, left: map[string]int64{}}
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	hand := func(ms []mail.Message) []mail.Handed {
		for _, m := range ms {
			for _, tag := range m.Tags {
				if tag.Name == "recipient" {
					h.note(h.left, tag.Value)
				}
			}
		}
		return make([]mail.Handed, len(ms))
	}
	tick := func(attempt string) error {
		x := &flow.Nurture{Store: h, Playbook: func(context.Context) (*playbook.Compiled, error) { return c, nil }, Log: slog.New(slog.DiscardHandler),
			Short: func() bool { return false }, Letters: &flow.Letters{Keys: keys, PublicURL: "https://go.x.example", From: "a@x.example"},
			Send: func(_ context.Context, m mail.Message) (mail.Fate, error) {
				hand([]mail.Message{m})
				return mail.Taken, nil
			},
			SendBulk: func(_ context.Context, ms []mail.Message) []mail.Handed { return hand(ms) }}
		_, err := x.Tick(context.Background(), now, attempt)
		return err
	}
	feedback := &flow.Feedback{Store: s, Log: slog.New(slog.DiscardHandler), Queue: func(context.Context, []byte) error { return nil }}
	no := func(kind int, id, address string) error {
		switch kind {
		case 0:
			return flow.OnRecipient{Store: s}.Withdraw(context.Background(), id, "email", "", now)
		case 1:
			return feedback.Handle(context.Background(), "m", fmt.Appendf(nil, `{"eventType":"Complaint","mail":{"timestamp":"2026-11-24T09:00:00Z","destination":[%q],"tags":{"send_id":["earlier"],"recipient":[%q]}},"complaint":{}}`, address, id), now)
		}
		for {
			item, err := s.ReadRecipient(context.Background(), id)
			if err != nil {
				return err
			}
			r, err := nurture.Decode(id, item.Body)
			if err != nil {
				return err
			}
			r.Erase(now)
			body, err := r.Encode()
			if err != nil {
				return err
			}
			if err := s.WriteRecipient(context.Background(), store.Recipient{ID: id, Version: item.Version, Body: body, DueAt: r.Due(), Rank: r.Rank}); !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	}
	const together = 50
	for from := 0; from < n; from += together {
		var ids, addresses []string
		var rs []store.Recipient
		for i := from; i < from+together; i++ {
			id, address := string(lead.IDOf(lead.ByEmail, fmt.Sprintf("%s %d", t.Name(), i))), fmt.Sprintf("p%d@y.example", i)
			r := &nurture.Recipient{ID: id, Email: address, Enrollments: []nurture.Enrollment{{Track: "tips", Round: 1, Since: now.Unix(), Step: "one", Due: now.Unix()}}}
			r.Grant("email", "marketing", now.Add(-time.Hour), "v1", "test")
			body, err := r.Encode()
			if err != nil {
				t.Fatal(err)
			}
			ids, addresses, rs = append(ids, id), append(addresses, address), append(rs, store.Recipient{ID: id, Body: body, DueAt: now.Unix()})
		}
		for _, w := range s.WriteRecipients(t.Context(), rs) {
			if w.Err != nil {
				t.Fatal(w.Err)
			}
		}
		var wait sync.WaitGroup
		for k := range 2 {
			wait.Go(func() {
				if err := tick(fmt.Sprint("attempt ", from, k)); err != nil {
					t.Error(err)
				}
			})
		}
		for w := range 5 {
			wait.Go(func() {
				for i := w; i < together; i += 5 {
					if rand.IntN(4) == 0 {
						time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
					}
					if err := no((from+i)%3, ids[i], addresses[i]); err != nil && !strings.Contains(err.Error(), "5 tries") {
						t.Error(err)
						return
					} else if err == nil {
						h.note(h.answered, ids[i])
					}
				}
			})
		}
		wait.Wait()
		if err := tick(fmt.Sprint("after ", from)); err != nil { // who said no is asked nothing more
			t.Fatal(err)
		}
		if err := flow.ChangeSending(t.Context(), s, openBrake); err != nil {
			t.Fatal(err)
		}
	}
	after, flying, undone := 0, 0, 0
	for id, answered := range h.answered {
		if h.claim[id] > answered {
			after++
		}
		if h.left[id] > answered {
			flying++
		}
		// A claim, or the mark of its fate, may not have written over the no.
		item, err := s.ReadRecipient(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		r, err := nurture.Decode(id, item.Body)
		if err != nil {
			t.Fatal(err)
		}
		if r.Erased == 0 && r.Consents("email", "marketing", false) {
			undone++
		}
	}
	t.Logf("%d said no: %d were claimed before, %d after their answer; %d mails that were claimed before left after it; %d answers were undone",
		len(h.answered), len(h.claim), after, flying, undone)
	if after > 0 || undone > 0 {
		t.Errorf("%d claims after the answer, %d answers undone", after, undone)
	}
	if len(h.answered) < n*9/10 || len(h.claim) == 0 || len(h.claim) >= n {
		t.Errorf("%d answers and %d claims of %d: this proves little", len(h.answered), len(h.claim), n)
	}
}

// openBrake is the person who opens the brake: complaints would end the race.
func openBrake(s *sending.State) bool {
	s.Open("the test", time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	return true
}
