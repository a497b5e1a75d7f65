package playbook

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// Why words a reason of nurture for people: why a step is held, was skipped or
// ended. Items of the first release hold sentences, which it knows too; what it
// does not know it gives back as it is.
func (p *Playbook) Why(reason, locale string) string {
	code, args := nurture.ReadReason(newReason(reason))
	w := wording{p, locale, args}
	wording, ok := wordings[code]
	if !ok {
		return reason
	}
	return wording(w)
}

// wording is one reason in one language.
type wording struct {
	p      *Playbook
	locale string
	args   []string
}

func (w wording) say(fa, en string) string {
	if w.locale == "en" {
		return en
	}
	return persian.Digits(fa)
}

func (w wording) arg(i int) string {
	if i < len(w.args) {
		return w.args[i]
	}
	return ""
}

// channel says over what; all channels are not said.
func (w wording) channel(i int) string {
	name := map[string][2]string{"email": {"ایمیل", "e-mail"}, "sms": {"پیامک", "SMS"}, "messenger": {"پیام‌رسان", "messenger"}, "phone": {"تلفن", "phone"}}[w.arg(i)]
	return map[bool]string{true: name[1], false: name[0]}[w.locale == "en"]
}

// within is a channel where one is named.
func (w wording) within(i int) string {
	if c := w.channel(i); c != "" {
		return " (" + c + ")"
	}
	return ""
}

func (w wording) signal(name string) string {
	for _, d := range w.p.Signals {
		if d.Name == name {
			return cmp.Or(w.p.SignalTitle(d.Number, w.locale), name)
		}
	}
	return name
}

func (w wording) audience(name string) string {
	for _, a := range w.p.Score.Audiences {
		if a.Name == name {
			return cmp.Or(Text{Fa: a.Title.Fa, En: a.Title.En}.In(w.locale), name)
		}
	}
	return name
}

func (w wording) stage(name string) string {
	for _, s := range w.p.Score.Stages {
		if s.Name == name {
			return cmp.Or(Text{Fa: s.Title.Fa, En: s.Title.En}.In(w.locale), name)
		}
	}
	return name
}

// what words what kind of thing happened, and which.
func (w wording) what(kind, which string) string {
	quoted := "«" + which + "»"
	switch kind {
	case "signal":
		return "«" + w.signal(which) + "»"
	case "audience":
		return w.say("ورود به «", "joining “") + w.audience(which) + w.say("»", "”")
	case "left":
		return w.say("خروج از «", "leaving “") + w.audience(which) + w.say("»", "”")
	case "stage":
		return w.say("مرحله‌ی ", "stage ") + w.stage(which)
	case "form":
		return w.say("فرم ", "form ") + quoted
	case "lost":
		return w.say("از دست رفتن: ", "lost: ") + which
	case "revoked":
		return w.say("پس گرفتن آنچه پایه‌اش بود", "taking back what it rested on")
	case "silent":
		return w.say("بی‌خبری", "silence")
	case "activity":
		switch which {
		case "deal.won":
			return w.say("خرید", "a purchase")
		case "mail.replied":
			return w.say("پاسخ به نامه", "a reply")
		}
		return which
	}
	return strings.TrimSpace(kind + " " + which)
}

// day words a date that is closed, with its name where it has one.
func (w wording) day(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	said := date
	if w.locale != "en" {
		said = persian.FormatDate(t, time.UTC)
	}
	for _, c := range w.p.Nurture.Calendar.Closed {
		if date >= c.From && date <= cmp.Or(c.Until, c.From) && c.Name.In(w.locale) != "" {
			return c.Name.In(w.locale) + w.say("، ", ", ") + said
		}
	}
	return said
}

func (w wording) attribute(name string) string {
	if a, ok := w.p.Attribute(name); ok {
		return cmp.Or(a.Title.In(w.locale), name)
	}
	return name
}

func (w wording) topic(name string) string {
	for _, t := range w.p.Nurture.Topics {
		if t.Name == name {
			return cmp.Or(t.Title.In(w.locale), name)
		}
	}
	return name
}

var wordings = map[string]func(wording) string{
	nurture.SalesTalks: func(w wording) string {
		return w.say("فروش در حال گفتگوست", "sales is talking with this person")
	},
	nurture.Paused: func(w wording) string { return w.say("به خواست خودش", "paused by the person") },
	nurture.Gap: func(w wording) string {
		return w.say("دست‌کم "+w.arg(0)+" ساعت میان دو پیام", w.arg(0)+" hours between two messages") + w.within(1)
	},
	nurture.CapFull: func(w wording) string {
		return w.say("حداکثر "+w.arg(0)+" پیام در "+w.arg(1)+" روز", "at most "+w.arg(0)+" messages in "+w.arg(1)+" days") + w.within(2)
	},
	nurture.Holiday:    func(w wording) string { return w.say("تعطیل: ", "closed: ") + w.day(w.arg(0)) },
	nurture.Weekend:    func(w wording) string { return w.say("روز تعطیل هفته", "weekend") },
	nurture.QuietHours: func(w wording) string { return w.say("بیرون از ساعت کار", "quiet hours") },
	nurture.Awaits: func(w wording) string {
		return w.say("چشم‌به‌راه ", "waits for ") + w.what(w.arg(0), w.arg(1))
	},
	nurture.AwaitsDate: func(w wording) string { return w.say("تا ", "until ") + w.attribute(w.arg(0)) },
	nurture.Throttled: func(w wording) string {
		return w.say("سرویس نامه خواست صبر کنیم", "the mail service asked to wait")
	},
	nurture.NotSeen: func(w wording) string { return w.say("دیده نشد: ", "not seen: ") + w.signal(w.arg(0)) },
	nurture.SeenAlready: func(w wording) string {
		return w.say("پیش‌تر دیده شد: ", "seen already: ") + w.signal(w.arg(0))
	},
	nurture.NotIn:    func(w wording) string { return w.say("بیرون از گروه ", "not in ") + w.audience(w.arg(0)) },
	nurture.NoMobile: func(w wording) string { return w.say("شماره‌ی همراه ندارد", "no mobile known") },
	nurture.NoEmail:  func(w wording) string { return w.say("نشانی ایمیل ندارد", "no e-mail address") },
	nurture.Suppression: func(w wording) string {
		why := map[string]string{"bounce": "برگشت خورده", "complaint": "شکایت", "manual": "به دست کسی", "import": "از فهرست وارد شده"}[w.arg(0)]
		return w.say("ارسال به نشانی منع شده: "+cmp.Or(why, w.arg(0)), "address suppressed: "+w.arg(0))
	},
	nurture.NoConsent: func(w wording) string { return w.say("بی‌اجازه", "no consent") + w.within(0) },
	nurture.TopicOff: func(w wording) string {
		return w.say("موضوع را نخواسته: ", "topic switched off: ") + w.topic(w.arg(0))
	},
	nurture.HeldOut:  func(w wording) string { return w.say("در گروه شاهد است", "held out, to compare") },
	nurture.Finished: func(w wording) string { return w.say("به پایان رسید", "finished") },
	nurture.Exhausted: func(w wording) string {
		return w.say("گام‌ها تمام شد و به هدف نرسید", "no step is left, and the goal was not reached")
	},
	nurture.Goal: func(w wording) string {
		return w.say("به هدف رسید: ", "goal reached: ") + w.what(w.arg(0), w.arg(1))
	},
	nurture.Ended: func(w wording) string {
		return w.say("پایان یافت: ", "ended by ") + w.what(w.arg(0), w.arg(1))
	},
	nurture.TooLong: func(w wording) string {
		return w.say("بیش از "+w.arg(0)+" روز شد", "longer than "+plural(w.arg(0), "day"))
	},
	nurture.TrackGone: func(w wording) string {
		return w.say("مسیر از دستور کار برداشته شد", "the series left the playbook")
	},
	nurture.BroadcastOff: func(w wording) string {
		return w.say("نامه‌ی همگانی لغو شد", "the broadcast was cancelled")
	},
	nurture.MovedOn:  func(w wording) string { return w.say("با سرنخ دیگری یکی شد", "joined to another lead") },
	nurture.Nobody:   func(w wording) string { return w.say("نشانی ندارد", "nobody to write to") },
	nurture.IsErased: func(w wording) string { return w.say("پاک شده است", "erased") },
	nurture.Waiting:  func(w wording) string { return w.say("نوبتش رسیده", "due") },
	nurture.Refused: func(w wording) string {
		return w.say("سرویس نامه نپذیرفت", "refused by the mail service")
	},
	nurture.Unwritten: func(w wording) string { return w.say("نامه نوشته نشد", "the mail could not be written") },
	nurture.NoEvidence: func(w wording) string {
		return w.say("نه پاسخی آمد و نه نشانه‌ای؛ دوباره فرستاده نمی‌شود", "no answer and no evidence: not repeated")
	},
	nurture.Resent: func(w wording) string {
		return w.say("نشانه‌ای از رسیدن نبود؛ یک بار دیگر", "no evidence that it left: once more")
	},
	nurture.Withdrawn: func(w wording) string {
		return w.say("پیش از ارسال انصراف داد", "left before it went out")
	},
	nurture.NoReceiver: func(w wording) string {
		return w.say("گیرنده‌ی وب‌هوک نپذیرفت", "no webhook takes it")
	},
	nurture.TooLate: func(w wording) string {
		return w.say("به‌موقع تحویل نشد", "could not be handed over in time")
	},
}

func plural(n, word string) string {
	if i, err := strconv.Atoi(n); err == nil && i == 1 {
		return n + " " + word
	}
	return n + " " + word + "s"
}
