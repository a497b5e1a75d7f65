package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// WorkStore keeps the work list.
type WorkStore interface {
	ReadWork(ctx context.Context, id lead.ID) (store.Work, error)
	WriteWork(ctx context.Context, w store.Work) error
}

// WorkItem is the body of a lead's place on the work list.
type WorkItem struct {
	Reasons []WorkReason `json:"reasons"`         // open ones, most urgent first
	Done    []string     `json:"done,omitempty"`  // ids that were closed; bounded
	Owner   string       `json:"owner,omitempty"` // who took the lead
	Since   int64        `json:"since,omitempty"` // when it was taken
	// Withdrawn are decisions that took others back; bounded.
	Withdrawn []string `json:"withdrawn,omitempty"`
}

// WorkReason is why a lead is worth a call.
type WorkReason struct {
	ID    string          `json:"id"`   // of the decision or task: added twice it is one
	Kind  string          `json:"kind"` // fastlane, handover, task
	Title nurture.Text    `json:"title,omitzero"`
	Track string          `json:"track,omitempty"`
	Why   json.RawMessage `json:"why,omitempty"` // the decision's own reason
	Total int             `json:"total,omitempty"`
	At    int64           `json:"at"`
	Due   int64           `json:"due"` // the call should be made by then
}

// WorkTitle says what a reason of a kind is, where it has no title of its own.
func WorkTitle(kind string) nurture.Text {
	switch kind {
	case "fastlane":
		return nurture.Text{Fa: "خودش خواسته؛ همین حالا زنگ بزنید", En: "Asked for it: call now"}
	case "handover":
		return nurture.Text{Fa: "داغ شده است", En: "Became hot"}
	}
	return nurture.Text{Fa: "زنگ بزنید", En: "Call"}
}

// urgency orders the kinds.
func (r WorkReason) urgency() int {
	return slices.Index([]string{"fastlane", "handover", "task"}, r.Kind)
}

// keepDone bounds the memory of closed reasons.
const keepDone = 20

// Rank is the place on the list as text: kind, then due time. "" when nothing
// is open.
func (w *WorkItem) Rank() string {
	if len(w.Reasons) == 0 {
		return ""
	}
	return fmt.Sprintf("%d#%011d", w.Reasons[0].urgency(), w.Reasons[0].Due)
}

func (w *WorkItem) sort() {
	slices.SortStableFunc(w.Reasons, func(a, b WorkReason) int {
		if a.urgency() != b.urgency() {
			return a.urgency() - b.urgency()
		}
		return int(a.Due - b.Due)
	})
}

// ReadWorkItem reads the body of a work record.
func ReadWorkItem(w store.Work) (*WorkItem, error) {
	var item WorkItem
	if len(w.Body) > 0 {
		if err := json.Unmarshal(w.Body, &item); err != nil {
			return nil, fmt.Errorf("work item of %s: %w", w.Lead, err)
		}
	}
	return &item, nil
}

// changeWork changes a lead's work item by one conditional write, made if it
// is not there.
func changeWork(ctx context.Context, s WorkStore, id lead.ID, change func(*WorkItem) bool) error {
	for range tries {
		was, err := s.ReadWork(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("work item of %s: %w", id, err)
		}
		item, err := ReadWorkItem(was)
		if err != nil {
			return err
		}
		if !change(item) {
			return nil
		}
		item.sort()
		body, err := json.Marshal(item)
		if err != nil {
			return fmt.Errorf("work item of %s: %w", id, err)
		}
		err = s.WriteWork(ctx, store.Work{Lead: id, Version: was.Version, Rank: item.Rank(), Body: body})
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("work item of %s: %w", id, store.ErrConflict)
}

// AddWork puts a reason on a lead's work item, once: a reason that is there,
// or was closed, is not added again.
func AddWork(ctx context.Context, s WorkStore, id lead.ID, r WorkReason) error {
	return changeWork(ctx, s, id, func(w *WorkItem) bool {
		if slices.Contains(w.Done, r.ID) || slices.ContainsFunc(w.Reasons, func(o WorkReason) bool { return o.ID == r.ID }) {
			return false
		}
		w.Reasons = append(w.Reasons, r)
		return true
	})
}

// CloseWork takes all open reasons off a lead's work item.
func CloseWork(ctx context.Context, s WorkStore, id lead.ID) error {
	return changeWork(ctx, s, id, func(w *WorkItem) bool {
		if len(w.Reasons) == 0 {
			return false
		}
		for _, r := range w.Reasons {
			w.Done = append(w.Done, r.ID)
		}
		w.Done = w.Done[max(0, len(w.Done)-keepDone):]
		w.Reasons = nil
		return true
	})
}
