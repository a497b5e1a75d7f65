package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/tool"
)

func TestSettingsAreReadFromAFileAlone(t *testing.T) {
	t.Setenv("ACTIVITIES_QUEUE_URL", "https://another.example")
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("# a run\nunset AWS_PROFILE\nexport AWS_REGION='eu-central-1'\nexport AWS_ENDPOINT_URL_SQS='http://127.0.0.1:1'\nexport NOTE='it'\\''s'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w, err := settings{Env: file}.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := w.get("NOTE"); got != "it's" || w.cfg.Region != "eu-central-1" || *w.endpoint("SQS") != "http://127.0.0.1:1" || w.endpoint("DYNAMODB") != nil {
		t.Errorf("note %q, region %q", got, w.cfg.Region)
	}
	w.queue("ACTIVITIES_QUEUE_URL")
	w.store()
	err = w.err()
	if err == nil || !strings.Contains(err.Error(), "ACTIVITIES_QUEUE_URL, LEDGER_TABLE") || !strings.Contains(err.Error(), ".local/env") {
		t.Errorf("what is missing: %v", err)
	}
}

func TestAStackIsNamedAsALocalRunIs(t *testing.T) {
	dir := t.TempDir()
	fake := "#!/bin/sh\n[ \"$2\" = list-stack-resources ] || exit 1\nprintf 'ActivitiesQueue\\tAWS::SQS::Queue\\thttps://sqs.example/1/a\\nLedgerTable\\tAWS::DynamoDB::Table\\ts-LedgerTable\\nIdentitySecret\\tAWS::SecretsManager::Secret\\tarn:x\\nIngestRole\\tAWS::IAM::Role\\tr\\n'\n"
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(root, "infra", "stack-env.sh"), "prod")
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "AWS_REGION=eu-central-1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := tool.ReadSettings(string(out))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"ACTIVITIES_QUEUE_URL": "https://sqs.example/1/a", "LEDGER_TABLE": "s-LedgerTable", "IDENTITY_SECRET_ARN": "arn:x", "AWS_REGION": "eu-central-1", "INGEST_ROLE": ""} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}
