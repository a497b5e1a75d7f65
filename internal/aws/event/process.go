// Package event is the edge between Lambda and the flows: it reads envelopes
// (HTTP, SQS, DynamoDB stream, schedule), says what time it is, and writes the
// log and the metrics. It knows Lambda's shapes and nothing of leads.
//
// A function has one Process for as long as it lives, and one Call, Batch or
// Tick for each invocation. Nothing here is a package variable.
package event

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Process is what lives as long as the process does: where it writes, its
// name, and whether it has worked before.
type Process struct {
	Name string // the function's name in AWS, the dimension of its metrics

	out  io.Writer
	log  *slog.Logger
	used atomic.Bool
}

// NewProcess gives the process its output, in Lambda os.Stdout. The log level
// is the one that AWS sets by AWS_LAMBDA_LOG_LEVEL, info when unset.
func NewProcess(out io.Writer) *Process {
	name := os.Getenv("AWS_LAMBDA_FUNCTION_NAME")
	return &Process{Name: name, out: out, log: logger(out, os.Getenv("AWS_LAMBDA_LOG_LEVEL"))}
}

// Log is the logger without an invocation, for what happens at start.
func (p *Process) Log() *slog.Logger { return p.log }

// Begin is called once an invocation: a logger that carries the request id,
// and coldStart on the first.
func (p *Process) Begin(ctx context.Context) *slog.Logger {
	log := p.log
	if c, ok := lambdacontext.FromContext(ctx); ok {
		log = log.With("requestId", c.AwsRequestID)
	}
	if p.used.CompareAndSwap(false, true) {
		log = log.With("coldStart", true)
	}
	return log
}

// logger writes one JSON line a record with the names that Lambda's own log
// filter reads: timestamp, level, message.
func logger(out io.Writer, level string) *slog.Logger {
	var least slog.Level
	if least.UnmarshalText([]byte(strings.ReplaceAll(strings.ToUpper(level), "TRACE", "DEBUG-4"))) != nil {
		least = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{
		Level: least,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 {
				switch a.Key {
				case slog.TimeKey:
					return slog.String("timestamp", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
				case slog.MessageKey:
					a.Key = "message"
				}
			}
			return a
		},
	}))
}

// Now is read once an invocation: the later of the wall clock and the event's
// own trusted time. In the cloud that is the wall clock; a local run moves time
// forward by moving its events.
func Now(stated ...time.Time) time.Time {
	now := time.Now().UTC()
	for _, t := range stated {
		if t.After(now) {
			now = t.UTC()
		}
	}
	return now
}

// Safely runs work and turns a panic into an error, so that one record cannot
// end the process and with it the rest of its batch. The error holds where it
// happened, never the value that was worked on.
func Safely(work func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			what := "a value that is not an error"
			if e, ok := r.(runtime.Error); ok {
				what = e.Error()
			}
			err = fmt.Errorf("panic: %s, at %s", what, where())
		}
	}()
	return work()
}

// where names the functions of the stack above the panic, newest first.
func where() string {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	var names []string
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			file := f.File[strings.LastIndexByte(f.File, '/')+1:]
			names = append(names, fmt.Sprintf("%s:%d", file, f.Line))
		}
		if !more || len(names) == 6 {
			return strings.Join(names, " < ")
		}
	}
}
