// Ingest takes activities from the queue into the ledgers of their leads.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // the image has none

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/aws/secret"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/phone"
)

func main() {
	p := event.NewProcess(os.Stdout)
	ingest, err := wire(context.Background())
	if err != nil {
		p.Log().Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler(p, ingest))
}

func wire(ctx context.Context) (*flow.Ingest, error) {
	var env event.Env
	tables := dynamo.Tables{
		Ledger: env.Need("LEDGER_TABLE"), History: env.Need("HISTORY_TABLE"),
		People: env.Need("PEOPLE_TABLE"), Desk: env.Need("DESK_TABLE"),
	}
	identitySecret := env.Need("IDENTITY_SECRET_ARN")
	if err := env.Err(); err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	// Only the current value: hashes that were stored under another are not
	// found again, so this secret is never rotated.
	key, err := secret.Current(ctx, secretsmanager.NewFromConfig(cfg), identitySecret)
	if err != nil {
		return nil, err
	}
	store := dynamo.New(dynamodb.NewFromConfig(cfg), tables, nil)
	return flow.NewIngest(store, key, func(region string) lead.Phone { return phone.For(region) }), nil
}
