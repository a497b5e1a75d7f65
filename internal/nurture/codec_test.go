package nurture

import (
	"encoding/json"
	"reflect"
	"testing"
)

// fill gives every member a value of its own, so that one that the codec
// forgets is missed.
func fill(v reflect.Value, n *int64) {
	switch *n++; v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				fill(v.Field(i), n)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.String:
		v.SetString(string(rune('a'+*n%26)) + "سلام")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		v.SetInt(*n)
	}
}

func TestTheCodecWritesEveryMemberAsItsTagSays(t *testing.T) {
	var full Recipient
	n := int64(0)
	fill(reflect.ValueOf(&full).Elem(), &n)
	odd := full
	odd.Email, odd.Permissions = `"<&>`+"\u2028\xff", []Permission{{}}
	for _, r := range []Recipient{{}, {ID: "a"}, full, odd} {
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Encode()
		if err != nil || string(got[1:]) != string(want) {
			t.Errorf("%s, want %s: a new member has its line in codec.go, where its tag stands", got[1:], want)
		}
		back, err := Decode("a", got)
		var stored Recipient
		if err2 := json.Unmarshal(want, &stored); err != nil || err2 != nil || !reflect.DeepEqual(*back, stored) {
			t.Errorf("%+v was read as %+v (%v)", stored, back, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	var full Recipient
	n := int64(0)
	fill(reflect.ValueOf(&full).Elem(), &n)
	b, err := full.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[1:])
	f.Add([]byte(`{"i":"a","r":[{"t":"x","n":1,"s":5}],"q":7}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var want Recipient
		wantErr := json.Unmarshal(body, &want)
		got, err := Decode("a", append([]byte{format}, body...))
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, %v, want %+v, %v", body, got, err, want, wantErr)
		}
	})
}
