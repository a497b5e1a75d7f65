package quickjson

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

func TestTextsAreWrittenAsTheStandardLibraryWritesThem(t *testing.T) {
	for _, s := range []string{"", "plain", "مریم", `"quoted" \ slash`, "<b>&amp;</b>", "a\u2028b", "a\u2029", "می\u200cروم", "\xe2", "\xe2\x80", "\x00\n\t", "broken \xff", "é", "a\b\f\x7f\r"} {
		sameText(t, s)
	}
	for c := range 256 {
		sameText(t, "a"+string([]byte{byte(c)})+"b")
		sameText(t, "a"+string(rune(c))+"b")
	}
}

func FuzzTexts(f *testing.F) {
	f.Add("a<\u2028\"")
	f.Fuzz(func(t *testing.T, s string) { sameText(t, s) })
}

func sameText(t *testing.T, s string) {
	t.Helper()
	want, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := AppendText([]byte("x"), s); string(got) != "x"+string(want) {
		t.Errorf("%q: %s, want %s", s, got[1:], want)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	if got := AppendPlain(nil, s); string(got)+"\n" != b.String() {
		t.Errorf("%q: %s, want %s", s, got, b.String())
	}
}

type shape struct {
	T string   `json:"t"`
	N int      `json:"n,omitempty"`
	U uint64   `json:"u,omitempty"`
	B bool     `json:"b,omitempty"`
	L []string `json:"l,omitempty"`
	P *shape   `json:"p,omitempty"`
}

func members(c *Codec, v *shape) {
	Text(c, "t", &v.T)
	MayInt(c, "n", &v.N)
	MayUint(c, "u", &v.U)
	MayBool(c, "b", &v.B)
	MayList(c, "l", &v.L, TextItem)
	MayPointer(c, "p", &v.P, members)
}

func TestWhatWeWriteWeRead(t *testing.T) {
	for _, v := range []shape{{}, {T: "سلام"}, {N: -12, B: true}, {T: "a", L: []string{"a", ""}, U: 7}, {P: &shape{P: &shape{N: 1}}, N: 123456789012345678}} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		c := Writer(nil)
		Object(c, &v, members)
		if string(c.Bytes()) != string(want) {
			t.Errorf("%s, want %s", c.Bytes(), want)
		}
		var back shape
		c = Reader(want)
		if Object(c, &back, members); !c.Done() || !reflect.DeepEqual(back, v) {
			t.Errorf("%s was read as %+v", want, back)
		}
	}
}

func TestWhatIsUnusualIsLeftToTheStandardLibrary(t *testing.T) {
	for _, src := range []string{``, `{`, `{"t":"","n":1`, `{"t":"","n":01}`, `{"t":"","n":-0}`, `{"n":-}`, `{"n":}`, `{"n":1.5}`, `{"n":1e3}`, `{"n":1234567890123456789}`, `{"n":null}`, `{"N":1}`,
		`{"n":1,"n":2}`, `{"n":1,"t":""}`, `{"n":1,}`, `{"n":1}x`, ` {"n":1}`, `{"n" :1}`, `{"t":"a\n"}`, "{\"t\":\"a\nb\"}", `{"t":"a`, "{\"t\":\"\xff\"}", `{"u":-1}`, `{"b":tru}`, `{"l":["a",]}`,
		`{"l":["a" "b"]}`, `{"l":[,]}`, `{"x":1}`, `{"":1}`, `{"p":{"x":1}}`, `{"p":{"t":"","b":true}`, `{"l":["a"`, `{"n":-`} {
		var v shape
		c := Reader([]byte(src))
		if Object(c, &v, members); c.Done() {
			t.Errorf("%s was read", src)
		}
	}
}

func FuzzReading(f *testing.F) {
	f.Add([]byte(`{"t":"","n":1,"p":{"t":"x","l":["a","b"]}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		var v, want shape
		c := Reader(src)
		if Object(c, &v, members); !c.Done() {
			return
		}
		if err := json.Unmarshal(src, &want); err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s was read as %+v, want %+v, %v", src, v, want, err)
		}
	})
}
