// Package local runs a SAM template on this machine: the functions that sam
// would deploy, behind the routes, queues, streams and schedules that the
// template names. It knows the template and AWS, and nothing else of this
// module: what a function does with an event is none of its business.
package local

import (
	"context"
	"io"
	"time"
)

// Options is what a run must be told; the template says the rest.
type Options struct {
	Template   string            // path of template.yaml; its folder is where the functions are built
	Parameters map[string]string // values for the template's parameters, over their defaults

	// APIParameters gives a parameter the local address of an API, which is
	// only known when its port is: {"PublicUrl": "PublicApi"}.
	APIParameters map[string]string

	Stack   string // prefix of table and queue names; "sarnakh" when empty
	Region  string // "me-central-1" when empty
	Account string // "000000000000" when empty

	DataDir  string // what is kept between runs: clock, checkpoints, secrets, logs, env; ".local" when empty
	BuildDir string // <BuildDir>/<function folder>/bootstrap; <DataDir>/build when empty
	NoBuild  bool   // take the binaries that are in BuildDir

	Endpoints         Endpoints  // where the engines listen
	FunctionEndpoints *Endpoints // where functions find them (a recording proxy); nil: the same

	Listen    map[string]string // HttpApi logical id → host:port; a free port of 127.0.0.1 where missing
	Processes int               // most processes a function; 4 when 0

	// Visibility is how long queues hide what is in work, in whole seconds; the template's times when 0. After a kill
	// that is how long the next run waits for what was in work.
	Visibility time.Duration

	Mailbox Mailbox           `json:"-"` // the SES endpoint, if there is one
	Env     map[string]string // more lines for <DataDir>/env, such as INBOX_URL

	Out     io.Writer    `json:"-"` // progress, one line each; discarded when nil
	OnReady func(*House) `json:"-"` // called once, when everything listens and polls
}

// Endpoints are base URLs of engines. An empty Streams is that of DynamoDB.
type Endpoints struct {
	DynamoDB, Streams, SQS, SNS, SES, Secrets string
}

// A Mailbox is an SES endpoint that lives in this process. Connect is called
// once, before a function starts. publish takes one SES event, as SES gives it
// to a topic ({"eventType":"Delivery","mail":{"tags":{"ses:configuration-set":[…]}…}}),
// and carries it to the queues that the template subscribes; an event of a
// type or configuration set that the template does not name goes nowhere, as in
// SES. now is the moved clock of the run.
type Mailbox interface {
	Connect(publish func(ctx context.Context, event []byte) error, now func() time.Time)
}

// Queue is the state of one queue.
type Queue struct {
	LogicalID string `json:"logicalId"`
	Name      string `json:"name"`
	URL       string `json:"url"`
	Function  string `json:"function,omitempty"`    // logical id of its consumer
	DeadOf    string `json:"deadLetters,omitempty"` // logical id of the queue whose dead letters these are
	Visible   int    `json:"visible"`               // waiting
	Hidden    int    `json:"hidden"`                // in work, or waiting for the next try
	Delayed   int    `json:"delayed"`
}

// Function is the state of one function since the run began.
type Function struct {
	LogicalID   string        `json:"logicalId"`
	Processes   int           `json:"processes"`
	Busy        int           `json:"busy"`
	Waiting     int           `json:"waiting"` // events that wait for a free process
	Invocations int64         `json:"invocations"`
	Errors      int64         `json:"errors"` // of them: handler errors, crashes and timeouts
	Crashes     int64         `json:"crashes"`
	Timeouts    int64         `json:"timeouts"`
	ColdStarts  int64         `json:"coldStarts"`
	Busytime    time.Duration `json:"busytimeNs"`
	LastError   string        `json:"lastError,omitempty"` // errorType: errorMessage
	InitError   string        `json:"initError,omitempty"` // why its last process could not start
	Log         string        `json:"log"`                 // path of its log
}

// Route is one route of an API.
type Route struct {
	API        string `json:"api"`      // logical id
	URL        string `json:"url"`      // base address of that API
	Key        string `json:"key"`      // "POST /f/{form}", "$default"
	Function   string `json:"function"` // logical id
	Authorized bool   `json:"authorized"`
}

// Schedule is one schedule.
type Schedule struct {
	Function   string    `json:"function"`
	Event      string    `json:"event"`
	Expression string    `json:"expression"`
	Timezone   string    `json:"timezone"`
	Last       time.Time `json:"last,omitzero"` // by the moved clock
	Next       time.Time `json:"next,omitzero"`
}

// Stream is one stream with its reader.
type Stream struct {
	Table    string `json:"table"`
	Function string `json:"function"`
	Records  int64  `json:"records"`  // given to the function
	Filtered int64  `json:"filtered"` // dropped by the filter
	Retries  int64  `json:"retries"`
	Dropped  int64  `json:"dropped"` // given up and sent to the on-failure destination
	Error    string `json:"error,omitempty"`
}

// Jump is how far a move of the clock has come.
type Jump struct {
	From, To, At time.Time
	Step, Steps  int
	Coarse       time.Duration // schedules that tick more often than this tick this often; 0: all ticks
	Ticks        int           // invocations of schedules so far
	Errors       int           // of them: failed
	Busy         int           // steps that did not come to rest in time
	Done         bool
}

// Status is what a page may show of a run. *House is one.
type Status interface {
	Now() time.Time
	Offset() time.Duration
	Queues(ctx context.Context) ([]Queue, error)
	Functions() []Function
	Streams() []Stream
	Schedules() []Schedule
	Routes() []Route
	URL(api string) string                            // base address of an API, by logical id
	Token(api string, claims map[string]any) string   // a token its authorizer accepts; nil claims: the operator
	Env() map[string]string                           // what <DataDir>/env says
	Unused() []string                                 // what in the template means nothing here, with its line
	Log(function string, lines int) ([]string, error) // the end of a function's log
}

// Clock moves the time of a run forward. *House is one.
type Clock interface {
	Now() time.Time
	// Jump runs the ticks in between in order, waits after each step until
	// queues and streams are at rest, and calls progress (which may be nil)
	// after each step. One jump at a time: a second one is refused.
	Jump(ctx context.Context, by time.Duration, progress func(Jump)) (Jump, error)
}

var (
	_ Status = (*House)(nil)
	_ Clock  = (*House)(nil)
)
