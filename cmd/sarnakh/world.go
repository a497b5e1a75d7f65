package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/logging"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/aws/queue"
	"github.com/sarnakh/sarnakh/internal/aws/secret"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// settings say where tables and queues are.
type settings struct {
	Env string `type:"path" placeholder:"FILE" help:"Read where tables and queues are from a file such as .local/env, instead of the environment."`
}

// world is what a verb works on: the tables and queues that the settings name.
type world struct {
	get     func(name string) string
	from    string // where the settings are from, for errors
	cfg     aws.Config
	missing []string
}

// enter reads the settings of a verb.
func (s settings) enter(ctx context.Context) (*world, error) {
	if s.Env == "" {
		cfg, err := config.LoadDefaultConfig(ctx, quietly)
		if err != nil {
			return nil, err
		}
		return &world{get: os.Getenv, from: "the environment", cfg: cfg}, nil
	}
	text, err := os.ReadFile(s.Env)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: start a run first, with make run", s.Env)
	}
	if err != nil {
		return nil, err
	}
	env, err := tool.ReadSettings(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Env, err)
	}
	return worldOf(ctx, env, s.Env)
}

// worldOf takes settings from a map alone: a shell may hold those of another
// run, or of an account in the cloud. Keys that are not in it are those of the
// machine's user.
func worldOf(ctx context.Context, env map[string]string, from string) (*world, error) {
	options := []func(*config.LoadOptions) error{quietly, config.WithRegion(env["AWS_REGION"])}
	if key := env["AWS_ACCESS_KEY_ID"]; key != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key, env["AWS_SECRET_ACCESS_KEY"], "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	return &world{get: func(name string) string { return env[name] }, from: from, cfg: cfg}, nil
}

// quietly keeps the SDK from writing between our lines: what fails is an error.
func quietly(o *config.LoadOptions) error {
	o.Logger = logging.Nop{}
	return nil
}

func (w *world) need(name string) string {
	v := w.get(name)
	if v == "" {
		w.missing = append(w.missing, name)
	}
	return v
}

// err names everything that is missing at once.
func (w *world) err() error {
	if len(w.missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s does not say %s: source .local/env of a local run, or name the resources of a deployed stack", w.from, strings.Join(w.missing, ", "))
}

// endpoint is where a service is, nil for AWS itself.
func (w *world) endpoint(service string) *string {
	if url := w.get("AWS_ENDPOINT_URL_" + service); url != "" {
		return &url
	}
	if url := w.get("AWS_ENDPOINT_URL"); url != "" {
		return &url
	}
	return nil
}

func (w *world) store() *dynamo.Store {
	tables := dynamo.Tables{Ledger: w.need("LEDGER_TABLE"), History: w.need("HISTORY_TABLE"), People: w.need("PEOPLE_TABLE"), Desk: w.need("DESK_TABLE")}
	client := dynamodb.NewFromConfig(w.cfg, func(o *dynamodb.Options) { o.BaseEndpoint = w.endpoint("DYNAMODB") })
	return dynamo.New(client, tables, nil)
}

// open enters for a verb that needs the tables and nothing else.
func (s settings) open(ctx context.Context) (*dynamo.Store, error) {
	w, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	store := w.store()
	return store, w.err()
}

// queue opens the queue whose address stands under a name such as ACTIVITIES_QUEUE_URL.
func (w *world) queue(name string) *queue.Queue {
	client := sqs.NewFromConfig(w.cfg, func(o *sqs.Options) { o.BaseEndpoint = w.endpoint("SQS") })
	return queue.New(client, w.need(name))
}

// identities is the key of the hashes under which identities are stored.
func (w *world) identities(ctx context.Context) ([]byte, error) {
	arn := w.need("IDENTITY_SECRET_ARN")
	if err := w.err(); err != nil {
		return nil, err
	}
	client := secretsmanager.NewFromConfig(w.cfg, func(o *secretsmanager.Options) { o.BaseEndpoint = w.endpoint("SECRETS_MANAGER") })
	return secret.Current(ctx, client, arn)
}

// now is the time of the world: that of the local run, whose clock may have been
// moved, or of this machine.
func (w *world) now(ctx context.Context) time.Time {
	if url := w.get("PAGE_URL"); url != "" {
		if t, err := clockOf(ctx, url); err == nil {
			return t
		}
	}
	return time.Now()
}

// clockOf asks the page of a local run what its clock shows.
func clockOf(ctx context.Context, page string) (time.Time, error) {
	at, err := readClock(ctx, page)
	return at.Now, err
}

// clockView is what the page says of the clock.
type clockView struct {
	Now            time.Time
	Moving, Failed bool
}

func readClock(ctx context.Context, page string) (at clockView, err error) {
	return at, getJSON(ctx, strings.TrimSuffix(page, "/")+"/clock", &at)
}
