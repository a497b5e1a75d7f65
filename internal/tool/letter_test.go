package tool

import (
	"os"
	"strings"
	"testing"
	"time"
)

// The example's mails, as they are sent: both languages, every one of them.
func TestEveryMailOfTheExampleIsWrittenAsPeopleGetIt(t *testing.T) {
	l := Letter{Folder: os.DirFS("../../playbook"), Set: map[string]string{"lead.first_name": `مریم<b>`}, From: "hello@daftaryar.example", Now: time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)}
	all, err := l.Write(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 40 {
		t.Errorf("%d mails", len(all))
	}
	for _, m := range all {
		dir := map[string]string{"fa": "rtl", "en": "ltr"}[m.Locale]
		name := m.Name + "." + m.Locale
		for _, part := range []string{m.Subject, m.HTML, m.Text} {
			if strings.Contains(part, "{{") || strings.Contains(part, "{%") || strings.Contains(part, "\ue000") || strings.TrimSpace(part) == "" {
				t.Errorf("%s: something was left over, or nothing: %.80q", name, part)
			}
		}
		for _, want := range []string{`dir="` + dir + `"`, "direction:" + dir, "prefers-color-scheme:dark", "Vazirmatn", `lang="` + m.Locale + `"`} {
			if !strings.Contains(m.HTML, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		if strings.Contains(m.HTML, "<b>") {
			t.Errorf("%s lets markup through", name)
		}
		if !strings.Contains(m.Text, "/u/") || !strings.Contains(m.HTML, "/u/") {
			t.Errorf("%s: no way out", name)
		}
	}
	discount := Letter{Folder: l.Folder, Name: "trial-discount", Locale: "fa", Now: l.Now}
	if all, err = discount.Write(t.Context(), nil); err != nil || len(all) != 1 || !strings.Contains(all[0].Text, "DY") || !strings.Contains(all[0].Text, "آذر ۱۴۰۵") {
		t.Errorf("the offer's code and its end: %v, %.300s", err, all[0].Text)
	}
	trial := all[0].Trial("me@example.ir")
	if trial.To != "me@example.ir" || !strings.HasPrefix(trial.Subject, "[آزمایشی] ") || len(trial.Tags) != 2 {
		t.Errorf("the test mail: %+v", trial.Tags)
	}
	for want, bad := range map[string]Letter{"no mail is called": {Folder: l.Folder, Name: "welcom"}, "only what is known of a lead": {Folder: l.Folder, Set: map[string]string{"x": "y"}}} {
		if _, err := bad.Write(t.Context(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
