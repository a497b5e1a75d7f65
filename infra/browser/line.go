package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Line is a local run with tables of its own, and what can be asked of it from outside.
type Line struct {
	URL     string // the developer's page
	Public  string // the public API
	Console string // the console and its API
	Inbox   string // the mailbox's test API
	Env     string // the file that says where tables and queues are
	token   string // of somebody who works with leads

	run  *exec.Cmd
	done chan error
	out  lines
}

// lines keeps the last words of a run for a failure.
type lines struct {
	mu   sync.Mutex
	last []string
}

func (l *lines) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, s)
	if len(l.last) > 40 {
		l.last = l.last[1:]
	}
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}

// StartLine runs sarnakh local in the folder of the repository and waits until it is ready.
func StartLine(sarnakh, root, data, record string) (*Line, error) {
	args := []string{"local", "--no-open", "--port", "0", "--data", data}
	if record != "" {
		args = append(args, "--record", record)
	}
	l := &Line{run: exec.Command(sarnakh, args...), done: make(chan error, 1)}
	l.run.Dir = root
	// A group of its own: what a terminal interrupts is the test, and the test stops its run by itself.
	l.run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := l.run.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the local run: %w", err)
	}
	stderr, err := l.run.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("start the local run: %w", err)
	}
	if err := l.run.Start(); err != nil {
		return nil, fmt.Errorf("start the local run: %w", err)
	}
	ready := make(chan string, 1)
	var reading sync.WaitGroup
	for _, in := range []io.Reader{stdout, stderr} {
		reading.Go(func() {
			scan := bufio.NewScanner(in)
			scan.Buffer(nil, 1<<20)
			for scan.Scan() {
				l.out.add(scan.Text())
				if at, ok := strings.CutPrefix(scan.Text(), "ready "); ok {
					ready <- at
				}
			}
		})
	}
	go func() {
		reading.Wait()
		l.done <- l.run.Wait()
	}()
	select {
	case l.URL = <-ready:
	case err := <-l.done:
		return nil, fmt.Errorf("the local run ended before it was ready (%v):\n%s", err, &l.out)
	case <-time.After(10 * time.Minute): // the first run installs engines
		_ = l.Stop()
		return nil, fmt.Errorf("the local run was not ready after ten minutes:\n%s", &l.out)
	}
	l.Env = filepath.Join(data, "env")
	env, err := os.ReadFile(l.Env)
	if err != nil {
		_ = l.Stop()
		return nil, fmt.Errorf("read what the run wrote for others: %w", err)
	}
	for name, to := range map[string]*string{"PUBLIC_URL": &l.Public, "CONSOLE_URL": &l.Console, "INBOX_URL": &l.Inbox, "CONSOLE_TOKEN": &l.token} {
		if *to = variable(env, name); *to == "" {
			_ = l.Stop()
			return nil, fmt.Errorf("%s is not in %s", name, filepath.Join(data, "env"))
		}
	}
	return l, nil
}

// variable reads export NAME='value'.
func variable(env []byte, name string) string {
	for line := range strings.Lines(string(env)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "export "+name+"="); ok {
			return strings.Trim(v, `'"`)
		}
	}
	return ""
}

// Stop ends the run as ctrl-c does.
func (l *Line) Stop() error {
	if l.run.ProcessState == nil {
		_ = l.run.Process.Signal(syscall.SIGINT)
	}
	select {
	case err := <-l.done:
		if err != nil {
			return fmt.Errorf("the local run did not end well (%w):\n%s", err, &l.out)
		}
		return nil
	case <-time.After(90 * time.Second):
		_ = l.run.Process.Kill()
		return fmt.Errorf("the local run did not end within 90 s:\n%s", &l.out)
	}
}

// call asks the run; out is decoded from JSON where it is not nil.
func call(method, to string, head http.Header, body io.Reader, out any) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return 0, err
	}
	for k := range head {
		req.Header[k] = head[k]
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return res.StatusCode, err
	}
	if out != nil {
		if res.StatusCode >= 300 {
			return res.StatusCode, fmt.Errorf("%s %s: %s %.300s", method, to, res.Status, b)
		}
		if err := json.Unmarshal(b, out); err != nil {
			return res.StatusCode, fmt.Errorf("%s %s: %w", method, to, err)
		}
	}
	return res.StatusCode, nil
}

// Mail is one mail of the mailbox.
type Mail struct {
	ID      string              `json:"id"`
	At      time.Time           `json:"at"`
	To      []string            `json:"to"`
	Subject string              `json:"subject"`
	Tags    map[string][]string `json:"tags"`
	Headers []struct{ Name, Value string }
	HTML    string `json:"html"`
	Text    string `json:"text"`

	Attachments []struct {
		Name string
		Data []byte
	} `json:"attachments"`
}

// Tag is the first value of a tag.
func (m *Mail) Tag(name string) string {
	if v := m.Tags[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Header is the first header of a name.
func (m *Mail) Header(name string) string {
	for _, h := range m.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Mails are those to an address, oldest first.
func (l *Line) Mails(to string) ([]Mail, error) {
	var list struct{ Mails []Mail }
	if _, err := call(http.MethodGet, l.Inbox+"/mails?limit=500&to="+url.QueryEscape(to), nil, nil, &list); err != nil {
		return nil, err
	}
	for i, j := 0, len(list.Mails)-1; i < j; i, j = i+1, j-1 {
		list.Mails[i], list.Mails[j] = list.Mails[j], list.Mails[i]
	}
	return list.Mails, nil
}

// Mail is all of one mail.
func (l *Line) Mail(id string) (Mail, error) {
	var m Mail
	_, err := call(http.MethodGet, l.Inbox+"/mails/"+url.PathEscape(id), nil, nil, &m)
	return m, err
}

// Bounce lets a mail come back for good.
func (l *Line) Bounce(id string) error {
	status, err := call(http.MethodPost, l.Inbox+"/mails/"+url.PathEscape(id)+"/events", http.Header{"Content-Type": {"application/json"}},
		strings.NewReader(`{"type":"Bounce","bounceType":"Permanent"}`), nil)
	if err == nil && status != http.StatusNoContent {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return fmt.Errorf("let mail %s bounce: %w", id, err)
	}
	return nil
}

// Lead is what the console's API says of somebody.
type Lead struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	BandTitle  string `json:"bandTitle"`
	StageTitle string `json:"stageTitle"`
	Card       struct {
		Total, Fit, Engagement int
		Band, Grade, Persona   string
	} `json:"card"`
	Lines []struct {
		Title, Kind, Name string
		Points            int
	} `json:"lines"`
	Decisions []struct {
		Kind, Subject string
		N             int
	} `json:"decisions"`
	Mail struct {
		Consent    bool
		Suppressed string
		Tracks     []struct{ Track, Step, Held, Ended string }
	} `json:"mail"`
}

// Lead finds a lead by e-mail.
func (l *Line) Lead(email string) (*Lead, error) {
	var found, lead = struct{ ID string }{}, &Lead{}
	if err := l.api("find?email="+url.QueryEscape(email), &found); err != nil {
		return nil, err
	}
	return lead, l.api("leads/"+url.PathEscape(found.ID)+"?locale=fa", lead)
}

func (l *Line) api(path string, out any) error {
	_, err := call(http.MethodGet, l.Console+"/api/"+path, http.Header{"Authorization": {"Bearer " + l.token}}, nil, out)
	return err
}

// state is what the developer's page says of the run.
type state struct {
	Now               time.Time
	MailEventsPending int
	Queues            []struct {
		LogicalID, Function, DeadOf string
		Visible, Hidden, Delayed    int
	}
	Functions []struct {
		LogicalID                          string
		Busy, Invocations, Errors, Crashes int
		LastError, InitError               string
	}
}

func (l *Line) state() (state, error) {
	var s state
	_, err := call(http.MethodGet, l.URL+"/state", nil, nil, &s)
	return s, err
}

// Now is the time of the run.
func (l *Line) Now() (time.Time, error) {
	s, err := l.state()
	return s.Now, err
}

// Forward moves the clock of the run and waits until all that fell due is done.
func (l *Line) Forward(by time.Duration) error {
	before, err := l.Now()
	if err != nil {
		return err
	}
	status, err := call(http.MethodPost, l.URL+"/clock", http.Header{"X-Part": {"1"}, "Content-Type": {"application/x-www-form-urlencoded"}},
		strings.NewReader(url.Values{"by": {by.String()}}.Encode()), nil)
	if err != nil || status != http.StatusAccepted {
		return fmt.Errorf("move the clock by %s: status %d, %w", by, status, errors.Join(err))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL+"/clock/events", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("watch the clock: %w", err)
	}
	defer res.Body.Close()
	scan := bufio.NewScanner(res.Body)
	for scan.Scan() {
		data, ok := bytes.CutPrefix(scan.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		var p struct {
			Running, Failed bool
			Words           string
		}
		if err := json.Unmarshal(data, &p); err != nil {
			return fmt.Errorf("watch the clock: %w", err)
		}
		if p.Running {
			continue
		}
		now, err := l.Now()
		switch {
		case err != nil:
			return err
		case p.Failed:
			return fmt.Errorf("the clock says: %s", p.Words)
		case now.Sub(before) < by:
			return fmt.Errorf("the clock stands at %s, not %s after %s", now, by, before)
		}
		return nil
	}
	return fmt.Errorf("the clock was moved and did not say that it arrived: %w", errors.Join(scan.Err(), ctx.Err()))
}

// Trouble says what went wrong in the run so far: failed invocations, dead letters, parked messages.
func (l *Line) Trouble() error {
	s, err := l.state()
	if err != nil {
		return err
	}
	var found []error
	for _, f := range s.Functions {
		if f.Errors > 0 || f.Crashes > 0 || f.InitError != "" {
			found = append(found, fmt.Errorf("%s: %d errors, %d crashes; last: %s%s", f.LogicalID, f.Errors, f.Crashes, f.LastError, f.InitError))
		}
	}
	for _, q := range s.Queues {
		if q.Function == "" && q.Visible+q.Hidden+q.Delayed > 0 {
			found = append(found, fmt.Errorf("%s holds %d messages", q.LogicalID, q.Visible+q.Hidden+q.Delayed))
		}
	}
	var parked struct {
		Parked []struct{ Source, Reason string }
	}
	if err := l.api("parked", &parked); err != nil {
		return err
	}
	for _, p := range parked.Parked {
		found = append(found, fmt.Errorf("parked from %s: %s", p.Source, p.Reason))
	}
	return errors.Join(found...)
}
