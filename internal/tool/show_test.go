package tool_test

import (
	"bytes"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/phone"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store/memory"
	"github.com/sarnakh/sarnakh/internal/tool"
)

var key = []byte("a secret of thirty-two bytes ....")

func phoneOf(region string) lead.Phone { return phone.For(region) }

// house is a store with the example playbook and an ingest in front of it.
type house struct {
	*memory.Store
	desk   *tool.Desk
	ingest *flow.Ingest
}

func newHouse(t *testing.T) *house {
	t.Helper()
	s := memory.New()
	if _, err := tool.Publish(t.Context(), s, &outbox{}, tool.Publishing{Folder: os.DirFS("../../playbook"), Now: noon}); err != nil {
		t.Fatal(err)
	}
	return &house{Store: s, desk: &tool.Desk{Store: s, Secret: key, Phone: phoneOf}, ingest: flow.NewIngest(s, key, phoneOf)}
}

// take brings messages in.
func (h *house) take(t *testing.T, now time.Time, bodies ...[]byte) flow.Taken {
	t.Helper()
	var ms []flow.Message
	for i, b := range bodies {
		ms = append(ms, flow.Message{ID: strconv.Itoa(i), Body: b, Received: now, Attempt: 1})
	}
	taken := h.ingest.Run(t.Context(), slog.New(slog.DiscardHandler), ms, now)
	for id, err := range taken.Failed {
		t.Fatalf("message %s: %v", id, err)
	}
	return taken
}

const sara = `{"id":"a1","type":"form.posted","lead":{"email":"sara@example.ir","phone":"09123456789"},"properties":{"form":"demo"},"profile":{"role":"sales_manager","employees":"20-50","first_name":"سارا"},"consent":[{"channel":"email","purpose":"marketing","granted":true}],"source":"tool"}`

func (h *house) show(t *testing.T, v tool.Showing) string {
	t.Helper()
	v.Now = noon
	var b bytes.Buffer
	if err := h.desk.Show(t.Context(), &b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheLinesThatAreShownAddUpInBothLanguages(t *testing.T) {
	h := newHouse(t)
	h.take(t, noon, []byte(sara), []byte(`{"id":"a2","type":"page.viewed","lead":{"email":"sara@example.ir"},"properties":{"path":"/pricing"}}`))
	for locale, words := range map[string][]string{"en": {"Asked for a demo", "total", "may be sent marketing mail: yes"}, "fa": {"دمو خواست", "جمع", "اجازه‌ی ایمیل بازاریابی: دارد"}} {
		text := h.show(t, tool.Showing{Name: "sara@example.ir", Locale: locale})
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q:\n%s", locale, w, text)
			}
		}
		var points []int
		for _, m := range regexp.MustCompile(`(?m)^ *([+-]\d+)  `).FindAllStringSubmatch(persian.Latin(text), -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			points = append(points, n)
		}
		sum := 0
		for _, n := range points[:len(points)-1] {
			sum += n
		}
		if len(points) < 4 || sum != points[len(points)-1] || sum == 0 {
			t.Errorf("%s: the lines %v do not add up", locale, points)
		}
	}
}

func TestALeadIsFoundByEachOfItsNames(t *testing.T) {
	h := newHouse(t)
	h.take(t, noon, []byte(sara), []byte(`{"id":"a2","type":"call.missed","lead":{"email":"sara@example.ir","external":"crm-7"}}`))
	first := h.show(t, tool.Showing{Name: "sara@example.ir", Locale: "en"})
	id := strings.Fields(first)[1]
	for _, name := range []string{" Sara@Example.IR", "0912 345 6789", "+989123456789", "۰۹۱۲۳۴۵۶۷۸۹", "crm-7", id} {
		if got := h.show(t, tool.Showing{Name: name, Locale: "en"}); got != first {
			t.Errorf("%s shows %.60s", name, got)
		}
	}
	err := h.desk.Show(t.Context(), &bytes.Buffer{}, tool.Showing{Name: "nobody@example.ir"})
	if err == nil || !strings.Contains(err.Error(), "external id") {
		t.Errorf("nobody: %v", err)
	}
}

func TestLogAndBytesAreShownOnDemand(t *testing.T) {
	h := newHouse(t)
	h.take(t, noon, []byte(sara))
	short := h.show(t, tool.Showing{Name: "sara@example.ir", Locale: "en"})
	long := h.show(t, tool.Showing{Name: "sara@example.ir", Locale: "en", Log: true, Bytes: true})
	for _, w := range []string{"log of 1 entries:", "form=demo", "→ Asked for a demo", "bytes", "register Asked for a demo"} {
		if strings.Contains(short, w) || !strings.Contains(long, w) {
			t.Errorf("%q: in short %t, in long %t", w, strings.Contains(short, w), strings.Contains(long, w))
		}
	}
}

func TestWhatIsParkedIsListedWithItsReasonAndWithoutItsBody(t *testing.T) {
	h := newHouse(t)
	h.take(t, noon, []byte("oops"), []byte(sara), []byte(`{"id":"x","type":"page.viewed","lead":{"phone":"12"}}`))
	list := func(day time.Time, bodies bool) (string, int) {
		var b bytes.Buffer
		n, err := tool.Parked(t.Context(), h.Store, &b, day, bodies)
		if err != nil {
			t.Fatal(err)
		}
		return b.String(), n
	}
	text, n := list(noon, false)
	if n != 2 || !strings.Contains(text, "not a JSON message") || !strings.Contains(text, "phone: not a number") || strings.Contains(text, "oops") {
		t.Errorf("%d: %s", n, text)
	}
	if text, _ := list(noon, true); !strings.Contains(text, "oops") {
		t.Errorf("no body in %s", text)
	}
	if _, n := list(noon.AddDate(0, 0, 1), false); n != 0 {
		t.Errorf("%d on the next day", n)
	}
}

func (h *house) book(t *testing.T) *playbook.Compiled {
	t.Helper()
	c, err := flow.NewBooks(h.Store).InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}
