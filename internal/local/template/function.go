package template

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

func (b *builder) function(res *resource) {
	p := b.props(res.id, res.kind, res.line, res.properties)
	p.text("FunctionName", "")
	f := &Function{
		ID: res.id, Name: b.physical(res), Line: res.line,
		CodeURI: strings.TrimSuffix(p.need("CodeUri"), "/"), Handler: p.text("Handler", "bootstrap"), Runtime: p.text("Runtime", ""),
		Timeout: p.seconds("Timeout", 3, 1, 900), Memory: p.number("MemorySize", 128, 128, 10240),
		Limit: p.number("ReservedConcurrentExecutions", 0, 0, 100000),
		Env:   map[string]string{}, AsyncRetries: 2, AsyncMaxAge: 6 * time.Hour,
	}
	if f.Runtime != "provided.al2023" && f.Runtime != "provided.al2" {
		b.fault(p.lineOf("Runtime"), "%s: the local run hosts binaries (provided.al2023), not %q", res.id, f.Runtime)
	}
	if e := p.sub("Environment"); e != nil {
		if vars := e.sub("Variables"); vars != nil {
			for _, v := range vars.v.fields {
				if w := vars.get(v.name); w != nil {
					f.Env[v.name] = vars.text(v.name, "")
				}
			}
		}
		e.done()
	}
	if l := p.sub("LoggingConfig"); l != nil {
		f.LogJSON = l.oneOf("LogFormat", "Text", "JSON") == "JSON"
		f.Level = l.text("ApplicationLogLevel", "")
		l.unused("logs are files in the data folder", "LogGroup", "SystemLogLevel")
		l.done()
	}
	b.async(p, f)
	p.oneOf("PackageType", "Zip")
	p.unused("permissions and keys are not checked here", "Policies", "Role", "PermissionsBoundary", "RolePath", "KmsKeyArn", "AssumeRolePolicyDocument", "CodeSigningConfigArn")
	p.unused("this machine's own", "Architectures", "EphemeralStorage", "RuntimeManagementConfig", "SnapStart", "VpcConfig")
	p.unused("one version runs here", "AutoPublishAlias", "AutoPublishAliasAllProperties", "DeploymentPreference", "VersionDescription", "VersionDeletionPolicy", "ProvisionedConcurrencyConfig", "AutoPublishCodeSha256")
	p.unused("a note for people", "Description", "Tags", "PropagateTags")
	p.unused("nobody watches figures here; the page shows them", "Tracing", "RecursiveLoop")
	if events := p.sub("Events"); events != nil {
		for _, e := range events.v.fields {
			b.event(f, e, events)
		}
	}
	p.done()
	b.stack.Functions = append(b.stack.Functions, f)
}

func (b *builder) async(p *props, f *Function) {
	if c := p.sub("EventInvokeConfig"); c != nil {
		f.AsyncRetries = c.number("MaximumRetryAttempts", 2, 0, 2)
		f.AsyncMaxAge = c.seconds("MaximumEventAgeInSeconds", 21600, 60, 21600)
		if d := c.sub("DestinationConfig"); d != nil {
			f.AsyncOnFailure = b.onFailure(d)
			d.refuse("is not built here", "OnSuccess")
			d.done()
		}
		c.done()
	}
	if d := p.sub("DeadLetterQueue"); d != nil {
		d.text("Type", "SQS")
		if arn := d.need("TargetArn"); f.AsyncOnFailure == "" {
			f.AsyncOnFailure = arn
		}
		d.done()
	}
}

func (b *builder) onFailure(d *props) string {
	f := d.sub("OnFailure")
	if f == nil {
		return ""
	}
	f.text("Type", "")
	arn := f.need("Destination")
	f.done()
	return arn
}

func (b *builder) event(f *Function, e field, events *props) {
	events.asked = append(events.asked, e.name)
	kindOf := e.value.field("Type").textOr()
	for _, part := range e.value.fields {
		if part.name != "Type" && part.name != "Properties" {
			b.fault(part.line, "%s %s: an event has no %s", f.ID, e.name, part.name)
		}
	}
	properties := e.value.field("Properties")
	if properties == nil {
		properties = &value{line: e.line, kind: mapping}
	}
	p := b.props(f.ID+" "+e.name, kindOf+" event", e.line, properties)
	switch kindOf {
	case "HttpApi":
		b.route(f, e, p)
	case "SQS":
		f.Queues = append(f.Queues, b.queueSource(e, p))
	case "DynamoDB":
		f.Streams = append(f.Streams, b.streamSource(e, p))
	case "ScheduleV2":
		f.Schedules = append(f.Schedules, b.schedule(e, p))
	default:
		b.fault(e.line, "%s %s: the local run has HttpApi, SQS, DynamoDB and ScheduleV2 events, not %q", f.ID, e.name, kindOf)
		return
	}
	p.done()
}

func (b *builder) queueSource(e field, p *props) QueueSource {
	s := QueueSource{
		Event: e.name, Line: e.line, QueueARN: p.need("Queue"), BatchSize: p.number("BatchSize", 10, 1, 10000),
		Window: p.seconds("MaximumBatchingWindowInSeconds", 0, 0, 300), Enabled: p.yes("Enabled", true),
		Partial: slices.Contains(p.texts("FunctionResponseTypes"), "ReportBatchItemFailures"), Filters: b.filters(p),
	}
	if s.BatchSize > 10 && s.Window == 0 {
		b.fault(p.lineOf("BatchSize"), "%s: a batch of more than 10 needs MaximumBatchingWindowInSeconds of 1 or more", p.what)
	}
	if c := p.sub("ScalingConfig"); c != nil {
		s.Concurrency = c.number("MaximumConcurrency", 0, 2, 1000)
		c.done()
	}
	p.unused("permissions and keys are not checked here", "KmsKeyArn", "MetricsConfig", "Tags")
	p.refuse("is not built here", "ProvisionedPollerConfig")
	return s
}

func (b *builder) streamSource(e field, p *props) StreamSource {
	s := StreamSource{
		Event: e.name, Line: e.line, StreamARN: p.need("Stream"), BatchSize: p.number("BatchSize", 100, 1, 10000),
		Latest: p.oneOf("StartingPosition", "TRIM_HORIZON", "LATEST") == "LATEST",
		Window: p.seconds("MaximumBatchingWindowInSeconds", 0, 0, 300), Enabled: p.yes("Enabled", true),
		Bisect: p.yes("BisectBatchOnFunctionError", false), Retries: p.number("MaximumRetryAttempts", -1, -1, 10000),
		Partial: slices.Contains(p.texts("FunctionResponseTypes"), "ReportBatchItemFailures"), Filters: b.filters(p),
	}
	if age := p.number("MaximumRecordAgeInSeconds", -1, -1, 604800); age > 0 {
		s.MaxAge = time.Duration(age) * time.Second
	}
	if d := p.sub("DestinationConfig"); d != nil {
		s.OnFailure = b.onFailure(d)
		d.done()
	}
	if p.number("ParallelizationFactor", 1, 1, 10) > 1 {
		p.b.skip(p.kind+" ParallelizationFactor", "one batch of a shard at a time here", p.lineOf("ParallelizationFactor"))
	}
	p.unused("permissions and keys are not checked here", "KmsKeyArn", "MetricsConfig", "Tags")
	p.refuse("is not built here", "TumblingWindowInSeconds", "StartingPositionTimestamp")
	return s
}

func (b *builder) filters(p *props) (out []string) {
	c := p.sub("FilterCriteria")
	if c == nil {
		return nil
	}
	if v := c.get("Filters"); v != nil {
		for _, item := range v.list {
			pattern := item.field("Pattern").textOr()
			if pattern == "" {
				b.fault(item.line, "%s: a filter needs Pattern", p.what)
				continue
			}
			out = append(out, pattern)
		}
	}
	c.done()
	return out
}

func (b *builder) schedule(e field, p *props) Schedule {
	s := Schedule{
		Event: e.name, Line: e.line, Expression: p.need("ScheduleExpression"), Timezone: p.text("ScheduleExpressionTimezone", "UTC"),
		Input: p.text("Input", ""), Enabled: p.oneOf("State", "ENABLED", "DISABLED") == "ENABLED", Retries: 185, MaxAge: 24 * time.Hour,
	}
	if _, err := time.LoadLocation(s.Timezone); err != nil {
		b.fault(p.lineOf("ScheduleExpressionTimezone"), "%s: there is no timezone %q", p.what, s.Timezone)
	}
	if r := p.sub("RetryPolicy"); r != nil {
		s.Retries = r.number("MaximumRetryAttempts", 185, 0, 185)
		s.MaxAge = r.seconds("MaximumEventAgeInSeconds", 86400, 60, 86400)
		r.done()
	}
	if d := p.sub("DeadLetterConfig"); d != nil {
		s.DeadLetters = d.text("Arn", "")
		d.text("Type", "")
		d.text("QueueLogicalId", "")
		d.done()
	}
	p.unused("permissions and keys are not checked here", "RoleArn", "PermissionsBoundary", "KmsKeyArn")
	p.unused("ticks are on time here", "FlexibleTimeWindow")
	p.unused("a name for people", "Name", "OmitName", "Description", "GroupName")
	p.refuse("is not built here", "StartDate", "EndDate")
	return s
}

func (b *builder) route(f *Function, e field, p *props) {
	r := Route{
		Line: e.line, Function: f.ID, Event: e.name, Path: p.text("Path", ""), Method: strings.ToUpper(p.text("Method", "")),
		Timeout: time.Duration(p.number("TimeoutInMillis", 30000, 50, 30000)) * time.Millisecond,
	}
	p.oneOf("PayloadFormatVersion", "2.0")
	p.unused("nobody is too many here", "RouteSettings")
	id := p.refOf("ApiId")
	var api *API
	for _, a := range b.stack.APIs {
		if a.ID == id {
			api = a
		}
	}
	if api == nil {
		b.fault(e.line, "%s: ApiId should be !Ref of an AWS::Serverless::HttpApi of this template (an implicit API is not built here)", p.what)
		return
	}
	switch {
	case r.Path == "$default":
		r.Path, r.Method = "", ""
	case r.Path == "" && r.Method == "":
	case !strings.HasPrefix(r.Path, "/"):
		b.fault(e.line, "%s: Path starts with /, this is %q", p.what, r.Path)
	case r.Method == "" || r.Method == "X-AMAZON-APIGATEWAY-ANY-METHOD" || r.Method == "*":
		r.Method = "ANY"
	case r.Method != "ANY" && !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}, r.Method):
		b.fault(e.line, "%s: an HTTP API has no method %q", p.what, r.Method)
	}
	r.Authorizer = b.defaultAuthorizer(id)
	if a := p.sub("Auth"); a != nil {
		if name := a.text("Authorizer", r.Authorizer); name == "NONE" {
			r.Authorizer = ""
		} else {
			r.Authorizer = name
		}
		r.Scopes = a.texts("AuthorizationScopes")
		a.done()
	}
	if r.Authorizer != "" {
		authorizer, ok := api.Authorizers[r.Authorizer]
		if !ok {
			b.fault(e.line, "%s: %s has no authorizer %s", p.what, id, r.Authorizer)
		}
		if r.Scopes == nil {
			r.Scopes = authorizer.Scopes
		}
	}
	for _, other := range api.Routes {
		if other.Key() == r.Key() {
			b.fault(e.line, "%s: %s %s has the route %s already", p.what, other.Function, other.Event, r.Key())
		}
	}
	api.Routes = append(api.Routes, r)
}

// refOf is the logical id that a !Ref names.
func (p *props) refOf(name string) string {
	p.asked = append(p.asked, name)
	v := p.v.field(name)
	if ref := v.field("Ref"); ref != nil {
		return ref.text
	}
	return v.textOr()
}
