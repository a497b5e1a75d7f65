package secret_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sarnakh/sarnakh/internal/aws/secret"
)

func TestASecretAndTheOneBeforeItAreRead(t *testing.T) {
	endpoint := os.Getenv("SARNAKH_SQS_ENDPOINT") // one endpoint serves queues, topics and secrets
	if endpoint == "" {
		t.Skip("SARNAKH_SQS_ENDPOINT is not set; run: make test")
	}
	c := secretsmanager.New(secretsmanager.Options{
		BaseEndpoint: aws.String(endpoint), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	one, two := strings.Repeat("1", 64), strings.Repeat("2", 64)
	// The engine does not know a put that is sent again by its token, as AWS does: where an answer is lost, another secret is tried.
	var made *secretsmanager.CreateSecretOutput
	var err error
	for range 3 {
		made, err = c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("test-" + rand.Text()), SecretString: aws.String(one)})
		if err != nil {
			t.Fatal(err)
		}
		k, readErr := secret.Read(t.Context(), c, *made.ARN)
		if readErr != nil || string(k.Current) != one || k.Previous != nil {
			t.Fatalf("%d bytes, previous %d, %v", len(k.Current), len(k.Previous), readErr)
		}
		once := func(o *secretsmanager.Options) { o.RetryMaxAttempts = 1 }
		if _, err = c.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretString: aws.String(two)}, once); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	k, err := secret.Read(t.Context(), c, *made.ARN)
	if err != nil || string(k.Current) != two || string(k.Previous) != one {
		t.Errorf("after rotation: %d bytes, previous %d, %v", len(k.Current), len(k.Previous), err)
	}
	if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(s, "1") || strings.Contains(s, "2") || strings.Contains(s, "49") {
		t.Errorf("a secret prints itself: %s", s)
	}
	if _, err := c.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretString: aws.String("short")}); err != nil {
		t.Fatal(err)
	}
	if _, err = secret.Current(t.Context(), c, *made.ARN); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("a value nobody generated: %v", err)
	}
}
