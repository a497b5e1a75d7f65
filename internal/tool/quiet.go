package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// QuietCount is how many decisions of one kind wait on the quiet list.
type QuietCount struct {
	Playbook  uint32
	Cause     decision.Cause
	Kind      string
	Subject   string
	Decisions int
}

// CountQuiet adds the list up, in its order.
func CountQuiet(list []flow.QuietEntry) []QuietCount {
	var out []QuietCount
	at := map[QuietCount]int{}
	for _, e := range list {
		key := QuietCount{Playbook: e.Playbook, Cause: e.Cause, Kind: e.Kind, Subject: e.Subject}
		if e.Kind == decision.FastLane {
			key.Subject = "" // which request it was does not matter here
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, key)
		}
		out[i].Decisions++
	}
	slices.SortStableFunc(out, func(a, b QuietCount) int {
		if a.Playbook != b.Playbook {
			return int(b.Playbook) - int(a.Playbook)
		}
		return kindOrder(a.Kind) - kindOrder(b.Kind)
	})
	return out
}

// ListQuiet writes what is on the quiet list: the counts, and of each kind the
// best leads, at most top.
func ListQuiet(ctx context.Context, s flow.QuietStore, out io.Writer, p *playbook.Playbook, number uint32, top int, locale string) (int, error) {
	list, err := flow.NewQuiet(s, nil).List(ctx, number)
	if err != nil {
		return 0, err
	}
	w, l := wordsOf(locale), lifeWordsOf(locale)
	var b strings.Builder
	if len(list) == 0 {
		b.WriteString(l.empty + "\n")
	}
	for _, c := range CountQuiet(list) {
		fmt.Fprintf(&b, l.listed+"\n", w.number(c.Decisions), w.number(int(c.Playbook)), l.causes[c.Cause], l.what(p, c.Kind, c.Subject, locale))
		left := top
		for _, e := range list {
			if left == 0 {
				break
			}
			if e.Playbook == c.Playbook && e.Cause == c.Cause && e.Kind == c.Kind && (e.Subject == c.Subject || e.Kind == decision.FastLane) {
				left--
				fmt.Fprintf(&b, "  %s  %s\n", e.Lead, w.number(e.Total))
			}
		}
	}
	_, err = io.WriteString(out, b.String())
	return len(list), err
}

// Telling is a person's word on decisions of the quiet list.
type Telling struct {
	Playbook uint32 // 0: of any
	Kind     string // handover, fastlane, stage, enroll, unenroll, audience; "" for all
	Subject  string // which stage, track or audience; "" for all
	Top      int    // the best so many; 0 for all
	Pass     bool   // nobody is told, ever
	By       string
	Now      time.Time
}

// TellQuiet has decisions of the list carried out after all, or lets them be.
// Called again after an error it does what is not done.
func TellQuiet(ctx context.Context, s flow.QuietStore, deliveries flow.Outbox, t Telling) (flow.Said, error) {
	if t.By == "" {
		return flow.Said{}, errors.New("say who says it: the record keeps the name")
	}
	q := flow.NewQuiet(s, deliveries)
	list, err := q.List(ctx, t.Playbook)
	if err != nil {
		return flow.Said{}, err
	}
	list = slices.DeleteFunc(list, func(e flow.QuietEntry) bool {
		return t.Kind != "" && e.Kind != t.Kind || t.Subject != "" && e.Subject != t.Subject
	})
	if t.Top > 0 && len(list) > t.Top {
		slices.SortStableFunc(list, func(a, b flow.QuietEntry) int { return b.Total - a.Total })
		list = list[:t.Top]
	}
	keys := make([]store.DecisionKey, len(list))
	for i, e := range list {
		keys[i] = e.DecisionKey
	}
	if t.Pass {
		return q.Pass(ctx, keys, t.By, t.Now)
	}
	return q.Tell(ctx, keys, t.By, t.Now)
}
