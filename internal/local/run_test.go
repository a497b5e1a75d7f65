package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// house is a run of testdata/template.yaml with everything under a name of its
// own, so that tests share engines.
type house struct {
	*House
	seenPath string
	stop     func()
}

func options(t *testing.T) Options {
	t.Helper()
	dynamo, sqs := os.Getenv("SARNAKH_DYNAMODB_ENDPOINT"), os.Getenv("SARNAKH_SQS_ENDPOINT")
	if dynamo == "" || sqs == "" {
		t.Skip("no engines; run: go run ./cmd/sarnakh engines -- go test ./internal/local/")
	}
	dir := t.TempDir()
	return Options{
		Template: "testdata/template.yaml", DataDir: dir, Stack: fmt.Sprintf("t%d", time.Now().UnixNano()),
		Parameters: map[string]string{"Seen": filepath.Join(dir, "seen")}, APIParameters: map[string]string{"PublicUrl": "PublicApi"},
		Endpoints: Endpoints{DynamoDB: dynamo, SQS: sqs, SNS: sqs, Secrets: sqs}, Processes: 2,
		Env: map[string]string{"INBOX_URL": "http://inbox"}, Out: writer{t},
	}
}

type writer struct{ t *testing.T }

func (w writer) Write(b []byte) (int, error) {
	if w.t.Context().Err() == nil { // a line after the end of the test has no place
		w.t.Logf("%s", bytes.TrimRight(b, "\n"))
	}
	return len(b), nil
}

func open(t *testing.T, o Options) house {
	t.Helper()
	h, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	stop := func() {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := h.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return house{h, o.Parameters["Seen"], stop}
}

func (h house) quietly(t *testing.T) {
	t.Helper()
	if err := h.Quiet(t.Context(), 2*time.Minute); err != nil {
		t.Fatal(err)
	}
}

// seen is all events that hold a text.
func (h house) seen(t *testing.T, text string) (out []string) {
	t.Helper()
	body, err := os.ReadFile(h.seenPath)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(body), "\n") {
		if strings.Contains(line, text) {
			out = append(out, line)
		}
	}
	return out
}

func (h house) put(t *testing.T, key, ds string) {
	t.Helper()
	item := map[string]any{"k": map[string]string{"S": key}, "n": map[string]string{"N": "1"}}
	if ds != "" {
		item["ds"] = map[string]string{"S": ds}
	}
	if _, err := h.engines.dynamo.Call(t.Context(), "PutItem", map[string]any{"TableName": h.stack.Tables[0].Name, "Item": item}); err != nil {
		t.Fatal(err)
	}
}

func (h house) depth(t *testing.T, id string) int {
	t.Helper()
	queues, err := h.Queues(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range queues {
		if q.LogicalID == id {
			return q.Visible
		}
	}
	t.Fatalf("no queue %s", id)
	return 0
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestARunServesEverySourceOfItsTemplate(t *testing.T) {
	h := open(t, options(t))

	t.Run("a request is answered by its function", func(t *testing.T) {
		status, body := get(t, h.URL("PublicApi")+"/hello?x=1", "")
		var event struct {
			RawPath        string `json:"rawPath"`
			RequestContext struct {
				TimeEpoch int64 `json:"timeEpoch"`
			} `json:"requestContext"`
		}
		if err := json.Unmarshal([]byte(body), &event); err != nil || status != 200 || event.RawPath != "/hello" {
			t.Errorf("%d %s", status, body)
		}
		if d := time.Since(time.UnixMilli(event.RequestContext.TimeEpoch)); d < 0 || d > time.Minute {
			t.Errorf("the event says it is %v ago", d)
		}
	})
	t.Run("the console takes the token of the run and no other", func(t *testing.T) {
		if status, _ := get(t, h.URL("ConsoleApi")+"/api/x", h.Token("ConsoleApi", nil)); status != 200 {
			t.Errorf("the token: %d", status)
		}
		if status, _ := get(t, h.URL("ConsoleApi")+"/api/x", "x"); status != 401 {
			t.Errorf("another one: %d", status)
		}
		if status, _ := get(t, h.URL("ConsoleApi")+"/api/x", h.Token("ConsoleApi", map[string]any{"scope": "other"})); status != 403 {
			t.Errorf("another scope: %d", status)
		}
	})
	t.Run("messages are done, or failed one by one and put with the dead letters", func(t *testing.T) {
		for i := range 30 {
			body := fmt.Sprintf(`{"n":%d,"text":"سلام \"quoted\""}`, i)
			if i == 7 {
				body = "bad one"
			}
			if err := h.sqs.Send(t.Context(), h.queueURLs[h.stack.Queues[0].ARN], body); err != nil {
				t.Fatal(err)
			}
		}
		deadline := time.Now().Add(2 * time.Minute)
		for h.depth(t, "JobsDeadLetters") == 0 {
			if time.Now().After(deadline) {
				t.Fatal("the bad message is not with the dead letters")
			}
			time.Sleep(100 * time.Millisecond)
		}
		h.quietly(t)
		got := map[string]int{}
		for _, line := range h.seen(t, `"aws:sqs"`) {
			var event struct {
				Records []struct {
					Body       string            `json:"body"`
					Attributes map[string]string `json:"attributes"`
				}
			}
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatal(err)
			}
			for _, r := range event.Records {
				got[r.Body]++
				if r.Attributes["SentTimestamp"] == "" || r.Attributes["ApproximateReceiveCount"] == "" {
					t.Errorf("attributes %v", r.Attributes)
				}
			}
		}
		// Of the two receives of the bad one, the answer to one may have been lost.
		if len(got) != 30 || got["bad one"] < 1 || got["bad one"] > 2 || got[`{"n":3,"text":"سلام \"quoted\""}`] != 1 {
			t.Errorf("%d messages came: %v", len(got), got)
		}
	})
	t.Run("records of the stream come through the filter, and a bad one is given up alone", func(t *testing.T) {
		for i := range 12 {
			ds := "due"
			if i%3 == 0 {
				ds = ""
			}
			key := fmt.Sprintf("k%d", i)
			if i == 4 {
				key = "bad"
			}
			h.put(t, key, ds)
		}
		deadline := time.Now().Add(2 * time.Minute)
		for h.Streams()[0].Dropped == 0 || h.Streams()[0].Records < 7 {
			if time.Now().After(deadline) {
				t.Fatalf("%+v", h.Streams())
			}
			time.Sleep(50 * time.Millisecond)
		}
		h.quietly(t)
		if s := h.Streams()[0]; s.Records != 7 || s.Dropped != 1 || s.Filtered != 4 {
			t.Errorf("%+v", s)
		}
		files, err := filepath.Glob(filepath.Join(h.o.DataDir, "buckets", "FailedRecords", "*.json"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%v %v", files, err)
		}
		body, err := os.ReadFile(files[0])
		if err != nil || !strings.Contains(string(body), "RetryAttemptsExhausted") || !strings.Contains(string(body), `\"bad\"`) {
			t.Errorf("%v %s", err, body)
		}
	})
	t.Run("an event of SES goes to the queue when the template wants its type", func(t *testing.T) {
		set := h.stack.MailSets[0].Name
		for _, kind := range []string{"Delivery", "Rendering Failure", "Open"} {
			event := fmt.Sprintf(`{"eventType":%q,"mail":{"messageId":"m","tags":{"ses:configuration-set":[%q]}}}`, kind, set)
			if err := h.PublishMailEvent(t.Context(), []byte(event)); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.PublishMailEvent(t.Context(), []byte(`{"eventType":"Delivery","mail":{"tags":{"ses:configuration-set":["other"]}}}`)); err != nil {
			t.Fatal(err)
		}
		h.quietly(t)
		if d, o := len(h.seen(t, `\"Delivery\"`)), len(h.seen(t, `\"Open\"`)); d != 1 || o != 0 || len(h.seen(t, "Rendering Failure")) == 0 {
			t.Errorf("%d deliveries, %d opens", d, o)
		}
	})
	t.Run("the page and a shell are told what there is", func(t *testing.T) {
		env, err := os.ReadFile(filepath.Join(h.o.DataDir, "env"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"export JOBS_QUEUE_URL='http", "export THINGS_TABLE='" + h.o.Stack + "-ThingsTable'", "export PUBLIC_URL='" + h.URL("PublicApi") + "'", "export CONSOLE_TOKEN='ey", "export INBOX_URL='http://inbox'", "export AWS_ENDPOINT_URL_SQS=", "export LINK_SECRET_ARN='arn:"} {
			if !strings.Contains(string(env), want) {
				t.Errorf("%s is not in %s", want, env)
			}
		}
		if len(h.Routes()) != 2 || len(h.Schedules()) != 2 || len(h.Functions()) != 4 || len(h.Unused()) == 0 {
			t.Errorf("%d routes, %d schedules, %d functions, %d unused", len(h.Routes()), len(h.Schedules()), len(h.Functions()), len(h.Unused()))
		}
		if lines, err := h.Log("WebFunction", 5); err != nil || len(lines) == 0 {
			t.Errorf("%v %v", lines, err)
		}
		f := h.Functions()[0]
		if f.Invocations == 0 || f.InitError != "" {
			t.Errorf("%+v", f)
		}
	})
}

func TestTheNextRunKeepsDataClockSecretAndPlaceInTheStream(t *testing.T) {
	o := options(t)
	h := open(t, o)
	h.put(t, "first", "due")
	h.quietly(t)
	if _, err := h.Jump(t.Context(), time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	token, offset, secret := h.Token("ConsoleApi", nil), h.Offset(), secretOf(t, h)
	h.stop()
	h.put(t, "meanwhile", "due") // the engines go on by themselves

	again := open(t, o)
	again.quietly(t)
	if again.Offset() != offset || secretOf(t, again) != secret {
		t.Errorf("offset %v was %v; the secret is the same: %v", again.Offset(), offset, secretOf(t, again) == secret)
	}
	if status, _ := get(t, again.URL("ConsoleApi")+"/api/x", token); status != 200 {
		t.Errorf("the token of the first run: %d", status)
	}
	if a, b := len(again.seen(t, `{"S":"first"}`)), len(again.seen(t, `{"S":"meanwhile"}`)); a != 1 || b != 1 {
		t.Errorf("first came %d times, meanwhile %d times", a, b)
	}
}

func secretOf(t *testing.T, h house) string {
	t.Helper()
	answer, err := h.engines.secrets.Call(t.Context(), "GetSecretValue", map[string]any{"SecretId": h.names.Ref["LinkSecret"]})
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ SecretString string }
	if err := json.Unmarshal(answer, &out); err != nil || len(out.SecretString) != 40 {
		t.Fatalf("%s %v", answer, err)
	}
	return out.SecretString
}

func TestATickThatFailsGoesWhereTheTemplateSays(t *testing.T) {
	h := open(t, options(t))
	f := h.stack.Functions[3]
	err := h.invokeAsync(t.Context(), f, []byte(`{"do":"error"}`), func(int) {})
	if err == nil || h.depth(t, "FailedTicks") != 1 {
		t.Errorf("%v, %d failed ticks", err, h.depth(t, "FailedTicks"))
	}
}

func TestAPortThatIsTakenSaysWhatToDo(t *testing.T) {
	o := options(t)
	h := open(t, o)
	o.Listen = map[string]string{"PublicApi": strings.TrimPrefix(h.URL("PublicApi"), "http://")}
	if _, err := Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "listen for PublicApi") || !strings.Contains(err.Error(), "another") {
		t.Error(err)
	}
}
