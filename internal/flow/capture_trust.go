package flow

import (
	"bufio"
	_ "embed"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// scannerTime is how soon after a mail was sent nobody has read it yet: who
// follows a link by then is a scanner. Bursts are found where all clicks of a
// lead come together (playbook.Burst): requests at once go to several processes.
const scannerTime = 10 * time.Second

// botAgents say so in their user agent. Scanners of mail that hide are found by
// their timing.
var botAgents = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)bot\b|bot/|crawl|spider|slurp|preview|scan|monitor|python|curl|wget|okhttp|java/|go-http-client|libwww|httpclient|axios|node-fetch|headless-mail|facebookexternalhit|whatsapp|telegram|skypeuripreview|proofpoint|mimecast|barracuda|safelinks|googleimageproxy|yahoomailproxy`)
})

func isMachine(userAgent string) bool { return userAgent == "" || botAgents().MatchString(userAgent) }

//go:embed scanners.txt
var scannersText string

// scanners are the networks of scanners.txt.
var scanners = sync.OnceValue(func() []netip.Prefix {
	var out []netip.Prefix
	for lines := bufio.NewScanner(strings.NewReader(scannersText)); lines.Scan(); {
		network, _, _ := strings.Cut(lines.Text(), " ")
		if p, err := netip.ParsePrefix(network); err == nil {
			out = append(out, p)
		}
	}
	return out
})

func fromScanner(ip string) bool {
	at, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, p := range scanners() {
		if p.Contains(at.Unmap()) {
			return true
		}
	}
	return false
}

// byMachine judges a request that a mail sent at some time led to.
func (a *ask) byMachine(sent time.Time) bool {
	return a.Now.Sub(sent) <= scannerTime || isMachine(a.r.UserAgent()) || fromScanner(a.IP)
}

// prefetches tells the user agents of mail programs that fetch all pictures
// when a mail arrives, whether somebody looks or not: Apple's says no more than
// this.
func prefetches(userAgent string) bool {
	return userAgent == "Mozilla/5.0" || strings.Contains(userAgent, "GoogleImageProxy") || strings.Contains(userAgent, "YahooMailProxy")
}

// dot is a GIF of one transparent point.
const dot = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// opened serves the picture of a mail and queues that it was looked at, once an
// hour. Whatever becomes of that, a picture comes.
func (a *ask) opened(token string) {
	p, t, err := a.Keys.OpenPixel(token)
	if err != nil {
		a.fail("picture", err)
		return
	}
	if !a.looking() {
		act := activity.Activity{
			ID: idOf(a.Now.Truncate(time.Hour), "open", token), Type: activity.MailOpened, At: a.Now.Truncate(time.Second),
			Who: activity.WhoIs(p.Lead), Source: "capture", Properties: []activity.Property{textProp("mail", p.Mail), textProp("send", p.Send)},
		}
		if p.Track != "" {
			act.Properties = append(act.Properties, textProp("track", p.Track))
		}
		trust := "human"
		if a.byMachine(t.At) || prefetches(a.r.UserAgent()) {
			trust = "machine"
			act.Flags |= activity.Machine
		}
		act.Properties = append(act.Properties, textProp("trust", trust))
		a.count(act)
	}
	a.w.Header().Set("Content-Type", "image/gif")
	a.finish(http.StatusOK, []byte(dot))
}
