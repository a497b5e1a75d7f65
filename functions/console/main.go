// Console is for the business's own people: ranked leads, one lead with its
// score, the work list.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // the image has none

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/aws/queue"
	"github.com/sarnakh/sarnakh/internal/aws/secret"
	"github.com/sarnakh/sarnakh/internal/console"
	"github.com/sarnakh/sarnakh/internal/flow"
)

func main() {
	p := event.NewProcess(os.Stdout)
	c, err := wire(context.Background())
	if err != nil {
		p.Log().Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(event.HTTP(p, c.Handler()))
}

func wire(ctx context.Context) (*console.Console, error) {
	var env event.Env
	tables := dynamo.Tables{Ledger: env.Need("LEDGER_TABLE"), History: env.Need("HISTORY_TABLE"), People: env.Need("PEOPLE_TABLE"), Desk: env.Need("DESK_TABLE")}
	activities, deliveries, identity := env.Need("ACTIVITIES_QUEUE_URL"), env.Need("DELIVERIES_QUEUE_URL"), env.Need("IDENTITY_SECRET_ARN")
	signIn := console.SignIn{URL: env.May("SIGN_IN_URL"), Client: env.May("SIGN_IN_CLIENT")}
	if err := env.Err(); err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	key, err := secret.Current(ctx, secretsmanager.NewFromConfig(cfg), identity)
	if err != nil {
		return nil, err
	}
	store := dynamo.New(dynamodb.NewFromConfig(cfg), tables, nil)
	books := flow.NewBooks(store)
	q := sqs.NewFromConfig(cfg)
	return &console.Console{
		Store: store, Playbook: books.InForce, Open: books.Open, Queue: queue.New(q, activities).Send, Deliveries: queue.New(q, deliveries),
		Secret: key, SignIn: signIn, Visit: visit,
	}, nil
}
