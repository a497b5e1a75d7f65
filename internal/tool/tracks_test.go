package tool

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

func TestTracksSaysWhereEverybodyStandsAndWhatWasShown(t *testing.T) {
	p, err := source.Read(os.DirFS("../../playbook"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Nurture.Holdout.From = 0
	c, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := memory.New()
	now := time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)
	for i := range 250 {
		id := lead.ID(strings.Map(func(r rune) rune { return 'a' + r - '0' }, fmt.Sprintf("%016d", i)))
		st := ledger.New(id, c.Rules.Meters())
		item, _, err := st.Finish(c.Rules.Meters(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if w := s.WriteLedgers(t.Context(), []ledger.Item{item}); w[0].Err != nil {
			t.Fatal(w[0].Err)
		}
		r := &nurture.Recipient{ID: string(id), Email: "a@example.ir"}
		r.Enroll(c.Nurture, "welcome", nurture.Entering{}, now)
		if i%5 == 0 {
			r.End("welcome", nurture.Because(nurture.Goal, "stage", "mql"))
		} else if i%5 == 1 {
			r.End("welcome", nurture.Exhausted)
		}
		body, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.WriteRecipient(t.Context(), store.Recipient{ID: r.ID, Body: body, DueAt: r.Due()}); err != nil {
			t.Fatal(err)
		}
	}
	for locale, want := range map[string][]string{
		"en": {"250 recipients; 50 came to the end", "Welcome: inside 150, goal 50, exhausted 50, ended otherwise 0", "hold-out: without ", "mistakes: question "},
		"fa": {"۲۵۰ گیرنده", "خوش‌آمد: در راه ۱۵۰، به هدف ۵۰، به ته رسیده ۵۰", "گروه شاهد"},
	} {
		var out bytes.Buffer
		if err := Tracks(t.Context(), s, &out, p, locale, now); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s: %q is missing in\n%s", locale, w, out.String())
			}
		}
	}
}
