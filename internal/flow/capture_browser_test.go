package flow_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
)

// browserRun is a house that real browsers visit.
type browserRun struct {
	*captureHouse
	mu      sync.Mutex // one request at a time
	thanked chan string
}

// browserHouse serves the sample pages and a Capture on this machine, on two
// origins as in the world. drive is a script that plays the visitor.
func browserHouse(t *testing.T, drive string) (*browserRun, string) {
	t.Helper()
	h := &browserRun{captureHouse: newCaptureHouse(t), thanked: make(chan string, 1)}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		r.Header.Set("User-Agent", browser) // what a headless browser says of itself is not what is tried here
		v := flow.Visit{Now: time.Now(), IP: "203.0.113.7", RequestID: "req-1", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r.WithContext(flow.WithVisit(r.Context(), v)))
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
		if strings.HasSuffix(r.URL.Path, "/thanks") {
			select {
			case h.thanked <- rec.Body.String():
			default: // the browser asked again
			}
		}
	}))
	t.Cleanup(api.Close)
	dir := "../../playbook/pages"
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := os.ReadFile(filepath.Join(dir, filepath.Clean(r.URL.Path)))
		if err != nil || !strings.HasSuffix(r.URL.Path, ".html") {
			http.ServeFileFS(w, r, os.DirFS(dir), strings.TrimPrefix(r.URL.Path, "/"))
			return
		}
		s := strings.ReplaceAll(string(b), "{{public_url}}", api.URL)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, strings.Replace(s, "</body>", drive+"</body>", 1))
	}))
	t.Cleanup(pages.Close)
	var err error
	if h.Capture, err = flow.NewCapture(flow.CaptureParts{
		Forms: playbook{"ebook": ebook}, Permissions: h.people, Queue: h.queue, Keys: h.keys,
		Entropy: h.entropy, PublicURL: api.URL, PagesURL: pages.URL,
	}); err != nil {
		t.Fatal(err)
	}
	h.now = time.Now()
	return h, pages.URL
}

// visit opens a page in Chromium, waits until the visitor is thanked and each
// type of activity came (a beacon may still be under way then), and gives the
// page on which they are thanked.
func (b *browserRun) visit(t *testing.T, url string, types ...activity.Type) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed; .ci/run installs it, or: apt-get install chromium")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	profile := t.TempDir()
	c := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--window-size=1280,900", "--disable-sync", "--user-data-dir="+profile, "--remote-debugging-port=0", url)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 5 * time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = c.Wait() }() // it is killed: that it failed says nothing
	select {
	case page := <-b.thanked:
		for ; !b.came(types) && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		}
		return page
	case <-ctx.Done():
		t.Fatal("nobody was thanked within three minutes")
		return ""
	}
}

// came tells that each of the types was queued.
func (b *browserRun) came(types []activity.Type) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	has := map[activity.Type]bool{}
	for _, a := range b.activities() {
		has[a.Type] = true
	}
	return !slices.ContainsFunc(types, func(t activity.Type) bool { return !has[t] })
}

func TestARealBrowserPostsTheSamplePageWithItsScript(t *testing.T) {
	h, pages := browserHouse(t, `<script>
		addEventListener("load", () => setTimeout(() => {
			const f = document.querySelector("form[data-form=ebook]"), set = (n, v) => { f.elements[n].value = v; f.elements[n].dispatchEvent(new Event("input", {bubbles: true})); };
			document.querySelector("[data-cta=close-demo]").addEventListener("click", e => e.preventDefault());
			document.querySelector("[data-cta=close-demo]").click();
			set("first_name", "مریم"); set("email", "maryam@example.ir"); set("mobile", "۰۹۱۲۳۴۵۶۷۸۹"); set("role", "sales_manager");
			f.elements.consent_email.checked = true;
			setTimeout(() => f.querySelector("button").click(), 1500);
		}, 500));
	</script>`)
	wanted := []activity.Type{activity.PageViewed, activity.AdClicked, activity.CTAClicked, activity.FormSeen, activity.FormStarted, activity.FormPosted}
	dom := h.visit(t, pages+"/fa.html?utm_source=google&utm_medium=cpc", wanted...)
	if !strings.Contains(dom, "سپاسگزاریم") || !strings.Contains(dom, "/d/") || !strings.Contains(dom, `dir="rtl"`) {
		t.Fatalf("the visitor ends at %s", dom)
	}
	seen := map[activity.Type]activity.Activity{}
	for _, a := range h.activities() {
		seen[a.Type] = a
		if a.Flags != 0 {
			t.Errorf("%s is flagged %b: %+v", a.Type, a.Flags, a.Properties)
		}
	}
	for _, want := range wanted {
		a, ok := seen[want]
		if !ok {
			t.Errorf("%s was not reported", want)
			continue
		}
		if a.Who.Visitor == "" || a.Who.Visitor != seen[activity.PageViewed].Who.Visitor || said(a, "path") != "/" || said(a, "variant") != "a" {
			t.Errorf("%s says %+v %+v", want, a.Who, a.Properties)
		}
	}
	posted := seen[activity.FormPosted]
	if posted.Who.Email != "maryam@example.ir" || said(posted, "utm_source") != "google" || said(posted, "first_utm_source") != "google" || len(posted.Consent) != 1 {
		t.Errorf("posted %+v", posted)
	}
	// Whatever zone this machine is in, the browser knows its name.
	if i := slices.IndexFunc(posted.Profile, func(p activity.Property) bool { return p.Name == lead.Timezone }); i < 0 || lead.CheckZone(posted.Profile[i].Value.Text) != nil {
		t.Errorf("the zone is not there: %+v", posted.Profile)
	}
	if made, _ := posted.ID.Made(); time.Since(made) > 5*time.Minute || len(h.queue.bodies) > 5 {
		t.Errorf("the id is of %v, %d messages were sent", made, len(h.queue.bodies))
	}
}

func TestTheSamplePageWorksWithoutAScript(t *testing.T) {
	// The form of the sample page with every script taken out; the only one
	// left presses the button, as a person would.
	h, pages := browserHouse(t, "")
	page, err := http.Get(pages + "/fa.html")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	b, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	plain := regexp.MustCompile(`(?s)<script.*?</script>`).ReplaceAllString(string(b), "")
	plain = strings.Replace(plain, `name="email"`, `name="email" value="ali@example.ir"`, 1)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, plain+`<script>document.querySelector("button").click()</script>`)
	}))
	defer host.Close()
	if dom := h.visit(t, host.URL, activity.FormPosted); !strings.Contains(dom, "سپاسگزاریم") {
		t.Fatalf("the visitor ends at %s", dom)
	}
	a := h.one()
	if a.Who.Email != "ali@example.ir" || a.Who.Visitor == "" || a.Flags != 0 || a.Profile[0].Name != "locale" {
		t.Errorf("posted %+v", a)
	}
}

func said(a activity.Activity, name string) string {
	v, _ := a.Property(name)
	return v.Text
}
