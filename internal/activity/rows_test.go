package activity_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Rows of the table of bad inputs that concern the message itself.

func TestRow59AMessageTooLargeIsRefusedUnread(t *testing.T) {
	body := append([]byte(`{"v":1,"id":"`), bytes.Repeat([]byte("x"), 1<<20)...)
	_, err := activity.Decode(body, now)
	var f *activity.Fault
	if !errors.As(err, &f) || f.Code != "limit" || f.Remedy == "" {
		t.Errorf("%v", err)
	}
}

func TestRow63PointsOfASenderAreIgnoredWithAFlag(t *testing.T) {
	for _, points := range []string{"50", `"many"`, "null", `{"a":1}`} {
		list, err := activity.Decode([]byte(`{"v":1,"id":"1","type":"page.viewed","lead":{"email":"m@example.com"},"points":`+points+`}`), now)
		if err != nil || list[0].Flags&activity.PointsIgnored == 0 || len(list[0].Properties) != 0 {
			t.Errorf("points %s: %+v %v", points, list, err)
		}
	}
}

// A fault may be logged and shown: it must not carry what was sent.
func TestAFaultNeverRepeatsAValue(t *testing.T) {
	const secret = "maryam@canary.example"
	for _, body := range []string{
		`{"v":1,"id":"1","type":"` + secret + `","lead":{"email":"x@example.com"}}`,
		`{"v":1,"id":"1","type":"a.b","at":"` + secret + `","lead":{"email":"x@example.com"}}`,
		`{"v":1,"id":"1","type":"a.b","lead":"` + secret + `"}`,
		`{"v":"` + secret + `"}`,
		`{"v":1,"id":"1","type":"a.b","lead":{"email":"` + secret + strings.Repeat("x", 400) + `"}}`,
		`{"v":1,"id":"1","type":"a.b","lead":{"email":"x@example.com"},"flags":["` + secret + `"]}`,
		`{"v":1,"id":"1","type":"a.b","lead":{"email":"` + secret + `"},"properties":{"a":null}}`,
		`"` + secret + `"`,
		secret,
	} {
		_, err := activity.Decode([]byte(body), now)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
		var f *activity.Fault
		if !errors.As(err, &f) || f.Code == "" || f.Problem == "" {
			t.Errorf("no fault with a code: %v", err)
		}
	}
}

func TestAnEnvelopeIsTakenWholeOrNotAtAll(t *testing.T) {
	one := func(i int) string {
		return fmt.Sprintf(`{"id":"%d","type":"page.viewed","lead":{"visitor":"v"}}`, i)
	}
	list, err := activity.Decode([]byte(`{"v":1,"activities":[`+one(1)+`,{"id":"2"},`+one(3)+`]}`), now)
	var f *activity.Fault
	if list != nil || !errors.As(err, &f) || !strings.HasPrefix(f.Field, "activities[1].") {
		t.Errorf("%v %v", list, err)
	}
}
