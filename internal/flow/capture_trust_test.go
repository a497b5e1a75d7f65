package flow_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/link"
)

// phone is the user agent of a person's browser.
const phone = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"

func TestAMailThatIsLookedAtIsToldOnceAnHourAndByWhom(t *testing.T) {
	h := newCaptureHouse(t)
	path := "/o/" + h.keys.Pixel(link.Pixel{Lead: "lead1", Send: "s1", Mail: "welcome", Track: "welcome"}, today)
	look := func(method, agent string, after time.Duration) []activity.Activity {
		t.Helper()
		h.queue.bodies, h.now = nil, today.Add(after)
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("User-Agent", agent)
		w := h.want(h.do(r), 200)
		if w.Header().Get("Content-Type") != "image/gif" || method == "GET" && len(w.Body.Bytes()) != 43 || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v, %d bytes", agent, w.Header(), w.Body.Len())
		}
		return h.activities()
	}
	for agent, machine := range map[string]bool{phone: false, "Mozilla/5.0": true, phone + " (via ggpht.com GoogleImageProxy)": true, "YahooMailProxy; https://help.yahoo.com": true} {
		got := look("GET", agent, time.Hour)
		if len(got) != 1 || got[0].Type != activity.MailOpened || got[0].Flags&activity.Machine != 0 != machine || said(got[0], "mail") != "welcome" {
			t.Errorf("%q: %+v", agent, got)
		}
	}
	if got := look("GET", phone, 5*time.Second); len(got) != 1 || got[0].Flags&activity.Machine == 0 {
		t.Errorf("five seconds after the send: %+v", got)
	}
	first, again, later := look("GET", phone, time.Hour), look("GET", phone, time.Hour+time.Minute), look("GET", phone, 3*time.Hour)
	if first[0].ID != again[0].ID || first[0].ID == later[0].ID {
		t.Errorf("ids %s, %s, %s", first[0].ID, again[0].ID, later[0].ID)
	}
	if got := look("HEAD", phone, time.Hour); len(got) != 0 {
		t.Errorf("HEAD: %+v", got)
	}
	h.want(h.get("/o/"+h.keys.Click(link.Click{Lead: "lead1"}, today, "0")), 404)
}

func TestWhoClicksFromTheNetworkOfAScannerIsAMachine(t *testing.T) {
	h := newCaptureHouse(t)
	for ip, machine := range map[string]bool{"209.222.82.7": true, "::ffff:64.235.150.1": true, "66.249.80.1": true, "5.160.1.1": false, "2a01:5ec0::1": false, "": false} {
		h.queue.bodies, h.now, h.ip = nil, today.Add(time.Hour), ip
		r := httptest.NewRequest("GET", "/c/"+h.keys.Click(link.Click{Lead: "lead1", Send: "s" + ip, Target: "https://www.example.com/"}, today, "0"), nil)
		r.Header.Set("User-Agent", phone)
		h.want(h.do(r), 302)
		if a := h.one(); a.Flags&activity.Machine != 0 != machine {
			t.Errorf("%q: flags %v, want machine %v", ip, a.Flags, machine)
		}
	}
}
