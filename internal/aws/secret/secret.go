// Package secret reads secrets from Secrets Manager, once at the start of a
// process. A secret that was rotated has two live values: what is signed is
// signed by the current one, what is checked may be by either.
package secret

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// Keys are the live values of one secret. Previous is nil before the first
// rotation. They print as nothing.
type Keys struct {
	Current, Previous []byte
}

// String keeps values out of logs.
func (Keys) String() string { return "[secret]" }

// GoString keeps values out of logs.
func (Keys) GoString() string { return "[secret]" }

// least is the shortest value taken: a shorter one was not generated.
const least = 32

// Read reads a secret by its ARN or name.
func Read(ctx context.Context, client *secretsmanager.Client, arn string) (Keys, error) {
	var k Keys
	var err error
	if k.Current, err = value(ctx, client, arn, "AWSCURRENT"); err != nil {
		return Keys{}, err
	}
	k.Previous, err = value(ctx, client, arn, "AWSPREVIOUS")
	var none *types.ResourceNotFoundException
	if err != nil && !errors.As(err, &none) {
		return Keys{}, err
	}
	return k, nil
}

// Current reads the value in force: enough for a secret that is never rotated.
func Current(ctx context.Context, client *secretsmanager.Client, arn string) ([]byte, error) {
	return value(ctx, client, arn, "AWSCURRENT")
}

func value(ctx context.Context, client *secretsmanager.Client, arn, stage string) ([]byte, error) {
	out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(arn), VersionStage: aws.String(stage)})
	if err != nil {
		return nil, fmt.Errorf("read secret %s (%s): %w", arn, stage, err)
	}
	b := out.SecretBinary
	if out.SecretString != nil {
		b = []byte(*out.SecretString)
	}
	if len(b) < least {
		return nil, fmt.Errorf("secret %s (%s) has %d bytes: at least %d, made by GenerateSecretString, would be right", arn, stage, len(b), least)
	}
	return b, nil
}
