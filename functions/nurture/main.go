// Nurture serves, each minute, everybody who is due: it claims and sends one
// mail a person.
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
	"github.com/sarnakh/sarnakh/internal/aws/ses"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/link"
)

func main() {
	p := event.NewProcess(os.Stdout)
	n, err := wire(context.Background())
	if err != nil {
		p.Log().Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler(p, n))
}

func wire(ctx context.Context) (flow.Nurture, error) {
	var env event.Env
	tables := dynamo.Tables{Ledger: env.Need("LEDGER_TABLE"), History: env.Need("HISTORY_TABLE"), People: env.Need("PEOPLE_TABLE"), Desk: env.Need("DESK_TABLE")}
	public, from, linkSecret := env.Need("PUBLIC_URL"), env.Need("MAIL_FROM"), env.Need("LINK_SECRET_ARN")
	set, deliveries := env.May("MAIL_CONFIGURATION_SET"), env.Need("DELIVERIES_QUEUE_URL")
	if err := env.Err(); err != nil {
		return flow.Nurture{}, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return flow.Nurture{}, err
	}
	secrets, err := secret.Read(ctx, secretsmanager.NewFromConfig(cfg), linkSecret)
	if err != nil {
		return flow.Nurture{}, err
	}
	keys, err := link.NewKeys(string(secrets.Current), string(secrets.Previous))
	if err != nil {
		return flow.Nurture{}, err
	}
	store, sender := dynamo.New(dynamodb.NewFromConfig(cfg), tables, nil), ses.New(cfg, set)
	return flow.Nurture{
		Store:    store,
		Playbook: flow.NewBooks(store).InForce,
		Send:     sender.Send,
		SendBulk: sender.SendBulk,
		Quota:    sender.Quota,
		Messages: queue.New(sqs.NewFromConfig(cfg), deliveries),
		Letters:  &flow.Letters{Keys: keys, PublicURL: public, From: from},
	}, nil
}
