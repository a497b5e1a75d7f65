package flow

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/sarnakh/sarnakh/internal/flow/web"
	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/store"
)

func notFound() *form.Fault {
	return &form.Fault{Status: http.StatusNotFound, Code: "not_found", Detail: "there is nothing at this address"}
}

func gone() *form.Fault {
	return &form.Fault{Status: http.StatusGone, Code: "expired", Detail: "this link has expired"}
}

func tooMany() *form.Fault {
	return &form.Fault{Status: http.StatusTooManyRequests, Code: "too_many", Detail: "too many requests from this address; try again after a minute"}
}

// wantsPage tells a person's browser from a script: only navigation asks for
// HTML by name.
func wantsPage(r *http.Request) bool {
	return strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/html")
}

// localeOf is the language that the request asks for: ?l= of our own links,
// else Persian unless the browser speaks English and no Persian.
func localeOf(r *http.Request) string {
	if l := r.URL.Query().Get("l"); l == "fa" || l == "en" {
		return l
	}
	langs := strings.ToLower(strings.Join(r.Header.Values("Accept-Language"), ","))
	if strings.Contains(langs, "en") && !strings.Contains(langs, "fa") {
		return "en"
	}
	return "fa"
}

// body reads at most form.MaxBody bytes. A body that says it is longer is not
// read at all.
func (a *ask) body() ([]byte, error) {
	if a.r.ContentLength > form.MaxBody {
		return nil, form.TooLarge()
	}
	b, err := io.ReadAll(io.LimitReader(a.r.Body, form.MaxBody+1))
	if err != nil {
		return nil, &form.Fault{Status: http.StatusBadRequest, Code: "body", Detail: "the body broke off"}
	}
	if len(b) > form.MaxBody {
		return nil, form.TooLarge()
	}
	return b, nil
}

// fail turns any error into an answer: the one place where that is decided.
// What a caller did wrong is said; what went wrong here is logged, and said to
// be worth another try, since nothing was taken.
func (a *ask) fail(what string, err error) {
	var f *form.Fault
	switch {
	case errors.As(err, &f):
		a.refuse(f)
	case errors.Is(err, link.ErrToken), errors.Is(err, store.ErrNotFound):
		a.refuse(notFound())
	default:
		a.Log.Error("not answered", "doing", what, "error", err.Error())
		a.refuse(&form.Fault{Status: http.StatusServiceUnavailable, Code: "unavailable", Detail: "nothing was taken; try again"})
	}
}

// refuse answers a fault: a page for a browser, RFC 9457 for a script. Neither
// holds a word of what was sent.
func (a *ask) refuse(f *form.Fault) {
	switch f.Status {
	case http.StatusTooManyRequests:
		a.w.Header().Set("Retry-After", "60")
	case http.StatusServiceUnavailable:
		a.w.Header().Set("Retry-After", "5")
	}
	if f.Status < 500 {
		a.Log.Info("refused", "status", f.Status, "code", f.Code)
	}
	if wantsPage(a.r) {
		a.refusePage(f)
		return
	}
	type fieldError struct {
		Field   string `json:"field"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	errs := []fieldError{}
	for _, e := range f.Errors {
		errs = append(errs, fieldError{e.Field, e.Code, form.Words(e.Code, a.locale)})
	}
	a.json(f.Status, "application/problem+json", map[string]any{
		"type": "about:blank", "title": http.StatusText(f.Status), "status": f.Status,
		"code": f.Code, "detail": f.Detail, "errors": errs, "requestId": a.RequestID,
	})
}

func (a *ask) refusePage(f *form.Fault) {
	code := strconv.Itoa(f.Status)
	v := web.View{Title: web.Say(a.locale, "error."+code), Text: web.Say(a.locale, "error."+code+".text"), ID: a.RequestID}
	switch f.Code {
	case "token", "return":
		v.Text = web.Say(a.locale, "error."+f.Code)
	}
	if v.Title == "" {
		v.Title = web.Say(a.locale, "error.400")
	}
	for _, e := range f.Errors {
		name := e.Field
		if a.asked != nil {
			name = a.asked.Label(name, a.locale)
		}
		v.Errors = append(v.Errors, web.FieldWords{Field: name, Words: form.Words(e.Code, a.locale)})
	}
	a.page(f.Status, web.Error, v)
}

// page answers with one of our pages.
func (a *ask) page(status int, make func(web.View) []byte, v web.View) {
	v.Locale = a.locale
	if v.Brand == "" {
		// A page without the business's name is better than none.
		if s, err := a.Forms.Site(a.r.Context()); err == nil {
			v.Brand = s.Name.In(a.locale)
		}
	}
	h := a.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", web.Policy())
	h.Set("X-Frame-Options", "DENY")
	a.finish(status, make(v))
}

func (a *ask) json(status int, kind string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		b = []byte("{}") // unreachable: texts and numbers
	}
	a.w.Header().Set("Content-Type", kind)
	a.finish(status, b)
}

// finish sets what every answer has: paths hold tokens that stand for a
// person, so nobody keeps the answer and no page passes its address on.
func (a *ask) finish(status int, body []byte) {
	h := a.w.Header()
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	a.w.WriteHeader(status)
	if a.r.Method != http.MethodHead {
		a.w.Write(body) // who went away needs no answer
	}
}

// redirect sends the browser on.
func (a *ask) redirect(status int, to string) {
	a.w.Header().Set("Location", to)
	a.finish(status, nil)
}
