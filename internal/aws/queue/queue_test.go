package queue_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sarnakh/sarnakh/internal/aws/queue"
)

func client(endpoint string) *sqs.Client {
	return sqs.New(sqs.Options{
		BaseEndpoint: aws.String(endpoint), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func bodies(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"n":%d,"text":"سرنخ"}`, i)
	}
	return out
}

func TestEveryMessageArrives(t *testing.T) {
	endpoint := os.Getenv("SARNAKH_SQS_ENDPOINT")
	if endpoint == "" {
		t.Skip("SARNAKH_SQS_ENDPOINT is not set; run: make test")
	}
	c := client(endpoint)
	// A receive whose answer is lost hides what it took until the visibility
	// timeout is over: short here, so that such a loss costs a second.
	made, err := c.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName:  aws.String("test-" + rand.Text()[:10]),
		Attributes: map[string]string{"VisibilityTimeout": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	q := queue.New(c, *made.QueueUrl)
	want := map[string]bool{}
	for _, b := range bodies(27) {
		want[string(b)] = true
	}
	if err := q.SendAll(t.Context(), bodies(26)); err != nil {
		t.Fatal(err)
	}
	if err := q.SendAll(t.Context(), bodies(27)[26:]); err != nil {
		t.Fatal(err)
	}
	sent := maps.Clone(want)
	for end := time.Now().Add(time.Minute); len(want) > 0 && time.Now().Before(end); {
		out, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.Messages {
			if !sent[*m.Body] {
				t.Errorf("got %s, never sent", *m.Body)
			}
			delete(want, *m.Body)
			if _, err := c.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: made.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("%d messages did not arrive", len(want))
	}
}

// service answers SendMessageBatch; refuse tells which entries it refuses the
// first so many times.
type service struct {
	mu          sync.Mutex
	refuse      map[string]int
	senderFault bool
	sent        map[string]int
	calls       int
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	var in struct {
		Entries []struct{ Id, MessageBody string }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := map[string][]map[string]any{"Successful": {}, "Failed": {}}
	for _, e := range in.Entries {
		if s.refuse[e.MessageBody] > 0 {
			s.refuse[e.MessageBody]--
			out["Failed"] = append(out["Failed"], map[string]any{"Id": e.Id, "Code": "InternalError", "SenderFault": s.senderFault})
			continue
		}
		s.sent[e.MessageBody]++
		out["Successful"] = append(out["Successful"], map[string]any{"Id": e.Id, "MessageId": e.Id})
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(out)
}

func TestEntriesRefusedWith200AreSentAgainAndTheOthersAreNot(t *testing.T) {
	s := &service{refuse: map[string]int{"b": 2, "c": 1}, sent: map[string]int{}}
	server := httptest.NewServer(s)
	defer server.Close()
	c := sqs.New(sqs.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", DisableMessageChecksumValidation: true,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	q := queue.New(c, server.URL+"/q")
	if err := q.SendAll(t.Context(), [][]byte{[]byte("a"), []byte("b"), []byte("c")}); err != nil {
		t.Fatal(err)
	}
	if s.sent["a"] != 1 || s.sent["b"] != 1 || s.sent["c"] != 1 || s.calls != 3 {
		t.Errorf("sent %v in %d calls", s.sent, s.calls)
	}
	s.refuse = map[string]int{"b": 100}
	if err := q.SendAll(t.Context(), [][]byte{[]byte("a"), []byte("b")}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("one that is refused for ever: %v", err)
	}
	s.refuse, s.senderFault, s.calls = map[string]int{"b": 100}, true, 0
	if err := q.SendAll(t.Context(), [][]byte{[]byte("a"), []byte("b")}); err == nil || s.calls != 1 {
		t.Errorf("a fault of ours is not tried again: %v, %d calls", err, s.calls)
	}
}
