package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is one Chromium with nothing of its user in it.
type Browser struct {
	ctx   context.Context
	stop  func()
	shots string // where pictures go
}

// FindChromium gives the path of the first Chromium or Chrome that is there, or nothing.
func FindChromium() string {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// StartBrowser starts Chromium. It finds this machine only: what a page fetches from elsewhere fails, and is told.
func StartBrowser(path, shots string) (*Browser, error) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "fa-IR"))
	if os.Getuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium refuses its sandbox to root, as in a container
	}
	alloc, free := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		free()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return &Browser{ctx: ctx, stop: func() { cancel(); free() }, shots: shots}, nil
}

// Stop ends Chromium.
func (b *Browser) Stop() { b.stop() }

// Tab is one person's tab: what it keeps (storage, cookies) no other tab sees.
type Tab struct {
	ctx   context.Context
	close func()
	shots string

	mu      sync.Mutex
	trouble []string // what the pages complained of, and where they went that they should not
}

// Script says whether pages may run scripts.
type Script bool

// Open opens a tab of somebody.
func (b *Browser) Open(script Script) (*Tab, error) {
	t := &Tab{shots: b.shots}
	t.ctx, t.close = chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(t.hear))
	agent, err := chromedp.Run(t.ctx, chromedp.Evaluate[string](`navigator.userAgent`))
	if err == nil {
		// People's browsers have a head.
		_, err = chromedp.Call(t.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: strings.ReplaceAll(agent, "HeadlessChrome", "Chrome")})
	}
	if err == nil {
		_, err = chromedp.Call(t.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !bool(script)})
	}
	if err == nil {
		err = t.lives("Asia/Tehran")
	}
	if err == nil {
		err = t.size(desktop)
	}
	if err != nil {
		t.close()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	return t, nil
}

// lives sets the time zone of whoever looks, whatever the machine's is: forms say it, and mails leave by it.
func (t *Tab) lives(zone string) error {
	_, err := chromedp.Call(t.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone})
	return err
}

// hear keeps what pages complain of: exceptions, errors in the console, requests to other hosts.
func (t *Tab) hear(ev any) {
	var words string
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		words = ev.ExceptionDetails.Text
		if ev.ExceptionDetails.Exception != nil {
			words += " " + ev.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		// A mail may run nothing, and that Chromium keeps to it is no trouble.
		if ev.Entry.Level == log.EntryLevelError && !strings.HasPrefix(ev.Entry.Text, "Blocked script execution in '") {
			words = ev.Entry.Text + " " + ev.Entry.URL
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(ev.Request.URL)
		if err != nil || (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "127.0.0.1" {
			words = "asks another host: " + ev.Request.URL
		}
	}
	if words != "" {
		t.mu.Lock()
		t.trouble = append(t.trouble, words)
		t.mu.Unlock()
	}
}

// Trouble gives what the pages complained of since it was asked last.
func (t *Tab) Trouble() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for _, w := range t.trouble {
		errs = append(errs, errors.New(w))
	}
	t.trouble = nil
	return errors.Join(errs...)
}

// do runs steps within a time that a person would wait.
func (t *Tab) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(t.ctx, 60*time.Second)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// Go opens an address.
func (t *Tab) Go(to string) error {
	if err := t.do(chromedp.Navigate(to)); err != nil {
		return fmt.Errorf("open %s: %w", to, err)
	}
	return nil
}

// Follow opens a link that leads to a host that is not here, and gives where it led.
func (t *Tab) Follow(link string) (string, error) {
	asked := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	err := chromedp.Listen(ctx, func(ev any) {
		if ev, ok := ev.(*network.EventRequestWillBeSent); ok && ev.RedirectResponse != nil && ev.Type == network.ResourceTypeDocument {
			select {
			case asked <- ev.Request.URL:
			default:
			}
		}
	})
	if err != nil {
		return "", err
	}
	_ = t.do(chromedp.Navigate(link)) // the other end is not there
	select {
	case to := <-asked:
		_ = t.Trouble() // that the host was asked was wanted
		return to, nil
	case <-time.After(60 * time.Second):
		return "", fmt.Errorf("%s led nowhere: %w", link, t.Trouble())
	}
}

// Write types into a field, as fingers do.
func (t *Tab) Write(css, text string) error {
	if err := t.do(chromedp.WaitVisible(chromedp.CSS(css)), chromedp.SendKeys(chromedp.CSS(css), text)); err != nil {
		return fmt.Errorf("write into %s: %w", css, err)
	}
	return nil
}

// Choose takes an option of a list.
func (t *Tab) Choose(css, value string) error {
	if err := t.do(chromedp.SetValue(chromedp.CSS(css), value)); err != nil {
		return fmt.Errorf("choose %s in %s: %w", value, css, err)
	}
	got, err := chromedp.Run(t.ctx, chromedp.Value(chromedp.CSS(css)))
	if err == nil && got != value {
		err = fmt.Errorf("it has %q", got)
	}
	if err != nil {
		return fmt.Errorf("choose %s in %s: %w", value, css, err)
	}
	return nil
}

// Press clicks on something.
func (t *Tab) Press(css string) error {
	if err := t.do(chromedp.WaitVisible(chromedp.CSS(css)), chromedp.ScrollIntoView(chromedp.CSS(css)), chromedp.Click(chromedp.CSS(css))); err != nil {
		return fmt.Errorf("press %s: %w", css, err)
	}
	return nil
}

// Wait waits until something is there.
func (t *Tab) Wait(css string) error {
	if err := t.do(chromedp.WaitVisible(chromedp.CSS(css))); err != nil {
		body, _ := t.Text("body")
		return fmt.Errorf("wait for %s: %w; the page at %s says: %.500s", css, err, t.At(), body)
	}
	return nil
}

// At is the address of the page.
func (t *Tab) At() string {
	ctx, cancel := context.WithTimeout(t.ctx, 30*time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	return at
}

// within asks again and again until there is no fault, for as long as a message may need on a busy machine.
func within(limit time.Duration, ask func() error) error {
	end := time.Now().Add(limit)
	for {
		err := ask()
		if err == nil || time.Now().After(end) {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// Text is what people read in something.
func (t *Tab) Text(css string) (string, error) {
	ctx, cancel := context.WithTimeout(t.ctx, 60*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(css)))
	if err != nil {
		return "", fmt.Errorf("read %s at %s: %w", css, t.At(), err)
	}
	return strings.TrimSpace(text), nil
}

// Ask evaluates an expression in the page; it works where pages may run no script, too.
func Ask[T any](t *Tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, 60*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return v, fmt.Errorf("ask the page at %s for %.80s: %w", t.At(), expression, err)
	}
	return v, nil
}

type screen struct {
	name          string
	width, height int64
	phone         bool
}

var (
	desktop = screen{"desktop", 1280, 860, false}
	phone   = screen{"phone", 390, 844, true}
)

func (t *Tab) size(s screen) error {
	return t.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.phone})
		return err
	}))
}

// Look takes a picture of the page on a desktop and on a phone, and says what nobody should see: text in the wrong
// language or with the wrong digits, things that stick out, lines that overlap.
func (t *Tab) Look(name, locale string) error {
	var faults []error
	for _, s := range []screen{desktop, phone} {
		if err := t.size(s); err != nil {
			return err
		}
		// Laid out anew and drawn with its fonts: else the picture is of what was there a moment ago. A mail runs no script
		// that could tell when.
		time.Sleep(250 * time.Millisecond)
		if err := within(60*time.Second, func() error {
			loaded, err := Ask[bool](t, `scrollTo(0, 0), document.fonts.status === "loaded"`)
			if err == nil && !loaded {
				err = errors.New("its fonts do not come")
			}
			return err
		}); err != nil {
			return err
		}
		// A window as high as the page: pictures beyond a window are out of place in right-to-left pages.
		high, err := Ask[int64](t, `document.documentElement.scrollHeight`)
		if err != nil {
			return err
		}
		if err := t.size(screen{s.name, s.width, min(max(s.height, high), 8000), s.phone}); err != nil {
			return err
		}
		time.Sleep(150 * time.Millisecond)
		picture, err := chromedp.Run(t.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			return fmt.Errorf("take a picture of %s: %w", name, err)
		}
		path := filepath.Join(t.shots, fmt.Sprintf("%s-%s-%s.png", name, locale, s.name))
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			return fmt.Errorf("keep a picture: %w", err)
		}
		// On the pages of developers stand what people typed, in any language, and names of files.
		found, err := Ask[[]string](t, fmt.Sprintf("(%s)(%q, %v)", looks, locale, strings.HasPrefix(name, "run-")))
		if err != nil {
			return err
		}
		for _, f := range found {
			faults = append(faults, fmt.Errorf("%s: %s", filepath.Base(path), f))
		}
	}
	if err := t.size(desktop); err != nil {
		return err
	}
	return errors.Join(append(faults, t.Trouble())...)
}

// looks is what Look asks the page.
const looks = `(locale, developers) => {
  const out = [], root = document.documentElement, fa = locale === "fa";
  // Not what is only there for screen readers.
  const away = (e) => { for (; e; e = e.parentElement) { const r = e.getBoundingClientRect(); if (getComputedStyle(e).overflow !== "visible" && (r.width < 3 || r.height < 3)) return true; } };
  const visible = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !away(e);
  if (getComputedStyle(document.body).direction !== (fa ? "rtl" : "ltr")) out.push("the direction is not that of " + locale);
  if ((root.lang || "").slice(0, 2) !== locale) out.push("lang is " + root.lang);
  const wide = root.clientWidth;
  if (root.scrollWidth > wide + 1) {
    const far = [...document.querySelectorAll("body *")].filter((e) => { const r = e.getBoundingClientRect(); return r.width && (r.right > wide + 1 || r.left < -1); });
    out.push("scrolls sideways by " + (root.scrollWidth - wide) + ": " + far.slice(0, 3).map((e) => e.tagName + "." + e.className).join(", "));
  }
  const strange = fa ? /[A-Za-z]{2,}|[0-9]/ : /[\u0600-\u06ff]/;
  const mine = fa ? "[dir=ltr], [lang=en], code, pre" + (developers ? ", bdi" : "") : "[dir=rtl], [lang=fa], bdi";
  if (fa && document.querySelector("input[type=date]")) out.push("a date picker of another calendar");
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const boxes = [];
  for (let n; (n = walk.nextNode());) {
    const e = n.parentElement, words = n.data.trim().replace(developers ? /AWS|template\.yaml/ : /\b[A-D][1-4]\b/, ""); // a grade
    if (!words || !visible(e) || e.closest("script, style, noscript, iframe, option")) continue;
    if (strange.test(words) && !e.closest(mine)) out.push("not in the language of the page: " + words.slice(0, 80));
    const range = document.createRange();
    range.selectNodeContents(n);
    const rects = [...range.getClientRects()];
    if (new Set(rects.map((r) => Math.round(r.top))).size > 3 && rects.every((r) => r.width < 30)) out.push("broken into slivers: " + words.slice(0, 40));
    for (const r of rects) if (r.width > 2 && r.height > 2) boxes.push([r, words, e]);
  }
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, x, p] = boxes[i], [b, y, q] = boxes[j];
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 4 && down > 0.5 * Math.min(a.height, b.height) && p !== q && !p.contains(q) && !q.contains(p)) out.push("overlap: " + x.slice(0, 40) + " | " + y.slice(0, 40));
  }
  return [...new Set(out)];
}`
