package browser

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	maryam = person{name: "مریم", email: "maryam@pakhsh-aria.example", mobile: "۰۹۱۲۳۴۵۶۷۸۹", role: "sales_manager", employees: "20-50", consent: true, locale: "fa"}
	// Three alike: one leaves, one stays, one never gave consent. Their fit is too low for a hand-over, which would end the series.
	bahram = person{name: "بهرام", email: "bahram@forush.example", role: "other_manager", consent: true, locale: "fa"}
	narges = person{name: "نرگس", email: "narges@forush.example", role: "other_manager", consent: true, locale: "fa"}
	kamran = person{name: "کامران", email: "kamran@forush.example", role: "other_manager", locale: "fa"}
	sara   = person{name: "Sara", email: "sara@trade.example", role: "owner", employees: "5-19", consent: true, locale: "en", away: true}
)

var everybody = []person{maryam, bahram, narges, kamran, sara}

const sales = "sales@sarnakh.example"

func TestTheLineFromALandingPageToTheLastMail(t *testing.T) {
	s := start(t)
	visitor, worker, reader := s.open(true), s.open(true), s.open(true)

	s.step("Maryam opens the landing page, in Persian", func() error {
		return first(
			func() error { return visitor.Go(s.line.URL + "/pages/fa.html") },
			func() error { return s.look(visitor, "landing", "fa") },
		)
	})
	s.step("she asks for the book and is thanked, with the book to take", func() error {
		return first(
			func() error { return s.asks(visitor, maryam, "fa.html", "ebook") },
			func() error { return s.look(visitor, "thanks", "fa") },
			func() error { return visitor.Press(`a.button[href^="/d/"]`) },
			func() error {
				return within(soon, func() error {
					return check(strings.HasSuffix(visitor.At(), "/files/followup-book.html"), "the book is at %s", visitor.At())
				})
			},
			func() error { return s.look(visitor, "book", "fa") },
		)
	})
	var lead *Lead
	s.step("her score is 29: 5 for e-mail and mobile, 6 for the book, 8 for her role, 10 for her firm's size", func() (err error) {
		if lead, err = s.scored(maryam.email, 29); err != nil {
			return err
		}
		for title, want := range map[string]int{"ایمیل و موبایل داد": 5, "کتاب الکترونیکی گرفت": 6, "سمت: مدیر فروش": 8, "تعداد کارکنان: ۲۰ تا ۵۰ نفر": 10} {
			if got := points(lead, title); got != want {
				return fmt.Errorf("the line %q has %d points, want %d: %+v", title, got, want, lead.Lines)
			}
		}
		return check(lead.Card.Band == "warm" && lead.Card.Grade == "B3" && lead.BandTitle == "ولرم", "she is %s %s %s", lead.Card.Band, lead.Card.Grade, lead.BandTitle)
	})
	s.step("the console lists her and explains her score, line by line", func() error {
		return first(
			func() error { return worker.Go(s.line.URL + "/leads") },
			func() error { return worker.Wait("tbody tr") },
			func() error { return s.look(worker, "run-leads", "fa") },
			func() error { return s.openConsole(worker) },
			func() error { return s.look(worker, "console-list", "fa") },
			func() error { return worker.Press(`a[href="#/leads/` + lead.ID + `"]`) },
			func() error { return s.explained(worker, "fa", 29) },
			func() error { return s.look(worker, "console-lead", "fa") },
		)
	})
	var book Mail
	s.step("the book comes by e-mail, right to left, without a marketing mail's headers: she asked for it", func() (err error) {
		if book, err = s.mail(maryam.email, "asked", "welcome-book"); err != nil {
			return err
		}
		return first(
			func() error {
				return check(book.Header("List-Unsubscribe") == "" && strings.Contains(book.Text, "مریم"), "the mail is %q %+v", book.Text, book.Headers)
			},
			func() error { return s.reads(reader, book, "mail-book", "fa") },
		)
	})
	s.step("half a minute later she clicks in it: 3 points more", func() error {
		return first(
			func() error { return s.line.Forward(30 * time.Second) },
			func() error { return s.clicks(reader, book) },
			func() (err error) { lead, err = s.scored(maryam.email, 32); return err },
			func() error {
				return check(points(lead, "روی پیوند نامه کلیک کرد") == 3, "the click has %d points", points(lead, "روی پیوند نامه کلیک کرد"))
			},
		)
	})

	s.step("Bahram asks for the book with JavaScript switched off", func() error {
		plain := s.open(false)
		return first(
			func() error { return s.asks(plain, bahram, "fa.html", "ebook") },
			func() error { return plain.Wait(`a.button[href^="/d/"]`) },
			func() (err error) { _, err = s.scored(bahram.email, 9); return err },
			plain.Trouble,
		)
	})
	s.step("Narges, as he; Kamran, without consent; Sara, in English on a phone, in Dubai", func() error {
		for _, p := range []person{narges, kamran} {
			if err := s.asks(s.open(true), p, "fa.html", "ebook"); err != nil {
				return fmt.Errorf("%s: %w", p.email, err)
			}
			if _, err := s.scored(p.email, 9); err != nil {
				return err
			}
		}
		tab := s.open(true)
		return first(
			func() error { return tab.lives(sara.clock().String()) },
			func() error { return tab.Go(s.line.URL + "/pages/en.html") },
			func() error { return s.look(tab, "landing", "en") },
			func() error { return tab.size(phone) },
			func() error { return s.asks(tab, sara, "en.html", "ebook") },
			func() error { return s.look(tab, "thanks", "en") },
			func() (err error) { _, err = s.scored(sara.email, 24); return err },
		)
	})
	s.step("each of them gets the mail that they asked for", func() error {
		if err := s.line.Forward(time.Minute); err != nil {
			return err
		}
		for _, p := range []person{bahram, narges, kamran, sara} {
			m, err := s.mail(p.email, "asked", "welcome-book")
			if err != nil {
				return err
			}
			if p == sara {
				if err := s.reads(reader, m, "mail-book", "en"); err != nil {
					return err
				}
			}
		}
		return nil
	})

	var offer Mail
	s.step("the clock moves day by day until the first marketing mails leave, in open hours, with the headers to leave by", func() error {
		for range 40 { // Nowruz is seventeen days long
			if err := s.line.Forward(24 * time.Hour); err != nil {
				return err
			}
			came := 0
			for _, p := range []person{maryam, bahram, narges, sara} {
				all, err := s.mails(p.email, "marketing")
				if err != nil {
					return err
				}
				if len(all) > 0 {
					came++
				}
			}
			if came == 4 {
				break
			}
		}
		for _, p := range []person{maryam, bahram, narges, sara} {
			m, err := s.mail(p.email, "marketing", "")
			if err != nil {
				return err
			}
			if _, err := permits(m); err != nil {
				return err
			}
			if err := inOpenHours(m.At, p); err != nil {
				return fmt.Errorf("%q to %s: %w", m.Subject, p.email, err)
			}
			if p == maryam {
				offer = m
			}
		}
		return s.reads(reader, offer, "mail-marketing", "fa")
	})
	s.step("Maryam asks for a demo: she is hot, and sales gets one alert", func() error {
		before, err := s.line.Lead(maryam.email)
		if err != nil {
			return err
		}
		return first(
			func() error { return visitor.Go(s.line.URL + "/pages/fa-demo.html") },
			func() error { return s.look(visitor, "demo", "fa") },
			func() error {
				return s.asks(visitor, person{name: maryam.name, email: maryam.email, mobile: maryam.mobile}, "fa-demo.html", "demo")
			},
			func() (err error) { lead, err = s.scored(maryam.email, before.Card.Total+30); return err },
			func() error {
				return check(points(lead, "دمو خواست") == 30 && lead.BandTitle == "داغ", "she is %s with %+v", lead.BandTitle, lead.Lines)
			},
			func() error { return s.alerted(reader) },
			func() error { return s.line.Forward(time.Minute) }, // mails leave each minute
			func() error { _, err := s.mail(maryam.email, "asked", "demo-confirmed"); return err },
		)
	})
	s.step("she stands in the work list, with what to do and until when", func() error {
		return first(
			func() error { return worker.Press(`nav a[href="#/work"]`) },
			func() error { return worker.Wait(`a[href="#/leads/` + lead.ID + `"]`) },
			func() error { return s.look(worker, "console-work", "fa") },
			func() error { return worker.Press(`a[href="#/leads/` + lead.ID + `"]`) },
			func() error { return s.explained(worker, "fa", lead.Card.Total) },
			func() error { return s.look(worker, "console-hot", "fa") },
			func() error { return worker.Press("#locale") },
			func() error { return s.explained(worker, "en", lead.Card.Total) },
			func() error { return s.look(worker, "console-hot", "en") },
			func() error { return worker.Press(`nav a[href="#/leads"]`) },
			func() error { return worker.Wait(`main a[href^="#/leads/"]`) },
			func() error { return s.look(worker, "console-list", "en") },
		)
	})

	s.step("nobody takes her: the next working morning she is on the list that sales gets by mail", func() error { return s.inTheMorning(reader, lead) })
	s.step("somebody of sales takes her, and she leaves the work list", func() error {
		return first(
			func() error { return worker.Press(`main a[href="#/leads/` + lead.ID + `"]`) },
			func() error { return worker.Press(`#main button.primary`) },
			func() error { return worker.Wait(`#main [role=status]`) },
			func() error {
				return within(soon, func() error {
					var list struct{ Work []struct{ ID string } }
					if err := s.line.api("work", &list); err != nil {
						return err
					}
					return check(len(list.Work) == 0, "the work list has %+v", list.Work)
				})
			},
		)
	})
	s.step("they agree on a time for the demo, and it comes by e-mail, for her calendar", func() error { return s.booked(reader, maryam) })
	s.step("Sara's mail comes back: nothing more is sent there", func() error {
		m, err := s.mail(sara.email, "marketing", "")
		if err != nil {
			return err
		}
		if err := s.line.Bounce(m.ID); err != nil {
			return err
		}
		return within(soon, func() error {
			lead, err := s.line.Lead(sara.email)
			if err != nil {
				return err
			}
			return check(lead.Mail.Suppressed != "", "her address is not suppressed: %+v", lead.Mail)
		})
	})
	s.step("the developer's page shows the run, its mails and its parts, in Persian and English", func() error {
		for _, locale := range []string{"fa", "en"} {
			for name, path := range map[string]string{"run-home": "/", "run-mail": "/mail/" + offer.ID, "run-system": "/system", "run-leads": "/leads"} {
				if err := first(
					func() error { return reader.Go(s.line.URL + path + "?lang=" + locale) },
					func() error { return s.look(reader, name, locale) },
				); err != nil {
					return err
				}
			}
		}
		return nil
	})
	s.step("two broadcasts are planned, who gets them is counted beforehand, and one is cancelled on its page", func() error {
		now, err := s.line.Now()
		if err != nil {
			return err
		}
		for i, id := range []string{"story-news", "story-second"} {
			at := now.In(tehran).Add(time.Duration(26*(i+1)) * time.Hour).Format("2006-01-02 15:04")
			out, err := s.tool("broadcast", "plan", "--audience", "everybody", "--mail", "budget-value", "--title", "خبر تازه", "--id", id, "--at", at, "--yes")
			if err != nil {
				return err
			}
			if err := check(strings.Contains(out, "in the audience") && strings.Contains(out, "no consent"), "the counts are not there: %s", out); err != nil {
				return err
			}
		}
		second := "#broadcast-story-second"
		return first(
			func() error { return worker.Press(`nav a[href="#/broadcasts"]`) },
			func() error { return worker.Wait(second + " button") },
			func() error { return s.look(worker, "console-broadcasts", "en") },
			func() error { return worker.Press("#locale") },
			func() error {
				return within(soon, func() error {
					text, err := worker.Text(second)
					return errors.Join(err, check(strings.Contains(text, "در نوبت"), "the page says %q", text))
				})
			},
			func() error { return s.look(worker, "console-broadcasts", "fa") },
			func() error { return worker.Press(second + " button") },
			func() error { return worker.Press(second + " button.primary") },
			func() error {
				return within(soon, func() error {
					text, err := worker.Text(second)
					return errors.Join(err, check(strings.Contains(text, "لغو شد"), "the page says %q", text))
				})
			},
		)
	})
	s.step("Narges looks at what she may choose, and stays", func() error { return s.looksAround(reader) })
	s.step("Maryam and Bahram leave by one click of their mail program", func() error {
		for _, p := range []person{maryam, bahram} {
			m, err := s.mail(p.email, "marketing", "")
			if err != nil {
				return err
			}
			leave, err := permits(m)
			if err != nil {
				return err
			}
			if err := oneClick(leave); err != nil {
				return fmt.Errorf("%s: %w", p.email, err)
			}
			if err := within(soon, func() error {
				lead, err := s.line.Lead(p.email)
				if err != nil {
					return err
				}
				return check(!lead.Mail.Consent && points(lead, "لغو اشتراک کرد") == -15, "%s: consent %v, %+v", p.email, lead.Mail.Consent, lead.Lines)
			}); err != nil {
				return err
			}
		}
		return nil
	})
	s.step("a month later Narges has had more mails; who left or cannot be reached has had none, and who never agreed never any", func() error {
		had := map[string]int{}
		for _, p := range everybody {
			all, err := s.mails(p.email, "marketing")
			if err != nil {
				return err
			}
			had[p.email] = len(all)
		}
		if err := s.line.Forward(30 * 24 * time.Hour); err != nil {
			return err
		}
		for _, p := range everybody {
			all, err := s.mails(p.email, "marketing")
			if err != nil {
				return err
			}
			more := len(all) - had[p.email]
			switch {
			case p == narges && more == 0:
				return fmt.Errorf("Narges got no marketing mail in a month: nothing is proven by the silence of the others")
			case p != narges && more > 0, p == kamran && len(all) > 0:
				return fmt.Errorf("%s got %d marketing mails more: %+v", p.email, more, all)
			}
			if err := paced(all, p); err != nil {
				return fmt.Errorf("%s: %w", p.email, err)
			}
			news := 0
			for _, m := range all {
				if m.Tag("mail") == "budget-value" {
					news++
				}
			}
			if (p == narges) != (news == 1) || news > 1 {
				return fmt.Errorf("%s got %d copies of the broadcast", p.email, news)
			}
		}
		alerts, err := s.alerts()
		if err != nil {
			return err
		}
		if err := check(len(alerts) == 1, "sales has %d alerts: %+v", len(alerts), alerts); err != nil {
			return err
		}
		return s.listed()
	})
	s.step("nothing failed on the way, nothing was parked, no page complained", func() error {
		for _, tab := range []*Tab{visitor, worker, reader} {
			if err := tab.Trouble(); err != nil {
				return err
			}
		}
		return s.line.Trouble()
	})
}
