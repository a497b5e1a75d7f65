// Capture answers the public: forms, beacons, signed links, preferences.
package main

import (
	"context"
	"crypto/rand"
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
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/link"
)

func main() {
	p := event.NewProcess(os.Stdout)
	capture, err := wire(context.Background())
	if err != nil {
		p.Log().Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(event.HTTP(p, visits(capture)))
}

func wire(ctx context.Context) (*flow.Capture, error) {
	var env event.Env
	tables := dynamo.Tables{Desk: env.Need("DESK_TABLE"), People: env.Need("PEOPLE_TABLE")}
	activities, linkSecret := env.Need("ACTIVITIES_QUEUE_URL"), env.Need("LINK_SECRET_ARN")
	public, pages := env.Need("PUBLIC_URL"), env.May("PAGES_URL")
	if err := env.Err(); err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	secrets, err := secret.Read(ctx, secretsmanager.NewFromConfig(cfg), linkSecret)
	if err != nil {
		return nil, err
	}
	keys, err := link.NewKeys(string(secrets.Current), string(secrets.Previous))
	if err != nil {
		return nil, err
	}
	store := dynamo.New(dynamodb.NewFromConfig(cfg), tables, nil)
	return flow.NewCapture(flow.CaptureParts{
		Forms:       flow.NewPublishedForms(store),
		Permissions: flow.OnRecipient{Store: store},
		Queue:       queue.New(sqs.NewFromConfig(cfg), activities),
		Keys:        keys,
		Entropy:     rand.Reader,
		PublicURL:   public,
		PagesURL:    pages,
	})
}
