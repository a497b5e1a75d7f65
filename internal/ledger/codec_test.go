package ledger

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func TestBitsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type field struct {
			kind int
			v    uint64
			k    uint
		}
		fields := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) field {
			f := field{kind: rapid.IntRange(0, 2).Draw(t, "kind"), k: rapid.UintRange(0, 20).Draw(t, "k")}
			switch f.kind {
			case 0:
				f.k = rapid.UintRange(1, 64).Draw(t, "bits")
				f.v = rapid.Uint64().Draw(t, "v") >> (64 - f.k)
			case 1:
				f.v = rapid.Uint64().Draw(t, "v") >> rapid.UintRange(8, 63).Draw(t, "shift")
			case 2:
				f.v = rapid.Uint64Range(0, 1<<f.k*9).Draw(t, "v")
			}
			return f
		}), 0, 60).Draw(t, "fields")
		var w bitWriter
		for _, f := range fields {
			switch f.kind {
			case 0:
				w.put(f.v, f.k)
			case 1:
				w.golomb(f.v, f.k)
			case 2:
				w.rice(f.v, f.k)
			}
		}
		r := bitReader{in: append(w.flush(), "rest"...)}
		for i, f := range fields {
			var v uint64
			switch f.kind {
			case 0:
				v = r.take(f.k)
			case 1:
				v = r.golomb(f.k)
			case 2:
				v = r.rice(f.k)
			}
			if v != f.v || r.bad {
				t.Fatalf("field %d, %+v, is read as %d", i, f, v)
			}
		}
		if string(r.rest()) != "rest" {
			t.Fatalf("what follows is %q", r.rest())
		}
	})
}

func full(t testing.TB) (*table, *Meters) {
	t.Helper()
	m := business(t)
	r := rand.New(rand.NewPCG(11, 11))
	x, y := newTable(), newTable()
	x.shelf = y.shelf
	log := seeded(r, 620)
	log[613].Points, log[613].Until = 7, log[619].Day+20
	log[614].Points = -2
	log[615].Revokes = 0x1122334455667788
	log[616].Flags, log[616].Type = 3, "x.own.type"
	log[617].Made = 0
	log[618].Revokes = log[2].Key
	for _, e := range log[:612] {
		if _, err := x.write(m, anna, []Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range seeded(r, 40) {
		if _, err := y.write(m, bert, []Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.write(m, anna, nil, y.state(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := x.write(m, anna, log[612:]); err != nil {
		t.Fatal(err)
	}
	s := x.state(t)
	s.Playbook, s.Band, s.DueShard, s.DueAt, s.Known = 12, "hot#07", "due#3", 1790000000, true
	s.Stage, s.Grade, s.Persona, s.Excluded, s.Total, s.Fit, s.Review = 3, 6, 2, 1, 63, -12, s.high+4
	s.Profile, s.Audience, s.Memory = signal.Bits{1, 2}, signal.Bits{4}, []byte{9, 9, 9}
	s.Pending = []Pending{
		{Kind: "handover", N: 2, Reason: []byte("crossed 50"), At: 1790000000},
		{Kind: "enroll", Name: "welcome", N: 1, At: 1790000001, Quiet: true},
		{Kind: "a later kind", N: 1, Reason: []byte{}},
	}
	s.MovedTo = "a lead with another kind of id"
	if err := x.store(m, s); err != nil {
		t.Fatal(err)
	}
	return x, m
}

func TestAnItemComesBackAsItWas(t *testing.T) {
	x, m := full(t)
	s := x.state(t)
	if want := []Pending{
		{Kind: "handover", N: 2, Reason: []byte("crossed 50"), At: 1790000000},
		{Kind: "enroll", Name: "welcome", N: 1, At: 1790000001, Quiet: true, Reason: []byte{}},
		{Kind: "a later kind", N: 1, Reason: []byte{}},
	}; !reflect.DeepEqual(s.Pending, want) {
		t.Errorf("pending %+v, want %+v", s.Pending, want)
	}
	if s.Playbook != 12 || s.Band != "hot#07" || s.Total != 63 || s.Fit != -12 || s.Stage != 3 || s.Grade != 6 || s.Persona != 2 ||
		s.Excluded != 1 || s.Review != s.high+4 || !s.Known || s.MovedTo != "a lead with another kind of id" ||
		!bytes.Equal(s.Memory, []byte{9, 9, 9}) || !s.Profile.Equal(signal.Bits{1, 2}) || !s.Audience.Equal(signal.Bits{4}) {
		t.Errorf("fields %+v", s)
	}
	it := s.item()
	if it.Version--; !reflect.DeepEqual(it, x.item) {
		t.Errorf("encoded again it is\n%x\nwas\n%x", it.Blob, x.item.Blob)
	}
	if !s.Settled(m) {
		t.Error("a stored state is not settled")
	}
	names := 1 + 1 + 1 + 1 + 1 + 2 + 2
	if want := names + 16 + 3 + 2 + len(it.Blob) + 6 + 5 + 6; it.Size() != want {
		t.Errorf("size %d, want %d", it.Size(), want)
	}
}

// The bytes of released formats stay readable for ever: testdata/format1 holds
// them as they were written. It is never updated; a new format adds a folder.
func TestReleasedFormatsStayReadable(t *testing.T) {
	const folder = "testdata/format1"
	if os.Getenv("WRITE_FORMAT") != "" { // once, before the first release
		writeFormat(t, folder)
	}
	s, err := Decode(Item{Lead: anna, Version: 600, Playbook: 12, Blob: readHex(t, filepath.Join(folder, "item.hex"))})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.Inspect(&b, nil); err != nil {
		t.Fatal(err)
	}
	shelf := Shelf{}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.hex"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		key := strings.Replace(strings.TrimSuffix(filepath.Base(f), ".hex"), "-", "#", 1)
		shelf[Ref{lead.ID(filepath.Base(filepath.Dir(f))), key}] = readHex(t, f)
	}
	for _, r := range s.AllRefs() {
		if err := InspectRecord(&b, Record{r, shelf[r]}); err != nil {
			t.Error(err)
		}
	}
	if os.Getenv("WRITE_FORMAT") != "" {
		put(t, filepath.Join(folder, "inspect.txt"), []byte(b.String()))
	}
	want, err := os.ReadFile(filepath.Join(folder, "inspect.txt"))
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(got), len(wanted)) {
		if got[i] != wanted[i] {
			t.Fatalf("the stored bytes of format 1 read, in line %d,\n%s\nthey said\n%s", i+1, got[i], wanted[i])
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("the stored bytes of format 1 read in %d lines, they said %d", len(got), len(wanted))
	}
	if log, err := s.Log(shelf); err != nil || len(log) != s.Activities() {
		t.Errorf("the log has %d of %d entries: %v", len(log), s.Activities(), err)
	}
}

func writeFormat(t *testing.T, folder string) {
	x, _ := full(t)
	s := x.state(t)
	put(t, filepath.Join(folder, "item.hex"), []byte(hex.EncodeToString(x.item.Blob)+"\n"))
	reach := s.AllRefs()
	for {
		refs, err := s.LogRefs(x.only(reach))
		if err != nil {
			t.Fatal(err)
		}
		if len(refs) == 0 {
			break
		}
		reach = append(reach, refs...)
	}
	for _, r := range reach {
		name := strings.Replace(r.Key, "#", "-", 1) + ".hex"
		put(t, filepath.Join(folder, string(r.Lead), name), []byte(hex.EncodeToString(x.shelf[r])+"\n"))
	}
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func readHex(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b
}

func TestANewerFormatIsNamed(t *testing.T) {
	if _, err := Decode(Item{Lead: anna, Blob: []byte{9, 0}}); err == nil || !strings.Contains(err.Error(), "format 9") {
		t.Errorf("an item of format 9: %v", err)
	}
	if _, err := readPage([]byte{9, 'p'}); err == nil || !strings.Contains(err.Error(), "format 9") {
		t.Errorf("a page of format 9: %v", err)
	}
	if _, err := readPage([]byte{1, 'r', 0}); err == nil {
		t.Error("a run is read as a page")
	}
}

func TestLongTextIsCutAtACharacter(t *testing.T) {
	d := NewDictionary([]string{"note", "list"})
	long := strings.Repeat("ب", 100)
	packed, cut := d.Pack([]activity.Property{{Name: "note", Value: activity.Value{Kind: activity.Text, Text: "a" + long}}})
	got, err := d.Unpack(packed)
	if err != nil || !cut {
		t.Fatalf("cut %t, %v", cut, err)
	}
	if text := got[0].Value.Text; len(text) != MaxText-1 || !strings.HasPrefix("a"+long, text) {
		t.Errorf("kept %d bytes: %q", len(text), text)
	}
	if _, err := NewDictionary(nil).Unpack(packed); err == nil {
		t.Error("a name that the dictionary does not know is read")
	}
}

func FuzzDecode(f *testing.F) {
	x, _ := full(f)
	f.Add(x.item.Blob)
	for _, body := range x.shelf {
		f.Add(body)
	}
	d := NewDictionary([]string{"a", "b"})
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := Decode(Item{Lead: anna, Blob: b}); err == nil {
			// What can be read can be written, and then says the same.
			again, err := Decode(s.item())
			if err != nil {
				t.Fatalf("%x is read, written as %x and not read again: %v", b, s.item().Blob, err)
			}
			if !slices.Equal(again.item().Blob, s.item().Blob) {
				t.Fatalf("%x is written as %x and then as %x", b, s.item().Blob, again.item().Blob)
			}
		}
		for _, key := range []string{"pX", "rX", "iX#0"} {
			_ = InspectRecord(&strings.Builder{}, Record{Ref{anna, key}, b})
		}
		_, _ = d.Unpack(b)
	})
}
