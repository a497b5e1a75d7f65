package activity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var received = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

const good = `{"v":1,"id":"a-1","type":"form.posted","at":"2026-11-24T09:59:58.5+00:00","lead":{"email":"m@example.ir","visitor":"v1"},
 "properties":{"form":"ebook","n":3,"yes":true,"tags":["a","ب"]},"profile":{"role":"sales_manager"},
 "consent":[{"channel":"email","purpose":"marketing","granted":true,"wording":"v1","proof":"form:ebook"}],"source":"capture","flags":["held"]}`

func TestAMessageIsReadWhole(t *testing.T) {
	got, err := Decode([]byte(good), received)
	if err != nil {
		t.Fatal(err)
	}
	want := []Activity{{
		ID: "a-1", Type: FormPosted, At: received.Add(-2 * time.Second), Received: received, Flags: Held, Who: Who{Email: "m@example.ir", Visitor: "v1"},
		Properties: []Property{{"form", TextValue("ebook")}, {"n", NumberValue(3)}, {"yes", BoolValue(true)}, {"tags", ListValue([]string{"a", "ب"})}},
		Profile:    []Property{{"role", TextValue("sales_manager")}},
		Consent:    []Consent{{"email", "marketing", true, "v1", "form:ebook"}}, Source: "capture",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := Decode(Encode(append(got, got...)), received)
	if err != nil || cmp.Diff(append(want, want...), again) != "" {
		t.Errorf("encoded and read again: %v %s", err, cmp.Diff(append(want, want...), again))
	}
}

func TestABadMessageIsRefusedWithWhatWhereAndWhatWouldBeRight(t *testing.T) {
	with := func(s string) string { return `{"id":"1","type":"page.viewed","lead":{"visitor":"v"},` + s + `}` }
	for body, want := range map[string]string{
		"":                                  "empty",
		"   ":                               "empty",
		"hello":                             "not a JSON message",
		"[]":                                "not a JSON object",
		"{}":                                "id: an activity needs an id",
		`{"id":"1"}`:                        "type: an activity needs a type",
		`{"id":"1","type":"page.viewed"}`:   "lead: nobody",
		`{"id":"1","id":"2"}`:               "stands twice",
		`{"ID":"1"}`:                        "ID: no such field",
		`{"id":"1"} {}`:                     "more text after",
		"\xef\xbb\xbf{}":                    "not a JSON message",
		with(`"v":99`):                      "v: this version",
		with(`"v":"1"`):                     "v: this version",
		with(`"type":"pageviewed"`):         "stands twice",
		with(`"at":"30 February"`):          "at: not a time",
		with(`"at":"2026-02-30T00:00:00Z"`): "at: not a time",
		with(`"at":"2026-02-03T00:00:60Z"`): "at: not a time",
		with(`"at":5`):                      "at: not a text",
		with(`"properties":{"a":null}`):     "properties.a: null",
		with(`"properties":{"a":{"b":1}}`):  "properties.a: null or an object",
		with(`"properties":{"a":1e400}`):    "kept exactly",
		with(`"properties":{"a":9223372036854775808}`):                 "kept exactly",
		with(`"properties":{"a":NaN}`):                                 "not JSON",
		with(`"properties":{"a":"\ud800"}`):                            "surrogate",
		with(`"properties":{"a":"\u0000"}`):                            "NUL",
		with("\"properties\":{\"a\":\"\n\"}"):                          "control character",
		with("\"properties\":{\"a\":\"\xff\"}"):                        "UTF-8",
		with(`"properties":[]`):                                        "properties: not an object",
		with(`"profile":{"a":[1]}`):                                    "profile.a[0]: not a text",
		with(`"consent":[{"channel":"email"}]`):                        "consent[0]: a consent needs",
		with(`"consent":[{"granted":"yes"}]`):                          "consent[0].granted: neither",
		with(`"flags":["vip"]`):                                        "flags[0]: no such flag",
		with(`"revokes":"x"`):                                          "revokes:",
		with(`"lead2":{}`):                                             "lead2: no such field",
		`{"activities":[]}`:                                            "1 to 100",
		`{"activities":[{}],"x":1}`:                                    "x: no such field",
		`{"activities":[` + good + `,{"id":"2"}]}`:                     "activities[1].type",
		strings.Repeat("[", 30):                                        "deeper",
		strings.Repeat("x", MaxBody+1):                                 "262145 bytes",
		with(`"properties":{"a":"` + strings.Repeat("x", 2049) + `"}`): "longer than 2048",
		`{"id":"` + strings.Repeat("x", 129) + `"}`:                    "longer than 128",
	} {
		_, err := Decode([]byte(body), received)
		var f *Fault
		if !errors.As(err, &f) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want …%s…", body, err, want)
		}
	}
}

func TestTimesThatCannotBeAreMovedAndFlagged(t *testing.T) {
	for at, want := range map[string]Activity{
		"1970-01-01T00:00:00Z": {At: received.Add(-past), Flags: ClampedPast},
		"9999-12-31T00:00:00Z": {At: received, Flags: ClampedFuture},
		"2026-11-24T10:04:59Z": {At: received.Add(299 * time.Second)},
	} {
		got, err := Decode([]byte(`{"id":"1","type":"a.b","lead":{"visitor":"v"},"at":"`+at+`","points":50}`), received)
		if err != nil || !got[0].At.Equal(want.At) || got[0].Flags != want.Flags|PointsIgnored {
			t.Errorf("%s: %s flags %b (%v)", at, got[0].At, got[0].Flags, err)
		}
	}
}

func TestAULIDTellsWhenItWasMade(t *testing.T) {
	at, ok := ID("01ARZ3NDEKTSV4RRFFQ69G5FAV").Made()
	if !ok || at.UnixMilli() != 1469922850259 {
		t.Errorf("%v %v", at.UnixMilli(), ok)
	}
	for _, id := range []ID{"", "bank-1", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FA"} {
		if _, ok := id.Made(); ok {
			t.Errorf("%q is no ULID", id)
		}
	}
}

func TestWhatIsSaidMakesTheFingerprintNotWhenItArrived(t *testing.T) {
	a, _ := Decode([]byte(good), received)
	b, _ := Decode([]byte(good), received.Add(time.Hour))
	c, _ := Decode([]byte(strings.Replace(good, "ebook", "price", 1)), received)
	if a[0].Fingerprint() != b[0].Fingerprint() || a[0].Fingerprint() == c[0].Fingerprint() {
		t.Error("the fingerprint does not tell")
	}
}

func TestWhatIsEncodedIsReadBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Activity{ID: "x", Type: "a.b", At: received, Received: received, Who: Who{External: "e"}}
		for i := range rapid.IntRange(0, 5).Draw(t, "n") {
			v := rapid.OneOf(
				rapid.Map(rapid.StringMatching(`[^\x00]{0,20}`), TextValue),
				rapid.Map(rapid.Int64Range(-1<<53, 1<<53), func(n int64) Value { return NumberValue(float64(n)) }),
				rapid.Map(rapid.Bool(), BoolValue)).Draw(t, "v")
			a.Properties = append(a.Properties, Property{string(rune('a' + i)), v})
		}
		got, err := Decode(Encode([]Activity{a}), received)
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Properties == nil && a.Properties == nil {
			return
		}
		if diff := cmp.Diff([]Activity{a}, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzAnyBytesAreReadOrRefusedWithAFault(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"v":1,"activities":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		as, err := Decode(b, received)
		if err != nil {
			var x *Fault
			if !errors.As(err, &x) {
				t.Fatalf("%T is not a fault: %v", err, err)
			}
			return
		}
		if _, err := Decode(Encode(as), received); err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
	})
}
