package playbook

import "testing"

func TestReasonsThatTheFirstReleaseStoredAreSaidInTheReadersLanguage(t *testing.T) {
	p := &Playbook{}
	for old, want := range map[string]string{
		"at most 2 mails in 7 days":                "حداکثر ۲ پیام در ۷ روز",
		"48 hours between two mails":               "دست‌کم ۴۸ ساعت میان دو پیام",
		"quiet hours":                              "بیرون از ساعت کار",
		"no consent":                               "بی‌اجازه",
		"address suppressed: bounce":               "ارسال به نشانی منع شده: برگشت خورده",
		"stage mql":                                "پایان یافت: مرحله‌ی mql",
		"no answer and no evidence: not repeated":  "نه پاسخی آمد و نه نشانه‌ای؛ دوباره فرستاده نمی‌شود",
		"refused by the mail service":              "سرویس نامه نپذیرفت",
		"something that a later release will know": "something that a later release will know",
	} {
		if got := p.Why(old, "fa"); got != want {
			t.Errorf("%q: %q, want %q", old, got, want)
		}
	}
}
