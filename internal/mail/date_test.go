package mail

import (
	"strings"
	"testing"
)

func say(t *testing.T, locale, src, value string) string {
	t.Helper()
	c, err := Compile(Template{Name: "m", Locale: locale, Subject: "s", Text: src})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Render(func(string) (string, bool) { return value, value != "" }, nil)
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := c.Fill(func(string) (string, bool) { return value, value != "" }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if pieces := sheet.Content().Text; pieces != got.Text {
		t.Errorf("in pieces %q, whole %q", pieces, got.Text)
	}
	return got.Text
}

func TestADateIsWrittenAsPeopleOfTheLocaleReadIt(t *testing.T) {
	for src, want := range map[string][2]string{
		"{{ d | date }}":            {"سه‌شنبه ۳ آذر ۱۴۰۵", "Tuesday 24 November 2026"},
		"{{ d | date: \"full\" }}":  {"سه‌شنبه ۳ آذر ۱۴۰۵", "Tuesday 24 November 2026"},
		"{{ d | date: 'long' }}":    {"۳ آذر ۱۴۰۵", "24 November 2026"},
		"{{ d | date: 'day' }}":     {"۳ آذر", "24 November"},
		"{{ d | date: 'short' }}":   {"۱۴۰۵/۰۹/۰۳", "2026-11-24"},
		"{{ d | date: 'weekday' }}": {"سه‌شنبه", "Tuesday"},
	} {
		for i, locale := range []string{"fa", "en"} {
			for _, value := range []string{"2026-11-24", "2026-11-24T23:30:00+03:30", "2026-11-24T00:10"} {
				if got := say(t, locale, src, value); got != want[i] {
					t.Errorf("%s of %s in %s: %q, want %q", src, value, locale, got, want[i])
				}
			}
		}
	}
	// A leap day of each calendar.
	if got := say(t, "fa", "{{ d | date }}", "2025-03-20"); got != "پنجشنبه ۳۰ اسفند ۱۴۰۳" {
		t.Errorf("the last day of a leap year: %q", got)
	}
	if got := say(t, "en", "{{ d | date }}", "2028-02-29"); got != "Tuesday 29 February 2028" {
		t.Errorf("a leap day: %q", got)
	}
}

func TestWhatIsNoDateFallsBackAsAMissingValueDoes(t *testing.T) {
	for _, value := range []string{"", "soon", "2026-13-01", "2026-02-30", "1405-09-03x", "0001-01-01", "9999-12-31", "2026-11-24 10:00", "۲۰۲۶-۱۱-۲۴", "T", strings.Repeat("9", 2000)} {
		for _, locale := range []string{"fa", "en"} {
			if got := say(t, locale, "{{ d | date | default: 'then' }}", value); got != "then" {
				t.Errorf("%q in %s: %q", value, locale, got)
			}
		}
	}
}

func TestADateNeedsAFallbackAndAValueThatIsOne(t *testing.T) {
	for src, want := range map[string]string{
		"{{ lead.x | date: 'stardate' }}":               "there are day, full, long, short, weekday",
		"{{ lead.x | date: 'day', 'long' }}":            "takes 1 argument",
		"{{ lead.x | default: 'a' | date }}":            "date comes first",
		"{{ lead.x | date }}":                           "may be no date: give a fallback",
		"{% if lead.x %}{{ lead.x | date }}{% endif %}": "may be no date: give a fallback",
		"{{ lead.role | date | default: 'a' }}":         "lead.role is no date",
		"{{ lead.x | date | default: 'a' }}":            "",
	} {
		c, err := Compile(Template{Name: "m", Locale: "fa", Subject: "s", Text: src})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join(c.Check(Names{Known: func(string) bool { return true }, Always: func(string) bool { return false }, Date: func(p string) bool { return p == "lead.x" }}), "\n")
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", src, got, want)
		}
	}
}
