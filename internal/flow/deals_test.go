package flow

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// The example's care for open deals, through the tick and the daily list: each
// reminder reaches who took the lead, once until somebody has talked with them.
func TestOpenDealsAreRemindedOfOncePerReasonUntilSomebodyTalks(t *testing.T) {
	book, err := source.Read(os.DirFS("../../playbook"), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := newMorningOf(t, func(o *office) {
		if o.book, err = book.Compile(); err != nil {
			t.Fatal(err)
		}
	})
	m.at(28, 10, 0) // a Saturday
	if err := upsert(t.Context(), m.store, string(maryam), func(r *nurture.Recipient) bool { r.SetOwner("sara", m.now); return true }); err != nil {
		t.Fatal(err)
	}
	for _, d := range []Delivery{{Kind: decision.Talk, Subject: "deal"}, {Kind: decision.Enroll, Subject: "big_deal"}, {Kind: decision.Enroll, Subject: "open_deal"}} {
		if err := m.deliver(d); err != nil {
			t.Fatal(err)
		}
	}
	// reminded counts the tasks of each track that came onto the list, open or done.
	reminded := func() int {
		w, err := m.store.ReadWork(t.Context(), maryam)
		if err != nil {
			return 0
		}
		item, err := ReadWorkItem(w)
		if err != nil {
			t.Fatal(err)
		}
		return len(item.Reasons) + len(item.Done)
	}
	days := func(n int) {
		for range n * 24 {
			m.now = m.now.Add(time.Hour)
			m.office.tick()
			m.tick()
		}
	}
	days(1)
	if days(1); reminded() != 1 {
		t.Fatalf("a day after a big deal was opened: %d reminders", reminded())
	}
	if len(m.sent) == 0 || m.sent[0].To != "sara@daftaryar.example" || !strings.Contains(m.sent[0].Text, "فرصت بزرگی باز است") {
		t.Fatalf("the list of the next morning: %+v", m.sent)
	}
	if days(5); reminded() != 2 {
		t.Fatalf("nobody talked for five days: %d reminders", reminded())
	}
	if last := m.sent[len(m.sent)-1]; last.To != "sara@daftaryar.example" || !strings.Contains(last.Text, "کسی با او حرف نزده") {
		t.Errorf("the list says %s", last.Text)
	}
	if days(20); reminded() != 2 {
		t.Errorf("it is said again before anything moved: %d reminders", reminded())
	}
	if err := CloseWork(t.Context(), m.store, maryam); err != nil {
		t.Fatal(err)
	}
	sent := len(m.sent)
	why, err := json.Marshal(decision.Reason{By: "signal", Signals: []signal.Number{numberOf(t, m.book, "call_answered")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.deliver(Delivery{Kind: decision.Wake, Subject: "open_deal", Reason: why}); err != nil {
		t.Fatal(err)
	}
	if days(4); reminded() != 2 || len(m.sent) != sent {
		t.Errorf("four days after a call: %d reminders, %d mails", reminded(), len(m.sent)-sent)
	}
	if days(5); reminded() != 3 || len(m.sent) == sent {
		t.Errorf("after five days of silence since the call: %d reminders, %d mails", reminded(), len(m.sent)-sent)
	}
}

func numberOf(t *testing.T, c *playbook.Compiled, name string) signal.Number {
	t.Helper()
	for _, d := range c.Signals {
		if d.Name == name {
			return d.Number
		}
	}
	t.Fatalf("no signal %s", name)
	return 0
}
