package tool_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/offline"
	"github.com/sarnakh/sarnakh/internal/phone"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/tool"
)

func rulesOf(t *testing.T, dir string) *playbook.Compiled {
	t.Helper()
	p, err := source.Read(os.DirFS(dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Number = 1
	c, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// towns makes a file of what a few people and browsers do in some weeks.
func towns(seed uint64, n int) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	at := noon.AddDate(0, 0, -60)
	var lines []string
	for i := range n {
		at = at.Add(time.Duration(r.IntN(int(50*24*time.Hour) / n)))
		who := fmt.Sprintf(`"visitor":"v000000000000000%d"`, r.IntN(6))
		person := r.IntN(4)
		switch r.IntN(5) {
		case 0:
			who += fmt.Sprintf(`,"email":"p%d@example.ir"`, person)
		case 1:
			who = fmt.Sprintf(`"email":"P%d@Example.ir","phone":"091234567%d0"`, person, person+1)
		case 2:
			who = fmt.Sprintf(`"phone":"+9891234567%d0"`, person+1)
		}
		what := []string{
			`"type":"page.viewed","properties":{"path":"/pricing"}`, `"type":"page.viewed","properties":{"path":"/blog/a"}`,
			`"type":"form.posted","properties":{"form":"ebook"},"profile":{"role":"sales_manager","employees":"20-50"}`,
			`"type":"mail.clicked","properties":{"kind":"offer"}`, `"type":"call.answered","properties":{}`,
			`"type":"form.posted","properties":{"form":"demo"}`, `"type":"lead.adjusted","properties":{"points":5}`, `"type":"page.viewed","properties":{"path":"/jobs"}`,
		}[r.IntN(8)]
		lines = append(lines, fmt.Sprintf(`{"id":"t%d","at":%q,"lead":{%s},"source":"tool",%s}`, i, at.Format(time.RFC3339), who, what))
	}
	return lines
}

// The line decides at the time at which things come in; so that both see the
// same time, each activity comes in when it was done.
func TestAFileScoresAsTheLineScoresIt(t *testing.T) {
	for seed := range uint64(8) {
		h := newHouse(t)
		lines := towns(seed, 80)
		for _, l := range lines {
			as, err := activity.Decode([]byte(l), noon)
			if err != nil {
				t.Fatal(err)
			}
			h.take(t, as[0].At, []byte(l))
		}
		c := rulesOf(t, "../../playbook")
		as, err := offline.Read(strings.NewReader(strings.Join(lines, "\n")), noon, func(n int, err error) { t.Errorf("line %d: %v", n, err) })
		if err != nil {
			t.Fatal(err)
		}
		today := c.Day(noon)
		got, err := offline.Score(c, phone.For("IR"), as, today)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Leads) < 3 {
			t.Fatalf("%d leads: the file is too dull", len(got.Leads))
		}
		for _, l := range got.Leads {
			for _, name := range l.Names {
				id, err := h.LeadOf(t.Context(), store.IdentityOf(string(name.Kind), name.Hash(key)))
				if err != nil {
					t.Fatalf("seed %d: %s: %v", seed, name.Value, err)
				}
				card, err := h.desk.Card(t.Context(), id, today)
				if err != nil {
					t.Fatal(err)
				}
				card.Lead, l.Card.Lead = "", ""
				a, _ := json.Marshal(card)
				b, _ := json.Marshal(l.Card)
				if !bytes.Equal(a, b) {
					t.Fatalf("seed %d: %s\nthe line: %s\nthe file: %s", seed, name.Value, a, b)
				}
			}
		}
	}
}

func TestTheOrderOfAFileDoesNotMatterAndTwiceIsOnce(t *testing.T) {
	c := rulesOf(t, "../../playbook")
	lines := towns(3, 60)
	score := func(lines []string) string {
		var b bytes.Buffer
		if _, err := tool.Score(&b, strings.NewReader(strings.Join(lines, "\n")), tool.Scoring{Playbook: c, Phone: phone.For("IR"), Now: noon, Locale: "en", Form: "csv"}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	want := score(lines)
	mixed := append(append([]string{}, lines...), lines[10:30]...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	if d := cmp.Diff(want, score(mixed)); d != "" {
		t.Errorf("another order, some lines twice:\n%s", d)
	}
}

func TestAFileIsScoredAsOfAPastDayAndALeadIsFoundByAnyName(t *testing.T) {
	c := rulesOf(t, "../../playbook")
	lines := []string{
		`{"id":"1","type":"form.posted","at":"2026-11-01T08:00:00Z","lead":{"email":"sara@example.ir","phone":"09123456789"},"properties":{"form":"demo"}}`,
		`oops`,
		`{"id":"2","type":"page.viewed","at":"2026-11-20T08:00:00Z","lead":{"email":"SARA@example.ir"},"properties":{"path":"/pricing"}}`,
	}
	var refused []int
	day, err := tool.Day("۱۴۰۵-۰۸-۲۰") // 2026-11-11
	if err != nil {
		t.Fatal(err)
	}
	score := func(name, form string, at activity.Day) (string, *offline.Scored, error) {
		refused = nil
		var b bytes.Buffer
		done, err := tool.Score(&b, strings.NewReader("\xef\xbb\xbf"+strings.Join(lines, "\r\n")+"\n"), tool.Scoring{Playbook: c, Phone: lead.Phone(phone.For("IR")), Now: noon,
			At: at, Lead: name, Locale: "en", Form: form, Refuse: func(n int, _ error) { refused = append(refused, n) }})
		return b.String(), done, err
	}
	past, done, err := score("0912 345 6789", "json", day)
	if err != nil || done.Later != 1 || len(refused) != 1 || refused[0] != 2 {
		t.Fatalf("%v, %+v, refused %v", err, done, refused)
	}
	var row struct {
		Day  string
		Name string
		Acts int `json:"activities"`
	}
	if err := json.Unmarshal([]byte(past), &row); err != nil || row.Day != "2026-11-11" || row.Acts != 1 || row.Name != "sara@example.ir" {
		t.Errorf("%v: %s", err, past)
	}
	if text, _, err := score("sara@example.ir", "text", 0); err != nil || !strings.Contains(text, "2 activities") {
		t.Errorf("%v: %s", err, text)
	}
	if _, _, err := score("nobody@example.ir", "text", 0); err == nil || !strings.Contains(err.Error(), "nobody in this file") {
		t.Errorf("nobody: %v", err)
	}
	text, _, err := score("", "csv", 0)
	rows, bad := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || bad != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		t.Errorf("%v %v: %s", err, bad, text)
	}
}

func TestAnExportedLeadIsNoFileOfActivitiesAndSaysWhatReadsIt(t *testing.T) {
	c := rulesOf(t, "../../playbook")
	var export bytes.Buffer
	if err := offline.Write(&export, c, ledger.New("abcdefghijklmnop", c.Rules.Meters()), nil); err != nil {
		t.Fatal(err)
	}
	_, err := tool.Score(io.Discard, &export, tool.Scoring{Playbook: c, Phone: phone.For("IR"), Now: time.Now(), Refuse: func(int, error) {}})
	if err == nil || !strings.Contains(err.Error(), "lead export --check") {
		t.Errorf("%v", err)
	}
}

func TestDaysAreReadInBothCalendars(t *testing.T) {
	for s, want := range map[string]string{"2026-11-01": "2026-11-01", "1405-08-10": "2026-11-01", "۱۴۰۵/۰۸/۱۰": "2026-11-01"} {
		if d, err := tool.Day(s); err != nil || d.String() != want {
			t.Errorf("%s: %v %v", s, d, err)
		}
	}
	for _, s := range []string{"2026-02-30", "1405-12-31", "yesterday", "2026-1-1", "2026-11/01", "9999-01-01"} {
		if _, err := tool.Day(s); err == nil || !strings.Contains(err.Error(), "1405-08-10") {
			t.Errorf("%s: %v", s, err)
		}
	}
}
