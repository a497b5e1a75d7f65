package template

import "time"

// Stack is what a template comes to here: things with names, in the
// template's order.
type Stack struct {
	Functions     []*Function
	APIs          []*API
	Queues        []*Queue
	Tables        []*Table
	Secrets       []*Secret
	Topics        []*Topic
	Subscriptions []*Subscription
	MailSets      []*MailSet
	MailEvents    []*MailEvents
	Buckets       []*Bucket
	Unused        []Unused
}

// Unused is something that means nothing on this machine.
type Unused struct {
	What  string // "AWS::CloudWatch::Alarm", "AWS::Serverless::Function Policies"
	Why   string
	Lines []int
}

// Function is one Lambda function with its sources but HTTP, which is in API.
type Function struct {
	ID      string
	Name    string
	Line    int
	CodeURI string
	Handler string
	Runtime string
	Timeout time.Duration
	Memory  int // MB
	Limit   int // reserved concurrency; 0: none
	Env     map[string]string
	LogJSON bool
	Level   string // of application logs; "" as AWS has it

	Queues    []QueueSource
	Streams   []StreamSource
	Schedules []Schedule

	AsyncRetries   int // of an event that nobody waits for
	AsyncMaxAge    time.Duration
	AsyncOnFailure string // ARN, or ""
}

// API is one HTTP API.
type API struct {
	ID          string
	Name        string
	Line        int
	Routes      []Route
	CORS        *CORS
	Authorizers map[string]Authorizer
}

// Route is one route key with what answers it.
type Route struct {
	Line       int
	Function   string // logical id
	Event      string
	Method     string // "" with $default, "ANY"
	Path       string // "" with $default
	Authorizer string // name, or "" for everybody
	Scopes     []string
	Timeout    time.Duration
}

// Key is the route key as AWS writes it.
func (r Route) Key() string {
	if r.Path == "" {
		return "$default"
	}
	return r.Method + " " + r.Path
}

// CORS is the CorsConfiguration of an API.
type CORS struct {
	Origins, Methods, Headers, Expose []string
	MaxAge                            int
	Credentials                       bool
}

// Authorizer is a JWT authorizer.
type Authorizer struct {
	Issuer    string
	Audiences []string
	Header    string // the header that carries the token, lower case
	Scopes    []string
}

// QueueSource is an SQS event of a function.
type QueueSource struct {
	Event       string
	Line        int
	QueueARN    string
	BatchSize   int
	Window      time.Duration
	Concurrency int // 0: as many as the function has processes
	Partial     bool
	Filters     []string
	Enabled     bool
}

// StreamSource is a DynamoDB stream event of a function.
type StreamSource struct {
	Event     string
	Line      int
	StreamARN string
	Latest    bool // start at new records; else at the oldest there is
	BatchSize int
	Window    time.Duration
	Bisect    bool
	Retries   int           // -1: until the record is too old
	MaxAge    time.Duration // 0: a day, after which the stream itself drops it
	Partial   bool
	Filters   []string
	OnFailure string // ARN, or ""
	Enabled   bool
}

// Schedule is a ScheduleV2 event of a function. Its retries and dead letters
// are of the call to Lambda, which does not fail here; what the function fails
// is retried as Function says.
type Schedule struct {
	Event       string
	Line        int
	Expression  string
	Timezone    string
	Input       string
	Enabled     bool
	Retries     int
	MaxAge      time.Duration
	DeadLetters string // ARN, or ""
}

// Queue is one SQS queue.
type Queue struct {
	ID         string
	Name       string
	ARN        string
	Line       int
	Visibility time.Duration
	Delay      time.Duration
	Retention  time.Duration
	MaxSize    int
	DeadARN    string
	MaxReceive int
}

// Table is one DynamoDB table.
type Table struct {
	ID        string
	Name      string
	Line      int
	Types     map[string]string // attribute → S, N, B
	Hash      string
	Range     string
	Indexes   []Index
	Local     []Index
	Stream    string // view type, or ""
	TTL       string // attribute, or ""
	StreamARN string
}

// Index is one secondary index.
type Index struct {
	Name        string
	Hash, Range string
	Projection  string
	Attributes  []string
}

// Secret is one secret: given, or generated.
type Secret struct {
	ID       string
	Name     string
	Line     int
	Value    string
	Generate *Generate
}

// Generate is a GenerateSecretString.
type Generate struct {
	Length                                             int
	Exclude                                            string
	NoLower, NoUpper, NoNumbers, NoPunctuation, Spaces bool
	RequireEach                                        bool
	Template, Key                                      string
}

// Topic is one SNS topic.
type Topic struct{ ID, Name, ARN string }

// Subscription carries a topic's messages to a queue.
type Subscription struct {
	ID       string
	Line     int
	TopicARN string
	QueueARN string
	Raw      bool
}

// MailSet is an SES configuration set.
type MailSet struct{ ID, Name string }

// MailEvents sends the events of a configuration set to a topic.
type MailEvents struct {
	ID       string
	Line     int
	Set      string // name of the configuration set
	Types    []string
	TopicARN string
	Enabled  bool
}

// Bucket is a bucket; here a folder.
type Bucket struct{ ID, Name, ARN string }
