package lead

import (
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Email is a normalized address. It masks itself in logs and prints; call
// Address where it is to be written to.
type Email string

// Address is the address as it is written to.
func (e Email) Address() string { return string(e) }

// String masks: m…@example.ir.
func (e Email) String() string {
	at := strings.LastIndexByte(string(e), '@')
	if at < 1 {
		return "…"
	}
	_, n := utf8.DecodeRuneInString(string(e))
	return string(e[:n]) + "…" + string(e[at:])
}

// GoString masks in %#v too.
func (e Email) GoString() string { return e.String() }

// LogValue masks in logs.
func (e Email) LogValue() slog.Value { return slog.StringValue(e.String()) }

// AddressError says why an address is not taken. Code is short and stable.
type AddressError struct{ Code, Problem string }

func (e *AddressError) Error() string { return "e-mail address: " + e.Problem }

func bad(code, format string, args ...any) (Email, error) {
	return "", &AddressError{code, fmt.Sprintf(format, args...)}
}

// NormalizeEmail gives the one form of an address: lower case, the domain in
// ASCII. It takes what can be written to over the net and nothing else: no
// name, comment, quotes, address literal, nor a domain without a dot. Letters
// beyond ASCII before the @ are refused, since SES does not send to them.
func NormalizeEmail(raw string) (Email, error) {
	s := strings.TrimSpace(raw)
	switch {
	case s == "":
		return bad("empty", "empty")
	case len(s) > 254:
		return bad("length", "longer than 254 characters")
	case strings.ContainsAny(s, "\r\n\x00\t ,;<>()\"\\"):
		return bad("shape", "one plain address, without a name, spaces or quotes")
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || strings.Count(s, "@") != 1 {
		return bad("shape", "an address is written like maryam@example.ir")
	}
	local, domain := strings.ToLower(s[:at]), s[at+1:]
	for i := range len(local) {
		if local[i] >= utf8.RuneSelf {
			return bad("smtputf8_unsupported", "only Latin letters before the @")
		}
	}
	if len(local) > 64 {
		return bad("length", "more than 64 characters before the @")
	}
	if strings.HasPrefix(domain, "[") {
		return bad("domain", "a domain name after the @, not an address in brackets")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return bad("domain", "the part after the @ is not a domain name")
	}
	ascii = strings.ToLower(strings.TrimSuffix(ascii, "."))
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 || len(ascii) > 253 {
		return bad("domain", "the domain needs a dot, like example.ir")
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 {
			return bad("domain", "the part after the @ is not a domain name")
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return bad("domain", "a domain name after the @, not a number")
	}
	out := local + "@" + ascii
	if a, err := mail.ParseAddress(out); err != nil || a.Address != out || a.Name != "" {
		return bad("shape", "an address is written like maryam@example.ir")
	}
	return Email(out), nil
}

// Domain is what follows the @.
func (e Email) Domain() string { return string(e[strings.LastIndexByte(string(e), '@')+1:]) }

// roles are local parts behind which more than one person sits.
var roles = map[string]bool{
	"info": true, "sales": true, "support": true, "admin": true, "office": true, "contact": true, "hello": true, "billing": true, "hr": true, "jobs": true,
	"marketing": true, "webmaster": true, "postmaster": true, "abuse": true, "noreply": true, "no-reply": true, "team": true, "mail": true, "service": true,
}

// IsRole tells whether an address belongs to a desk and not to a person: two
// leads are never joined by it.
func (e Email) IsRole() bool {
	at := strings.LastIndexByte(string(e), '@')
	return at > 0 && roles[string(e[:at])]
}

// NoReply tells whether an address says of itself that nobody reads it.
func (e Email) NoReply() bool {
	local, _, _ := strings.Cut(string(e), "@")
	local = strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	return strings.HasPrefix(local, "noreply") || strings.HasPrefix(local, "donotreply") || strings.HasPrefix(local, "dontreply")
}
