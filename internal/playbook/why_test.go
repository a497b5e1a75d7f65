package playbook

import (
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/nurture"
)

func TestEveryReasonIsWordedInBothLanguages(t *testing.T) {
	p := &Playbook{Nurture: nurture.Config{Calendar: nurture.Calendar{Closed: []nurture.Closed{{From: "2026-03-20", Until: "2026-04-02", Name: nurture.Text{Fa: "نوروز", En: "Nowruz"}}}}}}
	for code := range wordings {
		for _, locale := range []string{"fa", "en"} {
			got := p.Why(code+":x:y:sms", locale)
			if got == "" || strings.Contains(got, ":x") {
				t.Errorf("%s in %s: %q", code, locale, got)
			}
		}
	}
	for reason, want := range map[string][2]string{
		"gap:48:":                {"دست‌کم ۴۸ ساعت میان دو پیام", "48 hours between two messages"},
		"cap:1:14:sms":           {"حداکثر ۱ پیام در ۱۴ روز (پیامک)", "at most 1 messages in 14 days (SMS)"},
		"holiday:2026-03-22":     {"تعطیل: نوروز، یکشنبه ۲ فروردین ۱۴۰۵", "closed: Nowruz, 2026-03-22"},
		"goal:activity:deal.won": {"به هدف رسید: خرید", "goal reached: a purchase"},
		"an older sentence":      {"an older sentence", "an older sentence"},
	} {
		if fa, en := p.Why(reason, "fa"), p.Why(reason, "en"); fa != want[0] || en != want[1] {
			t.Errorf("%s: %q, %q", reason, fa, en)
		}
	}
}
