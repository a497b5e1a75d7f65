package event

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

const oneMessage = `{"messageId":"19dd0b57","receiptHandle":"AQEB+x/=","body":"{\"id\":\"a\",\"path\":\"/\u0642\\n\"}",` +
	`"attributes":{"ApproximateReceiveCount":"3","SentTimestamp":"1795512600000","SenderId":"A"},"messageAttributes":{},` +
	`"md5OfBody":"e4","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:x:0:q","awsRegion":"x"}`

// sameMessages tells whether the scanner reads the event, and fails the test
// when it reads it otherwise than encoding/json does.
func sameMessages(t *testing.T, raw []byte) bool {
	t.Helper()
	got, ok := scanMessages(raw)
	if !ok {
		return false
	}
	var e events.SQSEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatalf("encoding/json refuses %q, the scanner takes it: %v", raw, err)
	}
	want := NewBatch(context.Background(), e).Messages
	now := newBatch(context.Background(), got)
	for i := range want { // a message without a time gets that of the clock
		if e.Records[i].Attributes["SentTimestamp"] == "" || want[i].Sent.UnixMilli() != now.Messages[i].Sent.UnixMilli() && millis(e.Records[i].Attributes["SentTimestamp"]).IsZero() {
			want[i].Sent = now.Messages[i].Sent
		}
	}
	if diff := cmp.Diff(want, now.Messages); diff != "" {
		t.Fatalf("%q: %s", raw, diff)
	}
	return true
}

func TestTheEnvelopeIsReadAsEncodingJSONReadsIt(t *testing.T) {
	file, err := os.ReadFile("../../../events/ingest.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{
		string(file), `{"Records":[]}`, `{"Records":[` + oneMessage + `,` + oneMessage + `]}`, `{"Records":[{"body":"x","attributes":{}}]}`,
	} {
		if !sameMessages(t, []byte(raw)) {
			t.Errorf("the scanner left this to encoding/json: %s", raw)
		}
	}
	for _, raw := range []string{
		``, `null`, `{}`, `{"records":[]}`, `{"Records":null}`, `{"Records":[null]}`, `{"Records":[{"body":"\ud83d\ude00"}]}`, `{"Records":[{"Body":"x"}]}`,
		`{"Records":[{"body":"x","body":"y"}]}`, `{"Records":[{"body":"x","messageAttributes":{"a":{}}}]}`, `{"Records":[{"body":"x"}]} x`,
		`{"Records":[{"body":"x"},]}`, "{\"Records\":[{\"body\":\"\xff\"}]}", `{"Records":[{"messageId":"1"}]}`,
	} {
		if sameMessages(t, []byte(raw)) {
			t.Errorf("the scanner took %q", raw)
		}
	}
}

func TestAQueueHandlerAnswersWithWhatIsLeft(t *testing.T) {
	work := Queue(func(_ context.Context, b *Batch) { b.Done(b.Messages[0]) })
	two := strings.Replace(oneMessage, "19dd0b57", "second", 1)
	for _, raw := range []string{`{"Records":[` + oneMessage + `,` + two + `]}`, `{"records":[` + oneMessage + `,` + two + `]}`} {
		out, err := work.Invoke(t.Context(), []byte(raw))
		if err != nil || string(out) != `{"batchItemFailures":[{"itemIdentifier":"second"}]}` {
			t.Errorf("%s, %v", out, err)
		}
	}
	if _, err := work.Invoke(t.Context(), []byte(`{"Records":`)); err == nil {
		t.Error("half an event was taken")
	}
}

func FuzzTheEnvelopeIsReadAsEncodingJSONReadsItOrNotAtAll(f *testing.F) {
	f.Add([]byte(`{"Records":[` + oneMessage + `]}`))
	f.Add([]byte(`{"Records":[{"body":"x\u00e9\t","attributes":{"SentTimestamp":"1","SentTimestamp":"2"}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) { sameMessages(t, raw) })
}
