// Package mailbox is the SES endpoint of the local run: it accepts mails as SES v2 does, keeps them with their
// headers and tags, and answers with the events that SES would publish.
//
// A mail that was accepted is kept before the caller hears of it, and its events are published at least once, also
// when the run is killed in between. The package knows no template and no function; whoever starts it says where
// events go.
package mailbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"
)

// Header is one header of a mail. A name can come more than once.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Event is what became of a mail.
type Event struct {
	Type   string    `json:"type"` // Send, Delivery, Bounce, Complaint, Reject, DeliveryDelay, Rendering Failure
	At     time.Time `json:"at"`
	Kind   string    `json:"kind,omitempty"`   // of a bounce: Permanent or Transient
	Detail string    `json:"detail,omitempty"` // the server's words, or the fault of a template
	Lost   bool      `json:"lost,omitempty"`   // a fault that a test asked for swallowed it
}

// Summary is a mail without its content.
type Summary struct {
	ID               string              `json:"id"`
	At               time.Time           `json:"at"`
	From             string              `json:"from"`
	To               []string            `json:"to"` // all destinations, Cc and Bcc too
	Subject          string              `json:"subject"`
	Tags             map[string][]string `json:"tags,omitempty"`
	ConfigurationSet string              `json:"configurationSet,omitempty"`
	Events           []Event             `json:"events,omitempty"`
}

// Mail is all of one mail.
type Mail struct {
	Summary
	Headers []Header `json:"headers"`
	HTML    string   `json:"html,omitempty"`
	Text    string   `json:"text,omitempty"`
	Raw     string   `json:"raw,omitempty"` // as it was given, where it was given raw

	Attachments []Attachment `json:"attachments,omitempty"`
}

// Attachment is a file of a mail.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	Data []byte `json:"data"`
}

// Header gives the first header of this name.
func (m *Mail) Header(name string) string {
	for _, h := range m.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Options says what a mailbox is.
type Options struct {
	Dir     string   // where mails are kept
	From    []string // addresses or domains that may send; empty: all
	Account string   // "000000000000" when empty
	Region  string   // "me-central-1" when empty
}

// Mailbox is an SES endpoint. Its zero value is of no use: Open one.
type Mailbox struct {
	options Options
	store   *store
	faults  faults
	domains []string

	mu      sync.Mutex
	now     func() time.Time
	publish func(ctx context.Context, event []byte) error
	pending int
	wake    chan struct{}
	stop    context.CancelFunc
	done    chan struct{}
	changed chan struct{} // closed and replaced when there is a new mail or event
}

// Open reads what the directory holds and makes the mailbox ready to accept mails; events wait until Connect.
func Open(o Options) (*Mailbox, error) {
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.Region == "" {
		o.Region = "me-central-1"
	}
	s, err := openStore(o.Dir)
	if err != nil {
		return nil, err
	}
	m := &Mailbox{options: o, store: s, now: time.Now, wake: make(chan struct{}, 1), changed: make(chan struct{})}
	for _, from := range o.From {
		domain, err := domainOf(from)
		if err != nil {
			domain = strings.ToLower(from) // a domain by itself
		}
		m.domains = append(m.domains, domain)
	}
	_, m.pending = s.unpublished()
	return m, nil
}

// Connect says where events go and what time it is, and starts to publish. It is called once.
func (m *Mailbox) Connect(publish func(ctx context.Context, event []byte) error, now func() time.Time) {
	ctx, stop := context.WithCancel(context.Background())
	m.mu.Lock()
	m.publish, m.now, m.stop, m.done = publish, now, stop, make(chan struct{})
	m.mu.Unlock()
	go func() {
		defer close(m.done)
		m.work(ctx)
	}()
}

// Close stops publishing and closes the files. Events that were not published are published after the next Open.
func (m *Mailbox) Close() error {
	m.mu.Lock()
	stop, done := m.stop, m.done
	m.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
	return m.store.close()
}

// Pending is how many events have not been published yet.
func (m *Mailbox) Pending() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pending
}

// List gives mails, newest first, and how many there are that match.
func (m *Mailbox) List(f Filter) ([]Summary, int) { return m.store.list(f) }

// Get gives one mail.
func (m *Mailbox) Get(id string) (*Mail, error) { return m.store.get(id) }

// Filter says which mails to list. Its zero value is all.
type Filter struct {
	To    string // an address, in any case
	Tag   string // name:value
	Query string // in subject, sender or destination
	After string // only those that came after this id
	Limit int    // 50 when 0
}

// Changed is closed when a mail or event comes; ask for a new one then.
func (m *Mailbox) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// Answer adds an event to a mail, as if the other side had answered.
func (m *Mailbox) Answer(id string, e Event) error {
	known, err := m.Get(id)
	if err != nil {
		return err
	}
	switch e.Type {
	case "Delivery", "Complaint", "DeliveryDelay", "Reject":
	case "Bounce":
		if e.Kind == "" {
			e.Kind = "Permanent"
		}
		if e.Kind != "Permanent" && e.Kind != "Transient" {
			return fmt.Errorf("a bounce is Permanent or Transient, not %q", e.Kind)
		}
	default:
		return fmt.Errorf("no event is called %q: Delivery, Bounce, Complaint, DeliveryDelay or Reject", e.Type)
	}
	if e.At.IsZero() {
		e.At = m.clock()
	}
	if err := m.suppressFor(known.To, e); err != nil {
		return err
	}
	return m.addEvents(id, e)
}

// ErrNotFound is returned for an id that no mail has, and an address that is not suppressed.
var ErrNotFound = errors.New("not found")

func (m *Mailbox) clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now().UTC()
}

// accept keeps a mail with the events that it will have. What it returns is what SES would answer.
func (m *Mailbox) accept(k Mail, renderFault string) (string, *fault) {
	k.ID, k.At = newID(), m.clock()
	k.Headers = append(k.Headers, Header{"Message-ID", "<" + k.ID + "@" + m.options.Region + ".amazonses.com>"}, Header{"Date", k.At.Format(time.RFC1123Z)})
	if k.Tags == nil {
		k.Tags = map[string][]string{}
	}
	if k.ConfigurationSet != "" {
		k.Tags["ses:configuration-set"] = []string{k.ConfigurationSet}
	}
	if domain, err := domainOf(k.From); err == nil {
		k.Tags["ses:from-domain"] = []string{domain}
	}
	events := m.fate(k, renderFault)
	if err := m.store.add(k); err != nil {
		return "", &fault{500, "InternalServiceErrorException", err.Error()}
	}
	for _, e := range events {
		if err := m.suppressFor(k.To, e); err != nil {
			return "", &fault{500, "InternalServiceErrorException", err.Error()}
		}
	}
	if err := m.addEvents(k.ID, events...); err != nil {
		return "", &fault{500, "InternalServiceErrorException", err.Error()}
	}
	return k.ID, nil
}

// fate is what becomes of a mail by itself: what SES's simulator addresses ask for, a bounce where the address is
// suppressed, delivery otherwise.
func (m *Mailbox) fate(k Mail, renderFault string) []Event {
	at := k.At
	if renderFault != "" {
		return []Event{{Type: "Rendering Failure", At: at, Detail: renderFault}}
	}
	send := Event{Type: "Send", At: at}
	if strings.Contains(k.Text+k.HTML+k.Raw, "EICAR-STANDARD-ANTIVIRUS-TEST-FILE") {
		return []Event{send, {Type: "Reject", At: at, Detail: "Bad content"}}
	}
	if slices.ContainsFunc(k.To, m.store.suppressed) {
		return []Event{send, {Type: "Bounce", At: at, Kind: "Permanent", Detail: "OnAccountSuppressionList"}}
	}
	delivered := Event{Type: "Delivery", At: at, Detail: "250 2.6.0 Message received"}
	for _, to := range k.To {
		name, ok := simulator(to)
		switch {
		case !ok:
		case name == "bounce":
			return []Event{send, {Type: "Bounce", At: at, Kind: "Permanent", Detail: "smtp; 550 5.1.1 user unknown"}}
		case name == "suppressionlist":
			return []Event{send, {Type: "Bounce", At: at, Kind: "Permanent", Detail: "OnAccountSuppressionList"}}
		case name == "ooto":
			return []Event{send, delivered, {Type: "Bounce", At: at, Kind: "Transient", Detail: "General"}}
		case name == "complaint":
			return []Event{send, delivered, {Type: "Complaint", At: at, Kind: "abuse"}}
		}
	}
	return []Event{send, delivered}
}

// suppressFor puts addresses on the account's suppression list, as SES does after a permanent bounce or a complaint.
func (m *Mailbox) suppressFor(to []string, e Event) error {
	reason := ""
	switch {
	case e.Type == "Bounce" && e.Kind == "Permanent" && e.Detail != "OnAccountSuppressionList":
		reason = "BOUNCE"
	case e.Type == "Complaint":
		reason = "COMPLAINT"
	default:
		return nil
	}
	for _, address := range to {
		if _, simulated := simulator(address); simulated {
			continue // or one test would end all tests with that address, as SES says of its own
		}
		if err := m.store.suppress(address, reason, e.At); err != nil {
			return err
		}
	}
	return nil
}

// simulator gives the name of an address of SES's mailbox simulator, without its +label.
func simulator(address string) (string, bool) {
	local, ok := strings.CutSuffix(strings.ToLower(address), "@simulator.amazonses.com")
	name, _, _ := strings.Cut(local, "+")
	return name, ok
}

func domainOf(address string) (string, error) {
	a, err := mail.ParseAddress(address)
	if err != nil {
		return "", err
	}
	return strings.ToLower(a.Address[strings.LastIndexByte(a.Address, '@')+1:]), nil
}

// newID has the shape of SES's message ids.
func newID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return "0107" + h[:12] + "-" + h[12:20] + "-" + h[20:24] + "-" + h[24:28] + "-" + h[28:32] + "-" + h[32:44] + "-000000"
}
