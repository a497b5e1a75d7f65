package gateway

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	mail "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	msg "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// recorded makes calls through a gateway to an engine that says yes, and gives what was written down.
func recorded(t *testing.T, key string, do func(aws.Config)) []Call {
	t.Helper()
	yes := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("{}")) })
	engine := httptest.NewServer(yes)
	defer engine.Close()
	path := filepath.Join(t.TempDir(), "calls")
	record, err := OpenRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(Targets{DynamoDB: engine.URL, SQS: engine.URL, SNS: engine.URL, Secrets: engine.URL, SES: yes}, record)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g)
	defer s.Close()
	do(aws.Config{Region: "eu-central-1", BaseEndpoint: &s.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key, "local", "")})
	if err := record.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []Call
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c Call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func TestEachCallIsWrittenDownOnceAsIAMNamesIt(t *testing.T) {
	key := map[string]ddb.AttributeValue{"k": &ddb.AttributeValueMemberS{Value: "1"}}
	ctx := t.Context()
	got := recorded(t, "LOCALINGEST", func(c aws.Config) {
		d, q := dynamodb.NewFromConfig(c), sqs.NewFromConfig(c)
		for range 3 {
			_, _ = d.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("people"), Key: key})
		}
		_, _ = d.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("people"), IndexName: aws.String("due")})
		_, _ = d.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]ddb.KeysAndAttributes{
			"ledger": {Keys: []map[string]ddb.AttributeValue{key}}, "desk": {Keys: []map[string]ddb.AttributeValue{key}}}})
		_, _ = d.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []ddb.TransactWriteItem{
			{Put: &ddb.Put{TableName: aws.String("people"), Item: key}}, {ConditionCheck: &ddb.ConditionCheck{TableName: aws.String("desk"), Key: key, ConditionExpression: aws.String("a")}}}})
		_, _ = d.BatchExecuteStatement(ctx, &dynamodb.BatchExecuteStatementInput{Statements: []ddb.BatchStatementRequest{
			{Statement: aws.String(`UPDATE "ledger" SET x=? WHERE l=?`)}, {Statement: aws.String(`insert into "ledger" value {'l':?}`)}}})
		_, _ = d.ExecuteStatement(ctx, &dynamodb.ExecuteStatementInput{Statement: aws.String(`SELECT * FROM "ledger"."band" WHERE b=?`)})
		_, _ = q.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: aws.String("http://127.0.0.1:1/000000000000/jobs"), Entries: []msg.SendMessageBatchRequestEntry{{Id: aws.String("1"), MessageBody: aws.String("x")}}})
		_, _ = secretsmanager.NewFromConfig(c).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("link")})
		_, _ = sns.NewFromConfig(c).Publish(ctx, &sns.PublishInput{TopicArn: aws.String("arn:aws:sns:eu-central-1:000000000000:feedback"), Message: aws.String("x")})
		_, _ = sesv2.NewFromConfig(c).SendEmail(ctx, &sesv2.SendEmailInput{Content: &mail.EmailContent{}})
	})
	want := []Call{
		{"INGEST", "dynamodb:BatchGetItem", "desk", ""},
		{"INGEST", "dynamodb:BatchGetItem", "ledger", ""},
		{"INGEST", "dynamodb:ConditionCheckItem", "desk", ""},
		{"INGEST", "dynamodb:GetItem", "people", ""},
		{"INGEST", "dynamodb:PartiQLInsert", "ledger", ""},
		{"INGEST", "dynamodb:PartiQLSelect", "ledger", "band"},
		{"INGEST", "dynamodb:PartiQLUpdate", "ledger", ""},
		{"INGEST", "dynamodb:PutItem", "people", ""},
		{"INGEST", "dynamodb:Query", "people", "due"},
		{"INGEST", "secretsmanager:GetSecretValue", "link", ""},
		{"INGEST", "ses:SendEmail", "/v2/email/outbound-emails", ""},
		{"INGEST", "sns:Publish", "arn:aws:sns:eu-central-1:000000000000:feedback", ""},
		{"INGEST", "sqs:SendMessage", "jobs", ""},
	}
	slices.SortFunc(got, func(a, b Call) int { return strings.Compare(a.Action+a.Resource, b.Action+b.Resource) })
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestTheRunItselfIsNotWrittenDown(t *testing.T) {
	got := recorded(t, "LOCAL", func(c aws.Config) {
		_, _ = dynamodb.NewFromConfig(c).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	})
	if len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

func TestAMessageThatIsHiddenIsTold(t *testing.T) {
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("{}")) }))
	defer engine.Close()
	g, err := New(Targets{SQS: engine.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	type seen struct {
		queue, receipt string
		seconds        int
	}
	var got []seen
	g.OnVisibility(func(queue, receipt string, seconds int) { got = append(got, seen{queue, receipt, seconds}) })
	s := httptest.NewServer(g)
	defer s.Close()
	c := sqs.New(sqs.Options{Region: "eu-central-1", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("LOCALDELIVER", "x", "")})
	if _, err := c.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: aws.String("q"), ReceiptHandle: aws.String("r"), VisibilityTimeout: 900}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, []seen{{"q", "r", 900}}) {
		t.Errorf("got %v", got)
	}
}

func TestWhatCannotBePassedOnSaysWhy(t *testing.T) {
	g, err := New(Targets{DynamoDB: "http://127.0.0.1:1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g)
	defer s.Close()
	o := dynamodb.Options{Region: "eu-central-1", BaseEndpoint: &s.URL, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("K", "x", "")}
	if _, err := dynamodb.New(o).ListTables(t.Context(), &dynamodb.ListTablesInput{}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1 does not answer") {
		t.Errorf("a dead engine: %v", err)
	}
	if _, err := sqs.New(sqs.Options{Region: "eu-central-1", BaseEndpoint: &s.URL, RetryMaxAttempts: 1, Credentials: o.Credentials}).ListQueues(t.Context(), &sqs.ListQueuesInput{}); err == nil || !strings.Contains(err.Error(), "has no sqs") {
		t.Errorf("a service that is not there: %v", err)
	}
	res, err := http.Get(s.URL)
	if err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("no signature: %v, %v", res, err)
	}
	if _, err := New(Targets{SQS: "nonsense"}, nil); err == nil {
		t.Error("a target that is no URL was taken")
	}
	if _, err := OpenRecord(filepath.Join(t.TempDir(), "none", "calls")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a record in no folder: %v", err)
	}
}
