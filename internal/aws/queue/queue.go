// Package queue sends messages to SQS, ten a call. Its queues are standard
// ones: a message may come twice, and its content says under which key it
// counts once.
package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Queue is one queue. It is safe for concurrent use.
type Queue struct {
	sqs *sqs.Client
	url string
}

// New makes a queue on a client.
func New(client *sqs.Client, url string) *Queue { return &Queue{sqs: client, url: url} }

// What one call takes (AWS: "Amazon SQS message quotas").
const (
	entriesACall = 10
	bytesACall   = 1 << 20
)

// tries bounds how often entries that a call refused are sent again.
const tries = 4

// Send sends one message.
func (q *Queue) Send(ctx context.Context, body []byte) error {
	_, err := q.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(q.url), MessageBody: aws.String(string(body))})
	if err != nil {
		return fmt.Errorf("send a message: %w", err)
	}
	return nil
}

// SendAll sends messages, ten a call. An answer of 200 may refuse some of them:
// each entry's fate is read, and what was refused for no fault of its own is
// sent again. After an error any of them may have been sent.
func (q *Queue) SendAll(ctx context.Context, bodies [][]byte) error {
	if len(bodies) == 1 {
		return q.Send(ctx, bodies[0])
	}
	for len(bodies) > 0 {
		n, size := 0, 0
		for n < len(bodies) && n < entriesACall && (n == 0 || size+len(bodies[n]) <= bytesACall) {
			size += len(bodies[n])
			n++
		}
		if err := q.sendSome(ctx, bodies[:n]); err != nil {
			return err
		}
		bodies = bodies[n:]
	}
	return nil
}

func (q *Queue) sendSome(ctx context.Context, bodies [][]byte) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for i, b := range bodies {
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(b))}
	}
	for try := 1; ; try++ {
		out, err := q.sqs.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: aws.String(q.url), Entries: entries})
		if err != nil {
			return fmt.Errorf("send %d messages: %w", len(entries), err)
		}
		if len(out.Failed) == 0 {
			return nil
		}
		var again []types.SendMessageBatchRequestEntry
		for _, f := range out.Failed {
			if f.SenderFault || try == tries {
				return fmt.Errorf("send %d messages, %d were refused: %s: %s", len(entries), len(out.Failed), aws.ToString(f.Code), aws.ToString(f.Message))
			}
			i, err := strconv.Atoi(aws.ToString(f.Id))
			if err != nil || i < 0 || i >= len(bodies) {
				return fmt.Errorf("send %d messages: the answer names entry %q", len(entries), aws.ToString(f.Id))
			}
			again = append(again, types.SendMessageBatchRequestEntry{Id: f.Id, MessageBody: aws.String(string(bodies[i]))})
		}
		entries = again
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, try int) error {
	t := time.NewTimer(rand.N(50 * time.Millisecond << try))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// mostHidden is what SQS allows (AWS: "Amazon SQS visibility timeout").
const mostHidden = 12 * time.Hour

// Hide keeps a message that was received out of sight, in whole seconds, at
// most twelve hours from when it was received.
func (q *Queue) Hide(ctx context.Context, receipt string, d time.Duration) error {
	seconds := int32(min(max(d, 0), mostHidden) / time.Second)
	_, err := q.sqs.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: aws.String(q.url), ReceiptHandle: aws.String(receipt), VisibilityTimeout: seconds})
	if err != nil {
		return fmt.Errorf("hide a message: %w", err)
	}
	return nil
}

// Depth is how many messages wait, are in work, or wait for the next try. It
// may lag behind: AWS gives these numbers as approximate ones.
func (q *Queue) Depth(ctx context.Context) (int, error) {
	depths := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := q.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(q.url), AttributeNames: depths})
	if err != nil {
		return 0, fmt.Errorf("ask for the depth of a queue: %w", err)
	}
	n := 0
	for _, name := range depths {
		some, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("ask for the depth of a queue: %s is %.20q, no number", name, out.Attributes[string(name)])
		}
		n += some
	}
	return n, nil
}
