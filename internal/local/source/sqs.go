package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/sarnakh/sarnakh/internal/local/wire"
)

// SQS is a queue engine.
type SQS struct{ Wire *wire.Client }

// message keeps the parts that are handed on as they came.
type message struct {
	MessageID         string                     `json:"MessageId"`
	ReceiptHandle     string                     `json:"ReceiptHandle"`
	MD5OfBody         string                     `json:"MD5OfBody"`
	MD5OfAttributes   string                     `json:"MD5OfMessageAttributes"`
	Body              json.RawMessage            `json:"Body"`
	Attributes        map[string]string          `json:"Attributes"`
	MessageAttributes map[string]json.RawMessage `json:"MessageAttributes"`
}

func (q SQS) receive(ctx context.Context, url string, most, wait int) ([]message, error) {
	answer, err := q.Wire.Call(ctx, "ReceiveMessage", map[string]any{
		"QueueUrl": url, "MaxNumberOfMessages": most, "WaitTimeSeconds": wait,
		"AttributeNames": []string{"All"}, "MessageSystemAttributeNames": []string{"All"}, "MessageAttributeNames": []string{"All"},
	})
	if err != nil {
		return nil, err
	}
	var out struct{ Messages []message }
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, fmt.Errorf("ReceiveMessage: %w", err)
	}
	return out.Messages, nil
}

type deletion struct {
	ID     string `json:"Id"`
	Handle string `json:"ReceiptHandle"`
}

// remove deletes up to ten messages.
func (q SQS) remove(ctx context.Context, url string, handles []string) error {
	entries := make([]deletion, len(handles))
	for i, h := range handles {
		entries[i] = deletion{strconv.Itoa(i), h}
	}
	answer, err := q.Wire.Call(ctx, "DeleteMessageBatch", map[string]any{"QueueUrl": url, "Entries": entries})
	if err != nil {
		return err
	}
	var out struct {
		Failed []struct{ Code, Message string }
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return fmt.Errorf("DeleteMessageBatch: %w", err)
	}
	if len(out.Failed) > 0 {
		return fmt.Errorf("DeleteMessageBatch: %d of %d: %s %s", len(out.Failed), len(handles), out.Failed[0].Code, out.Failed[0].Message)
	}
	return nil
}

// show makes a hidden message visible at once.
func (q SQS) show(ctx context.Context, url, handle string) error {
	_, err := q.Wire.Call(ctx, "ChangeMessageVisibility", map[string]any{"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 0})
	var refused *wire.Error
	if errors.As(err, &refused) && refused.Status/100 == 4 {
		return nil // it is visible, or gone
	}
	return err
}

// Send puts one message on a queue.
func (q SQS) Send(ctx context.Context, url, body string) error {
	_, err := q.Wire.Call(ctx, "SendMessage", map[string]any{"QueueUrl": url, "MessageBody": body})
	return err
}

// Depth says how many messages wait, are hidden, and are delayed.
func (q SQS) Depth(ctx context.Context, url string) (visible, hidden, delayed int, err error) {
	answer, err := q.Wire.Call(ctx, "GetQueueAttributes", map[string]any{"QueueUrl": url, "AttributeNames": []string{
		"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"}})
	if err != nil {
		return 0, 0, 0, err
	}
	var out struct{ Attributes map[string]string }
	if err := json.Unmarshal(answer, &out); err != nil {
		return 0, 0, 0, fmt.Errorf("GetQueueAttributes: %w", err)
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(out.Attributes[name]) // an engine that leaves one out has none
		return n
	}
	return number("ApproximateNumberOfMessages"), number("ApproximateNumberOfMessagesNotVisible"), number("ApproximateNumberOfMessagesDelayed"), nil
}
