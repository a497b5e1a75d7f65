package local

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	lambda "github.com/sarnakh/sarnakh/internal/local/runtime"
	"github.com/sarnakh/sarnakh/internal/local/source"
	"github.com/sarnakh/sarnakh/internal/local/template"
)

type queueReader struct {
	queue    *template.Queue
	function *template.Function
	poller   *source.QueuePoller
}

type streamReader struct {
	table    *template.Table
	function *template.Function
	poller   *source.StreamPoller
}

// openSources starts what brings events: all of it is prepared before any of it
// begins, so that a fault in the template starts nothing.
func (h *House) openSources(ctx context.Context) error {
	report := func(line string) { h.say("%s", line) }
	for _, f := range h.stack.Functions {
		for _, s := range f.Queues {
			q := h.queueByARN(s.QueueARN)
			if q == nil {
				return fmt.Errorf("template line %d: %s %s reads %s, which is no queue of the template", s.Line, f.ID, s.Event, s.QueueARN)
			}
			if !s.Enabled {
				continue
			}
			p := &source.QueuePoller{
				SQS: h.sqs, URL: h.queueURLs[q.ARN], ARN: q.ARN, Region: h.o.Region, Source: s, Visibility: q.Visibility,
				Processes: h.functions[f.ID].Spec().Processes, Invoke: h.invoker(f.ID), Clock: h.clock, Hurry: h.jumping.Load, Report: report,
			}
			if err := p.Prepare(); err != nil {
				return fmt.Errorf("template line %d: %w", s.Line, err)
			}
			h.queues = append(h.queues, &queueReader{q, f, p})
		}
		for _, s := range f.Streams {
			t := h.tableByStream(s.StreamARN)
			if t == nil {
				return fmt.Errorf("template line %d: %s %s reads %s, which is no stream of a table of the template", s.Line, f.ID, s.Event, s.StreamARN)
			}
			if !s.Enabled {
				continue
			}
			p := &source.StreamPoller{
				Wire: h.engines.streams, StreamARN: s.StreamARN, Region: h.o.Region, Source: s, State: filepath.Join(h.o.DataDir, "checkpoints", f.ID+"-"+s.Event+".json"),
				Invoke: h.invoker(f.ID), Clock: h.clock, Hurry: h.jumping.Load, Report: report,
			}
			if s.OnFailure != "" {
				p.OnFailure = h.streamFailure(f, s)
			}
			if err := p.Prepare(); err != nil {
				return fmt.Errorf("template line %d: %w", s.Line, err)
			}
			h.streams = append(h.streams, &streamReader{t, f, p})
		}
	}
	var err error
	if h.schedules, err = newScheduler(h); err != nil {
		return err
	}
	polling, stopPolling := context.WithCancel(context.WithoutCancel(ctx))
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	h.stopPolling, h.stopWork = stopPolling, stopWork
	for _, api := range h.stack.APIs {
		server := (&source.API{API: api, Account: h.o.Account, Clock: h.clock, Signer: h.signer, Invoke: h.Invoke, NewID: newID}).Server()
		h.servers = append(h.servers, server)
		go func() {
			if err := server.Serve(h.listeners[api.ID]); err != nil && !errors.Is(err, http.ErrServerClosed) {
				h.say("%s: %v", api.ID, err)
			}
		}()
	}
	for _, q := range h.queues {
		h.polling.Go(func() { q.poller.Run(polling, work) })
	}
	for _, s := range h.streams {
		h.polling.Go(func() { s.poller.Run(polling, work) })
	}
	h.polling.Go(func() { h.schedules.run(polling, work) })
	return nil
}

func newID() string { return rand.Text()[:16] }

// invoker counts what is given to a function, for Quiet.
func (h *House) invoker(id string) source.Invoke {
	return func(ctx context.Context, event []byte) ([]byte, error) { return h.Invoke(ctx, id, event) }
}

func (h *House) queueByARN(arn string) *template.Queue {
	for _, q := range h.stack.Queues {
		if q.ARN == arn {
			return q
		}
	}
	return nil
}

func (h *House) tableByStream(arn string) *template.Table {
	for _, t := range h.stack.Tables {
		if t.Stream != "" && t.StreamARN == arn {
			return t
		}
	}
	return nil
}

// NoteVisibility hears that a function changed when a message comes back, so
// that a move of the clock brings it back in time.
func (h *House) NoteVisibility(queueURL, receiptHandle string, seconds int) {
	name := queueURL[strings.LastIndexByte(queueURL, '/')+1:]
	for _, q := range h.queues {
		if q.queue.Name == name {
			q.poller.NoteVisibility(receiptHandle, seconds)
		}
	}
}

// eventNames are the types of SES events as the template writes them.
func eventName(said string) string {
	name := strings.ReplaceAll(said, " ", "") // "Rendering Failure"
	if name == "" {
		return ""
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// PublishMailEvent carries an event of SES along the chain of the template:
// configuration set, topic, subscribed queues.
func (h *House) PublishMailEvent(ctx context.Context, event []byte) error {
	var e struct {
		EventType string `json:"eventType"`
		Mail      struct {
			Tags map[string][]string `json:"tags"`
		} `json:"mail"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return fmt.Errorf("publish a mail event: %w", err)
	}
	name := eventName(e.EventType)
	for _, destination := range h.stack.MailEvents {
		if !destination.Enabled || !contains(e.Mail.Tags["ses:configuration-set"], destination.Set) || !contains(destination.Types, name) {
			continue
		}
		if err := h.sendTo(ctx, destination.TopicARN, event, "Amazon SES Email Event Notification"); err != nil {
			return fmt.Errorf("publish a mail event: %w", err)
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

// sendTo puts a message where an ARN points: a queue, the queues of a topic, a
// bucket (a folder here).
func (h *House) sendTo(ctx context.Context, arn string, body []byte, subject string) error {
	if url := h.queueURLs[arn]; url != "" {
		return h.sqs.Send(ctx, url, string(body))
	}
	for _, b := range h.stack.Buckets {
		if b.ARN == arn {
			dir := filepath.Join(h.o.DataDir, "buckets", b.ID)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, time.Now().UTC().Format("2006-01-02T15.04.05.000000-")+newID()+".json"), body, 0o600)
		}
	}
	for _, t := range h.stack.Topics {
		if t.ARN != arn {
			continue
		}
		for _, s := range h.stack.Subscriptions {
			if s.TopicARN != arn {
				continue
			}
			message := body
			if !s.Raw {
				var err error
				message, err = json.Marshal(map[string]string{
					"Type": "Notification", "MessageId": newID(), "TopicArn": arn, "Subject": subject, "Message": string(body),
					"Timestamp": h.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": "1",
				})
				if err != nil {
					return err
				}
			}
			url := h.queueURLs[s.QueueARN]
			if url == "" {
				return fmt.Errorf("template line %d: %s goes to %s, which is no queue of the template", s.Line, s.ID, s.QueueARN)
			}
			if err := h.sqs.Send(ctx, url, string(message)); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s is no queue, topic or bucket of the template", arn)
}

// streamFailure tells the on-failure destination what was given up; only a
// bucket gets the records themselves, as in AWS.
func (h *House) streamFailure(f *template.Function, s template.StreamSource) func(context.Context, source.FailedBatch) error {
	return func(ctx context.Context, b source.FailedBatch) error {
		record := map[string]any{
			"requestContext":  map[string]any{"requestId": newID(), "functionArn": h.functions[f.ID].Spec().ARN, "condition": b.Condition, "approximateInvokeCount": b.Attempts},
			"responseContext": map[string]any{"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
			"version":         "1.0",
			"timestamp":       h.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			"DDBStreamBatchInfo": map[string]any{
				"shardId": b.Shard, "streamArn": s.StreamARN, "batchSize": b.Size,
				"startSequenceNumber": b.First.Dynamodb.SequenceNumber, "endSequenceNumber": b.Last.Dynamodb.SequenceNumber,
			},
		}
		if strings.HasPrefix(s.OnFailure, "arn:aws:s3:") {
			record["payload"] = string(b.Payload)
		}
		body, err := json.Marshal(record)
		if err != nil {
			return err
		}
		return h.sendTo(ctx, s.OnFailure, body, "")
	}
}

// invokeAsync is an event that nobody waits for: it is tried again, and given
// up to the function's on-failure destination.
func (h *House) invokeAsync(ctx context.Context, f *template.Function, event []byte, wait func(try int)) error {
	for try := 0; ; try++ {
		_, err := h.Invoke(ctx, f.ID, event)
		if err == nil || ctx.Err() != nil || errors.Is(err, lambda.ErrStopped) {
			return err
		}
		if try < f.AsyncRetries {
			wait(try)
			continue
		}
		if f.AsyncOnFailure == "" {
			return err
		}
		failure := &lambda.Error{}
		if !errors.As(err, &failure) {
			failure = &lambda.Error{Type: "Unknown", Message: err.Error()}
		}
		body, marshalErr := json.Marshal(map[string]any{
			"version": "1.0", "timestamp": h.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			"requestContext":  map[string]any{"requestId": newID(), "functionArn": h.functions[f.ID].Spec().ARN + ":$LATEST", "condition": "RetriesExhausted", "approximateInvokeCount": try + 1},
			"requestPayload":  json.RawMessage(event),
			"responseContext": map[string]any{"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
			"responsePayload": failure,
		})
		if marshalErr != nil {
			return errors.Join(err, marshalErr)
		}
		if sent := h.sendTo(ctx, f.AsyncOnFailure, body, ""); sent != nil {
			return errors.Join(err, sent)
		}
		return err
	}
}
