// Package engine installs and runs the programs that stand in for AWS on one machine: a DynamoDB engine with a
// file, and one endpoint for queues, topics and secrets.
//
// Each is a process of its own, in a session of its own. A run that is killed leaves them, with what they hold, and
// the next run takes them over. A process is ours only if its command line names our port and our data; nothing else
// is ever stopped. The package knows no template and no function.
package engine

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Programs is what Setup installed.
type Programs struct {
	dir      string // .local/engines
	dynoxide string // empty where the platform has none: DynamoDB Local then
	dynamodb string // the directory of DynamoDBLocal.jar, or empty
	java     string
	python   string // of the venv
	hash     string // of the lock files: an engine of an older one is not taken over
	say      func(string)
}

// Engines is what runs.
type Engines struct {
	DynamoDB string // endpoint of DynamoDB and its streams
	SQS      string // endpoint of SQS, SNS and Secrets Manager

	stops []func(context.Context) error
}

// Fonts is where the woff2 files of the page's font lie.
func (p *Programs) Fonts() string {
	return filepath.Join(p.dir, "node_modules", "@fontsource-variable", "vazirmatn", "files")
}

// Dir is where the engines are installed.
func (p *Programs) Dir() string { return p.dir }

// Start takes over the engines of this data directory, or starts them. Their ports are chosen once and kept with the
// data. SARNAKH_USE_DYNAMODB and SARNAKH_USE_SQS name endpoints to use instead, which are neither started nor stopped.
func (p *Programs) Start(ctx context.Context, data string) (*Engines, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return nil, fmt.Errorf("find the data directory %s: %w", data, err)
	}
	e := &Engines{DynamoDB: os.Getenv("SARNAKH_USE_DYNAMODB"), SQS: os.Getenv("SARNAKH_USE_SQS")}
	if e.DynamoDB == "" {
		k, err := p.dynamoDB(data)
		if err != nil {
			return nil, err
		}
		if e.DynamoDB, err = p.run(ctx, k, e); err != nil {
			return nil, err
		}
		if p.dynoxide != "" {
			p.indexStream(ctx, dynoxideFile(data))
		}
	}
	if e.SQS == "" {
		if e.SQS, err = p.run(ctx, p.miniStack(data), e); err != nil {
			// What started stays: the next run takes it over, as it would after a kill.
			return nil, err
		}
	}
	return e, nil
}

// Stop stops the engines and waits until they are gone; their data stays. MiniStack writes its queues down only here,
// so a clean stop of a run stops its engines too.
func (e *Engines) Stop(ctx context.Context) error {
	var first error
	for _, stop := range e.stops {
		if err := stop(ctx); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Stop stops the engines that a killed run left with this data directory, and says of each what it did.
func Stop(ctx context.Context, data string, say func(string)) error {
	data, err := filepath.Abs(data)
	if err != nil {
		return fmt.Errorf("find the data directory %s: %w", data, err)
	}
	for _, name := range []string{"dynamodb", "ministack"} {
		r, ok := readRecord(recordPath(data, name))
		if !ok || !r.ours() {
			say(name + " is not running")
			continue
		}
		if err := r.stop(ctx); err != nil {
			return err
		}
		_ = os.Remove(recordPath(data, name))
		say(fmt.Sprintf("%s stopped (it was process %d)", name, r.PID))
	}
	return nil
}

func (p *Programs) run(ctx context.Context, k kind, e *Engines) (string, error) {
	r, err := k.start(ctx, p.say)
	if err != nil {
		return "", err
	}
	e.stops = append(e.stops, func(ctx context.Context) error {
		if err := r.stop(ctx); err != nil {
			return err
		}
		// The record keeps the port, so that a saved endpoint still holds after the next start.
		r.PID = 0
		return r.write(recordPath(k.data, k.name))
	})
	return "http://" + loopback(r.Port), nil
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

func (p *Programs) dynamoDB(data string) (kind, error) {
	dir := filepath.Join(data, "engines", "dynamodb")
	k := kind{name: "dynamodb", data: data, dir: dir, hash: p.hash}
	switch {
	case p.dynoxide != "":
		file := dynoxideFile(data)
		k.command = func(port int) []string {
			return []string{p.dynoxide, "--host", "127.0.0.1", "-p", strconv.Itoa(port), "--db-path", file}
		}
		k.healthy = answers("/", "Dynoxide")
	case p.dynamodb != "" && p.java != "":
		k.command = func(port int) []string {
			return p.javaCommand(port, "-dbPath", dir)
		}
		// DynamoDB Local answers 400 to a GET; that it answers as itself is enough.
		k.healthy = answers("/", "Jetty")
	default:
		return k, fmt.Errorf("no DynamoDB engine for this machine: install Java 17 and run again (DynamoDB Local is then used), " +
			"or set SARNAKH_USE_DYNAMODB to the URL of an engine that runs already")
	}
	return k, nil
}

func dynoxideFile(data string) string {
	return filepath.Join(data, "engines", "dynamodb", "dynoxide.db")
}

func (p *Programs) javaCommand(port int, storage ...string) []string {
	args := []string{p.java, "-Xmx512m", "-Djava.library.path=" + filepath.Join(p.dynamodb, "DynamoDBLocal_lib"), "-jar",
		filepath.Join(p.dynamodb, "DynamoDBLocal.jar"), "-port", strconv.Itoa(port), "-sharedDb", "-disableTelemetry"}
	return append(args, storage...)
}

func (p *Programs) miniStack(data string) kind {
	dir := filepath.Join(data, "engines", "ministack")
	return kind{
		name: "ministack", data: data, dir: dir, hash: p.hash,
		command: func(port int) []string {
			// MiniStack takes its settings from variables; the port and the directory are arguments too, because a
			// command line can be read again when the next run asks whose process this is.
			return []string{p.python, "-c", "import sys; sys.argv = ['ministack']; from ministack.app import main; main()",
				"-p", strconv.Itoa(port), dir}
		},
		env: func(port int) []string {
			return []string{
				"GATEWAY_PORT=" + strconv.Itoa(port), "BIND_HOST=127.0.0.1", "MINISTACK_HOST=127.0.0.1",
				"SERVICES=sqs,sns,secretsmanager", "PERSIST_STATE=1", "STATE_DIR=" + dir, "LOG_LEVEL=WARNING",
				"TMPDIR=" + dir, "DOCKER_HOST=unix:///nonexistent", "PYTHONDONTWRITEBYTECODE=1",
			}
		},
		healthy: answers("/_ministack/health", ""),
	}
}

// answers asks one path and looks for the server's name.
func answers(path, server string) func(ctx context.Context, port int) bool {
	return func(ctx context.Context, port int) bool {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+loopback(port)+path, nil)
		if err != nil {
			return false
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return strings.Contains(res.Header.Get("Server"), server)
	}
}
