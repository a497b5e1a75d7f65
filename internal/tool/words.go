package tool

import (
	"fmt"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// words are those of one language. They are data: sheet uses them.
type words struct {
	persian bool

	lead, total, grade, activities, book           string
	seen, capped, limited, engagement, fit, manual string
	why, raise, next, absorbed                     string
	persona, funnel, leading, interest, ready      string
	until, by                                      string
	parts                                          map[string]string // of the funnel
	consent, yes, no, quiet, entries, revoked      string
	then, hindsight                                string
}

func wordsOf(locale string) words {
	if locale == "en" {
		return words{
			lead: "lead", total: "total", grade: "grade", activities: "%s activities", book: "playbook %s",
			seen: "%s (%s×, last %s)", capped: "%s: at most %s in %s days", limited: "%s: limit %s", engagement: "engagement", fit: "fit", manual: "given by people",
			persona: "persona", funnel: "funnel", leading: "strongest channel", interest: "cares most for", ready: "meets the hand-over",
			until: "until %s", by: "by %s", parts: map[string]string{"top": "top", "middle": "middle", "bottom": "bottom"},
			why: "why now", raise: "would raise it", next: "by time alone: on %s it becomes %s, with %s", absorbed: "%s was absorbed by %s",
			consent: "may be sent marketing mail", yes: "yes", no: "no", quiet: "(quiet: nobody was told)", entries: "log of %s entries:", revoked: "revoked",
			then: "as it was shown on %s", hindsight: "with hindsight: what is known today about %s",
		}
	}
	return words{
		persian: true,
		lead:    "سرنخ", total: "جمع", grade: "رتبه‌ی", activities: "%s رویداد", book: "دفترچه‌ی %s",
		seen: "%s (%s بار، آخرین بار %s)", capped: "%s: بیشینه‌ی %s در %s روز", limited: "%s: حد %s", engagement: "رفتار", fit: "تناسب", manual: "امتیاز دستی",
		persona: "پرسونا", funnel: "قیف", leading: "قوی‌ترین کانال", interest: "بیش از همه در پی", ready: "به آستانه‌ی فروش رسیده",
		until: "تا %s", by: "از %s", parts: map[string]string{"top": "بالا", "middle": "میانه", "bottom": "پایین"},
		why: "چرا اکنون", raise: "چه آن را بالا می‌برد", next: "تنها با گذر زمان: در %s «%s» می‌شود، با %s", absorbed: "%s در %s ادغام شد",
		consent: "اجازه‌ی ایمیل بازاریابی", yes: "دارد", no: "ندارد", quiet: "(بی‌خبر: به کسی گفته نشد)", entries: "کارنامه، %s سطر:", revoked: "پس گرفته شد",
		then: "همان‌گونه که در %s دیده می‌شد", hindsight: "با دانسته‌های امروز درباره‌ی %s",
	}
}

func (w *words) digits(s string) string {
	if w.persian {
		return persian.Digits(s)
	}
	return s
}

func (w *words) number(n int) string { return w.digits(fmt.Sprint(n)) }

// signed is a number with its sign.
func (w *words) signed(n int) string { return w.digits(fmt.Sprintf("%+d", n)) }

// points are signed and five wide, so that lines stand below each other.
func (w *words) points(n int) string {
	s := fmt.Sprintf("%+d", n)
	return w.digits(strings.Repeat(" ", max(0, 5-len(s))) + s)
}

func (w *words) day(d activity.Day) string {
	if w.persian {
		j := persian.DateOf(d.Date(), time.UTC)
		return persian.Digits(fmt.Sprintf("%04d/%02d/%02d", j.Year, j.Month, j.Day))
	}
	return d.String()
}

func (w *words) moment(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	if w.persian {
		j := persian.DateOf(t, zone)
		return persian.Digits(fmt.Sprintf("%04d/%02d/%02d %s", j.Year, j.Month, j.Day, t.Format("15:04")))
	}
	return t.Format("2006-01-02 15:04")
}
