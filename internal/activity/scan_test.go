package activity

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// usual is what nearly all messages look like.
const usual = `{"v":1,"id":"01JDF3Z5S0K8Q2M4N6P8R0T2V4","type":"page.viewed","at":"2026-11-24T09:59:58Z","lead":{"visitor":"v7q2m5k9x3c8r1t6w4"},` +
	`"properties":{"path":"/product/پیگیری","variant":"b","utm_source":"newsletter"},"source":"page"}`

func same(t *testing.T, body []byte) (scanned bool) {
	t.Helper()
	list, ok := scan(body, received)
	if !ok {
		return false
	}
	want, err := decode(body, received)
	if err != nil {
		t.Fatalf("the strict reader refuses %q, the scanner takes it: %v", body, err)
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Fatalf("%q: %s", body, diff)
	}
	return true
}

func TestTheScannerReadsWhatIsUsualAsTheStrictReaderDoes(t *testing.T) {
	for _, body := range []string{
		usual, `{"activities":[` + usual + `]}`, ` { "v" : 1 , "activities" : [ ` + usual + ` , ` + usual + ` ] } `,
		strings.Replace(good, `,"flags":["held"]`, "", 1),
		`{"id":"1","type":"a.b","lead":{"email":"m@x.ir"},"properties":{},"profile":{"a":-1.50,"b":-0,"c":0.0,"d":false,"e":[],"f":"a\"\\\/\n\t"},"consent":[]}`,
		`{"id":"2","type":"activity.revoked","lead":{"external":"x"},"revokes":"1","at":"1900-01-01T00:00:00Z"}`,
		`{"id":"3","type":"a.b","lead":{"phone":"1"},"at":"2999-01-01T00:00:00.5+03:30"}`,
	} {
		if !same(t, []byte(body)) {
			t.Errorf("the scanner left this to the strict reader: %s", body)
		}
	}
}

func TestTheScannerLeavesToTheStrictReaderWhatIsUnusual(t *testing.T) {
	for _, body := range []string{
		``, `[]`, `{}`, `{"v":1}`, `{"activities":[]}`, usual + usual, usual[:len(usual)-1], good,
		strings.Replace(usual, `"v":1`, `"v":1.0`, 1), strings.Replace(usual, `"v":1`, `"v":2`, 1),
		strings.Replace(usual, `"source"`, `"id":"x","source"`, 1), strings.Replace(usual, `"source"`, `"other":"x","source"`, 1),
		strings.Replace(usual, `"path"`, `"variant"`, 1), strings.Replace(usual, `"visitor"`, `"visitors"`, 1),
		strings.Replace(usual, `"page"`, `"\u0070age"`, 1), strings.Replace(usual, `"b"`, `null`, 1), strings.Replace(usual, `"b"`, `01`, 1),
		strings.Replace(usual, `"b"`, `1e3`, 1), strings.Replace(usual, `"b"`, `1.`, 1), strings.Replace(usual, `"b"`, `9007199254740993`, 1),
		strings.Replace(usual, `page.viewed`, `page`, 1), strings.Replace(usual, `page.viewed`, `activity.revoked`, 1),
		strings.Replace(usual, `"b"`, `"`+strings.Repeat("x", MaxValue+1)+`"`, 1), strings.Replace(usual, "b", "\xff", 1),
		strings.Replace(usual, "2026-11-24T", "2026-11-24 ", 1), strings.Replace(usual, `"visitor":"v7q2m5k9x3c8r1t6w4"`, ``, 1),
	} {
		if same(t, []byte(body)) {
			t.Errorf("the scanner took %q", body)
		}
	}
}

func FuzzTheScannerReadsAsTheStrictReaderOrNotAtAll(f *testing.F) {
	f.Add([]byte(usual))
	f.Add([]byte(good))
	f.Add([]byte(`{"v":1,"activities":[` + usual + `,` + good + `]}`))
	f.Add([]byte(`{"id":"1","type":"a.b","lead":{"email":"m"},"profile":{"a":-1.50,"b":-0,"c":0.0,"e":["x"],"f":"a\"\\n"}}`))
	f.Fuzz(func(t *testing.T, body []byte) { same(t, body) })
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(usual)
	for name, read := range map[string]func([]byte, time.Time) ([]Activity, error){"scan": Decode, "strict": decode} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := read(body, received); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
