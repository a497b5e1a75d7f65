package form

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
)

var contact = Config{
	Name: "contact",
	Fields: []Field{
		{Name: "email", Type: Email, Identity: IdentityEmail, Required: true},
		{Name: "mobile", Type: Phone, Identity: IdentityPhone},
		{Name: "name", Attribute: "first_name"},
		{Name: "tags", Type: Many},
	},
	Honeypot: "website",
}

func check(t *testing.T, c Config, kind, body string) *Post {
	t.Helper()
	n, err := ParseBody(kind, "", []byte(body), false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Check(n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Bodies in the shapes that form builders and ad platforms document; names,
// ids and people are invented.
func TestEachFormBuilderIsRead(t *testing.T) {
	numeric := contact
	numeric.Fields = append([]Field{}, contact.Fields...)
	numeric.Fields[0].Names, numeric.Fields[1].Names, numeric.Fields[2].Names = []string{"3"}, []string{"7"}, []string{"1.3", "1"}
	guess := contact
	guess.Source.Guess = true
	at := func(c Config, s Source) Config { c.Source = s; return c }
	for name, x := range map[string]struct {
		c          Config
		kind, body string
	}{
		"flat, as a browser posts": {contact, "application/x-www-form-urlencoded", "email=sara%40example.com&mobile=09121234567&name=Sara"},
		"bracketed keys":           {at(contact, Source{At: "fields"}), "application/x-www-form-urlencoded", "fields[email]=sara%40example.com&fields[mobile]=09121234567&fields[name]=Sara&form[id]=9"},
		"numeric keys":             {numeric, "application/x-www-form-urlencoded", "3=sara%40example.com&7=09121234567&1.3=Sara"},
		"JSON text in a field":     {at(numeric, Source{JSON: "rawRequest"}), "application/x-www-form-urlencoded", `formID=1&rawRequest=%7B%223%22%3A%22sara%40example.com%22%2C%227%22%3A%2209121234567%22%2C%221%22%3A%22Sara%22%7D`},
		"a name-value list":        {at(contact, Source{At: "fields"}), "application/json", `{"fields":[{"name":"email","value":"sara@example.com"},{"name":"mobile","value":"09121234567"},{"name":"name","value":"Sara"}]}`},
		"values in lists":          {at(contact, Source{At: "field_data"}), "application/json", `{"id":"123456789012345678901","field_data":[{"name":"email","values":["sara@example.com"]},{"name":"mobile","values":["09121234567"]},{"name":"name","values":["Sara"]}]}`},
		"answers that point to a definition": {at(guess, Source{At: "form_response.answers", Guess: true}), "application/json",
			`{"event_type":"form_response","form_response":{"answers":[{"type":"text","text":"Sara","field":{"id":"x1","ref":"name","type":"short_text"}},{"type":"email","email":"sara@example.com","field":{"id":"x2","type":"email","ref":"r2"}},{"type":"phone_number","phone_number":"09121234567","field":{"id":"x3","type":"phone_number"}}]}}`},
		"labels only": {at(guess, Source{At: "data.fields", Guess: true}), "application/json",
			`{"data":{"fields":[{"key":"q1","label":"name","type":"INPUT_TEXT","value":"Sara"},{"key":"q2","label":"ایمیل","type":"INPUT_TEXT","value":"sara@example.com"},{"key":"q3","label":"شماره تماس","type":"X","value":"09121234567"}]}}`},
		"by shape": {guess, "application/json", `{"a":"sara@example.com","b":"09121234567","name":"Sara","c":null}`},
	} {
		p := check(t, x.c, x.kind, x.body)
		if p.Who.Email != "sara@example.com" || p.Who.Phone != "09121234567" || len(p.Profile) != 1 || p.Profile[0].Value.Text != "Sara" {
			t.Errorf("%s: read as %+v", name, p)
		}
	}
}

func TestAFormBuildersTestPostIsHeld(t *testing.T) {
	c := contact
	c.Source = Source{At: "lead", Test: "is_test"}
	for body, held := range map[string]string{
		`{"is_test":true,"lead":{"email":"a@example.com"}}`:  "test",
		`{"is_test":false,"lead":{"email":"a@example.com"}}`: "",
	} {
		if p := check(t, c, "application/json", body); p.Held != held {
			t.Errorf("%s is held for %q", body, p.Held)
		}
	}
}

func TestAWrongFormIsAnsweredWithEveryFieldThatIsWrong(t *testing.T) {
	n, err := ParseURLEncoded([]byte("email=x&mobile=y&surprise=1"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = contact.Check(n)
	var f *Fault
	if !errors.As(err, &f) || !reflect.DeepEqual(f.Errors, []FieldError{{"email", "email"}, {"mobile", "phone"}, {"surprise", "unknown"}}) {
		t.Errorf("faults are %+v", err)
	}
	for _, locale := range []string{"fa", "en"} {
		for _, e := range f.Errors[:2] {
			if Words(e.Code, locale) == Words("?", locale) {
				t.Errorf("%s has no words in %s", e.Code, locale)
			}
		}
	}
}

func TestAStrangerCannotNameALeadByOurId(t *testing.T) {
	c := Config{Name: "x", Fields: []Field{{Name: "id", Identity: IdentityExternal}}}
	n, _ := ParseJSON([]byte(`{"id":" lead:abcdefghijklmnop"}`))
	if _, err := c.Check(n); err == nil {
		t.Error("it is taken")
	}
}

func TestWhatAFormGivesIsWhatIngestTakes(t *testing.T) {
	c := contact
	c.Fields = append(append([]Field{}, contact.Fields...), Field{Name: "need", Type: Long, Max: 5000})
	n, _ := ParseJSON([]byte(`{"email":"a@example.com","need":"` + strings.Repeat("ب", 1500) + `"}`))
	if _, err := c.Check(n); err == nil {
		t.Error("a text over the limit of a message is taken, and would be parked")
	}
	n, _ = ParseJSON([]byte(`{"email":"a@example.com","need":"` + strings.Repeat("ب", 1000) + `"}`))
	if _, err := c.Check(n); err != nil {
		t.Error(err)
	}
}

func TestAConfigSurvivesItsJSON(t *testing.T) {
	c := contact
	c.Magnet, c.Consents, c.Token = &Magnet{Name: "m", URL: "/m"}, []Consent{{Name: "c", Text: Text{Fa: "بله"}}}, TokenHold
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Config
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("%s came back as %+v, %v", b, back, err)
	}
}

// Whatever is taken as JSON here is JSON to the standard library and means the
// same there; we only refuse more.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,"\u06a9\ud83d\ude00",null,true]}`, `[]`, `"x"`, `{"a":1,"a":2}`, `-0`, `1e400`, "\"\\u+123\"", `{"a"`, `[[[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := ParseJSON(body)
		if err != nil {
			return
		}
		var v any
		d := json.NewDecoder(strings.NewReader(string(body)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("taken, and the standard library says %v: %q", err, body)
		}
		if !same(n, v) {
			t.Fatalf("read otherwise than by the standard library: %q", body)
		}
	})
}

func same(n *Node, v any) bool {
	switch v := v.(type) {
	case nil:
		return n.Kind == Null
	case string:
		return n.Kind == Scalar && n.Text == v
	case bool:
		return n.Bool && n.Text == map[bool]string{true: "true", false: "false"}[v]
	case json.Number:
		return n.Number && n.Text == v.String()
	case []any:
		if n.Kind != List || len(n.Items) != len(v) {
			return false
		}
		for i := range v {
			if !same(&n.Items[i], v[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		if n.Kind != Map || len(n.Members) != len(v) {
			return false
		}
		for k, x := range v {
			if m, ok := n.Get(k); !ok || !same(m, x) {
				return false
			}
		}
		return true
	}
	return false
}

// Any body of any kind is refused with a fault or gives something that ingest
// reads.
func FuzzForm(f *testing.F) {
	kinds := []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=B", "application/json", "text/plain"}
	c := contact
	c.Source.Guess = true
	c.Fields = append(append([]Field{}, contact.Fields...), Field{Name: "n", Type: Number}, Field{Name: "d", Type: Date}, Field{Name: "need", Type: Long, Max: 10_000}, Field{Name: "id", Identity: IdentityExternal})
	f.Add(0, []byte("email=a%40example.com&tags[]=1&tags[]=2&a[b][c]=3&n=۱۲٫۵"))
	f.Add(1, []byte("--B\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@example.com\r\n--B--\r\n"))
	f.Add(2, []byte(`{"email":"a@example.com","tags":["x"],"list":[{"name":"mobile","value":"0912"}],"_ms":5}`))
	f.Add(2, []byte(`[{"label":"email","type":"email","email":"a@example.com"}]`))
	f.Fuzz(func(t *testing.T, kind int, body []byte) {
		n, err := ParseBody(kinds[uint(kind)%4], "", body, true)
		var p *Post
		if err == nil {
			p, err = c.Check(n)
		}
		if err != nil {
			var fault *Fault
			if !errors.As(err, &fault) || fault.Status < 400 || fault.Status > 499 {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		a := activity.Activity{ID: "01", Type: activity.FormPosted, Who: p.Who, Properties: p.Properties, Profile: p.Profile, Consent: p.Consent}
		if _, err := activity.Decode(activity.Encode([]activity.Activity{a}), a.At); err != nil {
			t.Fatalf("taken here and parked there: %v", err)
		}
		if _, ours := p.Who.Lead(); ours {
			t.Fatal("a stranger names a lead by our id")
		}
	})
}
