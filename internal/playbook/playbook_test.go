package playbook_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func example(t testing.TB) *playbook.Playbook {
	t.Helper()
	p, err := source.Read(os.DirFS("../../playbook"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func compiled(t testing.TB) *playbook.Compiled {
	t.Helper()
	c, err := example(t).Compile()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAPlaybookComesBackFromItsDocumentAsItWas(t *testing.T) {
	p := example(t)
	again, err := playbook.Load(p.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if string(again.JSON()) != string(p.JSON()) {
		t.Error("the document changed by being read")
	}
	if _, err := again.Compile(); err != nil {
		t.Error(err)
	}
}

func TestADocumentOfAnotherFormatIsRefusedWithWhatToDo(t *testing.T) {
	for doc, want := range map[string]string{
		`{"format":2}`: "publish it again",
		`{}`:           "its format is 0",
		`{"format":1,`: "read the compiled playbook",
		``:             "read the compiled playbook",
	} {
		if _, err := playbook.Load([]byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", doc, err, want)
		}
	}
	if _, err := playbook.Load([]byte(`{"format":1,"ofTheFuture":true}`)); err != nil {
		t.Errorf("a field of a newer release: %v", err)
	}
}

func TestOwnStaffAndCompetitorsAreKeptOutBySubdomainsToo(t *testing.T) {
	c := compiled(t)
	for _, test := range []struct {
		email string
		want  playbook.ExclusionKind
	}{
		{"sara@daftaryar.example", playbook.Staff},
		{"x@mail.daftaryar.example", playbook.Staff},
		{"x@notdaftaryar.example", playbook.NotExcluded},
		{"test@example.com", playbook.Test},
		{"other@example.com", playbook.NotExcluded},
		{"boss@raghib-crm.example", playbook.Competitor},
		{"", playbook.NotExcluded},
	} {
		if got := c.Excluded(test.email, "", ""); got != test.want {
			t.Errorf("%s: %v, want %v", test.email, got, test.want)
		}
	}
}

func TestWhoIsSetApartIsSaidInWords(t *testing.T) {
	c := compiled(t)
	for _, test := range []struct {
		kind         playbook.ExclusionKind
		email, phone string
		want         string
	}{
		{playbook.Staff, "", "", "excluded: kept, not scored, not written to, not counted (our own staff)"},
		{playbook.Competitor, "a@mailinator.com", "", "excluded: kept, not scored, not written to, not counted (a competitor)"},
		{playbook.NotExcluded, "a@mailinator.com", "", "held: what came with this address is not scored (its mail domain hands out throw-away addresses)"},
		{playbook.NotExcluded, "", "+989120000000", "held: what came with this address is not scored (its number is nobody's)"},
		{playbook.NotExcluded, "a@gmail.com", "+989123456789", ""},
	} {
		if got := c.Aside(test.kind, test.email, test.phone, "en"); got != test.want {
			t.Errorf("%s: %q", test.email+test.phone, got)
		}
		if fa := c.Aside(test.kind, test.email, test.phone, "fa"); (fa == "") != (test.want == "") {
			t.Errorf("in Persian: %q", fa)
		}
	}
}

func TestObviousFakesAreHeldAndRealProvidersAreNot(t *testing.T) {
	c := compiled(t)
	for _, mail := range []string{"a@mailinator.com", "a@sub.yopmail.com", "a@tempmail.com", "a@x.tempmail.com"} {
		if c.Fake(mail, "") == "" {
			t.Errorf("%s is not held", mail)
		}
	}
	if c.Fake("", "+989120000000") == "" {
		t.Error("09120000000 is not held")
	}
	for _, domain := range strings.Fields("gmail.com yahoo.com outlook.com hotmail.com icloud.com proton.me chmail.ir mihanmail.ir ut.ac.ir sharif.edu mail.ru gmx.de live.com zoho.com fastmail.com aol.com yandex.com") {
		if why := c.Fake("a@"+domain, "+989123456789"); why != "" {
			t.Errorf("%s is held: %s", domain, why)
		}
	}
}

func TestThePlaybookSaysWhetherTheListOfDisposableDomainsCounts(t *testing.T) {
	c := compiled(t)
	list := *c.Playbook
	held := func(fakes playbook.Fakes, mail string) bool {
		list.Fakes = fakes
		k, err := list.Compile()
		if err != nil {
			t.Fatal(err)
		}
		return k.Fake(mail, "") != ""
	}
	for mail, want := range map[string]bool{"a@mailinator.com": true, "a@x.mailinator.com": true, "a@mailinator.example": false, "": false, "a@": false, "a@com": false} {
		if got := held(playbook.Fakes{Disposable: true}, mail); got != want {
			t.Errorf("%q is held: %v", mail, got)
		}
	}
	// An older playbook says nothing of the list, and means what it meant.
	if held(playbook.Fakes{}, "a@mailinator.com") || held(playbook.Fakes{Except: []string{"mailinator.com"}, Disposable: true}, "a@mailinator.com") ||
		held(playbook.Fakes{Except: []string{"mailinator.com"}, Disposable: true}, "a@x.mailinator.com") {
		t.Error("held without being asked to, or though excepted")
	}
	if !held(playbook.Fakes{Except: []string{"x.mailinator.com"}, Disposable: true}, "a@mailinator.com") || !held(playbook.Fakes{Domains: []string{"mailinator.com"}, Except: []string{"mailinator.com"}}, "a@mailinator.com") {
		t.Error("an exception reaches too far")
	}
}

func TestAMailThatIsMissingInALocaleComesInTheUsualOne(t *testing.T) {
	c := compiled(t)
	for _, test := range []struct{ name, locale, want string }{
		{"welcome-book", "fa", "fa"}, {"welcome-book", "en", "en"}, {"trial-discount", "en", "fa"}, {"welcome-book", "", "fa"},
	} {
		m, ok, err := c.Mail(test.name, test.locale)
		if err != nil || !ok || m.Locale != test.want {
			t.Errorf("%s in %q: %v %v %v", test.name, test.locale, m, ok, err)
		}
	}
	if _, ok, _ := c.Mail("no-such", "fa"); ok {
		t.Error("a mail that there is not")
	}
}

// Everything that a step asks for later must be there when it is published.
func TestEveryMailOfEveryTrackRendersForALeadOfWhomNothingIsKnown(t *testing.T) {
	c := compiled(t)
	lookup := func(path string) (string, bool) {
		v, ok := map[string]string{"business.name": "دفتریار", "offer.code": "DY-1", "offer.until": "فردا"}[path]
		return v, ok
	}
	for _, track := range c.Playbook.Nurture.Tracks {
		for _, s := range track.Steps {
			if s.Mail == "" {
				continue
			}
			m, ok, err := c.Mail(s.Mail, "fa")
			if err != nil || !ok {
				t.Fatalf("%s: %v %v", s.Mail, ok, err)
			}
			links := make([]string, len(m.Links))
			for i := range links {
				links[i] = "https://x.example/l"
			}
			got, err := m.Render(lookup, links)
			if err != nil {
				t.Fatalf("%s: %v", s.Mail, err)
			}
			if got.Subject == "" || !strings.Contains(got.HTML, `dir="rtl"`) || !strings.Contains(got.Text, "دفتریار") || strings.Contains(got.HTML+got.Text+got.Subject, "{{") {
				t.Errorf("%s: %q", s.Mail, got.Subject)
			}
		}
	}
}

// Row 64 of the bad inputs: a flood changes the log, not the score.
func TestTenThousandActivitiesInAMinuteStayUnderTheCaps(t *testing.T) {
	c := compiled(t)
	at := time.Date(2026, 5, 9, 9, 0, 0, 0, time.UTC)
	var entries []ledger.Entry
	for i := range 10_000 {
		a := activity.Activity{Type: activity.PageViewed, At: at.Add(time.Duration(i%60) * time.Second), Who: activity.Who{Email: "m@example.com"},
			Properties: []activity.Property{{Name: "path", Value: activity.TextValue([]string{"/blog/x", "/pricing", "/product/crm"}[i%3])}}}
		entries = append(entries, ledger.Entry{Key: uint64(i + 1), PayloadHash: a.Fingerprint(), Type: a.Type, At: a.At.Unix(), Received: a.At.Unix(),
			Day: c.Day(a.At), Hits: c.Set.Match(&a, nil)})
	}
	s, err := ledger.Replay("aaaaaaaaaaaaaaaa", c.Rules.Meters(), entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(c.Rules.Meters(), nil); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	card := c.Rules.Card(s, c.Day(at))
	if took := time.Since(begun); took > 100*time.Millisecond {
		t.Errorf("the card took %v", took)
	}
	if card.Total != 20 { // 3 + 6 + 6 + 5, the limit of the web
		t.Errorf("total %d, want 20", card.Total)
	}
}

func TestAPlaybookWhoseLogWouldForgetAPropertyIsRefused(t *testing.T) {
	p := example(t)
	p.Fields = p.Fields[1:]
	if _, err := p.Compile(); err == nil || !strings.Contains(err.Error(), "does not keep") {
		t.Errorf("%v", err)
	}
}

func TestSignalsHaveWordsInBothLanguages(t *testing.T) {
	p := example(t)
	for _, d := range p.Signals {
		if fa, en := p.SignalTitle(d.Number, "fa"), p.SignalTitle(d.Number, "en"); fa == d.Name || en == d.Name || fa == en {
			t.Errorf("signal %s is called %q and %q", d.Name, fa, en)
		}
	}
	if p.SignalTitle(signal.Number(4000), "fa") != "" {
		t.Error("a signal that there is not has words")
	}
}

func BenchmarkLoadAndCompile(b *testing.B) {
	doc := example(b).JSON()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		p, err := playbook.Load(doc)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Compile(); err != nil {
			b.Fatal(err)
		}
	}
}
