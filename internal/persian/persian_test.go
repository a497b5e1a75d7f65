package persian

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

func TestSpellingsThatLookAlikeFoldToOne(t *testing.T) {
	for _, group := range [][]string{
		{"مدير فروش", "مدیر فروش", "مدیر  فروش ", "مدیـــر فروش", "مُدیر فروش"},
		{"شرکت", "شركت"},
		{"می‌خواهم", "میخواهم", "مي\u200cخواهم"},
		{"۱۴۰۵", "١٤٠٥", "1405"},
		{"خانه", "خانة", "خانۀ"},
		{"Tehran", "TEHRAN", " tehran"},
		{"\u202eabc", "abc"},
		{"ﻣﺪﯾﺮ", "مدیر"},
	} {
		for _, s := range group[1:] {
			if Fold(s) != Fold(group[0]) {
				t.Errorf("%q folds to %q, %q to %q", s, Fold(s), group[0], Fold(group[0]))
			}
		}
	}
	if Fold("مدیر فروش") == Fold("مدیر فنی") {
		t.Error("two words became one")
	}
}

func TestFoldingTwiceIsFoldingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("اآأبپتيىیكکهةۀئ‌ـً۱۲٣٤ Az\u202e\té"))).Draw(t, "s")
		if once := Fold(s); Fold(once) != once {
			t.Fatalf("%q → %q → %q", s, once, Fold(once))
		}
	})
}

func TestFoldingPlainTextDoesNotAllocate(t *testing.T) {
	b := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() { b = AppendFold(b[:0], "مدیر فروش Tehran ۱۲") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestJalaliDatesAreThoseOfTheCalendar(t *testing.T) {
	tehran, _ := time.LoadLocation("Asia/Tehran")
	for at, want := range map[string]string{
		"2026-11-24T12:00:00Z": "سه‌شنبه ۳ آذر ۱۴۰۵",
		"2026-03-20T20:29:00Z": "جمعه ۲۹ اسفند ۱۴۰۴",
		"2026-03-20T20:31:00Z": "شنبه ۱ فروردین ۱۴۰۵",
		"2025-03-20T12:00:00Z": "پنجشنبه ۳۰ اسفند ۱۴۰۳",
	} {
		tm, _ := time.Parse(time.RFC3339, at)
		if got := FormatDate(tm, tehran); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	for day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2040; day = day.AddDate(0, 0, 1) {
		if back, err := DateOf(day, time.UTC).Gregorian(); err != nil || !back.Equal(day) {
			t.Fatalf("%s → %+v → %s (%v)", day, DateOf(day, time.UTC), back, err)
		}
	}
	if _, err := (Date{1404, 12, 30}).Gregorian(); err == nil {
		t.Error("30 Esfand 1404 does not exist")
	}
	if got := WeekStart(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), time.UTC); got.Weekday() != time.Saturday || got.Day() != 21 {
		t.Errorf("the week of Friday began on %s", got)
	}
}
