package template

import (
	"os"
	"strings"
	"testing"
	"time"
)

const small = `AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  PublicUrl: {Type: String}
  Hook: {Type: String, Default: ''}
  Origins: {Type: CommaDelimitedList, Default: 'https://a.example, https://b.example'}
Mappings:
  Sizes: {small: {memory: 256}}
Conditions:
  HasHook: !Not [!Equals [!Ref Hook, '']]
  Both: !And [!Condition HasHook, !Equals [a, a]]
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 7
    Environment:
      Variables: {COMMON: yes, SHADOWED: global}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowOrigins: !Ref Origins, AllowMethods: [POST]}
      Auth:
        DefaultAuthorizer: Jwt
        Authorizers:
          Jwt:
            JwtConfiguration: {issuer: !Sub 'https://idp/${Pool}', audience: [!Ref Client]}
  Pool: {Type: AWS::Cognito::UserPool}
  Client: {Type: AWS::Cognito::UserPoolClient}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 42
      RedrivePolicy: {deadLetterTargetArn: !GetAtt JobsDead.Arn, maxReceiveCount: 5}
  JobsDead: {Type: AWS::SQS::Queue}
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: k, AttributeType: S}, {AttributeName: d, AttributeType: N}]
      KeySchema: [{AttributeName: k, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: due
          KeySchema: [{AttributeName: k, KeyType: HASH}, {AttributeName: d, KeyType: RANGE}]
          Projection: {ProjectionType: KEYS_ONLY}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
  OnlyWithHook:
    Type: AWS::SQS::Queue
    Condition: HasHook
  Work:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: go1.x}
    Properties:
      CodeUri: functions/work/
      MemorySize: !FindInMap [Sizes, small, memory]
      Environment:
        Variables:
          SHADOWED: own
          QUEUE: !Ref Jobs
          TABLE: !Ref Things
          HOOK: !If [Both, !Ref Hook, !Ref AWS::NoValue]
          WHERE: !Join ['-', [!Ref AWS::Region, !Sub '${Things.Arn}', !Sub '${!literal}']]
      Policies: [{Statement: []}]
      Events:
        Post: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: post, Path: '/f/{form}', Auth: {Authorizer: NONE}}}
        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: '/api/{proxy+}'}}
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 100, MaximumBatchingWindowInSeconds: 1, FunctionResponseTypes: [ReportBatchItemFailures]}}
        Stream:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Things.StreamArn
            StartingPosition: LATEST
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 5
            DestinationConfig: {OnFailure: {Destination: !GetAtt JobsDead.Arn}}
            FilterCriteria: {Filters: [{Pattern: '{"eventName":["INSERT"]}'}]}
        Tick: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute), OmitName: true, Input: '{"tick":"x"}'}}
`

var names = Names{Stack: "s", Region: "r", Account: "1"}

func resolve(t *testing.T, source string, params map[string]string) *Stack {
	t.Helper()
	parsed, err := Parse([]byte(source), params)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := parsed.Resolve(names)
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

func TestTheSmallTemplateResolvesToLocalNames(t *testing.T) {
	s := resolve(t, small, map[string]string{"PublicUrl": "http://x"})
	f := s.Functions[0]
	want := map[string]string{
		"COMMON": "yes", "SHADOWED": "own", "QUEUE": "https://sqs.r.amazonaws.com/1/s-Jobs", "TABLE": "s-Things",
		"WHERE": "r-arn:aws:dynamodb:r:1:table/s-Things-${literal}",
	}
	for k, v := range want {
		if f.Env[k] != v {
			t.Errorf("%s is %q, want %q", k, f.Env[k], v)
		}
	}
	if _, there := f.Env["HOOK"]; there {
		t.Error("HOOK is there, though its value is AWS::NoValue")
	}
	if f.Timeout != 7*time.Second || f.Memory != 256 || f.CodeURI != "functions/work" {
		t.Errorf("timeout %v, memory %d, code %q", f.Timeout, f.Memory, f.CodeURI)
	}
	q := f.Queues[0]
	if q.QueueARN != "arn:aws:sqs:r:1:s-Jobs" || q.BatchSize != 100 || q.Window != time.Second || !q.Partial {
		t.Errorf("queue source %+v", q)
	}
	if st := f.Streams[0]; !st.Latest || !st.Bisect || st.Retries != 5 || st.OnFailure != "arn:aws:sqs:r:1:s-JobsDead" || len(st.Filters) != 1 {
		t.Errorf("stream source %+v", st)
	}
	if len(s.Queues) != 2 || s.Queues[0].Visibility != 42*time.Second || s.Queues[0].MaxReceive != 5 || s.Queues[0].DeadARN != "arn:aws:sqs:r:1:s-JobsDead" {
		t.Errorf("queues %+v", s.Queues[0])
	}
	if tb := s.Tables[0]; tb.Hash != "k" || tb.TTL != "ttl" || tb.Stream != "NEW_IMAGE" || tb.Indexes[0].Range != "d" {
		t.Errorf("table %+v", tb)
	}
	api := s.APIs[0]
	if api.Routes[0].Key() != "POST /f/{form}" || api.Routes[0].Authorizer != "" || api.Routes[1].Authorizer != "Jwt" {
		t.Errorf("routes %+v", api.Routes)
	}
	if a := api.Authorizers["Jwt"]; a.Issuer != "https://idp/s-Pool" || a.Audiences[0] != "s-Client" {
		t.Errorf("authorizer %+v", a)
	}
	if len(api.CORS.Origins) != 2 || api.CORS.Origins[1] != "https://b.example" {
		t.Errorf("cors %+v", api.CORS)
	}
	if len(s.Unused) == 0 {
		t.Error("Policies and the user pool are not reported as meaning nothing")
	}
}

func TestAConditionBringsItsResource(t *testing.T) {
	s := resolve(t, small, map[string]string{"PublicUrl": "http://x", "Hook": "http://h"})
	if len(s.Queues) != 3 || s.Functions[0].Env["HOOK"] != "http://h" {
		t.Errorf("%d queues, HOOK %q", len(s.Queues), s.Functions[0].Env["HOOK"])
	}
}

func TestGivenNamesReplaceOurs(t *testing.T) {
	parsed, err := Parse([]byte(small), map[string]string{"PublicUrl": "x"})
	if err != nil {
		t.Fatal(err)
	}
	n := names
	n.Ref = map[string]string{"Jobs": "http://127.0.0.1/jobs"}
	n.Attr = map[string]string{"Things.StreamArn": "arn:real"}
	s, err := parsed.Resolve(n)
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Functions[0]; f.Env["QUEUE"] != "http://127.0.0.1/jobs" || f.Streams[0].StreamARN != "arn:real" {
		t.Errorf("%q %q", f.Env["QUEUE"], f.Streams[0].StreamARN)
	}
}

func TestWhatTheRunDoesNotKnowIsAnErrorWithItsLine(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"a type", "Type: AWS::Cognito::UserPool}", "Type: AWS::Kinesis::Stream}", "line 29: Pool: the local run does not know the type AWS::Kinesis::Stream"},
		{"a property", "VisibilityTimeout: 42", "VisibilityTimout: 42", "does not know the property VisibilityTimout"},
		{"an event property", "BatchSize: 100", "BatchSise: 100", "BatchSise"},
		{"a reference", "!Ref Jobs\n", "!Ref Jbos\n", "there is no parameter or resource Jbos"},
		{"an attribute", "${Things.Arn}", "${Things.Colour}", "does not know Colour of Things"},
		{"a missing window", "MaximumBatchingWindowInSeconds: 1, ", "", "needs MaximumBatchingWindowInSeconds"},
		{"a number", "BatchSize: 100", "BatchSize: many", `should be a number from 1 to 10000, and is "many"`},
		{"two of one route", "Method: ANY, Path: '/api/{proxy+}'", "Method: post, Path: '/f/{form}'", "has the route POST /f/{form} already"},
		{"an event type", "Type: ScheduleV2", "Type: Schedule", `not "Schedule"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(small, c.old, c.new, 1)
			if changed == small {
				t.Fatal("the test changes nothing")
			}
			parsed, err := Parse([]byte(changed), map[string]string{"PublicUrl": "x"})
			if err == nil {
				_, err = parsed.Resolve(names)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "line ") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAParameterWithoutValueIsAnError(t *testing.T) {
	if _, err := Parse([]byte(small), nil); err == nil || !strings.Contains(err.Error(), "PublicUrl has no default") {
		t.Error(err)
	}
	if _, err := Parse([]byte(small), map[string]string{"PublicUrl": "", "Nobody": "x"}); err == nil || !strings.Contains(err.Error(), "Nobody") {
		t.Error(err)
	}
}

func TestTheTemplateOfThisRepositoryIsUnderstood(t *testing.T) {
	const path = "../../../template.yaml"
	if _, err := os.Stat(path); err != nil {
		t.Skip("there is no template.yaml")
	}
	given := map[string]string{}
	for {
		parsed, err := Load(path, given)
		if err != nil { // parameters without a default are for a person to give
			before := len(given)
			for _, line := range strings.Split(err.Error(), "\n") {
				if _, rest, ok := strings.Cut(line, "parameter "); ok && strings.Contains(line, "has no default") {
					given[strings.Fields(rest)[0]] = "x@example.com"
				}
			}
			if len(given) == before {
				t.Fatal(err)
			}
			continue
		}
		stack, err := parsed.Resolve(names)
		if err != nil {
			t.Fatal(err)
		}
		if len(stack.Functions) == 0 || len(stack.Queues) == 0 {
			t.Errorf("%d functions, %d queues", len(stack.Functions), len(stack.Queues))
		}
		for _, u := range stack.Unused {
			t.Logf("%s (lines %v): %s", u.What, u.Lines, u.Why)
		}
		return
	}
}
