package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Properties of a lead.adjusted activity besides points and until.
const (
	PropertyBy  = "by"  // who adjusts
	PropertyWhy = "why" // in their words
)

// Adjusted is one manual adjustment that holds: who, why, until when.
type Adjusted struct {
	Points int          `json:"points"`
	Until  activity.Day `json:"until,omitempty"` // the last day on which it counts; 0 for ever
	At     time.Time    `json:"at"`
	By     string       `json:"by,omitempty"`
	Why    string       `json:"why,omitempty"`
}

// Adjustments tells the manual adjustments of a lead that hold on a day. It
// reads nothing for a lead that has none, as nearly all.
func Adjustments(ctx context.Context, h HistoryReader, s *ledger.State, day activity.Day) ([]Adjusted, error) {
	if len(s.Adjustments(day, nil)) == 0 {
		return nil, nil
	}
	log, err := wholeLog(ctx, h, s)
	if err != nil {
		return nil, err
	}
	return AdjustmentsIn(ctx, h, s, log, day)
}

// AdjustmentsIn is Adjustments for a log that was read.
func AdjustmentsIn(ctx context.Context, h HistoryReader, s *ledger.State, log []ledger.Entry, day activity.Day) ([]Adjusted, error) {
	revoked := map[uint64]bool{}
	for i := range log {
		if log[i].Revokes != 0 {
			revoked[log[i].Revokes] = true
		}
	}
	var out []Adjusted
	for i := range log {
		e := &log[i]
		if e.Points == 0 || e.Until != 0 && e.Until < day || e.Revoked || revoked[e.Key] {
			continue
		}
		a := Adjusted{Points: e.Points, Until: e.Until, At: time.Unix(e.At, 0).UTC()}
		for _, id := range slices.Compact([]lead.ID{s.Lead, cmp.Or(e.Owner, s.Lead)}) { // as it came before a merge, or after
			ref := bodyRef(id, e.Key)
			found, err := h.ReadHistory(ctx, []ledger.Ref{ref})
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
			// One that came before words were kept has none.
			if said, err := activity.Decode(found[ref], a.At); err == nil && len(said) == 1 {
				by, _ := said[0].Property(PropertyBy)
				why, _ := said[0].Property(PropertyWhy)
				a.By, a.Why = by.Text, why.Text
			}
		}
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b Adjusted) int { return a.At.Compare(b.At) })
	return out, nil
}

// Adjustment makes the properties of a lead.adjusted activity of what a person
// wrote: so many points, until a day such as 2026-12-01 ("" for ever), and why.
func Adjustment(points, until, why string) ([]activity.Property, error) {
	n, err := strconv.Atoi(persian.Latin(strings.TrimSpace(points)))
	if err != nil || n == 0 || n < -1000 || n > 1000 {
		return nil, fmt.Errorf("%.20q are no points: a whole number from -1000 to 1000 that is not 0 is right", points)
	}
	out := []activity.Property{{Name: "points", Value: activity.NumberValue(float64(n))}}
	if until != "" {
		if _, err := time.Parse(time.DateOnly, until); err != nil {
			return nil, fmt.Errorf("%.20q is no day until which they hold: a day is written 2026-11-24", until)
		}
		out = append(out, activity.Property{Name: "until", Value: activity.TextValue(until)})
	}
	switch why = strings.TrimSpace(why); {
	case why == "":
		return nil, errors.New("say why the points are given: whoever reads the card asks")
	case len(why) > 1000:
		return nil, fmt.Errorf("the reason has %d bytes: at most 1000 are possible", len(why))
	}
	return append(out, activity.Property{Name: PropertyWhy, Value: activity.TextValue(why)}), nil
}
