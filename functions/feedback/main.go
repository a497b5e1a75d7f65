// Feedback takes what the mail service says of mails: evidence that they left,
// bounces, complaints.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/aws/queue"
	"github.com/sarnakh/sarnakh/internal/flow"
)

func main() {
	p := event.NewProcess(os.Stdout)
	f, err := wire(context.Background())
	if err != nil {
		p.Log().Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler(p, f))
}

func wire(ctx context.Context) (flow.Feedback, error) {
	var env event.Env
	tables := dynamo.Tables{People: env.Need("PEOPLE_TABLE"), Desk: env.Need("DESK_TABLE")}
	activities := env.Need("ACTIVITIES_QUEUE_URL")
	if err := env.Err(); err != nil {
		return flow.Feedback{}, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return flow.Feedback{}, err
	}
	return flow.Feedback{
		Store: dynamo.New(dynamodb.NewFromConfig(cfg), tables, nil),
		Queue: queue.New(sqs.NewFromConfig(cfg), activities).Send,
	}, nil
}
