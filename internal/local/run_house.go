package local

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/clock"
	"github.com/sarnakh/sarnakh/internal/local/keep"
	lambda "github.com/sarnakh/sarnakh/internal/local/runtime"
	"github.com/sarnakh/sarnakh/internal/local/source"
	"github.com/sarnakh/sarnakh/internal/local/template"
)

// House is a run that stands.
type House struct {
	o         Options
	stack     *template.Stack
	names     template.Names
	clock     *clock.Clock
	engines   engines
	sqs       source.SQS
	signer    source.Signer
	queueURLs map[string]string // ARN → URL
	functions map[string]*lambda.Function
	listeners map[string]net.Listener
	servers   []*http.Server
	queues    []*queueReader
	streams   []*streamReader
	schedules *scheduler

	started, active atomic.Int64 // events given to functions; of them in work
	jumping         atomic.Bool
	stopPolling     context.CancelFunc
	stopWork        context.CancelFunc
	polling         sync.WaitGroup
	outMu           sync.Mutex
	stopOnce        sync.Once
}

// Run stands the house up, says so by OnReady, and returns when ctx ends or
// the program is told to stop (SIGINT, SIGTERM), with what is in work finished.
func Run(ctx context.Context, o Options) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	h, err := Start(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to stop while starting
		}
		return err
	}
	if o.OnReady != nil {
		o.OnReady(h)
	}
	<-ctx.Done()
	stop() // a second Ctrl-C ends the program at once
	h.say("stopping: what is in work may finish …")
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	return h.Stop(limit)
}

func (o Options) withDefaults() (Options, error) {
	fill := func(s *string, otherwise string) {
		if *s == "" {
			*s = otherwise
		}
	}
	fill(&o.Stack, "sarnakh")
	// A region whose queues never had an address of the first kind: version 1 of the AWS CLI puts that before
	// AWS_ENDPOINT_URL_SQS, and would call AWS itself.
	fill(&o.Region, "me-central-1")
	fill(&o.Account, "000000000000")
	fill(&o.DataDir, ".local")
	fill(&o.BuildDir, filepath.Join(o.DataDir, "build"))
	fill(&o.Endpoints.Streams, o.Endpoints.DynamoDB)
	if o.Processes < 1 {
		o.Processes = 4
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	var err error
	if o.DataDir, err = filepath.Abs(o.DataDir); err != nil {
		return o, err
	}
	o.BuildDir, err = filepath.Abs(o.BuildDir)
	return o, err
}

func (h *House) say(format string, args ...any) {
	h.outMu.Lock()
	defer h.outMu.Unlock()
	fmt.Fprintf(h.o.Out, format+"\n", args...)
}

// Start is Run without signals: it returns when everything listens and polls.
func Start(ctx context.Context, o Options) (*House, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &House{o: o, functions: map[string]*lambda.Function{}, listeners: map[string]net.Listener{}, queueURLs: map[string]string{}}
	if err := h.start(ctx); err != nil {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		h.Stop(limit) //nolint:errcheck // err says what is wrong
		return nil, err
	}
	return h, nil
}

func (h *House) start(ctx context.Context) (err error) {
	if h.clock, err = clock.Open(filepath.Join(h.o.DataDir, "clock.json")); err != nil {
		return err
	}
	t, err := h.loadTemplate()
	if err != nil {
		return err
	}
	if err := h.resolve(t); err != nil {
		return err
	}
	h.sayUnused()
	if !h.o.NoBuild {
		if err := build(ctx, h.o, h.stack.Functions, h.say); err != nil {
			return err
		}
	}
	h.engines = connect(h.o)
	h.sqs = source.SQS{Wire: h.engines.sqs}
	h.names.Ref, h.names.Attr, err = provision(ctx, h.engines, h.stack, h.o.DataDir)
	if err != nil {
		return fmt.Errorf("set up the engines: %w", err)
	}
	if err := h.resolve(t); err != nil { // again, with the names the engines gave
		return err
	}
	for _, q := range h.stack.Queues {
		h.queueURLs[q.ARN] = h.names.Ref[q.ID]
	}
	if h.signer, err = signer(h.o.DataDir); err != nil {
		return err
	}
	if err := writeEnv(h.o.DataDir, h.shellEnv()); err != nil {
		return err
	}
	if err := h.hostFunctions(); err != nil {
		return err
	}
	if h.o.Mailbox != nil {
		h.o.Mailbox.Connect(h.PublishMailEvent, h.Now)
	}
	h.warm(ctx)
	return h.openSources(ctx)
}

// loadTemplate listens first: the addresses of the APIs are parameters.
func (h *House) loadTemplate() (*template.Template, error) {
	parameters := map[string]string{}
	for k, v := range h.o.Parameters {
		parameters[k] = v
	}
	// A template whose addresses are still unknown names the APIs as well.
	for parameter := range h.o.APIParameters {
		parameters[parameter] = "http://127.0.0.1"
	}
	t, err := template.Load(h.o.Template, parameters)
	if err != nil {
		return nil, err
	}
	h.names = template.Names{Stack: h.o.Stack, Region: h.o.Region, Account: h.o.Account}
	stack, err := t.Resolve(h.names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.o.Template, err)
	}
	for _, api := range stack.APIs {
		address := h.o.Listen[api.ID]
		if address == "" {
			address = "127.0.0.1:0"
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("listen for %s: %w (another program, or another run, has the port: stop it, or choose another port)", api.ID, err)
		}
		h.listeners[api.ID] = l
	}
	for parameter, api := range h.o.APIParameters {
		if h.listeners[api] == nil {
			return nil, fmt.Errorf("parameter %s should hold the address of %s, which is no API of the template", parameter, api)
		}
		parameters[parameter] = h.URL(api)
	}
	return template.Load(h.o.Template, parameters)
}

func (h *House) resolve(t *template.Template) (err error) {
	if h.stack, err = t.Resolve(h.names); err != nil {
		return fmt.Errorf("%s: %w", h.o.Template, err)
	}
	if h.o.Visibility > 0 {
		for _, q := range h.stack.Queues {
			q.Visibility = h.o.Visibility
		}
	}
	return nil
}

// sayUnused prints what in the template means nothing here, a line a reason.
func (h *House) sayUnused() {
	var reasons []string
	things := map[string][]string{}
	for _, u := range h.stack.Unused {
		if things[u.Why] == nil {
			reasons = append(reasons, u.Why)
		}
		what := u.What
		if i := strings.LastIndex(what, "::"); i >= 0 {
			what = what[i+2:]
		}
		if !slices.Contains(things[u.Why], what) {
			things[u.Why] = append(things[u.Why], what)
		}
	}
	for _, why := range reasons {
		h.say("not here: %s (%s)", strings.Join(things[why], ", "), why)
	}
}

// signer signs the tokens of this machine with one key for ever, so that a
// page that is open, and a shell, outlive a restart.
func signer(dataDir string) (source.Signer, error) {
	path := filepath.Join(dataDir, "token.json")
	var key string
	if err := keep.Read(path, &key); err != nil {
		return source.Signer{}, err
	}
	if key == "" {
		key = base64.RawURLEncoding.EncodeToString(randomBytes(32))
		if err := keep.Write(path, key); err != nil {
			return source.Signer{}, err
		}
	}
	return source.Signer{Key: []byte(key)}, nil
}

func (h *House) hostFunctions() error {
	for _, f := range h.stack.Functions {
		processes := h.o.Processes
		if f.Limit > 0 {
			processes = min(processes, f.Limit)
		}
		hosted, err := lambda.New(lambda.Spec{
			ID: f.ID, Name: f.Name, ARN: "arn:aws:lambda:" + h.o.Region + ":" + h.o.Account + ":function:" + f.Name,
			Binary: binaryOf(h.o, f), Handler: f.Handler, Region: h.o.Region, Memory: f.Memory, Timeout: f.Timeout,
			Env: functionEnv(h.o, f), LogJSON: f.LogJSON, LogLevel: f.Level, Processes: processes,
			LogFile: filepath.Join(h.o.DataDir, "logs", f.ID+".log"), Report: func(line string) { h.say("%s", line) },
		})
		if err != nil {
			return err
		}
		h.functions[f.ID] = hosted
	}
	return nil
}

// warm starts one process of each function, so that one that cannot start says
// so now. The others go on: in the cloud they would.
func (h *House) warm(ctx context.Context) {
	var group sync.WaitGroup
	places := make(chan struct{}, runtime.NumCPU())
	for _, f := range h.functions {
		group.Go(func() {
			places <- struct{}{}
			f.Warm(ctx) //nolint:errcheck // reported by the function itself
			<-places
		})
	}
	group.Wait()
}

// Invoke gives a function one event and waits for its answer.
func (h *House) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	f := h.functions[function]
	if f == nil {
		return nil, fmt.Errorf("invoke: the template has no function %s", function)
	}
	h.started.Add(1)
	h.active.Add(1)
	defer h.active.Add(-1)
	return f.Invoke(ctx, event)
}

// Stop takes nothing new in, lets finish what is in work until ctx ends, and
// ends all processes.
func (h *House) Stop(ctx context.Context) error {
	var err error
	h.stopOnce.Do(func() { err = h.stop(ctx) })
	return err
}

func (h *House) stop(ctx context.Context) error {
	var faults []error
	var group sync.WaitGroup
	if h.stopPolling != nil {
		h.stopPolling()
	}
	for _, s := range h.servers {
		group.Go(func() {
			if s.Shutdown(ctx) != nil {
				s.Close()
			}
		})
	}
	group.Wait()
	for _, l := range h.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			faults = append(faults, err)
		}
	}
	finished := make(chan struct{})
	go func() { h.polling.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-ctx.Done():
		h.say("not all events finished in time; they come again")
	}
	if h.stopWork != nil {
		h.stopWork()
	}
	for _, f := range h.functions {
		group.Go(func() { f.Stop(ctx) })
	}
	group.Wait()
	return errors.Join(faults...)
}

// URL is the base address of an API.
func (h *House) URL(api string) string {
	l := h.listeners[api]
	if l == nil {
		return ""
	}
	return "http://" + strings.Replace(l.Addr().String(), "[::]", "127.0.0.1", 1)
}
