package lead

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sarnakh/sarnakh/internal/activity"
	"pgregory.net/rapid"
)

func TestOneAddressHasOneForm(t *testing.T) {
	for raw, want := range map[string]string{
		"Maryam@Example.IR": "maryam@example.ir", " a.b+c@x.example ": "a.b+c@x.example", "a@bücher.example": "a@xn--bcher-kva.example",
		"a@BÜCHER.example": "a@xn--bcher-kva.example", "a@example.ir.": "a@example.ir",
	} {
		if got, err := NormalizeEmail(raw); err != nil || got.Address() != want {
			t.Errorf("%q: %q (%v), want %q", raw, got.Address(), err, want)
		}
	}
}

func TestAddressesThatCannotBeWrittenToAreRefused(t *testing.T) {
	for _, raw := range []string{
		"", "a", "a@", "@b.ir", "a@b", "a@[127.0.0.1]", `"a b"@c.com`, strings.Repeat("x", 65) + "@c.com", "a@b.com\r\nBcc: c@d.com", "a@b.com,c@d.com", "Name <a@b.com>",
		"a@b.com (comment)", "a@b..com", "a..b@c.com", ".a@c.com", "a@-b.com", "a@1.2.3.4", "a@b@c.com", "a b@c.com", "a@" + strings.Repeat("b", 64) + ".com", "a@b.com\x00",
	} {
		if got, err := NormalizeEmail(raw); err == nil {
			t.Errorf("%q was taken as %q", raw, got.Address())
		}
	}
	var e *AddressError
	if _, err := NormalizeEmail("مریم@example.ir"); !errors.As(err, &e) || e.Code != "smtputf8_unsupported" {
		t.Errorf("a Persian local part: %v", err)
	}
}

func TestAnAddressIsMaskedWhereverItIsPrinted(t *testing.T) {
	e, _ := NormalizeEmail("maryam@example.ir")
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "to", e)
	for _, s := range []string{fmt.Sprint(e), fmt.Sprintf("%v %s %#v %+v", e, e, e, struct{ E Email }{e}), b.String()} {
		if strings.Contains(s, "aryam") {
			t.Errorf("shown: %s", s)
		}
	}
}

func TestIdentitiesOfDifferentKindsNeverShareAHash(t *testing.T) {
	a, b := Identity{ByEmail, "x"}.Hash([]byte("k")), Identity{ByExternal, "x"}.Hash([]byte("k"))
	if a == b || a == (Identity{ByEmail, "x"}.Hash([]byte("other"))) {
		t.Error("two hashes are equal")
	}
	if id := IDOf(ByEmail, a); !ValidID(string(id)) || id != IDOf(ByEmail, a) {
		t.Errorf("id %q", id)
	}
}

func TestIdentifyGivesWhatStandsAndNamesWhatDoesNot(t *testing.T) {
	phone := func(raw string) (string, bool, error) { return "+98" + raw[1:], true, nil }
	ids, faults := Identify(activity.Who{Email: "nope", Phone: "09121112233", Visitor: "abcdefghijklmnop", External: "bank-1"}, phone)
	want := []Identity{{ByExternal, "bank-1"}, {ByPhone, "+989121112233"}, {ByVisitor, "abcdefghijklmnop"}}
	if diff := cmp.Diff(want, ids); diff != "" || len(faults) != 1 {
		t.Errorf("%s faults %v", diff, faults)
	}
}

func TestAProfileIsTheSameWhateverTheOrderAndRepetitionOfItsChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type change struct {
			p  activity.Property
			at int
			by uint64
		}
		n := rapid.IntRange(1, 20).Draw(t, "n")
		changes := make([]change, n)
		for i := range changes {
			changes[i] = change{activity.Property{Name: rapid.SampledFrom([]string{"role", "city", "staff"}).Draw(t, "name"), Value: activity.NumberValue(float64(i))}, rapid.IntRange(0, 3).Draw(t, "at"), uint64(i + 1)}
		}
		apply := func(p *Profile, c change) {
			p.Apply([]activity.Property{c.p}, time.Unix(int64(c.at), 0), c.by)
		}
		var a, left, right Profile
		for _, c := range changes {
			apply(&a, c)
		}
		for i, c := range rapid.Permutation(append(changes, changes...)).Draw(t, "order") {
			apply([]*Profile{&left, &right}[i%2], c)
		}
		left.Merge(&right)
		if diff := cmp.Diff(a, left); diff != "" {
			t.Fatal(diff)
		}
		back, err := DecodeProfile(a.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&a, back); diff != "" {
			t.Fatal(diff)
		}
	})
}
