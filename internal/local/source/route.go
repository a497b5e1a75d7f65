package source

import (
	"net/http"
	"strings"

	"github.com/sarnakh/sarnakh/internal/local/template"
)

// router finds the route of a request as an HTTP API does: the most exact path
// first, a fixed segment before a variable, a variable before {greedy+}, the
// method before ANY, and $default when nothing else fits.
type router struct{ routes []template.Route }

type match struct {
	route  *template.Route
	params map[string]string
}

func (r router) find(method, path string) (best match, ok bool) {
	var rank string
	segments := split(path)
	for i := range r.routes {
		route := &r.routes[i]
		if route.Path != "" && route.Method != method && route.Method != "ANY" {
			continue
		}
		params, how, fits := fit(route, segments)
		if !fits {
			continue
		}
		if route.Method == method {
			how += "a"
		} else {
			how += "b"
		}
		if rank == "" || how < rank {
			rank, best = how, match{route, params}
		}
	}
	return best, rank != ""
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// fit compares a route with a path; how sorts exact fits first, letter by letter.
func fit(route *template.Route, segments []string) (params map[string]string, how string, ok bool) {
	if route.Path == "" {
		return nil, "z", true
	}
	params = map[string]string{}
	want := split(route.Path)
	for i, w := range want {
		name, variable := strings.CutPrefix(w, "{")
		name = strings.TrimSuffix(name, "}")
		if greedy, is := strings.CutSuffix(name, "+"); variable && is {
			rest := strings.Join(segments[min(i, len(segments)):], "/")
			if rest == "" {
				return nil, "", false
			}
			params[greedy] = rest
			return params, how + "g", true
		}
		if i >= len(segments) {
			return nil, "", false
		}
		switch {
		case variable && segments[i] != "":
			params[name] = segments[i]
			how += "c"
		case !variable && w == segments[i]:
			how += "b"
		default:
			return nil, "", false
		}
	}
	return params, how, len(want) == len(segments)
}

// cors answers for the API: a preflight entirely, others by headers that take
// the place of those of the function. Done: the request is answered.
func cors(c *template.CORS, w http.ResponseWriter, r *http.Request, hasRoute bool) (done bool) {
	if c == nil {
		return false
	}
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	origin := r.Header.Get("Origin")
	if allowed := allowedOrigin(c, origin); allowed != "" {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", allowed)
		if allowed != "*" {
			h.Add("Vary", "Origin")
		}
		if c.Credentials {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		if len(c.Expose) > 0 {
			h.Set("Access-Control-Expose-Headers", strings.Join(c.Expose, ","))
		}
		if preflight {
			if len(c.Methods) > 0 {
				h.Set("Access-Control-Allow-Methods", strings.Join(c.Methods, ","))
			}
			if len(c.Headers) > 0 {
				h.Set("Access-Control-Allow-Headers", strings.Join(c.Headers, ","))
			}
			if c.MaxAge >= 0 {
				h.Set("Access-Control-Max-Age", itoa(c.MaxAge))
			}
		}
	}
	if r.Method == http.MethodOptions && !hasRoute {
		w.WriteHeader(http.StatusNoContent)
		return true
	}
	return false
}

func allowedOrigin(c *template.CORS, origin string) string {
	if origin == "" {
		return ""
	}
	for _, o := range c.Origins {
		switch {
		case o == "*":
			return "*"
		case strings.EqualFold(o, origin), strings.HasSuffix(o, "//*") && strings.HasPrefix(origin, strings.TrimSuffix(o, "*")):
			return origin
		}
	}
	return ""
}
