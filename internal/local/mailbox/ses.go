package mailbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// fault is an answer of SES that is not a success.
type fault struct {
	status int
	code   string
	text   string
}

func badRequest(err error) *fault { return &fault{400, "BadRequestException", err.Error()} }

type content struct {
	Simple *struct {
		Subject struct{ Data string }
		Body    struct{ Text, Html *struct{ Data string } }
		Headers []Header

		Attachments []attachment
	}
	Raw      *struct{ Data []byte }
	Template *template
}

type attachment struct {
	FileName, ContentType, ContentDisposition, ContentTransferEncoding string
	RawContent                                                         []byte
}

type template struct {
	TemplateName    string
	TemplateArn     string
	TemplateContent *struct{ Subject, Text, Html string }
	TemplateData    string
	Headers         []Header
}

type destination struct{ ToAddresses, CcAddresses, BccAddresses []string }

type sendEmail struct {
	FromEmailAddress     string
	Destination          destination
	ReplyToAddresses     []string
	Content              content
	EmailTags            []tag
	ConfigurationSetName string
}

type sendBulk struct {
	FromEmailAddress     string
	ReplyToAddresses     []string
	DefaultContent       struct{ Template *template }
	DefaultEmailTags     []tag
	ConfigurationSetName string
	BulkEmailEntries     []bulkEntry
}

type bulkEntry struct {
	Destination             destination
	ReplacementTags         []tag
	ReplacementHeaders      []Header
	ReplacementEmailContent struct {
		ReplacementTemplate struct{ ReplacementTemplateData string }
	}
}

// SES is the endpoint that functions call.
func (m *Mailbox) SES() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/email/outbound-emails", sending(m, m.sendEmail))
	mux.HandleFunc("POST /v2/email/outbound-bulk-emails", sending(m, m.sendBulk))
	mux.HandleFunc("GET /v2/email/account", m.account)
	mux.HandleFunc("PUT /v2/email/suppression/addresses", m.putSuppressed)
	mux.HandleFunc("GET /v2/email/suppression/addresses", m.listSuppressed)
	mux.HandleFunc("GET /v2/email/suppression/addresses/{address}", m.getSuppressed)
	mux.HandleFunc("DELETE /v2/email/suppression/addresses/{address}", m.deleteSuppressed)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &fault{404, "NotFoundException", "The local mailbox does not know " + r.Method + " " + r.URL.Path})
	})
	return mux
}

// sending reads a call, lets the faults have their way with it, and answers.
func sending[In any](m *Mailbox, send func(In) (any, *fault)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		// SES takes 40 MB with attachments, of which the raw form is base64.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 60<<20))
		if err != nil {
			refuse(w, badRequest(fmt.Errorf("the body cannot be read: %w", err)))
			return
		}
		if err := json.Unmarshal(body, &in); err != nil {
			refuse(w, badRequest(fmt.Errorf("the body is not the JSON of this call: %w", err)))
			return
		}
		if f := m.faults.refuse(); f != nil {
			refuse(w, f)
			return
		}
		out, f := send(in)
		if f != nil {
			refuse(w, f)
			return
		}
		switch m.faults.after() {
		case "lost_reply":
			refuse(w, &fault{500, "InternalServiceErrorException", "The reply was lost on purpose; the mail was sent."})
		case "hang":
			<-r.Context().Done()
		default:
			answer(w, out)
		}
	}
}

func (m *Mailbox) sendEmail(in sendEmail) (any, *fault) {
	tags, err := tagsOf(in.EmailTags)
	if err != nil {
		return nil, badRequest(err)
	}
	k, failure, f := compose(in.Content, "")
	if f != nil {
		return nil, f
	}
	if in.FromEmailAddress != "" {
		k.From = in.FromEmailAddress
	}
	k.Tags, k.ConfigurationSet = tags, in.ConfigurationSetName
	if f := m.address(&k, in.Destination, in.ReplyToAddresses); f != nil {
		return nil, f
	}
	id, f := m.accept(k, failure)
	if f != nil {
		return nil, f
	}
	return map[string]string{"MessageId": id}, nil
}

func (m *Mailbox) sendBulk(in sendBulk) (any, *fault) {
	if n := len(in.BulkEmailEntries); n == 0 || n > 50 {
		return nil, badRequest(fmt.Errorf("a bulk call holds 1 to 50 entries, not %d", n))
	}
	if in.DefaultContent.Template == nil {
		return nil, badRequest(fmt.Errorf("DefaultContent.Template is missing"))
	}
	type result struct{ Status, Error, MessageId string }
	results := []result{}
	for _, e := range in.BulkEmailEntries {
		// A malformed address refuses the whole call, before any of it is sent.
		for _, to := range slices.Concat(e.Destination.ToAddresses, e.Destination.CcAddresses, e.Destination.BccAddresses) {
			if _, err := plainAddress(to); err != nil {
				return nil, badRequest(err)
			}
		}
	}
	for _, e := range in.BulkEmailEntries {
		id, f := m.sendEntry(in, e)
		switch {
		case f == nil:
			results = append(results, result{Status: "SUCCESS", MessageId: id})
		case f.code == "MessageRejected":
			results = append(results, result{Status: "MESSAGE_REJECTED", Error: f.text})
		case f.status == 500:
			results = append(results, result{Status: "TRANSIENT_FAILURE", Error: f.text})
		default:
			results = append(results, result{Status: "INVALID_PARAMETER", Error: f.text})
		}
	}
	return map[string]any{"BulkEmailEntryResults": results}, nil
}

func (m *Mailbox) sendEntry(in sendBulk, e bulkEntry) (string, *fault) {
	tags, err := tagsOf(in.DefaultEmailTags, e.ReplacementTags)
	if err != nil {
		return "", badRequest(err)
	}
	t := *in.DefaultContent.Template
	t.Headers = slices.DeleteFunc(slices.Clone(t.Headers), func(h Header) bool {
		return slices.ContainsFunc(e.ReplacementHeaders, func(r Header) bool { return strings.EqualFold(r.Name, h.Name) })
	})
	t.Headers = append(t.Headers, e.ReplacementHeaders...)
	k, failure, f := compose(content{Template: &t}, e.ReplacementEmailContent.ReplacementTemplate.ReplacementTemplateData)
	if f != nil {
		return "", f
	}
	k.From, k.Tags, k.ConfigurationSet = in.FromEmailAddress, tags, in.ConfigurationSetName
	if f := m.address(&k, e.Destination, in.ReplyToAddresses); f != nil {
		return "", f
	}
	return m.accept(k, failure)
}

// compose makes a mail of what was given; failure is a fault of the template that SES tells by an event.
func compose(c content, replacement string) (k Mail, failure string, f *fault) {
	switch {
	case c.Simple != nil:
		k.Subject, k.Headers = c.Simple.Subject.Data, c.Simple.Headers
		if t := c.Simple.Body.Text; t != nil {
			k.Text = t.Data
		}
		if h := c.Simple.Body.Html; h != nil {
			k.HTML = h.Data
		}
		files, err := attachmentsOf(c.Simple.Attachments)
		if err != nil {
			return k, "", badRequest(err)
		}
		k.Attachments = files
	case c.Raw != nil:
		k, err := readRaw(c.Raw.Data)
		if err != nil {
			return k, "", badRequest(err)
		}
		return k, "", nil
	case c.Template != nil && c.Template.TemplateContent != nil:
		data := map[string]any{}
		for _, text := range []string{c.Template.TemplateData, replacement} {
			if text == "" {
				continue
			}
			if len(text) > 256<<10 {
				return k, "", badRequest(fmt.Errorf("the template's data has %d bytes, more than 262144", len(text)))
			}
			if err := json.Unmarshal([]byte(text), &data); err != nil { // later names replace earlier ones
				return k, "", badRequest(fmt.Errorf("the template's data is not a JSON object: %w", err))
			}
		}
		t := c.Template.TemplateContent
		for into, text := range map[*string]string{&k.Subject: t.Subject, &k.Text: t.Text, &k.HTML: t.Html} {
			out, missing, err := render(text, data)
			if err != nil {
				return k, "", badRequest(err)
			}
			if *into = out; missing != "" {
				failure = missing
			}
		}
		k.Headers = c.Template.Headers
	case c.Template != nil:
		return k, "", &fault{404, "NotFoundException", "Template " + c.Template.TemplateName + " does not exist: the local mailbox renders inline TemplateContent only"}
	default:
		return k, "", badRequest(fmt.Errorf("Content holds none of Simple, Raw and Template"))
	}
	if err := checkHeaders(k.Headers); err != nil {
		return k, "", badRequest(err)
	}
	k.Headers = slices.Clone(k.Headers)
	return k, failure, nil
}

// address checks who sends and who gets a mail, and writes the headers that SES writes.
func (m *Mailbox) address(k *Mail, d destination, replyTo []string) *fault {
	if given := slices.Concat(d.ToAddresses, d.CcAddresses, d.BccAddresses); len(given) > 0 || k.Raw == "" {
		k.To = given
	}
	if len(k.To) == 0 || len(k.To) > 50 {
		return badRequest(fmt.Errorf("a mail goes to 1 to 50 destinations, not %d", len(k.To)))
	}
	for i, to := range k.To {
		plain, err := plainAddress(to)
		if err != nil {
			return badRequest(err)
		}
		k.To[i] = plain
	}
	if _, err := plainAddress(k.From); err != nil {
		return badRequest(err)
	}
	domain, err := domainOf(k.From)
	if err != nil {
		return badRequest(err)
	}
	if len(m.domains) > 0 && !slices.Contains(m.domains, domain) {
		return &fault{400, "MessageRejected", "Email address is not verified. The following identities failed the check in region " +
			strings.ToUpper(m.options.Region) + ": " + k.From}
	}
	if k.Raw != "" {
		return nil
	}
	head := []Header{{"From", k.From}}
	for _, l := range []struct {
		name string
		list []string
	}{{"To", d.ToAddresses}, {"Cc", d.CcAddresses}, {"Reply-To", replyTo}} {
		if len(l.list) > 0 {
			head = append(head, Header{l.name, strings.Join(l.list, ", ")})
		}
	}
	k.Headers = append(append(head, Header{"Subject", k.Subject}), k.Headers...)
	return nil
}

func (m *Mailbox) account(w http.ResponseWriter, _ *http.Request) {
	day := m.clock().AddDate(0, 0, -1)
	answer(w, map[string]any{
		"ProductionAccessEnabled": true, "SendingEnabled": true, "EnforcementStatus": "HEALTHY", "DedicatedIpAutoWarmupEnabled": false,
		"SendQuota":             map[string]float64{"Max24HourSend": 50000, "MaxSendRate": 200, "SentLast24Hours": float64(m.store.since(day))},
		"SuppressionAttributes": map[string]any{"SuppressedReasons": []string{"BOUNCE", "COMPLAINT"}},
	})
}

func (m *Mailbox) putSuppressed(w http.ResponseWriter, r *http.Request) {
	var in struct{ EmailAddress, Reason string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		refuse(w, badRequest(err))
		return
	}
	if in.Reason != "BOUNCE" && in.Reason != "COMPLAINT" || in.EmailAddress == "" {
		refuse(w, badRequest(fmt.Errorf("EmailAddress and a Reason (BOUNCE or COMPLAINT) are needed")))
		return
	}
	if err := m.store.suppress(in.EmailAddress, in.Reason, m.clock()); err != nil {
		refuse(w, &fault{500, "InternalServiceErrorException", err.Error()})
		return
	}
	answer(w, map[string]any{})
}

func (p suppression) json() map[string]any {
	return map[string]any{"EmailAddress": p.Address, "Reason": p.Reason, "LastUpdateTime": float64(p.At.UnixMilli()) / 1000}
}

func (m *Mailbox) listSuppressed(w http.ResponseWriter, _ *http.Request) {
	list := []map[string]any{}
	for _, p := range m.store.suppressions() {
		list = append(list, p.json())
	}
	answer(w, map[string]any{"SuppressedDestinationSummaries": list})
}

func (m *Mailbox) getSuppressed(w http.ResponseWriter, r *http.Request) {
	p, ok := m.store.suppression(pathAddress(r))
	if !ok {
		refuse(w, &fault{404, "NotFoundException", "Email address " + pathAddress(r) + " does not exist on your suppression list."})
		return
	}
	answer(w, map[string]any{"SuppressedDestination": p.json()})
}

func (m *Mailbox) deleteSuppressed(w http.ResponseWriter, r *http.Request) {
	if !m.store.suppressed(pathAddress(r)) {
		refuse(w, &fault{404, "NotFoundException", "Email address " + pathAddress(r) + " does not exist on your suppression list."})
		return
	}
	if err := m.store.suppress(pathAddress(r), "", m.clock()); err != nil {
		refuse(w, &fault{500, "InternalServiceErrorException", err.Error()})
		return
	}
	answer(w, map[string]any{})
}

func pathAddress(r *http.Request) string {
	address := r.PathValue("address")
	if plain, err := url.PathUnescape(address); err == nil {
		return plain
	}
	return address
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a caller that went away is the only cause
}

func refuse(w http.ResponseWriter, f *fault) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", f.code)
	body, _ := json.Marshal(map[string]string{"message": f.text}) // a string always marshals
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(f.status)
	_, _ = w.Write(body)
}
