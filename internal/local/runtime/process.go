package runtime

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	timedOut  = "Sandbox.Timedout"
	exitError = "Runtime.ExitError"

	startLimit    = 20 * time.Second // AWS gives 10; this machine may be building meanwhile
	responseLimit = 6 << 20          // bytes of an answer that Lambda takes
)

// invocation is one event on its way through a process.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	timeout  time.Duration
	done     chan outcome // has room for one
}

type outcome struct {
	payload []byte
	err     *Error
}

func newInvocation(event []byte, timeout time.Duration) *invocation {
	return &invocation{id: newID(), event: event, timeout: timeout, done: make(chan outcome, 1)}
}

func newID() string {
	var b [16]byte
	rand.Read(b[:]) //nolint:errcheck // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// process is one running bootstrap with a Runtime API of its own.
type process struct {
	f      *Function
	cmd    *exec.Cmd
	server *http.Server
	tail   *tail
	usedAt time.Time // under f.mu

	ready  chan struct{}    // closed at the first "next"
	work   chan *invocation // handed over while the process waits in "next"
	exited chan struct{}    // closed after the process ended
	state  string           // how it ended; read after exited

	mu      sync.Mutex
	current *invocation
	initErr *Error
	isReady bool
}

func startProcess(f *Function) (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, &Error{Type: "Runtime.StartError", Message: err.Error()}
	}
	p := &process{f: f, ready: make(chan struct{}), work: make(chan *invocation), exited: make(chan struct{}), tail: &tail{to: f.log}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", p.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", p.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", p.initFailure)
	p.server = &http.Server{Handler: mux}

	p.cmd = exec.Command(f.spec.Binary)
	p.cmd.Dir = filepath.Dir(f.spec.Binary)
	p.cmd.Env = environment(f.spec, listener.Addr().String())
	p.cmd.Stdout = f.log // the process writes its lines into the log by itself
	p.cmd.Stderr = p.tail
	bindToParent(p.cmd)
	if err := startOnLastingThread(p.cmd); err != nil {
		listener.Close()
		return nil, &Error{Type: "Runtime.StartError", Message: err.Error()}
	}
	f.mu.Lock()
	f.all[p] = true
	f.mu.Unlock()
	go p.server.Serve(listener) //nolint:errcheck // ends with the process
	go p.wait()

	timer := time.NewTimer(startLimit)
	defer timer.Stop()
	select {
	case <-p.ready:
		return p, nil
	case <-p.exited:
	case <-timer.C:
		p.kill()
		<-p.exited
		p.state = fmt.Sprintf("did not ask for its first event in %s", startLimit)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.initErr != nil {
		return nil, p.initErr
	}
	return nil, &Error{Type: exitError, Message: strings.TrimSpace("Runtime exited: " + p.state + "\n" + p.tail.last())}
}

func (p *process) wait() {
	err := p.cmd.Wait()
	p.state = "exit status 0"
	if err != nil {
		p.state = err.Error()
	}
	p.f.mu.Lock()
	delete(p.f.all, p)
	p.f.mu.Unlock()
	p.server.Close()
	close(p.exited)
}

func (p *process) kill() { p.cmd.Process.Kill() } //nolint:errcheck // it may have ended

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// do gives the process the event; given is false when it ended before it took it.
func (p *process) do(inv *invocation) (payload []byte, err error, given bool) {
	select {
	case p.work <- inv:
	case <-p.exited:
		return nil, nil, false
	}
	timer := time.NewTimer(inv.timeout)
	defer timer.Stop()
	var out outcome
	select {
	case out = <-inv.done:
	case <-timer.C:
		p.kill()
		<-p.exited
		out.err = &Error{Type: timedOut, Message: fmt.Sprintf("%s Task timed out after %.2f seconds", inv.id, inv.timeout.Seconds())}
	case <-p.exited:
		select { // it may have answered with its last breath
		case out = <-inv.done:
		default:
			out.err = &Error{Type: exitError, Message: strings.TrimSpace(fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s\n%s", inv.id, p.state, p.tail.last()))}
		}
	}
	p.mu.Lock()
	p.current = nil
	p.mu.Unlock()
	if out.err != nil {
		return nil, out.err, true
	}
	return out.payload, nil, true
}

func (p *process) next(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	if !p.isReady {
		p.isReady = true
		close(p.ready)
	}
	p.mu.Unlock()
	var inv *invocation
	select {
	case inv = <-p.work:
	case <-r.Context().Done():
		return
	}
	inv.deadline = time.Now().Add(inv.timeout)
	p.mu.Lock()
	p.current = inv
	p.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(inv.event)))
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", p.f.spec.ARN)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-"+fmt.Sprintf("%08x", time.Now().Unix())+"-"+strings.ReplaceAll(inv.id, "-", "")[:24]+";Sampled=0")
	w.Write(inv.event) //nolint:errcheck // a process that went away is seen by its end
}

// claim finds the event that the request speaks of.
func (p *process) claim(w http.ResponseWriter, r *http.Request) *invocation {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.id != r.PathValue("id") {
		reply(w, http.StatusBadRequest, `{"errorMessage":"no such request in work","errorType":"InvalidRequestID"}`)
		return nil
	}
	return p.current
}

func (p *process) response(w http.ResponseWriter, r *http.Request) {
	inv := p.claim(w, r)
	if inv == nil {
		return
	}
	var body []byte
	var err error
	if n := r.ContentLength; n > 0 && n <= responseLimit {
		body = make([]byte, n)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(io.LimitReader(r.Body, responseLimit+1))
	}
	switch {
	case err != nil:
		finish(inv, outcome{err: &Error{Type: exitError, Message: "the answer broke off: " + err.Error()}})
	case len(body) > responseLimit:
		reply(w, http.StatusRequestEntityTooLarge, `{"errorType":"RequestEntityTooLarge"}`)
		finish(inv, outcome{err: &Error{Type: "Function.ResponseSizeTooLarge", Message: fmt.Sprintf("the answer exceeds %d bytes", responseLimit)}})
		return
	default:
		finish(inv, outcome{payload: body})
	}
	reply(w, http.StatusAccepted, `{"status":"OK"}`)
}

func (p *process) failure(w http.ResponseWriter, r *http.Request) {
	inv := p.claim(w, r)
	if inv == nil {
		return
	}
	finish(inv, outcome{err: readError(r)})
	reply(w, http.StatusAccepted, `{"status":"OK"}`)
}

func (p *process) initFailure(w http.ResponseWriter, r *http.Request) {
	e := readError(r)
	p.mu.Lock()
	p.initErr = e
	p.mu.Unlock()
	reply(w, http.StatusAccepted, `{"status":"OK"}`)
}

func readError(r *http.Request) *Error {
	e := &Error{}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, e) != nil || e.Type == "" && e.Message == "" {
		e = &Error{Type: r.Header.Get("Lambda-Runtime-Function-Error-Type"), Message: string(body)}
	}
	if e.Type == "" {
		e.Type = "Runtime.Unknown"
	}
	return e
}

func finish(inv *invocation, out outcome) {
	select {
	case inv.done <- out:
	default: // it answered already
	}
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body) //nolint:errcheck // seen by the process's end
}

// environment is what Lambda gives a process, and nothing of this shell: no
// proxy, no profile, no credentials of a person.
func environment(s Spec, api string) []string {
	env := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
		"LAMBDA_TASK_ROOT": filepath.Dir(s.Binary), "LAMBDA_RUNTIME_DIR": filepath.Dir(s.Binary), "_HANDLER": s.Handler,
		"AWS_REGION": s.Region, "AWS_DEFAULT_REGION": s.Region, "AWS_LAMBDA_RUNTIME_API": api,
		"AWS_LAMBDA_FUNCTION_NAME": s.Name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(s.Memory),
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + s.Name, "AWS_LAMBDA_LOG_STREAM_NAME": "local", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_EC2_METADATA_DISABLED": "true",
	}
	if s.LogJSON {
		env["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
		env["AWS_LAMBDA_LOG_LEVEL"] = s.LogLevel
	}
	for k, v := range s.Env {
		env[k] = v
	}
	out := make([]string, 0, len(env))
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	return out
}

// tail passes on what a process says and remembers the end of it, which says
// why it died.
type tail struct {
	to  *os.File
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	t.end = append(t.end, b...)
	if len(t.end) > 8192 {
		t.end = append([]byte(nil), t.end[len(t.end)-4096:]...)
	}
	t.mu.Unlock()
	return t.to.Write(b)
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := t.end
	if len(end) > 2048 {
		end = end[len(end)-2048:]
	}
	return strings.TrimSpace(string(end))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
