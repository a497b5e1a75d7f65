package engine

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func programs(t *testing.T) *Programs {
	t.Helper()
	dir := os.Getenv("SARNAKH_ENGINES_DIR")
	if dir == "" {
		t.Skip("needs the engines; run: make test")
	}
	p, err := Setup(t.Context(), Options{Source: "../../../infra/engines", Dir: dir, Say: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func start(t *testing.T, p *Programs, data string) *Engines {
	t.Helper()
	e, err := p.Start(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Stop(context.Background(), data, func(string) {}) })
	return e
}

func clients(e *Engines) (*dynamodb.Client, *sqs.Client) {
	c := aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("LOCAL", "local", "")}
	return dynamodb.NewFromConfig(c, func(o *dynamodb.Options) { o.BaseEndpoint = &e.DynamoDB }),
		sqs.NewFromConfig(c, func(o *sqs.Options) { o.BaseEndpoint = &e.SQS })
}

func TestAKilledRunLeavesItsEnginesAndTheNextTakesThemOver(t *testing.T) {
	p, data := programs(t), t.TempDir()
	first := start(t, p, data) // and its run is gone here without a word
	_, queues := clients(first)
	if _, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")}); err != nil {
		t.Fatal(err)
	}
	before, _ := readRecord(recordPath(data, "ministack"))
	second := start(t, p, data)
	if second.DynamoDB != first.DynamoDB || second.SQS != first.SQS {
		t.Fatalf("endpoints moved from %+v to %+v", first, second)
	}
	after, _ := readRecord(recordPath(data, "ministack"))
	if after != before {
		t.Fatalf("a new MiniStack was started: %+v, was %+v", after, before)
	}
	if _, err := queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q")}); err != nil {
		t.Fatal(err)
	}
}

func TestTheStreamsRecordsHaveAnIndexSoThatTheThousandthWriteCostsWhatTheFirstDid(t *testing.T) {
	p := programs(t)
	if p.dynoxide == "" {
		t.Skip("left out: no dynoxide for this machine")
	}
	data := t.TempDir()
	start(t, p, data)
	const ask = `import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("EXPLAIN QUERY PLAN SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = 'x'").fetchall())`
	out, err := exec.Command(p.python, "-c", ask, dynoxideFile(data)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "sarnakh_stream_order") {
		t.Errorf("the greatest number is found by %s (%v)", out, err)
	}
}

func TestACleanStopKeepsTablesQueuesAndPorts(t *testing.T) {
	p, data := programs(t), t.TempDir()
	first := start(t, p, data)
	tables, queues := clients(first)
	if _, err := tables.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("tab"), BillingMode: ddb.BillingModePayPerRequest,
		KeySchema:            []ddb.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: ddb.KeyTypeHash}},
		AttributeDefinitions: []ddb.AttributeDefinition{{AttributeName: aws.String("k"), AttributeType: ddb.ScalarAttributeTypeS}},
	}); err != nil {
		t.Fatal(err)
	}
	q, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: q.QueueUrl, MessageBody: aws.String("سلام")}); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, _ := readRecord(recordPath(data, "ministack")); r.PID != 0 {
		t.Fatalf("the record still names a process: %+v", r)
	}
	second := start(t, p, data)
	if *second.endpoints() != *first.endpoints() {
		t.Fatalf("endpoints moved from %+v to %+v", first.endpoints(), second.endpoints())
	}
	if _, err := tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("tab")}); err != nil {
		t.Fatal(err)
	}
	m, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl})
	if err != nil || len(m.Messages) != 1 || *m.Messages[0].Body != "سلام" {
		t.Fatalf("the queue came back as %+v, %v", m, err)
	}
}

func (e *Engines) endpoints() *[2]string { return &[2]string{e.DynamoDB, e.SQS} }

func TestAProcessThatIsNotOursIsNeverStopped(t *testing.T) {
	stranger := exec.Command("sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "engines"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dynamodb", "ministack"} {
		r := record{PID: stranger.Process.Pid, Port: 8000, Dir: filepath.Join(data, "engines", name)}
		if err := r.write(recordPath(data, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Stop(t.Context(), data, func(s string) { t.Log(s) }); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(stranger.Process.Pid, 0); err != nil {
		t.Fatal("the stranger is gone")
	}
}

func TestAPortThatAnotherProgramTookIsNotUsed(t *testing.T) {
	p, data := programs(t), t.TempDir()
	first := start(t, p, data)
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", strings.TrimPrefix(first.SQS, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if second := start(t, p, data); second.SQS == first.SQS {
		t.Fatal("MiniStack says it listens where a stranger does")
	}
}

func TestWhatDoesNotComeUpSaysWhy(t *testing.T) {
	k := kind{name: "broken", data: t.TempDir(), hash: "h", healthy: answers("/", ""),
		command: func(int) []string { return []string{"sh", "-c", "echo no room on this disk; exit 1"} }}
	k.dir = filepath.Join(k.data, "engines", "broken")
	begun := time.Now()
	_, err := k.start(t.Context(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "no room on this disk") {
		t.Fatalf("got %v", err)
	}
	if time.Since(begun) > time.Minute {
		t.Fatal("it waited for a process that had ended")
	}
}

func TestALockIsHeldOnceAndEndsWithItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path, nil); err == nil {
		t.Fatal("two hold one lock")
	}
	unlock()
	if _, err := Lock(path, nil); err != nil {
		t.Fatal(err)
	}
}

func TestAMissingToolIsNamedWithWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("SARNAKH_USE_DYNAMODB", "http://127.0.0.1:1") // or a machine of another kind asks for Java first
	dir := t.TempDir()
	o := Options{Source: "../../../infra/engines", Dir: dir}
	if _, err := Setup(t.Context(), o); err == nil || !strings.Contains(err.Error(), "install Node.js 20") {
		t.Errorf("without npm: %v", err)
	}
	hash, err := hashFiles(o.Source, []string{"package.json", "package-lock.json", ".npmrc"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "node.stamp"), []byte(hash), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Setup(t.Context(), o); err == nil || !strings.Contains(err.Error(), "Python 3.10 or newer") {
		t.Errorf("without Python: %v", err)
	}
}

func TestTheLockFilesNameNoHost(t *testing.T) {
	for _, name := range []string{"package-lock.json", "requirements.txt", ".npmrc", "package.json"} {
		b, err := os.ReadFile(filepath.Join("../../../infra/engines", name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "resolved\"") || strings.Contains(string(b), "index-url") || strings.Contains(string(b), "registry=") {
			t.Errorf("%s names a host", name)
		}
	}
}
