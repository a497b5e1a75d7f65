package tool_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/offline"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// mouth takes what verbs queue into the line at once.
type mouth struct {
	t   *testing.T
	h   *house
	now time.Time
}

func (m mouth) Send(_ context.Context, body []byte) error {
	m.h.take(m.t, m.now, body)
	return nil
}

func (h *house) keeper(t *testing.T) *tool.Keeper {
	return &tool.Keeper{Desk: h.desk, Queue: mouth{t, h, noon}, By: "reza", Now: noon}
}

func TestLeadsAreMergedPartedRevokedAndAdjustedByVerbs(t *testing.T) {
	h := newHouse(t)
	h.take(t, noon, []byte(sara), []byte(`{"id":"r1","type":"form.posted","lead":{"email":"reza@example.ir"},"properties":{"form":"ebook"},"source":"tool"}`))
	k := h.keeper(t)
	find := func(name string) string {
		id, err := h.desk.Find(t.Context(), h.book(t), name)
		if err != nil {
			t.Fatal(err)
		}
		return string(id)
	}
	reza := find("reza@example.ir")
	show := func(name string) string { return h.show(t, tool.Showing{Name: name, Locale: "en"}) }
	var out bytes.Buffer
	if err := k.Merge(t.Context(), &out, "sara@example.ir", "reza@example.ir"); err != nil {
		t.Fatal(err)
	}
	if text := show("reza@example.ir"); !strings.Contains(text, reza+" was absorbed by "+find("sara@example.ir")) || !strings.Contains(text, "Asked for the e-book") || !strings.Contains(text, "Asked for a demo") {
		t.Errorf("as one:\n%s", text)
	}
	if err := k.Merge(t.Context(), &out, "sara@example.ir", "reza@example.ir"); err == nil || !strings.Contains(err.Error(), "one lead already") {
		t.Errorf("merged twice: %v", err)
	}
	if err := k.Unmerge(t.Context(), &out, "sara@example.ir", ""); err != nil {
		t.Fatal(err)
	}
	if text := show("reza@example.ir"); strings.Contains(text, "absorbed") || !strings.Contains(text, "Asked for the e-book (") || strings.Contains(text, "Asked for a demo (") {
		t.Errorf("parted:\n%s", text)
	}
	if err := k.Unmerge(t.Context(), &out, "sara@example.ir", ""); err == nil || !strings.Contains(err.Error(), "nothing to undo") {
		t.Errorf("parted twice: %v", err)
	}
	if err := k.Revoke(t.Context(), &out, "sara@example.ir", []string{"a2"}, false); err == nil || !strings.Contains(err.Error(), "no activity with the id") {
		t.Errorf("an id that is none: %v", err)
	}
	if err := k.Adjust(t.Context(), &out, "sara@example.ir", "-7", "2026-12-20", "asked twice and never came"); err != nil {
		t.Fatal(err)
	}
	if text := show("sara@example.ir"); !strings.Contains(text, "   -7  given by people until 2026-12-20 (-7 by reza: asked twice and never came)") {
		t.Errorf("adjusted:\n%s", text)
	}
	if err := k.Revoke(t.Context(), &out, "sara@example.ir", []string{"a1"}, false); err != nil {
		t.Fatal(err)
	}
	if text := show("sara@example.ir"); strings.Contains(text, "Asked for a demo (") || !strings.Contains(text, "Withdrawn: Asked for it: Asked for a demo; what it rested on was taken back") {
		t.Errorf("revoked:\n%s", text)
	}
	if !strings.Contains(out.String(), "queued: ") {
		t.Errorf("said %q", out.String())
	}
}

// An export is the whole lead: read again without a store it is the same
// ledger, byte by byte, and the same card on any day.
func TestAnExportReplaysToTheSameLedgerAndCard(t *testing.T) {
	h := newHouse(t)
	h.take(t, noon, []byte(sara))
	for i := range 400 {
		at := noon.AddDate(0, 0, i/8)
		h.take(t, at, []byte(fmt.Sprintf(`{"id":"v%d","type":"page.viewed","at":%q,"lead":{"email":"sara@example.ir"},"properties":{"path":"/product/%d"},"source":"tool"}`, i, at.Format(time.RFC3339), i%5)))
	}
	k := h.keeper(t)
	if err := k.Revoke(t.Context(), &bytes.Buffer{}, "sara@example.ir", []string{"v3", "v390"}, false); err != nil {
		t.Fatal(err)
	}
	if err := k.Adjust(t.Context(), &bytes.Buffer{}, "sara@example.ir", "5", "2027-03-01", "met her"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n, err := h.desk.Export(t.Context(), &out, "sara@example.ir", true)
	if err != nil || n != 404 {
		t.Fatalf("%d entries: %v", n, err)
	}
	c := h.book(t)
	again, err := offline.Replay(c, bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	id, err := h.desk.Find(t.Context(), c, "sara@example.ir")
	if err != nil {
		t.Fatal(err)
	}
	for days := range 100 {
		day := c.Day(noon) + 50 + activity.Day(days)
		card, err := h.desk.Card(t.Context(), id, day)
		if err != nil {
			t.Fatal(err)
		}
		if want, got := cardOf(t, card), cardOf(t, c.Rules.Card(again, day)); want != got {
			t.Fatalf("on %s\n%s\nwant\n%s", day, got, want)
		}
	}
	for _, bad := range []string{"", "{}\n", strings.Replace(out.String(), `"entries":404`, `"entries":405`, 1), strings.Replace(out.String(), `"playbook":1`, `"playbook":9`, 1), out.String() + "{\n"} {
		if _, err := offline.Replay(c, strings.NewReader(bad)); err == nil {
			t.Errorf("read: %.80s", bad)
		}
	}
}
