package tool_test

import (
	"bytes"
	"cmp"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// populate lets many people do some of what the example business knows.
func (h *house) populate(t *testing.T, people int) {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 5))
	what := []string{
		`"type":"page.viewed","properties":{"path":"/pricing"}`, `"type":"page.viewed","properties":{"path":"/blog/a"}`, `"type":"call.answered","properties":{}`,
		`"type":"form.posted","properties":{"form":"ebook"},"profile":{"role":"sales_manager","employees":"20-50","industry":"distribution"}`,
		`"type":"mail.clicked","properties":{"kind":"offer"}`, `"type":"form.posted","properties":{"form":"demo"}`, `"type":"page.viewed","properties":{"path":"/jobs"}`,
		`"type":"product.active","properties":{}`,
	}
	for p := range people {
		n := 1 + r.IntN(9)
		if p == 0 {
			n = 140 // with pages and runs
		}
		for i := range n {
			at := noon.AddDate(0, 0, -r.IntN(40))
			h.take(t, noon, fmt.Appendf(nil, `{"id":"p%d-%d","at":%q,"lead":{"email":"p%d@example.ir"},"source":"crm",%s}`, p, i, at.Format(time.RFC3339), p, what[r.IntN(len(what))]))
		}
	}
}

// bands are the totals and bands of all leads, as cards say.
func (h *house) bands(t *testing.T) (totals map[string]int, bands map[string]string) {
	t.Helper()
	totals, bands = map[string]int{}, map[string]string{}
	c := h.book(t)
	items, _, err := h.ScanLedgers(t.Context(), 0, 1, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		s, err := flow.OpenState(t.Context(), h.Store, c, it)
		if err != nil {
			t.Fatal(err)
		}
		card := c.Rules.Card(s, c.Day(noon))
		totals[string(it.Lead)], bands[string(it.Lead)] = card.Total, card.Band
	}
	return totals, bands
}

// changes are what a marketer may change, from the cheapest to look at to the dearest.
var changes = map[string]func(t *testing.T, dir string){
	"thresholds": func(t *testing.T, dir string) {
		replace(t, filepath.Join(dir, "business.yaml"), "total: 50, fit: 8, engagement: 15, lower: 40", "total: 40, fit: 4, engagement: 10, lower: 30")
		replace(t, filepath.Join(dir, "business.yaml"), "from: 50", "from: 40")
	},
	"points": func(t *testing.T, dir string) {
		replace(t, filepath.Join(dir, "signals.yaml"), "    points: 6\n    group: web\n    once_in: 1\n    cap: 12\n    cap_days: 7\n    half_life: 10", "    points: 12\n    group: web\n    once_in: 1\n    cap: 24\n    cap_days: 7\n    half_life: 30")
		replace(t, filepath.Join(dir, "signals.yaml"), "points: 30", "points: 20")
	},
	"conditions": func(t *testing.T, dir string) {
		replace(t, filepath.Join(dir, "signals.yaml"), "\nsignals:\n", "\nsignals:\n  any_blog: {on: page.viewed, where: {path: {prefix: /b}}, points: 9, group: web, half_life: 20, title: {fa: وبلاگ, en: Blog}}\n")
		replace(t, filepath.Join(dir, "business.yaml"), "total: 50, fit: 8, engagement: 15", "total: 45, fit: 8, engagement: 15")
	},
}

func TestAPreviewSaysWhatPublishingThenDoes(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			h, dir := newHouse(t), example(t)
			h.populate(t, 120)
			wasTotals, wasBands := h.bands(t)
			old, err := tool.InForce(t.Context(), h.Store)
			if err != nil {
				t.Fatal(err)
			}
			change(t, dir)
			next, err := tool.ReadFolder(dir, old, noon)
			if err != nil {
				t.Fatal(err)
			}
			looked := 0
			got, err := tool.Preview(t.Context(), h.Store, tool.Previewing{Old: old, New: next, Now: noon, Top: 7, Progress: func(n int) { looked = n }})
			if err != nil {
				t.Fatal(err)
			}
			if got.Leads != len(wasTotals) || looked != got.Leads || got.FromRegisters+got.FromTallies+got.Replayed != got.Leads {
				t.Errorf("%d leads looked at of %d: %+v", looked, len(wasTotals), got)
			}
			if again, _ := h.bands(t); fmt.Sprint(again) != fmt.Sprint(wasTotals) {
				t.Fatal("a preview changed something")
			}
			switch {
			case name == "thresholds" && (got.FromTallies+got.Replayed+got.Records != 0),
				name == "points" && (got.FromTallies == 0 || got.Replayed != 0 || got.Records == 0),
				name == "conditions" && got.Replayed != got.Leads:
				t.Errorf("made from registers %d, tallies %d, log %d; records %d", got.FromRegisters, got.FromTallies, got.Replayed, got.Records)
			}

			jobs := &outbox{}
			if _, err := tool.Publish(t.Context(), h.Store, jobs, tool.Publishing{Folder: os.DirFS(dir), Now: noon}); err != nil {
				t.Fatal(err)
			}
			h.rescore(t, noon, jobs.bodies...)
			totals, bands := h.bands(t)
			up, down, moved := 0, 0, map[string]int{}
			for id, total := range totals {
				if total > wasTotals[id] {
					up++
				} else if total < wasTotals[id] {
					down++
				}
				if bands[id] != wasBands[id] {
					moved[wasBands[id]+" "+bands[id]]++
				}
			}
			if up+down+len(moved)+len(got.Decisions) == 0 {
				t.Fatal("nothing moves: the change is too dull")
			}
			if up != got.Up || down != got.Down || len(moved) != len(got.Bands) {
				t.Errorf("up %d, down %d, bands %v; the preview said %d, %d, %v", up, down, moved, got.Up, got.Down, got.Bands)
			}
			for _, m := range got.Bands {
				if moved[m.From+" "+m.To] != m.Leads {
					t.Errorf("%s → %s: %d, the preview said %d", m.From, m.To, moved[m.From+" "+m.To], m.Leads)
				}
			}
			for _, m := range got.Movers {
				if totals[string(m.Lead)] != m.After || wasTotals[string(m.Lead)] != m.Before || m.Line.Before == m.Line.After {
					t.Errorf("%s moves from %d to %d, the preview said %+v", m.Lead, wasTotals[string(m.Lead)], totals[string(m.Lead)], m)
				}
			}
			h.sameDecisions(t, got)
			for _, locale := range []string{"fa", "en"} {
				var b bytes.Buffer
				if err := tool.WritePreview(&b, got, next, locale); err != nil || strings.Contains(b.String(), "%!") || strings.Count(b.String(), "\n") < 4 {
					t.Errorf("%v: %s", err, b.String())
				}
			}
		})
	}
}

// sameDecisions holds what a preview said that would be decided to the list.
func (h *house) sameDecisions(t *testing.T, got tool.Previewed) {
	t.Helper()
	h.due(t)
	list, err := flow.NewQuiet(h.Store, nil).List(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	said, made := map[string]int{}, map[string]int{}
	for _, d := range got.Decisions {
		said[d.Kind+" "+d.Subject] += d.Leads
	}
	for _, e := range list {
		made[e.Kind+" "+e.Subject]++
		if e.Cause != decision.Rules || e.Playbook != 2 {
			t.Errorf("listed: %+v", e)
		}
	}
	if fmt.Sprint(said) != fmt.Sprint(made) {
		t.Errorf("decided %v, the preview said %v", made, said)
	}
}

// due lets the due tick record what is pending.
func (h *house) due(t *testing.T) (deliveries *outbox) {
	t.Helper()
	deliveries = &outbox{}
	if _, err := flow.NewRescore(h.Store, &outbox{}, deliveries).Due(t.Context(), slog.New(slog.DiscardHandler), noon.Add(time.Hour), func() bool { return false }); err != nil {
		t.Fatal(err)
	}
	return deliveries
}

// crossed is a house in which a lower threshold was published.
func crossed(t *testing.T) (*house, *playbook.Playbook, []flow.QuietEntry) {
	t.Helper()
	h, dir := newHouse(t), example(t)
	h.populate(t, 120)
	h.due(t)
	changes["thresholds"](t, dir)
	jobs := &outbox{}
	if _, err := tool.Publish(t.Context(), h.Store, jobs, tool.Publishing{Folder: os.DirFS(dir), Now: noon}); err != nil {
		t.Fatal(err)
	}
	h.rescore(t, noon, jobs.bodies...)
	if d := h.due(t); len(d.bodies) != 0 {
		t.Fatalf("publishing told somebody: %s", d.bodies[0])
	}
	ps, err := h.ListProgress(t.Context(), "playbook-2")
	if err != nil {
		t.Fatal(err)
	}
	p, err := tool.InForce(t.Context(), h.Store)
	if err != nil {
		t.Fatal(err)
	}
	list, err := flow.NewQuiet(h.Store, nil).List(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	quiet := 0
	for _, x := range ps {
		quiet += x.Quiet
	}
	if quiet != len(list) || quiet == 0 {
		t.Errorf("the job counted %d quiet decisions, %d are listed", quiet, len(list))
	}
	return h, p, list
}

func handovers(list []flow.QuietEntry) (out []flow.QuietEntry) {
	for _, e := range list {
		if e.Kind == decision.Handover {
			out = append(out, e)
		}
	}
	return out
}

func TestSalesIsToldOfTheBestOfThoseWhoCrossedAndOfNoneTwice(t *testing.T) {
	h, p, list := crossed(t)
	all := handovers(list)
	if len(all) < 5 || !slices.IsSortedFunc(all, func(a, b flow.QuietEntry) int { return cmp.Compare(b.Total, a.Total) }) {
		t.Fatalf("%d crossed: %+v", len(all), all)
	}
	var b bytes.Buffer
	if n, err := tool.ListQuiet(t.Context(), h.Store, &b, p, 2, 3, "en"); err != nil || n != len(list) || !strings.Contains(b.String(), fmt.Sprintf("%d wait for a word, playbook 2, because rules changed: hand-over to sales", len(all))) ||
		!strings.Contains(b.String(), string(all[0].Lead)) || strings.Contains(b.String(), "%!") {
		t.Errorf("%d, %v:\n%s", n, err, b.String())
	}
	deliveries := &outbox{}
	tell := func(x tool.Telling) flow.Said {
		t.Helper()
		x.By, x.Now = "leila", noon.Add(2*time.Hour)
		said, err := tool.TellQuiet(t.Context(), h.Store, deliveries, x)
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	if said := tell(tool.Telling{Kind: decision.Handover, Top: 3}); said != (flow.Said{Told: 3}) || len(deliveries.bodies) != 3 {
		t.Fatalf("%+v, %d messages", said, len(deliveries.bodies))
	}
	for i, body := range deliveries.bodies {
		m, err := flow.DecodeDelivery(body)
		if err != nil || m.Quiet || m.Kind != decision.Handover {
			t.Errorf("message %d: %+v, %v", i, m, err)
		}
		d, err := h.ReadDecision(t.Context(), store.DecisionKey{Lead: m.Lead, Kind: m.Kind, N: m.N})
		if err != nil || d.Quiet || d.By != "leila" || d.Done["told"] != noon.Add(2*time.Hour).Unix() || !slices.ContainsFunc(all[:3], func(e flow.QuietEntry) bool { return e.DecisionKey == d.DecisionKey }) {
			t.Errorf("%+v, %v", d, err)
		}
	}
	// Its message may have been lost: told again, it is queued again, and nothing else happens.
	if said := tell(tool.Telling{Kind: decision.Handover, Top: 3}); said != (flow.Said{Before: 3}) || len(deliveries.bodies) != 6 {
		t.Errorf("again: %+v, %d messages", said, len(deliveries.bodies))
	}
	if said := tell(tool.Telling{Kind: decision.Handover, Pass: true}); said != (flow.Said{Passed: len(all) - 3, Before: 3}) {
		t.Errorf("the others: %+v", said)
	}
	left, err := flow.NewQuiet(h.Store, nil).List(t.Context(), 0)
	if err != nil || len(handovers(left)) != 3 || len(left) != len(list)-len(all)+3 { // those on their way go when they were carried out
		t.Errorf("%d left on the list, %v", len(left), err)
	}
	if _, err := tool.TellQuiet(t.Context(), h.Store, deliveries, tool.Telling{}); err == nil {
		t.Error("nobody said it")
	}
}
