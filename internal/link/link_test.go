package link

import (
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

const current, previous = "the current secret, 32 characters", "the previous secret, 32 character"

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func keys(t testing.TB, secrets ...string) *Keys {
	t.Helper()
	k, err := NewKeys(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestATokenOpensAsWhatItWasSignedFor(t *testing.T) {
	k := keys(t, current)
	want := Token{ForClick, noon.Add(123 * time.Millisecond), Nonce{1, 2}, []string{"", "a", strings.Repeat("ب", 300)}}
	text := k.Sign(want)
	got, err := k.Open(ForClick, text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("opened as %+v, %v", got, err)
	}
	for _, p := range []Purpose{ForDownload, ForPreferences, ForUnsubscribe, ForConfirm, ForForm, ForOpen} {
		if _, err := k.Open(p, text); !errors.Is(err, ErrToken) {
			t.Errorf("a click opens as %c", p)
		}
	}
}

func TestATokenThatWasChangedOpensNothing(t *testing.T) {
	k := keys(t, current)
	text := k.Sign(Token{ForUnsubscribe, noon, Nonce{}, []string{"lead1", "email"}})
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	for i := range raw {
		for bit := range 8 {
			changed := append([]byte{}, raw...)
			changed[i] ^= 1 << bit
			for p := range Purpose(255) {
				if _, err := k.Open(p, base64.RawURLEncoding.EncodeToString(changed)); err == nil {
					t.Fatalf("byte %d, bit %d can be changed", i, bit)
				}
			}
		}
	}
	for _, s := range []string{"", "x", text + "A", text + "=", text[:len(text)-1], " " + text, strings.Repeat("A", 5000), text + "\n"} {
		if _, err := k.Open(ForUnsubscribe, s); err == nil {
			t.Errorf("%.20q… opens", s)
		}
	}
}

// CVE-2025-68113: without lengths, moving a byte from one field to the next
// keeps the signature.
func TestFieldsCannotBeMovedIntoEachOther(t *testing.T) {
	k := keys(t, current)
	seen := map[string]bool{}
	for _, fields := range [][]string{{"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}, {"ab", "c", ""}} {
		s := k.Sign(Token{ForForm, noon, Nonce{}, fields})
		if sum := s[len(s)-20:]; seen[sum] {
			t.Errorf("%q has the signature of another", fields)
		} else {
			seen[sum] = true
		}
	}
	if NonceOf("ab", "c") == NonceOf("a", "bc") {
		t.Error("nonces of different parts are one")
	}
}

func TestLinksOpenAfterOneChangeOfTheSecretAndNotAfterTwo(t *testing.T) {
	old := keys(t, previous).Sign(Token{ForClick, noon, Nonce{}, nil})
	if _, err := keys(t, current, previous).Open(ForClick, old); err != nil {
		t.Error("a link made before the change does not open")
	}
	if _, err := keys(t, current, "").Open(ForClick, old); err == nil {
		t.Error("a link of a key that is gone opens")
	}
	if _, err := NewKeys("", ""); err == nil {
		t.Error("no secret is taken")
	}
	if _, err := NewKeys("short"); err == nil {
		t.Error("a short secret is taken")
	}
}

func TestEachKindOfLinkComesBackAsItWas(t *testing.T) {
	k := keys(t, current)
	click := Click{"lead1", "s1", "welcome", "https://example.com/?a=1&b=2", "offer", "welcome"}
	if got, at, err := k.OpenClick(k.Click(click, noon, "l0")); got != click || !at.At.Equal(noon) || err != nil {
		t.Errorf("click %+v, %v", got, err)
	}
	d := Download{"lead1", "", "ebook", "s1", "welcome"}
	if got, _, err := k.OpenDownload(k.Download(d, noon, NonceOf("s1"))); got != d || err != nil {
		t.Errorf("download %+v, %v", got, err)
	}
	x := Pixel{"lead1", "s1", "welcome", "welcome"}
	if got, at, err := k.OpenPixel(k.Pixel(x, noon)); got != x || !at.At.Equal(noon) || err != nil {
		t.Errorf("pixel %+v, %v", got, err)
	}
	p := Person{"lead1", "email", "marketing", "s1", "welcome", "fa"}
	if got, _, err := k.OpenPerson(ForConfirm, k.Person(ForConfirm, p, noon)); got != p || err != nil {
		t.Errorf("person %+v, %v", got, err)
	}
	if _, err := k.OpenForm("demo", k.Form("ebook", noon, Nonce{})); !errors.Is(err, ErrToken) {
		t.Error("a token of one form opens another")
	}
	if k.Click(click, noon, "l0") != k.Click(click, noon, "l0") {
		t.Error("the same link of the same mail differs")
	}
	if _, _, err := k.OpenClick(k.Sign(Token{ForClick, noon, Nonce{}, []string{"only one"}})); !errors.Is(err, ErrToken) {
		t.Error("a click without its fields opens")
	}
}

func FuzzOpeningAnythingNeverPanicsAndOpensOnlyOurs(f *testing.F) {
	k := keys(f, current, previous)
	f.Add(k.Sign(Token{ForClick, noon, Nonce{1}, []string{"a", "", "c"}}), byte(ForClick))
	f.Add("AQAB", byte('u'))
	f.Fuzz(func(t *testing.T, text string, p byte) {
		tok, err := k.Open(Purpose(p), text)
		if err == nil && k.Sign(tok) != text {
			t.Errorf("%q opens and is not what we sign", text)
		}
		// What a signature would cover, taken as it is: the reader must bear it.
		_, _ = parse(Purpose(p), []byte(text))
	})
}

func BenchmarkClick(b *testing.B) {
	k, err := NewKeys("a secret of the bench, long enough for anybody")
	if err != nil {
		b.Fatal(err)
	}
	at := time.Unix(1e9, 0)
	b.ReportAllocs()
	for b.Loop() {
		k.Click(Click{Lead: "abcdefghijklmnopqrstuvwxyz", Send: "abcdefghijklmnop", Mail: "bench", Target: "https://business.example/page/1?utm_source=sarnakh&utm_medium=email", Track: "bench0"}, at, "l1")
	}
}
