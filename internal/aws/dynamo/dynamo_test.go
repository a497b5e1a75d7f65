package dynamo_test

import (
	"context"
	"crypto/rand"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
	"github.com/sarnakh/sarnakh/internal/store/storetest"
)

func TestStore(t *testing.T) {
	for _, variable := range []string{"SARNAKH_DYNAMODB_ENDPOINT", "SARNAKH_DYNAMODB_LOCAL_ENDPOINT"} {
		t.Run(variable, func(t *testing.T) {
			s := dynamo.New(client(t, variable), tables(t, client(t, variable)), nil)
			storetest.Run(t, func(*testing.T) storetest.Store { return s })
		})
	}
}

// client talks to the engine that a variable names.
func client(t *testing.T, variable string) *dynamodb.Client {
	endpoint := os.Getenv(variable)
	if endpoint == "" {
		t.Skipf("%s is not set; run: make test", variable)
	}
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(endpoint), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// tables makes the four tables under names of their own, as template.yaml has
// them.
func tables(t *testing.T, db *dynamodb.Client) dynamo.Tables {
	t.Helper()
	prefix := "test-" + rand.Text()[:10] + "-"
	made, err := dynamo.CreateTables(t.Context(), db, prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, name := range []string{made.Ledger, made.History, made.People, made.Desk} {
			_, _ = db.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(name)})
		}
	})
	return made
}
