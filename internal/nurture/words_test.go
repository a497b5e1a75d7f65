package nurture

import (
	"strings"
	"testing"
)

func TestReasonsAreSaidInTheReadersLanguage(t *testing.T) {
	titles := func(kind, name string) string { return strings.ToUpper(kind + " " + name) }
	for _, c := range []struct{ reason, fa, en string }{
		{"at most 2 mails in 7 days", "حداکثر ۲ نامه در ۷ روز", "at most 2 messages in 7 days"},
		{"cap:2:7:", "حداکثر ۲ نامه در ۷ روز", "at most 2 messages in 7 days"},
		{"gap:48:", "دست‌کم ۴۸ ساعت میان دو نامه", "at least 48 hours between two messages"},
		{"address suppressed: bounce", "به این نشانی نامه نمی‌رود: برگشت خورد", "no mail goes to this address: it bounced"},
		{"seen already: any_click", "پیش‌تر دیده شد: SIGNAL ANY_CLICK", "seen already: SIGNAL ANY_CLICK"},
		{"stage mql", "کنار رفت: مرحله‌ی «STAGE MQL»", "left: the stage “STAGE MQL”"},
		{"goal:signal:demo", "به هدف رسید: نشانه‌ی «SIGNAL DEMO»", "reached its goal: the signal “SIGNAL DEMO”"},
		{"awaits:audience:warm", "در انتظار گروه «AUDIENCE WARM»", "waits for the audience “AUDIENCE WARM”"},
		{"goal reached", "به هدف رسید", "reached its goal"},
		{"topic switched off", "موضوع را نخواسته است", "the topic is switched off"},
		{"something new", "something new", "something new"},
	} {
		if fa, en := Say(c.reason, "fa", titles), Say(c.reason, "en", titles); fa != c.fa || en != c.en {
			t.Errorf("%s: %q, %q", c.reason, fa, en)
		}
	}
	if got := Say("no consent", "fa", nil); got != "بی‌اجازه" {
		t.Errorf("without titles: %q", got)
	}
}
