package tool

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/preview"
	"github.com/sarnakh/sarnakh/internal/store"
)

// PreviewStore is what a preview reads.
type PreviewStore interface {
	flow.PlaybookStore
	flow.HistoryReader
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	ScanLedgers(ctx context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error)
}

// Previewing is a preview to make.
type Previewing struct {
	Old, New *playbook.Playbook // New keeps the numbers that Old gave
	Now      time.Time
	Top      int             // how many of those who move most are named
	Progress func(leads int) // told how many were looked at; called by one at a time
}

// Previewed says what publishing would do to the leads of today.
type Previewed struct {
	preview.Result
	Playbook uint32 `json:"playbook"` // in force
	Day      string `json:"day"`
	// Decisions that publishing would make, all of them quiet.
	Decisions []Deciding `json:"decisions,omitempty"`
	// What the new scores were made of: what the ledger items hold, the days on
	// which signals were seen summed again, or the log where a condition is new.
	FromRegisters int `json:"fromRegisters"`
	FromTallies   int `json:"fromTallies"`
	Replayed      int `json:"replayed"`
	Records       int `json:"records"` // of histories, that were read for it
}

// Deciding is how many decisions of a kind there would be.
type Deciding struct {
	Kind    string `json:"kind"`
	Subject string `json:"subject,omitempty"`
	Left    bool   `json:"left,omitempty"` // an audience is left
	Leads   int    `json:"leads"`
}

// previewPage is how many ledgers are read at once: about 500 KiB, 64 read units.
const previewPage = 500

// Preview looks at every lead under the playbook in force and under another
// one, in segments side by side, and writes nothing. Each ledger is read once:
// about 13 read units a hundred leads.
func Preview(ctx context.Context, s PreviewStore, p Previewing) (Previewed, error) {
	old, err := p.Old.Compile()
	if err != nil {
		return Previewed{}, err
	}
	trial := *p.New
	trial.Number = p.Old.Number + 1 // as if it were published next
	next, err := trial.Compile()
	if err != nil {
		return Previewed{}, err
	}
	day := old.Day(p.Now)
	out := Previewed{Playbook: old.Number, Day: day.String()}
	sum := preview.New(old.Rules, next.Rules, day, p.Top)
	made := map[Deciding]int{}
	var lock sync.Mutex
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	looked := 0
	for segment := range flow.Segments {
		group.Go(func() {
			t := flow.NewTrial(s, old, next, p.Now)
			c := preview.New(old.Rules, next.Rules, day, p.Top)
			for page := ""; ; {
				items, more, err := s.ScanLedgers(ctx, segment, flow.Segments, previewPage, page)
				if err != nil {
					cancel(err)
					return
				}
				tried, err := t.Page(ctx, items)
				if err != nil {
					cancel(err)
					return
				}
				for _, x := range tried {
					c.Add(x.Before, x.After)
				}
				lock.Lock()
				for _, x := range tried {
					out.count(x.How)
					for _, d := range x.Made {
						r, _ := decision.DecodeReason(d.Reason) // made here: it can be read
						made[Deciding{Kind: d.Kind, Subject: d.Name, Left: r.Left}]++
					}
				}
				if looked += len(items); p.Progress != nil {
					p.Progress(looked)
				}
				lock.Unlock()
				if page = more; page == "" {
					break
				}
			}
			lock.Lock()
			defer lock.Unlock()
			sum.Join(c)
			out.Records += t.Records
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return Previewed{}, context.Cause(ctx)
	}
	out.Result = sum.Result()
	for d, n := range made {
		d.Leads = n
		out.Decisions = append(out.Decisions, d)
	}
	slices.SortFunc(out.Decisions, func(a, b Deciding) int {
		left := 0
		if a.Left != b.Left && a.Left {
			left = 1
		} else if a.Left != b.Left {
			left = -1
		}
		return cmp.Or(cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind)), cmp.Compare(a.Subject, b.Subject), left)
	})
	return out, nil
}

func (p *Previewed) count(how flow.How) {
	switch how {
	case flow.FromLog:
		p.Replayed++
	case flow.FromTally:
		p.FromTallies++
	default:
		p.FromRegisters++
	}
}

// kindOrder puts what sales hears of first.
func kindOrder(kind string) int {
	return slices.Index([]string{decision.FastLane, decision.Handover, decision.Stage, decision.Enroll, decision.Unenroll, decision.Audience}, kind)
}
