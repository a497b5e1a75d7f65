package source

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/template"
)

type fixedClock struct{ now time.Time }

func (c fixedClock) Now() time.Time              { return c.now }
func (c fixedClock) At(wall time.Time) time.Time { return wall }

var now = time.Date(2026, 12, 24, 10, 0, 0, 0, time.UTC)

func api(t *testing.T, answer func(event map[string]any) (string, error)) (*httptest.Server, *API) {
	t.Helper()
	a := &API{
		API: &template.API{
			ID: "PublicApi", Name: "s-PublicApi",
			CORS:        &template.CORS{Origins: []string{"https://a.example", "http://*"}, Methods: []string{"GET", "POST"}, Headers: []string{"content-type"}, MaxAge: 60},
			Authorizers: map[string]template.Authorizer{"Jwt": {Issuer: "iss", Audiences: []string{"client"}, Header: "authorization"}},
			Routes: []template.Route{
				{Function: "F", Method: "POST", Path: "/f/{form}", Timeout: time.Second},
				{Function: "F", Method: "GET", Path: "/f/{form}/thanks", Timeout: time.Second},
				{Function: "F", Method: "GET", Path: "/f/new/thanks", Timeout: time.Second},
				{Function: "F", Method: "ANY", Path: "/any", Timeout: time.Second},
				{Function: "F", Method: "GET", Path: "/assets/{file+}", Timeout: time.Second},
				{Function: "F", Method: "HEAD", Path: "/c/{token}", Timeout: time.Second},
				{Function: "F", Method: "GET", Path: "/slow", Timeout: 50 * time.Millisecond},
				{Function: "F", Method: "GET", Path: "/api/{path+}", Authorizer: "Jwt", Scopes: []string{"s/console"}, Timeout: time.Second},
			},
		},
		Account: "1", Clock: fixedClock{now}, Signer: Signer{[]byte("key")}, NewID: func() string { return "id" },
		Invoke: func(ctx context.Context, function string, event []byte) ([]byte, error) {
			var e map[string]any
			if err := json.Unmarshal(event, &e); err != nil {
				return nil, err
			}
			if e["rawPath"] == "/slow" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			out, err := answer(e)
			return []byte(out), err
		},
	}
	server := httptest.NewUnstartedServer(a)
	server.Config = a.Server()
	server.Start()
	t.Cleanup(server.Close)
	return server, a
}

func do(t *testing.T, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(out)
}

func TestARequestBecomesTheEventOfAnHTTPAPI(t *testing.T) {
	var got map[string]any
	server, _ := api(t, func(e map[string]any) (string, error) { got = e; return `{"statusCode":204}`, nil })
	do(t, "POST", server.URL+"/f/e%20book?a=1&a=2&b=x%26y", "name=x", "Content-Type", "application/x-www-form-urlencoded", "Cookie", "a=1; b=2", "X-Two", "1", "X-Two", "2", "X-Forwarded-For", "9.9.9.9")
	context := got["requestContext"].(map[string]any)
	request := context["http"].(map[string]any)
	headers := got["headers"].(map[string]any)
	for _, c := range []struct{ what, got, want any }{
		{"version", got["version"], "2.0"}, {"routeKey", got["routeKey"], "POST /f/{form}"}, {"rawPath", got["rawPath"], "/f/e book"},
		{"rawQueryString", got["rawQueryString"], "a=1&a=2&b=x%26y"}, {"query", got["queryStringParameters"], map[string]any{"a": "1,2", "b": "x&y"}},
		{"path parameters", got["pathParameters"], map[string]any{"form": "e book"}}, {"cookies", got["cookies"], []any{"a=1", "b=2"}},
		{"base64", got["isBase64Encoded"], true}, {"body", got["body"], "bmFtZT14"}, {"cookie header", headers["cookie"], nil}, {"x-two", headers["x-two"], "1,2"},
		{"forwarded", headers["x-forwarded-for"], "9.9.9.9, 127.0.0.1"}, {"source ip", request["sourceIp"], "127.0.0.1"}, {"method", request["method"], "POST"},
		{"time", context["timeEpoch"], float64(now.UnixMilli())}, {"stage", context["stage"], "$default"},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
	do(t, "POST", server.URL+"/f/x", `{"a":1}`, "Content-Type", "application/json; charset=utf-8")
	if got["body"] != `{"a":1}` || got["isBase64Encoded"] != false {
		t.Errorf("JSON came as %v", got["body"])
	}
}

func TestRoutesAreFoundAsInAWS(t *testing.T) {
	server, _ := api(t, func(e map[string]any) (string, error) {
		return `{"statusCode":200,"headers":{"route":"` + e["routeKey"].(string) + `"}}`, nil
	})
	for _, c := range []struct {
		method, path string
		status       int
		route        string
	}{
		{"GET", "/f/x/thanks", 200, "GET /f/{form}/thanks"}, {"GET", "/f/new/thanks", 200, "GET /f/new/thanks"},
		{"GET", "/f/x", 404, ""}, {"PUT", "/f/x", 404, ""}, {"GET", "/nothing", 404, ""}, {"DELETE", "/any", 200, "ANY /any"},
		{"GET", "/assets/a/b.js", 200, "GET /assets/{file+}"}, {"GET", "/assets/", 404, ""}, {"HEAD", "/c/t", 200, "HEAD /c/{token}"}, {"HEAD", "/f/x/thanks", 404, ""},
		{"POST", "/f/..%2fadmin", 404, ""}, {"POST", "/f/", 404, ""}, {"POST", "/f/a%3Fb", 200, "POST /f/{form}"}, {"GET", "/slow", 503, ""},
	} {
		res, _ := do(t, c.method, server.URL+c.path, "")
		if res.StatusCode != c.status || res.Header.Get("Route") != c.route {
			t.Errorf("%s %s: %d by %q, want %d by %q", c.method, c.path, res.StatusCode, res.Header.Get("Route"), c.status, c.route)
		}
	}
}

func TestADefaultRouteTakesWhatNoOtherDoes(t *testing.T) {
	r := router{[]template.Route{{Event: "default"}, {Event: "greedy", Method: "GET", Path: "/{proxy+}"}}}
	if m, ok := r.find("GET", "/a/b"); !ok || m.route.Event != "greedy" || m.params["proxy"] != "a/b" {
		t.Errorf("%+v", m)
	}
	if m, ok := r.find("POST", "/a"); !ok || m.route.Event != "default" {
		t.Errorf("%+v", m)
	}
}

func TestAnswersBecomeResponses(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		err          error
		status       int
		body         string
	}{
		{"a status", `{"statusCode":303,"headers":{"Location":"/x"}}`, nil, 303, ""},
		{"a base64 body", `{"statusCode":200,"isBase64Encoded":true,"body":"aGk="}`, nil, 200, "hi"},
		{"JSON without a status", `{"a":1}`, nil, 200, `{"a":1}`},
		{"text", `"hello"`, nil, 200, `"hello"`},
		{"bad base64", `{"statusCode":200,"isBase64Encoded":true,"body":"%"}`, nil, 500, `{"message":"Internal Server Error"}`},
		{"no JSON", `oops`, nil, 500, `{"message":"Internal Server Error"}`},
		{"a failure", ``, errors.New("x"), 500, `{"message":"Internal Server Error"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, _ := api(t, func(map[string]any) (string, error) { return c.answer, c.err })
			res, body := do(t, "GET", server.URL+"/any", "")
			if res.StatusCode != c.status || body != c.body {
				t.Errorf("%d %q, want %d %q", res.StatusCode, body, c.status, c.body)
			}
		})
	}
	server, _ := api(t, func(map[string]any) (string, error) {
		return `{"statusCode":200,"cookies":["a=1","b=2"],"headers":{"Access-Control-Allow-Origin":"https://evil"}}`, nil
	})
	res, _ := do(t, "GET", server.URL+"/any", "")
	if got := res.Header.Values("Set-Cookie"); len(got) != 2 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v %v", got, res.Header)
	}
}

func TestTheAPIAnswersForCORS(t *testing.T) {
	called := false
	server, _ := api(t, func(map[string]any) (string, error) { called = true; return `{"statusCode":200}`, nil })
	res, _ := do(t, "OPTIONS", server.URL+"/f/x", "", "Origin", "https://a.example", "Access-Control-Request-Method", "POST")
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "https://a.example" || res.Header.Get("Access-Control-Allow-Methods") != "GET,POST" || res.Header.Get("Access-Control-Max-Age") != "60" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	res, _ = do(t, "OPTIONS", server.URL+"/f/x", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	if res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("an origin that is not listed got %v", res.Header)
	}
	if called {
		t.Error("a preflight reached the function")
	}
	res, _ = do(t, "POST", server.URL+"/f/x", "", "Origin", "http://localhost:9")
	if res.Header.Get("Access-Control-Allow-Origin") != "http://localhost:9" {
		t.Errorf("http://* did not let http://localhost:9 in: %v", res.Header)
	}
}

func TestABodyAboveTenMegabytesIsRefused(t *testing.T) {
	server, _ := api(t, func(map[string]any) (string, error) { return `{}`, nil })
	if res, body := do(t, "POST", server.URL+"/f/x", strings.Repeat("x", bodyLimit+1)); res.StatusCode != 413 || !strings.Contains(body, "Request Entity Too Large") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestAnAuthorizerLetsOnlyItsTokensIn(t *testing.T) {
	var claims map[string]any
	server, a := api(t, func(e map[string]any) (string, error) {
		claims = e["requestContext"].(map[string]any)["authorizer"].(map[string]any)["jwt"].(map[string]any)["claims"].(map[string]any)
		return `{"statusCode":200}`, nil
	})
	later := time.Now().Add(time.Hour).Unix()
	good := map[string]any{"iss": "iss", "client_id": "client", "exp": later, "scope": "openid s/console", "sub": "me", "groups": []string{"a", "b"}}
	with := func(name string, v any) map[string]any {
		out := map[string]any{}
		for k, w := range good {
			out[k] = w
		}
		out[name] = v
		return out
	}
	for _, c := range []struct {
		name   string
		signer Signer
		claims map[string]any
		status int
	}{
		{"a good token", a.Signer, good, 200},
		{"another key", Signer{[]byte("other")}, good, 401},
		{"another issuer", a.Signer, with("iss", "x"), 401},
		{"another audience", a.Signer, with("aud", "x"), 401},
		{"an expired one", a.Signer, with("exp", 1), 401},
		{"one for later", a.Signer, with("nbf", later), 401},
		{"no scope", a.Signer, with("scope", "openid"), 403},
	} {
		token, err := c.signer.Sign(c.claims)
		if err != nil {
			t.Fatal(err)
		}
		if res, _ := do(t, "GET", server.URL+"/api/x", "", "Authorization", "Bearer "+token); res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, res.StatusCode, c.status)
		}
	}
	if claims["sub"] != "me" || claims["groups"] != "[a b]" {
		t.Errorf("claims %v", claims)
	}
	for _, header := range []string{"", "Bearer x", "Bearer eyJhbGciOiJub25lIn0.e30."} {
		if res, _ := do(t, "GET", server.URL+"/api/x", "", "Authorization", header); res.StatusCode != 401 {
			t.Errorf("%q: %d", header, res.StatusCode)
		}
	}
}
