package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var binaryDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "echo")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaryDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// binary is testdata/echo, built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir, "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", path, "../testdata/echo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func host(t *testing.T, change func(*Spec)) *Function {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := Spec{
		ID: "EchoFunction", Name: "s-EchoFunction", ARN: "arn:aws:lambda:r:1:function:s-EchoFunction", Binary: path, Region: "eu-central-1", Memory: 256,
		Timeout: time.Minute, Processes: 3, LogFile: filepath.Join(t.TempDir(), "echo.log"), Report: func(s string) { t.Log(s) },
		Env: map[string]string{"TABLE": "things", "AWS_ACCESS_KEY_ID": "LOCALECHO"}, LogJSON: true, LogLevel: "INFO",
	}
	if change != nil {
		change(&s)
	}
	f, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		f.Stop(ctx)
	})
	return f
}

func invoke(t *testing.T, f *Function, event string) (map[string]any, error) {
	t.Helper()
	payload, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal(payload, &out); err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	return out, nil
}

func TestAFunctionSeesWhatLambdaWouldShowIt(t *testing.T) {
	f := host(t, nil)
	got, err := invoke(t, f, `{"do":"where"}`)
	if err != nil {
		t.Fatal(err)
	}
	env := got["env"].(map[string]any)
	for name, want := range map[string]string{"AWS_REGION": "eu-central-1", "AWS_LAMBDA_FUNCTION_NAME": "s-EchoFunction", "AWS_ACCESS_KEY_ID": "LOCALECHO", "HOME": "", "TABLE": "things", "AWS_LAMBDA_LOG_FORMAT": "JSON"} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	if got["arn"] != "arn:aws:lambda:r:1:function:s-EchoFunction" || len(got["request"].(string)) != 36 {
		t.Errorf("arn %v, request %v", got["arn"], got["request"])
	}
	if left := got["left"].(float64); left < 30_000 || left > 60_000 {
		t.Errorf("%v ms are left of a minute", left)
	}
}

func TestOneProcessTakesOneEventAtATimeAndIsUsedAgain(t *testing.T) {
	f := host(t, nil)
	first, _ := invoke(t, f, `{"do":"where"}`)
	second, _ := invoke(t, f, `{"do":"where"}`)
	if first["pid"] != second["pid"] || second["n"].(float64) != 2 {
		t.Errorf("two events in a row ran in processes %v and %v", first["pid"], second["pid"])
	}
	var group sync.WaitGroup
	began := time.Now()
	for range 6 {
		group.Go(func() {
			if _, err := f.Invoke(t.Context(), []byte(`{"do":"sleep","ms":300}`)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if took := time.Since(began); took < 590*time.Millisecond {
		t.Errorf("6 events of 300 ms in 3 processes took %v", took)
	}
	if s := f.Stats(); s.Processes != 3 || s.Invocations != 8 || s.ColdStarts != 3 {
		t.Errorf("%+v", s)
	}
}

func TestFailuresAreErrorsAndTheNextEventIsServed(t *testing.T) {
	for _, c := range []struct{ name, event, kind, text string }{
		{"a returned error", `{"do":"error"}`, "errorString", "it did not work"},
		{"a panic", `{"do":"panic"}`, "string", "it broke"},
		{"an exit", `{"do":"exit"}`, exitError, "exit status 7"},
		{"a timeout", `{"do":"sleep","ms":300000}`, timedOut, "Task timed out after 2.00 seconds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host(t, func(s *Spec) { s.Processes = 1; s.Timeout = 2 * time.Second })
			_, err := invoke(t, f, c.event)
			var failure *Error
			if !errors.As(err, &failure) || failure.Type != c.kind || !strings.Contains(failure.Message, c.text) {
				t.Fatalf("got %v, want %s with %q", err, c.kind, c.text)
			}
			if got, err := invoke(t, f, `{"a":1}`); err != nil || got["a"] != 1.0 {
				t.Errorf("the next event: %v %v", got, err)
			}
			if s := f.Stats(); s.Errors != 1 || s.Invocations != 2 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestAFunctionThatCannotStartSaysWhy(t *testing.T) {
	f := host(t, func(s *Spec) { s.Env = map[string]string{"FAIL_INIT": "1"} })
	if err := f.Warm(t.Context()); err == nil || !strings.Contains(err.Error(), "no table is set") {
		t.Errorf("got %v", err)
	}
	if s := f.Stats(); !strings.Contains(s.InitError, "no table is set") {
		t.Errorf("%+v", s)
	}
}

func TestLinesAndReportsAreInTheLog(t *testing.T) {
	f := host(t, nil)
	if _, err := invoke(t, f, `{}`); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(f.Spec().LogFile)
	if err != nil || !strings.Contains(string(log), `"msg":"started"`) || !strings.Contains(string(log), `"type":"platform.report"`) {
		t.Errorf("%v: %s", err, log)
	}
}

func TestIdleProcessesEnd(t *testing.T) {
	f := host(t, func(s *Spec) { s.IdleFor = 100 * time.Millisecond })
	if _, err := invoke(t, f, `{}`); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); f.Stats().Processes > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the process still runs")
		}
	}
	if _, err := invoke(t, f, `{}`); err != nil {
		t.Errorf("after the end of the idle process: %v", err)
	}
}

func TestStopLetsEventsFinish(t *testing.T) {
	f := host(t, nil)
	answered := make(chan error, 1)
	go func() {
		_, err := f.Invoke(context.Background(), []byte(`{"do":"sleep","ms":400}`))
		answered <- err
	}()
	for f.Stats().Busy == 0 {
		time.Sleep(time.Millisecond)
	}
	f.Stop(t.Context())
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, ErrStopped) {
		t.Errorf("after Stop: %v", err)
	}
}

func TestAProcessKilledFromOutsideIsReplaced(t *testing.T) {
	f := host(t, func(s *Spec) { s.Processes = 1 })
	got, err := invoke(t, f, `{"do":"where"}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(int(got["pid"].(float64)), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for f.Stats().Processes > 0 {
		time.Sleep(time.Millisecond)
	}
	if again, err := invoke(t, f, `{"do":"where"}`); err != nil || again["pid"] == got["pid"] {
		t.Errorf("%v %v", again, err)
	}
}

func BenchmarkInvoke(b *testing.B) {
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	f, err := New(Spec{ID: "Echo", Name: "echo", Binary: path, Timeout: 5 * time.Second, Processes: 1, LogFile: filepath.Join(b.TempDir(), "log")})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Stop(context.Background())
	for b.Loop() {
		if _, err := f.Invoke(context.Background(), []byte(`{"a":1}`)); err != nil {
			b.Fatal(err)
		}
	}
}
