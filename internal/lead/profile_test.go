package lead

import (
	"slices"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
)

func FuzzAProfileIsReadAsEncodingJSONReadsIt(f *testing.F) {
	p := &Profile{}
	p.Apply([]activity.Property{{Name: "first_name", Value: activity.TextValue("مریم")}, {Name: "demo", Value: activity.BoolValue(true)}}, time.Unix(1e9, 0), 18446744073709551615)
	f.Add(p.Encode())
	p.Apply([]activity.Property{{Name: "seats", Value: activity.NumberValue(2.5)}, {Name: "uses", Value: activity.ListValue([]string{"a", `"`})}}, time.Unix(1e9, 0), 1)
	f.Add(p.Encode())
	f.Add([]byte(`[{"n":"b","v":"x","t":1,"b":"07"},{"n":"a","v":null,"t":1,"b":"1"},{"n":"c"}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		got, err := DecodeProfile(b)
		want, wantErr := decodeSlowly(b)
		if (err == nil) != (wantErr == nil) || err == nil && !slices.EqualFunc(got.Registers, want.Registers, func(a, b Register) bool {
			return a.Name == b.Name && a.At == b.At && a.By == b.By && a.Value.Kind == b.Value.Kind && Words(a.Value) == Words(b.Value)
		}) {
			t.Errorf("%s: %+v, %v, want %+v, %v", b, got, err, want, wantErr)
		}
	})
}
