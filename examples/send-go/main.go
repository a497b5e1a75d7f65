// Send-go queues activities of a lead, as a program of yours would. It needs
// the address of the queue and the rights to send to it, and nothing of Sarnakh.
//
//	go run . -email sara@example.ir -type webinar.attended -id webinar-7/sara -minutes 45
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// activity is one thing one lead did. docs/activity.schema.json has every field.
type activity struct {
	Version    int               `json:"v"`
	ID         string            `json:"id"` // your own key: sent twice, it counts once
	Type       string            `json:"type"`
	At         time.Time         `json:"at"`
	Lead       map[string]string `json:"lead"` // email, phone, external: what you know
	Properties map[string]any    `json:"properties,omitempty"`
	Source     string            `json:"source"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "send-go:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	email := flag.String("email", "", "address of the lead")
	kind := flag.String("type", "webinar.attended", "what the lead did")
	id := flag.String("id", "", "your key of it")
	minutes := flag.Int("minutes", 30, "a property of it")
	flag.Parse()
	queue := os.Getenv("ACTIVITIES_QUEUE_URL")
	switch {
	case queue == "":
		return errors.New("ACTIVITIES_QUEUE_URL is not set: it is an output of the stack, and stands in .local/env of a local run")
	case *email == "" || *id == "":
		return errors.New("give -email and -id")
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(activity{
		Version: 1, ID: *id, Type: *kind, At: time.Now().UTC(), Lead: map[string]string{"email": *email},
		Properties: map[string]any{"minutes": *minutes}, Source: "send-go",
	})
	if err != nil {
		return err
	}
	// Many at once: {"v":1,"activities":[…]} holds up to 100, and SendMessageBatch
	// ten messages; then read the fate of each entry in the answer.
	_, err = sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(queue), MessageBody: aws.String(string(body))})
	if err != nil {
		return fmt.Errorf("queue the activity (send it again, the id makes that harmless): %w", err)
	}
	fmt.Println("queued", *id)
	return nil
}
