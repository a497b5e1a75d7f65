// Dispatch takes pending decisions from the ledger's stream to the deliveries
// queue.
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
	dispatch, err := wire(context.Background())
	if err != nil {
		p.Log().Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler(p, dispatch))
}

func wire(ctx context.Context) (*flow.Dispatch, error) {
	var env event.Env
	tables := dynamo.Tables{Desk: env.Need("DESK_TABLE")}
	deliveries := env.Need("DELIVERIES_QUEUE_URL")
	if err := env.Err(); err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	store := dynamo.New(dynamodb.NewFromConfig(cfg), tables, nil)
	return flow.NewDispatch(store, queue.New(sqs.NewFromConfig(cfg), deliveries)), nil
}
