package source

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sarnakh/sarnakh/internal/local/template"
)

const (
	bodyLimit   = 10 << 20 // bytes of a request that an HTTP API takes
	headerLimit = 10240    // bytes of its headers
)

// API is one HTTP API on a port of this machine.
type API struct {
	API     *template.API
	Account string
	Clock   Clock
	Signer  Signer
	Invoke  func(ctx context.Context, function string, event []byte) ([]byte, error)
	NewID   func() string
}

func itoa(n int) string { return strconv.Itoa(n) }

// Server is the API as an HTTP server.
func (a *API) Server() *http.Server {
	return &http.Server{Handler: a, MaxHeaderBytes: headerLimit, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 75 * time.Second}
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, `{"message":"`+message+`"}`) //nolint:errcheck // the caller went away
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := a.NewID()
	w.Header().Set("Apigw-Requestid", id)
	path := r.URL.Path // an HTTP API decodes a path before it looks for the route
	if cut := strings.IndexByte(path, '?'); cut >= 0 {
		path = path[:cut] // and cuts it at a ? that was encoded
	}
	found, ok := router{a.API.Routes}.find(r.Method, path)
	if cors(a.API.CORS, w, r, ok && found.route.Path != "") {
		return
	}
	if !ok {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	claims, allowed, status := a.authorize(found.route, r)
	if status != 0 {
		if status == http.StatusUnauthorized {
			w.Header().Set("Www-Authenticate", "Bearer")
			refuse(w, status, "Unauthorized")
		} else {
			refuse(w, status, "Forbidden")
		}
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "Bad Request")
		return
	}
	event, err := json.Marshal(a.event(r, id, path, found, body, claims, allowed))
	if err != nil || len(event) > eventLimit {
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	// The caller may go away, the function is not stopped by that.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), found.route.Timeout)
	defer cancel()
	answer, err := a.Invoke(ctx, found.route.Function, event)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		refuse(w, http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil:
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		a.answer(w, r, answer)
	}
}

func (a *API) authorize(route *template.Route, r *http.Request) (claims map[string]any, allowed []string, status int) {
	if route.Authorizer == "" {
		return nil, nil, 0
	}
	authorizer := a.API.Authorizers[route.Authorizer]
	token := r.Header.Get(authorizer.Header)
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	// By the wall clock: a token is not outdated by a month that passed in a minute.
	claims, err := a.Signer.verify(token, authorizer, time.Now())
	if err != nil {
		return nil, nil, http.StatusUnauthorized
	}
	allowed = scopes(claims)
	if len(route.Scopes) > 0 && !slices.ContainsFunc(allowed, func(s string) bool { return slices.Contains(route.Scopes, s) }) {
		return nil, nil, http.StatusForbidden
	}
	return claims, allowed, 0
}

type httpEvent struct {
	Version         string            `json:"version"`
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies,omitempty"`
	Headers         map[string]string `json:"headers"`
	Query           map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext  httpContext       `json:"requestContext"`
	PathParameters  map[string]string `json:"pathParameters,omitempty"`
	Body            string            `json:"body,omitempty"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

type httpContext struct {
	AccountID    string          `json:"accountId"`
	APIID        string          `json:"apiId"`
	Authorizer   *httpAuthorizer `json:"authorizer,omitempty"`
	DomainName   string          `json:"domainName"`
	DomainPrefix string          `json:"domainPrefix"`
	HTTP         httpRequest     `json:"http"`
	RequestID    string          `json:"requestId"`
	RouteKey     string          `json:"routeKey"`
	Stage        string          `json:"stage"`
	Time         string          `json:"time"`
	TimeEpoch    int64           `json:"timeEpoch"`
}

type httpAuthorizer struct {
	JWT struct {
		Claims map[string]string `json:"claims"`
		Scopes []string          `json:"scopes"`
	} `json:"jwt"`
}

type httpRequest struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

func (a *API) event(r *http.Request, id, path string, found match, body []byte, claims map[string]any, allowed []string) httpEvent {
	now := a.Clock.Now().UTC()
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = r.RemoteAddr
	}
	domain, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		domain = r.Host
	}
	prefix, _, _ := strings.Cut(domain, ".")
	e := httpEvent{
		Version: "2.0", RouteKey: found.route.Key(), RawPath: path, RawQueryString: r.URL.RawQuery, PathParameters: found.params,
		RequestContext: httpContext{
			AccountID: a.Account, APIID: a.API.Name, DomainName: domain, DomainPrefix: prefix, RequestID: id, RouteKey: found.route.Key(), Stage: "$default",
			Time: now.Format("02/Jan/2006:15:04:05 +0000"), TimeEpoch: now.UnixMilli(),
			HTTP: httpRequest{Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: ip, UserAgent: r.UserAgent()},
		},
	}
	e.Headers = map[string]string{"host": r.Host, "x-forwarded-proto": "http", "x-forwarded-port": portOf(r.Host), "x-forwarded-for": ip,
		"x-amzn-trace-id": "Root=1-" + strconv.FormatInt(now.Unix(), 16) + "-" + strings.ReplaceAll(id, "-", "")}
	for name, values := range r.Header {
		switch name {
		case "Cookie":
			for _, line := range values {
				for _, c := range strings.Split(line, ";") {
					if c = strings.TrimSpace(c); c != "" {
						e.Cookies = append(e.Cookies, c)
					}
				}
			}
		case "X-Forwarded-For":
			e.Headers["x-forwarded-for"] = strings.Join(values, ", ") + ", " + ip
		case "X-Forwarded-Proto", "X-Forwarded-Port", "X-Amzn-Trace-Id", "Connection":
		default:
			e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	if r.ContentLength >= 0 && (r.ContentLength > 0 || r.Method == http.MethodPost) {
		e.Headers["content-length"] = strconv.FormatInt(r.ContentLength, 10)
	}
	if query := r.URL.Query(); len(query) > 0 {
		e.Query = map[string]string{}
		for name, values := range query {
			e.Query[name] = strings.Join(values, ",")
		}
	}
	if len(body) > 0 {
		if isText(r.Header) && utf8.Valid(body) {
			e.Body = string(body)
		} else {
			e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
		}
	}
	if found.route.Authorizer != "" {
		e.RequestContext.Authorizer = &httpAuthorizer{}
		e.RequestContext.Authorizer.JWT.Claims = flatClaims(claims)
		e.RequestContext.Authorizer.JWT.Scopes = allowed
	}
	return e
}

func portOf(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return port
	}
	return "80"
}

// isText says which bodies come as they are; an HTTP API gives all others in
// base64, posted forms too.
func isText(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	kind, _, _ := strings.Cut(strings.ToLower(h.Get("Content-Type")), ";")
	kind = strings.TrimSpace(kind)
	return strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "application/xml" || kind == "application/javascript" ||
		strings.HasPrefix(kind, "application/") && (strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml"))
}

// answer turns what the function gave into the response. What is JSON without
// a statusCode is the body of a 200.
func (a *API) answer(w http.ResponseWriter, r *http.Request, payload []byte) {
	var out struct {
		StatusCode *json.Number    `json:"statusCode"`
		Headers    map[string]any  `json:"headers"`
		Cookies    []string        `json:"cookies"`
		Body       json.RawMessage `json:"body"`
		Base64     bool            `json:"isBase64Encoded"`
	}
	err := json.Unmarshal(payload, &out)
	if !json.Valid(payload) || err != nil && len(payload) > 0 && payload[0] == '{' {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	if err != nil || out.StatusCode == nil {
		w.Header().Set("Content-Type", "application/json")
		w.Write(payload) //nolint:errcheck // the caller went away
		return
	}
	status, err := strconv.Atoi(out.StatusCode.String())
	body, ok := responseBody(out.Body, out.Base64)
	if err != nil || status < 100 || status > 599 || !ok {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	h := w.Header()
	for name, v := range out.Headers {
		lower := strings.ToLower(name)
		if a.API.CORS != nil && strings.HasPrefix(lower, "access-control-") || lower == "content-length" || lower == "connection" || lower == "transfer-encoding" {
			continue // the API's own
		}
		switch v := v.(type) {
		case string:
			h.Set(name, v)
		case float64, bool:
			text, _ := json.Marshal(v)
			h.Set(name, string(text))
		}
	}
	for _, c := range out.Cookies {
		h.Add("Set-Cookie", c)
	}
	if h.Get("Content-Type") == "" && len(body) > 0 {
		h.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body) //nolint:errcheck // the caller went away
	}
}

func responseBody(raw json.RawMessage, inBase64 bool) ([]byte, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return raw, true // not a text: JSON as it is
	}
	if !inBase64 {
		return []byte(text), true
	}
	body, err := base64.StdEncoding.DecodeString(text)
	return body, err == nil
}
