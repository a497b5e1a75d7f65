package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// openConsole follows the link of the developer's page, as a person does.
func (s *story) openConsole(tab *Tab) error {
	link, err := Ask[string](tab, `[...document.querySelectorAll("main a.button")].map(a => a.href).find(h => h.includes("#token="))`)
	if err != nil {
		return err
	}
	if err := tab.Go(link); err != nil {
		return err
	}
	return tab.Wait(`main a[href^="#/leads/"]`)
}

// explained looks at the page of a lead: the score, and the lines that add up to it.
func (s *story) explained(tab *Tab, locale string, want int) error {
	var shown struct {
		Score, Sum string
		Points     []string
	}
	return within(soon, func() (err error) {
		shown, err = Ask[struct {
			Score, Sum string
			Points     []string
		}](tab, `({Score: document.querySelector("#score")?.innerText ?? "", Sum: document.querySelector("#sum")?.innerText ?? "",
			Points: [...(document.querySelector("#sum")?.closest("table").querySelectorAll("tbody td.number") ?? [])].map(e => e.innerText)})`)
		if err != nil {
			return err
		}
		text := fmt.Sprint(want)
		if locale == "fa" {
			text = persian(text)
		}
		if shown.Score != text || shown.Sum != text {
			return fmt.Errorf("the page shows the score %q and the sum %q, want %q", shown.Score, shown.Sum, text)
		}
		sum := 0
		for _, p := range shown.Points {
			n, err := number(p)
			if err != nil {
				return err
			}
			sum += n
		}
		return check(sum == want, "the lines %q add up to %d, want %d", shown.Points, sum, want)
	})
}

const digits = "۰۱۲۳۴۵۶۷۸۹"

func persian(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return []rune(digits)[r-'0']
		}
		return r
	}, s)
}

// number reads a number as a page shows it: ‎−۳ is -3.
func number(s string) (int, error) {
	var plain strings.Builder
	for _, r := range s {
		switch i := strings.IndexRune(digits, r); {
		case i >= 0:
			plain.WriteByte(byte('0' + i/2)) // two bytes a digit
		case r == '−' || r == '-':
			plain.WriteByte('-')
		case r >= '0' && r <= '9':
			plain.WriteRune(r)
		}
	}
	var n int
	if _, err := fmt.Sscan(plain.String(), &n); err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return n, nil
}

// reads opens a mail as people see it, by itself and in the mailbox.
func (s *story) reads(tab *Tab, m Mail, name, locale string) error {
	if err := tab.Go(s.line.Inbox + "/mails/" + m.ID + "/html"); err != nil {
		return err
	}
	if err := s.look(tab, name, locale); err != nil {
		return err
	}
	runs, err := Ask[string](tab, `[...document.querySelectorAll("p, td, h1")].filter(e => e.innerText.trim().length > 20).map(e => getComputedStyle(e).direction).join()`)
	if err != nil {
		return err
	}
	other := "ltr"
	if locale == "en" {
		other = "rtl"
	}
	if runs == "" || strings.Contains(runs, other) {
		return fmt.Errorf("the lines of %q run %s", m.Subject, runs)
	}
	return nil
}

// clicks presses the first link of a mail that is counted, and says whether it leads where the playbook wants.
func (s *story) clicks(tab *Tab, m Mail) error {
	if err := tab.Go(s.line.Inbox + "/mails/" + m.ID + "/html"); err != nil {
		return err
	}
	links, err := Ask[[]string](tab, `[...document.querySelectorAll("a[href*='/c/']")].map(a => a.href)`)
	if err != nil {
		return err
	}
	if len(links) == 0 {
		return fmt.Errorf("no link of %q is counted: %s", m.Subject, m.Text)
	}
	to, err := tab.Follow(links[0])
	if err != nil {
		return err
	}
	return check(strings.HasPrefix(to, "https://daftaryar.example/"), "the link led to %s", to)
}

// alerts are the mails to sales that tell of hot leads; the rest are daily lists.
func (s *story) alerts() (alerts []Mail, err error) {
	all, err := s.line.Mails(sales)
	for _, m := range all {
		if m.Tag("kind") != "digest" {
			alerts = append(alerts, m)
		}
	}
	return alerts, err
}

// inTheMorning moves the clock day by day until a daily list comes, which must name who waits for a call, why and since when.
func (s *story) inTheMorning(tab *Tab, lead *Lead) error {
	var list Mail
	for range 10 { // no row of days off is as long
		if err := s.line.Forward(24 * time.Hour); err != nil {
			return err
		}
		all, err := s.line.Mails(sales)
		if err != nil {
			return err
		}
		for _, m := range all {
			if m.Tag("kind") == "digest" && list.ID == "" {
				if list, err = s.line.Mail(m.ID); err != nil {
					return err
				}
			}
		}
		if list.ID != "" {
			break
		}
	}
	for _, want := range []string{maryam.name, "/#/leads/" + lead.ID, "خودش خواسته"} {
		if !strings.Contains(list.Text, want) {
			return fmt.Errorf("the list %q does not say %q:\n%s", list.Subject, want, list.Text)
		}
	}
	return s.reads(tab, list, "mail-digest", "fa")
}

// listed looks at the daily lists of a month: at most one a day, on working days, from half past eight until six, and each
// names somebody. Who has waited for a call for 15 days is on one: no row of days off is as long.
func (s *story) listed() error {
	all, err := s.line.Mails(sales)
	if err != nil {
		return err
	}
	days, named := map[string]bool{}, ""
	for _, m := range all {
		if m.Tag("kind") != "digest" {
			continue
		}
		came := m.At.In(tehran)
		left, day := came.Add(-travel), came.Format(time.DateOnly)
		if minute := came.Hour()*60 + came.Minute(); minute < 8*60+30 || left.Hour() >= 18 || left.Weekday() == time.Thursday || left.Weekday() == time.Friday || days[day] {
			return fmt.Errorf("a list came on %s, of %v", came.Format("Monday 2006-01-02 15:04:05"), days)
		}
		days[day] = true
		whole, err := s.line.Mail(m.ID)
		if err != nil {
			return err
		}
		if err := check(strings.Contains(whole.Text, "/#/leads/") && strings.HasPrefix(m.Subject, "کار امروز"), "the list %q says %s", m.Subject, whole.Text); err != nil {
			return err
		}
		named += whole.Text
	}
	now, err := s.line.Now()
	if err != nil {
		return err
	}
	var list struct {
		Work []struct {
			ID      string
			Reasons []struct{ At int64 }
		}
	}
	if err := s.line.api("work", &list); err != nil {
		return err
	}
	for _, w := range list.Work {
		for _, r := range w.Reasons {
			if now.Sub(time.Unix(r.At, 0)) > 15*24*time.Hour && !strings.Contains(named, "/#/leads/"+w.ID) {
				return fmt.Errorf("%s waits since %s and is on none of the %d lists", w.ID, time.Unix(r.At, 0).In(tehran), len(days))
			}
		}
	}
	return check(len(days) > 0, "no daily list came in all the story")
}

// alerted waits for the alert of sales and looks whether it is the only one.
func (s *story) alerted(tab *Tab) error {
	var alert Mail
	if err := within(soon, func() error {
		all, err := s.alerts()
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return fmt.Errorf("sales has no mail")
		}
		alert, err = s.line.Mail(all[0].ID)
		return err
	}); err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // a second one would come as fast
	all, err := s.alerts()
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return fmt.Errorf("sales has %d alerts: %+v", len(all), all)
	}
	for _, want := range []string{maryam.name, "دمو خواست"} {
		if !strings.Contains(alert.Text, want) {
			return fmt.Errorf("the alert does not say %q:\n%s", want, alert.Text)
		}
	}
	return s.reads(tab, alert, "mail-alert", "fa")
}

// looksAround opens the pages behind the small links of a marketing mail; none of them changes anything by being seen.
func (s *story) looksAround(tab *Tab) error {
	m, err := s.mail(narges.email, "marketing", "")
	if err != nil {
		return err
	}
	if err := tab.Go(s.line.Inbox + "/mails/" + m.ID + "/html"); err != nil {
		return err
	}
	for name, path := range map[string]string{"preferences": "/p/", "unsubscribe": "/u/"} {
		link, err := Ask[string](tab, `[...document.querySelectorAll("a")].map(a => a.href).find(h => h.includes("`+path+`")) ?? ""`)
		if err != nil {
			return err
		}
		if link == "" {
			return fmt.Errorf("%q has no link to %s", m.Subject, name)
		}
		back := tab.At()
		if err := tab.Go(link); err != nil {
			return err
		}
		if err := s.look(tab, name, "fa"); err != nil {
			return err
		}
		if err := tab.Go(back); err != nil {
			return err
		}
	}
	lead, err := s.line.Lead(narges.email)
	if err != nil {
		return err
	}
	return check(lead.Mail.Consent, "looking took her consent away")
}

// tehran is where the business is; its clocks are never changed.
var tehran = time.FixedZone("Tehran", 12600)

// travel is the longest that may pass between the decision to send and the mailbox. Pace and hours are promised of the decision; what
// is seen is when the mail came.
const travel = time.Minute

// inOpenHours: marketing mail leaves Saturday to Wednesday, 9 to 19, by the clock of who gets it.
func inOpenHours(came time.Time, p person) error {
	came = came.In(p.clock())
	left := came.Add(-travel)
	day := left.Weekday()
	return check(day != time.Thursday && day != time.Friday && came.Hour() >= 9 && left.Hour() < 19, "it came on %s", came.Format("Monday 15:04:05"))
}

// paced: never more than two marketing mails in seven days, and two days between them.
func paced(all []Mail, p person) error {
	for i := range all {
		if err := inOpenHours(all[i].At, p); err != nil {
			return fmt.Errorf("%q: %w", all[i].Subject, err)
		}
		if i > 0 && all[i].At.Sub(all[i-1].At) < 48*time.Hour-travel {
			return fmt.Errorf("%q came %s after %q", all[i].Subject, all[i].At.Sub(all[i-1].At), all[i-1].Subject)
		}
		if i > 1 && all[i].At.Sub(all[i-2].At) < 7*24*time.Hour-travel {
			return fmt.Errorf("%q is the third within %s", all[i].Subject, all[i].At.Sub(all[i-2].At))
		}
	}
	return nil
}

// booked tells the line that a demo was agreed on, as a scheduling tool does, and looks for the mail that brings its time.
func (s *story) booked(tab *Tab, p person) error {
	now, err := s.line.Now()
	if err != nil {
		return err
	}
	at := now.In(tehran).Add(48 * time.Hour).Truncate(time.Minute)
	file := filepath.Join(s.t.TempDir(), "booked.ndjson")
	line := fmt.Sprintf(`{"v":1,"id":"story-demo-booked","type":"demo.booked","lead":{"email":%q},"profile":{"demo_at":%q},"source":"calendar"}`, p.email, at.Format(time.RFC3339))
	if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
		return err
	}
	if _, err := s.tool("send", file); err != nil {
		return err
	}
	if err := within(soon, func() error {
		lead, err := s.line.Lead(p.email)
		if err != nil {
			return err
		}
		for _, t := range lead.Mail.Tracks {
			if t.Track == "demo_booked" {
				return nil
			}
		}
		return fmt.Errorf("she is in no track demo_booked: %+v", lead.Mail.Tracks)
	}); err != nil {
		return err
	}
	if err := s.line.Forward(time.Minute); err != nil { // mails leave each minute
		return err
	}
	var m Mail
	if err := within(4*time.Minute, func() error {
		all, err := s.mails(p.email, "asked")
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.Tag("mail") == "demo-confirmed" {
				if m, err = s.line.Mail(one.ID); err != nil || len(m.Attachments) == 1 {
					return err
				}
			}
		}
		return fmt.Errorf("no mail brings a time: %+v", all)
	}); err != nil {
		return err
	}
	a := m.Attachments[0]
	if err := check(a.Name == "invite.ics" && strings.Contains(string(a.Data), "DTSTART:"+at.UTC().Format("20060102T150405Z")+"\r\n"), "%s brings %s", a.Name, a.Data); err != nil {
		return err
	}
	if err := check(strings.Contains(m.Text, persian(at.Format("15:04"))), "the mail does not say %s: %s", at.Format("15:04"), m.Text); err != nil {
		return err
	}
	for _, locale := range []string{"fa", "en"} {
		if err := tab.Go(s.line.URL + "/mail/" + m.ID + "?lang=" + locale); err != nil {
			return err
		}
		if err := tab.Wait(`a[download="invite.ics"]`); err != nil {
			return err
		}
		if err := s.look(tab, "run-invitation", locale); err != nil {
			return err
		}
	}
	return s.reads(tab, m, "mail-booked", "fa")
}
