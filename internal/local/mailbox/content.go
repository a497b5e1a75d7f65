package mailbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$`)

// render puts data into a template as SES does with one that stands in the call: plain variables, not escaped, and a
// missing one is a failure of this mail that comes later, by an event. SES knows blocks and helpers in stored
// templates; what it does here with them, with a third brace or with a backslash before two is said nowhere, so this
// endpoint refuses them.
func render(template string, data map[string]any) (out, missing string, err error) {
	var b strings.Builder
	for {
		i := strings.Index(template, "{{")
		if i < 0 {
			b.WriteString(template)
			return b.String(), missing, nil
		}
		n := strings.Index(template[i:], "}}")
		if n < 0 {
			return "", "", fmt.Errorf("%.20q: two braces are opened and not closed", template[i:])
		}
		match, rest := template[i:i+n+2], template[i+n+2:]
		name := strings.TrimSpace(match[2 : len(match)-2])
		if !plainName.MatchString(name) || strings.HasPrefix(rest, "}") || i > 0 && template[i-1] == '\\' {
			return "", "", fmt.Errorf("%s: the local mailbox renders plain variables only, no blocks, helpers, third brace or backslash", match)
		}
		b.WriteString(template[:i])
		v, ok := lookup(data, name)
		if !ok {
			missing = "Attribute '" + name + "' is not present in the rendering data."
		}
		b.WriteString(v)
		template = rest
	}
}

// lookup finds a value by its name, with dots for what lies inside.
func lookup(data map[string]any, name string) (string, bool) {
	var v any = data
	for part := range strings.SplitSeq(name, ".") {
		m, _ := v.(map[string]any)
		next, ok := m[part]
		if !ok {
			return "", false
		}
		v = next
	}
	switch v := v.(type) {
	case string:
		return v, true
	case nil:
		return "", true
	}
	b, _ := json.Marshal(v) // it came from JSON
	return string(b), true
}

// readRaw takes a raw mail apart.
func readRaw(raw []byte) (Mail, error) {
	r, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("the raw message cannot be read: %w", err)
	}
	k := Mail{Raw: string(raw), Headers: rawHeaders(raw)}
	words := new(mime.WordDecoder)
	decoded := func(name string) string {
		v := r.Header.Get(name)
		if d, err := words.DecodeHeader(v); err == nil {
			return d
		}
		return v
	}
	k.From, k.Subject = decoded("From"), decoded("Subject")
	for _, name := range []string{"To", "Cc", "Bcc"} {
		list, err := r.Header.AddressList(name)
		if errors.Is(err, mail.ErrHeaderNotPresent) {
			continue
		}
		if err != nil {
			return Mail{}, fmt.Errorf("the header %s cannot be read: %w", name, err)
		}
		for _, a := range list {
			k.To = append(k.To, a.Address)
		}
	}
	if err := k.readPart(r.Header.Get("Content-Type"), r.Header.Get("Content-Transfer-Encoding"), r.Header.Get("Content-Disposition"), r.Body, 0); err != nil {
		return Mail{}, err
	}
	return k, nil
}

func (m *Mail) readPart(contentType, encoding, disposition string, body io.Reader, depth int) error {
	if depth > 8 {
		return errors.New("the raw message nests more than 8 parts deep")
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("a part of the raw message cannot be read: %w", err)
			}
			if err := m.readPart(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-Disposition"), p, depth+1); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("a part of the raw message cannot be decoded: %w", err)
	}
	name := params["name"]
	if _, of, err := mime.ParseMediaType(disposition); err == nil && of["filename"] != "" {
		name = of["filename"]
	}
	switch {
	case name != "":
		m.Attachments = append(m.Attachments, Attachment{Name: name, Type: kind, Data: text})
	case kind == "text/html" && m.HTML == "":
		m.HTML = string(text)
	case kind == "text/plain" && m.Text == "":
		m.Text = string(text)
	}
	return nil
}

// rawHeaders gives the headers of a raw mail in their order; folded lines become one.
func rawHeaders(raw []byte) []Header {
	head, _, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	var out []Header
	for l := range strings.SplitSeq(string(head), "\n") {
		if (strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t")) && len(out) > 0 {
			out[len(out)-1].Value += " " + strings.TrimSpace(l)
			continue
		}
		if name, value, ok := strings.Cut(l, ":"); ok {
			out = append(out, Header{name, strings.TrimSpace(value)})
		}
	}
	return out
}

var (
	tagText    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	headerName = regexp.MustCompile(`^[!-9;-~]{1,126}$`)
)

type tag struct{ Name, Value string }

// tagsOf checks tags as SES does: it refuses a whole mail for a dot in a tag.
func tagsOf(lists ...[]tag) (map[string][]string, error) {
	out := map[string][]string{}
	for _, list := range lists {
		for _, t := range list {
			if !tagText.MatchString(t.Name) || !tagText.MatchString(t.Value) {
				return nil, fmt.Errorf("the tag %q=%q is not valid: names and values hold letters, digits, _ and -, at most 256", t.Name, t.Value)
			}
			out[t.Name] = []string{t.Value} // a tag of the entry replaces the default
		}
	}
	if len(out) > 50 {
		return nil, fmt.Errorf("a mail has %d tags, more than 50", len(out))
	}
	return out, nil
}

func checkHeaders(headers []Header) error {
	reserved := []string{"From", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
	for _, h := range headers {
		if slices.ContainsFunc(reserved, func(r string) bool { return strings.EqualFold(r, h.Name) }) {
			return fmt.Errorf("the header %s is set by SES and cannot be given", h.Name)
		}
		if !headerName.MatchString(h.Name) {
			return fmt.Errorf("the header name %q is not valid", h.Name)
		}
		if len(h.Value) > 995 || strings.ContainsAny(h.Value, "\r\n\x00") {
			return fmt.Errorf("the value of the header %s is longer than 995 or holds a line break", h.Name)
		}
		for _, c := range h.Value {
			if c > 126 {
				return fmt.Errorf("the value of the header %s holds %q: ASCII only", h.Name, c)
			}
		}
	}
	return nil
}

// plainAddress gives the bare address of a destination or sender; SES takes ASCII only.
func plainAddress(address string) (string, error) {
	a, err := mail.ParseAddress(address)
	if err != nil {
		return "", fmt.Errorf("the address %q is not valid: %w", address, err)
	}
	for _, c := range a.Address {
		if c > 126 || c <= ' ' {
			return "", fmt.Errorf("the address %q is not valid: it holds %q, and SES takes ASCII only (a domain as punycode)", address, c)
		}
	}
	return a.Address, nil
}

// attachmentsOf checks files as SES documents them. Of the types only the plain form is documented, so this endpoint
// refuses parameters.
func attachmentsOf(list []attachment) ([]Attachment, error) {
	var out []Attachment
	for _, a := range list {
		switch {
		case a.FileName == "" || len(a.FileName) > 255 || strings.ContainsFunc(a.FileName, func(r rune) bool { return r < ' ' || r == '/' || r == '\\' || r == '"' }):
			return nil, fmt.Errorf("the name %q of an attachment is not valid: 1 to 255 characters, no slash", a.FileName)
		case len(a.RawContent) == 0:
			return nil, fmt.Errorf("the attachment %s is empty", a.FileName)
		case a.ContentType != "" && (len(a.ContentType) > 78 || !plainType.MatchString(a.ContentType)):
			return nil, fmt.Errorf("the type %q of the attachment %s is not valid: such as text/calendar", a.ContentType, a.FileName)
		case !slices.Contains([]string{"", "ATTACHMENT", "INLINE"}, a.ContentDisposition):
			return nil, fmt.Errorf("an attachment is ATTACHMENT or INLINE, not %q", a.ContentDisposition)
		case !slices.Contains([]string{"", "BASE64", "QUOTED_PRINTABLE", "SEVEN_BIT"}, a.ContentTransferEncoding):
			return nil, fmt.Errorf("no encoding is called %q: BASE64, QUOTED_PRINTABLE or SEVEN_BIT", a.ContentTransferEncoding)
		}
		out = append(out, Attachment{Name: a.FileName, Type: a.ContentType, Data: a.RawContent})
	}
	return out, nil
}

var plainType = regexp.MustCompile(`^[a-z]+/[A-Za-z0-9.+-]+$`)
