package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What strangers may call; the list is here so that a new public route is a decision.
var public = strings.Fields(`
	POST/f/{form} GET/f/{form}/thanks GET/d/{token} POST/b GET/s.js GET/c/{token} HEAD/c/{token} GET/o/{token} HEAD/o/{token} HEAD/d/{token} HEAD/f/{form}/thanks HEAD/p/{token} HEAD/u/{token} HEAD/confirm/{token} GET/p/{token} POST/p/{token}
	GET/u/{token} POST/u/{token} GET/confirm/{token} POST/confirm/{token} GET/ GET/assets/{file+}`)

func TestPublicRoutesAreThoseListed(t *testing.T) {
	v := expand(t)
	var open []string
	v.each(t, "AWS::ApiGatewayV2::Api", func(id string, p, _ map[string]any) {
		paths, _ := at(p, "Body", "paths").(map[string]any)
		for path, methods := range paths {
			for method, m := range methods.(map[string]any) {
				security := asJSON(at(m, "security"))
				if security != `[{"ConsoleAuthorizer":["sarnakh/console"]}]` {
					open = append(open, strings.ToUpper(method)+path)
				}
			}
		}
	})
	for _, o := range open {
		if !slices.Contains(public, o) {
			t.Errorf("%s is open to strangers and not on the list", o)
		}
	}
	for _, p := range public {
		if !slices.Contains(open, p) {
			t.Errorf("%s is on the list of public routes and not one", p)
		}
	}
}

func TestAPIsAreThrottledAndLogNobody(t *testing.T) {
	v := expand(t)
	v.each(t, "AWS::ApiGatewayV2::Stage", func(id string, p, _ map[string]any) {
		if number(p, "DefaultRouteSettings", "ThrottlingRateLimit") <= 0 {
			t.Errorf("%s has no throttle", id)
		}
		format := text(p, "AccessLogSettings", "Format")
		if format == "" {
			t.Errorf("%s has no access log", id)
		}
		for _, personal := range []string{"sourceIp", "userAgent", "context.path", "claims", "context.identity"} {
			if strings.Contains(format, personal) {
				t.Errorf("%s logs %s: paths carry tokens, addresses are people", id, personal)
			}
		}
		group := of(at(p, "AccessLogSettings", "DestinationArn"))
		if at(v.resources, group, "Properties", "RetentionInDays") == nil {
			t.Errorf("%s logs to %q, which keeps lines for ever", id, group)
		}
	})
	routes, _ := at(v.resources, "PublicApiApiGatewayDefaultStage", "Properties", "RouteSettings").(map[string]any)
	for _, r := range []string{"POST /f/{form}", "POST /b", "GET /c/{token}", "POST /u/{token}"} {
		if number(routes, r, "ThrottlingRateLimit") <= 0 {
			t.Errorf("%s has no throttle of its own", r)
		}
	}
	cors := asJSON(at(v.source, "Resources", "PublicApi", "Properties", "CorsConfiguration"))
	if !strings.Contains(cors, "CorsOrigins") || strings.Contains(cors, `"*"`) {
		t.Errorf("whose scripts may read answers is not the list of the parameter: %s", cors)
	}
}

func TestTopicsTakeOnlyWhatIsTheirs(t *testing.T) {
	v := read(t)
	policies := map[string]any{}
	v.each(t, "AWS::SNS::TopicPolicy", func(_ string, p, _ map[string]any) {
		for _, topic := range list(p, "Topics") {
			policies[of(topic)] = p["PolicyDocument"]
		}
	})
	v.each(t, "AWS::SNS::Topic", func(id string, _, _ map[string]any) {
		policy := asJSON(policies[id])
		if !tlsOnly(policy) {
			t.Errorf("%s is open to calls without TLS", id)
		}
		if !strings.Contains(policy, "aws:SourceArn") || !strings.Contains(policy, "aws:SourceAccount") {
			t.Errorf("%s takes messages of any sender", id)
		}
	})
	feedback := list(v.resources, "FeedbackQueuePolicy", "Properties", "PolicyDocument", "Statement")
	if s := asJSON(feedback); !strings.Contains(s, `"ArnEquals":{"aws:SourceArn":{"Ref":"FeedbackTopic"}}`) {
		t.Errorf("who may write to FeedbackQueue: %s", s)
	}
	if at(v.resources, "FeedbackSubscription", "Properties", "RawMessageDelivery") != true {
		t.Error("feedback expects what SES says, not an envelope of SNS around it")
	}
}

func TestMailIsWatchedAndNotTracked(t *testing.T) {
	v := read(t)
	set := at(v.resources, "MailConfigurationSet", "Properties")
	if text(set, "DeliveryOptions", "TlsPolicy") != "REQUIRE" || at(set, "ReputationOptions", "ReputationMetricsEnabled") != true {
		t.Error("mails may leave without TLS, or nobody counts what comes back")
	}
	if asJSON(at(set, "SuppressionOptions", "SuppressedReasons")) != `["BOUNCE","COMPLAINT"]` {
		t.Error("both reasons suppress: BOUNCE and COMPLAINT")
	}
	if at(set, "TrackingOptions") != nil {
		t.Error("SES tracks clicks: links are ours")
	}
	events := list(v.resources, "MailEvents", "Properties", "EventDestination", "MatchingEventTypes")
	for _, want := range []string{"send", "reject", "delivery", "bounce", "complaint", "renderingFailure", "deliveryDelay"} {
		if !slices.Contains(events, any(want)) {
			t.Errorf("nobody hears of the event %s", want)
		}
	}
	if slices.Contains(events, any("open")) || slices.Contains(events, any("click")) {
		t.Error("SES tracks opens or clicks")
	}
	if v.resources["MailIdentity"] != nil && at(v.resources, "MailIdentity", "Properties", "MailFromAttributes", "MailFromDomain") == nil {
		t.Error("mails leave with a MAIL FROM that is not ours")
	}
	for _, f := range []string{"DeliverFunction", "NurtureFunction"} {
		if of(at(v.source, "Resources", f, "Properties", "Environment", "Variables", "MAIL_CONFIGURATION_SET")) != "MailConfigurationSet" {
			t.Errorf("%s sends outside the configuration set", f)
		}
	}
}

func TestSecretsAndFailuresAreKept(t *testing.T) {
	v := read(t)
	v.each(t, "AWS::SecretsManager::Secret", func(id string, p, r map[string]any) {
		if at(p, "GenerateSecretString") == nil || text(r, "DeletionPolicy") != "Retain" {
			t.Errorf("%s is written down somewhere, or lost with the stack", id)
		}
	})
	v.each(t, "AWS::S3::Bucket", func(id string, p, _ map[string]any) {
		block := at(p, "PublicAccessBlockConfiguration")
		for _, b := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if at(block, b) != true {
				t.Errorf("%s: %s is off", id, b)
			}
		}
		if at(p, "BucketEncryption") == nil || len(list(p, "LifecycleConfiguration", "Rules")) == 0 {
			t.Errorf("%s is not encrypted, or keeps people for ever", id)
		}
		if !tlsOnly(asJSON(at(v.resources, id+"Policy", "Properties", "PolicyDocument"))) {
			t.Errorf("%s is open to calls without TLS", id)
		}
	})
}

// What must wake somebody. The names of metrics of our own are those that the functions write.
func TestWhatMustWakeSomebodyDoes(t *testing.T) {
	v := read(t)
	has := map[string]bool{}
	v.each(t, "AWS::CloudWatch::Alarm", func(_ string, p, _ map[string]any) {
		name := text(p, "Namespace") + " " + text(p, "MetricName")
		for _, d := range list(p, "Dimensions") {
			has[name+" "+of(at(d, "Value"))] = true
		}
		for _, m := range list(p, "Metrics") {
			metric := at(m, "MetricStat", "Metric")
			for _, d := range list(metric, "Dimensions") {
				has[text(metric, "Namespace")+" "+text(metric, "MetricName")+" "+of(at(d, "Value"))] = true
			}
		}
	})
	var want []string
	v.each(t, "AWS::SQS::Queue", func(id string, _, _ map[string]any) {
		if strings.HasSuffix(id, "DeadLetters") {
			want = append(want, "AWS/SQS ApproximateNumberOfMessagesVisible "+id)
		} else {
			want = append(want, "AWS/SQS ApproximateAgeOfOldestMessage "+id)
		}
	})
	for id, r := range v.source["Resources"].(map[string]any) {
		if text(r, "Type") == "AWS::Serverless::Function" {
			want = append(want, "AWS/Lambda Throttles "+id, "AWS/Lambda Errors "+id, "AWS/Lambda Duration "+id)
		}
	}
	want = append(want, "AWS/Lambda IteratorAge DispatchFunction", "AWS/ApiGateway 5xx PublicApi", "AWS/ApiGateway 5xx ConsoleApi",
		"AWS/SES Reputation.BounceRate MailConfigurationSet", "AWS/SES Reputation.ComplaintRate MailConfigurationSet",
		"Sarnakh OldestDueSend NurtureFunction", "Sarnakh MailsUnknown NurtureFunction", "Sarnakh MarketingHeld NurtureFunction", "Sarnakh Parked IngestFunction",
		"Sarnakh OldestDueReview RescoreFunction")
	for _, w := range want {
		if !has[w] {
			t.Errorf("no alarm on %s", w)
		}
	}
}

// A figure that no function writes would never ring.
func TestFiguresThatAlarmsReadAreWritten(t *testing.T) {
	read(t).each(t, "AWS::CloudWatch::Alarm", func(id string, p, _ map[string]any) {
		if text(p, "Namespace") != "Sarnakh" {
			return
		}
		function := of(at(list(p, "Dimensions")[0], "Value"))
		files, err := filepath.Glob(root + "/functions/" + strings.ToLower(strings.TrimSuffix(function, "Function")) + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s watches %q, which has no code (%v)", id, function, err)
		}
		for _, f := range files {
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(source), `event.Metric{Name: "`+text(p, "MetricName")+`"`) {
				return
			}
		}
		t.Errorf("%s watches %s, which %s does not write", id, text(p, "MetricName"), function)
	})
}
