package source_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

// steps is a playbook whose one track has these, and other words where asked.
func steps(yaml string, changes ...string) (*nurture.Track, error) {
	all := append([]string{"forms.yaml", "      - {name: first, wait: 0, mail: hello, class: asked}\n", yaml}, changes...)
	p, err := source.Read(folder(all...), nil)
	if err != nil {
		return nil, err
	}
	return &p.Nurture.Tracks[0], nil
}

func TestStepsThatCannotWorkAreToldWithTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"a circle":               {"      - {name: a, mail: hello}\n      - {name: b, mail: hello, then: a}\n", "forms.yaml:10:10: a circle without a wait: a → b → a; let one of its steps wait"},
		"nobody comes":           {"      - {name: a, mail: hello, then: end}\n      - {name: b, mail: hello}\n", "forms.yaml:11:10: nobody reaches step b of track hello; lead to it with then or goto, or remove it"},
		"no such step":           {"      - {name: a, mail: hello, then: c}\n", `forms.yaml:10:10: there is no step "c" in track hello`},
		"no such audience":       {"      - {name: a, split: [{audience: nobody, goto: end}]}\n", `there is no audience "nobody"; none is declared yet`},
		"no such persona":        {"      - {name: a, split: [{persona: ownr, goto: end}]}\n", `there is no persona "ownr"; did you mean owner?`},
		"no such value":          {"      - {name: a, split: [{attribute: role, is: onwer, goto: end}]}\n", `there is no value of role "onwer"; did you mean owner?`},
		"a branch behind all":    {"      - {name: a, split: [{goto: end}, {seen: page, goto: end}]}\n", "nobody comes past this branch"},
		"two conditions":         {"      - {name: a, split: [{seen: page, weight: 3, goto: end}]}\n", "several conditions in one branch"},
		"a wait without an end":  {"      - {name: a, mail: hello, until: {signal: demo, otherwise: a}}\n", "how long does it wait?"},
		"a wait for two things":  {"      - {name: a, mail: hello, until: {signal: demo, form: demo, within: 2d, otherwise: a}}\n", "it waits for 2 things"},
		"no hour":                {"      - {name: a, mail: hello, at: {weekday: saturday}}\n", "at what time of day?"},
		"one arm":                {"      - {name: a, arms: [{name: x, mail: hello}]}\n", "an experiment with 1 arms"},
		"an arm without a mail":  {"      - {name: a, arms: [{name: x}, {name: y, mail: hello}]}\n", "arm x has no mail, nor has the step"},
		"a message by mail":      {"      - {name: a, message: {channel: email, fa: x}}\n", `there is no choice "email"; possible: sms, messenger`},
		"a message without text": {"      - {name: a, message: {channel: sms}}\n", "the message says nothing"},
		"a broken message":       {"      - {name: a, message: {channel: sms, fa: '{{ lead.role'}}\n", "values are written"},
		"a weekday that is none": {"      - {name: a, mail: hello, at: {weekday: [satuday], hour: 3}}\n", "did you mean saturday?"},
	} {
		_, err := steps(c.yaml)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	for name, c := range map[string][2]string{
		"a yearly date entered once": {"enter: [{date: day, every: year}]", "forms.yaml:8:12: the date comes back each year, and people may enter once; give again_after: 300d"},
		"before of nothing":          {"enter: [{form: demo, before: 3d}]", "before, after and every belong to a date"},
		"a text is no date":          {"enter: [{date: role}]", "role is no date"},
		"a date that ends":           {"enter: [{form: demo}]\n    end: [{date: day}]", "a date lets people into a track and does nothing else"},
		"purchase: false":            {"enter: [{purchase: false}]", "write purchase: true"},
	} {
		_, err := source.Read(folder("forms.yaml", "enter: [{form: demo}]", c[0], "signals.yaml", "groups:", "  day: {type: date, title: روز}\ngroups:"), nil)
		if err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: got %v, want %s", name, err, c[1])
		}
	}
}

func TestATrackSaysWhatItIsForAndWhoStays(t *testing.T) {
	track, err := steps("      - {name: a, wait: 1d, at: {weekday: [saturday, monday], time: \"10:30\"}, mail: hello}\n      - {name: b, until: {signal: demo, within: 36h, otherwise: b}, message: {channel: sms, fa: سلام}}\n")
	if err != nil {
		t.Fatal(err)
	}
	a, b := track.Steps[0], track.Steps[1]
	if track.Kind != nurture.Acquisition || !track.OnReply || a.At.Minute != 630 || len(a.At.Weekdays) != 2 || a.At.Weekdays[0] != 6 || a.At.Weekdays[1] != 1 ||
		b.Until.Hours != 36 || b.Until.For.Signal != "demo" || b.Class != nurture.Marketing {
		t.Errorf("%+v, %+v", track, a.At)
	}
	if track, err = steps("      - {name: a, mail: hello, class: asked}\n"); err != nil || track.Kind != "" || track.OnReply {
		t.Errorf("one that answers requests ends with nothing: %+v, %v", track, err)
	}
	if track, err = steps("      - {name: a, mail: hello}\n", "forms.yaml", "enter: [{form: demo}]", "enter: [{purchase: true}]\n    reply: stays"); err != nil || track.Kind != nurture.Customer || track.OnReply {
		t.Errorf("one that a purchase opens is for customers: %+v, %v", track, err)
	}
}

func TestASignalThatOnlyATrackAsksForIsCounted(t *testing.T) {
	p, err := source.Read(folder("signals.yaml", "personas:", "  jobs: {on: page.viewed, where: {path: /jobs}}\npersonas:", "forms.yaml", "class: asked}", "class: asked, unless: jobs}"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Score.Watch) != 1 {
		t.Fatalf("watched: %v", p.Score.Watch)
	}
	c, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	m := c.Rules.Meters()
	lead := ledger.New("aaaaaaaaaaaaaaaa", m)
	at := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	e, _ := c.Entry(&activity.Activity{ID: "a", Type: activity.PageViewed, At: at, Received: at, Properties: []activity.Property{{Name: "path", Value: activity.TextValue("/jobs")}}})
	if err := lead.Append(m, e); err != nil {
		t.Fatal(err)
	}
	if err := lead.Settle(m, nil); err != nil {
		t.Fatal(err)
	}
	facts := c.Rules.Facts(lead, e.Day)
	defer facts.Close()
	if !facts.Seen(p.Score.Watch[0], 1) {
		t.Error("it was seen today, and the ledger does not know it")
	}
}
