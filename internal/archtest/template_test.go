package archtest

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEachParameterHasItsSentence(t *testing.T) {
	for name, p := range read(t).source["Parameters"].(map[string]any) {
		if d := text(p, "Description"); !strings.HasSuffix(d, ".") || len(strings.Fields(d)) < 5 {
			t.Errorf("the parameter %s is not explained by a sentence: %q", name, d)
		}
		if at(p, "Default") == nil {
			t.Errorf("the parameter %s has no default, so the template cannot be tried without it", name)
		}
	}
}

func TestFunctionsOfTheTemplateAreTheFolders(t *testing.T) {
	v := read(t)
	inTemplate := map[string]bool{}
	for id, r := range v.source["Resources"].(map[string]any) {
		if text(r, "Type") != "AWS::Serverless::Function" {
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(id, "Function"))
		inTemplate[name] = true
		if got := text(r, "Properties", "CodeUri"); got != "functions/"+name+"/" || !strings.HasSuffix(id, "Function") {
			t.Errorf("%s is built from %q, its folder is functions/%s/", id, got, name)
		}
		if text(r, "Metadata", "BuildMethod") != "go1.x" {
			t.Errorf("%s has no BuildMethod go1.x: sam would not know how to build it", id)
		}
	}
	folders, err := filepath.Glob(root + "/functions/*/main.go")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no functions/*/main.go (%v)", err)
	}
	for _, f := range folders {
		name := filepath.Base(filepath.Dir(f))
		if !inTemplate[name] {
			t.Errorf("functions/%s is not in the template", name)
		}
		delete(inTemplate, name)
		if events, _ := filepath.Glob(root + "/events/" + name + "*.json"); len(events) == 0 {
			t.Errorf("functions/%s has no event to try it with: events/%s.json", name, name)
		}
	}
	for name := range inTemplate {
		t.Errorf("the template has a function %s, there is no functions/%s/main.go", name, name)
	}
}

// A function asks for its settings in main.go by env.Need("NAME") and env.May("NAME"); the SDK asks for its endpoint itself.
var setting = regexp.MustCompile(`env\.(Need|May)\("([A-Z_]+)"\)`)

func TestFunctionsAskForTheSettingsThatTheyAreGiven(t *testing.T) {
	for id, r := range read(t).source["Resources"].(map[string]any) {
		if text(r, "Type") != "AWS::Serverless::Function" {
			continue
		}
		given, _ := at(r, "Properties", "Environment", "Variables").(map[string]any)
		asked := map[string]bool{}
		files, err := filepath.Glob(root + "/" + text(r, "Properties", "CodeUri") + "*.go")
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no code in %s (%v)", id, text(r, "Properties", "CodeUri"), err)
		}
		for _, f := range files {
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range setting.FindAllStringSubmatch(string(source), -1) {
				asked[m[2]] = true
			}
		}
		for name := range asked {
			if given[name] == nil {
				t.Errorf("%s asks for %s, which the template does not give it", id, name)
			}
		}
		for name := range given {
			if !asked[name] {
				t.Errorf("%s is given %s and never asks for it", id, name)
			}
		}
	}
}

func TestFunctionsAreFencedIn(t *testing.T) {
	v := expand(t)
	roles := map[string]string{}
	v.each(t, "AWS::Lambda::Function", func(id string, p, _ map[string]any) {
		if number(p, "MemorySize") < 128 || number(p, "Timeout") < 1 {
			t.Errorf("%s: memory and timeout are not stated", id)
		}
		if text(p, "Runtime") != "provided.al2023" || text(p, "Handler") != "bootstrap" || asJSON(p["Architectures"]) != `[{"Ref":"Architecture"}]` {
			t.Errorf("%s is no static binary of the architecture that the parameter says", id)
		}
		if asJSON(at(p, "TracingConfig", "Mode")) != `{"Ref":"Tracing"}` {
			t.Errorf("%s is not traced as the parameter says", id)
		}
		group := of(at(p, "LoggingConfig", "LogGroup"))
		if text(p, "LoggingConfig", "LogFormat") != "JSON" || at(v.resources, group, "Properties", "RetentionInDays") == nil {
			t.Errorf("%s does not log JSON to a log group with a retention", id)
		}
		role := of(p["Role"])
		if other, taken := roles[role]; taken || role == "" {
			t.Errorf("%s shares the role %q with %s", id, role, other)
		}
		roles[role] = id
		if reserved := asJSON(p["ReservedConcurrentExecutions"]); !strings.HasPrefix(reserved, `{"Fn::If":["LimitsConcurrency"`) {
			t.Errorf("%s reserves concurrency by %s, not by a parameter that is off by default", id, reserved)
		}
	})
	if text(v.source, "Parameters", "Tracing", "Default") != "Active" || text(v.source, "Parameters", "Architecture", "Default") != "arm64" || number(v.source, "Parameters", "ConcurrencyLimit", "Default") != 0 {
		t.Error("the defaults are arm64, traces, and no reserved concurrency")
	}
}

func TestAFunctionDoesNotNameItsOwnAPI(t *testing.T) {
	v := expand(t)
	v.each(t, "AWS::Lambda::Function", func(id string, p, _ map[string]any) {
		for _, api := range []string{"PublicApi", "ConsoleApi"} {
			if strings.Contains(asJSON(p), api) {
				t.Errorf("%s refers to %s, whose routes refer to it: CloudFormation refuses the cycle", id, api)
			}
		}
	})
}

func TestWhoMayStartAFunctionIsOneSource(t *testing.T) {
	v := expand(t)
	v.each(t, "AWS::Lambda::Permission", func(id string, p, _ map[string]any) {
		if text(p, "Principal") == "" || text(p, "Principal") == "*" || at(p, "SourceArn") == nil {
			t.Errorf("%s lets in more than one source: %s", id, asJSON(p))
		}
	})
}

func TestQueuesLoseNothing(t *testing.T) {
	v := read(t)
	policies := map[string]string{}
	v.each(t, "AWS::SQS::QueuePolicy", func(id string, p, _ map[string]any) {
		for _, q := range list(p, "Queues") {
			policies[of(q)] = asJSON(p["PolicyDocument"])
		}
	})
	v.each(t, "AWS::SQS::Queue", func(id string, p, _ map[string]any) {
		if number(p, "MessageRetentionPeriod") != 14*24*3600 {
			t.Errorf("%s does not keep messages for 14 days", id)
		}
		if at(p, "SqsManagedSseEnabled") != true {
			t.Errorf("%s is not encrypted", id)
		}
		if !tlsOnly(policies[id]) {
			t.Errorf("%s is open to calls without TLS", id)
		}
		allow := text(p, "RedriveAllowPolicy", "redrivePermission")
		if strings.HasSuffix(id, "DeadLetters") {
			if allow != "byQueue" && id != "TicksDeadLetters" {
				t.Errorf("%s takes dead letters of any queue", id)
			}
			return
		}
		if allow != "denyAll" {
			t.Errorf("%s may be taken for a dead-letter queue", id)
		}
		if number(p, "RedrivePolicy", "maxReceiveCount") < 5 {
			t.Errorf("%s gives up after fewer than 5 receives", id)
		}
		dead := of(at(p, "RedrivePolicy", "deadLetterTargetArn"))
		if v.resources[dead] == nil {
			t.Errorf("%s has no dead-letter queue", id)
		}
		named := asJSON(at(v.resources, dead, "Properties", "RedriveAllowPolicy", "sourceQueueArns"))
		if name := text(p, "QueueName", "Fn::Sub"); name == "" || !strings.Contains(named, ":"+name+`"`) {
			t.Errorf("%s is not the source that %s names: %s", id, dead, named)
		}
	})
}

func tlsOnly(policy string) bool {
	return strings.Contains(policy, `"aws:SecureTransport":"false"`) && strings.Contains(policy, `"Effect":"Deny"`)
}

func TestQueuesAreReadAtAPaceAndInParts(t *testing.T) {
	v := expand(t)
	readers := map[string]bool{}
	v.each(t, "AWS::Lambda::EventSourceMapping", func(id string, p, _ map[string]any) {
		if asJSON(p["FunctionResponseTypes"]) != `["ReportBatchItemFailures"]` {
			t.Errorf("%s fails a batch as a whole", id)
		}
		queue := of(p["EventSourceArn"])
		if text(v.resources, queue, "Type") != "AWS::SQS::Queue" {
			return
		}
		readers[queue] = true
		if at(p, "ScalingConfig", "MaximumConcurrency") == nil {
			t.Errorf("%s has no MaximumConcurrency: throttled polls would count as receives", id)
		}
		function := of(p["FunctionName"])
		visible, timeout := number(v.resources, queue, "Properties", "VisibilityTimeout"), number(v.resources, function, "Properties", "Timeout")
		if visible < 6*timeout {
			t.Errorf("%s hides a message for %v s, six timeouts of %s are %v", queue, visible, function, 6*timeout)
		}
		if batch := number(p, "BatchSize"); batch > 10 && number(p, "MaximumBatchingWindowInSeconds") < 1 {
			t.Errorf("%s asks for a batch of %v without a window", id, batch)
		}
	})
	v.each(t, "AWS::SQS::Queue", func(id string, _, _ map[string]any) {
		if strings.HasSuffix(id, "Queue") && !readers[id] {
			t.Errorf("nobody reads %s", id)
		}
	})
}

func TestTheStreamGivesUpAndKeepsWhatItGaveUp(t *testing.T) {
	v := expand(t)
	streams := 0
	v.each(t, "AWS::Lambda::EventSourceMapping", func(id string, p, _ map[string]any) {
		if !strings.Contains(asJSON(p["EventSourceArn"]), "StreamArn") {
			return
		}
		streams++
		if tries := number(p, "MaximumRetryAttempts"); at(p, "BisectBatchOnFunctionError") != true || tries < 5 || tries > 10 {
			t.Errorf("%s: bisect %v, retries %v; one bad record would block its shard", id, at(p, "BisectBatchOnFunctionError"), tries)
		}
		if age := number(p, "MaximumRecordAgeInSeconds"); age <= 0 || age >= 24*3600 {
			t.Errorf("%s keeps records for %v s: the stream forgets them after 24 hours", id, age)
		}
		if kind := text(v.resources, of(at(p, "DestinationConfig", "OnFailure", "Destination")), "Type"); kind != "AWS::S3::Bucket" {
			t.Errorf("%s sends what it gave up to %q: only a bucket keeps the record", id, kind)
		}
		if len(list(p, "FilterCriteria", "Filters")) == 0 {
			t.Errorf("%s starts a function at each write", id)
		}
	})
	if streams == 0 || streams > 2 {
		t.Errorf("%d readers of streams; a shard serves two", streams)
	}
}

func TestSchedulesRetryAndTellWhenTheyLose(t *testing.T) {
	v := expand(t)
	v.each(t, "AWS::Scheduler::Schedule", func(id string, p, _ map[string]any) {
		if p["Name"] != nil {
			t.Errorf("%s has a name that clashes between two stacks", id)
		}
		target := at(p, "Target")
		if v.resources[of(at(target, "DeadLetterConfig", "Arn"))] == nil || number(target, "RetryPolicy", "MaximumRetryAttempts") < 1 {
			t.Errorf("%s has no dead-letter queue or no retry", id)
		}
		if !strings.Contains(text(target, "Input"), `"time":"<aws.scheduler.scheduled-time>"`) || !strings.Contains(text(target, "Input"), `"tick":`) {
			t.Errorf("%s does not say which tick of which time it is: %s", id, text(target, "Input"))
		}
		function := of(at(target, "Arn"))
		if at(v.resources, function+"EventInvokeConfig", "Properties", "DestinationConfig", "OnFailure") == nil {
			t.Errorf("%s starts %s, which says nowhere what it failed at (OnFailure)", id, function)
		}
	})
}

func TestTablesSurviveMistakes(t *testing.T) {
	ttl := map[string]bool{}
	read(t).each(t, "AWS::DynamoDB::Table", func(id string, p, r map[string]any) {
		if at(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true || at(p, "DeletionProtectionEnabled") != true {
			t.Errorf("%s cannot be restored, or can be deleted", id)
		}
		if text(r, "DeletionPolicy") != "Retain" || text(r, "UpdateReplacePolicy") != "Retain" {
			t.Errorf("%s goes with the stack", id)
		}
		if at(p, "SSESpecification", "SSEEnabled") != true {
			t.Errorf("%s is not encrypted with a key of the account", id)
		}
		limits := []any{p}
		limits = append(limits, list(p, "GlobalSecondaryIndexes")...)
		for _, l := range limits {
			if of(at(l, "OnDemandThroughput", "MaxReadRequestUnits")) == "" || of(at(l, "OnDemandThroughput", "MaxWriteRequestUnits")) == "" {
				t.Errorf("%s %s has no fuse against a runaway bill", id, text(l, "IndexName"))
			}
		}
		for _, i := range list(p, "GlobalSecondaryIndexes") {
			if text(i, "Projection", "ProjectionType") != "KEYS_ONLY" {
				t.Errorf("%s: the index %s projects more than keys, which doubles the bill of a write", id, text(i, "IndexName"))
			}
		}
		ttl[id] = at(p, "TimeToLiveSpecification", "Enabled") == true
	})
	if !ttl["PeopleTable"] || !ttl["DeskTable"] || ttl["LedgerTable"] || ttl["HistoryTable"] {
		t.Errorf("what expires: %v; people and desk hold items that do, a ledger and its pages never do", ttl)
	}
}

func TestAnswersOfTheDocumentsExist(t *testing.T) {
	manual, err := os.ReadFile(root + "/docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	var now []string
	body := map[string]string{}
	for line := range strings.Lines(string(manual)) {
		if strings.HasPrefix(line, "#") {
			now = nil
			for _, word := range strings.Fields(strings.Trim(line, "# \n")) {
				if word = strings.Trim(word, ",`"); strings.HasSuffix(word, "Alarm") {
					sections[word], now = true, append(now, word)
				}
			}
			continue
		}
		for _, n := range now {
			body[n] += line
		}
	}
	read(t).each(t, "AWS::CloudWatch::Alarm", func(id string, p, _ map[string]any) {
		if !sections[id] {
			t.Errorf("the alarm %s has no section in docs/operate.md", id)
		} else if !strings.Contains(body[id], "```") {
			t.Errorf("the section of %s in docs/operate.md has nothing to paste", id)
		}
		delete(sections, id)
		if asJSON(p["AlarmActions"]) != `[{"Ref":"AlarmsTopic"}]` || text(p, "AlarmDescription") == "" {
			t.Errorf("the alarm %s tells nobody, or not what it means", id)
		}
	})
	for _, id := range slices.Sorted(maps.Keys(sections)) {
		t.Errorf("docs/operate.md explains %s, which is not in the template", id)
	}
}
