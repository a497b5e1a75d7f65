package page

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	jalaali "github.com/jalaali/go-jalaali"

	"github.com/sarnakh/sarnakh/internal/local"
	"github.com/sarnakh/sarnakh/internal/local/mailbox"
)

// view is what the templates see. Each page fills its own part.
type view struct {
	page  *Page
	Lang  string
	Title string
	Ready bool
	Body  template.HTML
	Nav   []link
	Clock *clockView
	path  *url.URL

	Figures figures
	Pages   []samplePage

	Mails       []mailEntry
	Mail        *mailbox.Mail
	Gone        bool
	Query       string
	Current     string
	View        string
	Views       []link
	Answers     []link
	More        bool
	limit       int
	Leads       []lead
	LeadsError  string
	ConsoleLink string

	Queues      []queueRow
	QueuesError string
	Functions   []local.Function
	Streams     []local.Stream
	Schedules   []local.Schedule
	EnvFile     string
	Env         []variable
	Unused      []string
	Function    string
	Lines       []string
}

type link struct {
	Path, Name, Class string
	Here              bool
}

type variable struct{ Name, Value string }

type mailEntry struct{ mailbox.Summary }

type figures struct{ Mails, Waiting, Dead, Errors int }

// queueRow is a queue with the depth of its dead letters.
type queueRow struct {
	local.Queue
	Dead int
}

// view starts a view in the language that was asked for: by ?lang, which is kept, or as kept, or Persian.
func (p *Page) view(w http.ResponseWriter, r *http.Request, title string) *view {
	lang := r.URL.Query().Get("lang")
	if lang == "fa" || lang == "en" {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", MaxAge: 365 * 86400, SameSite: http.SameSiteLaxMode, HttpOnly: true})
	} else {
		lang = "fa"
		if c, err := r.Cookie("lang"); err == nil && c.Value == "en" {
			lang = "en"
		}
	}
	h, _ := p.run()
	v := &view{page: p, Lang: lang, Ready: h != nil, path: r.URL}
	v.Title = v.T(title)
	for _, n := range []struct{ path, name string }{{"/", "nav_home"}, {"/mail", "nav_mail"}, {"/leads", "nav_leads"}, {"/system", "nav_system"}} {
		here := r.URL.Path == n.path || n.path != "/" && strings.HasPrefix(r.URL.Path, n.path+"/") || n.path == "/system" && strings.HasPrefix(r.URL.Path, "/log/")
		v.Nav = append(v.Nav, link{Path: n.path, Name: v.T(n.name), Here: here})
	}
	if h != nil {
		c := v.clock(h.Now(), h.Offset())
		v.Clock = &c
	}
	return v
}

// show writes a whole page, or only the part named part.
func (v *view) show(w http.ResponseWriter, name string, whole bool, status int) {
	var b bytes.Buffer
	err := v.page.templates.ExecuteTemplate(&b, name, v)
	if err == nil && whole {
		v.Body = template.HTML(b.String()) // made by a template a line above
		b.Reset()
		err = v.page.templates.ExecuteTemplate(&b, "layout", v)
	}
	if err != nil {
		slog.Error("page not made", "page", name, "error", err.Error())
		http.Error(w, "the page "+name+" could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; form-action 'self'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// T is a text in the language of the view. A missing one shows its key: a test finds it.
func (v *view) T(key string) string {
	if t, ok := v.page.texts[key][v.Lang]; ok {
		return t
	}
	return "?" + key
}

func (v *view) Dir() string {
	if v.Lang == "fa" {
		return "rtl"
	}
	return "ltr"
}

func (v *view) OtherLang() string {
	if v.Lang == "fa" {
		return "en"
	}
	return "fa"
}

// Switch is this page in the other language.
func (v *view) Switch() string {
	q := v.path.Query()
	q.Set("lang", v.OtherLang())
	return v.path.Path + "?" + q.Encode()
}

func (v *view) ListPath() string {
	q := url.Values{"q": {v.Query}, "limit": {strconv.Itoa(v.limit)}, "current": {v.Current}}
	return "/part/mails?" + q.Encode()
}

func (v *view) MorePath() string {
	q := v.path.Query()
	q.Set("limit", strconv.Itoa(v.limit+100))
	path := v.path.Path
	if strings.HasPrefix(path, "/part/") {
		path = "/mail"
	}
	return path + "?" + q.Encode()
}

func (v *view) QuerySuffix() string {
	if v.Query == "" {
		return ""
	}
	return "?" + url.Values{"q": {v.Query}}.Encode()
}

// Num is a number in the digits of the language, in groups of three.
func (v *view) Num(n any) string {
	s := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "\u2212", s[1:]
	}
	separator := ","
	if v.Lang == "fa" {
		separator = "٬"
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + separator + s[i:]
	}
	return sign + v.digits(s)
}

func (v *view) digits(s string) string {
	if v.Lang != "fa" {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '۰'
		}
		return r
	}, s)
}

// Long is a moment with its weekday: سه‌شنبه ۳ آذر ۱۴۰۵، ۱۵:۰۴.
func (v *view) Long(t time.Time) string {
	if t.IsZero() {
		return v.T("never")
	}
	t = t.In(v.page.options.Zone)
	if v.Lang != "fa" {
		return t.Format("Mon 2 Jan 2006, 15:04")
	}
	weekdays := []string{"یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه"}
	return weekdays[t.Weekday()] + " " + v.jalali(t, true) + "، " + v.digits(t.Format("15:04"))
}

// Short is a moment in a list: the day without its weekday, and the time.
func (v *view) Short(t time.Time) string {
	if t.IsZero() {
		return v.T("never")
	}
	t = t.In(v.page.options.Zone)
	if v.Lang != "fa" {
		return t.Format("2 Jan, 15:04")
	}
	return v.jalali(t, false) + "، " + v.digits(t.Format("15:04"))
}

func (v *view) jalali(t time.Time, year bool) string {
	y, m, d, err := jalaali.ToJalaali(t.Year(), t.Month(), t.Day())
	if err != nil {
		return t.Format("2006-01-02") // outside the years that the calendar knows
	}
	months := []string{"فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"}
	out := v.digits(strconv.Itoa(d)) + " " + months[int(m)-1]
	if year {
		out += " " + v.digits(strconv.Itoa(y))
	}
	return out
}

func (v *view) Mean(f local.Function) string {
	if f.Invocations == 0 {
		return ""
	}
	return (f.Busytime / time.Duration(f.Invocations)).Round(100 * time.Microsecond).String()
}

// Sender is where a mail comes from, its name in letters and not in the code of headers.
func (v *view) Sender(from string) string {
	if plain, err := new(mime.WordDecoder).DecodeHeader(from); err == nil {
		return plain
	}
	return from
}

func (v *view) EventName(e mailbox.Event) string { return v.T("event_" + e.Type) }

func (v *view) EventClass(e mailbox.Event) string {
	switch e.Type {
	case "Delivery":
		return "good"
	case "Send":
		return ""
	case "DeliveryDelay":
		return "warm"
	}
	return "bad"
}

// LastEvent is the state of a mail in a list.
func (v *view) LastEvent(s mailbox.Summary) string {
	if len(s.Events) == 0 {
		return ""
	}
	return v.EventName(s.Events[len(s.Events)-1])
}

func fontDir(dir string) fs.FS { return os.DirFS(dir) }
