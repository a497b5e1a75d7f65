package page

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sarnakh/sarnakh/internal/local/mailbox"
)

func (p *Page) home(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "nav_home")
	if v.Ready {
		p.fillFigures(r.Context(), v)
		v.Pages = p.samples()
	}
	v.show(w, "home", true, http.StatusOK)
}

func (p *Page) fillFigures(ctx context.Context, v *view) {
	h, _ := p.run()
	_, v.Figures.Mails = p.options.Mailbox.List(mailbox.Filter{Limit: 1})
	p.fillQueues(ctx, v)
	for _, q := range v.Queues {
		v.Figures.Waiting += q.Visible + q.Hidden + q.Delayed
		v.Figures.Dead += q.Dead
	}
	for _, f := range h.Functions() {
		v.Figures.Errors += int(f.Errors)
	}
}

func (p *Page) mail(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "mail_title")
	status := http.StatusOK
	p.fillMails(v, r)
	v.Current = r.PathValue("id")
	if v.Current != "" {
		k, err := p.options.Mailbox.Get(v.Current)
		switch {
		case errors.Is(err, mailbox.ErrNotFound):
			v.Gone, status = true, http.StatusNotFound
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		default:
			v.Mail = k
			p.fillMail(v, r)
		}
	}
	v.show(w, "mail", true, status)
}

func (p *Page) fillMails(v *view, r *http.Request) {
	q := r.URL.Query()
	v.Query = q.Get("q")
	v.limit, _ = strconv.Atoi(q.Get("limit"))
	v.limit = min(max(v.limit, 50), 2000)
	list, total := p.options.Mailbox.List(mailbox.Filter{Query: v.Query, Limit: v.limit})
	for _, s := range list {
		v.Mails = append(v.Mails, mailEntry{s})
	}
	v.More = total > len(list)
}

func (p *Page) fillMail(v *view, r *http.Request) {
	v.View = r.URL.Query().Get("view")
	for _, name := range []string{"html", "text", "headers"} {
		v.Views = append(v.Views, link{Path: name, Name: v.T("view_" + name), Here: name == v.View || name == "html" && v.View == ""})
	}
	v.Answers = []link{
		{Path: "Delivery", Name: v.T("do_delivery"), Class: "quiet"},
		{Path: "Bounce", Name: v.T("do_bounce"), Class: "danger"},
		{Path: "Complaint", Name: v.T("do_complaint"), Class: "danger"},
	}
	if v.Mail.UnsubscribeURL() != "" {
		v.Answers = append(v.Answers, link{Path: "unsubscribe", Name: v.T("do_unsubscribe"), Class: "quiet"})
	}
}

// answer does what the other side would do with a mail.
func (p *Page) answer(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "mail_title")
	id, what := r.PathValue("id"), r.PathValue("answer")
	words := v.T("answered")
	var err error
	if what == "unsubscribe" {
		var status int
		status, err = p.options.Mailbox.Unsubscribe(id)
		words = v.T("unsubscribed") + " " + v.digits(strconv.Itoa(status))
	} else {
		e := mailbox.Event{Type: what}
		if what == "Bounce" {
			e.Detail = "smtp; 550 5.1.1 user unknown"
		}
		err = p.options.Mailbox.Answer(id, e)
	}
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case r.Header.Get("X-Part") != "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(words))
	default:
		http.Redirect(w, r, "/mail/"+id, http.StatusSeeOther)
	}
}

func (p *Page) system(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "system_title")
	if v.Ready {
		p.fillSystem(r.Context(), v)
		h, _ := p.run()
		v.EnvFile, v.Unused = p.options.EnvFile, h.Unused()
		for name, value := range h.Env() {
			if !strings.Contains(name, "SECRET") || strings.HasSuffix(name, "_ARN") {
				v.Env = append(v.Env, variable{name, value})
			}
		}
		slices.SortFunc(v.Env, func(a, b variable) int { return strings.Compare(a.Name, b.Name) })
	}
	v.show(w, "system", true, http.StatusOK)
}

func (p *Page) fillSystem(ctx context.Context, v *view) {
	h, _ := p.run()
	p.fillQueues(ctx, v)
	v.Functions, v.Streams, v.Schedules = h.Functions(), h.Streams(), h.Schedules()
}

// fillQueues puts the dead letters of a queue into its row; those of a schedule or a stream have their own.
func (p *Page) fillQueues(ctx context.Context, v *view) {
	h, _ := p.run()
	queues, err := h.Queues(ctx)
	if err != nil {
		v.QueuesError = err.Error()
	}
	dead := map[string]int{}
	for _, q := range queues {
		if q.DeadOf != "" {
			dead[q.DeadOf] += q.Visible + q.Hidden + q.Delayed
		}
	}
	for _, q := range queues {
		if q.DeadOf != "" {
			continue
		}
		row := queueRow{q, dead[q.LogicalID]}
		if q.Function == "" {
			// Nobody takes from it: what schedules and streams gave up ends here.
			row.Dead += q.Visible + q.Hidden + q.Delayed
			row.Visible, row.Hidden, row.Delayed = 0, 0, 0
		}
		v.Queues = append(v.Queues, row)
	}
}

func (p *Page) log(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "log")
	status := http.StatusOK
	if v.Ready && !p.fillLog(v, r.PathValue("function")) {
		status = http.StatusNotFound
	}
	v.show(w, "log", true, status)
}

func (p *Page) fillLog(v *view, function string) bool {
	h, _ := p.run()
	v.Function = function
	// The name becomes a path below: only names that the run itself gives.
	for _, f := range h.Functions() {
		if f.LogicalID == function {
			lines, err := h.Log(function, 300)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				lines = []string{err.Error()}
			}
			v.Lines = lines
			return true
		}
	}
	return false
}

// part is a piece of a page, asked for again and again.
func (p *Page) part(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "brand")
	if !v.Ready {
		http.Error(w, v.T("starting"), http.StatusServiceUnavailable)
		return
	}
	name := ""
	switch r.PathValue("part") {
	case "figures":
		name = "figures"
		p.fillFigures(r.Context(), v)
	case "mails":
		name = "mails"
		p.fillMails(v, r)
		v.Current = r.URL.Query().Get("current")
	case "events":
		if k, err := p.options.Mailbox.Get(r.PathValue("id")); err == nil {
			name, v.Mail = "events", k
		}
	case "leads":
		name = "leadlist"
		p.fillLeads(r.Context(), v)
	case "system":
		name = "tables"
		p.fillSystem(r.Context(), v)
	case "log":
		if p.fillLog(v, r.PathValue("id")) {
			name = "lines"
		}
	}
	if name == "" {
		http.NotFound(w, r)
		return
	}
	v.show(w, name, false, http.StatusOK)
}

type samplePage struct{ Path, Title, Lang string }

var (
	headTag     = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)
	titleTag    = regexp.MustCompile(`(?is)<title>(.*?)</title>`)
	langOf      = regexp.MustCompile(`(?i)<html[^>]*\slang="?([a-z]{2})`)
	placeholder = regexp.MustCompile(`\{\{\s*(public_url|console_url)\s*\}\}`)
)

// samples lists the pages that people fill in: *.html and */index.html, Persian ones first. Those whose name begins with
// _ are parts of others.
func (p *Page) samples() []samplePage {
	if p.options.Pages == "" {
		return nil
	}
	dir := os.DirFS(p.options.Pages)
	var out []samplePage
	for _, pattern := range []string{"*.html", "*/index.html"} {
		names, _ := fs.Glob(dir, pattern) // the patterns are valid
		for _, name := range names {
			b, err := fs.ReadFile(dir, name)
			if err != nil || strings.HasPrefix(path.Base(name), "_") {
				continue
			}
			s := samplePage{Path: "/pages/" + name, Title: name, Lang: "fa"}
			if m := titleTag.FindSubmatch(b); m != nil {
				s.Title = strings.TrimSpace(string(m[1]))
			}
			if m := langOf.FindSubmatch(b); m != nil {
				s.Lang = string(m[1])
			}
			out = append(out, s)
		}
	}
	// The shortest name first: fa.html is where visitors land, fa-demo.html where they go.
	slices.SortStableFunc(out, func(a, b samplePage) int {
		return cmp.Or(strings.Compare(b.Lang, a.Lang), len(a.Path)-len(b.Path))
	})
	return out
}

// samplePage serves a landing page with the addresses of this run put in.
func (p *Page) samplePage(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/pages/")
	if p.options.Pages == "" || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	dir := os.DirFS(p.options.Pages)
	if info, err := fs.Stat(dir, name); err == nil && info.IsDir() {
		name = path.Join(name, "index.html")
	}
	if !strings.HasSuffix(name, ".html") && !strings.HasSuffix(name, ".js") {
		http.ServeFileFS(w, r, dir, name)
		return
	}
	b, err := fs.ReadFile(dir, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h, _ := p.run()
	if h == nil {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	b = placeholder.ReplaceAllFunc(b, func(m []byte) []byte {
		if strings.Contains(string(m), "public_url") {
			return []byte(h.URL("PublicApi"))
		}
		return []byte(h.URL("ConsoleApi"))
	})
	if at := headTag.FindIndex(b); at != nil && r.Header.Get("Sec-Fetch-Dest") == "iframe" {
		// The public API's answers refuse to be framed, so a form in our frame is answered in a tab of its own.
		b = slices.Concat(b[:at[1]], []byte(`<base target="_blank">`), b[at[1]:])
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Sec-Fetch-Dest")
	if strings.HasSuffix(name, ".js") {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	_, _ = w.Write(b)
}
