package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Every mail of the example as people get it, on a desktop and on a phone, light and dark: nothing sticks out, the
// direction and the language are right, and what is written can be read.
func TestTheMailsOfTheExampleCanBeLookedAt(t *testing.T) {
	sarnakh, root, chromium := os.Getenv("SARNAKH"), os.Getenv("SARNAKH_ROOT"), FindChromium()
	if sarnakh == "" || root == "" || chromium == "" {
		t.Skip("run: infra/browser/run.sh")
	}
	mails, shots := t.TempDir(), filepath.Join(root, ".local", "shots", "mails")
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	preview := func(args ...string) {
		t.Helper()
		cmd := exec.Command(sarnakh, append([]string{"mail", "preview", "--set", "lead.first_name=مریم"}, args...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	preview("--out", mails)
	// The confirmation of a demo once more, with a time: another text, and a file for the calendar.
	booked := t.TempDir()
	preview("demo-confirmed", "--out", booked, "--set", "lead.demo_at="+time.Now().Add(48*time.Hour).Format(time.RFC3339))
	for _, locale := range []string{"fa", "en"} {
		if _, err := os.Stat(filepath.Join(booked, "demo-confirmed."+locale+".invite.ics")); err != nil {
			t.Error(err)
		}
		if err := os.Rename(filepath.Join(booked, "demo-confirmed."+locale+".html"), filepath.Join(mails, "demo-booked."+locale+".html")); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(mails, "*.html"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d mails, %v", len(files), err)
	}
	web, err := StartBrowser(chromium, shots)
	if err != nil {
		t.Fatal(err)
	}
	defer web.Stop()
	tab, err := web.Open(false)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.close()
	for _, scheme := range []string{"light", "dark"} {
		if err := tab.prefers(scheme); err != nil {
			t.Fatal(err)
		}
		for i, file := range files {
			if scheme == "dark" && i%5 != 0 {
				continue // one page dresses them all
			}
			name, locale, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".html"), ".")
			if err := tab.Go("file://" + file); err != nil {
				t.Fatal(err)
			}
			if locale == "en" {
				// The name that --set gives is Persian: it is not the mail's own language that is looked at.
				if _, err := Ask[bool](tab, `(document.body.innerHTML = document.body.innerHTML.replaceAll("مریم", "Maryam"), true)`); err != nil {
					t.Fatal(err)
				}
			}
			if err := tab.Look(name+"-"+scheme, locale); err != nil {
				t.Errorf("%s.%s, %s:\n%v", name, locale, scheme, err)
			}
			worst, err := Ask[string](tab, contrast)
			if err != nil {
				t.Fatal(err)
			}
			if worst != "" {
				t.Errorf("%s.%s, %s: %s", name, locale, scheme, worst)
			}
		}
	}
	fmt.Printf("     %d mails looked at; pictures in %s\n", len(files), shots)
}

// prefers sets the color scheme that the person's system asks for.
func (t *Tab) prefers(scheme string) error {
	return t.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// contrast finds a text that stands out from its ground by less than WCAG's 4.5 to 1.
const contrast = `(() => {
  const rgb = (s) => (s.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255, v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walk.nextNode()); ) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility()) continue;
    const a = light(rgb(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) return n.data.trim().slice(0, 40) + " has a contrast of " + ratio.toFixed(1);
  }
  return "";
})()`
