package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/sending"
)

// This program is also the processes that its mail figures need beside it.
func init() {
	switch os.Getenv("SARNAKH_BENCH_AS") {
	case "ses":
		serveStub()
	case "nurture":
		if err := drain(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// beside runs this program as another, and gives what it prints first.
func beside(ctx context.Context, as string, env ...string) (*exec.Cmd, *bufio.Reader, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env, cmd.Stderr = append(append(os.Environ(), "SARNAKH_BENCH_AS="+as), env...), os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		_, err = cmd.StdinPipe() // open as long as we live
	}
	if err == nil {
		err = cmd.Start()
	}
	return cmd, bufio.NewReader(out), err
}

// startStub starts an SES that takes everything.
func startStub(ctx context.Context) (url string, stop func(), err error) {
	cmd, out, err := beside(ctx, "ses")
	if err != nil {
		return "", nil, err
	}
	line, err := out.ReadString('\n')
	return strings.TrimSpace(line), func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }, err
}

func serveStub() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("http://%s\n", l.Addr())
	go func() { // whoever started it is gone
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
	mux.HandleFunc("POST /v2/email/outbound-emails", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, `{"MessageId":"0107-1"}`)
	})
	mux.HandleFunc("POST /v2/email/outbound-bulk-emails", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		one := `{"Status":"SUCCESS","MessageId":"0107-1"}`
		answer(w, `{"BulkEmailEntryResults":[`+strings.TrimSuffix(strings.Repeat(one+",", entries(body)), ",")+`]}`)
	})
	_ = http.Serve(l, mux)
	os.Exit(0)
}

// dueAtOnce is how many wait in the last figure, and the rate of the account.
const dueRate = 400

var dueAtOnce = func() int {
	if n, err := strconv.Atoi(os.Getenv("SARNAKH_BENCH_DUE")); err == nil {
		return n // 100,000 take minutes, most of them the engine's
	}
	return 20_000
}()

// trackOf gives each person a track: one of a hundred asked for their mail.
func trackOf(i int) string {
	if i%100 == 7 {
		return "asked"
	}
	return fmt.Sprintf("bench%d", i%4)
}

// dueFigures let a process of its own serve many who are due at once.
func dueFigures(ctx context.Context, r *report) error {
	r.title("many due at once, of four urgencies and asked for; the same engine and stub, the tick in a process of its own")
	stub, stop, err := startStub(ctx)
	if err != nil {
		return err
	}
	defer stop()
	e := &engine{}
	e.reset()
	s, names, err := e.tables(ctx)
	if err != nil {
		return err
	}
	c, err := mailBook()
	if err != nil {
		return err
	}
	for i := 0; i < dueAtOnce; i += 1000 {
		if err := addressed(ctx, s, c, i, 1000, trackOf, start); err != nil {
			return err
		}
	}
	cmd, out, err := beside(ctx, "nurture", "SARNAKH_BENCH_SES="+stub, "SARNAKH_BENCH_TABLES="+strings.Join([]string{names.Ledger, names.History, names.People, names.Desk}, " "))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(out)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return fmt.Errorf("many due at once: %w", err)
	}
	got := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if got[name], err = strconv.ParseFloat(value, 64); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
	}
	r.least(fmt.Sprintf("due.%d at once: sent", dueAtOnce), got["sent"], "", float64(dueAtOnce))
	r.most("due.  people with two mails", got["twice"], "", 0)
	r.most("due.  mails after a less urgent one", got["disorder"], "", 0)
	r.most("due.  mails in the fullest 10 s ÷ what the account may send", got["fullest"]/(10*dueRate), "", 1)
	r.note("due.  minutes of ticks that it took", got["ticks"], fmt.Sprintf("(%d mails a second allowed)", dueRate))
	r.most("due.  peak memory of the process", got["peak"], "MB", 128)
	r.note("due.  read units of looking who is urgent, a mail", got["read"]/float64(dueAtOnce), "")
	return nil
}

// drain is the process that serves them. Its clock is the one of the waits.
func drain(ctx context.Context) error {
	t := strings.Fields(os.Getenv("SARNAKH_BENCH_TABLES"))
	e := &engine{}
	e.reset()
	db := e.client(os.Getenv("SARNAKH_DYNAMODB_ENDPOINT"))
	s := dynamo.New(db, dynamo.Tables{Ledger: t[0], History: t[1], People: t[2], Desk: t[3]}, e.meter)
	c, err := mailBook()
	if err != nil {
		return err
	}
	l, err := letters()
	if err != nil {
		return err
	}
	sender := stubSender(os.Getenv("SARNAKH_BENCH_SES"))
	var spent time.Duration
	now := start
	var left []time.Duration // of each mail, since the start
	people := make(map[string]uint8, dueAtOnce)
	urgency, disorder, twice := 1000, 0, 0
	note := func(ms []mail.Message) {
		for _, m := range ms {
			rank := 1
			for _, tag := range m.Tags {
				if tag.Name == "class" && tag.Value == "asked" {
					rank = 999
				}
			}
			if rank == 1 {
				n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(m.To, "person"), "@y.example"))
				rank = n % 4
			}
			if rank > urgency {
				disorder++
			}
			urgency = rank
			if people[m.To]++; people[m.To] > 1 {
				twice++
			}
			left = append(left, now.Add(spent).Sub(start))
		}
	}
	n := &flow.Nurture{Store: s, Playbook: func(context.Context) (*playbook.Compiled, error) { return c, nil }, Letters: l, Log: silent,
		Short: func() bool { return spent > 45*time.Second }, Left: func() time.Duration { return 50*time.Second - spent }, Elapsed: func() time.Duration { return spent },
		Wait: func(_ context.Context, d time.Duration) error { spent += d; return nil },
		Quota: func(context.Context) (sending.Quota, error) {
			return sending.Quota{PerSecond: dueRate, PerDay: -1}, nil
		},
		Send: func(ctx context.Context, m mail.Message) (mail.Fate, error) {
			note([]mail.Message{m})
			return sender.Send(ctx, m)
		},
		SendBulk: func(ctx context.Context, ms []mail.Message) []mail.Handed { note(ms); return sender.SendBulk(ctx, ms) },
	}
	ticks := 0
	for ; ticks < 60; ticks++ {
		spent = 0
		rep, err := n.Tick(ctx, now, fmt.Sprint("attempt ", ticks))
		if err != nil {
			return err
		}
		if rep.Due == 0 {
			break
		}
		now = now.Add(time.Minute)
	}
	slices.Sort(left)
	fullest, first := 0, 0
	for i, at := range left {
		for at-left[first] >= 10*time.Second {
			first++
		}
		fullest = max(fullest, i-first+1)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	peak, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	fmt.Printf("sent %d\ntwice %d\ndisorder %d\nfullest %d\nticks %d\npeak %.1f\nread %.0f\n", len(left), twice, disorder, fullest, ticks, peak/1024, e.queried)
	return nil
}
