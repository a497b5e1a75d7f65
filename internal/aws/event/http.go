package event

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

// Call is what an HTTP handler may know beyond the request. It is in the
// request's context: CallOf(r.Context()).
type Call struct {
	Now       time.Time
	IP        string // as API Gateway saw it; X-Forwarded-For is anybody's word
	RequestID string
	Log       *slog.Logger
	Claims    map[string]string // of a verified JWT; nil where the route has no authorizer
}

type callKey struct{}

// CallOf gives the call of a request that came through HTTP.
func CallOf(ctx context.Context) (Call, bool) {
	c, ok := ctx.Value(callKey{}).(Call)
	return c, ok
}

// WithCall is for tests, and for a server that is not Lambda.
func WithCall(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// HTTP makes a Lambda handler of an http.Handler, for HTTP API events (payload
// 2.0). A panic is answered with 500 and the request id. What the adapter
// cannot make a request of is answered with 400, not with its 504.
func HTTP(p *Process, h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	adapter := httpadapter.NewV2(h)
	return func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (reply events.APIGatewayV2HTTPResponse, _ error) {
		call := Call{
			Now:       Now(time.UnixMilli(e.RequestContext.TimeEpoch)),
			IP:        e.RequestContext.HTTP.SourceIP,
			RequestID: e.RequestContext.RequestID,
			Log:       p.Begin(ctx),
		}
		if a := e.RequestContext.Authorizer; a != nil && a.JWT != nil {
			call.Claims = a.JWT.Claims
		}
		if e.IsBase64Encoded {
			body, err := base64.StdEncoding.DecodeString(e.Body)
			if err != nil {
				return problem(http.StatusBadRequest, "body_encoding", "the body is marked as base64 and is not", call), nil
			}
			e.Body, e.IsBase64Encoded = string(body), false
		}
		if _, err := url.ParseRequestURI(e.RawPath); err != nil || e.RawPath == "" {
			return problem(http.StatusBadRequest, "path", "the path is not one", call), nil
		}
		err := Safely(func() (err error) {
			reply, err = adapter.ProxyWithContext(WithCall(ctx, call), e)
			return err
		})
		if err != nil {
			call.Log.Error("request failed", "route", e.RouteKey, "error", err.Error())
			return problem(http.StatusInternalServerError, "internal", "something went wrong here; the request id helps to find it", call), nil
		}
		return reply, nil
	}
}

// problem is an RFC 9457 answer.
func problem(status int, code, detail string, c Call) events.APIGatewayV2HTTPResponse {
	body, err := json.Marshal(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"code": code, "detail": detail, "requestId": c.RequestID,
	})
	if err != nil {
		body = []byte("{}") // unreachable: strings and an int
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status, Body: string(body),
		Headers: map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store"},
	}
}
