package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// torture is a run whose processes are killed all the time.
type torture struct {
	*aRun
	luck *rand.Rand
	// killed counts kills by the function whose process it was, run for the
	// whole of it; inWork, those that hit an invocation, as the run itself says.
	killed map[string]int
	inWork atomic.Int64
}

const (
	tortureEach = 10 // activities a lead
	runEvery    = 25 // of so many kills, one is of the run
)

// suffered is what a lead of this test does: pages, a call, for some a form with
// an address and consent, for others a request that sales is told of at once.
// No mail follows at once: those that are sent would be activities too.
func suffered(i int, day time.Time) []activity.Activity {
	as := did(i, day)
	address := fmt.Sprintf("torture%d@company%d.example", i, i%7)
	if i%2 == 0 {
		f := &as[3]
		f.Type, f.Properties = activity.FormPosted, []activity.Property{{Name: "form", Value: activity.TextValue("webinar")}}
		f.Who.Email = address
		f.Consent = []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1", Proof: "form"}}
		f.Profile = []activity.Property{{Name: "role", Value: activity.TextValue("sales_manager")}}
	}
	if i%10 == 5 {
		f := &as[5]
		f.Type, f.Properties = activity.FormPosted, []activity.Property{{Name: "form", Value: activity.TextValue("demo")}}
	}
	return as
}

// TestTortureLosesNothingAndCountsNothingTwice needs minutes; SARNAKH_TORTURE
// says how many deliveries, kills and which seed: "20000 500 7" (infra/torture.sh).
func TestTortureLosesNothingAndCountsNothingTwice(t *testing.T) {
	said := os.Getenv("SARNAKH_TORTURE")
	if said == "" {
		t.Skip("left out: minutes of kill -9; run: make torture")
	}
	var deliveries, kills int
	var seed uint64
	if _, err := fmt.Sscan(said, &deliveries, &kills, &seed); err != nil || deliveries < 100 || kills < 1 {
		t.Fatalf("SARNAKH_TORTURE is %q: it must be deliveries, kills and seed, such as 20000 500 7", said)
	}
	began := time.Now()
	r := &torture{aRun: newRun(t), luck: rand.New(rand.NewPCG(seed, 5)), killed: map[string]int{}}
	r.visibility = 15 * time.Second
	r.heard = func(line string) {
		if strings.Contains(line, "signal: killed") {
			r.inWork.Add(1)
		}
	}
	day := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	leads := deliveries * 10 / 13 / tortureEach
	bodies, externals := r.everything(leads, deliveries, day)

	r.ready()
	for k := range kills {
		if k > 0 && k%100 == 0 {
			t.Logf("%s: %d of %d kills, %d deliveries sent", time.Since(began).Round(time.Second), k, kills, k*len(bodies)/kills)
		}
		r.send(bodies[k*len(bodies)/kills : (k+1)*len(bodies)/kills])
		time.Sleep(time.Duration(r.luck.IntN(200)) * time.Millisecond)
		if (k+1)%runEvery == 0 {
			r.killed["the run"]++
			r.kill()
			r.begin()
			continue
		}
		r.killOne()
	}
	t.Logf("%s: all kills done; what is left must end", time.Since(began).Round(time.Second))
	back := 0
	for range 8 { // what was killed too often comes back, as a person brings it back
		r.quiet("ACTIVITIES_QUEUE_URL")
		n := r.redrive()
		if back += n; n == 0 {
			break
		}
	}
	got, err := r.desk.Check(t.Context(), tool.Checking{
		Externals: externals, Sent: func(i int) []activity.Activity { return suffered(i, day) }, Sample: leads, Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Faults {
		t.Error(f)
	}
	sent := leads * tortureEach
	if got.Leads != leads || got.Conflicts != 0 || got.Equal != leads {
		t.Errorf("%+v, want %d leads", got, leads)
	}
	all := r.entries()
	if got.Entries != sent || all < sent {
		t.Errorf("the leads hold %d entries, all ledgers %d; %d activities were sent", got.Entries, all, sent)
	}
	r.recorded()
	// A delivery that failed some times waits for hours before the next: they pass.
	r.forward(13 * time.Hour)
	r.quiet()
	if n := r.redrive(); n > 0 {
		back += n
		r.quiet()
	}
	r.decidedOnce()
	if n := r.redrive(); n != 0 {
		t.Errorf("%d messages are dead letters", n)
	}
	total := 0
	var by []string
	for _, name := range slices.Sorted(maps.Keys(r.killed)) {
		total += r.killed[name]
		by = append(by, fmt.Sprintf("%s %d", name, r.killed[name]))
	}
	if total < kills*9/10 || int(r.inWork.Load()) < kills/4 {
		t.Errorf("%d processes were killed, %d of them in an invocation: this proves little", total, r.inWork.Load())
	}
	fmt.Printf("torture: %d deliveries of %d activities of %d leads; killed %d processes (%s), %d invocations in the middle; dead letters brought back %d: lost %d, twice %d, score other than its replay %d; seed %d, in %s\n",
		len(bodies), sent, leads, total, strings.Join(by, ", "), r.inWork.Load(), back,
		max(0, sent-got.Entries), max(0, got.Entries-sent), got.Leads-got.Equal, seed, time.Since(began).Round(time.Second))
}

// everything is all messages in any order: three of ten come twice.
func (r *torture) everything(leads, deliveries int, day time.Time) (bodies [][]byte, externals []string) {
	for i := range leads {
		externals = append(externals, external(i))
		for _, a := range suffered(i, day) {
			bodies = append(bodies, activity.Encode([]activity.Activity{a}))
		}
	}
	for once := len(bodies); len(bodies) < deliveries; {
		bodies = append(bodies, bodies[r.luck.IntN(once)])
	}
	r.luck.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	return bodies, externals
}

// send is a sender who sends again what it does not know to be taken.
func (r *torture) send(bodies [][]byte) {
	r.t.Helper()
	var err error
	for range 5 {
		if err = r.activities.SendAll(r.t.Context(), bodies); err == nil {
			return
		}
		time.Sleep(time.Second)
	}
	r.t.Fatal(err)
}

// begin starts the run again and does not wait until it is ready: the next kill
// may come while it starts.
func (r *torture) begin() {
	lines := r.start()
	go func() {
		for range lines {
		}
	}()
}

// killOne kills the process of a function in the middle of its work: every
// other time that of ingest, if it comes to work within two seconds. Where
// none is at work for long, an idle one dies.
func (r *torture) killOne() {
	r.t.Helper()
	var victim int
	picky, idle := time.Now(), time.Now().Add(4*time.Second)
	if r.luck.IntN(2) == 0 {
		picky = picky.Add(2 * time.Second)
	}
	r.until("any process to kill", 5*time.Minute, func() bool {
		select {
		case <-r.done: // it could not start: its engine was still busy with the kill
			r.begin()
		default:
		}
		pids := below(filepath.Join(r.data, "build"))
		before := map[int]int64{}
		for _, pid := range pids {
			before[pid] = onCPU(pid)
		}
		time.Sleep(time.Duration(1+r.luck.IntN(4)) * time.Millisecond)
		pids = slices.DeleteFunc(pids, func(pid int) bool {
			return time.Now().Before(idle) && onCPU(pid)-before[pid] < 100_000 || time.Now().Before(picky) && nameOf(pid) != "ingest"
		})
		if len(pids) == 0 {
			return false
		}
		victim = pids[r.luck.IntN(len(pids))]
		return true
	})
	name := nameOf(victim)
	if syscall.Kill(victim, syscall.SIGKILL) == nil {
		r.killed[name]++
	}
}

// nameOf is the function that a process runs.
func nameOf(pid int) string {
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return "gone"
	}
	return filepath.Base(filepath.Dir(strings.TrimSuffix(exe, " (deleted)")))
}

// onCPU is how long a process has run, in nanoseconds.
func onCPU(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// redrive brings dead letters back to their queue and says how many there were.
// A tick that was given up is followed by the next one.
func (r *torture) redrive() (n int) {
	r.t.Helper()
	w := r.world()
	client := sqs.NewFromConfig(w.cfg, func(o *sqs.Options) { o.BaseEndpoint = w.endpoint("SQS") })
	for _, name := range []string{"ACTIVITIES", "DELIVERIES", "JOBS", "FEEDBACK"} {
		dead, to := w.need(name+"_DEAD_LETTERS_URL"), w.queue(name+"_QUEUE_URL")
		if err := w.err(); err != nil {
			r.t.Fatal(err)
		}
		for {
			got, err := client.ReceiveMessage(r.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(dead), MaxNumberOfMessages: 10})
			if err != nil {
				r.t.Fatal(err)
			}
			if len(got.Messages) == 0 {
				break
			}
			for _, m := range got.Messages {
				if err := to.Send(r.t.Context(), []byte(aws.ToString(m.Body))); err != nil {
					r.t.Fatal(err)
				}
				if _, err := client.DeleteMessage(r.t.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(dead), ReceiptHandle: m.ReceiptHandle}); err != nil {
					r.t.Fatal(err)
				}
				n++
			}
		}
	}
	return n
}

// recorded waits until every pending decision of every ledger has its record:
// from there on the queue of deliveries carries it.
func (r *torture) recorded() {
	r.t.Helper()
	missing := 0
	r.until("every decision recorded", 8*time.Minute, func() bool {
		var keys []store.DecisionKey
		r.everyState(func(s *ledger.State) {
			for _, d := range s.Pending {
				keys = append(keys, flow.KeyOf(s.Lead, d))
			}
		})
		missing = 0
		for part := range slices.Chunk(keys, 100) {
			got, err := r.store.ReadDecisions(context.Background(), part)
			if err != nil {
				r.t.Fatal(err)
			}
			missing += len(part) - len(got)
		}
		return missing == 0
	})
}

// forward moves the clock of the run, as its page does.
func (r *torture) forward(by time.Duration) {
	r.t.Helper()
	page := ""
	r.until("the clock moves", 5*time.Minute, func() bool { // the run may be starting yet
		page = r.world().get("PAGE_URL")
		req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, page+"/clock", strings.NewReader("by="+by.String()))
		if err != nil {
			r.t.Fatal(err)
		}
		req.Header.Set("X-Part", "1")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusAccepted
	})
	r.until("the clock moved", 20*time.Minute, func() bool {
		res, err := http.Get(page + "/clock/events")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			var at struct{ Running bool }
			if data, ok := strings.CutPrefix(s.Text(), "data: "); ok && json.Unmarshal([]byte(data), &at) == nil && !at.Running {
				return true
			}
		}
		return false
	})
}
