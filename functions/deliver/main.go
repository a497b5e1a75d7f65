// Deliver carries decisions out: it tells sales, puts leads on the work list,
// posts to the business's webhook, and begins and ends tracks.
package main

import (
	"context"
	"encoding/base64"
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
	"github.com/sarnakh/sarnakh/internal/webhook"
)

func main() {
	p := event.NewProcess(os.Stdout)
	d, hide, err := wire(context.Background())
	if err != nil {
		p.Log().Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler(p, d, hide))
}

func wire(ctx context.Context) (flow.Deliver, hider, error) {
	var env event.Env
	tables := dynamo.Tables{Ledger: env.Need("LEDGER_TABLE"), History: env.Need("HISTORY_TABLE"), People: env.Need("PEOPLE_TABLE"), Desk: env.Need("DESK_TABLE")}
	d := flow.Deliver{From: env.Need("MAIL_FROM"), Sales: env.Need("SALES_EMAIL"), ConsoleURL: env.Need("CONSOLE_URL")}
	deliveries := env.Need("DELIVERIES_QUEUE_URL")
	set, hook := env.May("MAIL_CONFIGURATION_SET"), env.May("WEBHOOK_URL")
	var hookSecret string
	if hook != "" {
		hookSecret = env.Need("WEBHOOK_SECRET_ARN")
	}
	if err := env.Err(); err != nil {
		return d, nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return d, nil, err
	}
	store := dynamo.New(dynamodb.NewFromConfig(cfg), tables, nil)
	d.Store = store
	d.Playbook = flow.NewBooks(store).InForce
	d.Send = ses.New(cfg, set).Send
	if hook != "" {
		key, err := secret.Current(ctx, secretsmanager.NewFromConfig(cfg), hookSecret)
		if err != nil {
			return d, nil, err
		}
		// Receivers know the secret as whsec_ and the base64 of its bytes.
		poster, err := webhook.New(hook, base64.StdEncoding.EncodeToString(key))
		if err != nil {
			return d, nil, err
		}
		d.Webhook = poster.Post
	}
	return d, queue.New(sqs.NewFromConfig(cfg), deliveries).Hide, nil
}
