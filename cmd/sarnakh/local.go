package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a container or a small machine may have none

	"golang.org/x/term"

	"github.com/sarnakh/sarnakh/internal/local"
	"github.com/sarnakh/sarnakh/internal/local/engine"
	"github.com/sarnakh/sarnakh/internal/local/gateway"
	"github.com/sarnakh/sarnakh/internal/local/mailbox"
	"github.com/sarnakh/sarnakh/internal/local/page"
)

// localCmd puts the parts of the local run together; each of them lies in internal/local.
type localCmd struct {
	Port        int           `default:"8700" help:"Port of the developer's page; the public API, the console and the gateway take the next three. 0: any free ones."`
	Data        string        `default:".local" type:"path" help:"Where tables, queues, mails, logs and the clock are kept between runs."`
	Record      string        `type:"path" placeholder:"FILE" help:"Write down which function calls what, one JSON line a distinct call."`
	Bind        string        `placeholder:"ADDRESS" help:"Also open the gateway at this address, such as 172.17.0.1 for functions in containers."`
	Visibility  time.Duration `placeholder:"15s" help:"How long queues hide what is in work, so that what a killed run had in work comes back that soon. Else as the template says: minutes."`
	NoOpen      bool          `help:"Do not open a browser."`
	StopEngines bool          `help:"Stop the engines that a killed run left behind, and end."`
}

// The addresses of the local business. A name that ends in .example belongs to nobody.
const (
	localMailFrom = "news@mail.sarnakh.example"
	localSales    = "sales@sarnakh.example"
	localZone     = "Asia/Tehran"
)

func (c *localCmd) Run(ctx context.Context) error {
	data := filepath.Join(c.Data, "data")
	if c.StopEngines {
		return engine.Stop(ctx, data, say)
	}
	if _, err := os.Stat("template.yaml"); err != nil {
		return errors.New("there is no template.yaml here: start in the folder of the repository")
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return fmt.Errorf("make a place for the data: %w", err)
	}
	unlock, err := engine.Lock(filepath.Join(data, "lock"), nil)
	if errors.Is(err, engine.ErrLocked) {
		return fmt.Errorf("a run with the data in %s is going already: stop it, or give this one a place of its own with --data and --port", c.Data)
	} else if err != nil {
		return err
	}
	defer unlock()

	ports, err := c.ports()
	if err != nil {
		return err
	}
	defer ports.close()
	programs, err := engine.Setup(ctx, engine.Options{Source: "infra/engines", Dir: ".local/engines", Say: say})
	if err != nil {
		return err
	}
	box, err := mailbox.Open(mailbox.Options{Dir: filepath.Join(data, "mailbox"), From: []string{localMailFrom}})
	if err != nil {
		return err
	}
	defer box.Close()
	zone, err := time.LoadLocation(localZone)
	if err != nil {
		return fmt.Errorf("load the zone %s: %w", localZone, err)
	}
	pages, err := page.New(page.Options{Mailbox: box, Fonts: programs.Fonts(), Pages: "playbook/pages", EnvFile: filepath.Join(c.Data, "env"), Zone: zone})
	if err != nil {
		return err
	}
	defer ports.serve(pages.Handler(), ports.page)()

	engines, err := programs.Start(ctx, data)
	if err != nil {
		return err
	}
	// A clean stop stops the engines: that is when MiniStack writes its queues down.
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 40*time.Second)
		defer cancel()
		if err := engines.Stop(stop); err != nil {
			say(err.Error())
		}
		say("stopped; the data stays in " + c.Data)
	}()
	var record *gateway.Record
	if c.Record != "" {
		if record, err = gateway.OpenRecord(c.Record); err != nil {
			return err
		}
		defer record.Close()
	}
	gate, err := gateway.New(gateway.Targets{DynamoDB: engines.DynamoDB, SQS: engines.SQS, SNS: engines.SQS, Secrets: engines.SQS, SES: box.SES()}, record)
	if err != nil {
		return err
	}
	defer ports.serve(gate, ports.gateways...)()

	gateURL, pageURL := "http://"+ports.gateways[0].Addr().String(), "http://"+ports.page.Addr().String()
	direct := local.Endpoints{DynamoDB: engines.DynamoDB, SQS: engines.SQS, SNS: engines.SQS, Secrets: engines.SQS, SES: gateURL}
	gated := local.Endpoints{DynamoDB: gateURL, Streams: gateURL, SQS: gateURL, SNS: gateURL, Secrets: gateURL, SES: gateURL}
	var failed error
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	err = local.Run(run, local.Options{
		Template: "template.yaml", DataDir: c.Data, Endpoints: direct, FunctionEndpoints: &gated, Mailbox: box, Out: os.Stderr,
		Listen: ports.apis, Visibility: c.Visibility,
		APIParameters: map[string]string{"PublicUrl": "PublicApi", "ConsoleUrl": "ConsoleApi"},
		Parameters:    map[string]string{"MailFrom": localMailFrom, "SalesEmail": localSales, "BusinessTimezone": localZone, "PagesUrl": pageURL + "/pages", "CorsOrigins": pageURL + "," + strings.Replace(pageURL, "127.0.0.1", "localhost", 1)},
		Env:           map[string]string{"INBOX_URL": pageURL + "/_mailbox", "PAGE_URL": pageURL, "GATEWAY_URL": gateURL},
		OnReady: func(h *local.House) {
			gate.OnVisibility(h.NoteVisibility)
			if failed = publishExample(run, h.Env()); failed != nil {
				cancel()
				return
			}
			pages.Connect(run, h)
			fmt.Printf("ready %s\n", pageURL)
			if !c.NoOpen {
				open(pageURL)
			}
		},
	})
	if failed != nil {
		return fmt.Errorf("publish the example playbook: %w", failed)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // somebody asked for the end
	}
	return err
}

// ports are taken before anything is installed or started, so that a run that cannot be ends at once.
type ports struct {
	page     net.Listener
	gateways []net.Listener
	apis     map[string]string
}

func (c *localCmd) ports() (*ports, error) {
	p := &ports{apis: map[string]string{}}
	if err := c.take(p); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (c *localCmd) take(p *ports) error {
	at := func(host string, next int) (net.Listener, error) {
		port := 0
		if c.Port != 0 {
			port = c.Port + next
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return nil, fmt.Errorf("port %d of %s cannot be opened: %w. Stop the program that holds it, or choose others: make run ARGS=--port=%d", port, host, err, c.Port+100)
		}
		return l, nil
	}
	var err error
	if p.page, err = at("127.0.0.1", 0); err != nil {
		return err
	}
	for i, api := range []string{"PublicApi", "ConsoleApi"} {
		l, err := at("127.0.0.1", i+1)
		if err != nil {
			return err
		}
		p.apis[api] = l.Addr().String()
		_ = l.Close() // the run opens it: here we only ask whether it can
	}
	hosts := []string{"127.0.0.1"}
	if c.Bind != "" && c.Bind != "127.0.0.1" {
		hosts = append(hosts, c.Bind)
	}
	for _, host := range hosts {
		l, err := at(host, 3)
		if err != nil {
			return err
		}
		p.gateways = append(p.gateways, l)
	}
	return nil
}

// serve answers on listeners until the function that it gives is called.
func (p *ports) serve(h http.Handler, on ...net.Listener) (stop func()) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 20 * time.Second}
	for _, l := range on {
		go func() { _ = s.Serve(l) }() // it ends with Close
	}
	return func() { _ = s.Close() }
}

func (p *ports) close() {
	if p.page != nil {
		_ = p.page.Close()
	}
	for _, l := range p.gateways {
		_ = l.Close()
	}
}

// open shows the page where there is somebody to see it.
func open(url string) {
	name := "xdg-open"
	if runtime.GOOS == "darwin" {
		name = "open"
	} else if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return
	}
	if !term.IsTerminal(int(os.Stdout.Fd())) {
		return
	}
	if err := exec.Command(name, url).Start(); err != nil {
		say("open " + url + " in a browser")
	}
}
