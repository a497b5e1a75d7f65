package template

import (
	"encoding/json"
	"strings"
)

// unusedTypes are whole resources that mean nothing on this machine.
func unusedType(kind string) (why string, ok bool) {
	switch kind {
	case "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard", "AWS::CloudWatch::AnomalyDetector", "AWS::Logs::MetricFilter", "AWS::Logs::QueryDefinition":
		return "nobody watches figures here; the page shows them", true
	case "AWS::Logs::LogGroup", "AWS::Logs::ResourcePolicy":
		return "logs are files in the data folder", true
	case "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy", "AWS::Lambda::Permission", "AWS::KMS::Key", "AWS::KMS::Alias", "AWS::SecretsManager::ResourcePolicy":
		return "permissions and keys are not checked here", true
	case "AWS::Budgets::Budget", "AWS::CE::AnomalyMonitor", "AWS::CE::AnomalySubscription":
		return "nothing costs anything here", true
	case "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolDomain", "AWS::Cognito::UserPoolGroup", "AWS::Cognito::UserPoolResourceServer", "AWS::Cognito::UserPoolUser":
		return "the run signs a token of its own", true
	case "AWS::SES::EmailIdentity", "AWS::SES::VdmAttributes":
		return "the mailbox takes every sender", true
	case "AWS::ResourceGroups::Group", "AWS::ServiceCatalogAppRegistry::Application":
		return "a list for people", true
	}
	return "", false
}

func (b *builder) resource(res *resource) {
	if why, ok := unusedType(res.kind); ok {
		b.skip(res.kind, why, res.line)
		return
	}
	p := b.props(res.id, res.kind, res.line, res.properties)
	switch res.kind {
	case "AWS::Serverless::HttpApi":
		b.api(res, p)
	case "AWS::SQS::Queue":
		b.queue(res, p)
	case "AWS::DynamoDB::Table":
		b.table(res, p)
	case "AWS::SecretsManager::Secret":
		b.secret(res, p)
	case "AWS::SNS::Topic":
		b.topic(res, p)
	case "AWS::SNS::Subscription":
		b.subscription(res.id, res.line, p, p.text("TopicArn", ""))
	case "AWS::SES::ConfigurationSet":
		p.text("Name", "")
		p.unused("the mailbox sends nothing over a network", "DeliveryOptions", "ReputationOptions", "SendingOptions", "SuppressionOptions", "TrackingOptions", "VdmOptions", "ArchivingOptions", "Tags")
		b.stack.MailSets = append(b.stack.MailSets, &MailSet{ID: res.id, Name: b.physical(res)})
	case "AWS::SES::ConfigurationSetEventDestination":
		b.mailEvents(res, p)
	case "AWS::S3::Bucket":
		p.text("BucketName", "")
		for _, f := range p.v.fields {
			if f.name != "BucketName" {
				p.unused("a bucket is a folder here", f.name)
			}
		}
		name := b.physical(res)
		b.stack.Buckets = append(b.stack.Buckets, &Bucket{ID: res.id, Name: name, ARN: "arn:aws:s3:::" + name})
	default:
		b.fault(res.line, "%s: the local run does not know the type %s", res.id, res.kind)
		return
	}
	p.done()
}

func (b *builder) arnOf(id string, line int) string {
	v, err := b.attribute(id, "Arn", line)
	if err != nil {
		b.faults = append(b.faults, err)
		return ""
	}
	return v.text
}

func (b *builder) queue(res *resource, p *props) {
	p.text("QueueName", "")
	q := &Queue{
		ID: res.id, Name: b.physical(res), ARN: b.arnOf(res.id, res.line), Line: res.line,
		Visibility: p.seconds("VisibilityTimeout", 30, 0, 43200),
		Delay:      p.seconds("DelaySeconds", 0, 0, 900),
		Retention:  p.seconds("MessageRetentionPeriod", 345600, 60, 1209600),
		MaxSize:    p.number("MaximumMessageSize", 1048576, 1024, 1048576),
	}
	if p.yes("FifoQueue", false) {
		b.fault(p.lineOf("FifoQueue"), "%s: FIFO queues are not built here", res.id)
	}
	if r := p.sub("RedrivePolicy"); r != nil {
		q.DeadARN = r.need("deadLetterTargetArn")
		q.MaxReceive = r.number("maxReceiveCount", 0, 1, 1000)
		if q.MaxReceive == 0 {
			b.fault(r.line, "%s RedrivePolicy needs maxReceiveCount", res.id)
		}
		r.done()
	}
	p.unused("permissions and keys are not checked here", "RedriveAllowPolicy", "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")
	p.unused("a note for people", "Tags")
	p.unused("the poller waits as long as it likes", "ReceiveMessageWaitTimeSeconds")
	b.stack.Queues = append(b.stack.Queues, q)
}

func (b *builder) table(res *resource, p *props) {
	p.text("TableName", "")
	t := &Table{ID: res.id, Name: b.physical(res), Line: res.line, Types: map[string]string{}}
	if attrs := p.get("AttributeDefinitions"); attrs != nil {
		for _, a := range attrs.list {
			t.Types[a.field("AttributeName").textOr()] = a.field("AttributeType").textOr()
		}
	}
	t.Hash, t.Range = b.keys(p, res.id)
	t.Indexes = b.indexes(p, "GlobalSecondaryIndexes")
	t.Local = b.indexes(p, "LocalSecondaryIndexes")
	if s := p.sub("StreamSpecification"); s != nil {
		t.Stream = s.need("StreamViewType")
		s.unused("permissions are not checked here", "ResourcePolicy")
		s.done()
		if v, err := b.attribute(res.id, "StreamArn", res.line); err == nil {
			t.StreamARN = v.text
		}
	}
	if s := p.sub("TimeToLiveSpecification"); s != nil {
		name := s.text("AttributeName", "")
		if s.yes("Enabled", false) {
			t.TTL = name
		}
		s.done()
	}
	p.unused("throughput has no limit here", "BillingMode", "ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", "TableClass")
	p.unused("the file in the data folder is all there is", "PointInTimeRecoverySpecification", "SSESpecification", "DeletionProtectionEnabled", "ContributorInsightsSpecification", "ResourcePolicy")
	p.unused("a note for people", "Tags")
	b.stack.Tables = append(b.stack.Tables, t)
}

func (v *value) textOr() string {
	if v == nil {
		return ""
	}
	return v.text
}

func (b *builder) keys(p *props, what string) (hash, sort string) {
	schema := p.get("KeySchema")
	if schema == nil {
		b.fault(p.line, "%s needs KeySchema", what)
		return "", ""
	}
	for _, k := range schema.list {
		name := k.field("AttributeName").textOr()
		if k.field("KeyType").textOr() == "RANGE" {
			sort = name
		} else {
			hash = name
		}
	}
	return hash, sort
}

func (b *builder) indexes(p *props, name string) (out []Index) {
	v := p.get(name)
	if v == nil {
		return nil
	}
	for _, item := range v.list {
		i := b.props(p.what+" "+name, p.kind+" "+name, item.line, item)
		index := Index{Name: i.need("IndexName")}
		index.Hash, index.Range = b.keys(i, i.what)
		projection := i.sub("Projection")
		if projection == nil {
			b.fault(item.line, "%s needs Projection", i.what)
		} else {
			index.Projection = projection.text("ProjectionType", "ALL")
			index.Attributes = projection.texts("NonKeyAttributes")
			projection.done()
		}
		i.unused("throughput has no limit here", "ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", "ContributorInsightsSpecification")
		i.done()
		out = append(out, index)
	}
	return out
}

func (b *builder) secret(res *resource, p *props) {
	p.text("Name", "")
	s := &Secret{ID: res.id, Name: b.physical(res), Line: res.line, Value: p.text("SecretString", "")}
	if g := p.sub("GenerateSecretString"); g != nil {
		s.Generate = &Generate{
			Length: g.number("PasswordLength", 32, 1, 4096), Exclude: g.text("ExcludeCharacters", ""),
			NoLower: g.yes("ExcludeLowercase", false), NoUpper: g.yes("ExcludeUppercase", false),
			NoNumbers: g.yes("ExcludeNumbers", false), NoPunctuation: g.yes("ExcludePunctuation", false),
			Spaces: g.yes("IncludeSpace", false), RequireEach: g.yes("RequireEachIncludedType", true),
			Template: g.text("SecretStringTemplate", ""), Key: g.text("GenerateStringKey", ""),
		}
		if (s.Generate.Template == "") != (s.Generate.Key == "") {
			b.fault(g.line, "%s needs both SecretStringTemplate and GenerateStringKey, or neither", res.id)
		} else if s.Generate.Template != "" && !json.Valid([]byte(s.Generate.Template)) {
			b.fault(g.line, "%s: SecretStringTemplate is not JSON", res.id)
		}
		g.done()
	} else if s.Value == "" {
		b.fault(res.line, "%s needs GenerateSecretString or SecretString", res.id)
	}
	p.unused("permissions and keys are not checked here", "KmsKeyId", "ReplicaRegions")
	p.unused("a note for people", "Tags", "Description")
	b.stack.Secrets = append(b.stack.Secrets, s)
}

func (b *builder) topic(res *resource, p *props) {
	p.text("TopicName", "")
	t := &Topic{ID: res.id, Name: b.physical(res), ARN: b.arnOf(res.id, res.line)}
	if v := p.get("Subscription"); v != nil {
		for _, item := range v.list {
			s := b.props(res.id+" Subscription", "AWS::SNS::Subscription", item.line, item)
			b.subscription(res.id, item.line, s, t.ARN)
			s.done()
		}
	}
	if p.yes("FifoTopic", false) {
		b.fault(p.lineOf("FifoTopic"), "%s: FIFO topics are not built here", res.id)
	}
	p.unused("permissions and keys are not checked here", "KmsMasterKeyId", "SignatureVersion", "TracingConfig", "DataProtectionPolicy", "DeliveryStatusLogging")
	p.unused("a note for people", "Tags", "DisplayName")
	p.refuse("is not built here", "ArchivePolicy", "ContentBasedDeduplication")
	b.stack.Topics = append(b.stack.Topics, t)
}

func (b *builder) subscription(id string, line int, p *props, topic string) {
	s := &Subscription{ID: id, Line: line, TopicARN: topic, QueueARN: p.text("Endpoint", ""), Raw: p.yes("RawMessageDelivery", false)}
	protocol := p.text("Protocol", "")
	p.unused("the queue is next door and always there", "RedrivePolicy", "Region", "DeliveryPolicy")
	p.unused("permissions and keys are not checked here", "SubscriptionRoleArn")
	switch protocol {
	case "sqs":
		p.refuse("is not built here", "FilterPolicy", "FilterPolicyScope", "ReplayPolicy")
		b.stack.Subscriptions = append(b.stack.Subscriptions, s)
	case "email", "email-json", "sms":
		b.skip("AWS::SNS::Subscription by "+protocol, "nobody is told of alarms here", line)
	default:
		b.fault(line, "%s: a subscription here goes to sqs, this one to %q", id, protocol)
	}
}

func (b *builder) mailEvents(res *resource, p *props) {
	e := &MailEvents{ID: res.id, Line: res.line, Set: p.need("ConfigurationSetName")}
	d := p.sub("EventDestination")
	if d == nil {
		b.fault(res.line, "%s needs EventDestination", res.id)
		return
	}
	d.text("Name", "")
	e.Enabled = d.yes("Enabled", false)
	e.Types = d.texts("MatchingEventTypes")
	if sns := d.sub("SnsDestination"); sns != nil {
		e.TopicARN = sns.need("TopicARN")
		sns.done()
	}
	d.unused("nobody watches figures here; the page shows them", "CloudWatchDestination")
	d.refuse("is not built here", "KinesisFirehoseDestination", "EventBridgeDestination", "PinpointDestination")
	d.done()
	for _, name := range e.Types {
		switch name {
		case "send", "reject", "bounce", "complaint", "delivery", "open", "click", "renderingFailure", "deliveryDelay", "subscription":
		default:
			b.fault(d.lineOf("MatchingEventTypes"), "%s: SES has no event type %q (it is %q)", res.id, name, strings.ToLower(name[:1])+name[1:])
		}
	}
	if e.TopicARN != "" {
		b.stack.MailEvents = append(b.stack.MailEvents, e)
	}
}
