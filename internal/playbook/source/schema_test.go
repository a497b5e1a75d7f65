package source_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sarnakh/sarnakh/internal/playbook/source"
)

var update = flag.Bool("update", false, "write docs/playbook.schema.json anew")

const schemaFile = "../../../docs/playbook.schema.json"

func TestThePublishedSchemaIsWhatTheReaderAsks(t *testing.T) {
	got, err := source.Schema(os.DirFS("../../../playbook"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/playbook.schema.json is another one: go test ./internal/playbook/source -run Schema -update writes it anew")
	}
}

func validator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := source.Schema(os.DirFS("../../../playbook"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("playbook.schema.json", tree); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("playbook.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	doc, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	if tree, err = jsonschema.UnmarshalJSON(bytes.NewReader(doc)); err != nil {
		t.Fatal(err)
	}
	return s.Validate(tree)
}

func TestEachFileOfTheExampleIsValidByTheSchema(t *testing.T) {
	s := validator(t)
	files, err := filepath.Glob("../../../playbook/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, s, text); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestTheSchemaRefusesWhatTheReaderRefuses(t *testing.T) {
	s := validator(t)
	for text, good := range map[string]bool{
		"signals: {a: {on: page.viewed, where: {path: {prefix: /x}}, points: 5, half_life: 3}}": true,
		"signals: [{name: a, on: [page.viewed], title: {fa: الف}}]":                             true,
		"signals: {a: {on: page.viewed, where: {any: [{path: /x}, {none: [{city: [a, b]}]}]}}}": true,
		"signals: {a: {on: page.viewed, half_live: 3}}":                                         false,
		"signals: {a: {on: page.viewed, points: many}}":                                         false,
		"signals: {a: {on: page.viewed, where: {path: {begins: /x}}}}":                          false,
		"score: {handover: {total: 50, lower: 40, days: 900}}":                                  false,
		"score: {handover: {total: 50, lowest: 40}}":                                            false,
		"score: {engagement: [-30, 80]}":                                                        true,
		"attributes: {role: {type: chioce}}":                                                    false,
		"nothing: {}":                                                                           false,
		"calendar: {mail: {open: [saturday, someday]}}":                                         false,
	} {
		if err := valid(t, s, []byte(text)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}
