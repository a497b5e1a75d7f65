package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHelperRun is no test: it is a run that other tests kill.
func TestHelperRun(t *testing.T) {
	body := os.Getenv("LOCAL_TEST_OPTIONS")
	if body == "" {
		t.Skip("this is for other tests")
	}
	var o Options
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		t.Fatal(err)
	}
	o.OnReady = func(*House) { fmt.Println("ready") }
	if err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	fmt.Println("stopped")
}

type child struct {
	*exec.Cmd
	out *os.File
}

func spawn(t *testing.T, o Options) child {
	t.Helper()
	o.Out, o.OnReady = nil, nil
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestHelperRun", "-test.v")
	cmd.Env = append(os.Environ(), "LOCAL_TEST_OPTIONS="+string(body))
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it has ended
		cmd.Wait()         //nolint:errcheck // killed
	})
	c := child{cmd, out}
	c.await(t, "ready")
	return c
}

func (c child) await(t *testing.T, word string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		body, err := os.ReadFile(c.out.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), word) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it never said %s: %s", word, body)
		}
	}
}

// processesOf counts what runs a binary below a folder.
func processesOf(t *testing.T, dir string) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir) {
			n++
		}
	}
	return n
}

func TestAKilledRunLeavesNoProcessAndTheNextLosesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only the kernel of linux ends the processes of a killed run at once")
	}
	o, err := options(t).withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	first := spawn(t, o)
	h := House{o: o}
	h.engines = connect(o)
	answer, err := h.engines.sqs.Call(t.Context(), "GetQueueUrl", map[string]any{"QueueName": o.Stack + "-JobsQueue"})
	if err != nil {
		t.Fatal(err)
	}
	var queue struct{ QueueUrl string }
	if err := json.Unmarshal(answer, &queue); err != nil {
		t.Fatal(err)
	}
	const total = 400
	for from := 0; from < total; from += 10 {
		var entries []map[string]string
		for i := range 10 {
			entries = append(entries, map[string]string{"Id": fmt.Sprint(i), "MessageBody": fmt.Sprintf("message %d.", from+i)})
		}
		if _, err := h.engines.sqs.Call(t.Context(), "SendMessageBatch", map[string]any{"QueueUrl": queue.QueueUrl, "Entries": entries}); err != nil {
			t.Fatal(err)
		}
	}
	if processesOf(t, o.DataDir) == 0 {
		t.Fatal("no function runs")
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); processesOf(t, o.DataDir) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d functions outlived the run", processesOf(t, o.DataDir))
		}
	}
	again := open(t, o)
	again.quietly(t)
	all := strings.Join(again.seen(t, "message "), "\n")
	for i := range total {
		if !strings.Contains(all, fmt.Sprintf("message %d.", i)) {
			t.Fatalf("message %d never came", i)
		}
	}
}

func TestARunThatIsToldToStopFinishesWhatItHasInWork(t *testing.T) {
	o := options(t)
	c := spawn(t, o)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	c.await(t, "stopped")
	if err := c.Wait(); err != nil {
		c.out.Seek(0, io.SeekStart) //nolint:errcheck // for the message below
		body, _ := io.ReadAll(c.out)
		t.Errorf("%v: %s", err, body)
	}
	if n := processesOf(t, o.DataDir); n > 0 && runtime.GOOS == "linux" {
		t.Errorf("%d functions outlived the run", n)
	}
}
