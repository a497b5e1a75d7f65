package tool_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/tool"
	"github.com/sarnakh/sarnakh/internal/tool/bank"
)

// straight is a queue that ingest reads at once.
type straight struct {
	t *testing.T
	h *house
}

func (s *straight) SendAll(_ context.Context, bodies [][]byte) error {
	s.h.take(s.t, noon, bodies...)
	return nil
}

func (s *straight) Depth(context.Context) (int, error) { return 0, nil }

func demo(t *testing.T, h *house) (tool.DemoReport, error) {
	t.Helper()
	return (&tool.Demo{
		Desk: h.desk, Queue: &straight{t, h}, Rows: bank.Sample(60), Sample: 60, Clock: func() time.Time { return noon }, Patience: time.Minute,
		Progress: func(string, int, int) {},
	}).Run(t.Context())
}

func TestADemoIsOKAndASecondOneAddsNothing(t *testing.T) {
	h := newHouse(t)
	first, err := demo(t, h)
	if err != nil || !first.OK() || first.Rows != 60 || first.Replayed != 60 {
		t.Fatalf("%v\n%s", err, first.String())
	}
	second, err := demo(t, h)
	if err != nil || !second.OK() || second.Entries != first.Entries {
		t.Errorf("%v\n%s", err, second.String())
	}
}

func TestACheckSeesWhatIsNotAsItWasSent(t *testing.T) {
	var externals []string
	var rows []bank.Row
	for r, err := range bank.Sample(20) {
		if err != nil {
			t.Fatal(err)
		}
		rows, externals = append(rows, r), append(externals, r.External())
	}
	day := noon.Truncate(24 * time.Hour)
	sent := func(i int) []activity.Activity { return rows[i].Activities(day) }
	for name, c := range map[string]struct {
		externals []string
		sent      func(i int) []activity.Activity
		spoil     func(t *testing.T, h *house)
		want      string
	}{
		"a lead that is not there":       {externals: append(slices.Clone(externals), "sample-x"), want: "sample-x is no lead"},
		"an activity that was lost":      {sent: func(i int) []activity.Activity { return append(sent(i), activity.Activity{ID: "lost"}) }, want: "activities were sent"},
		"an activity of another day":     {sent: func(i int) []activity.Activity { return rows[i].Activities(day.AddDate(0, 0, 1)) }, want: "sent was a"},
		"two rows that became one lead":  {externals: append(slices.Clone(externals), externals[0]), want: "shares the lead"},
		"a score that is not the replay": {spoil: spoil(func(s *ledger.State) { s.Total += 7 }), want: "it is listed with"},
		"a lead in the wrong band":       {spoil: spoil(func(s *ledger.State) { s.Band = "hot#00" }), want: "it is listed with"},
		"attributes that are not theirs": {spoil: spoil(func(s *ledger.State) { s.Profile = []byte{0xff, 0xff, 0xff} }), want: "its score is"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			if _, err := demo(t, h); err != nil {
				t.Fatal(err)
			}
			if c.spoil != nil {
				c.spoil(t, h)
			}
			if c.externals == nil {
				c.externals = externals
			}
			if c.sent == nil {
				c.sent = sent
			}
			got, err := h.desk.Check(t.Context(), tool.Checking{Externals: c.externals, Sent: func(i int) []activity.Activity { return c.sent(min(i, len(rows)-1)) }, Sample: len(c.externals), Now: noon})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(got.Faults, "\n"), c.want) {
				t.Errorf("%+v, want %q", got, c.want)
			}
		})
	}
}

// spoil rewrites the ledgers of all leads.
func spoil(change func(s *ledger.State)) func(t *testing.T, h *house) {
	return func(t *testing.T, h *house) {
		c := h.book(t)
		items, _, err := h.ScanLedgers(t.Context(), 0, 1, 1000, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			s, err := ledger.Decode(it)
			if err != nil {
				t.Fatal(err)
			}
			change(s)
			item, _, err := s.Finish(c.Rules.Meters(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range h.WriteLedgers(t.Context(), []ledger.Item{item}) {
				if w.Err != nil {
					t.Fatal(w.Err)
				}
			}
		}
	}
}

func TestAReportSaysWhatIsNotOK(t *testing.T) {
	r := tool.DemoReport{Rows: 2, Activities: 10, Checked: tool.Checked{Leads: 2, Entries: 9, Replayed: 1, Equal: 1}}
	if r.OK() || strings.Count(r.String(), "NOT OK") != 1 {
		t.Errorf("%s", r.String())
	}
	r.Entries = 10
	if !r.OK() || strings.Contains(r.String(), "NOT OK") {
		t.Errorf("%s", r.String())
	}
	if (&tool.DemoReport{}).OK() {
		t.Error("nothing is ok")
	}
}
