// Rescore brings scores up to date that time or a playbook changed, and
// decisions that the stream lost.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // the image has none

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
	rescore, err := wire(context.Background())
	if err != nil {
		p.Log().Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler(p, rescore))
}

func wire(ctx context.Context) (*flow.Rescore, error) {
	var env event.Env
	tables := dynamo.Tables{
		Ledger: env.Need("LEDGER_TABLE"), History: env.Need("HISTORY_TABLE"),
		People: env.Need("PEOPLE_TABLE"), Desk: env.Need("DESK_TABLE"),
	}
	jobs, deliveries := env.Need("JOBS_QUEUE_URL"), env.Need("DELIVERIES_QUEUE_URL")
	if err := env.Err(); err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	store := dynamo.New(dynamodb.NewFromConfig(cfg), tables, nil)
	q := sqs.NewFromConfig(cfg)
	return flow.NewRescore(store, queue.New(q, jobs), queue.New(q, deliveries)), nil
}
