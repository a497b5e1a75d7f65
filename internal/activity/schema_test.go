package activity_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sarnakh/sarnakh/internal/activity"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	path, err := filepath.Abs("../../docs/activity.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// Who reads the schema must not be told otherwise than who sends the message.
func TestTheSchemaAndTheReaderAgree(t *testing.T) {
	s := schema(t)
	base := map[string]any{"v": 1, "id": "a1", "type": "page.viewed", "at": "2026-11-24T09:30:00+03:30", "lead": map[string]any{"email": "m@example.com"}}
	with := func(pairs ...any) string {
		m := map[string]any{}
		for k, v := range base {
			m[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			if m[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == gone {
				delete(m, pairs[i].(string))
			}
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	consent := func(c map[string]any) string { return with("consent", []any{c}) }
	many := map[string]any{}
	for i := range 101 {
		many[strings.Repeat("x", i/26+1)+string(rune('a'+i%26))] = i
	}
	for body, good := range map[string]bool{
		with():                                    true,
		with("v", gone):                           true,
		with("v", 2):                              false,
		with("v", "1"):                            false,
		with("id", gone):                          false,
		with("id", ""):                            false,
		with("id", strings.Repeat("x", 128)):      true,
		with("id", strings.Repeat("x", 129)):      false,
		with("id", "a\nb"):                        false,
		with("id", 5):                             false,
		with("type", gone):                        false,
		with("type", "pageviewed"):                false,
		with("type", "Page.Viewed"):               false,
		with("type", "quiz.answered"):             true,
		with("at", gone):                          true,
		with("at", "yesterday"):                   false,
		with("at", "2026-02-30T10:00:00Z"):        false,
		with("at", "2026-11-24 10:00"):            false,
		with("at", "1970-01-01T00:00:00Z"):        true,
		with("at", "9999-12-31T23:59:59Z"):        true,
		with("lead", gone):                        false,
		with("lead", map[string]any{}):            false,
		with("lead", map[string]any{"email": ""}): false,
		with("lead", map[string]any{"email": "", "phone": "0912"}):                   true,
		with("lead", map[string]any{"mail": "m@example.com"}):                        false,
		with("lead", "m@example.com"):                                                false,
		with("EMAIL", "m@example.com"):                                               false,
		with("__proto__", 1):                                                         false,
		with("points", 50):                                                           true,
		with("properties", map[string]any{"n": 1.5, "b": true, "l": []any{"x"}}):     true,
		with("properties", map[string]any{"o": map[string]any{}}):                    false,
		with("properties", map[string]any{"o": nil}):                                 false,
		with("properties", map[string]any{"l": []any{1}}):                            false,
		with("properties", map[string]any{"t": strings.Repeat("x", 2048)}):           true,
		with("properties", map[string]any{"t": strings.Repeat("x", 2049)}):           false,
		with("properties", map[string]any{"": 1}):                                    false,
		with("properties", map[string]any{strings.Repeat("x", 65): 1}):               false,
		with("properties", many):                                                     false,
		with("properties", []any{}):                                                  false,
		with("profile", map[string]any{"role": "owner"}):                             true,
		consent(map[string]any{"channel": "email", "purpose": "marketing"}):          true,
		consent(map[string]any{"channel": "email", "granted": true}):                 false,
		consent(map[string]any{"channel": "email", "purpose": "m", "granted": "y"}):  false,
		consent(map[string]any{"channel": "email", "purpose": "m", "until": "2027"}): false,
		with("flags", []any{"machine"}):                                              true,
		with("flags", []any{"vip"}):                                                  false,
		with("type", "activity.revoked"):                                             false,
		with("type", "activity.revoked", "revokes", "a0"):                            true,
		with("revokes", "a0"):                                                        false,
		with("source", strings.Repeat("x", 65)):                                      false,
		`{"v":1,"activities":[` + with() + `,` + with("id", "a2") + `]}`:             true,
		`{"activities":[` + with("v", gone) + `]}`:                                   true,
		`{"v":1,"activities":[]}`:                                                    false,
		`{"v":1,"activities":[` + with("id", gone) + `]}`:                            false,
		`{"v":1,"activities":[` + with() + `],"id":"x"}`:                             false,
		`{"v":1,"activities":[` + strings.Repeat(with()+",", 100) + with() + `]}`:    false,
		`[]`: false,
		`5`:  false,
	} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		short := body
		if len(short) > 300 {
			short = short[:300] + "…"
		}
		if err := s.Validate(doc); (err == nil) != good {
			t.Errorf("the schema says good = %v of %s\n%v", err == nil, short, err)
		}
		if _, err := activity.Decode([]byte(body), now); (err == nil) != good {
			t.Errorf("the reader says good = %v of %s\n%v", err == nil, short, err)
		}
	}
}

const gone = "\x00gone"

func TestWhatTheHouseWritesFollowsTheSchema(t *testing.T) {
	s := schema(t)
	a := activity.Activity{ID: "a1", Type: activity.FormPosted, At: now, Received: now, Flags: activity.Held | activity.Backfill,
		Who:        activity.Who{Email: "m@example.com", External: "bank-1"},
		Properties: []activity.Property{{Name: "n", Value: activity.NumberValue(1e21)}, {Name: "l", Value: activity.ListValue([]string{"<a>", "ب"})}},
		Profile:    []activity.Property{{Name: "سمت", Value: activity.TextValue("مدیر")}},
		Consent:    []activity.Consent{{Channel: "email", Purpose: "marketing", Granted: true, Wording: "v1"}}, Source: "capture"}
	for _, list := range [][]activity.Activity{{a}, {a, {ID: "a2", Type: activity.Revoked, At: now, Who: activity.WhoIs("abc"), Revokes: "a1"}}} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(activity.Encode(list)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Error(err)
		}
	}
}

func TestTheSchemaListsEveryTypeOfTheHouse(t *testing.T) {
	doc, err := os.ReadFile("../../docs/activity.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("activity.go")
	if err != nil {
		t.Fatal(err)
	}
	types := regexp.MustCompile(`Type = "([a-z._]+)"`).FindAllSubmatch(code, -1)
	if len(types) < 30 {
		t.Fatalf("found %d types in activity.go", len(types))
	}
	for _, m := range types {
		if !bytes.Contains(doc, []byte(`"`+string(m[1])+`"`)) {
			t.Errorf("docs/activity.schema.json does not name %s", m[1])
		}
	}
}
