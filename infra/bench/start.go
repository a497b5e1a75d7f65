package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// rounds is how often each binary is started.
const startRounds = 41

// startFigures print the size of each function and compare its start with that
// of a bootstrap which makes the same clients of the SDK and asks for the same
// secrets: what a function adds of its own is the figure.
func startFigures(ctx context.Context, r *report) error {
	names, err := functions()
	if err != nil {
		return err
	}
	r.title("functions: zip, and start to first poll ÷ a bootstrap that makes the same SDK clients and asks for the same secrets (in turns, median)")
	aws, err := newStub()
	if err != nil {
		return err
	}
	defer aws.close()
	bares := map[string]string{}
	for _, name := range names {
		own := filepath.Join(work, name, "bootstrap")
		if err := build(ctx, "./functions/"+name, own); err != nil {
			return err
		}
		size, err := zipped(own)
		if err != nil {
			return err
		}
		r.note("function.zip "+name, float64(size)/1e6, "MB")
		list, err := services(ctx, name)
		if err != nil {
			return err
		}
		asked, err := stages(name)
		if err != nil {
			return err
		}
		key := strings.Join(list, "-")
		if len(asked) > 0 {
			key += fmt.Sprintf("-%d-secrets", len(asked))
		}
		if bares[key] == "" {
			pkg, err := bare(list, asked, filepath.Join(work, "bare-"+key))
			if err != nil {
				return err
			}
			bares[key] = filepath.Join(work, "bare-"+key, "bootstrap")
			if err := build(ctx, pkg, bares[key]); err != nil {
				return err
			}
		}
		env, err := settings(name)
		if err != nil {
			return err
		}
		var mine, theirs, ratios []float64
		for i := range startRounds {
			x, err := aws.start(ctx, own, env)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			y, err := aws.start(ctx, bares[key], nil)
			if err != nil {
				return fmt.Errorf("bootstrap with %s: %w", key, err)
			}
			if i > 0 { // the first fills caches
				mine, theirs, ratios = append(mine, x), append(theirs, y), append(ratios, x/y)
			}
		}
		r.note("function.start "+name, median(mine), fmt.Sprintf("ms (bootstrap with %s: %.1f)", key, median(theirs)))
		r.most("function.start "+name+" / bootstrap", median(ratios), "x", 1.15)
	}
	return nil
}

// stub is the Runtime API, and AWS for what functions ask when they start.
type stub struct {
	listener net.Listener
	server   *http.Server
	polled   chan time.Time
}

func newStub() (*stub, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &stub{listener: l, polled: make(chan time.Time, 1)}
	s.server = &http.Server{Handler: s}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

func (s *stub) close() { _ = s.server.Close() }

func (s *stub) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	if strings.HasSuffix(req.URL.Path, "/invocation/next") {
		s.polled <- now
		<-req.Context().Done() // no event comes
		return
	}
	if !strings.HasSuffix(req.Header.Get("X-Amz-Target"), "GetSecretValue") {
		http.Error(w, "{}", http.StatusBadRequest) // the start of a function asks nothing else
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	body, _ := io.ReadAll(req.Body)
	if strings.Contains(string(body), "AWSPREVIOUS") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException","message":"none"}`)
		return
	}
	_, _ = io.WriteString(w, `{"Name":"x","SecretString":"0123456789012345678901234567890123456789"}`)
}

// start runs a binary until it polls, and gives the milliseconds.
func (s *stub) start(ctx context.Context, binary string, env []string) (float64, error) {
	cmd := exec.CommandContext(ctx, binary)
	address := s.listener.Addr().String()
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + address, "AWS_ENDPOINT_URL=http://" + address, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_LAMBDA_FUNCTION_NAME=bench", "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024",
	}, env...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	from := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	select {
	case at := <-s.polled:
		return float64(at.Sub(from).Microseconds()) / 1000, nil
	case <-time.After(20 * time.Second):
		return 0, fmt.Errorf("did not poll within 20 s: %s", said.String())
	}
}
