package source

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sarnakh/sarnakh/internal/local/template"
	"github.com/sarnakh/sarnakh/internal/local/wire"
)

// BenchmarkQueuePoller is what a poller and its engine carry when the function
// costs nothing: sudden thousands of messages in batches of 100.
func BenchmarkQueuePoller(b *testing.B) {
	endpoint := os.Getenv("SARNAKH_SQS_ENDPOINT")
	if endpoint == "" {
		b.Skip("no engine; run: go run ./cmd/sarnakh engines -- go test -bench QueuePoller ./internal/local/source/")
	}
	engine := SQS{&wire.Client{Endpoint: endpoint, Service: "sqs", Prefix: "AmazonSQS", Region: "eu-central-1", Key: aws.Credentials{AccessKeyID: "LOCAL", SecretAccessKey: "LOCAL"}, HTTP: wire.HTTP()}}
	name := fmt.Sprintf("bench%d", time.Now().UnixNano())
	if _, err := engine.Wire.Call(b.Context(), "CreateQueue", map[string]any{"QueueName": name}); err != nil {
		b.Fatal(err)
	}
	url := endpoint + "/000000000000/" + name
	const total = 5000
	for b.Loop() {
		b.StopTimer()
		for from := 0; from < total; from += 10 {
			var entries []map[string]string
			for i := range 10 {
				entries = append(entries, map[string]string{"Id": fmt.Sprint(i), "MessageBody": fmt.Sprintf(`{"v":1,"id":"%d","type":"call.answered","lead":{"external":"bank-%d"}}`, from+i, from+i)})
			}
			if _, err := engine.Wire.Call(b.Context(), "SendMessageBatch", map[string]any{"QueueUrl": url, "Entries": entries}); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		ctx, cancel := context.WithCancel(b.Context())
		seen := make(chan int, total)
		p := &QueuePoller{
			SQS: engine, URL: url, ARN: "arn:aws:sqs:r:1:" + name, Region: "r", Source: template.QueueSource{BatchSize: 100, Window: time.Second, Partial: true},
			Visibility: time.Minute, Processes: 4, Clock: fixedClock{now}, Hurry: func() bool { return false }, Report: func(s string) { b.Log(s) },
			Invoke: func(_ context.Context, event []byte) ([]byte, error) {
				seen <- len(event)
				return []byte(`{"batchItemFailures":[]}`), nil
			},
		}
		if err := p.Prepare(); err != nil {
			b.Fatal(err)
		}
		done := make(chan struct{})
		go func() { p.Run(ctx, b.Context()); close(done) }()
		for batches := 0; ; {
			<-seen
			if batches++; batches < total/100 {
				continue
			}
			if visible, hidden, _, err := engine.Depth(ctx, url); err != nil || visible+hidden == 0 {
				break
			}
			batches--
			seen <- 0 // look again
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
		<-done
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*total), "ns/message")
}
