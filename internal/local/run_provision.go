package local

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sarnakh/sarnakh/internal/local/keep"
	"github.com/sarnakh/sarnakh/internal/local/template"
	"github.com/sarnakh/sarnakh/internal/local/wire"
)

// engines are the calls of the run itself.
type engines struct {
	dynamo, streams, sqs, secrets *wire.Client
}

func connect(o Options) engines {
	client := wire.HTTP()
	one := func(endpoint, service, prefix, version string) *wire.Client {
		return &wire.Client{Endpoint: strings.TrimSuffix(endpoint, "/"), Service: service, Prefix: prefix, Region: o.Region, JSON: version, HTTP: client,
			Key: aws.Credentials{AccessKeyID: ownKey, SecretAccessKey: ownKey}}
	}
	return engines{
		dynamo:  one(o.Endpoints.DynamoDB, "dynamodb", "DynamoDB_20120810", "1.0"),
		streams: one(o.Endpoints.Streams, "dynamodb", "DynamoDBStreams_20120810", "1.0"),
		sqs:     one(o.Endpoints.SQS, "sqs", "AmazonSQS", "1.0"),
		secrets: one(o.Endpoints.Secrets, "secretsmanager", "secretsmanager", "1.1"),
	}
}

// ownKey is the access key of the run itself; DynamoDB Local keeps tables apart
// by key unless told otherwise.
const ownKey = "LOCAL"

func refusedWith(err error, code string) bool {
	var refused *wire.Error
	return errors.As(err, &refused) && strings.Contains(refused.Code, code)
}

// provision makes what the template names on the engines, or finds it there,
// and gives the names that the engines gave.
func provision(ctx context.Context, e engines, s *template.Stack, dataDir string) (ref, attr map[string]string, err error) {
	ref, attr = map[string]string{}, map[string]string{}
	for _, t := range s.Tables {
		stream, err := provisionTable(ctx, e.dynamo, t)
		if err != nil {
			return nil, nil, fmt.Errorf("table %s: %w", t.ID, err)
		}
		if stream != "" {
			attr[t.ID+".StreamArn"] = stream
		}
	}
	queues := slices.Clone(s.Queues)
	slices.SortStableFunc(queues, func(a, b *template.Queue) int { return strings.Compare(a.DeadARN, b.DeadARN) }) // dead letters first
	arns := map[string]string{}
	for _, q := range queues {
		url, arn, err := provisionQueue(ctx, e.sqs, q, arns[q.DeadARN])
		if err != nil {
			return nil, nil, fmt.Errorf("queue %s: %w", q.ID, err)
		}
		arns[q.ARN] = arn
		ref[q.ID], attr[q.ID+".QueueUrl"], attr[q.ID+".Arn"] = url, url, arn
	}
	kept := map[string]string{}
	path := filepath.Join(dataDir, "secrets.json")
	if err := keep.Read(path, &kept); err != nil {
		return nil, nil, err
	}
	for _, secret := range s.Secrets {
		arn, err := provisionSecret(ctx, e.secrets, secret, kept)
		if err != nil {
			return nil, nil, fmt.Errorf("secret %s: %w", secret.ID, err)
		}
		ref[secret.ID], attr[secret.ID+".Arn"], attr[secret.ID+".Id"] = arn, arn, arn
	}
	return ref, attr, keep.Write(path, kept)
}

type tableState struct {
	Table struct {
		TableStatus, LatestStreamArn string
		KeySchema                    []struct{ AttributeName, KeyType string }
		GlobalSecondaryIndexes       []struct{ IndexName string }
	}
}

func provisionTable(ctx context.Context, c *wire.Client, t *template.Table) (stream string, err error) {
	state, err := describeTable(ctx, c, t.Name)
	if refusedWith(err, "ResourceNotFound") {
		if _, err = c.Call(ctx, "CreateTable", tableRequest(t)); err != nil {
			return "", err
		}
		state, err = describeTable(ctx, c, t.Name)
		if err == nil && t.TTL != "" {
			// The engines note it and delete nothing; functions must bear both.
			c.Call(ctx, "UpdateTimeToLive", map[string]any{"TableName": t.Name, "TimeToLiveSpecification": map[string]any{"AttributeName": t.TTL, "Enabled": true}}) //nolint:errcheck // see above
		}
	}
	for tries := 0; err == nil && state.Table.TableStatus != "ACTIVE"; tries++ {
		if tries == 100 {
			return "", fmt.Errorf("it is still %s after 10 s", state.Table.TableStatus)
		}
		time.Sleep(100 * time.Millisecond)
		state, err = describeTable(ctx, c, t.Name)
	}
	if err != nil {
		return "", err
	}
	var have, want []string
	for _, k := range state.Table.KeySchema {
		have = append(have, k.KeyType+" "+k.AttributeName)
	}
	for _, i := range state.Table.GlobalSecondaryIndexes {
		have = append(have, "index "+i.IndexName)
	}
	want = append(want, "HASH "+t.Hash)
	if t.Range != "" {
		want = append(want, "RANGE "+t.Range)
	}
	for _, i := range t.Indexes {
		want = append(want, "index "+i.Name)
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		return "", fmt.Errorf("the data of an earlier run has %s, the template wants %s; move the data away (make clean) and start again", strings.Join(have, ", "), strings.Join(want, ", "))
	}
	if t.Stream != "" && state.Table.LatestStreamArn == "" {
		return "", errors.New("the engine gave it no stream")
	}
	return state.Table.LatestStreamArn, nil
}

func describeTable(ctx context.Context, c *wire.Client, name string) (s tableState, err error) {
	answer, err := c.Call(ctx, "DescribeTable", map[string]any{"TableName": name})
	if err == nil {
		err = json.Unmarshal(answer, &s)
	}
	return s, err
}

func tableRequest(t *template.Table) map[string]any {
	keys := func(hash, sort string) []map[string]string {
		out := []map[string]string{{"AttributeName": hash, "KeyType": "HASH"}}
		if sort != "" {
			out = append(out, map[string]string{"AttributeName": sort, "KeyType": "RANGE"})
		}
		return out
	}
	indexes := func(in []template.Index) (out []map[string]any) {
		for _, i := range in {
			projection := map[string]any{"ProjectionType": i.Projection}
			if len(i.Attributes) > 0 {
				projection["NonKeyAttributes"] = i.Attributes
			}
			out = append(out, map[string]any{"IndexName": i.Name, "KeySchema": keys(i.Hash, i.Range), "Projection": projection})
		}
		return out
	}
	var attributes []map[string]string
	for name, kind := range t.Types {
		attributes = append(attributes, map[string]string{"AttributeName": name, "AttributeType": kind})
	}
	request := map[string]any{"TableName": t.Name, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes, "KeySchema": keys(t.Hash, t.Range)}
	if len(t.Indexes) > 0 {
		request["GlobalSecondaryIndexes"] = indexes(t.Indexes)
	}
	if len(t.Local) > 0 {
		request["LocalSecondaryIndexes"] = indexes(t.Local)
	}
	if t.Stream != "" {
		request["StreamSpecification"] = map[string]any{"StreamEnabled": true, "StreamViewType": t.Stream}
	}
	return request
}

func provisionQueue(ctx context.Context, c *wire.Client, q *template.Queue, deadARN string) (url, arn string, err error) {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	attributes := map[string]string{
		"VisibilityTimeout": seconds(q.Visibility), "DelaySeconds": seconds(q.Delay),
		"MessageRetentionPeriod": seconds(q.Retention), "MaximumMessageSize": strconv.Itoa(q.MaxSize),
	}
	if q.DeadARN != "" {
		if deadARN == "" {
			return "", "", fmt.Errorf("its dead letters %s are no queue of the template", q.DeadARN)
		}
		redrive, err := json.Marshal(map[string]any{"deadLetterTargetArn": deadARN, "maxReceiveCount": q.MaxReceive})
		if err != nil {
			return "", "", err
		}
		attributes["RedrivePolicy"] = string(redrive)
	}
	var out struct {
		QueueURL   string `json:"QueueUrl"`
		Attributes map[string]string
	}
	call := func(action string, in map[string]any) error {
		answer, err := c.Call(ctx, action, in)
		if err != nil || len(answer) == 0 {
			return err
		}
		return json.Unmarshal(answer, &out)
	}
	if err = call("GetQueueUrl", map[string]any{"QueueName": q.Name}); err == nil {
		err = call("SetQueueAttributes", map[string]any{"QueueUrl": out.QueueURL, "Attributes": attributes})
	} else if refusedWith(err, "NonExistentQueue") || refusedWith(err, "QueueDoesNotExist") {
		err = call("CreateQueue", map[string]any{"QueueName": q.Name, "Attributes": attributes})
	}
	if err != nil {
		return "", "", err
	}
	url = out.QueueURL
	if err := call("GetQueueAttributes", map[string]any{"QueueUrl": url, "AttributeNames": []string{"QueueArn"}}); err != nil {
		return "", "", err
	}
	return url, out.Attributes["QueueArn"], nil
}

// provisionSecret keeps the value in a file of the run as well: what was
// signed or hashed with it must stay readable when the engine forgot it.
func provisionSecret(ctx context.Context, c *wire.Client, s *template.Secret, kept map[string]string) (string, error) {
	var there struct{ ARN, SecretString string }
	answer, err := c.Call(ctx, "GetSecretValue", map[string]any{"SecretId": s.Name})
	switch {
	case err == nil:
		if err := json.Unmarshal(answer, &there); err != nil {
			return "", err
		}
		if kept[s.ID] == "" {
			kept[s.ID] = there.SecretString
		}
		if kept[s.ID] == there.SecretString {
			return there.ARN, nil
		}
		_, err = c.Call(ctx, "PutSecretValue", map[string]any{"SecretId": s.Name, "SecretString": kept[s.ID], "ClientRequestToken": requestToken()})
		return there.ARN, err
	case !refusedWith(err, "ResourceNotFound"):
		return "", err
	}
	if kept[s.ID] == "" {
		if kept[s.ID], err = secretValue(s); err != nil {
			return "", err
		}
	}
	answer, err = c.Call(ctx, "CreateSecret", map[string]any{"Name": s.Name, "SecretString": kept[s.ID], "ClientRequestToken": requestToken()})
	if err != nil {
		return "", err
	}
	err = json.Unmarshal(answer, &there)
	return there.ARN, err
}

func requestToken() string {
	return base64.RawURLEncoding.EncodeToString(randomBytes(24)) + "-local-run"
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) //nolint:errcheck // never fails
	return b
}

// secretValue is what GenerateSecretString makes.
func secretValue(s *template.Secret) (string, error) {
	g := s.Generate
	if g == nil {
		return s.Value, nil
	}
	var kinds []string
	add := func(left bool, letters string) {
		if left {
			return
		}
		letters = strings.Map(func(r rune) rune {
			if strings.ContainsRune(g.Exclude, r) {
				return -1
			}
			return r
		}, letters)
		if letters != "" {
			kinds = append(kinds, letters)
		}
	}
	add(g.NoLower, "abcdefghijklmnopqrstuvwxyz")
	add(g.NoUpper, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	add(g.NoNumbers, "0123456789")
	add(g.NoPunctuation, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
	add(!g.Spaces, " ")
	all := strings.Join(kinds, "")
	if all == "" {
		return "", errors.New("GenerateSecretString excludes every character")
	}
	pick := func(letters string) byte {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // unreachable: crypto/rand never fails
		}
		return letters[n.Int64()]
	}
	for {
		word := make([]byte, g.Length)
		for i := range word {
			word[i] = pick(all)
		}
		if g.RequireEach && g.Length >= len(kinds) && slices.ContainsFunc(kinds, func(k string) bool { return !strings.ContainsAny(string(word), k) }) {
			continue
		}
		if g.Template == "" {
			return string(word), nil
		}
		object := map[string]any{}
		if err := json.Unmarshal([]byte(g.Template), &object); err != nil {
			return "", fmt.Errorf("SecretStringTemplate: %w", err)
		}
		object[g.Key] = string(word)
		body, err := json.Marshal(object)
		return string(body), err
	}
}
