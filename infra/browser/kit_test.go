package browser

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// story is what all steps share: the line, the browser, and what is known of the people so far.
type story struct {
	t    *testing.T
	line *Line
	web  *Browser
	n    int
}

// step does one thing of the story and prints it when it is done. What fails ends the story: the rest builds on it.
func (s *story) step(words string, do func() error) {
	s.t.Helper()
	s.n++
	began := time.Now()
	if err := do(); err != nil {
		s.t.Fatalf("step %d, %s:\n%v\n\nthe run said last:\n%s", s.n, words, err, &s.line.out)
	}
	fmt.Printf("%3d  %s (%.1f s)\n", s.n, words, time.Since(began).Seconds())
}

// look takes pictures of the page. What should not be seen fails the test at its end: the story can go on.
func (s *story) look(tab *Tab, name, locale string) error {
	s.t.Helper()
	if err := tab.Look(name, locale); err != nil {
		s.t.Errorf("the looks of %s (%s):\n%v", name, locale, err)
	}
	return nil
}

// check is a step of a step: it fails with what was seen.
func check(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

const soon = 2 * time.Minute

// first does things in order and stops at the first that fails.
func first(do ...func() error) error {
	for _, f := range do {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// start brings up a run of its own and a browser.
func start(t *testing.T) *story {
	sarnakh, root := os.Getenv("SARNAKH"), os.Getenv("SARNAKH_ROOT")
	if sarnakh == "" || root == "" {
		t.Skip("run: infra/browser/run.sh")
	}
	chromium := FindChromium()
	if chromium == "" {
		t.Skip("no Chromium (on Debian: apt-get install chromium); then: infra/browser/run.sh")
	}
	shots := filepath.Join(root, ".local", "shots")
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.MkdirTemp(filepath.Join(root, ".local"), "story-")
	if err != nil {
		t.Fatal(err)
	}
	line, err := StartLine(sarnakh, root, data, os.Getenv("SARNAKH_CALLS"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := line.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			fmt.Printf("     what the run left is in %s\n", data)
		} else if err := os.RemoveAll(data); err != nil {
			t.Error(err)
		}
	})
	if err := setClock(line); err != nil {
		t.Fatal(err)
	}
	web, err := StartBrowser(chromium, shots)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(web.Stop)
	fmt.Printf("     the line is up at %s; pictures go to %s\n", line.URL, shots)
	return &story{t: t, line: line, web: web}
}

// setClock moves the clock to where AHEAD wants the story to begin, and away from midnight: points fade from one day to
// the next, and the story counts them.
func setClock(line *Line) error {
	if ahead := os.Getenv("AHEAD"); ahead != "" {
		by, err := time.ParseDuration(ahead)
		if err != nil {
			return fmt.Errorf("AHEAD is a time such as 200h: %w", err)
		}
		if err := line.Forward(by); err != nil {
			return err
		}
	}
	now, err := line.Now()
	if err != nil {
		return err
	}
	now = now.In(tehran)
	if left := 24*time.Hour - time.Duration(now.Hour())*time.Hour - time.Duration(now.Minute())*time.Minute; left < 20*time.Minute {
		return line.Forward(left + time.Minute)
	}
	return nil
}

// tool runs the tool beside the line and gives what it says.
func (s *story) tool(args ...string) (string, error) {
	cmd := exec.Command(os.Getenv("SARNAKH"), append(args, "--env", s.line.Env)...)
	cmd.Dir = os.Getenv("SARNAKH_ROOT")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("sarnakh %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (s *story) open(script Script) *Tab {
	s.t.Helper()
	tab, err := s.web.Open(script)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(tab.close)
	return tab
}

// person is somebody who fills in forms.
type person struct {
	name, email, mobile, role, employees string
	consent                              bool
	locale                               string
	away                                 bool // in Dubai, half an hour ahead of Tehran
}

// clock is where the person lives.
func (p person) clock() *time.Location {
	if p.away {
		return time.FixedZone("Asia/Dubai", 4*3600)
	}
	return tehran
}

// asks opens a page and fills its form in and sends it, as a person does.
func (s *story) asks(tab *Tab, p person, page, form string) error {
	field := func(name string) string { return fmt.Sprintf(`form[data-form=%s] [name=%s]`, form, name) }
	if !strings.Contains(tab.At(), "/pages/"+page) {
		if err := tab.Go(s.line.URL + "/pages/" + page); err != nil {
			return err
		}
	}
	for name, v := range map[string]string{"first_name": p.name, "email": p.email, "mobile": p.mobile} {
		if v != "" {
			if err := tab.Write(field(name), v); err != nil {
				return err
			}
		}
	}
	for name, v := range map[string]string{"role": p.role, "employees": p.employees} {
		if v != "" {
			if err := tab.Choose(field(name), v); err != nil {
				return err
			}
		}
	}
	if p.consent {
		if err := tab.Press(field("consent_email")); err != nil {
			return err
		}
	}
	time.Sleep(1200 * time.Millisecond) // a form that is sent within a second is a machine's
	if err := tab.Press(fmt.Sprintf(`form[data-form=%s] button`, form)); err != nil {
		return err
	}
	if err := within(soon, func() error {
		return check(strings.Contains(tab.At(), "/f/"+form+"/thanks"), "after the form the browser is at %s", tab.At())
	}); err != nil {
		text, _ := tab.Text("body")
		return fmt.Errorf("%w: %.500s", err, text)
	}
	return tab.Wait("h1")
}

// scored waits until a lead has a score, and looks whether the lines of its card add up and are Persian.
func (s *story) scored(email string, want int) (lead *Lead, err error) {
	err = within(soon, func() error {
		if lead, err = s.line.Lead(email); err != nil {
			return err
		}
		return check(lead.Card.Total == want, "%s has %d points, want %d: %+v", email, lead.Card.Total, want, lead.Lines)
	})
	if err != nil {
		return nil, err
	}
	return lead, s.adds(lead)
}

func (s *story) adds(lead *Lead) error {
	sum := 0
	for _, l := range lead.Lines {
		sum += l.Points
		if l.Title == "" || strings.ContainsFunc(l.Title, func(r rune) bool {
			return r < 0x80 && (r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
		}) {
			return fmt.Errorf("the line %q is not in Persian", l.Title)
		}
	}
	return check(sum == lead.Card.Total && lead.Card.Total == lead.Card.Fit+lead.Card.Engagement, "the lines add up to %d, the card says %d = %d + %d", sum, lead.Card.Total, lead.Card.Fit, lead.Card.Engagement)
}

// points of the line with a title.
func points(lead *Lead, title string) int {
	for _, l := range lead.Lines {
		if l.Title == title && (l.Kind == "signal" || l.Kind == "fit") {
			return l.Points
		}
	}
	return 0
}

// mails of a class to somebody.
func (s *story) mails(to, class string) ([]Mail, error) {
	all, err := s.line.Mails(to)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(m Mail) bool { return m.Tag("class") != class }), nil
}

// mail waits for a mail by its name in the playbook, and gives all of it.
func (s *story) mail(to, class, name string) (m Mail, err error) {
	err = within(4*time.Minute, func() error { // mails leave each minute
		all, err := s.mails(to, class)
		if err != nil {
			return err
		}
		for _, one := range all {
			if name == "" || one.Tag("mail") == name {
				m, err = s.line.Mail(one.ID)
				return err
			}
		}
		return fmt.Errorf("no mail %s of class %s to %s: %+v", name, class, to, all)
	})
	return m, err
}

// permits looks at the headers by which mail programs show their own unsubscribe button (RFC 8058).
func permits(m Mail) (leave string, err error) {
	leave = strings.Trim(strings.Split(m.Header("List-Unsubscribe"), ",")[0], "<> ")
	if u, err := url.Parse(leave); err != nil || !strings.HasPrefix(u.Path, "/u/") {
		return "", fmt.Errorf("%q has List-Unsubscribe %q", m.Subject, m.Header("List-Unsubscribe"))
	}
	return leave, check(m.Header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click", "%q has List-Unsubscribe-Post %q", m.Subject, m.Header("List-Unsubscribe-Post"))
}

// oneClick does what a mail program does when its own button is pressed.
func oneClick(leave string) error {
	status, err := call(http.MethodPost, leave, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, strings.NewReader("List-Unsubscribe=One-Click"), nil)
	return errors.Join(err, check(status == http.StatusOK, "one click was answered with %d", status))
}
