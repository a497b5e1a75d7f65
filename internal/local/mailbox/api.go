package mailbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// API is how people and tests read the mailbox and answer for the other side:
//
//	GET    /mails?to=&tag=name:value&q=&after=&limit=   {"mails": […], "total": n}, newest first
//	GET    /mails/{id}                                  all of one mail
//	GET    /mails/{id}/html                             as a mail program shows it, nothing runs in it
//	GET    /mails/{id}/attachments/{n}                  one of its files, from 0
//	POST   /mails/{id}/events                           {"type": "Bounce", "kind": "Permanent"}
//	POST   /mails/{id}/unsubscribe                      presses the mail program's own unsubscribe button
//	GET, PUT, DELETE /faults                            {"kind": "throttle", "count": 3}
func (m *Mailbox) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mails", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		list, total := m.List(Filter{To: q.Get("to"), Tag: q.Get("tag"), Query: q.Get("q"), After: q.Get("after"), Limit: limit})
		answer(w, map[string]any{"mails": list, "total": total})
	})
	mux.HandleFunc("GET /mails/{id}", func(w http.ResponseWriter, r *http.Request) {
		k, err := m.Get(r.PathValue("id"))
		if err != nil {
			problem(w, err)
			return
		}
		answer(w, k)
	})
	mux.HandleFunc("GET /mails/{id}/html", func(w http.ResponseWriter, r *http.Request) {
		k, err := m.Get(r.PathValue("id"))
		if err != nil {
			problem(w, err)
			return
		}
		// A mail is what anybody may have sent: no script, no form, nothing fetched, an origin of its own.
		w.Header().Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Referrer-Policy", "no-referrer")
		_, _ = fmt.Fprint(w, k.Page())
	})
	mux.HandleFunc("GET /mails/{id}/attachments/{n}", func(w http.ResponseWriter, r *http.Request) {
		k, err := m.Get(r.PathValue("id"))
		n, bad := strconv.Atoi(r.PathValue("n"))
		if err == nil && (bad != nil || n < 0 || n >= len(k.Attachments)) {
			err = fmt.Errorf("attachment %s: %w", r.PathValue("n"), ErrNotFound)
		}
		if err != nil {
			problem(w, err)
			return
		}
		// To be kept, never to be shown here: it is what anybody may have sent.
		a := k.Attachments[n]
		w.Header().Set("Content-Type", cmp.Or(a.Type, "application/octet-stream"))
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
		w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(a.Data)
	})
	mux.HandleFunc("POST /mails/{id}/events", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Type, Kind, BounceType, Detail string
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
			problem(w, err)
			return
		}
		e := Event{Type: in.Type, Kind: in.Kind + in.BounceType, Detail: in.Detail}
		if err := m.Answer(r.PathValue("id"), e); err != nil {
			problem(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /mails/{id}/unsubscribe", func(w http.ResponseWriter, r *http.Request) {
		status, err := m.Unsubscribe(r.PathValue("id"))
		if err != nil {
			problem(w, err)
			return
		}
		answer(w, map[string]int{"status": status})
	})
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { answer(w, map[string]any{"faults": m.faults.all()}) })
	mux.HandleFunc("PUT /faults", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&f)
		if err == nil {
			err = m.faults.set(f)
		}
		if err != nil {
			problem(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		m.faults.clear()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// Page is the mail as a document of its own; links open beside it.
func (m *Mail) Page() string {
	if m.HTML == "" {
		return "<!doctype html><meta charset=utf-8><base target=_blank><body dir=auto style='white-space:pre-wrap;font:1rem/1.7 system-ui,sans-serif;margin:1rem'>" +
			html.EscapeString(m.Text)
	}
	// A base, so that no link replaces the page that shows the mail. Not before the doctype: that means quirks mode.
	for _, at := range []*regexp.Regexp{headTag, htmlTag, doctype} {
		if i := at.FindStringIndex(m.HTML); i != nil {
			return m.HTML[:i[1]] + "<base target=_blank>" + m.HTML[i[1]:]
		}
	}
	return "<base target=_blank>" + m.HTML
}

var (
	headTag = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)
	htmlTag = regexp.MustCompile(`(?i)<html(\s[^>]*)?>`)
	doctype = regexp.MustCompile(`(?i)<!doctype[^>]*>`)
)

// UnsubscribeURL is where a mail program's own unsubscribe button goes (RFC 8058), or empty.
func (m *Mail) UnsubscribeURL() string {
	if !strings.EqualFold(strings.TrimSpace(m.Header("List-Unsubscribe-Post")), "List-Unsubscribe=One-Click") {
		return ""
	}
	for part := range strings.SplitSeq(m.Header("List-Unsubscribe"), ",") {
		u := strings.Trim(strings.TrimSpace(part), "<>")
		if strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://") {
			return u
		}
	}
	return ""
}

// Unsubscribe posts what a mail program posts. Only to this machine: a mail must not make it call others.
func (m *Mailbox) Unsubscribe(id string) (int, error) {
	k, err := m.Get(id)
	if err != nil {
		return 0, err
	}
	u := k.UnsubscribeURL()
	if u == "" {
		return 0, errors.New("this mail has no one-click unsubscribe: both List-Unsubscribe and List-Unsubscribe-Post are needed")
	}
	parsed, err := url.Parse(u)
	if err != nil {
		return 0, fmt.Errorf("the unsubscribe link cannot be read: %w", err)
	}
	if !isLoopback(parsed.Hostname()) {
		return 0, fmt.Errorf("the unsubscribe link goes to %s, and the local run calls this machine only", parsed.Host)
	}
	client := http.Client{Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Post(u, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		return 0, fmt.Errorf("unsubscribe: %w", err)
	}
	_ = res.Body.Close()
	return res.StatusCode, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && net.IP(a.AsSlice()).IsLoopback()
}

func problem(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, ErrNotFound) {
		status = http.StatusNotFound
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": err.Error()})
}
